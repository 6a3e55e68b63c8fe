//! The text of a body of which nobody said in what syntax it is: by how it begins
//! there is no doubt. Points in JSON are an array, a line of NDJSON is an object,
//! and all else is CSV, whose header begins with neither.

use tidemark_formats::{Collector, ReadError, Reader, Syntax};

/// What some programs write before UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
/// How many blanks may stand before the first byte that tells; beyond, it is JSON.
const BLANKS: usize = 64 << 10;

/// A text that is read piece by piece.
pub(super) enum Text {
    /// It is known how.
    Known(Reader),
    /// So far it consists of these blanks, perhaps after a byte order mark.
    Blank(Vec<u8>),
}

impl Default for Text {
    fn default() -> Self {
        Self::Blank(Vec::new())
    }
}

impl Text {
    /// Reads the next piece.
    pub(super) fn feed(&mut self, piece: &[u8], into: &mut Collector) -> Result<(), ReadError> {
        match self {
            Self::Known(reader) => reader.feed(piece, into),
            Self::Blank(head) => {
                // What came before is blank: pieces may be many, and as short as a byte.
                let is_begun = head.len() > BYTE_ORDER_MARK.len();
                head.extend_from_slice(piece);
                let seen = if is_begun { piece } else { head.as_slice() };
                let is_long = head.len() > BLANKS;
                let Some(syntax) = syntax(seen).or(is_long.then_some(Syntax::Json)) else {
                    return Ok(());
                };
                let mut reader = Reader::points(syntax);
                let read = reader.feed(head, into);
                *self = Self::Known(reader);
                read
            }
        }
    }

    /// Reads the last piece, or all there is.
    pub(super) fn finish(self, piece: &[u8], into: &mut Collector) -> Result<(), ReadError> {
        match self {
            Self::Known(reader) => reader.finish(piece, into),
            Self::Blank(mut head) => {
                head.extend_from_slice(piece);
                let syntax = syntax(&head).unwrap_or(Syntax::Json);
                Reader::points(syntax).finish(&head, into)
            }
        }
    }
}

/// In what syntax a text is that begins like this; None if that is not told yet.
fn syntax(head: &[u8]) -> Option<Syntax> {
    if BYTE_ORDER_MARK.starts_with(head) {
        return None;
    }
    let text = head.strip_prefix(BYTE_ORDER_MARK).unwrap_or(head);
    match text.iter().find(|byte| !b" \t\r\n".contains(byte)) {
        None => None,
        Some(b'[') => Some(Syntax::Json),
        Some(b'{') => Some(Syntax::Ndjson),
        Some(_) => Some(Syntax::Csv),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_byte_that_is_no_blank_tells() {
        for (head, expected) in [
            ("", None),
            (" \r\n\t", None),
            ("\u{feff}", None),
            ("\u{feff} ", None),
            ("[", Some(Syntax::Json)),
            (" \n[", Some(Syntax::Json)),
            ("\u{feff}\n [", Some(Syntax::Json)),
            ("{", Some(Syntax::Ndjson)),
            ("\u{feff}{", Some(Syntax::Ndjson)),
            ("name,t,v", Some(Syntax::Csv)),
            ("\u{feff}\"name\"", Some(Syntax::Csv)),
        ] {
            assert_eq!(syntax(head.as_bytes()), expected, "{head:?}");
        }
        // A byte order mark that is cut, and what is none.
        assert_eq!(syntax(&BYTE_ORDER_MARK[..2]), None);
        assert_eq!(syntax(b"\xef\xbb["), Some(Syntax::Csv));
    }
}
