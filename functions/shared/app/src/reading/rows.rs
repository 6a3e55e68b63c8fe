//! Statistics by slot of a grid: of the points in a slot, of what crosses its edges,
//! and what stands where there are no points.

use tidemark_core::grid::{Grid, Slot};
use tidemark_core::portion::{Portion, Ways};
use tidemark_core::stat::{Answer, Stat};
use tidemark_core::summary::Summary;
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_ports::error::Result;
use tidemark_ports::{Bucket, Order, Slots};

use super::fill::{Fill, FilledBucket, Held};
use super::{Around, SeriesReader, answers, beyond};

/// What is asked of each slot.
#[derive(Debug, Clone, Copy)]
pub struct RowsWanted<'a> {
    /// How time is cut into slots.
    pub grid: Grid,
    /// What of each slot, in this order.
    pub stats: &'a [Stat],
    /// How what takes time into account is worked out.
    pub ways: Ways,
    /// What stands where there are no points.
    pub fill: Fill,
}

/// A slot and what stands in it.
pub type BucketRow = (Slot, Vec<(Stat, Answer)>);

impl RowsWanted<'_> {
    /// Whether only slots that hold a point are told.
    pub fn is_sparse(&self) -> bool {
        self.fill == Fill::None && !self.stats.iter().any(|stat| stat.crosses_edges())
    }

    fn answers(&self, portion: &Portion<'_>) -> Vec<(Stat, Answer)> {
        answers(self.stats, portion, self.ways)
    }

    fn bucket(&self, bucket: &Bucket) -> FilledBucket {
        let portion = Portion::of(Some(&bucket.summary));
        (bucket.start, self.answers(&portion))
    }
}

impl SeriesReader<'_> {
    /// Up to `limit` rows of `rest`, the part of `range` that is still to be shown:
    /// of the slots that hold a point, or, where there is filling or what crosses
    /// edges is asked for, of all. Where there is no filling, what is beyond the
    /// points of the series is left out.
    ///
    /// A slot covers the time to the beginning of the next, or the end of `rest`.
    pub async fn rows(
        &self,
        range: TimeRange,
        rest: TimeRange,
        wanted: &RowsWanted<'_>,
        limit: usize,
    ) -> Result<Vec<BucketRow>> {
        let grid = wanted.grid;
        if wanted.is_sparse() {
            let buckets = self.buckets(rest, wanted, limit).await?;
            let row = |bucket: &Bucket| (grid.slot_of(bucket.start), wanted.bucket(bucket).1);
            return Ok(buckets.iter().map(row).collect());
        }
        let slots: Vec<Slot> = grid.slots(rest).take(limit).collect();
        let Some(last) = slots.last() else {
            return Ok(Vec::new());
        };
        let Ok(window) = TimeRange::new(rest.from(), last.last().min(rest.to())) else {
            return Ok(Vec::new());
        };
        let buckets = self.buckets(window, wanted, limit).await?;
        let inside = buckets.first().zip(buckets.last());
        let inside = inside.map(|(first, last)| (first.summary.first(), last.summary.last()));
        let end = last.end.min(rest.to());
        let around = self.around(window, end, inside, wanted.stats).await?;
        let mut held = Held::default();
        if matches!(wanted.fill, Fill::Previous | Fill::Linear) {
            held.before = self
                .neighbour(range, window, Order::Descending, wanted)
                .await?;
        }
        if wanted.fill == Fill::Linear {
            held.after = self
                .neighbour(range, window, Order::Ascending, wanted)
                .await?;
        }
        let portions = portions(&slots, &buckets, around, rest);
        let told = portions
            .iter()
            .filter(|(_, portion)| portion.points.is_some());
        let answered =
            |(slot, portion): &(Slot, Portion<'_>)| (slot.start, wanted.answers(portion));
        held.inside = told.map(answered).collect();
        let is_told = |portion: &Portion<'_>| {
            wanted.fill != Fill::None || portion.points.is_some() || portion.covered() > 0
        };
        Ok(portions
            .iter()
            .filter(|(_, portion)| is_told(portion))
            .map(|(slot, portion)| (*slot, filled(wanted, slot.start, portion, &held)))
            .collect())
    }

    async fn buckets(
        &self,
        range: TimeRange,
        wanted: &RowsWanted<'_>,
        limit: usize,
    ) -> Result<Vec<Bucket>> {
        let slots = Slots::Grid(wanted.grid);
        self.summarize(range, slots, Stat::parts(wanted.stats), limit)
            .await
    }

    /// The nearest bucket that holds a point, before `window` (descending) or after
    /// it. If that is in `range`, on another page, it is the one that is told there;
    /// else it is what is beyond the range.
    async fn neighbour(
        &self,
        range: TimeRange,
        window: TimeRange,
        order: Order,
        wanted: &RowsWanted<'_>,
    ) -> Result<Option<FilledBucket>> {
        let Some(beyond) = beyond(window, order) else {
            return Ok(None);
        };
        let Some(point) = self.nearest(beyond, order).await? else {
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
        let buckets = self.buckets(inside, wanted, 1).await?;
        Ok(buckets.first().map(|bucket| wanted.bucket(bucket)))
    }
}

/// What each slot has of a series, of which the buckets are those that hold a point.
fn portions<'a>(
    slots: &[Slot],
    buckets: &'a [Bucket],
    around: Around,
    rest: TimeRange,
) -> Vec<(Slot, Portion<'a>)> {
    let mut ahead = buckets.iter().peekable();
    let mut before = around.before;
    let mut portion = |slot: &Slot| {
        let bucket = ahead.next_if(|bucket| bucket.start == slot.start);
        let next = ahead.peek().map(|bucket| bucket.summary.first());
        let around = Around {
            before,
            after: next.or(around.after),
        };
        let points = bucket.map(|bucket| &bucket.summary);
        before = points.map(Summary::last).or(before);
        let time = (slot.start.max(rest.from()), slot.end.min(rest.to()));
        (*slot, around.portion(points, time))
    };
    slots.iter().map(&mut portion).collect()
}

/// What stands in a slot: what it has, and the rest filled where it has no points.
fn filled(
    wanted: &RowsWanted<'_>,
    start: Timestamp,
    portion: &Portion<'_>,
    held: &Held,
) -> Vec<(Stat, Answer)> {
    let mut answers = held.fill(start, wanted.stats, wanted.fill);
    if portion.points.is_none() {
        for (stat, answer) in &mut answers {
            if stat.crosses_edges() {
                *answer = stat.of_portion(portion, wanted.ways);
            }
        }
    }
    answers
}
