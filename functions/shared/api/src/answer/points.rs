//! `GET /api/{name}/points`: the points of a series.

use bytes::Bytes;
use http::{HeaderValue, Response};
use tidemark_core::point::Tags;
use tidemark_core::time::Timestamp;

use super::number::{Decimals, Number};
use super::page::{Page, write_json};
use super::time::{Precision, TimeWriter};
use crate::accept::Media;

/// Points being written.
#[derive(Debug)]
pub struct Points {
    page: Page,
    media: Media,
    decimals: Decimals,
    times: TimeWriter,
}

impl Points {
    /// A page of at most `limit` points.
    pub fn new(media: Media, decimals: Decimals, limit: usize) -> Self {
        let frame = match media {
            Media::Json => ("[", ",", "]"),
            Media::Ndjson => ("", "", ""),
            Media::Csv => ("time,value,tags\r\n", "", ""),
        };
        Self {
            page: Page::new(media.content_type(), frame, limit),
            media,
            decimals,
            times: TimeWriter::new(Precision::Needed),
        }
    }

    /// Adds a point. `false`: the page is full and the point is not in it.
    pub fn push(&mut self, time: Timestamp, value: f64, tags: &Tags) -> bool {
        let (media, times) = (self.media, &mut self.times);
        let number = Number::new(value, self.decimals);
        self.page.push(|out| match media {
            Media::Json => write_point(out, times, time, number, tags),
            Media::Ndjson => {
                write_point(out, times, time, number, tags);
                out.push(b'\n');
            }
            Media::Csv => {
                times.write(time, out);
                out.push(b',');
                number.write(out);
                out.push(b',');
                write_tags(out, tags);
                out.extend_from_slice(b"\r\n");
            }
        })
    }

    /// How many points it holds.
    pub const fn rows(&self) -> usize {
        self.page.rows()
    }

    /// The answer.
    pub fn finish(self, next: Option<HeaderValue>) -> Response<Bytes> {
        self.page.finish(next)
    }
}

/// A point as a JSON object; `tags` only where there are some.
pub(super) fn write_point(
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
        write_json(out, tags);
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
    use http::header::CONTENT_TYPE;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::super::page::text;
    use super::*;

    fn tags(tags: &[&str]) -> Tags {
        Tags::new(tags.iter().map(|t| (*t).to_owned())).unwrap()
    }

    fn page(media: Media, decimals: Decimals) -> (String, String) {
        let mut points = Points::new(media, decimals, 2);
        let at = |seconds| Timestamp::from_seconds(seconds).unwrap();
        assert!(points.push(at(1_675_209_600), 0.0117, &Tags::none()));
        assert!(points.push(at(1_675_210_500), 7.0, &tags(&["b \"x\"", "a,c", "d"])));
        assert!(!points.push(at(1_675_211_400), 1.0, &Tags::none()));
        assert_eq!(points.rows(), 2);
        let response = points.finish(None);
        let media = response.headers()[CONTENT_TYPE]
            .to_str()
            .unwrap()
            .to_owned();
        (media, text(&response))
    }

    #[test]
    fn in_three_media_types() {
        assert_eq!(
            page(Media::Json, None),
            ("application/json".to_owned(), r#"[{"time":"2023-02-01T00:00:00Z","value":0.0117},{"time":"2023-02-01T00:15:00Z","value":7,"tags":["a,c","b \"x\"","d"]}]"#.to_owned())
        );
        assert_eq!(
            page(Media::Ndjson, Some(2)),
            ("application/x-ndjson".to_owned(), "{\"time\":\"2023-02-01T00:00:00Z\",\"value\":0.01}\n{\"time\":\"2023-02-01T00:15:00Z\",\"value\":7,\"tags\":[\"a,c\",\"b \\\"x\\\"\",\"d\"]}\n".to_owned())
        );
        assert_eq!(
            page(Media::Csv, None),
            ("text/csv; charset=utf-8".to_owned(), "time,value,tags\r\n2023-02-01T00:00:00Z,0.0117,\r\n2023-02-01T00:15:00Z,7,\"a,c;b \"\"x\"\";d\"\r\n".to_owned())
        );
    }

    #[test]
    fn no_points_are_still_an_answer() {
        for (media, expected) in [
            (Media::Json, "[]"),
            (Media::Ndjson, ""),
            (Media::Csv, "time,value,tags\r\n"),
        ] {
            assert_eq!(text(&Points::new(media, None, 5).finish(None)), expected);
        }
    }

    proptest! {
        /// What is written by hand is what serde would have written.
        #[test]
        fn the_array_is_json(
            rows in prop::collection::vec((any::<i64>(), -1e9..1e9f64, prop::collection::vec("[^\\pC;]{1,8}", 0..3)), 0..20),
        ) {
            let mut points = Points::new(Media::Json, None, 100);
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
                points.push(time, value, &tags);
            }
            let written: Value = serde_json::from_slice(points.finish(None).body()).unwrap();
            prop_assert_eq!(written, Value::from(expected));
        }
    }
}
