//! `GET /meterdata/measurement`: rows of an energy meter as its own service
//! writes them, so that its clients need not be changed.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderValue, Response};
use serde::ser::{Serialize, SerializeMap, Serializer};
use tidemark_core::point::Tags;
use tidemark_core::time::Timestamp;

use super::number::Number;
use super::page::{Page, write_json};
use super::time::{Precision, TimeWriter};

/// The fields of a row that are no OBIS codes.
const FIELDS: [&str; 3] = ["measurement", "timestamp", "tags"];

/// What a meter measured at one instant.
#[derive(Debug, Clone, PartialEq)]
pub struct Row<'a> {
    /// When; answered to the millisecond.
    pub time: Timestamp,
    /// Tags of the row's points: `key=value`.
    pub tags: &'a Tags,
    /// Values by OBIS code, in the order to be written.
    pub values: &'a [(&'a str, f64)],
}

/// Rows being written.
#[derive(Debug)]
pub struct Measurements<'a> {
    page: Page,
    measurement: &'a str,
    meter: &'a str,
    times: TimeWriter,
}

impl<'a> Measurements<'a> {
    /// A page of at most `limit` rows of one measurement of one meter.
    pub fn new(measurement: &'a str, meter: &'a str, limit: usize) -> Self {
        Self {
            page: Page::new(super::JSON, ("{\"data\":[", ",", "]}"), limit),
            measurement,
            meter,
            times: TimeWriter::new(Precision::Milliseconds),
        }
    }

    /// Adds a row. `false`: the page is full and the row is not in it.
    pub fn push(&mut self, row: &Row<'_>) -> bool {
        let (times, measurement, meter) = (&mut self.times, self.measurement, self.meter);
        self.page.push(|out| {
            out.extend_from_slice(b"{\"measurement\":");
            write_json(out, measurement);
            out.extend_from_slice(b",\"timestamp\":\"");
            times.write(row.time, out);
            out.extend_from_slice(b"\",\"tags\":");
            write_json(
                out,
                &TagMap {
                    meter,
                    tags: row.tags,
                },
            );
            for (obis, value) in row.values {
                // A series may have such a name; a row cannot hold it.
                if FIELDS.contains(obis) {
                    continue;
                }
                out.push(b',');
                write_json(out, obis);
                out.push(b':');
                Number::new(*value, None).write(out);
            }
            out.push(b'}');
        })
    }

    /// The answer.
    pub fn finish(self, next: Option<HeaderValue>) -> Response<Bytes> {
        self.page.finish(next)
    }
}

/// Tags as an object: the meter, then `key=value`; a tag without `=` is a key
/// without a value. The first of several values of a key counts.
struct TagMap<'a> {
    meter: &'a str,
    tags: &'a Tags,
}

impl Serialize for TagMap<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut pairs = BTreeMap::new();
        for tag in self.tags.iter() {
            let (key, value) = tag.split_once('=').unwrap_or((tag, ""));
            if key != "muid" {
                pairs.entry(key).or_insert(value);
            }
        }
        let mut map = serializer.serialize_map(Some(pairs.len() + 1))?;
        map.serialize_entry("muid", self.meter)?;
        for (key, value) in pairs {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::super::page::text;
    use super::*;

    #[test]
    fn a_row_is_as_the_meter_wrote_it() {
        let mut rows = Measurements::new("energy", "95ce3367", 10);
        let tags = Tags::new(["quality=measured".to_owned()]).unwrap();
        rows.push(&Row {
            time: Timestamp::from_seconds(1_677_627_900).unwrap(),
            tags: &tags,
            values: &[("0100011D00FF", 0.0117), ("0100021D00FF", 2.0)],
        });
        assert_eq!(
            text(&rows.finish(None)),
            r#"{"data":[{"measurement":"energy","timestamp":"2023-02-28T23:45:00.000Z","tags":{"muid":"95ce3367","quality":"measured"},"0100011D00FF":0.0117,"0100021D00FF":2}]}"#
        );
        let none = Measurements::new("energy", "95ce3367", 10).finish(None);
        assert_eq!(text(&none), r#"{"data":[]}"#);
    }

    #[test]
    fn no_key_stands_twice() {
        let mut rows = Measurements::new("energy", "m", 10);
        let tags = ["muid=x", "a=1", "a=2=3", "night"].map(str::to_owned);
        rows.push(&Row {
            time: Timestamp::from_nanos(1_234_567_890),
            tags: &Tags::new(tags).unwrap(),
            values: &[("tags", 1.0), ("x", 0.5)],
        });
        assert_eq!(
            text(&rows.finish(None)),
            r#"{"data":[{"measurement":"energy","timestamp":"1970-01-01T00:00:01.234Z","tags":{"muid":"m","a":"1","night":""},"x":0.5}]}"#
        );
    }
}
