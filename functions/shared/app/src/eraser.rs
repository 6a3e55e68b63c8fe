//! Deletes: a tombstone in the catalog hides the points at once, also those
//! that are still under way; then the store removes what it can.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use tidemark_api::answer;
use tidemark_api::problem::Problem;
use tidemark_api::requests::{Call, series};
use tidemark_core::name::SeriesKey;
use tidemark_core::time::TimeRange;
use tidemark_core::tombstone::Tombstone;
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
        let series::Delete { series, span } = series::Delete::read(call)?;
        let series = SeriesKey {
            tenant: call.tenant.clone(),
            name: series,
        };
        let deleted_at = self.clock.now();
        let fail = |e| failure::problem(&e);
        let unknown = || Problem::unknown_series(&series.name);
        let whole = span.from.is_none() && span.to.is_none();
        if whole {
            let existed = self
                .catalog
                .delete(&series, deleted_at)
                .await
                .map_err(fail)?;
            if !existed {
                return Err(unknown());
            }
        } else {
            self.catalog
                .get(&series)
                .await
                .map_err(fail)?
                .ok_or_else(unknown)?;
            let tombstone = Tombstone {
                range: span.range,
                deleted_at,
            };
            self.catalog
                .tombstone(&series, tombstone)
                .await
                .map_err(fail)?;
        }
        let range = if whole { TimeRange::ALL } else { span.range };
        self.points
            .delete(&series, range, deleted_at)
            .await
            .map_err(fail)?;
        Ok(answer::no_content())
    }
}
