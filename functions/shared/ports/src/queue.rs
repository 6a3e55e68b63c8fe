//! The way from those who take points in to the validator.

use async_trait::async_trait;
use tidemark_core::batch::Batch;

use crate::error::Result;

/// Takes batches for the validator.
///
/// An implementer MUST have the batch durably when it returns, and deliver it
/// at least once; it may deliver it twice, late, or out of order.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Sends a batch.
    async fn send(&self, batch: Batch) -> Result<()>;

    /// Succeeds if a batch could be sent now.
    async fn check(&self) -> Result<()>;
}
