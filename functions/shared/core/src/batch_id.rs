//! What a batch is called.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Identifies a batch; prints as 32 hexadecimal digits.
///
/// The first half is drawn at random once a process, the second counts: ids of
/// one process are close to each other, so that a chunk of points stores which
/// batches they came from in a few bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BatchId(u128);

/// Not 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a batch id is 32 hexadecimal digits")]
pub struct BatchIdError;

impl BatchId {
    /// The `sequence`-th batch of the process that drew `incarnation`.
    pub const fn new(incarnation: u64, sequence: u64) -> Self {
        Self((incarnation as u128) << 64 | sequence as u128)
    }

    /// The half that is the same for all batches of one process.
    pub const fn incarnation(self) -> u64 {
        (self.0 >> 64) as u64
    }

    /// The half that counts.
    #[allow(
        clippy::cast_possible_truncation,
        reason = "the lower half is what is wanted"
    )]
    pub const fn sequence(self) -> u64 {
        self.0 as u64
    }
}

impl fmt::Display for BatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for BatchId {
    type Err = BatchIdError;
    fn from_str(text: &str) -> Result<Self, BatchIdError> {
        let digits = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
        if !digits {
            return Err(BatchIdError);
        }
        u128::from_str_radix(text, 16)
            .map(Self)
            .map_err(|_| BatchIdError)
    }
}

impl TryFrom<String> for BatchId {
    type Error = BatchIdError;
    fn try_from(text: String) -> Result<Self, BatchIdError> {
        text.parse()
    }
}

impl From<BatchId> for String {
    fn from(id: BatchId) -> Self {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_print_and_read() {
        let id = BatchId::new(0xfeed, 7);
        assert_eq!(id.to_string(), "000000000000feed0000000000000007");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!((id.incarnation(), id.sequence()), (0xfeed, 7));
        assert!(
            "+00000000000feed0000000000000007"
                .parse::<BatchId>()
                .is_err()
        );
    }
}
