//! The points of a series in columns, and the [codec](chunk) that makes chunks
//! of them: what every store shares that keeps its points by itself.

pub mod chunk;
mod columns;

pub use columns::{BatchStamp, Columns, Samples, merge};
