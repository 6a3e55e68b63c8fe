//! The points of all series.

use std::num::{NonZeroU64, NonZeroUsize};
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use tidemark_core::batch::Write;
use tidemark_core::name::SeriesKey;
use tidemark_core::point::Point;
use tidemark_core::summary::Parts;
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_core::tombstone::Tombstones;

use crate::error::Result;
use crate::{Bucket, Slots};

/// How many series a store looks at at the same time, unless it says otherwise.
const AT_ONCE: usize = 16;

/// Which way points are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// From the earliest.
    Ascending,
    /// From the latest.
    Descending,
}

/// Which points to read.
#[derive(Debug, Clone, Copy)]
pub struct Scan<'a> {
    /// Whose.
    pub series: &'a SeriesKey,
    /// From when to when.
    pub range: TimeRange,
    /// What was deleted of the series.
    pub tombstones: &'a Tombstones,
    /// From which end.
    pub order: Order,
    /// How many at the most; at least 1.
    pub limit: usize,
}

/// Points that were read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Page {
    /// The points, in the order that was asked for.
    pub points: Vec<Point>,
    /// Where the scan goes on: the rest lies in this range. None at the end.
    pub rest: Option<TimeRange>,
}

/// Which points to summarize, and how.
#[derive(Debug, Clone, Copy)]
pub struct Summarize<'a> {
    /// Whose.
    pub series: &'a SeriesKey,
    /// From when to when.
    pub range: TimeRange,
    /// What was deleted of the series.
    pub tombstones: &'a Tombstones,
    /// Into what.
    pub slots: Slots,
    /// What the summaries hold beside the basics.
    pub parts: Parts,
    /// How many buckets at the most, the earliest ones; at least 1.
    pub limit: usize,
}

/// Roughly what a range holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// The part of the range outside which there are no points.
    pub range: TimeRange,
    /// How many points there are, or more: what is hidden or was written twice
    /// may count.
    pub points: u64,
}

/// A point that the store will never take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its series, as a position in [`Write::series`].
    pub series: usize,
    /// Its position in the columns of that series.
    pub position: usize,
    /// Why, in the store's words.
    pub detail: String,
}

/// Keeps points. A point is identified by (tenant, series, time).
///
/// An implementer MUST
/// - count of all writes to one point the one with the greatest stamp
///   (`received`, batch, index), whatever the order and number of deliveries;
/// - have points durably written when [`write`](Self::write) returns;
/// - leave out of every answer what the tombstones hide;
/// - return values bit for bit, and points with the tags they came with.
#[async_trait]
pub trait PointStore: Send + Sync {
    /// Writes points. Returns those that the store refuses for good; the others
    /// are written. A write that lost to a newer one is no refusal.
    async fn write(&self, write: &Arc<Write>) -> Result<Vec<Refusal>>;

    /// Reads up to `limit` points; may stop sooner and say where to go on.
    async fn read(&self, scan: Scan<'_>) -> Result<Page>;

    /// Summarizes points into slots: a bucket for each slot that holds a point,
    /// ascending. A slot's bucket is made of its points inside the range.
    async fn summarize(&self, request: Summarize<'_>) -> Result<Vec<Bucket>>;

    /// Summarizes in one go where that takes no longer than to find out how much
    /// there is. None where it would: then [`extent`](Self::extent) tells how to
    /// divide it.
    async fn summarize_at_once(&self, request: Summarize<'_>) -> Result<Option<Vec<Bucket>>> {
        let _ = request;
        Ok(None)
    }

    /// Summarizes many series, all into the same slots, with the same parts and limit:
    /// the buckets of each.
    async fn summarize_many(&self, requests: &[Summarize<'_>]) -> Result<Vec<Vec<Bucket>>> {
        let summaries: Vec<_> = requests.iter().map(|r| self.summarize(*r)).collect();
        stream::iter(summaries)
            .buffered(AT_ONCE)
            .try_collect()
            .await
    }

    /// Whether summaries with these parts had better be made in one go, however much there
    /// is: the store computes them where the points are.
    fn summarizes_at_once(&self, parts: Parts) -> bool {
        let _ = parts;
        false
    }

    /// How many series had better be summarized in one go.
    fn series_at_once(&self) -> NonZeroUsize {
        const DEFAULT: NonZeroUsize = NonZeroUsize::new(AT_ONCE).unwrap();
        DEFAULT
    }

    /// Tells roughly what a range holds, without reading it. None where it
    /// holds nothing.
    async fn extent(&self, series: &SeriesKey, range: TimeRange) -> Result<Option<Extent>>;

    /// Tells the same of many series.
    async fn extents(&self, series: &[SeriesKey], range: TimeRange) -> Result<Vec<Option<Extent>>> {
        let extents: Vec<_> = series.iter().map(|key| self.extent(key, range)).collect();
        stream::iter(extents).buffered(AT_ONCE).try_collect().await
    }

    /// Of how many points, roughly, one summary had better be made: a range that
    /// holds more is divided, and its shards are summarized at the same time.
    fn shard_points(&self) -> NonZeroU64 {
        const DEFAULT: NonZeroU64 = NonZeroU64::new(500_000).unwrap();
        DEFAULT
    }

    /// Removes what the range holds of points received up to `deleted_at`,
    /// where the store can; the tombstone hides them already.
    async fn delete(
        &self,
        series: &SeriesKey,
        range: TimeRange,
        deleted_at: Timestamp,
    ) -> Result<()>;
}
