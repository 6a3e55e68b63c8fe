//! JSON, element by element.

pub(crate) mod array;
mod boundary;
mod head;
pub(crate) mod lines;
pub(crate) mod plain;
pub(crate) mod point;
pub(crate) mod scan;
