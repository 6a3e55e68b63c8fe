//! What headers say of a body: media type, charset, content coding.

use std::io::{ErrorKind, Read};

use flate2::read::MultiGzDecoder;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use tidemark_formats::Syntax;

use super::error::BodyError;
use super::media_type::MediaType;

/// What a route reads.
const POINTS: &str = "application/json, application/x-ndjson, text/csv, application/gzip";
const JSON: &str = "application/json, application/gzip";

/// What headers say of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Declared {
    /// The syntax of its text; None where that is to be found out.
    pub(super) syntax: Option<Syntax>,
    /// Whether it is gzip.
    pub(super) is_packed: bool,
}

/// What a body of points is. Without a header it is JSON; what `curl -d` claims
/// unasked, `application/x-www-form-urlencoded`, is refused.
pub(super) fn points(headers: &HeaderMap) -> Result<Declared, BodyError> {
    declared(headers, POINTS, |name| match name {
        "application/json" => Some(Syntax::Json),
        "application/x-ndjson" | "application/ndjson" => Some(Syntax::Ndjson),
        "text/csv" => Some(Syntax::Csv),
        _ => None,
    })
}

/// Whether a body that is JSON, and nothing else, is gzip.
pub(super) fn json(headers: &HeaderMap) -> Result<bool, BodyError> {
    let declared = declared(headers, JSON, |name| {
        (name == "application/json").then_some(Syntax::Json)
    })?;
    Ok(declared.is_packed)
}

fn declared(
    headers: &HeaderMap,
    accepted: &'static str,
    known: impl Fn(&str) -> Option<Syntax>,
) -> Result<Declared, BodyError> {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let header = match (values.next(), values.next()) {
        (None, _) => {
            return Ok(Declared {
                syntax: Some(Syntax::Json),
                is_packed: is_gzip(headers)?,
            });
        }
        (Some(header), None) => header,
        (Some(_), Some(_)) => return Err(BodyError::RepeatedType),
    };
    let text = String::from_utf8_lossy(header.as_bytes());
    let unsupported = |found: &str| BodyError::UnsupportedType {
        found: echo(found),
        accepted,
    };
    let parse = |text: &str| {
        let media = MediaType::parse(text).ok_or_else(|| unsupported(text))?;
        match media.charset.as_deref() {
            None | Some("utf-8" | "utf8") => Ok(media),
            Some(charset) => Err(unsupported(&format!("the charset {charset}"))),
        }
    };
    let syntax = |essence: &str| known(essence).ok_or_else(|| unsupported(essence));
    let media = parse(&text)?;
    if !GZIP.contains(&media.essence.as_str()) {
        return Ok(Declared {
            syntax: Some(syntax(&media.essence)?),
            is_packed: is_gzip(headers)?,
        });
    }
    let inner = media.inner.map(|inner| syntax(&parse(&inner)?.essence));
    let syntax = inner.transpose()?;
    // Packed twice is as good as never meant.
    if is_gzip(headers)? {
        return Err(BodyError::PackedTwice);
    }
    Ok(Declared {
        syntax,
        is_packed: true,
    })
}

/// Gzip as a media type (RFC 6713), which a gateway takes for binary, whatever it
/// makes of text that has a content coding.
const GZIP: [&str; 2] = ["application/gzip", "application/x-gzip"];

/// A header's value as far as it is repeated to the client.
fn echo(text: &str) -> String {
    if text.is_empty() {
        return "an empty value".to_owned();
    }
    text.chars().take(100).collect()
}

/// Whether the body has gzip as its content coding.
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

/// How much is unpacked at once, in bytes.
const PIECE: usize = 64 << 10;

/// Unpacks a body of at most `limit` bytes, and calls `each` with one piece of
/// it after the other.
pub(super) fn gunzip(
    packed: &[u8],
    limit: usize,
    mut each: impl FnMut(&[u8]) -> Result<(), BodyError>,
) -> Result<(), BodyError> {
    let mut decoder = MultiGzDecoder::new(packed);
    let mut piece = vec![0; PIECE];
    let mut room = limit;
    loop {
        let length = match decoder.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => {
                return Err(BodyError::Gzip {
                    detail: if error.kind() == ErrorKind::UnexpectedEof {
                        "it ends too early"
                    } else {
                        "it is corrupt"
                    },
                });
            }
        };
        room = room.checked_sub(length).ok_or(BodyError::TooLarge {
            limit,
            unpacked: true,
        })?;
        each(&piece[..length])?;
    }
}
