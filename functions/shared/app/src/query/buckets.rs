//! Statistics by slot of a grid.

use tidemark_core::grid::{Grid, Slot};
use tidemark_core::name::SeriesKey;
use tidemark_core::stat::{self, Stat};
use tidemark_core::time::{Span, TimeRange, Timestamp};
use tidemark_ports::{Bucket, Order, Slots};

use super::fill::{Fill, FilledBucket, Held, Wanted};
use super::{Known, Query, beyond};
use crate::failure::{Failure, FailureKind};

/// How many slots a question may span.
const MAX_SLOTS: u64 = 1_000_000;

/// What is asked about the slots of a range.
#[derive(Debug, Clone)]
pub struct BucketQuestion {
    /// Of which points.
    pub span: Span,
    /// How time is cut into slots.
    pub grid: Grid,
    /// What of each slot, in this order.
    pub stats: Vec<Stat>,
    /// What stands where there are no points.
    pub fill: Fill,
    /// The start of the last slot that was told before.
    pub last: Option<Timestamp>,
    /// How many slots at the most.
    pub limit: usize,
}

/// A slot and what stands in it.
pub type BucketRow = (Slot, Vec<(Stat, stat::Answer)>);

impl Query {
    /// The slots of a range, cut to the first and last point of the series; without
    /// filling, those that hold a point.
    pub async fn buckets(
        &self,
        series: SeriesKey,
        question: &BucketQuestion,
    ) -> Result<Vec<BucketRow>, Failure> {
        let series = self.known(series).await?;
        let (grid, span) = (question.grid, question.span);
        let range = if question.fill == Fill::None {
            // Slots beyond the points show nothing. All of time, though, is a long way
            // for a store to go.
            let is_told = span.from.is_some() && span.to.is_some();
            if is_told && grid.count(span.range) <= MAX_SLOTS {
                Some(span.range)
            } else {
                self.held(&series, span.range).await?
            }
        } else {
            let all = self.held(&series, TimeRange::ALL).await?;
            all.and_then(|all| all.intersection(span.range))
        };
        let Some(range) = range else {
            return Ok(Vec::new());
        };
        let slots = grid.count(range);
        if slots > MAX_SLOTS {
            let told = format!(
                "`every` cuts the range into {slots} slots, more than {MAX_SLOTS}: choose wider slots or a shorter range"
            );
            return Err(Failure::new(FailureKind::InvalidQuestion, told));
        }
        let rest = match question.last {
            None => Some(range),
            Some(start) => grid
                .next(grid.slot_of(start))
                .and_then(|slot| TimeRange::new(slot.start.max(range.from()), range.to()).ok()),
        };
        let wanted = Wanted {
            grid,
            stats: &question.stats,
            fill: question.fill,
        };
        match rest {
            Some(rest) => {
                self.rows(&series, range, rest, &wanted, question.limit)
                    .await
            }
            None => Ok(Vec::new()),
        }
    }

    /// The part of a range from its first to its last point.
    async fn held(&self, series: &Known, range: TimeRange) -> Result<Option<TimeRange>, Failure> {
        let first = self.read(series, range, Order::Ascending, 1).await?;
        let last = self.read(series, range, Order::Descending, 1).await?;
        Ok(match (first.first(), last.first()) {
            (Some(first), Some(last)) => TimeRange::new(first.time, last.time).ok(),
            _ => None,
        })
    }

    /// Up to `limit` rows of `rest`, the part of `range` that is still to be
    /// shown.
    async fn rows(
        &self,
        series: &Known,
        range: TimeRange,
        rest: TimeRange,
        wanted: &Wanted<'_>,
        limit: usize,
    ) -> Result<Vec<BucketRow>, Failure> {
        let grid = wanted.grid;
        if wanted.fill == Fill::None {
            let buckets = self.run(series, rest, wanted, limit).await?;
            return Ok(buckets
                .iter()
                .map(|bucket| (grid.slot_of(bucket.start), wanted.answers(&bucket.summary)))
                .collect());
        }
        let slots: Vec<Slot> = grid.slots(rest).take(limit).collect();
        let Some(end) = slots.last().map(|slot| slot.last().min(rest.to())) else {
            return Ok(Vec::new());
        };
        let Ok(window) = TimeRange::new(rest.from(), end) else {
            return Ok(Vec::new());
        };
        let inside = self.run(series, window, wanted, limit).await?;
        let mut held = Held {
            inside: inside.iter().map(|b| wanted.bucket(b)).collect(),
            before: None,
            after: None,
        };
        if matches!(wanted.fill, Fill::Previous | Fill::Linear) {
            held.before = self
                .neighbour(series, range, window, Order::Descending, wanted)
                .await?;
        }
        if wanted.fill == Fill::Linear {
            held.after = self
                .neighbour(series, range, window, Order::Ascending, wanted)
                .await?;
        }
        Ok(slots
            .into_iter()
            .map(|slot| (slot, wanted.fill(slot.start, &held)))
            .collect())
    }

    async fn run(
        &self,
        series: &Known,
        range: TimeRange,
        wanted: &Wanted<'_>,
        limit: usize,
    ) -> Result<Vec<Bucket>, Failure> {
        let job = series.job(range, Slots::Grid(wanted.grid), wanted.parts(), limit);
        Ok(self.calculator.run(job).await?)
    }

    /// The nearest bucket that holds a point, before `window` (descending) or after
    /// it. If that is in `range`, on another page, it is the one that is told there;
    /// else it is what is beyond the range.
    async fn neighbour(
        &self,
        series: &Known,
        range: TimeRange,
        window: TimeRange,
        order: Order,
        wanted: &Wanted<'_>,
    ) -> Result<Option<FilledBucket>, Failure> {
        let Some(beyond) = beyond(window, order) else {
            return Ok(None);
        };
        let Some(point) = self.read(series, beyond, order, 1).await?.pop() else {
            return Ok(None);
        };
        let slot = wanted.grid.slot_of(point.time);
        let part = if range.contains(point.time) {
            beyond.intersection(range)
        } else {
            super::beyond(range, order)
        };
        let slot = TimeRange::new(slot.start, slot.last()).ok();
        let Some(inside) = slot
            .zip(part)
            .and_then(|(slot, part)| slot.intersection(part))
        else {
            return Ok(None);
        };
        let buckets = self.run(series, inside, wanted, 1).await?;
        Ok(buckets.first().map(|bucket| wanted.bucket(bucket)))
    }
}
