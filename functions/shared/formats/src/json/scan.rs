//! Walks through the outer structure of a JSON text, element by element, so that
//! each element can be judged on its own. The elements themselves are checked by
//! `serde_json`, which neither recurses nor allocates for what it only skips.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::error::BodyError;

/// Line and column, from 1 and in bytes, of the last of the first `index` bytes:
/// what `serde_json` calls the position.
pub(super) fn position(bytes: &[u8], index: usize) -> (usize, usize) {
    let before = &bytes[..index.min(bytes.len())];
    before
        .split(|&b| b == b'\n')
        .zip(1..)
        .last()
        .map_or((1, 0), |(last, line)| (line, last.len()))
}

/// A place in a JSON text.
#[derive(Debug, Clone)]
pub(super) struct Json<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Json<'a> {
    /// At the beginning of `text`.
    pub(super) const fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// At the byte `at` of `text`, which begins a character.
    pub(super) const fn starting_at(text: &'a str, at: usize) -> Self {
        Self { text, at }
    }

    /// What has not been read yet.
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Goes on by `bytes`, which were read from [`Json::rest`].
    pub(super) fn advance(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// The next byte that is not white space.
    pub(super) fn peek(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let skip = rest
            .iter()
            .position(|b| !matches!(b, b' ' | b'\n' | b'\t' | b'\r'))
            .unwrap_or(rest.len());
        self.at += skip;
        rest.get(skip).copied()
    }

    /// Goes past `byte` if it comes next.
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// The next value, whole and as it is written.
    pub(super) fn value(&mut self) -> Result<&'a str, BodyError> {
        self.peek();
        let mut values = serde_json::Deserializer::from_str(self.rest());
        match <&RawValue>::deserialize(&mut values) {
            Ok(raw) => {
                self.at += raw.get().len();
                Ok(raw.get())
            }
            Err(error) => Err(self.refused(&error)),
        }
    }

    /// Moves to the next element of an array whose bracket was read: whether
    /// there is one, otherwise the closing bracket was read. One comma before
    /// that bracket is tolerated.
    pub(super) fn element(&mut self, first: bool) -> Result<bool, BodyError> {
        if self.eat(b']') {
            return Ok(false);
        }
        if first {
            return match self.peek() {
                Some(_) => Ok(true),
                None => Err(self.error("EOF while parsing a list")),
            };
        }
        if self.eat(b',') {
            return Ok(!self.eat(b']'));
        }
        let detail = match self.peek() {
            Some(_) => "expected `,` or `]`",
            None => "EOF while parsing a list",
        };
        Err(self.error(detail))
    }

    /// Checks that nothing more comes.
    pub(super) fn end(&mut self) -> Result<(), BodyError> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.error("trailing characters")),
        }
    }

    /// A syntax error at the byte that comes next.
    pub(super) fn error(&self, detail: &str) -> BodyError {
        let (line, column) = position(self.text.as_bytes(), self.at + 1);
        BodyError::Syntax {
            line,
            column,
            detail: detail.to_owned(),
        }
    }

    /// What `serde_json` says of the rest, with the position in the whole.
    fn refused(&self, error: &serde_json::Error) -> BodyError {
        let (line, column) = position(self.text.as_bytes(), self.at);
        BodyError::Syntax {
            line: line + error.line().saturating_sub(1),
            column: if error.line() <= 1 {
                column + error.column()
            } else {
                error.column()
            },
            detail: without_position(error),
        }
    }
}

/// The message alone.
fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&position)
        .map_or_else(|| text.clone(), str::to_owned)
}

/// Calls `each` with every member of a JSON object, in order, repeated ones
/// included: its key, and its value as it is written.
pub(super) fn members<'a>(
    object: &'a str,
    each: impl FnMut(Cow<'a, str>, &'a str),
) -> Result<(), serde_json::Error> {
    let mut object = serde_json::Deserializer::from_str(object);
    object.deserialize_map(Members(each))?;
    object.end()
}

struct Members<F>(F);

impl<'de, F: FnMut(Cow<'de, str>, &'de str)> Visitor<'de> for Members<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key_seed(Key)? {
            let value: &'de RawValue = map.next_value()?;
            (self.0)(key, value.get());
        }
        Ok(())
    }
}

/// A key, borrowed unless it holds an escape.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: serde::Deserializer<'de>>(self, key: D) -> Result<Self::Value, D::Error> {
        key.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}
