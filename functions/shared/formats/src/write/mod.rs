//! From points to bytes. Everything is appended to what is there already, a row
//! a call, so that pages and streams can be made of it.

pub mod json;
pub mod measurements;
pub mod number;
pub mod points;
pub mod time;
