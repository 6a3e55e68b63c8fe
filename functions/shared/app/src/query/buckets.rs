//! Statistics by slot of a grid.

use tidemark_core::grid::{Grid, Slot};
use tidemark_core::name::SeriesKey;
use tidemark_core::stat::{self, Stat, Unit};
use tidemark_core::summary::{Parts, Summary};
use tidemark_core::time::{Span, TimeRange, Timestamp};
use tidemark_ports::{Bucket, Order, Slots};

use super::{Known, Query};
use crate::failure::{Failure, FailureKind};

/// How many slots a question may span.
const MAX_SLOTS: u64 = 1_000_000;

/// What stands in a bucket that holds no point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fill {
    /// There is no such bucket in the answer.
    #[default]
    None,
    /// Null.
    Null,
    /// What stood in the bucket before.
    Previous,
    /// What lies on the line between the buckets on either side.
    Linear,
    /// Zero.
    Zero,
}

impl Fill {
    /// The ways to fill, by name.
    pub const CHOICES: [(&'static str, Self); 5] = [
        ("none", Self::None),
        ("null", Self::Null),
        ("previous", Self::Previous),
        ("linear", Self::Linear),
        ("zero", Self::Zero),
    ];
}

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
    /// The slots of a range, cut to the points in it.
    pub async fn buckets(
        &self,
        series: SeriesKey,
        question: &BucketQuestion,
    ) -> Result<Vec<BucketRow>, Failure> {
        let series = self.known(series).await?;
        let (grid, span) = (question.grid, question.span);
        // Where no slot is filled, what lies beyond the points shows nothing. All of
        // time, though, is a long way for a store to go.
        let is_told = span.from.is_some() && span.to.is_some();
        let is_short = || grid.count(span.range) <= MAX_SLOTS;
        let held = if is_told && question.fill == Fill::None && is_short() {
            Some(span.range)
        } else {
            self.held(&series, span.range).await?
        };
        let Some(range) = held else {
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
        let mut held: Vec<(Timestamp, Vec<(Stat, stat::Answer)>)> = Vec::new();
        if matches!(wanted.fill, Fill::Previous | Fill::Linear) {
            held.extend(
                self.neighbour(series, range, window, Order::Descending, wanted)
                    .await?,
            );
        }
        let inside = self.run(series, window, wanted, limit).await?;
        held.extend(inside.iter().map(|b| (b.start, wanted.answers(&b.summary))));
        if wanted.fill == Fill::Linear {
            held.extend(
                self.neighbour(series, range, window, Order::Ascending, wanted)
                    .await?,
            );
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

    /// The nearest bucket that holds a point, before `window` (descending) or
    /// after it.
    async fn neighbour(
        &self,
        series: &Known,
        range: TimeRange,
        window: TimeRange,
        order: Order,
        wanted: &Wanted<'_>,
    ) -> Result<Option<(Timestamp, Vec<(Stat, stat::Answer)>)>, Failure> {
        let beyond = match order {
            Order::Ascending => window
                .to()
                .next()
                .map(|from| TimeRange::new(from, range.to())),
            Order::Descending => window
                .from()
                .previous()
                .map(|to| TimeRange::new(range.from(), to)),
        };
        let Some(Ok(beyond)) = beyond else {
            return Ok(None);
        };
        let Some(point) = self.read(series, beyond, order, 1).await?.pop() else {
            return Ok(None);
        };
        let slot = wanted.grid.slot_of(point.time);
        let Some(inside) = TimeRange::new(slot.start, slot.last())
            .ok()
            .and_then(|s| s.intersection(beyond))
        else {
            return Ok(None);
        };
        let buckets = self.run(series, inside, wanted, 1).await?;
        Ok(buckets
            .first()
            .map(|bucket| (bucket.start, wanted.answers(&bucket.summary))))
    }
}

/// What is asked of each slot.
struct Wanted<'a> {
    grid: Grid,
    stats: &'a [Stat],
    fill: Fill,
}

impl Wanted<'_> {
    fn parts(&self) -> Parts {
        Stat::parts(self.stats)
    }

    fn answers(&self, summary: &Summary) -> Vec<(Stat, stat::Answer)> {
        self.stats
            .iter()
            .map(|stat| (*stat, stat.of(Some(summary))))
            .collect()
    }

    /// What stands in the slot that begins at `start`: what it holds, or what
    /// it is filled with. `held` are the buckets that hold points, ascending,
    /// with the nearest beyond either end. `count` always counts the points
    /// that there are.
    fn fill(
        &self,
        start: Timestamp,
        held: &[(Timestamp, Vec<(Stat, stat::Answer)>)],
    ) -> Vec<(Stat, stat::Answer)> {
        let at = held.partition_point(|(held, _)| *held < start);
        if let Some((found, answers)) = held.get(at)
            && *found == start
        {
            return answers.clone();
        }
        let before = at.checked_sub(1).and_then(|at| held.get(at));
        let after = held.get(at);
        let filled = |(position, &stat): (usize, &Stat)| {
            let of = |bucket: Option<&(Timestamp, Vec<(Stat, stat::Answer)>)>| {
                bucket.and_then(|(start, answers)| Some((*start, answers.get(position)?.1)))
            };
            let answer = match self.fill {
                _ if stat == Stat::Count => stat::Answer::Count(0),
                Fill::None | Fill::Null => stat::Answer::Undefined,
                Fill::Zero => zero(stat),
                Fill::Previous => of(before).map_or(stat::Answer::Undefined, |(_, answer)| answer),
                Fill::Linear => between(start, of(before), of(after)),
            };
            (stat, answer)
        };
        self.stats.iter().enumerate().map(filled).collect()
    }
}

/// Zero, but for what is an instant.
const fn zero(stat: Stat) -> stat::Answer {
    match stat.unit() {
        Unit::Number => stat::Answer::Number(0.0),
        Unit::Count => stat::Answer::Count(0),
        Unit::Instant => stat::Answer::Undefined,
    }
}

/// The number on the line between two buckets' starts; undefined where either
/// end is no number.
fn between(
    start: Timestamp,
    before: Option<(Timestamp, stat::Answer)>,
    after: Option<(Timestamp, stat::Answer)>,
) -> stat::Answer {
    match (before, after) {
        (Some((t0, stat::Answer::Number(y0))), Some((t1, stat::Answer::Number(y1)))) => {
            // All of time spans more nanoseconds than 64 signed bits count.
            let since = |time: Timestamp| time.nanos().abs_diff(t0.nanos()) as f64;
            let share = since(start) / since(t1);
            // Not y0 + (y1 - y0) * share, whose difference may overflow.
            stat::Answer::Number(y0.mul_add(1.0 - share, y1 * share))
        }
        _ => stat::Answer::Undefined,
    }
}
