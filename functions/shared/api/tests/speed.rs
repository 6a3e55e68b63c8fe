//! How long it takes to read a body, whatever is done with its points after:
//!
//! ```sh
//! cargo test --profile local -p tidemark-api --test speed -- --ignored --nocapture
//! ```
//!
//! It prints the median and the fastest of many readings. To compare two
//! versions, keep both programs and run them in turn.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should say where"
)]

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderValue};
use tidemark_api::body::{BodyLimits, read_measurements, read_points};

/// How long each body is read again and again.
const EACH: Duration = Duration::from_millis(1500);

/// Points of 20 series, as the benchmark of the whole service sends them.
fn points(count: usize) -> impl Iterator<Item = (String, usize, String)> {
    let each = count / 20;
    (0..count).map(move |n| {
        let (series, i) = (n / each, n % each);
        let value = 14_000 + (n * 7919) % 22_000;
        let value = format!("{}.{:03}", value / 1000, value % 1000);
        (format!("bench-s{series:02}"), 1_700_000_040 + i, value)
    })
}

fn json(count: usize) -> Vec<u8> {
    let mut body = String::new();
    for (name, t, v) in points(count) {
        body.push(if body.is_empty() { '[' } else { ',' });
        write!(body, r#"{{"name":"{name}","t":{t},"v":{v}}}"#).unwrap();
    }
    body.push(']');
    body.into_bytes()
}

/// Not in the order that is read the short way.
fn tagged(count: usize) -> Vec<u8> {
    let mut body = String::new();
    for (name, t, v) in points(count) {
        body.push(if body.is_empty() { '[' } else { ',' });
        write!(
            body,
            r#"{{"name":"{name}","t":{t},"v":{v},"tags":["night"]}}"#
        )
        .unwrap();
    }
    body.push(']');
    body.into_bytes()
}

fn ndjson(count: usize) -> Vec<u8> {
    points(count).fold(Vec::new(), |mut body, (name, t, v)| {
        writeln!(body, r#"{{"name":"{name}","t":{t},"v":{v}}}"#).unwrap();
        body
    })
}

fn csv(count: usize) -> Vec<u8> {
    points(count).fold(b"name,t,v\n".to_vec(), |mut body, (name, t, v)| {
        writeln!(body, "{name},{t},{v}").unwrap();
        body
    })
}

fn meter(count: usize) -> Vec<u8> {
    let mut body = String::new();
    for (name, t, v) in points(count) {
        body.push_str(if body.is_empty() { r#"{"data":["# } else { "," });
        write!(body, r#"{{"measurement":"energy","timestamp":"{t}","tags":{{"muid":"{name}","quality":"measured"}},"0100011D00FF":{v}}}"#).unwrap();
    }
    body.push_str("]}");
    body.into_bytes()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn headers(media: &'static str, packed: bool) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
    if packed {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    headers
}

fn measure(name: &str, count: usize, mut read: impl FnMut() -> usize) {
    let mut times = Vec::new();
    let begin = Instant::now();
    while begin.elapsed() < EACH {
        let start = Instant::now();
        assert_eq!(read(), count);
        times.push(start.elapsed());
    }
    times.sort_unstable();
    let micros = |time: Duration| time.as_nanos() as f64 / 1000.0;
    println!(
        "{name:>8} {count:>5} points: median {:>8.1} us, fastest {:>8.1} us, of {}",
        micros(times[times.len() / 2]),
        micros(times[0]),
        times.len()
    );
}

#[test]
#[ignore = "a measurement: to be run alone, optimised"]
fn reading_bodies() {
    const JSON: &str = "application/json";
    for count in [1000, 5000] {
        for (name, media, packed, body) in [
            ("json", JSON, false, json(count)),
            ("tagged", JSON, false, tagged(count)),
            ("ndjson", "application/x-ndjson", false, ndjson(count)),
            ("csv", "text/csv", false, csv(count)),
            ("gzip", JSON, true, gzip(&json(count))),
        ] {
            let headers = headers(media, packed);
            measure(name, count, || {
                let parsed = read_points(&headers, &body, BodyLimits::default());
                parsed.unwrap().accepted
            });
        }
        let (headers, body) = (headers(JSON, false), meter(count));
        measure("meter", count, || {
            let parsed = read_measurements(&headers, &body, BodyLimits::default());
            parsed.unwrap().accepted
        });
    }
}
