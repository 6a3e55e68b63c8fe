//! Where a record ends.

use memchr::{memchr, memchr_iter, memchr2};

/// Looks for the end of a record, piece by piece.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RecordScan {
    state: State,
    /// Whether there was a quote.
    pub(crate) has_quotes: bool,
    /// The line ends inside quotes.
    pub(crate) breaks: usize,
}

/// What the next byte meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    /// The beginning of a field: a quote opens it.
    #[default]
    FieldStart,
    /// A field outside quotes, where a quote is a byte like others.
    Outside,
    Inside,
    /// What was a closing quote, unless another one follows.
    AfterQuote,
}

impl RecordScan {
    /// Goes on through `bytes` of a record; the place of the line feed that ends
    /// it, if there is one.
    pub(crate) fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        loop {
            let rest = &bytes[at..];
            match self.state {
                State::FieldStart | State::Outside => {
                    let Some(found) = memchr2(b'\n', b'"', rest) else {
                        if let Some(last) = rest.last() {
                            self.state = State::after(*last);
                        }
                        return None;
                    };
                    if rest[found] == b'\n' {
                        return Some(at + found);
                    }
                    self.has_quotes = true;
                    let before = match found {
                        0 => self.state,
                        _ => State::after(rest[found - 1]),
                    };
                    self.state = match before {
                        State::FieldStart => State::Inside,
                        _ => State::Outside,
                    };
                    at += found + 1;
                }
                State::Inside => {
                    let found = memchr(b'"', rest);
                    let inside = &rest[..found.unwrap_or(rest.len())];
                    self.breaks += memchr_iter(b'\n', inside).count();
                    at += found? + 1;
                    self.state = State::AfterQuote;
                }
                State::AfterQuote => {
                    if *rest.first()? == b'"' {
                        self.state = State::Inside;
                        at += 1;
                    } else {
                        self.state = State::Outside;
                    }
                }
            }
        }
    }

    /// Whether a quote is open.
    pub(crate) fn is_open(&self) -> bool {
        self.state == State::Inside
    }
}

impl State {
    /// After a byte outside quotes.
    const fn after(byte: u8) -> Self {
        match byte {
            b',' => Self::FieldStart,
            _ => Self::Outside,
        }
    }
}
