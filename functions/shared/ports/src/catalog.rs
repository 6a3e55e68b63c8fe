//! Which series there are, and what was deleted of them.

use async_trait::async_trait;
use tidemark_core::about::{About, AboutChange, Label};
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
    /// What is said of it.
    pub about: About,
}

/// A series that a batch has points of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration<'a> {
    /// Its name.
    pub name: &'a SeriesName,
    /// What its unit is if it is new.
    pub unit: Option<Label>,
}

impl<'a> From<&'a SeriesName> for Registration<'a> {
    /// One of which nothing is known but the name.
    fn from(name: &'a SeriesName) -> Self {
        Self { name, unit: None }
    }
}

/// Knows a tenant's series.
///
/// An implementer MUST count exactly, list in the order of the names' bytes,
/// and keep tombstones of a deleted series for batches that arrive late.
#[async_trait]
pub trait Catalog: Send + Sync {
    /// Makes the series known, as of a batch received then, whose points are
    /// written with it. A series that was deleted no earlier than that stays
    /// deleted. Of one that is new, or begins anew, the unit is said that stands
    /// beside its name and nothing else; of one that is there nothing changes.
    async fn register(
        &self,
        tenant: &Tenant,
        series: &[Registration<'_>],
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

    /// Changes what is said of a series; what the change keeps stays, also what
    /// another change sets at the same time. False if there is no such series.
    async fn describe(&self, series: &SeriesKey, change: &AboutChange) -> Result<bool>;

    /// Deletes a series as of then: it is gone, with all that was received up
    /// to then, and what was said of it; that also where the series stays, as
    /// there is a later batch. False if there was none.
    async fn delete(&self, series: &SeriesKey, deleted_at: Timestamp) -> Result<bool>;
}
