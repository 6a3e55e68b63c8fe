//! Points that were not kept, for the administrator.

use async_trait::async_trait;
use tidemark_core::batch::Source;
use tidemark_core::discard::{Discard, DiscardId, Reason};
use tidemark_core::name::{SeriesName, Tenant};
use tidemark_core::point::Stamp;
use tidemark_core::time::{TimeRange, Timestamp};

use crate::error::Result;

/// Which discards are meant; what is None does not matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscardFilter {
    /// One of its reasons.
    pub reason: Option<Reason>,
    /// Where it came from.
    pub source: Option<Source>,
    /// Its series.
    pub series: Option<SeriesName>,
    /// When it was received.
    pub received: TimeRange,
}

/// How many discards have the same reasons and source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscardCount {
    /// The source.
    pub source: Source,
    /// All their reasons.
    pub reasons: Vec<Reason>,
    /// How many.
    pub count: u64,
}

/// Keeps discards.
///
/// An implementer MUST keep a discard once, however often it is put, return its
/// payload byte for byte, and list by stamp, the latest first.
#[async_trait]
pub trait DiscardLog: Send + Sync {
    /// Keeps discards durably. One that is there already stays as it is, and
    /// so does the time it was replayed.
    async fn put(&self, discards: &[Discard]) -> Result<()>;

    /// One discard.
    async fn get(&self, tenant: &Tenant, id: DiscardId) -> Result<Option<Discard>>;

    /// Up to `limit` discards of a tenant, those before `before`.
    async fn list(
        &self,
        tenant: &Tenant,
        filter: &DiscardFilter,
        before: Option<Stamp>,
        limit: usize,
    ) -> Result<Vec<Discard>>;

    /// Counts by source and set of reasons of what was received in the range,
    /// in no particular order.
    async fn counts(&self, tenant: &Tenant, received: TimeRange) -> Result<Vec<DiscardCount>>;

    /// Notes that a discard was replayed at `at`. False if it was before; then,
    /// and where there is no such discard, nothing changes.
    async fn mark_replayed(&self, tenant: &Tenant, id: DiscardId, at: Timestamp) -> Result<bool>;
}
