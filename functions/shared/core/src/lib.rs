//! What Tidemark is about: points of series, the rules that decide which are
//! kept, and the mathematics of a series. Nothing here does I/O, waits, or
//! knows what time it is.

pub mod about;
pub mod access;
pub mod across;
pub mod batch;
mod batch_id;
pub mod columns;
pub mod compare;
mod correlation;
pub mod discard;
pub mod distances;
pub mod every;
pub mod fill;
pub mod grid;
mod hex;
pub mod key;
pub mod moments;
pub mod name;
pub mod pattern;
pub mod payload;
pub mod point;
pub mod portion;
pub mod principal;
pub mod quantile;
pub mod rules;
pub mod segments;
mod source;
pub mod stat;
pub mod sum;
pub mod summary;
pub mod time;
pub mod tombstone;
pub mod zone;
