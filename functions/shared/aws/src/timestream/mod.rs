//! Points over Amazon Timestream for `LiveAnalytics`.
//!
//! A point is a record of several measures under one dimension, its series,
//! which is the table's partition key. Timestream keeps of all writes to a point
//! the one of the greatest [version](version), and deletes nothing: a query
//! leaves out what tombstones hide. What can be is summarized by Timestream; a
//! query is billed for half a minute at least, so that there is one where one
//! can do.
//!
//! | column | |
//! |---|---|
//! | `series` | `<tenant>/<name>` |
//! | `time` | when, to the nanosecond |
//! | `value` | how much |
//! | `tags` | a JSON array of strings |
//! | `received`, `batch`, `place` | the write it came from, see [`version`] |
//! | `source` | where it came from; not there in older records |

mod endpoint;
mod held;
mod many;
mod query;
mod record;
mod reports;
mod sql;
mod summary;
#[cfg(test)]
mod tests;
mod version;
mod write;

use std::num::{NonZeroU64, NonZeroUsize};
use std::sync::Arc;

use async_trait::async_trait;
use tidemark_core::batch::Write;
use tidemark_core::name::SeriesKey;
use tidemark_core::point::Point;
use tidemark_core::summary::Parts;
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_core::tombstone::Tombstones;
use tidemark_ports::error::Result;
use tidemark_ports::slots::Buckets;
use tidemark_ports::{Bucket, Extent, Order, Page, PointStore, Refusal, Scan, Slots, Summarize};

use crate::calls::Budget;
use crate::client::Aws;
use crate::settings::SettingError;
pub use reports::Reports;

use endpoint::Endpoint;
use sql::{Selection, Table};
pub(crate) use version::Versioned;

/// How many points a shard has unless `TIDEMARK_TIMESTREAM_SHARD_POINTS` says it: a
/// few pages of a query's answer, which are read one after the other.
const SHARD_POINTS: NonZeroU64 = NonZeroU64::new(100_000).unwrap();

/// How many calls that write are under way at the same time, for all messages of
/// an invocation together.
const CALLS: usize = 16;

/// The first instant that Timestream takes.
const BEGIN: Timestamp = Timestamp::from_nanos(0);

/// A table of Timestream.
#[derive(Clone)]
pub struct Timestream {
    write: Arc<Endpoint<aws_sdk_timestreamwrite::Client>>,
    query: Arc<Endpoint<aws_sdk_timestreamquery::Client>>,
    table: Table,
    shard_points: NonZeroU64,
    calls: Budget,
}

impl Aws {
    /// The table `TIDEMARK_TIMESTREAM_TABLE` of the database
    /// `TIDEMARK_TIMESTREAM_DATABASE`.
    pub fn timestream(&self) -> std::result::Result<Timestream, SettingError> {
        Ok(Timestream {
            shard_points: self
                .settings
                .parsed_or("TIDEMARK_TIMESTREAM_SHARD_POINTS", SHARD_POINTS)?,
            write: Arc::new(self.endpoint("AWS_ENDPOINT_URL_TIMESTREAM_WRITE")),
            query: Arc::new(self.endpoint("AWS_ENDPOINT_URL_TIMESTREAM_QUERY")),
            table: Table {
                database: self.settings.parsed("TIDEMARK_TIMESTREAM_DATABASE")?,
                name: self.settings.parsed("TIDEMARK_TIMESTREAM_TABLE")?,
            },
            calls: Budget::new(CALLS),
        })
    }
}

/// What a query selects of a series; None if Timestream has nothing of the range.
fn selection<'a>(
    series: &'a SeriesKey,
    range: TimeRange,
    tombstones: &'a Tombstones,
) -> Option<Selection<'a>> {
    let held = TimeRange::new(BEGIN, Timestamp::MAX).ok()?;
    Some(Selection {
        series,
        range: range.intersection(held)?,
        tombstones,
    })
}

/// Whether Timestream computes all that summaries with these parts hold.
fn is_computed_there(parts: Parts) -> bool {
    Parts::STORED.cover(parts)
}

/// A bucket with the start that was asked for.
fn started(bucket: Bucket, request: Summarize<'_>) -> Bucket {
    let start = match request.slots {
        Slots::Whole => request.range.from(),
        Slots::Grid(_) => bucket.start,
    };
    Bucket { start, ..bucket }
}

impl Timestream {
    /// Points with the writes that they came from, ascending, up to `limit`.
    pub(crate) async fn whole(
        &self,
        series: &SeriesKey,
        range: TimeRange,
        tombstones: &Tombstones,
        limit: usize,
    ) -> Result<Vec<(Point, Versioned)>> {
        let Some(selected) = selection(series, range, tombstones) else {
            return Ok(Vec::new());
        };
        let sql = sql::whole(&self.table, selected, limit);
        self.rows(&sql, query::whole).await
    }

