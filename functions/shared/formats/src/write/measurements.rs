//! Rows of an energy meter as its own service writes them, so that its clients
//! need not be changed.

use std::collections::BTreeMap;

use serde::ser::{Serialize, SerializeMap, Serializer};
use tidemark_core::point::Tags;
use tidemark_core::time::Timestamp;

use super::json::append;
use super::number::Number;
use super::time::{Precision, TimeWriter};

/// The fields of a row that are no OBIS codes.
pub const FIELDS: [&str; 3] = ["measurement", "timestamp", "tags"];

/// What a meter measured at one instant.
#[derive(Debug, Clone, PartialEq)]
pub struct MeterRow<'a> {
    /// When; written with at least milliseconds.
    pub time: Timestamp,
    /// Tags of the row's points: `key=value`.
    pub tags: &'a Tags,
    /// Values by OBIS code, none of which is one of [`FIELDS`], in the order to be
    /// written.
    pub values: &'a [(&'a str, f64)],
}

/// Writes the rows of one measurement of one meter.
#[derive(Debug, Clone)]
pub struct RowWriter<'a> {
    measurement: &'a str,
    meter: &'a str,
    times: TimeWriter,
}

impl<'a> RowWriter<'a> {
    /// What stands before the first row, between two, and after the last one.
    pub const FRAME: (&'static str, &'static str, &'static str) = ("{\"data\":[", ",", "]}");

    /// A writer that has written nothing yet.
    pub const fn new(measurement: &'a str, meter: &'a str) -> Self {
        Self {
            measurement,
            meter,
            times: TimeWriter::new(Precision::Milliseconds),
        }
    }

    /// Appends a row.
    pub fn write(&mut self, row: &MeterRow<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"measurement\":");
        append(out, self.measurement);
        out.extend_from_slice(b",\"timestamp\":\"");
        self.times.write(row.time, out);
        out.extend_from_slice(b"\",\"tags\":");
        append(
            out,
            &TagMap {
                meter: self.meter,
                tags: row.tags,
            },
        );
        for (obis, value) in row.values {
            out.push(b',');
            append(out, obis);
            out.push(b':');
            Number::new(*value, None).write(out);
        }
        out.push(b'}');
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
    use super::*;

    fn written(meter: &str, row: &MeterRow<'_>) -> String {
        let mut out = Vec::new();
        RowWriter::new("energy", meter).write(row, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_row_is_as_the_meter_wrote_it() {
        let tags = Tags::new(["quality=measured".to_owned()]).unwrap();
        let row = MeterRow {
            time: Timestamp::from_seconds(1_677_627_900).unwrap(),
            tags: &tags,
            values: &[("0100011D00FF", 0.0117), ("0100021D00FF", 2.0)],
        };
        assert_eq!(
            written("95ce3367", &row),
            r#"{"measurement":"energy","timestamp":"2023-02-28T23:45:00.000Z","tags":{"muid":"95ce3367","quality":"measured"},"0100011D00FF":0.0117,"0100021D00FF":2}"#
        );
    }

    #[test]
    fn no_key_stands_twice() {
        let tags = ["muid=x", "a=1", "a=2=3", "night"].map(str::to_owned);
        let row = MeterRow {
            time: Timestamp::from_nanos(1_234_567_890),
            tags: &Tags::new(tags).unwrap(),
            values: &[("x", 0.5)],
        };
        assert_eq!(
            written("m", &row),
            r#"{"measurement":"energy","timestamp":"1970-01-01T00:00:01.23456789Z","tags":{"muid":"m","a":"1","night":""},"x":0.5}"#
        );
    }
}
