//! Chunks: some thousand points of one series in one run of bytes, as they are
//! kept in a row of the embedded store and in an item of DynamoDB. What is
//! read is what was written, bit for bit. Sections that a question does not
//! need are not decoded.
//!
//! # Bytes
//!
//! A *varint* is an unsigned number of 64 bits in LEB128; a *signed* one has
//! its sign folded into the lowest bit (zigzag) first. Everything else of more
//! than one byte has its lowest byte first.
//!
//! | bytes | what |
//! |---|---|
//! | 1 | version of this layout: 1 |
//! | 4 | CRC-32 (IEEE) of all that follows |
//! | varint | `n`, the number of points, at most [`MAX_POINTS`] |
//! | 3 varints | lengths of the next three sections in bytes |
//! | times | integers: nanoseconds since 1970 |
//! | values | see below |
//! | stamps | see below |
//! | tags | nothing if no point has any; see below |
//!
//! **Integers.** A column of no integers takes no bytes. Any other begins with
//! its form. All arithmetic is modulo 2^64.
//!
//! | form | then |
//! |---|---|
//! | 0 constant | signed: the number |
//! | 1 linear | signed: first; signed: step |
//! | 2 runs | signed: step; varint: `r`; integers: first of each of `r + 1` runs; integers: lengths of all but the last run. Within a run each number is the one before and the step. Neither column is in form 2 |
//! | 3 to 7 | signed: base; varint: unit; then each number as `q` in base + unit * q: |
//! | 3 packed | 1 byte: width; each `q` in so many bits, lowest bit first, padded to a byte |
//! | 4 packed deltas | varint: the first `q`; signed: least delta; 1 byte: width; packed likewise, each delta of neighbours less the least delta |
//! | 5, 6, 7 | each `q` as an integer of 16, 32, 64 bits: a chunk of one page of pco's format 4.1 without its header |
//!
//! **Values.** The first byte is the form.
//!
//! | form | then |
//! |---|---|
//! | 0 to 18 | the number of decimal places; varint: number of exceptions; integers: their positions, ascending; 8 bytes each: the bits of their values; integers: `k` by point, the value being k / 10^places in double precision |
//! | 0x40 | integers: the bits of single-precision floats; of negative ones all but the sign inverted |
//! | 0x41 | integers: the bits of double-precision floats |
//! | 0x42 | double-precision floats: pco, likewise |
//!
//! **Stamps.** varint: number of batches `m`; integers: when each was received;
//! integers by point: which batch; varint: number of incarnations; 8 bytes
//! each: the incarnations (upper halves of the batch ids); integers by batch:
//! which incarnation; integers by batch: the sequence (lower half of its id);
//! integers by point: the index in the batch.
//!
//! **Tags.** varint: number of distinct sets; each a varint, the number of tags,
//! and by tag a varint, its length, and the text; integers by point: which set.
//!
//! Positions in lists count from 0.

use tidemark_core::point::{Tags, Value};
use tidemark_core::time::Timestamp;

use self::ints::Forms;
use self::wire::{Reader, put_varint};
use crate::columns::{Columns, Parts, Samples};

mod entropy;
mod frame;
mod ints;
mod packed;
mod stamps;
mod tags;
#[cfg(test)]
mod tests;
mod values;
mod wire;

/// How many points a full chunk has. Fewer cost more bytes a point, more make
/// the edges of a range dearer to read.
pub const TARGET_POINTS: usize = 4096;

/// How many points a chunk has at most, so that a few wrong bytes cannot ask
/// for a lot of memory.
pub const MAX_POINTS: usize = 1 << 16;

/// The layout written by this version; no other is read.
const VERSION: u8 = 1;

/// Why bytes are not a chunk, or columns do not become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChunkError {
    /// The bytes begin with a version that is unknown here.
    #[error("a chunk of version {0}; only version {VERSION} is known")]
    Version(u8),
    /// The bytes are not those that were written.
    #[error("the chunk is damaged: its checksum does not fit")]
    Checksum,
    /// The bytes are no chunk, though their checksum fits.
    #[error("not a chunk: {0}")]
    Malformed(&'static str),
    /// More than [`MAX_POINTS`] points.
    #[error("a chunk has at most {MAX_POINTS} points, not {0}")]
    TooManyPoints(usize),
}

