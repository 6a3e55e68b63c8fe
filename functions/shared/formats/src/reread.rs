//! Reading what was rejected again.

use tidemark_core::discard::Format;
use tidemark_core::name::SeriesName;
use tidemark_core::point::{Tags, Value};
use tidemark_core::time::Timestamp;

use crate::collect::Draft;
use crate::csv::point as record;
use crate::fault::Fault;
use crate::json::{point, scan};
use crate::meter;

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
/// that of `series`, or all if no series is given. The pointers of the faults are
/// relative to the payload. A data server's message is decoded, not read here:
/// what it does not say, its series, is not missing.
pub fn reread(
    format: Format,
    payload: &[u8],
    series: Option<&SeriesName>,
) -> Result<Vec<ReadPoint>, Vec<Fault>> {
    let one = |detail: &str| vec![Fault::item(detail)];
    let text = std::str::from_utf8(payload).map_err(|_| one("the payload is not UTF-8"))?;
    match format {
        Format::Point => one_json(text)
            .and_then(|json| finished(point::read(json)))
            .map(|point| vec![point]),
        Format::Csv => finished(record::read_usual(text)).map(|point| vec![point]),
        Format::CsvIn(columns) => finished(record::read(text, &columns)).map(|point| vec![point]),
        Format::Meter => {
            let row = meter::read(one_json(text)?);
            if !row.faults.is_empty() {
                return Err(row.faults);
            }
            let series = series.map(meter::series_today);
            let wanted = |draft: &Draft<'_>| series.is_none() || draft.name == series;
            let drafts = row.points.into_iter().filter(wanted);
            let points: Vec<ReadPoint> = drafts.map(finished).collect::<Result<_, _>>()?;
            if points.is_empty() {
                return Err(one("the row holds no value of this series"));
            }
            Ok(points)
        }
        Format::Message => Err(one("a data server's message is not read as a body")),
    }
}

/// The payload as one JSON value.
fn one_json(text: &str) -> Result<&str, Vec<Fault>> {
    scan::only_value(text).map_err(|error| vec![Fault::item(error.to_string())])
}

fn finished(mut draft: Draft<'_>) -> Result<ReadPoint, Vec<Fault>> {
    let series = draft.series();
    match (series, draft.time, draft.value) {
        (Some(series), Some(time), Some(value)) if draft.faults.is_empty() => Ok(ReadPoint {
            series,
            time,
            value,
            tags: draft.tags,
        }),
        _ => Err(draft.faults),
    }
}
