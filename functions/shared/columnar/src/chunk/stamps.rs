//! Which write each point came from: the batches, and by point the batch and
//! the index in it. What a reader needs when something was deleted, the times
//! of receipt, comes first, so that it can stop there.

use tidemark_core::batch::BatchId;
use tidemark_core::time::Timestamp;

use super::ChunkError;
use super::ints::{self, Forms, position};
use super::wire::{Reader, put_varint};
use crate::columns::{BatchStamp, Columns};

/// Times of receipt by batch, and the batch by point.
pub(super) struct Receipts {
    received: Vec<i64>,
    batch: Vec<u32>,
}

impl Receipts {
    pub(super) fn by_point(&self) -> Vec<Timestamp> {
        self.batch
            .iter()
            .map(|&b| Timestamp::from_nanos(self.received[b as usize]))
            .collect()
    }
}

/// The columns of [`Columns`] that are read here.
pub(super) struct Stamps {
    pub(super) batches: Vec<BatchStamp>,
    pub(super) batch: Vec<u32>,
    pub(super) index: Vec<u32>,
}

pub(super) fn put(columns: &Columns, out: &mut Vec<u8>) {
    let batches = columns.batches();
    put_varint(batches.len() as u64, out);
    put_all(batches.iter().map(|b| b.received.nanos()), out);
    put_all(columns.batch_ordinals().iter().map(|&b| b.into()), out);
    let mut incarnations: Vec<u64> = batches.iter().map(|b| b.id.incarnation()).collect();
    incarnations.sort_unstable();
    incarnations.dedup();
    put_varint(incarnations.len() as u64, out);
    for incarnation in &incarnations {
        out.extend_from_slice(&incarnation.to_le_bytes());
    }
    let ordinal = |b: &BatchStamp| incarnations.partition_point(|&i| i < b.id.incarnation());
    put_all(batches.iter().map(|b| position(ordinal(b))), out);
    put_all(batches.iter().map(|b| b.id.sequence().cast_signed()), out);
    put_all(columns.indexes().iter().map(|&i| i.into()), out);
}

fn put_all(numbers: impl Iterator<Item = i64>, out: &mut Vec<u8>) {
    let numbers: Vec<i64> = numbers.collect();
    ints::put(&numbers, Forms::ALL, out);
}

/// Reads when `n` points were received, and leaves the rest.
pub(super) fn read_receipts(reader: &mut Reader, n: usize) -> Result<Receipts, ChunkError> {
    let count = reader.count(n)?;
    let received = ints::read(reader, count)?;
    let batch = read_ordinals(reader, n, count)?;
    Ok(Receipts { received, batch })
}

/// Reads the stamps of `n` points.
pub(super) fn read(reader: &mut Reader, n: usize) -> Result<Stamps, ChunkError> {
    let Receipts { received, batch } = read_receipts(reader, n)?;
    let count = reader.count(received.len())?;
    let incarnations = (0..count)
        .map(|_| reader.array().map(u64::from_le_bytes))
        .collect::<Result<Vec<u64>, _>>()?;
    let of_batch = read_ordinals(reader, received.len(), count)?;
    let sequences = ints::read(reader, received.len())?;
    let batches = received
        .into_iter()
        .zip(of_batch)
        .zip(sequences)
        .map(|((received, incarnation), sequence)| BatchStamp {
            received: Timestamp::from_nanos(received),
            id: BatchId::new(incarnations[incarnation as usize], sequence.cast_unsigned()),
        })
        .collect();
    let index = read_u32(reader, n, u32::MAX)?;
    Ok(Stamps {
        batches,
        batch,
        index,
    })
}

/// Reads `n` positions in a list of `count`.
pub(super) fn read_ordinals(
    reader: &mut Reader,
    n: usize,
    count: usize,
) -> Result<Vec<u32>, ChunkError> {
    match u32::try_from(count).ok().and_then(|c| c.checked_sub(1)) {
        Some(last) => read_u32(reader, n, last),
        None if n == 0 => Ok(Vec::new()),
        None => Err(ChunkError::Malformed("a position in an empty list")),
    }
}

fn read_u32(reader: &mut Reader, n: usize, largest: u32) -> Result<Vec<u32>, ChunkError> {
    ints::read(reader, n)?
        .into_iter()
        .map(|number| u32::try_from(number).ok().filter(|&n| n <= largest))
        .collect::<Option<_>>()
        .ok_or(ChunkError::Malformed(
            "a position beyond the end of its list",
        ))
}
