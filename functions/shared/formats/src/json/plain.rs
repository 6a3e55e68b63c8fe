//! The short way through a point in the form that nearly all come in:
//! `{"name": "...", "t": ..., "v": ...}`, in this order, without escapes or tags.
//! What is not exactly that is left to the long way, so nothing is refused here.

use tidemark_core::point::Value;
use tidemark_core::time::Timestamp;
use tidemark_core::zone::Zone;

/// A point without tags. Whether its name is one has not been checked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct PlainPoint<'a> {
    pub(crate) name: &'a str,
    pub(crate) time: Timestamp,
    pub(crate) value: Value,
}

/// The point with which `text` begins and its length in bytes, if it is written
/// in the plain form.
pub(crate) fn point(text: &str) -> Option<(PlainPoint<'_>, usize)> {
    let mut scan = Scan { text, at: 0 };
    scan.token(b'{')?;
    scan.key(b"\"name\"")?;
    let name = scan.string()?;
    scan.token(b',')?;
    scan.key(b"\"t\"")?;
    let time = match scan.next()? {
        b'"' => scan.string()?,
        _ => scan.number()?,
    };
    scan.token(b',')?;
    scan.key(b"\"v\"")?;
    let value = scan.number()?;
    scan.token(b'}')?;
    let point = PlainPoint {
        name,
        time: Timestamp::parse(time, Zone::UTC).ok()?,
        value: Value::new(value.parse().ok()?).ok()?,
    };
    Some((point, scan.at))
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte that is not white space.
    fn next(&mut self) -> Option<u8> {
        loop {
            match self.byte()? {
                b' ' | b'\n' | b'\t' | b'\r' => self.at += 1,
                byte => return Some(byte),
            }
        }
    }

    fn token(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then(|| self.at += 1)
    }

    fn key(&mut self, quoted: &[u8]) -> Option<()> {
        self.next()?;
        let rest = self.text.as_bytes().get(self.at..)?;
        rest.starts_with(quoted).then_some(())?;
        self.at += quoted.len();
        self.token(b':')
    }

    fn string(&mut self) -> Option<&'a str> {
        self.token(b'"')?;
        let rest = self.text.as_bytes().get(self.at..)?;
        let length = rest
            .iter()
            .position(|&b| b == b'"' || b == b'\\' || b < b' ')?;
        if rest.get(length) != Some(&b'"') {
            return None;
        }
        let string = self.text.get(self.at..self.at + length)?;
        self.at += length + 1;
        Some(string)
    }

    /// A number by the grammar of JSON (RFC 8259, section 6), as it is written.
    fn number(&mut self) -> Option<&'a str> {
        self.next()?;
        let start = self.at;
        self.at += usize::from(self.byte()? == b'-');
        if self.byte()? == b'0' {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.byte()? == b'.' {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.byte()?, b'e' | b'E') {
            self.at += 1;
            self.at += usize::from(matches!(self.byte()?, b'+' | b'-'));
            self.digits()?;
        }
        self.text.get(start..self.at)
    }

    /// At least one digit. A point goes on after its numbers, so that the end of
    /// the text is not the end of a number.
    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.byte()?.is_ascii_digit() {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }
}
