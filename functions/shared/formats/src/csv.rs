//! Points as CSV: the header `name,t,v` or `name,t,v,tags`, then a row a point.
//!
//! No field of a point can hold a line break, so a row is a line: a quote that
//! is left open spoils its own row only, and a row's bytes are its line's.

use csv_core::ReadRecordResult;
use tidemark_core::discard::{Format, Reason};

use crate::collect::{Collector, Draft, Origin, Place};
use crate::error::ReadError;
use crate::fault::Fault;
use crate::field;
use crate::lines::Line;

const COLUMNS: [&str; 4] = ["name", "t", "v", "tags"];

/// Excel writes this first.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// The lines of a CSV: the header, then rows; blank ones are skipped.
#[derive(Default)]
pub(crate) struct CsvLines {
    splitter: Splitter,
    /// How many columns there are, once the header is known.
    columns: Option<usize>,
    any: bool,
}

impl Line for CsvLines {
    fn read(&mut self, line: &str, number: usize, into: &mut Collector) -> Result<(), ReadError> {
        let line = match line.strip_prefix(BYTE_ORDER_MARK) {
            Some(line) if number == 1 => line,
            _ => line,
        };
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.is_empty() {
            return Ok(());
        }
        let Some(columns) = self.columns else {
            self.columns = Some(self.header(line)?);
            return Ok(());
        };
        self.any = true;
        let draft = draft(self.splitter.split(line), &[columns]);
        let place = Place { parent: "", number };
        let origin = Origin {
            place,
            payload: line,
            format: Format::Csv,
        };
        into.add(draft, origin)
    }

    fn any(&self) -> bool {
        self.any
    }
}

impl CsvLines {
    /// How many columns the header has.
    fn header(&mut self, line: &str) -> Result<usize, ReadError> {
        match self.splitter.split(line) {
            Ok((fields, 3)) if fields[..3] == COLUMNS[..3] => Ok(3),
            Ok((fields, 4)) if fields == COLUMNS => Ok(4),
            _ => Err(ReadError::shape(
                "the first line of the CSV is to be name,t,v or name,t,v,tags",
            )),
        }
    }
}

/// Reads one row, with or without tags, of whose header nothing is known.
pub(crate) fn read<R>(row: &str, then: impl FnOnce(Draft<'_>) -> R) -> R {
    then(draft(Splitter::default().split(row), &[3, 4]))
}

fn draft<'a>(row: Result<Fields<'a>, Fault>, columns: &[usize]) -> Draft<'a> {
    let mut draft = Draft::default();
    let (fields, count) = match row {
        Ok(row) => row,
        Err(fault) => {
            draft.fault(fault);
            return draft;
        }
    };
    if !columns.contains(&count) {
        let wanted: Vec<String> = columns.iter().map(usize::to_string).collect();
        draft.fault(Fault::item(format!(
            "a row is to have {} fields, this one has {}",
            wanted.join(" or "),
            if count > COLUMNS.len() {
                "more".to_owned()
            } else {
                count.to_string()
            },
        )));
        return draft;
    }
    let [name, time, value, tags] = fields;
    draft.name = Some(name.into());
    match field::time_text(time, "/t") {
        Ok(time) => draft.time = Some(time),
        Err(fault) => draft.fault(fault),
    }
    match field::value_text(value) {
        Ok(value) => draft.value = Some(value),
        Err((reason, detail)) => draft.fault(Fault::at("/v", reason, format!("`v` {detail}"))),
    }
    match field::tags_text(tags) {
        Ok(tags) => draft.tags = tags,
        Err(fault) => draft.fault(fault),
    }
    draft
}

/// The first fields of a row and the number of its fields; of more than four
/// only that they are more.
type Fields<'a> = ([&'a str; 4], usize);

struct Splitter {
    reader: csv_core::Reader,
    unquoted: Vec<u8>,
}

impl Default for Splitter {
    fn default() -> Self {
        Self {
            // Not its default, which knows no quotes.
            reader: csv_core::Reader::new(),
            unquoted: Vec::new(),
        }
    }
}

impl Splitter {
    fn split<'a>(&'a mut self, line: &'a str) -> Result<Fields<'a>, Fault> {
        let mut fields = [""; 4];
        if !line.contains('"') {
            let mut count = 0;
            for (at, field) in line.split(',').enumerate().take(fields.len() + 1) {
                count = at + 1;
                if let Some(place) = fields.get_mut(at) {
                    *place = field;
                }
            }
            return Ok((fields, count));
        }
        let mut ends = [0; 5];
        let count = self.unquote(line.as_bytes(), &mut ends)?;
        let text = std::str::from_utf8(&self.unquoted)
            .map_err(|_| Fault::at("", Reason::Malformed, QUOTES))?;
        let mut start = 0;
        for (place, &end) in fields.iter_mut().zip(&ends[..count]) {
            *place = text.get(start..end).unwrap_or_default();
            start = end;
        }
        Ok((fields, count))
    }

    /// Writes the fields without their quotes one after the other, and where
    /// each ends.
    fn unquote(&mut self, line: &[u8], ends: &mut [usize; 5]) -> Result<usize, Fault> {
        self.reader.reset();
        self.unquoted.clear();
        self.unquoted.resize(line.len() + 1, 0);
        let (mut written, mut count) = (0, 0);
        // The line break ends the row, unless a quote is left open.
        for (input, wanted) in [
            (line, ReadRecordResult::InputEmpty),
            (b"\n", ReadRecordResult::Record),
        ] {
            let output = &mut self.unquoted[written..];
            let (result, _, bytes, fields) =
                self.reader.read_record(input, output, &mut ends[count..]);
            written += bytes;
            count += fields;
            if result == ReadRecordResult::OutputEndsFull {
                return Ok(ends.len());
            }
            if result != wanted {
                return Err(Fault::item(QUOTES));
            }
        }
        self.unquoted.truncate(written);
        Ok(count)
    }
}

const QUOTES: &str = "the row's quotes do not match";
