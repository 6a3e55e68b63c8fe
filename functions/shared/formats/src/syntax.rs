//! The ways to write points down.

/// How points are written down, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Syntax {
    /// An array of JSON objects.
    Json,
    /// A JSON object a line.
    Ndjson,
    /// Comma-separated values (RFC 4180) with a header.
    Csv,
}