/// Writes a chunk. Any columns can be written; sorted ones are short.
pub fn encode(columns: &Columns) -> Result<Vec<u8>, ChunkError> {
    let n = columns.len();
    if n > MAX_POINTS {
        return Err(ChunkError::TooManyPoints(n));
    }
    let mut sections = Vec::with_capacity(64 + 2 * n);
    let nanos: Vec<i64> = columns.times().iter().map(|t| t.nanos()).collect();
    ints::put(&nanos, Forms::ALL, &mut sections);
    let times = sections.len();
    values::put(columns.values(), &mut sections);
    let values = sections.len() - times;
    stamps::put(columns, &mut sections);
    let stamps = sections.len() - values - times;
    tags::put(columns.tags(), &mut sections);

    let mut chunk = Vec::with_capacity(sections.len() + 32);
    chunk.extend_from_slice(&[VERSION, 0, 0, 0, 0]);
    for number in [n, times, values, stamps] {
        put_varint(number as u64, &mut chunk);
    }
    chunk.extend_from_slice(&sections);
    let checksum = crc32fast::hash(&chunk[5..]);
    chunk[1..5].copy_from_slice(&checksum.to_le_bytes());
    Ok(chunk)
}

/// Reads all of a chunk.
pub fn decode(bytes: &[u8]) -> Result<Columns, ChunkError> {
    Chunk::open(bytes)?.columns()
}

/// A chunk whose checksum fits, none of which is decoded yet.
#[derive(Debug, Clone, Copy)]
pub struct Chunk<'a> {
    len: usize,
    times: Reader<'a>,
    values: Reader<'a>,
    stamps: Reader<'a>,
    tags: Reader<'a>,
}

impl<'a> Chunk<'a> {
    /// Checks version and checksum.
    pub fn open(bytes: &'a [u8]) -> Result<Self, ChunkError> {
        let mut reader = Reader(bytes);
        let version = reader.byte()?;
        if version != VERSION {
            return Err(ChunkError::Version(version));
        }
        if u32::from_le_bytes(reader.array()?) != crc32fast::hash(reader.0) {
            return Err(ChunkError::Checksum);
        }
        let len = reader.count(MAX_POINTS)?;
        let [times, values, stamps] = [
            reader.count(bytes.len())?,
            reader.count(bytes.len())?,
            reader.count(bytes.len())?,
        ];
        Ok(Self {
            len,
            times: Reader(reader.bytes(times)?),
            values: Reader(reader.bytes(values)?),
            stamps: Reader(reader.bytes(stamps)?),
            tags: reader,
        })
    }

    /// How many points.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether some point has tags.
    pub const fn has_tags(&self) -> bool {
        !self.tags.0.is_empty()
    }

    /// The times, one a point.
    pub fn times(&self) -> Result<Vec<Timestamp>, ChunkError> {
        let mut reader = self.times;
        let nanos = ints::read(&mut reader, self.len)?;
        reader.end()?;
        Ok(nanos.into_iter().map(Timestamp::from_nanos).collect())
    }

    /// The values, one a point.
    pub fn values(&self) -> Result<Vec<Value>, ChunkError> {
        let mut reader = self.values;
        let values = values::read(&mut reader, self.len)?;
        reader.end()?;
        Ok(values)
    }

    /// Times and values.
    pub fn samples(&self) -> Result<Samples, ChunkError> {
        Ok(Samples {
            times: self.times()?,
            values: self.values()?,
        })
    }

    /// The tags by point; empty if no point has any.
    pub fn tags(&self) -> Result<Vec<Tags>, ChunkError> {
        let mut reader = self.tags;
        let tags = tags::read(&mut reader, self.len)?;
        reader.end()?;
        Ok(tags)
    }

    /// By point, when it was received.
    pub fn received(&self) -> Result<Vec<Timestamp>, ChunkError> {
        let mut reader = self.stamps;
        Ok(stamps::read_receipts(&mut reader, self.len)?.by_point())
    }

    /// All of it.
    pub fn columns(&self) -> Result<Columns, ChunkError> {
        let mut reader = self.stamps;
        let stamps = stamps::read(&mut reader, self.len)?;
        reader.end()?;
        Ok(Columns::from_parts(Parts {
            batches: stamps.batches,
            samples: self.samples()?,
            batch: stamps.batch,
            index: stamps.index,
            tags: self.tags()?,
        }))
    }
}
