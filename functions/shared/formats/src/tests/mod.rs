//! What is said of each format; and what holds for any of them, however a text
//! is cut.

mod bad_input;
mod csv;
mod cuts;
mod good_input;
mod limits;
mod meter;
mod properties;
mod records;

use tidemark_core::batch::SeriesPoints;

use crate::{Collector, Parsed, ReadError, Reader, Syntax};

const JSON: Syntax = Syntax::Json;
const NDJSON: Syntax = Syntax::Ndjson;
const CSV: Syntax = Syntax::Csv;
const SYNTAXES: [Syntax; 3] = [JSON, NDJSON, CSV];

/// More than any test needs.
const MEMORY: usize = 256 << 20;

/// Reads all there is at once.
fn read(reader: Reader, bytes: &[u8], memory: usize) -> Result<Parsed, ReadError> {
    let mut collector = Collector::new(memory);
    reader.finish(bytes, &mut collector)?;
    Ok(collector.take())
}

fn points(syntax: Syntax, body: impl AsRef<[u8]>) -> Result<Parsed, ReadError> {
    read(Reader::points(syntax), body.as_ref(), MEMORY)
}

fn meters(body: impl AsRef<[u8]>) -> Result<Parsed, ReadError> {
    read(Reader::measurements(), body.as_ref(), MEMORY)
}

/// The errors as they are listed: pointer, reason, detail.
fn errors(parsed: &Parsed) -> Vec<(&str, &str, &str)> {
    parsed
        .errors
        .iter()
        .map(|e| (&*e.pointer, e.reason.as_str(), e.detail.as_str()))
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
        Err(ReadError::Syntax {
            line,
            column,
            detail,
        }) => (line, column, detail),
        other => panic!("no syntax error: {other:?}"),
    }
}
