//! What Tidemark is about: points of series, the rules that decide which are
//! kept, and the mathematics of a series. Nothing here does I/O, waits, or
//! knows what time it is.

pub mod batch;
pub mod discard;
pub mod name;
pub mod point;
pub mod rules;
pub mod sum;
pub mod time;
pub mod tombstone;
