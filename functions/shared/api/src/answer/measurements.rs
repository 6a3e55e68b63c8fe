//! `GET /meterdata/measurement`: rows of an energy meter as its own service
//! writes them, so that its clients need not be changed.

use bytes::Bytes;
use http::{HeaderValue, Response};
use tidemark_formats::write::measurements::{MeterRow, RowWriter};

use super::page::Page;

/// Rows being written.
#[derive(Debug)]
pub struct Measurements<'a> {
    page: Page,
    writer: RowWriter<'a>,
}

impl<'a> Measurements<'a> {
    /// A page of at most `limit` rows of one measurement of one meter.
    pub fn new(measurement: &'a str, meter: &'a str, limit: usize) -> Self {
        Self {
            page: Page::new(super::JSON, RowWriter::FRAME, limit),
            writer: RowWriter::new(measurement, meter),
        }
    }

    /// Adds a row. `false`: the page is full and the row is not in it.
    pub fn push(&mut self, row: &MeterRow<'_>) -> bool {
        let writer = &mut self.writer;
        self.page.push(|out| writer.write(row, out))
    }

    /// The answer.
    pub fn finish(self, next: Option<HeaderValue>) -> Response<Bytes> {
        self.page.finish(next)
    }
}

#[cfg(test)]
mod tests {
    use tidemark_core::point::Tags;
    use tidemark_core::time::Timestamp;

    use super::super::page::text;
    use super::*;

    #[test]
    fn rows_stand_in_an_envelope() {
        let none = Measurements::new("energy", "95ce3367", 1).finish(None);
        assert_eq!(text(&none), r#"{"data":[]}"#);
        let mut rows = Measurements::new("energy", "m", 1);
        let row = MeterRow {
            time: Timestamp::from_nanos(0),
            tags: &Tags::none(),
            values: &[("x", 0.5)],
        };
        assert!(rows.push(&row));
        assert!(!rows.push(&row));
        assert_eq!(
            text(&rows.finish(None)),
            r#"{"data":[{"measurement":"energy","timestamp":"1970-01-01T00:00:00.000Z","tags":{"muid":"m"},"x":0.5}]}"#
        );
    }
}
