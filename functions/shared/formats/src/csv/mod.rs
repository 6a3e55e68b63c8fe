//! Points as CSV (RFC 4180): a header that names the columns, then a record a
//! point. Quotes come before lines: a line end inside quotes belongs to the
//! field, and a record may have many lines.
//!
//! Quotes decide in one way where a record ends, also where they are wrong: a
//! quote opens a field only as the field's first byte. So a record whose quotes
//! RFC 4180 forbids is rejected alone. Only a quote that is never closed takes
//! with it all that follows, as that is inside the field.

pub(crate) mod fields;
mod header;
pub(crate) mod point;
pub(crate) mod reader;
pub(crate) mod scan;
