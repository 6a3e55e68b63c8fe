//! `GET /api`: the series there are.

use bytes::Bytes;
use http::{HeaderValue, Response};
use tidemark_core::name::SeriesName;
use tidemark_core::point::Point;
use tidemark_core::time::Timestamp;

use super::page::Page;
use tidemark_formats::write::json::append;
use tidemark_formats::write::number::{Decimals, Number};
use tidemark_formats::write::points::write_object;
use tidemark_formats::write::time::{Precision, TimeWriter};

/// What `details=true` adds to a series.
#[derive(Debug, Clone, PartialEq)]
pub struct Details {
    /// How many points it has.
    pub points: u64,
    /// The earliest of them.
    pub first: Option<Point>,
    /// The latest of them.
    pub last: Option<Point>,
}

/// Series being written.
#[derive(Debug)]
pub struct SeriesList {
    page: Page,
    decimals: Decimals,
    times: TimeWriter,
}

impl SeriesList {
    /// A page of at most `limit` series, of `count` that match in all.
    pub fn new(count: u64, decimals: Decimals, limit: usize) -> Self {
        let open = format!("{{\"count\":{count},\"series\":[");
        Self {
            page: Page::new(super::JSON, (&open, ",", "]}"), limit),
            decimals,
            times: TimeWriter::new(Precision::Needed),
        }
    }

    /// Adds a series. `false`: the page is full and the series is not in it.
    pub fn push(
        &mut self,
        name: &SeriesName,
        updated: Timestamp,
        details: Option<&Details>,
    ) -> bool {
        let (times, decimals) = (&mut self.times, self.decimals);
        self.page.push(|out| {
            out.extend_from_slice(b"{\"name\":");
            append(out, name);
            out.extend_from_slice(b",\"updated\":\"");
            times.write(updated, out);
            out.push(b'"');
            if let Some(details) = details {
                out.extend_from_slice(b",\"points\":");
                out.extend_from_slice(itoa::Buffer::new().format(details.points).as_bytes());
                for (key, point) in [("first", &details.first), ("last", &details.last)] {
                    out.extend_from_slice(b",\"");
                    out.extend_from_slice(key.as_bytes());
                    out.extend_from_slice(b"\":");
                    match point {
                        Some(p) => {
                            let number = Number::new(p.value.get(), decimals);
                            write_object(out, times, p.time, number, &p.tags);
                        }
                        None => out.extend_from_slice(b"null"),
                    }
                }
            }
            out.push(b'}');
        })
    }

    /// The answer.
    pub fn finish(self, next: Option<HeaderValue>) -> Response<Bytes> {
        self.page.finish(next)
    }
}

#[cfg(test)]
mod tests {
    use tidemark_core::point::{Tags, Value};

    use super::super::page::text;
    use super::*;

    #[test]
    fn series_by_name() {
        let name = |text: &str| SeriesName::new(text).unwrap();
        let mut list = SeriesList::new(7, None, 2);
        assert!(list.push(&name("a"), Timestamp::from_nanos(0), None));
        assert!(list.push(&name("b"), Timestamp::from_nanos(1), None));
        assert!(!list.push(&name("c"), Timestamp::from_nanos(1), None));
        assert_eq!(
            text(&list.finish(None)),
            r#"{"count":7,"series":[{"name":"a","updated":"1970-01-01T00:00:00Z"},{"name":"b","updated":"1970-01-01T00:00:00.000000001Z"}]}"#
        );
        assert_eq!(
            text(&SeriesList::new(0, None, 2).finish(None)),
            r#"{"count":0,"series":[]}"#
        );
    }

    #[test]
    fn details_show_the_ends() {
        let first = Point {
            time: Timestamp::from_nanos(0),
            value: Value::new(1.25).unwrap(),
            tags: Tags::none(),
        };
        let details = Details {
            points: 1,
            first: Some(first),
            last: None,
        };
        let mut list = SeriesList::new(1, Some(1), 1);
        list.push(
            &SeriesName::new("a").unwrap(),
            Timestamp::from_nanos(0),
            Some(&details),
        );
        assert_eq!(
            text(&list.finish(None)),
            r#"{"count":1,"series":[{"name":"a","updated":"1970-01-01T00:00:00Z","points":1,"first":{"time":"1970-01-01T00:00:00Z","value":1.2},"last":null}]}"#
        );
    }
}
