//! Cuts a CSV into records and reads them.

use tidemark_core::columns::CsvColumns;
use tidemark_core::discard::Format;

use super::scan::RecordScan;
use super::{header, point};
use crate::collect::{Collector, Origin, Place};
use crate::error::{MAX_ITEM, ReadError};
use crate::position::Position;
use crate::text::TextReader;

/// Reads the header and then a record a point; blank lines are skipped.
#[derive(Debug)]
pub(crate) struct CsvReader {
    /// The columns, once the header was read.
    columns: Option<CsvColumns>,
    /// The beginning of a record that is cut, and how far it was looked through:
    /// to its end.
    pending: String,
    scan: RecordScan,
    /// That record's first line.
    line: usize,
    /// Whether there was a record below the header.
    any: bool,
}

impl Default for CsvReader {
    fn default() -> Self {
        Self {
            columns: None,
            pending: String::new(),
            scan: RecordScan::default(),
            line: 1,
            any: false,
        }
    }
}

impl CsvReader {
    const fn place(&self) -> Place {
        Place {
            parent: "",
            number: self.line,
        }
    }

    /// Checks the length of a record, of which perhaps more is to come.
    fn fits(&self, bytes: usize) -> Result<(), ReadError> {
        if bytes <= MAX_ITEM {
            Ok(())
        } else {
            Err(self.place().long())
        }
    }

    /// Reads the record that was looked through, without the `\n` that ends it.
    fn record(&mut self, record: &str, into: &mut Collector) -> Result<(), ReadError> {
        self.fits(record.len())?;
        let scan = std::mem::take(&mut self.scan);
        let place = self.place();
        self.line += 1 + scan.breaks;
        let record = match record.strip_suffix('\r') {
            // Inside quotes it belongs to the field.
            Some(line) if !scan.is_open() => line,
            _ => record,
        };
        if record.is_empty() {
            return Ok(());
        }
        let Some(columns) = self.columns else {
            self.columns = Some(header::read(record)?);
            return Ok(());
        };
        self.any = true;
        let draft = if scan.has_quotes {
            point::read(record, &columns)
        } else {
            point::read_plain(record, &columns)
        };
        let origin = Origin {
            place,
            payload: record,
            format: Format::CsvIn(columns),
        };
        into.add(draft, origin)
    }
}

impl TextReader for CsvReader {
    fn feed(&mut self, mut text: &str, into: &mut Collector) -> Result<(), ReadError> {
        while let Some(end) = self.scan.end(text.as_bytes()) {
            let record = &text[..end];
            text = &text[end + 1..];
            if self.pending.is_empty() {
                self.record(record, into)?;
                continue;
            }
            self.fits(self.pending.len() + record.len())?;
            let mut whole = std::mem::take(&mut self.pending);
            whole.push_str(record);
            self.record(&whole, into)?;
            whole.clear();
            self.pending = whole;
        }
        self.fits(self.pending.len() + text.len())?;
        self.pending.push_str(text);
        Ok(())
    }

    fn finish(&mut self, text: &str, into: &mut Collector) -> Result<(), ReadError> {
        self.feed(text, into)?;
        let last = std::mem::take(&mut self.pending);
        self.record(&last, into)?;
        if self.any {
            Ok(())
        } else {
            Err(ReadError::Empty)
        }
    }

    fn settle(&mut self, _: &mut Collector) -> Result<(), ReadError> {
        Ok(())
    }

    fn position(&self) -> Position {
        Position::line(self.line).after(self.pending.as_bytes())
    }

    fn buffered(&self) -> usize {
        self.pending.capacity()
    }
}
