//! Points in JSON, one a line.

use crate::collect::{Collector, Place};
use crate::error::{MAX_ITEM, ReadError};
use crate::json::point;
use crate::json::scan::Json;
use crate::position::Position;
use crate::text::TextReader;

/// Reads lines of NDJSON; blank ones are skipped. A line that is no JSON value
/// refuses the rest, as in an array.
#[derive(Debug)]
pub(crate) struct JsonLines {
    /// The beginning of a line that is cut.
    pending: String,
    /// That line.
    number: usize,
    /// Whether there was an item at all.
    any: bool,
}

impl Default for JsonLines {
    fn default() -> Self {
        Self {
            pending: String::new(),
            number: 1,
            any: false,
        }
    }
}

impl JsonLines {
    fn place(&self) -> Place {
        Place {
            parent: "",
            number: self.number,
        }
    }

    /// Checks the length of a line, of which perhaps more is to come.
    fn fits(&self, bytes: usize) -> Result<(), ReadError> {
        if bytes <= MAX_ITEM {
            Ok(())
        } else {
            Err(self.place().long())
        }
    }

    fn line(&mut self, line: &str, into: &mut Collector) -> Result<(), ReadError> {
        self.fits(line.len())?;
        let mut json = Json::new(line, Position::line(self.number));
        if json.peek().is_some() {
            point::element(&mut json, true, self.place(), into)?;
            json.end()?;
            self.any = true;
        }
        self.number += 1;
        Ok(())
    }
}

impl TextReader for JsonLines {
    fn feed(&mut self, mut text: &str, into: &mut Collector) -> Result<(), ReadError> {
        while let Some(end) = memchr::memchr(b'\n', text.as_bytes()) {
            let line = &text[..end];
            text = &text[end + 1..];
            if self.pending.is_empty() {
                self.line(line, into)?;
                continue;
            }
            self.fits(self.pending.len() + line.len())?;
            let mut whole = std::mem::take(&mut self.pending);
            whole.push_str(line);
            self.line(&whole, into)?;
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
        self.line(&last, into)?;
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
        Position {
            line: self.number,
            column: self.pending.len(),
        }
    }

    fn buffered(&self) -> usize {
        self.pending.capacity()
    }
}
