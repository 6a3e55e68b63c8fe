//! Where in a stream of text something stands.

/// Line, from 1, and column, from 1 and in bytes, of a byte: what `serde_json`
/// calls the position. Column 0 is that of a line's beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl Position {
    /// Before the first byte.
    pub(crate) const START: Self = Self::line(1);

    /// Before the first byte of a line.
    pub(crate) const fn line(line: usize) -> Self {
        Self { line, column: 0 }
    }

    /// That of the last of the bytes that follow here.
    pub(crate) fn after(self, bytes: &[u8]) -> Self {
        match memchr::memrchr(b'\n', bytes) {
            None => Self {
                line: self.line,
                column: self.column + bytes.len(),
            },
            Some(last) => Self {
                line: self.line + memchr::memchr_iter(b'\n', bytes).count(),
                column: bytes.len() - last - 1,
            },
        }
    }
}
