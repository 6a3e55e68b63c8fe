//! Two series, slot by slot.

use std::cmp::Ordering;

use tidemark_core::compare::{Cell, Comparison};
use tidemark_core::every::Every;
use tidemark_core::grid::{Grid, Slot};
use tidemark_core::name::SeriesKey;
use tidemark_core::stat::{Answer, Stat};
use tidemark_core::summary::{Parts, Summary};
use tidemark_core::time::{Span, TimeRange, Timestamp};
use tidemark_ports::error::{Kind, StoreError};
use tidemark_ports::{Bucket, Slots};

use super::buckets::check_slots;
use super::{Known, Query};
use crate::failure::{Failure, FailureKind};

/// How many pairs of slots, of all lags together, are correlated for one question: it
/// takes half a second.
const MAX_PAIRS: u64 = 200_000_000;

/// How many slots are asked for at once. What is told of them goes into memory.
const WINDOW: usize = 100_000;

/// How two series are put side by side.
#[derive(Debug, Clone, Copy)]
pub struct ComparisonQuestion {
    /// Which of their points.
    pub span: Span,
    /// How time is cut into slots.
    pub grid: Grid,
    /// What of each slot: no instant.
    pub stat: Stat,
}

/// A slot and what each of two series has in it.
pub type AlignedRow = (Slot, [Cell; 2]);

const NOTHING: [Cell; 2] = [Cell::Empty, Cell::Empty];

impl Query {
    /// Compares two series, at up to `max_lag` slots either way. Their grid is from the
    /// first point of either to the last, within the range.
    pub async fn compare(
        &self,
        series: [SeriesKey; 2],
        question: &ComparisonQuestion,
        max_lag: usize,
    ) -> Result<Comparison, Failure> {
        let series = self.known_pair(series).await?;
        let parts = Stat::parts(&[Stat::ModeStep]);
        let common = self.common_range(&series, question, parts).await?;
        let Some((range, slots)) = common else {
            return Ok(Comparison::of([&[], &[]], max_lag));
        };
        check_lags(slots, max_lag)?;
        let starts: Vec<Timestamp> = question.grid.slots(range).map(|slot| slot.start).collect();
        let [one, other] = &series;
        let (one, other) = tokio::try_join!(
            self.cells(one, question, &starts, range),
            self.cells(other, question, &starts, range),
        )?;
        // It computes for as long as others would wait for a turn.
        let comparison =
            tokio::task::spawn_blocking(move || Comparison::of([&one, &other], max_lag));
        comparison.await.map_err(|e| {
            Failure::from(StoreError::new(Kind::Internal, "a comparison broke off").because(e))
        })
    }

    /// Up to `limit` slots in which either of two series has something, those after
    /// the one that starts at `last`.
    pub async fn aligned(
        &self,
        series: [SeriesKey; 2],
        question: &ComparisonQuestion,
        last: Option<Timestamp>,
        limit: usize,
    ) -> Result<Vec<AlignedRow>, Failure> {
        let series = self.known_pair(series).await?;
        // What was answered on the first page goes on, and costs less.
        let parts = match last {
            None => Stat::parts(&[Stat::ModeStep]),
            Some(_) => Parts::NONE,
        };
        let common = self.common_range(&series, question, parts).await?;
        let Some((range, _)) = common else {
            return Ok(Vec::new());
        };
        let after = |start| {
            let next = question.grid.next(question.grid.slot_of(start))?;
            TimeRange::new(next.start.max(range.from()), range.to()).ok()
        };
        let [one, other] = &series;
        let mut rest = last.map_or(Some(range), after);
        let mut rows = Vec::new();
        let mut at_once = limit;
        while let Some(range) = rest
            && rows.len() < limit
        {
            let (one, other) = tokio::try_join!(
                self.slots_of(one, question, range, at_once),
                self.slots_of(other, question, range, at_once),
            )?;
            let found = side_by_side(question, &one, &other, at_once);
            let last = found.get(at_once - 1).map(|(slot, _)| slot.start);
            rest = last.and_then(after);
            // A statistic may be undefined though there are points.
            rows.extend(found.into_iter().filter(|(_, cells)| *cells != NOTHING));
            at_once = WINDOW;
        }
        rows.truncate(limit);
        Ok(rows)
    }

    /// Two series, if there are both: the first that there is not is told of.
    async fn known_pair(&self, series: [SeriesKey; 2]) -> Result<[Known; 2], Failure> {
        let [one, other] = series;
        let (one, other) = tokio::join!(self.known(one), self.known(other));
        Ok([one?, other?])
    }

    /// From the first point of either series to the last, within the range, and how many
    /// slots that is; none without points. Where `parts` have the distances between
    /// points, slots that are finer than these are refused.
    async fn common_range(
        &self,
        series: &[Known; 2],
        question: &ComparisonQuestion,
        parts: Parts,
    ) -> Result<Option<(TimeRange, u64)>, Failure> {
        let (range, [one, other]) = (question.span.range, series);
        let (one, other) = (self.reader(one), self.reader(other));
        let (one, other) =
            tokio::try_join!(one.summary(range, parts), other.summary(range, parts))?;
        let steps = [&one, &other].map(|points| step(points.as_ref()));
        check_steps(question.grid.every, series, steps)?;
        let ends = [one, other].into_iter().flatten();
        let ends = ends.map(|points| (points.first().time, points.last().time));
        let whole = ends.reduce(|(from, to), (first, last)| (from.min(first), to.max(last)));
        let whole = whole.and_then(|(from, to)| TimeRange::new(from, to).ok());
        let counted = whole.map(|whole| Ok((whole, check_slots(question.grid, whole)?)));
        counted.transpose()
    }

