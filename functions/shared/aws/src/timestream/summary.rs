//! Summaries that Timestream computes: the questions, and the buckets that its
//! rows are.

use std::fmt::Write;
use std::num::NonZeroU64;

use aws_sdk_timestreamquery::types::Row;
use tidemark_core::grid::Stretch;
use tidemark_core::moments::{Deviations, Moments};
use tidemark_core::point::Value;
use tidemark_core::summary::{Aggregates, Parts, Reading};
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_ports::error::Result;
use tidemark_ports::{Bucket, Slots};

use super::query::Columns;
use super::sql::{self, Selection, Selections, Table};

/// How many stretches of slots one query tells apart: as text they take less
/// than half of the 256 KiB that a query has, tombstones the other.
const STRETCHES: usize = 500;

/// A query for summaries, of one series or of several.
pub(super) struct Question<'a> {
    table: &'a Table,
    selected: Vec<Selection<'a>>,
    slot: String,
    moments: bool,
}

/// The queries that answer a request: one, but for calendars of many years.
pub(super) fn questions<'a>(
    table: &'a Table,
    selected: &[Selection<'a>],
    slots: Slots,
    parts: Parts,
) -> Vec<Question<'a>> {
    let question = |selected, slot| Question {
        table,
        selected,
        slot,
        moments: parts.moments,
    };
    let Slots::Grid(grid) = slots else {
        return vec![question(selected.to_vec(), "0".to_owned())];
    };
    let from = selected
        .iter()
        .map(|selection| selection.range.from())
        .min();
    let to = selected.iter().map(|selection| selection.range.to()).max();
    let Some(range) = from
        .zip(to)
        .and_then(|(from, to)| TimeRange::new(from, to).ok())
    else {
        return Vec::new();
    };
    let stretches = grid.stretches(range);
    let part = |stretches: &[Stretch]| {
        let (first, last) = (stretches.first()?, stretches.last()?);
        let end = if last.end == Timestamp::MAX {
            last.end
        } else {
            last.end.plus(-1)
        };
        let part = TimeRange::new(first.start, end).ok()?;
        let within = |selection: &Selection<'a>| {
            let range = part.intersection(selection.range)?;
            Some(Selection {
                range,
                ..*selection
            })
        };
        let selected: Vec<_> = selected.iter().filter_map(within).collect();
        (!selected.is_empty()).then(|| question(selected, slot_of(stretches)))
    };
    stretches.chunks(STRETCHES).filter_map(part).collect()
}

/// An expression for the start of the slot that holds a time.
fn slot_of(stretches: &[Stretch]) -> String {
    let start = |stretch: &Stretch| {
        let (start, length) = (stretch.start.nanos(), stretch.length);
        format!("{start} + (to_nanoseconds(time) - {start}) / {length} * {length}")
    };
    let Some((last, others)) = stretches.split_last() else {
        return "0".to_owned();
    };
    if others.is_empty() {
        return start(last);
    }
    let mut text = "CASE".to_owned();
    for stretch in others {
        let (end, start) = (stretch.end.nanos(), start(stretch));
        // Writing to a text does not fail.
        let _ = write!(text, " WHEN to_nanoseconds(time) < {end} THEN {start}");
    }
    format!("{text} ELSE {} END", start(last))
}

impl Question<'_> {
    /// Its text, for up to `limit` buckets.
    pub(super) fn sql(&self, limit: usize) -> String {
        let selected = Selections(&self.selected);
        sql::summary(self.table, &selected, &self.slot, self.moments, limit)
    }

    /// The bucket of a row, and what its series is called in the table if there are
    /// several; None if that is beyond the range of f64, or loses digits. Its start is that
    /// of its slot; if there is but one, nothing.
    pub(super) fn bucket(&self, row: &Row) -> Result<Option<(Option<String>, Bucket)>> {
        let mut columns = Columns::of(row);
        let series = match self.selected.len() {
            0 | 1 => None,
            _ => Some(columns.text("series")?.to_owned()),
        };
        let slot = columns.time("slot")?;
        let count: u64 = columns.number("points")?;
        let sum = Value::new(columns.number("total")?);
        let mut reading = |time, value| -> Result<Reading> {
            Ok(Reading {
                time: columns.time(time)?,
                value: columns.value(value)?,
            })
        };
        let (min, max) = (
            reading("min_time", "min_value")?,
            reading("max_time", "max_value")?,
        );
        let (first, last) = (
            reading("first_time", "first_value")?,
            reading("last_time", "last_value")?,
        );
        let deviations = if self.moments {
            Some(Deviations {
                first: columns.number("first_power")?,
                second: columns.number("second_power")?,
                third: columns.number("third_power")?,
                fourth: columns.number("fourth_power")?,
            })
        } else {
            None
        };
        let (Ok(sum), Some(count)) = (sum, NonZeroU64::new(count)) else {
            return Ok(None);
        };
        let moments = match deviations {
            None => None,
            Some(sums) => match Moments::of_deviations(sums, count, min.value, max.value) {
                None => return Ok(None),
                found => found,
            },
        };
        let told = Aggregates {
            count,
            sum,
            min,
            max,
            first,
            last,
            moments,
        };
        let bucket = Bucket {
            start: slot,
            summary: told.into(),
        };
        Ok(Some((series, bucket)))
    }
}
