//! Deletes: a tombstone in the catalog hides the points at once, also those
//! that are still under way; then the store removes what it can.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use tidemark_api::answer;
use tidemark_api::problem::Problem;
use tidemark_api::requests::{Call, series};
use tidemark_core::name::SeriesKey;
use tidemark_core::tombstone::Tombstone;
use tidemark_store::error::StoreError;
use tidemark_store::port::{Catalog, PointStore};

use crate::clock::Clock;
use crate::failure;

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
    /// Answers a request to delete a series, or a range of it.
    pub async fn handle(&self, call: &Call<'_>) -> Result<Response<Bytes>, Problem> {
        let request = series::Delete::read(call)?;
        let whole = request.is_whole();
        let series = SeriesKey {
            tenant: call.tenant.clone(),
            name: request.series,
        };
        let deleted_at = self.clock.now();
        let fail = |e| failure::problem(&e);
        let range = request.span.range;
        let existed = if whole {
            self.catalog.delete(&series, deleted_at).await
        } else {
            self.bury(&series, Tombstone { range, deleted_at }).await
        };
        let existed = existed.map_err(fail)?;
        if existed || whole {
            // Of a series that is gone, too: an earlier deletion may have failed
            // here, and tombstones do not last.
            self.points
                .delete(&series, range, deleted_at)
                .await
                .map_err(fail)?;
        }
        if !existed {
            return Err(Problem::unknown_series(&series.name));
        }
        Ok(answer::no_content())
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
