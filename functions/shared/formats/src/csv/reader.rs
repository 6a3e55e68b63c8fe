//! Cuts a CSV into records and reads them.

use tidemark_core::columns::CsvColumns;
use tidemark_core::discard::Format;

use super::scan::RecordScan;
use super::{header, point};
use crate::collect::{Collector, Origin, Place};
use crate::error::ReadError;
use crate::items::Items;

/// The header, and then a record a point; blank lines are skipped.
#[derive(Debug, Default)]
pub(crate) struct CsvRecords {
    /// The columns, once the header was read.
    columns: Option<CsvColumns>,
    /// How far the record was looked through: to its end.
    scan: RecordScan,
    /// Whether there was a record below the header.
    any: bool,
}

impl Items for CsvRecords {
    fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        self.scan.end(bytes)
    }

    fn read(
        &mut self,
        record: &str,
        place: Place,
        into: &mut Collector,
    ) -> Result<usize, ReadError> {
        let scan = std::mem::take(&mut self.scan);
        let record = match record.strip_suffix('\r') {
            // Inside quotes it belongs to the field.
            Some(line) if !scan.is_open() => line,
            _ => record,
        };
        if record.is_empty() {
            return Ok(scan.breaks);
        }
        let Some(columns) = self.columns else {
            self.columns = Some(header::read(record)?);
            return Ok(scan.breaks);
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
        into.add(draft, origin)?;
        Ok(scan.breaks)
    }

    fn any(&self) -> bool {
        self.any
    }
}
