//! Points of a series: when, how much, tags.

use tidemark_core::point::Tags;
use tidemark_core::time::Timestamp;

use super::json::append;
use super::number::{Decimals, Number};
use super::time::{Precision, TimeWriter};
use crate::syntax::Syntax;

/// Writes the points of a series.
#[derive(Debug, Clone)]
pub struct PointWriter {
    syntax: Syntax,
    decimals: Decimals,
    times: TimeWriter,
}

impl PointWriter {
    /// Values are rounded to `decimals`.
    pub const fn new(syntax: Syntax, decimals: Decimals) -> Self {
        Self {
            syntax,
            decimals,
            times: TimeWriter::new(Precision::Needed),
        }
    }

    /// What stands before the first point, between two, and after the last one.
    pub const fn frame(syntax: Syntax) -> (&'static str, &'static str, &'static str) {
        match syntax {
            Syntax::Json => ("[", ",", "]"),
            Syntax::Ndjson => ("", "", ""),
            Syntax::Csv => ("time,value,tags\r\n", "", ""),
        }
    }

    /// Appends a point.
    pub fn write(&mut self, time: Timestamp, value: f64, tags: &Tags, out: &mut Vec<u8>) {
        let number = Number::new(value, self.decimals);
        match self.syntax {
            Syntax::Json => write_object(out, &mut self.times, time, number, tags),
            Syntax::Ndjson => {
                write_object(out, &mut self.times, time, number, tags);
                out.push(b'\n');
            }
            Syntax::Csv => {
                self.times.write(time, out);
                out.push(b',');
                number.write(out);
                out.push(b',');
                write_tags(out, tags);
                out.extend_from_slice(b"\r\n");
            }
        }
    }
}

/// Appends a point as a JSON object; `tags` only where there are some.
pub fn write_object(
    out: &mut Vec<u8>,
    times: &mut TimeWriter,
    time: Timestamp,
    number: Number,
    tags: &Tags,
) {
    out.extend_from_slice(b"{\"time\":\"");
    times.write(time, out);
    out.extend_from_slice(b"\",\"value\":");
    number.write(out);
    if !tags.is_empty() {
        out.extend_from_slice(b",\"tags\":");
        append(out, tags);
    }
    out.push(b'}');
}

/// The tags as one field of CSV, with `;` between them. A tag holds neither
/// `;` nor a line break.
fn write_tags(out: &mut Vec<u8>, tags: &Tags) {
    let quoted = tags.iter().any(|tag| tag.contains([',', '"']));
    if quoted {
        out.push(b'"');
    }
    for (i, tag) in tags.iter().enumerate() {
        if i > 0 {
            out.push(b';');
        }
        if quoted {
            out.extend_from_slice(tag.replace('"', "\"\"").as_bytes());
        } else {
            out.extend_from_slice(tag.as_bytes());
        }
    }
    if quoted {
        out.push(b'"');
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn tags(tags: &[&str]) -> Tags {
        Tags::new(tags.iter().map(|t| (*t).to_owned())).unwrap()
    }

    fn written(syntax: Syntax, decimals: Decimals, points: &[(i64, f64, Tags)]) -> String {
        let (open, separator, close) = PointWriter::frame(syntax);
        let mut writer = PointWriter::new(syntax, decimals);
        let mut out = open.as_bytes().to_vec();
        for (i, (nanos, value, tags)) in points.iter().enumerate() {
            if i > 0 {
                out.extend_from_slice(separator.as_bytes());
            }
            writer.write(Timestamp::from_nanos(*nanos), *value, tags, &mut out);
        }
        out.extend_from_slice(close.as_bytes());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn in_three_syntaxes() {
        let points = [
            (1_675_209_600_000_000_000, 0.0117, Tags::none()),
            (
                1_675_210_500_000_000_000,
                7.0,
                tags(&["b \"x\"", "a,c", "d"]),
            ),
        ];
        assert_eq!(
            written(Syntax::Json, None, &points),
            r#"[{"time":"2023-02-01T00:00:00Z","value":0.0117},{"time":"2023-02-01T00:15:00Z","value":7,"tags":["a,c","b \"x\"","d"]}]"#
        );
        assert_eq!(
            written(Syntax::Ndjson, Some(2), &points),
            "{\"time\":\"2023-02-01T00:00:00Z\",\"value\":0.01}\n{\"time\":\"2023-02-01T00:15:00Z\",\"value\":7,\"tags\":[\"a,c\",\"b \\\"x\\\"\",\"d\"]}\n"
        );
        assert_eq!(
            written(Syntax::Csv, None, &points),
            "time,value,tags\r\n2023-02-01T00:00:00Z,0.0117,\r\n2023-02-01T00:15:00Z,7,\"a,c;b \"\"x\"\";d\"\r\n"
        );
    }

    proptest! {
        /// What is written by hand is what serde would have written.
        #[test]
        fn the_array_is_json(
            rows in prop::collection::vec((any::<i64>(), -1e9..1e9f64, prop::collection::vec("[^\\pC;]{1,8}", 0..3)), 0..20),
        ) {
            let mut points = Vec::new();
            let mut expected = Vec::new();
            for (nanos, value, tags) in rows {
                let time = Timestamp::from_nanos(nanos);
                let tags = Tags::new(tags).unwrap();
                let row = if tags.is_empty() {
                    json!({"time": time.to_string(), "value": value})
                } else {
                    json!({"time": time.to_string(), "value": value, "tags": tags})
                };
                expected.push(row);
                points.push((nanos, value, tags));
            }
            let text = written(Syntax::Json, None, &points);
            let parsed: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(parsed, Value::from(expected));
        }
    }
}
