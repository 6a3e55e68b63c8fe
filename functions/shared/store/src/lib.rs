//! x

pub mod chunk;
pub mod columns;
