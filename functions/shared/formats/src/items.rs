//! Text that is cut into items by line feeds, and read item by item.

use crate::collect::{Collector, Place};
use crate::error::{MAX_ITEM, ReadError};
use crate::position::Position;
use crate::text::TextReader;

/// Reads one item after the other of some format.
pub(crate) trait Items: Default + Send {
    /// Goes on through `bytes` of an item: the place of the line feed that ends it, if
    /// there is one.
    fn end(&mut self, bytes: &[u8]) -> Option<usize>;

    /// Reads the item that was gone through, without that line feed, and tells how many
    /// others it held.
    fn read(&mut self, item: &str, place: Place, into: &mut Collector) -> Result<usize, ReadError>;

    /// Whether there was an item at all.
    fn any(&self) -> bool;
}

/// Cuts a text into items.
#[derive(Debug)]
pub(crate) struct ItemReader<I> {
    items: I,
    /// The beginning of an item that is cut.
    pending: String,
    /// That item's first line.
    line: usize,
}

impl<I: Items> Default for ItemReader<I> {
    fn default() -> Self {
        Self {
            items: I::default(),
            pending: String::new(),
            line: 1,
        }
    }
}

impl<I: Items> ItemReader<I> {
    const fn place(&self) -> Place {
        Place {
            parent: "",
            number: self.line,
        }
    }

    /// Checks the length of an item, of which perhaps more is to come.
    fn fits(&self, bytes: usize) -> Result<(), ReadError> {
        if bytes <= MAX_ITEM {
            Ok(())
        } else {
            Err(self.place().long())
        }
    }

    fn item(&mut self, item: &str, into: &mut Collector) -> Result<(), ReadError> {
        self.fits(item.len())?;
        let place = self.place();
        self.line += 1 + self.items.read(item, place, into)?;
        Ok(())
    }
}

impl<I: Items> TextReader for ItemReader<I> {
    fn feed(&mut self, mut text: &str, into: &mut Collector) -> Result<(), ReadError> {
        while let Some(end) = self.items.end(text.as_bytes()) {
            let item = &text[..end];
            text = &text[end + 1..];
            if self.pending.is_empty() {
                self.item(item, into)?;
                continue;
            }
            self.fits(self.pending.len() + item.len())?;
            let mut whole = std::mem::take(&mut self.pending);
            whole.push_str(item);
            self.item(&whole, into)?;
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
        self.item(&last, into)?;
        if self.items.any() {
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
