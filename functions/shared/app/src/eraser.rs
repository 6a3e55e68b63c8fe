//! Deletes: a tombstone in the catalog hides the points at once, also those
//! that are still under way; then the store removes what it can.

use std::sync::Arc;
use std::time::Duration;

use tidemark_core::name::{SeriesKey, SeriesName};
use tidemark_core::principal::Principal;
use tidemark_core::time::{Span, TimeRange, Timestamp};
use tidemark_core::tombstone::Tombstone;
use tidemark_ports::error::{Kind, StoreError, causes};
use tidemark_ports::{Catalog, Clock, PointStore};
use tokio::time::timeout;

use crate::audit;
use crate::failure::Failure;

/// How long a client waits at the most for points to be removed that are hidden
/// already. Where there is less time, the store gives up sooner.
const PATIENCE: Duration = Duration::from_secs(12);

/// The use case.
#[derive(Clone)]
pub struct Eraser {
    /// Where deletions are recorded.
    pub catalog: Arc<dyn Catalog>,
    /// Where the points are removed.
    pub points: Arc<dyn PointStore>,
    /// When that is.
    pub clock: Arc<dyn Clock>,
}

impl Eraser {
    /// Deletes a range of a series; without an end on either side, the series itself.
    pub async fn delete(
        &self,
        by: &Principal,
        name: SeriesName,
        span: Span,
    ) -> Result<(), Failure> {
        let series = SeriesKey {
            tenant: by.tenant.clone(),
            name,
        };
        let deleted_at = self.clock.now();
        let range = span.range;
        let existed = if span.is_open() {
            self.catalog.delete(&series, deleted_at).await?
        } else {
            self.bury(&series, Tombstone { range, deleted_at }).await?
        };
        if !existed {
            // Nothing is removed: it could be the points of a batch that is being
            // stored, whose series is about to be made known, and of which no
            // tombstone says that they are gone.
            return Err(Failure::unknown_series(&series.name));
        }
        audit::deleted(by, &series.name, range);
        Ok(self.remove(&series, range, deleted_at).await?)
    }

    /// Removes what a tombstone hides, if that can be done now. Otherwise the
    /// store does so later, before it forgets the tombstone: what was deleted is
    /// gone already, and asked again it would be unknown.
    async fn remove(
        &self,
        series: &SeriesKey,
        range: TimeRange,
        deleted_at: Timestamp,
    ) -> Result<(), StoreError> {
        let removing = self.points.delete(series, range, deleted_at);
        let why = match timeout(PATIENCE, removing).await {
            Ok(Err(error)) if error.kind() == Kind::Unavailable => causes(&error),
            Ok(removed) => return removed,
            Err(_) => format!("it took longer than {PATIENCE:?}"),
        };
        let series = series.name.as_str();
        tracing::warn!(series, "what was deleted is hidden, but not removed: {why}");
        Ok(())
    }

    /// Records that a range is deleted. False if there is no such series.
    async fn bury(&self, series: &SeriesKey, tombstone: Tombstone) -> Result<bool, StoreError> {
        if self.catalog.get(series).await?.is_none() {
            return Ok(false);
        }
        self.catalog.tombstone(series, tombstone).await?;
        Ok(true)
    }
}
