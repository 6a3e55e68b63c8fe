//! A JSON array that comes in pieces, element by element.

use std::marker::PhantomData;

use crate::collect::{Collector, Place};
use crate::error::{MAX_ITEM, ReadError};
use crate::json::boundary::Boundary;
use crate::json::head::{Found, Head};
use crate::json::scan::{Json, Next};
use crate::position::Position;
use crate::text::TextReader;

/// What the elements of an array are.
pub(crate) trait Item {
    /// What was wanted, for those who send no array.
    const SHAPE: &'static str;
    /// Whether the array may stand in `{"data": [...]}`.
    const IN_ENVELOPE: bool;

    /// Reads the element that comes next; `last` if nothing follows the text.
    fn read(
        json: &mut Json<'_>,
        last: bool,
        place: Place,
        into: &mut Collector,
    ) -> Result<Element, ReadError>;
}

/// What became of an element.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Element {
    /// It was read.
    Read,
    /// The text ends before it does.
    Cut(Boundary),
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The bracket, or perhaps the envelope.
    Start,
    /// The envelope, perhaps.
    Envelope,
    /// A value that is no array.
    Other,
    /// Nothing, after that value.
    AfterOther,
    /// An element or the closing bracket, after the opening one.
    First,
    /// An element or the closing bracket, after a comma: one is tolerated there.
    Next,
    /// A comma or the closing bracket.
    After,
    /// The end of the envelope.
    Close,
    /// Nothing.
    End,
}

/// How to go on with what is cut.
#[derive(Debug, Clone, Copy)]
enum Cut {
    Envelope(Head),
    Value(Boundary),
}

/// Reads an array of `T`.
#[derive(Debug)]
pub(crate) struct ArrayReader<T> {
    state: State,
    /// What stands before the number of an element in a pointer.
    parent: &'static str,
    /// How many elements were read.
    number: usize,
    /// The beginning of what is cut.
    pending: String,
    cut: Cut,
    /// Where `pending` begins.
    at: Position,
    item: PhantomData<fn() -> T>,
}

impl<T> Default for ArrayReader<T> {
    fn default() -> Self {
        Self {
            state: State::Start,
            parent: "",
            number: 0,
            pending: String::new(),
            cut: Cut::Value(Boundary::default()),
            at: Position::START,
            item: PhantomData,
        }
    }
}

impl<T: Item> ArrayReader<T> {
    /// Reads as much of `text` as can be; how many bytes that is. What is left
    /// is cut, and `last` says that nothing can be.
    fn walk(&mut self, text: &str, last: bool, into: &mut Collector) -> Result<usize, ReadError> {
        let mut json = Json::new(text, self.at);
        while let Some(byte) = json.peek() {
            match (self.state, byte) {
                (State::First | State::Next | State::After, b']') => {
                    json.advance(1);
                    self.state = if self.parent.is_empty() {
                        State::End
                    } else {
                        State::Close
                    };
                }
                (State::After, b',') => {
                    json.advance(1);
                    self.state = State::Next;
                }
                (State::First | State::Next, _) => {
                    let place = Place {
                        parent: self.parent,
                        number: self.number,
                    };
                    if let Element::Cut(boundary) = T::read(&mut json, last, place, into)? {
                        self.cut = Cut::Value(boundary);
                        break;
                    }
                    self.number += 1;
                    self.state = State::After;
                }
                (State::After, _) => return Err(json.error("expected `,` or `]`")),
                (State::Start, b'[') => {
                    json.advance(1);
                    self.state = State::First;
                }
                (State::Start, b'{') if T::IN_ENVELOPE => self.state = State::Envelope,
                (State::Start, _) => self.state = State::Other,
                (State::Envelope, _) => {
                    if !self.envelope(&mut json, last) {
                        break;
                    }
                }
                (State::Other, _) => match json.value(last)? {
                    Next::Whole(_) => self.state = State::AfterOther,
                    Next::Long => return Err(ReadError::shape(T::SHAPE)),
                    Next::Cut(boundary) => {
                        self.cut = Cut::Value(boundary);
                        break;
                    }
                },
                (State::Close, b'}') => {
                    json.advance(1);
                    self.state = State::End;
                }
                (State::Close, b',') => return Err(ReadError::shape(T::SHAPE)),
                (State::Close, _) => return Err(json.error("expected `}`")),
                (State::AfterOther | State::End, _) => {
                    return Err(json.error("trailing characters"));
                }
            }
        }
        Ok(json.read())
    }

