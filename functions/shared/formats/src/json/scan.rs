//! Walks through the outer structure of a JSON text, element by element, so that
//! each element can be judged on its own. The elements themselves are checked by
//! `serde_json`, which neither recurses nor allocates for what it only skips.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::{MAX_ITEM, ReadError};
use crate::json::boundary::Boundary;
use crate::position::Position;

/// A place in a JSON text, or in a piece of one.
#[derive(Debug, Clone)]
pub(crate) struct Json<'a> {
    text: &'a str,
    read: usize,
    /// Where the text begins.
    from: Position,
}

/// What a value is that comes next.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Next<'a> {
    /// All of it, as it is written.
    Whole(&'a str),
    /// The text ends before it does.
    Cut(Boundary),
    /// Longer than [`MAX_ITEM`].
    Long,
}

impl<'a> Json<'a> {
    /// At the beginning of `text`, which stands at `from`.
    pub(crate) const fn new(text: &'a str, from: Position) -> Self {
        Self {
            text,
            read: 0,
            from,
        }
    }

    /// How many bytes were read.
    pub(crate) const fn read(&self) -> usize {
        self.read
    }

    /// What has not been read yet.
    pub(crate) fn rest(&self) -> &'a str {
        self.text.get(self.read..).unwrap_or_default()
    }

    /// Goes on by `bytes`, which were read from [`Json::rest`].
    pub(crate) const fn advance(&mut self, bytes: usize) {
        self.read += bytes;
    }

    /// The next byte that is not white space.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.read..)?;
        let skip = rest
            .iter()
            .position(|b| !matches!(b, b' ' | b'\n' | b'\t' | b'\r'))
            .unwrap_or(rest.len());
        self.read += skip;
        rest.get(skip).copied()
    }

    /// The next value. `last` says that nothing follows the text, so that a value
    /// that it does not hold whole is broken.
    pub(crate) fn value(&mut self, last: bool) -> Result<Next<'a>, ReadError> {
        self.peek();
        let rest = self.rest();
        let window = &rest[..rest.floor_char_boundary(MAX_ITEM)];
        let is_long = window.len() < rest.len();
        let mut values = serde_json::Deserializer::from_str(window);
        let error = match <&RawValue>::deserialize(&mut values) {
            // A number may go on.
            Ok(raw) if raw.get().len() == window.len() && raw.get().ends_with(is_digit) => {
                if last && !is_long {
                    self.read += raw.get().len();
                    return Ok(Next::Whole(raw.get()));
                }
                None
            }
            Ok(raw) => {
                self.read += raw.get().len();
                return Ok(Next::Whole(raw.get()));
            }
            Err(error) => Some(error),
        };
        if let Some(error) = &error {
            let end = Position::START.after(window.as_bytes());
            let at_end = (error.line(), error.column()) == (end.line, end.column);
            if !at_end || (last && !is_long) {
                return Err(self.refused(error));
            }
        }
        let mut boundary = Boundary::default();
        match (boundary.end(window.as_bytes()), &error) {
            // It ends here, and not well.
            (Some(_), Some(error)) => Err(self.refused(error)),
            _ if is_long => Ok(Next::Long),
            _ => Ok(Next::Cut(boundary)),
        }
    }

    /// Checks that nothing more comes.
    pub(crate) fn end(&mut self) -> Result<(), ReadError> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.error("trailing characters")),
        }
    }

    /// A syntax error at the byte that comes next.
    pub(crate) fn error(&self, detail: &str) -> ReadError {
        let before = &self.text.as_bytes()[..self.text.len().min(self.read + 1)];
        ReadError::syntax(self.from.after(before), detail)
    }

    /// What `serde_json` says of the rest, with the position in the whole.
    fn refused(&self, error: &serde_json::Error) -> ReadError {
        let begin = self.from.after(&self.text.as_bytes()[..self.read]);
        let at = Position {
            line: begin.line + error.line().saturating_sub(1),
            column: if error.line() <= 1 {
                begin.column + error.column()
            } else {
                error.column()
            },
        };
        ReadError::syntax(at, without_position(error))
    }
}

const fn is_digit(character: char) -> bool {
    character.is_ascii_digit()
}

/// The one JSON value that `text` is.
pub(crate) fn only_value(text: &str) -> Result<&str, ReadError> {
    let mut json = Json::new(text, Position::START);
    match json.value(true)? {
        Next::Whole(value) => json.end().map(|()| value),
        // What is kept of a payload is shorter.
        Next::Cut(_) | Next::Long => Err(json.error("the value is too long")),
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
pub(crate) fn members<'a>(
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
