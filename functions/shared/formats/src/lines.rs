//! Text that is read line by line.

use crate::collect::{Collector, Place};
use crate::error::{MAX_ITEM, ReadError};
use crate::position::Position;
use crate::text::TextReader;

/// Reads one line after the other of some format.
pub(crate) trait Line: Default + Send {
    /// Reads a line, without its `\n`; `number` counts from 1.
    fn read(&mut self, line: &str, number: usize, into: &mut Collector) -> Result<(), ReadError>;

    /// Whether there was an item at all.
    fn any(&self) -> bool;
}

/// Cuts a text into lines.
#[derive(Debug)]
pub(crate) struct LineReader<L> {
    format: L,
    /// The beginning of a line that is cut.
    pending: String,
    /// That line.
    number: usize,
}

impl<L: Line> Default for LineReader<L> {
    fn default() -> Self {
        Self {
            format: L::default(),
            pending: String::new(),
            number: 1,
        }
    }
}

impl<L: Line> LineReader<L> {
    /// Checks the length of a line, of which perhaps more is to come.
    fn fits(&self, bytes: usize) -> Result<(), ReadError> {
        if bytes <= MAX_ITEM {
            return Ok(());
        }
        let place = Place {
            parent: "",
            number: self.number,
        };
        Err(place.long())
    }

    fn line(&mut self, line: &str, into: &mut Collector) -> Result<(), ReadError> {
        self.fits(line.len())?;
        self.format.read(line, self.number, into)?;
        self.number += 1;
        Ok(())
    }
}

impl<L: Line> TextReader for LineReader<L> {
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
        if self.format.any() {
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
