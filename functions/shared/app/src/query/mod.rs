//! Answers what is asked of series.

mod buckets;
mod history;
mod measurements;
mod points;
mod series;
mod stats;

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::{Request, Response};
use tidemark_api::problem::Problem;
use tidemark_api::requests::Call;
use tidemark_api::routes::Query as Operation;
use tidemark_core::name::{SeriesKey, SeriesName};
use tidemark_core::summary::{Parts, Summary};
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_core::tombstone::Tombstones;
use tidemark_ports::{Calculator, Catalog, Job, Order, PointStore, QueryLog, Slots};

use crate::clock::Clock;
use crate::failure;
use crate::measure::timed;

/// The use case.
#[derive(Clone)]
pub struct Query {
    /// Which series there are.
    pub catalog: Arc<dyn Catalog>,
    /// Where their points are read.
    pub points: Arc<dyn PointStore>,
    /// Who summarizes them.
    pub calculator: Arc<dyn Calculator>,
    /// Where the questions are recorded.
    pub history: Arc<dyn QueryLog>,
    /// When they were asked.
    pub clock: Arc<dyn Clock>,
}

/// What a question was about, for the record.
struct Asked {
    series: Option<SeriesName>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

type Answer = Result<(Response<Bytes>, Asked), Problem>;

impl Query {
    /// Answers a question. Those about the points of a series are recorded.
    pub async fn handle(
        &self,
        operation: Operation,
        call: &Call<'_>,
        request: &Request<Bytes>,
    ) -> Result<Response<Bytes>, Problem> {
        timed("query_ms", self.answer(operation, call, request)).await
    }

    async fn answer(
        &self,
        operation: Operation,
        call: &Call<'_>,
        request: &Request<Bytes>,
    ) -> Result<Response<Bytes>, Problem> {
        let (time, started) = (self.clock.now(), Instant::now());
        let (response, asked) = match operation {
            Operation::Series => return self.series(call).await,
            Operation::History => return self.history(call).await,
            Operation::Stats => self.stats(call).await?,
            Operation::Points => self.points(call, request.headers()).await?,
            Operation::Buckets => self.buckets(call).await?,
            Operation::Measurements => self.measurements(call).await?,
        };
        let query = tidemark_ports::Query {
            tenant: call.tenant().clone(),
            time,
            sequence: fastrand::u64(..) >> 1,
            series: asked.series,
            path: call.uri.path().to_owned(),
            from: asked.from,
            to: asked.to,
            duration_ms: started.elapsed().as_secs_f64() * 1e3,
        };
        self.history.record(query).await;
        Ok(response)
    }

    /// A series of the caller; 404 if there is none.
    async fn known(&self, call: &Call<'_>, name: &SeriesName) -> Result<Known, Problem> {
        let key = SeriesKey {
            tenant: call.tenant().clone(),
            name: name.clone(),
        };
        let series = self
            .catalog
            .get(&key)
            .await
            .map_err(|e| failure::problem(&e))?;
        let series = series.ok_or_else(|| Problem::unknown_series(name))?;
        Ok(Known {
            key,
            tombstones: series.tombstones,
        })
    }

    /// What a series holds of a range, in one summary; None if nothing.
    async fn summary(
        &self,
        series: &Known,
        range: TimeRange,
        parts: Parts,
    ) -> Result<Option<Summary>, Problem> {
        let job = series.job(range, Slots::Whole, parts, 1);
        let mut buckets = self
            .calculator
            .run(job)
            .await
            .map_err(|e| failure::problem(&e))?;
        Ok(buckets.pop().map(|bucket| bucket.summary))
    }
}

/// A series that there is.
struct Known {
    key: SeriesKey,
    tombstones: Tombstones,
}

impl Known {
    fn job(&self, range: TimeRange, slots: Slots, parts: Parts, limit: usize) -> Job {
        Job {
            series: self.key.clone(),
            range,
            tombstones: self.tombstones.clone(),
            slots,
            parts,
            limit,
            is_shard: false,
        }
    }

    fn scan(&self, range: TimeRange, order: Order, limit: usize) -> tidemark_ports::Scan<'_> {
        tidemark_ports::Scan {
            series: &self.key,
            range,
            tombstones: &self.tombstones,
            order,
            limit,
        }
    }
}

/// The part of `range` that comes after a point at `last`, which was shown.
fn after(range: TimeRange, last: Option<Timestamp>, order: Order) -> Option<TimeRange> {
    let Some(last) = last else { return Some(range) };
    let rest = match order {
        Order::Ascending => TimeRange::new(last.next()?, range.to()),
        Order::Descending => TimeRange::new(range.from(), last.previous()?),
    };
    rest.ok()
}