    /// Summarizes by the points themselves: what Timestream does not compute, or
    /// not exactly.
    async fn summarize_here(
        &self,
        selected: Selection<'_>,
        request: Summarize<'_>,
    ) -> Result<Vec<Bucket>> {
        let limit = request.limit.max(1);
        let mut buckets = Buckets::new(request.slots, request.range, request.parts, limit);
        let sql = sql::samples(&self.table, selected);
        let samples = self.rows(&sql, query::sample).await?;
        let (times, values): (Vec<_>, Vec<_>) = samples.into_iter().unzip();
        buckets.add(&times, &values);
        Ok(buckets.finish())
    }

    /// Has Timestream summarize. None where a bucket is beyond what it computes
    /// with.
    async fn summarize_there(
        &self,
        selected: Selection<'_>,
        request: Summarize<'_>,
    ) -> Result<Option<Vec<Bucket>>> {
        let mut buckets = Vec::new();
        let questions = summary::questions(&self.table, &[selected], request.slots, request.parts);
        for question in questions {
            let limit = request.limit.max(1) - buckets.len();
            let sql = question.sql(limit);
            let rows = self.rows_if_computed(&sql, |row| question.bucket(row));
            let Some(rows) = rows.await? else {
                return Ok(None);
            };
            let Some(rows) = rows.into_iter().collect::<Option<Vec<_>>>() else {
                return Ok(None);
            };
            buckets.extend(rows.into_iter().map(|(_, bucket)| started(bucket, request)));
            if buckets.len() >= request.limit.max(1) {
                break;
            }
        }
        Ok(Some(buckets))
    }
}

#[async_trait]
impl PointStore for Timestream {
    async fn write(&self, write: &Arc<Write>) -> Result<Vec<Refusal>> {
        self.put(write).await
    }

    async fn read(&self, scan: Scan<'_>) -> Result<Page> {
        let limit = scan.limit.max(1);
        let Some(selected) = selection(scan.series, scan.range, scan.tombstones) else {
            return Ok(Page::default());
        };
        // One more than is wanted tells whether there is a rest.
        let sql = sql::points(&self.table, selected, scan.order, limit.saturating_add(1));
        let mut points: Vec<Point> = self.rows(&sql, query::point).await?;
        let full = points.len() > limit;
        points.truncate(limit);
        let rest = points.last().filter(|_| full).and_then(|last| {
            let (from, to) = match scan.order {
                Order::Ascending => (last.time.next()?, scan.range.to()),
                Order::Descending => (scan.range.from(), last.time.previous()?),
            };
            TimeRange::new(from, to).ok()
        });
        Ok(Page { points, rest })
    }

    async fn summarize(&self, request: Summarize<'_>) -> Result<Vec<Bucket>> {
        let Some(selected) = selection(request.series, request.range, request.tombstones) else {
            return Ok(Vec::new());
        };
        if is_computed_there(request.parts)
            && let Some(buckets) = self.summarize_there(selected, request).await?
        {
            return Ok(buckets);
        }
        self.summarize_here(selected, request).await
    }

    async fn summarize_at_once(&self, request: Summarize<'_>) -> Result<Option<Vec<Bucket>>> {
        let Some(selected) = selection(request.series, request.range, request.tombstones) else {
            return Ok(Some(Vec::new()));
        };
        // However much there is; what Timestream does not compute needs the points.
        if !is_computed_there(request.parts) {
            return Ok(None);
        }
        self.summarize_there(selected, request).await
    }

    async fn extent(&self, series: &SeriesKey, range: TimeRange) -> Result<Option<Extent>> {
        const NONE: &Tombstones = &Tombstones::none();
        let Some(selected) = selection(series, range, NONE) else {
            return Ok(None);
        };
        let sql = sql::extent(&self.table, selected);
        let found = self.rows(&sql, query::extent).await?;
        Ok(found.into_iter().next().flatten())
    }

    async fn summarize_many(&self, requests: &[Summarize<'_>]) -> Result<Vec<Vec<Bucket>>> {
        self.many(requests).await
    }

    fn series_at_once(&self) -> NonZeroUsize {
        many::SERIES
    }

    fn summarizes_at_once(&self, parts: Parts) -> bool {
        is_computed_there(parts)
    }

    async fn extents(&self, series: &[SeriesKey], range: TimeRange) -> Result<Vec<Option<Extent>>> {
        self.many_extents(series, range).await
    }

    fn shard_points(&self) -> NonZeroU64 {
        self.shard_points
    }

    /// Timestream deletes nothing: tombstones hide it.
    async fn delete(&self, _: &SeriesKey, _: TimeRange, _: Timestamp) -> Result<()> {
        Ok(())
    }
}
