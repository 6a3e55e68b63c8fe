//! From headers and raw bytes to text: media type, charset, content coding.

use std::borrow::Cow;
use std::io::{ErrorKind, Read};

use flate2::read::MultiGzDecoder;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use mime::Mime;

use super::error::BodyError;
use super::scan;

/// The media types that points come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Media {
    Json,
    Ndjson,
    Csv,
}

/// What a route reads.
const POINTS: &str = "application/json, application/x-ndjson, text/csv";
const MEASUREMENTS: &str = "application/json";

impl Media {
    /// The media type of a body of points. Without a header it is JSON; what
    /// `curl -d` claims unasked, `application/x-www-form-urlencoded`, is refused.
    pub(super) fn of_points(headers: &HeaderMap) -> Result<Self, BodyError> {
        Self::of(headers, POINTS, |name| match name {
            "application/json" => Some(Self::Json),
            "application/x-ndjson" | "application/ndjson" => Some(Self::Ndjson),
            "text/csv" => Some(Self::Csv),
            _ => None,
        })
    }

    /// The media type of a body of measurements: JSON, or nothing is said.
    pub(super) fn of_measurements(headers: &HeaderMap) -> Result<Self, BodyError> {
        Self::of(headers, MEASUREMENTS, |name| {
            (name == "application/json").then_some(Self::Json)
        })
    }

    fn of(
        headers: &HeaderMap,
        accepted: &'static str,
        known: impl Fn(&str) -> Option<Self>,
    ) -> Result<Self, BodyError> {
        let Some(header) = headers.get(CONTENT_TYPE) else {
            return Ok(Self::Json);
        };
        let text = String::from_utf8_lossy(header.as_bytes());
        let unsupported = |found: &str| BodyError::UnsupportedType {
            found: echo(found),
            accepted,
        };
        let mime: Mime = text.parse().map_err(|_| unsupported(&text))?;
        let media = known(mime.essence_str()).ok_or_else(|| unsupported(mime.essence_str()))?;
        match mime.get_param(mime::CHARSET) {
            Some(charset) if charset != mime::UTF_8 => {
                Err(unsupported(&format!("the charset {charset}")))
            }
            _ => Ok(media),
        }
    }
}

/// A header's value as far as it is repeated to the client.
fn echo(text: &str) -> String {
    if text.is_empty() {
        return "an empty value".to_owned();
    }
    text.chars().take(100).collect()
}

/// The body as its headers say it is to be unpacked, of at most `limit` bytes.
pub(super) fn unpack<'a>(
    headers: &HeaderMap,
    body: &'a [u8],
    limit: usize,
) -> Result<Cow<'a, [u8]>, BodyError> {
    if is_gzip(headers)? {
        return gunzip(body, limit).map(Cow::Owned);
    }
    if body.len() > limit {
        return Err(BodyError::TooLarge {
            limit,
            unpacked: false,
        });
    }
    Ok(Cow::Borrowed(body))
}

fn is_gzip(headers: &HeaderMap) -> Result<bool, BodyError> {
    let mut gzip = false;
    for header in headers.get_all(CONTENT_ENCODING) {
        let text = String::from_utf8_lossy(header.as_bytes());
        for coding in text.split(',').map(str::trim) {
            let is = |name: &str| coding.eq_ignore_ascii_case(name);
            if coding.is_empty() || is("identity") {
                continue;
            }
            // Packed twice is as good as never meant.
            if gzip || !(is("gzip") || is("x-gzip")) {
                return Err(BodyError::UnsupportedEncoding { found: echo(&text) });
            }
            gzip = true;
        }
    }
    Ok(gzip)
}

/// The most that one byte of DEFLATE data can unpack to.
const DEFLATE_RATIO: usize = 1032;

fn gunzip(packed: &[u8], limit: usize) -> Result<Vec<u8>, BodyError> {
    // The trailer tells the length. It may lie, but not beyond what the bytes
    // can hold, nor does it set the limit.
    let told = packed
        .last_chunk()
        .map_or(0, |last| u32::from_le_bytes(*last) as usize);
    let likely = told
        .min(packed.len().saturating_mul(DEFLATE_RATIO))
        .min(limit);
    let mut unpacked = Vec::with_capacity(likely.saturating_add(1));
    // One byte more than the limit tells whether there is more.
    let most = (limit as u64).saturating_add(1);
    MultiGzDecoder::new(packed)
        .take(most)
        .read_to_end(&mut unpacked)
        .map_err(|error| BodyError::Gzip {
            detail: if error.kind() == ErrorKind::UnexpectedEof {
                "it ends too early"
            } else {
                "it is corrupt"
            },
        })?;
    if unpacked.len() > limit {
        return Err(BodyError::TooLarge {
            limit,
            unpacked: true,
        });
    }
    Ok(unpacked)
}

/// The bytes as text.
pub(super) fn text(bytes: &[u8]) -> Result<&str, BodyError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let (line, column) = scan::position(bytes, error.valid_up_to() + 1);
        BodyError::Utf8 { line, column }
    })
}
