//! From bytes to points and back: JSON, NDJSON, CSV, the rows of energy meters
//! and the data server's messages. Nothing here knows where bytes come from or
//! go to.
//!
//! Text is read in three steps, piece by piece, however it is cut:
//!
//! 1. bytes become text, or are refused as no UTF-8; a byte order mark before
//!    them is skipped ([`Reader`]);
//! 2. the text is cut into items: the elements of a JSON array, the lines of
//!    NDJSON, the records of a CSV. Broken syntax refuses the rest;
//! 3. each item is read on its own into a [`Collector`]. A wrong one becomes a
//!    reject with all that is wrong with it; the others stay.
//!
//! Of several things that are wrong the first in the stream is told. Only an
//! item that is cut is kept in memory, of at most [`MAX_ITEM`] bytes.
//!
//! Where the formats leave a choice:
//!
//! - Pointers begin with the element counted from 0 in JSON (`/3/v`, or
//!   `/data/3/<OBIS>`), as RFC 6901 wants it; in NDJSON and CSV with the line
//!   counted from 1 (the CSV's header is line 1), as editors show it. A record of
//!   CSV that has several lines is pointed to by its first.
//! - A line of NDJSON that is no JSON value refuses the rest, as in an array. A
//!   record of CSV cannot break the syntax: it is rejected alone. What RFC 4180
//!   does not allow of quotes rejects it, too: a quote in a field that does not
//!   begin with one, more than a comma after a closing one, or one that is left
//!   open, which makes one record of all that follows.
//! - The columns of a CSV stand in the order of its header. A header that names
//!   an unknown column, or one twice, refuses the body.
//! - A number in CSV may be written in any way that Rust reads (`+1`, `.5`); `NaN`
//!   and `inf` are `not_finite`. In JSON they are broken syntax.
//! - An OBIS code as meters print it, with medium and channel (`1-0:1.8.0*255`),
//!   is the same as its hexadecimal form (`0100010800FF`), after which the series
//!   is named. Any other key is part of the name as it is.
//! - In measurements the parts of a series' name before the OBIS code hold no `:`,
//!   a null is no value, and what is wrong with a row as a whole rejects each of
//!   its points (listed once).

mod about;
mod collect;
mod csv;
mod error;
mod fault;
mod field;
mod items;
mod json;
pub mod message;
mod meter;
pub mod obis;
mod position;
mod reader;
mod reread;
mod syntax;
#[cfg(test)]
mod tests;
mod text;
pub mod write;

pub use about::read_about;
pub use collect::{Collector, MAX_LISTED, Parsed};
pub use error::{MAX_ITEM, ReadError};
pub use fault::{Fault, told};
pub use meter::{MAX_PART_BYTES, MAX_TAG_CHARACTERS};
pub use reader::Reader;
pub use reread::{ReadPoint, reread};
pub use syntax::Syntax;
