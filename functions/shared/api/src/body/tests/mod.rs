//! What is said of bodies, tested by media type; and what holds for any of them.

mod bad_input;
mod csv;
mod decode;
mod good_input;
mod limits;
mod meter;
mod properties;

use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderValue};
use tidemark_core::batch::SeriesPoints;

use super::{BodyError, Limits, Parsed, read_measurements, read_points};

const JSON: &str = "application/json";
const NDJSON: &str = "application/x-ndjson";
const CSV: &str = "text/csv";

fn headers(media: &'static str) -> HeaderMap {
    HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(media))])
}

fn gzip_headers() -> HeaderMap {
    let mut headers = headers(JSON);
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    headers
}

fn points(media: &'static str, body: impl AsRef<[u8]>) -> Result<Parsed, BodyError> {
    read_points(&headers(media), body.as_ref(), Limits::default())
}

fn meters(body: impl AsRef<[u8]>) -> Result<Parsed, BodyError> {
    read_measurements(&headers(JSON), body.as_ref(), Limits::default())
}

/// The errors as they are listed: pointer, reason, detail.
fn errors(parsed: &Parsed) -> Vec<(&str, &str, &str)> {
    parsed
        .errors
        .iter()
        .map(|e| (e.pointer.as_str(), e.reason.as_str(), e.detail.as_str()))
        .collect()
}

/// The good points, one a row, in the order of the body.
fn rows(series: &[SeriesPoints]) -> Vec<(u32, String, i64, f64, Vec<String>)> {
    let mut rows: Vec<_> = series
        .iter()
        .flat_map(|s| {
            (0..s.len()).map(|at| {
                let tags = s.tags_at(at).iter().map(str::to_owned).collect();
                let (time, value) = (s.times[at].nanos(), s.values[at].get());
                (s.index[at], s.name.to_string(), time, value, tags)
            })
        })
        .collect();
    rows.sort_by_key(|row| row.0);
    rows
}

fn syntax(body: impl AsRef<[u8]>) -> (usize, usize, String) {
    match points(JSON, body) {
        Err(BodyError::Syntax {
            line,
            column,
            detail,
        }) => (line, column, detail),
        other => panic!("no syntax error: {other:?}"),
    }
}
