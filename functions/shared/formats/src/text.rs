//! What every format does with a text that comes piece by piece.

use crate::collect::Collector;
use crate::error::ReadError;
use crate::position::Position;

/// Reads a text of one format. After an error it reads no further.
pub(crate) trait TextReader: Send {
    /// Reads the next piece, of whole characters. What cannot be read before
    /// more comes is kept.
    fn feed(&mut self, text: &str, into: &mut Collector) -> Result<(), ReadError>;

    /// Reads the last piece, and what was kept.
    fn finish(&mut self, text: &str, into: &mut Collector) -> Result<(), ReadError>;

    /// Reads what was kept as far as it goes: what comes next is no text, but
    /// what is wrong before is told first.
    fn settle(&mut self, into: &mut Collector) -> Result<(), ReadError>;

    /// That of the last byte that came.
    fn position(&self) -> Position;

    /// How many bytes are allocated for what is kept.
    fn buffered(&self) -> usize;
}