    /// Looks for the array of an envelope; `false` if the text is too short.
    /// What is no envelope is read whole: what is no JSON at all is told first.
    fn envelope(&mut self, json: &mut Json<'_>, last: bool) -> bool {
        let rest = json.rest();
        let mut head = Head::default();
        match head.find(rest.as_bytes()) {
            Some(Found::Array(bytes)) if bytes <= MAX_ITEM => {
                json.advance(bytes);
                self.parent = "/data";
                self.state = State::First;
            }
            None if !last && rest.len() <= MAX_ITEM => {
                self.cut = Cut::Envelope(head);
                return false;
            }
            _ => self.state = State::Other,
        }
        true
    }

    /// Keeps what is cut of `text`, of which so many bytes were read.
    fn keep(&mut self, text: &str, read: usize) {
        let (before, rest) = text.split_at(read);
        self.at = self.at.after(before.as_bytes());
        self.pending.push_str(rest);
    }

    /// Adds to what is cut until it is whole; what is left of `text`.
    fn join<'a>(&mut self, text: &'a str, into: &mut Collector) -> Result<&'a str, ReadError> {
        let (end, is_value) = match &mut self.cut {
            Cut::Value(boundary) => (boundary.end(text.as_bytes()), true),
            Cut::Envelope(head) => (head.find(text.as_bytes()).map(Found::bytes), false),
        };
        // One that is too long is not gathered whole.
        let room = MAX_ITEM + 1 - self.pending.len();
        let wanted = end.unwrap_or(text.len()).min(room);
        let (more, rest) = text.split_at(text.ceil_char_boundary(wanted));
        self.pending.push_str(more);
        if end.is_none() && self.pending.len() <= MAX_ITEM {
            return Ok(rest);
        }
        let mut whole = std::mem::take(&mut self.pending);
        let is_whole = is_value && end == Some(more.len());
        let read = self.walk(&whole, is_whole, into)?;
        self.keep(&whole, read);
        if self.pending.is_empty() {
            whole.clear();
            self.pending = whole;
        }
        Ok(rest)
    }

    /// Reads the last piece, what was cut being in it.
    fn end(&mut self, text: &str, into: &mut Collector) -> Result<(), ReadError> {
        self.walk(text, true, into)?;
        let missing = match self.state {
            State::End if self.number > 0 => return Ok(()),
            State::Start | State::End => return Err(ReadError::Empty),
            State::Envelope | State::Other | State::AfterOther => {
                return Err(ReadError::shape(T::SHAPE));
            }
            State::First | State::After => "a list",
            State::Next => "a value",
            State::Close => "an object",
        };
        let end = self.at.after(text.as_bytes());
        Err(ReadError::syntax(
            end,
            format!("EOF while parsing {missing}"),
        ))
    }
}

impl<T: Item> TextReader for ArrayReader<T> {
    fn feed(&mut self, mut text: &str, into: &mut Collector) -> Result<(), ReadError> {
        while !self.pending.is_empty() {
            if text.is_empty() {
                return Ok(());
            }
            text = self.join(text, into)?;
        }
        let read = self.walk(text, false, into)?;
        self.keep(text, read);
        Ok(())
    }

    fn finish(&mut self, text: &str, into: &mut Collector) -> Result<(), ReadError> {
        if self.pending.is_empty() {
            return self.end(text, into);
        }
        self.feed(text, into)?;
        let rest = std::mem::take(&mut self.pending);
        self.end(&rest, into)
    }

    fn settle(&mut self, into: &mut Collector) -> Result<(), ReadError> {
        let rest = std::mem::take(&mut self.pending);
        let read = self.walk(&rest, false, into)?;
        self.keep(&rest, read);
        Ok(())
    }

    fn position(&self) -> Position {
        self.at.after(self.pending.as_bytes())
    }

    fn buffered(&self) -> usize {
        self.pending.capacity()
    }
}
