//! `GET /history`: the last queries.

use bytes::Bytes;
use http::{HeaderValue, Response};
use serde::Serialize;
use tidemark_core::name::SeriesName;
use tidemark_core::time::Timestamp;

use super::page::Page;
use tidemark_formats::write::number::Number;
use tidemark_formats::write::time::Time;

/// A query that was asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry<'a> {
    /// When.
    pub time: Timestamp,
    /// About which series, if about one.
    pub series: Option<&'a SeriesName>,
    /// The path as it was asked.
    pub path: &'a str,
    /// Where its range began, if it said.
    pub from: Option<Timestamp>,
    /// Where its range ended, if it said.
    pub to: Option<Timestamp>,
    /// How long it took, in milliseconds.
    pub duration_ms: f64,
}

#[derive(Serialize)]
struct Row<'a> {
    time: Time,
    series: Option<&'a SeriesName>,
    path: &'a str,
    from: Option<Time>,
    to: Option<Time>,
    duration_ms: Number,
}

/// Entries being written.
#[derive(Debug)]
pub struct History(Page);

impl History {
    /// A page of at most `limit` entries.
    pub fn new(limit: usize) -> Self {
        Self(Page::array(limit))
    }

    /// Adds an entry. `false`: the page is full and the entry is not in it.
    pub fn push(&mut self, entry: &Entry<'_>) -> bool {
        self.0.push_json(&Row {
            time: Time(entry.time),
            series: entry.series,
            path: entry.path,
            from: entry.from.map(Time),
            to: entry.to.map(Time),
            duration_ms: Number::new(entry.duration_ms, Some(3)),
        })
    }

    /// The answer.
    pub fn finish(self, next: Option<HeaderValue>) -> Response<Bytes> {
        self.0.finish(next)
    }
}

#[cfg(test)]
mod tests {
    use super::super::page::text;
    use super::*;

    #[test]
    fn an_entry_is_what_was_asked() {
        let mut history = History::new(2);
        let name = SeriesName::new("a").unwrap();
        let entry = Entry {
            time: Timestamp::from_nanos(0),
            series: Some(&name),
            path: "/api/a",
            from: Some(Timestamp::from_nanos(1)),
            to: None,
            duration_ms: 1.234_567,
        };
        assert!(history.push(&entry));
        assert!(history.push(&Entry {
            series: None,
            path: "/api",
            from: None,
            duration_ms: 2.0,
            ..entry
        }));
        assert_eq!(
            text(&history.finish(None)),
            r#"[{"time":"1970-01-01T00:00:00Z","series":"a","path":"/api/a","from":"1970-01-01T00:00:00.000000001Z","to":null,"duration_ms":1.235},{"time":"1970-01-01T00:00:00Z","series":null,"path":"/api","from":null,"to":null,"duration_ms":2}]"#
        );
    }
}
