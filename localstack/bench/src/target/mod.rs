//! What is measured: each system's way to be started, written to and asked.

mod influx;
mod tidemark;
mod victoria;

use std::path::Path;
use std::process::Command;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

pub(crate) use influx::Influx;
pub(crate) use tidemark::Tidemark;
pub(crate) use victoria::Victoria;

use crate::query::{Answer, Query};
use crate::workload::{self, Slice, Workload};

/// A system that takes points and answers queries over HTTP.
pub(crate) trait Target: Sync {
    /// Its name in the table.
    fn name(&self) -> &'static str;

    /// How to start it on loopback, with its data in `dir`; `None` if it runs
    /// already.
    fn command(&self, dir: &Path, port: u16) -> Option<Command>;

    /// The path that answers 2xx when it is ready.
    fn health(&self) -> &'static str;

    /// What has to be posted, with an empty body, before the first point.
    fn preparation(&self) -> Option<&'static str> {
        None
    }

    /// Where points are posted.
    fn ingest_path(&self) -> &'static str;

    /// The media type of [`Target::body`].
    fn content_type(&self) -> &'static str;

    /// The request body that holds these points.
    fn body(&self, workload: &Workload, slice: Slice) -> Vec<u8>;

    /// Whether the answer says that all of `points` points are stored.
    fn took(&self, status: StatusCode, answer: &[u8], points: usize) -> bool;

    /// Path and query of a query.
    fn path(&self, workload: &Workload, query: &Query) -> String;

    /// Path and query of the next page of the answer, if there is one.
    fn next_page(&self, headers: &HeaderMap) -> Option<String> {
        let _ = headers;
        None
    }

    /// Reads an answer, page by page; `None` if it is not of the expected form.
    fn answer(&self, query: &Query, pages: &[Bytes]) -> Option<Answer>;
}

/// Points in the line protocol of InfluxDB, with times in seconds.
fn line_protocol(workload: &Workload, slice: Slice) -> Vec<u8> {
    let mut body = Vec::with_capacity(slice.points() * 48);
    for (series, i) in slice.iter() {
        body.extend(b"bench,name=");
        body.extend(workload.names[series].bytes());
        body.extend(b" v=");
        workload::push_value(&mut body, series, workload::thousandths(series, i));
        body.push(b' ');
        body.extend(itoa::Buffer::new().format(workload::time(i)).bytes());
        body.push(b'\n');
    }
    body
}

/// `text` with everything encoded but what is certain to need no encoding.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.extend(['%', hex(byte >> 4), hex(byte & 15)]);
        }
    }
    encoded
}

fn hex(digit: u8) -> char {
    char::from(b"0123456789ABCDEF"[usize::from(digit)])
}

/// A number, or a string that holds one.
fn number(value: &Value) -> Option<f64> {
    value
        .as_f64()
        .or_else(|| value.as_str().and_then(|s| s.parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_hold_the_points() {
        let workload = Workload::new("bench", 100_000);
        let body = String::from_utf8(line_protocol(&workload, Slice::of_request(1, 1000))).unwrap();
        let lines: Vec<_> = body.lines().collect();
        assert_eq!(lines.len(), 1000);
        let value = workload::thousandths(21, 1) as f64 / 1000.0;
        assert_eq!(
            lines[51],
            format!("bench,name=bench-s21 v={value:.3} 1700000041")
        );
    }

    #[test]
    fn queries_are_encoded() {
        assert_eq!(percent_encoded("a{b=\"c\"}"), "a%7Bb%3D%22c%22%7D");
    }
}