    /// What a series has in the slots that start at `starts`, which are those of
    /// `range`.
    async fn cells(
        &self,
        series: &Known,
        question: &ComparisonQuestion,
        starts: &[Timestamp],
        range: TimeRange,
    ) -> Result<Vec<Cell>, Failure> {
        let mut cells = vec![Cell::Empty; starts.len()];
        let windows = starts.chunks(WINDOW).zip(cells.chunks_mut(WINDOW));
        for (starts, cells) in windows {
            let from = starts.first().copied().unwrap_or(range.from());
            let end = starts
                .last()
                .map(|last| question.grid.slot_of(*last).last());
            let window = TimeRange::new(from, end.unwrap_or(range.to())).ok();
            let Some(window) = window.and_then(|window| window.intersection(range)) else {
                continue;
            };
            for bucket in self.slots_of(series, question, window, WINDOW).await? {
                let place = starts.binary_search(&bucket.start).ok();
                if let Some(cell) = place.and_then(|place| cells.get_mut(place)) {
                    *cell = Cell::of(question.stat, &bucket.summary);
                }
            }
        }
        Ok(cells)
    }

    async fn slots_of(
        &self,
        series: &Known,
        question: &ComparisonQuestion,
        range: TimeRange,
        limit: usize,
    ) -> Result<Vec<Bucket>, Failure> {
        let parts = Stat::parts(&[question.stat]);
        let (series, slots) = (self.reader(series), Slots::Grid(question.grid));
        Ok(series.summarize(range, slots, parts, limit).await?)
    }
}

/// The commonest distance between points, in seconds; none of fewer than two points, or
/// where too many distances are different.
fn step(points: Option<&Summary>) -> Option<f64> {
    match Stat::ModeStep.of(points) {
        Answer::Number(seconds) => Some(seconds),
        Answer::Count(_) | Answer::Time(_) | Answer::Undefined | Answer::Overflow => None,
    }
}

/// Refuses slots that are finer than the step of a series: few would hold points of
/// both. The longest slot of the calendar counts, so that readings of each month are
/// compared by months.
fn check_steps(every: Every, series: &[Known; 2], steps: [Option<f64>; 2]) -> Result<(), Failure> {
    let steps = series.iter().zip(steps);
    let steps = steps.filter_map(|(series, step)| Some((&series.key.name, step?)));
    // What is wide enough for the coarser is so for both.
    let coarsest = steps.reduce(|one, other| if other.1 > one.1 { other } else { one });
    let Some((name, step)) = coarsest.filter(|(_, step)| *step > every.longest() as f64) else {
        return Ok(());
    };
    #[allow(
        clippy::cast_possible_truncation,
        reason = "all of time has fewer seconds"
    )]
    let hint = match Every::at_least(step.ceil() as i64) {
        Some(wider) => format!("choose `{wider}` or wider"),
        None => "no slot is as wide".to_owned(),
    };
    let told = format!(
        "`every={every}` is finer than the step of `{name}`, whose points are mostly {step} s apart: {hint}"
    );
    Err(Failure::new(FailureKind::UnsuitableSeries, told))
}

/// Refuses what takes too long to correlate.
fn check_lags(slots: u64, max_lag: usize) -> Result<(), Failure> {
    let lags = 2 * (max_lag as u64).min(slots.saturating_sub(1)) + 1;
    if slots.saturating_mul(lags) <= MAX_PAIRS {
        return Ok(());
    }
    let told = format!(
        "{slots} slots at {lags} lags are more than {MAX_PAIRS} pairs: choose a smaller `max_lag`, wider slots or a shorter range"
    );
    Err(Failure::new(FailureKind::InvalidQuestion, told))
}

/// The first `limit` slots of two lists, each ascending. Of either list, `limit` slots
/// are enough.
fn side_by_side(
    question: &ComparisonQuestion,
    one: &[Bucket],
    other: &[Bucket],
    limit: usize,
) -> Vec<AlignedRow> {
    let cell = |bucket: &Bucket| Cell::of(question.stat, &bucket.summary);
    let (mut one, mut other) = (one.iter().peekable(), other.iter().peekable());
    let mut rows = Vec::new();
    while rows.len() < limit {
        let order = match (one.peek(), other.peek()) {
            (Some(a), Some(b)) => a.start.cmp(&b.start),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => break,
        };
        let a = one.next_if(|_| order.is_le());
        let b = other.next_if(|_| order.is_ge());
        let Some(start) = a.or(b).map(|bucket| bucket.start) else {
            break;
        };
        let cells = [a, b].map(|bucket| bucket.map_or(Cell::Empty, cell));
        rows.push((question.grid.slot_of(start), cells));
    }
    rows
}
