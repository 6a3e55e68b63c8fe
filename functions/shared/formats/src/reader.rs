//! The way in: bytes become text, and the text is read by its format.

use crate::collect::Collector;
use crate::csv::reader::CsvRecords;
use crate::error::ReadError;
use crate::items::ItemReader;
use crate::json::array::ArrayReader;
use crate::json::lines::JsonLines;
use crate::json::point::PointItem;
use crate::meter::RowItem;
use crate::syntax::Syntax;
use crate::text::TextReader;

/// What some programs write before UTF-8. It is no part of the text (RFC 3629,
/// section 6), and counts in no position.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Reads points from bytes that come in pieces of any length, into a
/// [`Collector`]. What is read, and what is wrong where, does not depend on how
/// the bytes are cut; what is in one piece is read where it lies. A byte order
/// mark at the beginning is skipped.
///
/// ```
/// use tidemark_formats::{Collector, Reader, Syntax};
///
/// let mut points = Collector::new(1 << 20);
/// let mut reader = Reader::points(Syntax::Json);
/// reader.feed(br#"[{"name": "a", "t": 1, "v"#, &mut points)?;
/// reader.feed(br#"": 2}, {"name": "a"}]"#, &mut points)?;
/// reader.finish(b"", &mut points)?;
/// let parsed = points.take();
/// assert_eq!((parsed.accepted, parsed.rejected), (1, 1));
/// assert_eq!(parsed.errors[0].pointer, "/1");
/// # Ok::<(), tidemark_formats::ReadError>(())
/// ```
pub struct Reader {
    text: Box<dyn TextReader>,
    /// Whether a first character came, which alone may be a byte order mark.
    has_begun: bool,
    /// The beginning of a character that is cut.
    cut: [u8; 4],
    cut_bytes: usize,
}

impl Reader {
    /// Reads points as `POST /api` takes them: `{"name", "t", "v", "tags"}`, or
    /// records of CSV below a header of `name`, `t`, `v` and perhaps `tags`.
    pub fn points(syntax: Syntax) -> Self {
        match syntax {
            Syntax::Json => Self::of(ArrayReader::<PointItem>::default()),
            Syntax::Ndjson => Self::of(ItemReader::<JsonLines>::default()),
            Syntax::Csv => Self::of(ItemReader::<CsvRecords>::default()),
        }
    }

    /// Reads rows of energy meters: `{"data": [...]}`, or the bare array.
    pub fn measurements() -> Self {
        Self::of(ArrayReader::<RowItem>::default())
    }

    fn of(text: impl TextReader + 'static) -> Self {
        Self {
            text: Box::new(text),
            has_begun: false,
            cut: [0; 4],
            cut_bytes: 0,
        }
    }

    /// Reads the next piece. After an error the reader is spent; what it read
    /// before is in `into` all the same.
    pub fn feed(&mut self, bytes: &[u8], into: &mut Collector) -> Result<(), ReadError> {
        let bytes = self.complete(bytes, into)?;
        let (text, rest) = split(bytes);
        let text = self.without_mark(text);
        self.text.feed(text, into)?;
        if rest.is_empty() {
            return Ok(());
        }
        if !is_beginning(rest) {
            return Err(self.no_text(into));
        }
        self.cut[..rest.len()].copy_from_slice(rest);
        self.cut_bytes = rest.len();
        Ok(())
    }

    /// Reads the last piece, which may be empty, or all there is.
    pub fn finish(mut self, bytes: &[u8], into: &mut Collector) -> Result<(), ReadError> {
        let bytes = self.complete(bytes, into)?;
        let (text, rest) = split(bytes);
        let text = self.without_mark(text);
        if rest.is_empty() && self.cut_bytes == 0 {
            return self.text.finish(text, into);
        }
        self.text.feed(text, into)?;
        Err(self.no_text(into))
    }

    /// How many bytes are allocated for an item that is cut.
    pub fn buffered(&self) -> usize {
        self.text.buffered()
    }

    /// The next piece of text, but for a mark that the whole begins with.
    fn without_mark<'a>(&mut self, text: &'a str) -> &'a str {
        if self.has_begun || text.is_empty() {
            return text;
        }
        self.has_begun = true;
        text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)
    }

    /// Reads the character that is cut, if it is whole now; what comes after it.
    fn complete<'a>(
        &mut self,
        mut bytes: &'a [u8],
        into: &mut Collector,
    ) -> Result<&'a [u8], ReadError> {
        while self.cut_bytes > 0 {
            let Some((&first, rest)) = bytes.split_first() else {
                break;
            };
            bytes = rest;
            self.cut[self.cut_bytes] = first;
            self.cut_bytes += 1;
            let character = self.cut;
            let character = &character[..self.cut_bytes];
            if let Ok(text) = std::str::from_utf8(character) {
                self.cut_bytes = 0;
                let text = self.without_mark(text);
                self.text.feed(text, into)?;
            } else if !is_beginning(character) {
                return Err(self.no_text(into));
            }
        }
        Ok(bytes)
    }

    /// The next byte is no part of UTF-8.
    fn no_text(&mut self, into: &mut Collector) -> ReadError {
        if let Err(before) = self.text.settle(into) {
            return before;
        }
        let at = self.text.position();
        ReadError::Utf8 {
            line: at.line,
            column: at.column + 1,
        }
    }
}

/// The bytes as text as far as they are, and the others.
fn split(bytes: &[u8]) -> (&str, &[u8]) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (text, &[]),
        Err(error) => {
            let (text, rest) = bytes.split_at(error.valid_up_to());
            (std::str::from_utf8(text).unwrap_or_default(), rest)
        }
    }
}

/// Whether the bytes are the beginning of a character, which is longer.
fn is_beginning(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes)
        .is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
}
