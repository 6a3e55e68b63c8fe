//! What is wrong with a message, as the log of what was sent tells it.

use serde::Serialize;

/// Why a message is to be discarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reason {
    /// Older than an hour at receipt.
    TooOld,
    /// Tagged `system`.
    System,
    /// Tagged `suspect`.
    Suspect,
    /// Not of the agreed form.
    Malformed,
    /// The value is NaN or infinite.
    NotFinite,
    /// The time cannot be told in 64-bit nanoseconds.
    OutOfRange,
}
