//! Ids for batches.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use tidemark_core::batch::BatchId;

/// Gives every batch of this process an id of its own.
#[derive(Debug)]
pub struct BatchIds {
    incarnation: u64,
    next: AtomicU64,
}

impl BatchIds {
    /// A sequence that no other process has, but by chance of 1 in 2^64.
    pub fn new() -> Self {
        Self {
            // From the system's randomness; a seed made of the time would be the
            // same in machines that were started alike.
            incarnation: RandomState::new().hash_one(std::process::id()),
            next: AtomicU64::new(0),
        }
    }

    /// The next id.
    pub fn next(&self) -> BatchId {
        BatchId::new(self.incarnation, self.next.fetch_add(1, Ordering::Relaxed))
    }
}

impl Default for BatchIds {
    fn default() -> Self {
        Self::new()
    }
}
