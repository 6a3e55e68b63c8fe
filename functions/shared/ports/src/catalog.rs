//! Which series there are, and what was deleted of them.

use async_trait::async_trait;
use tidemark_core::name::{SeriesKey, SeriesName, Tenant};
use tidemark_core::time::Timestamp;
use tidemark_core::tombstone::{Tombstone, Tombstones};

use crate::error::Result;

/// A series of the catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// Its name.
    pub name: SeriesName,
    /// When the latest batch for it was received.
    pub updated: Timestamp,
    /// What was deleted of it.
    pub tombstones: Tombstones,
}

/// Knows a tenant's series.
///
/// An implementer MUST count exactly, list in the order of the names' bytes,
/// and keep tombstones of a deleted series for batches that arrive late.
#[async_trait]
pub trait Catalog: Send + Sync {
    /// Makes the series known, as of a batch received then, whose points are
    /// written with it. A series that was deleted no earlier than that stays
    /// deleted.
    async fn register(
        &self,
        tenant: &Tenant,
        names: &[&SeriesName],
        received: Timestamp,
    ) -> Result<()>;

    /// A series, unless there is none or it was deleted.
    async fn get(&self, series: &SeriesKey) -> Result<Option<Series>>;

    /// Up to `limit` series whose names begin with `prefix`, those after `after`.
    async fn list(
        &self,
        tenant: &Tenant,
        prefix: &str,
        after: Option<&SeriesName>,
        limit: usize,
    ) -> Result<Vec<Series>>;

    /// How many series there are whose names begin with `prefix`.
    async fn count(&self, tenant: &Tenant, prefix: &str) -> Result<u64>;

    /// Records that a range of a series was deleted; where there is no such
    /// series, nothing need be recorded.
    ///
    /// Fails as [`Kind::Exhausted`](crate::error::Kind::Exhausted) when the
    /// series has too many separate deletions.
    async fn tombstone(&self, series: &SeriesKey, tombstone: Tombstone) -> Result<()>;

    /// Deletes a series as of then: it is gone, with all that was received up
    /// to then. False if there was none.
    async fn delete(&self, series: &SeriesKey, deleted_at: Timestamp) -> Result<bool>;
}
