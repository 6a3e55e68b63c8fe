//! One series, read from any store: its points, its summaries, and statistics of
//! ranges and slots, with what reaches over their edges. It knows no use case, so
//! that a calculation can use it as well as a query.

pub(crate) mod fill;
mod rows;

use futures_util::future::try_join;
use tidemark_core::name::SeriesKey;
use tidemark_core::point::Point;
use tidemark_core::portion::{Portion, Ways};
use tidemark_core::segments::{Segment, SegmentPart};
use tidemark_core::stat::{Answer, Stat};
use tidemark_core::summary::{Parts, Reading, Summary};
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_core::tombstone::Tombstones;
use tidemark_ports::error::Result;
use tidemark_ports::{Bucket, Calculator, Job, Order, PointStore, Scan, Slots};

pub use fill::Fill;
pub use rows::{BucketRow, RowsWanted};

/// A series, where it is read and who summarizes it.
#[derive(Clone, Copy)]
pub struct SeriesReader<'a> {
    /// Where its points are.
    pub points: &'a dyn PointStore,
    /// Who summarizes them.
    pub calculator: &'a dyn Calculator,
    /// Which series.
    pub series: &'a SeriesKey,
    /// What was deleted of it.
    pub tombstones: &'a Tombstones,
}

/// The nearest points before and after a range, where they matter.
#[derive(Debug, Clone, Copy, Default)]
struct Around {
    before: Option<Reading>,
    after: Option<Reading>,
}

impl SeriesReader<'_> {
    /// Reads up to `limit` points, in as many pages as the store makes of them.
    pub async fn read(&self, range: TimeRange, order: Order, limit: usize) -> Result<Vec<Point>> {
        let mut points: Vec<Point> = Vec::new();
        let mut rest = Some(range);
        while let Some(range) = rest
            && points.len() < limit
        {
            let mut page = (self.points)
                .read(Scan {
                    series: self.series,
                    range,
                    tombstones: self.tombstones,
                    order,
                    limit: limit - points.len(),
                })
                .await?;
            points.append(&mut page.points);
            rest = page.rest;
        }
        Ok(points)
    }

    /// The part of a range from its first to its last point.
    pub async fn ends(&self, range: TimeRange) -> Result<Option<TimeRange>> {
        let first = self.nearest(range, Order::Ascending).await?;
        let last = self.nearest(range, Order::Descending).await?;
        Ok(match (first, last) {
            (Some(first), Some(last)) => TimeRange::new(first.time, last.time).ok(),
            _ => None,
        })
    }

    /// Summarizes a range into slots: up to `limit` buckets that hold a point.
    pub async fn summarize(
        &self,
        range: TimeRange,
        slots: Slots,
        parts: Parts,
        limit: usize,
    ) -> Result<Vec<Bucket>> {
        let job = Job {
            series: self.series.clone(),
            range,
            tombstones: self.tombstones.clone(),
            slots,
            parts,
            limit,
            is_shard: false,
        };
        self.calculator.run(job).await
    }

    /// What a range holds, in one summary; None if nothing.
    pub async fn summary(&self, range: TimeRange, parts: Parts) -> Result<Option<Summary>> {
        let mut buckets = self.summarize(range, Slots::Whole, parts, 1).await?;
        Ok(buckets.pop().map(|bucket| bucket.summary))
    }

    /// Statistics of a range, in the order asked: of its points, and of what
    /// reaches over its edges. It covers the time from its first to its last
    /// instant.
    pub async fn stats(
        &self,
        range: TimeRange,
        stats: &[Stat],
        ways: Ways,
    ) -> Result<Vec<(Stat, Answer)>> {
        let summary = self.summary(range, Stat::parts(stats)).await?;
        let inside = summary.as_ref().map(|s| (s.first(), s.last()));
        let around = self.around(range, range.to(), inside, stats).await?;
        let portion = around.portion(summary.as_ref(), (range.from(), range.to()));
        Ok(answers(stats, &portion, ways))
    }

    /// The points next to `range`, if any of `stats` asks for what crosses its edges,
    /// and something can: nothing comes in where the first point inside is at the
    /// beginning, nor goes out where the last is at `end`, the end of the time that
    /// is covered.
    async fn around(
        &self,
        range: TimeRange,
        end: Timestamp,
        inside: Option<(Reading, Reading)>,
        stats: &[Stat],
    ) -> Result<Around> {
        if !stats.iter().any(|stat| stat.crosses_edges()) {
            return Ok(Around::default());
        }
        let comes_in = inside.is_none_or(|(first, _)| first.time > range.from());
        let goes_out = inside.is_none_or(|(_, last)| last.time < end);
        let nearest = async |wanted: bool, order| match beyond(range, order) {
            Some(beyond) if wanted => self.nearest(beyond, order).await,
            _ => Ok(None),
        };
        let (before, after) = try_join(
            nearest(comes_in, Order::Descending),
            nearest(goes_out, Order::Ascending),
        )
        .await?;
        Ok(Around { before, after })
    }

    async fn nearest(&self, range: TimeRange, order: Order) -> Result<Option<Reading>> {
        let point = self.read(range, order, 1).await?.pop();
        Ok(point.map(|point| Reading {
            time: point.time,
            value: point.value,
        }))
    }
}

impl Around {
    /// The portion that the time from one instant to another has of a series: of
    /// these points, and of the segments that cross its edges.
    fn portion(self, points: Option<&Summary>, (from, to): (Timestamp, Timestamp)) -> Portion<'_> {
        let part = |start: Option<Reading>, end: Option<Reading>| -> Option<SegmentPart> {
            Segment::new(start?, end?)?.part(from, to)
        };
        let crossing = match points {
            None => [part(self.before, self.after), None],
            Some(points) => [
                part(self.before, Some(points.first())),
                part(Some(points.last()), self.after),
            ],
        };
        Portion { points, crossing }
    }
}

/// The statistics of a portion, in the order asked.
fn answers(stats: &[Stat], portion: &Portion<'_>, ways: Ways) -> Vec<(Stat, Answer)> {
    let answer = |stat: &Stat| (*stat, stat.of_portion(portion, ways));
    stats.iter().map(answer).collect()
}

/// What of time is before a range (descending) or after it.
pub(crate) fn beyond(range: TimeRange, order: Order) -> Option<TimeRange> {
    let (from, to) = match order {
        Order::Ascending => (range.to().next()?, Timestamp::MAX),
        Order::Descending => (Timestamp::MIN, range.from().previous()?),
    };
    TimeRange::new(from, to).ok()
}
