//! From the body of a request to points: what its headers say of it decides how
//! it is unpacked and read; [`tidemark_formats`] does the reading. What is packed
//! is read as it is unpacked, and never stands in memory whole.
//!
//! Where the contract leaves a choice: without `Content-Type` a body is JSON.
//! `application/x-www-form-urlencoded`, which `curl -d` sends unasked, is not
//! read. `application/ndjson` is as good as `application/x-ndjson`, and `utf8` as
//! `utf-8`. Of two headers `Content-Type` nobody knows which counts: 415.

mod decode;
mod error;
mod media_type;
#[cfg(test)]
mod tests;

use http::HeaderMap;
use tidemark_formats::{Collector, Parsed, Reader};

pub use error::{BodyError, BodyErrorKind};

/// What a body may take, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyLimits {
    /// Its text, once unpacked.
    pub unpacked: usize,
    /// The memory of what is made of it ([`Collector::new`]).
    pub memory: usize,
}

impl Default for BodyLimits {
    fn default() -> Self {
        Self {
            unpacked: 64 << 20,
            memory: 256 << 20,
        }
    }
}

/// Reads the body of `POST /api`: points as JSON, NDJSON or CSV.
pub fn read_points(
    headers: &HeaderMap,
    body: &[u8],
    limits: BodyLimits,
) -> Result<Parsed, BodyError> {
    let syntax = decode::syntax_of_points(headers)?;
    read(headers, body, Reader::points(syntax), limits)
}

/// Reads the body of `POST /meterdata/measurement`: rows of meters as JSON.
pub fn read_measurements(
    headers: &HeaderMap,
    body: &[u8],
    limits: BodyLimits,
) -> Result<Parsed, BodyError> {
    decode::check_measurements(headers)?;
    read(headers, body, Reader::measurements(), limits)
}

fn read(
    headers: &HeaderMap,
    body: &[u8],
    mut reader: Reader,
    limits: BodyLimits,
) -> Result<Parsed, BodyError> {
    let mut collector = Collector::new(limits.memory);
    if decode::is_gzip(headers)? {
        decode::gunzip(body, limits.unpacked, |piece| {
            Ok(reader.feed(piece, &mut collector)?)
        })?;
        reader.finish(b"", &mut collector)?;
    } else if body.len() > limits.unpacked {
        return Err(BodyError::TooLarge {
            limit: limits.unpacked,
            unpacked: false,
        });
    } else {
        reader.finish(body, &mut collector)?;
    }
    Ok(collector.take())
}
