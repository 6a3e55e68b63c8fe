//! The external data server.

use async_trait::async_trait;
use tidemark_core::payload::Payload;

/// What the data server answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// A message, which the server has forgotten by now; what is kept of it.
    Message(Payload),
    /// There is none at the moment.
    Empty,
}

/// The external data server.
///
/// An implementer MUST return every message that the server has given away.
#[async_trait]
pub trait DataServer: Send + Sync {
    /// Asks for the next message. The error is for the log.
    async fn next(&self) -> Result<Fetched, String>;
}
