//! Ids for batches.

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
            incarnation: fastrand::u64(..),
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
