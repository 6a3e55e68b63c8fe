//! Answers what is asked of series.

mod aggregate;
mod buckets;
mod compare;
mod history;
mod measurements;
mod points;
mod series;
mod stats;

use std::sync::Arc;
use std::time::Instant;

use tidemark_core::name::{SeriesKey, SeriesName, Tenant};
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_core::tombstone::Tombstones;
use tidemark_ports::{
    self as ports, Calculator, Catalog, Clock, Order, PointStore, QueryLog, QuestionBounds,
};

use crate::failure::Failure;
use crate::measure::timed;
use crate::reading::SeriesReader;

pub use crate::reading::{BucketRow, Fill};
pub use aggregate::{
    AggregatePage, AggregateQuestion, AggregateRow, GroupBy, RowPlace, SeriesChoice,
};
pub use buckets::BucketQuestion;
pub use compare::{AlignedRow, ComparisonQuestion};
pub use measurements::{MeterReading, MeterReadings, MeterRowPlace};
pub use series::{ListedSeries, SeriesDetails, SeriesPage, SeriesQuestion};

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
    /// About how much a question across series may be.
    pub bounds: QuestionBounds,
}

/// What a question was about, for the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuerySubject {
    /// About which series, where it was about one.
    pub series: Option<SeriesName>,
    /// The beginning of the range, where one was given.
    pub from: Option<Timestamp>,
    /// The end of the range, where one was given.
    pub to: Option<Timestamp>,
}

impl Query {
    /// Measures how long an answer takes.
    pub async fn measured<T>(&self, answer: impl Future<Output = T>) -> T {
        timed("query_ms", answer).await
    }

    /// The same for a question about the points of series, which is recorded once it
    /// is answered: as that of a tenant, by the path of the request.
    pub async fn recorded<T, E>(
        &self,
        tenant: &Tenant,
        path: &str,
        answer: impl Future<Output = Result<(T, QuerySubject), E>>,
    ) -> Result<T, E> {
        self.measured(async {
            let (time, started) = (self.clock.now(), Instant::now());
            let (answer, asked) = answer.await?;
            let query = ports::LoggedQuery {
                tenant: tenant.clone(),
                time,
                sequence: fastrand::u64(..) >> 1,
                series: asked.series,
                path: path.to_owned(),
                from: asked.from,
                to: asked.to,
                duration_ms: started.elapsed().as_secs_f64() * 1e3,
            };
            self.history.record(query).await;
            Ok(answer)
        })
        .await
    }

    /// A series, if there is one.
    async fn known(&self, key: SeriesKey) -> Result<Known, Failure> {
        match self.catalog.get(&key).await? {
            None => Err(Failure::unknown_series(&key.name)),
            Some(series) => Ok(Known {
                key,
                tombstones: series.tombstones,
            }),
        }
    }

    /// A series, to be read.
    fn reader<'a>(&'a self, series: &'a Known) -> SeriesReader<'a> {
        SeriesReader {
            points: &*self.points,
            calculator: &*self.calculator,
            series: &series.key,
            tombstones: &series.tombstones,
        }
    }
}

/// A series that there is.
struct Known {
    key: SeriesKey,
    tombstones: Tombstones,
}

impl Known {
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
