//! Where Tidemark keeps its data: the [ports](port) that the use cases are
//! written against, the [embedded] implementation over SQLite, and the suites
//! that every implementation passes.

pub mod chunk;
pub mod columns;
pub mod conformance;
pub mod embedded;
pub mod error;
pub mod port;
pub mod slots;
