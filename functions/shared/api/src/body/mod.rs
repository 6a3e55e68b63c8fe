//! From the body of a request to points. A body is read in three steps:
//!
//! 1. headers and bytes become text (gzip, UTF-8; what is neither is refused);
//! 2. the text is cut into items: the elements of a JSON array, the lines of
//!    NDJSON, the rows of a CSV. Broken syntax refuses the body as a whole;
//! 3. each item is read on its own. A wrong one becomes a reject with all that is
//!    wrong with it; the others stay.
//!
//! Where the contract leaves a choice:
//!
//! - Without `Content-Type` a body is JSON. `application/x-www-form-urlencoded`,
//!   which `curl -d` sends unasked, is not read. `application/ndjson` is as good
//!   as `application/x-ndjson`.
//! - Pointers begin with the element counted from 0 in JSON (`/3/v`, or
//!   `/data/3/<OBIS>`), as RFC 6901 wants it; in NDJSON and CSV with the line
//!   counted from 1 (the CSV's header is line 1), as editors show it.
//! - A line of NDJSON that is no JSON value refuses the body, as in an array. A
//!   row of CSV cannot break the syntax: it is rejected alone.
//! - A number in CSV may be written in any way that Rust reads (`+1`, `.5`); `NaN`
//!   and `inf` are `not_finite`. In JSON they are broken syntax.
//! - In measurements the parts of a series' name before the OBIS code hold no `:`,
//!   a null is no value, and what is wrong with a row as a whole rejects each of
//!   its points (listed once).

mod collect;
mod csv;
mod decode;
mod error;
mod field;
mod meter;
mod plain;
mod point;
mod scan;
#[cfg(test)]
mod tests;

use http::HeaderMap;
use tidemark_core::batch::{Reject, SeriesPoints};
use tidemark_core::discard::Format;
use tidemark_core::name::SeriesName;
use tidemark_core::point::{Tags, Value};
use tidemark_core::time::Timestamp;

pub use error::{BodyError, BodyErrorKind};

use crate::problem::{ItemError, Problem};
use collect::{Collector, Draft};
use decode::Media;
use error::Fault;

/// The most item errors that an answer lists.
pub const MAX_LISTED: usize = Problem::MAX_ERRORS;

/// What a body may take, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Its text, once unpacked.
    pub unpacked: usize,
    /// The memory of what is made of it, by a rough count. Wrong points and
    /// points of ever new series take up to some ten times their text.
    pub memory: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            unpacked: 64 << 20,
            memory: 256 << 20,
        }
    }
}

/// What a body holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Parsed {
    /// The good points by series, the series in the order of their first points.
    /// A point's index counts the body's points from 0, wrong ones included.
    pub series: Vec<SeriesPoints>,
    /// The wrong points, in order.
    pub rejects: Vec<Reject>,
    /// What is wrong with them, in order; the first [`MAX_LISTED`].
    pub errors: Vec<ItemError>,
    /// How many points are good.
    pub accepted: usize,
    /// How many points are wrong.
    pub rejected: usize,
}

/// Reads the body of `POST /api`: points as JSON, NDJSON or CSV.
pub fn read_points(headers: &HeaderMap, body: &[u8], limits: Limits) -> Result<Parsed, BodyError> {
    let media = Media::of_points(headers)?;
    let bytes = decode::unpack(headers, body, limits.unpacked)?;
    let text = decode::text(&bytes)?;
    let mut collector = Collector::new(limits.memory);
    match media {
        Media::Json => point::array(text, &mut collector)?,
        Media::Ndjson => point::lines(text, &mut collector)?,
        Media::Csv => csv::rows(text, &mut collector)?,
    }
    collector.finish()
}

/// Reads the body of `POST /meterdata/measurement`: rows of meters as JSON.
pub fn read_measurements(
    headers: &HeaderMap,
    body: &[u8],
    limits: Limits,
) -> Result<Parsed, BodyError> {
    Media::of_measurements(headers)?;
    let bytes = decode::unpack(headers, body, limits.unpacked)?;
    let text = decode::text(&bytes)?;
    let mut collector = Collector::new(limits.memory);
    meter::rows(text, &mut collector)?;
    collector.finish()
}

/// A point that was read again.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadPoint {
    /// Its series.
    pub series: SeriesName,
    /// When.
    pub time: Timestamp,
    /// How much.
    pub value: Value,
    /// Its tags.
    pub tags: Tags,
}

/// Reads the payload of a reject again, for a replay: one point; of a meter's row
/// that of `series`, or all if no series is given. The pointers of the errors are
/// relative to the payload. A data server's message is not read here.
pub fn read_one(
    format: Format,
    payload: &[u8],
    series: Option<&SeriesName>,
) -> Result<Vec<ReadPoint>, Vec<ItemError>> {
    let text = std::str::from_utf8(payload)
        .map_err(|_| listed(&[Fault::item("the payload is not UTF-8")]))?;
    match format {
        Format::Point => one_json(text)
            .and_then(|json| finished(point::read(json)))
            .map(|point| vec![point]),
        Format::Csv => csv::read(text, finished).map(|point| vec![point]),
        Format::Meter => {
            let row = meter::read(one_json(text)?);
            if !row.faults.is_empty() {
                return Err(listed(&row.faults));
            }
            let wanted = |draft: &Draft<'_>| {
                series.is_none_or(|series| draft.name.as_deref() == Some(series.as_str()))
            };
            let points: Result<Vec<_>, _> = row
                .points
                .into_iter()
                .filter(wanted)
                .map(finished)
                .collect();
            points.and_then(|points| {
                if points.is_empty() {
                    let fault = Fault::item("the row holds no value of this series");
                    return Err(listed(&[fault]));
                }
                Ok(points)
            })
        }
        Format::Message => {
            let fault = Fault::item("a data server's message is not read as a body");
            Err(listed(&[fault]))
        }
    }
}

/// The payload as one JSON value.
fn one_json(text: &str) -> Result<&str, Vec<ItemError>> {
    let mut json = scan::Json::new(text);
    json.value()
        .and_then(|value| json.end().map(|()| value))
        .map_err(|error| listed(&[Fault::item(error.to_string())]))
}

fn finished(mut draft: Draft<'_>) -> Result<ReadPoint, Vec<ItemError>> {
    let series = draft.series();
    match (series, draft.time, draft.value) {
        (Some(series), Some(time), Some(value)) if draft.faults.is_empty() => Ok(ReadPoint {
            series,
            time,
            value,
            tags: draft.tags,
        }),
        _ => Err(listed(&draft.faults)),
    }
}

fn listed(faults: &[Fault]) -> Vec<ItemError> {
    faults.iter().map(|fault| fault.listed("")).collect()
}
