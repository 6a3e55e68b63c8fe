//! From the body of a request to points: what its headers say of it decides how
//! it is unpacked and read; [`tidemark_formats`] does the reading. What is packed
//! is read as it is unpacked, and never stands in memory whole.
//!
//! Where the contract leaves a choice: without `Content-Type` a body is JSON.
//! `application/x-www-form-urlencoded`, which `curl -d` sends unasked, is not
//! read. `application/ndjson` is as good as `application/x-ndjson`, and `utf8` as
//! `utf-8`. Of two headers `Content-Type` nobody knows which counts: 415.
//!
//! `application/gzip` is the same as a content coding of gzip. What is inside is
//! told by the parameter `type`, or found out by how it begins.

mod decode;
mod error;
mod media_type;
#[cfg(test)]
mod tests;
mod text;

use http::HeaderMap;
use tidemark_core::about::AboutChange;
use tidemark_formats::{Collector, Fault, MAX_ITEM, Parsed, Reader};

use text::Text;

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
    let declared = decode::points(headers)?;
    let text = declared
        .syntax
        .map_or_else(Text::default, |syntax| Text::Known(Reader::points(syntax)));
    read(body, declared.is_packed, text, limits)
}

/// Reads the body of `POST /meterdata/measurement`: rows of meters as JSON.
pub fn read_measurements(
    headers: &HeaderMap,
    body: &[u8],
    limits: BodyLimits,
) -> Result<Parsed, BodyError> {
    let is_packed = decode::json(headers)?;
    read(body, is_packed, Text::Known(Reader::measurements()), limits)
}

/// Reads the body of `PUT /api/{name}/about`: an object of JSON, of at most
/// [`MAX_ITEM`] bytes once unpacked. The inner error is what is wrong with its
/// fields.
pub fn read_about(
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Result<AboutChange, Vec<Fault>>, BodyError> {
    if decode::json(headers)? {
        let mut unpacked = Vec::new();
        decode::gunzip(body, MAX_ITEM, |piece| {
            unpacked.extend_from_slice(piece);
            Ok(())
        })?;
        return Ok(tidemark_formats::read_about(&unpacked)?);
    }
    if body.len() > MAX_ITEM {
        return Err(BodyError::TooLarge {
            limit: MAX_ITEM,
            unpacked: false,
        });
    }
    Ok(tidemark_formats::read_about(body)?)
}

fn read(
    body: &[u8],
    is_packed: bool,
    mut text: Text,
    limits: BodyLimits,
) -> Result<Parsed, BodyError> {
    let mut collector = Collector::new(limits.memory);
    if is_packed {
        decode::gunzip(body, limits.unpacked, |piece| {
            Ok(text.feed(piece, &mut collector)?)
        })?;
        text.finish(b"", &mut collector)?;
    } else if body.len() > limits.unpacked {
        return Err(BodyError::TooLarge {
            limit: limits.unpacked,
            unpacked: false,
        });
    } else {
        text.finish(body, &mut collector)?;
    }
    Ok(collector.take())
}
