//! What lies between the points of a series. Two neighbouring points make a
//! segment, on which the value runs along a straight line, or stays that of the
//! earlier point until the later one.
//!
//! The area under segments is a sum of products of values and whole nanoseconds,
//! and their rise a sum of values, so that both are kept exactly and come out the
//! same to the last digit however the points were cut into parts.

use std::num::{NonZeroU64, NonZeroU128};

use serde::{Deserialize, Serialize};

use crate::point::Value;
use crate::sum::{ExactSum, Overflow};
use crate::summary::Reading;
use crate::time::Timestamp;

/// What is taken for the value between two points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interpolation {
    /// What lies on the straight line between them.
    #[default]
    Linear,
    /// The value of the earlier one.
    Previous,
}

impl Interpolation {
    /// By name.
    pub const CHOICES: [(&'static str, Self); 2] =
        [("linear", Self::Linear), ("previous", Self::Previous)];
}

/// What the segments between the first and the last of some points add up to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Segments {
    /// Twice the area under the straight lines, in value times nanoseconds.
    lines: ExactSum,
    /// The area under the earlier values, in value times nanoseconds.
    levels: ExactSum,
    /// The sum of the values from which the series fell.
    peaks: ExactSum,
}

impl Segments {
    /// Between points in the order of their times, given in two columns.
    pub fn of(times: &[Timestamp], values: &[Value]) -> Self {
        let Some(last) = times.len().min(values.len()).checked_sub(1) else {
            return Self::default();
        };
        let mut segments = Self::default();
        if last == 0 {
            return segments;
        }
        // A value takes part in the segments on either side of it.
        let sides = |at: usize| {
            let (before, after) = (times[at.saturating_sub(1)], times[(at + 1).min(last)]);
            (values[at], nanos(before, after))
        };
        segments.lines.add_times((0..=last).map(sides));
        let level = |at: usize| (values[at], nanos(times[at], times[at + 1]));
        segments.levels.add_times((0..last).map(level));
        let falls = values[..=last].windows(2).filter(|pair| pair[1] < pair[0]);
        let peaks: Vec<Value> = falls.map(|pair| pair[0]).collect();
        segments.peaks.add_all(&peaks);
        segments
    }

    /// Adds those between other points, none of which lies between these, and
    /// the segment from the one set to the other.
    pub(crate) fn merge(&mut self, other: &Self, bridge: (Reading, Reading)) {
        let (start, end) = bridge;
        let between = Self::of(&[start.time, end.time], &[start.value, end.value]);
        for more in [other, &between] {
            self.lines.merge(&more.lines);
            self.levels.merge(&more.levels);
            self.peaks.merge(&more.peaks);
        }
    }

    /// The area, in value times `unit` nanoseconds, rounded once.
    pub fn area(&self, way: Interpolation, unit: NonZeroU64) -> Result<f64, Overflow> {
        let unit = NonZeroU128::from(unit);
        match way {
            Interpolation::Linear => self.lines.over(unit.saturating_add(unit.get())),
            Interpolation::Previous => self.levels.over(unit),
        }
    }

    /// By how much the series rose from its first to its last point: a fall is a
    /// reset of a counter to zero, from which it rose to the new value.
    pub fn rise(&self, first: Value, last: Value) -> ExactSum {
        // Rises and falls together are `last - first`; a fall that counts as a
        // rise to the new value is more by what it fell from.
        let mut rise = self.peaks.clone();
        rise.add(last);
        rise.subtract(first);
        rise
    }
}

/// Two neighbouring points, the first of them earlier.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Segment {
    start: Reading,
    end: Reading,
}

/// A part of a segment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SegmentPart {
    /// How long it is, in nanoseconds.
    pub nanos: u64,
    /// Its share of the segment's rise.
    pub rise: f64,
    /// The mean on the straight line.
    line: f64,
    /// The value of the earlier point.
    level: f64,
}

impl Segment {
    /// Between two points; None unless the first is earlier.
    pub fn new(start: Reading, end: Reading) -> Option<Self> {
        (start.time < end.time).then_some(Self { start, end })
    }

    /// The part of it within `from` to `to`; None where that is not even an
    /// instant. The rise is spread evenly over the segment.
    pub fn part(self, from: Timestamp, to: Timestamp) -> Option<SegmentPart> {
        let (start, end) = (self.start, self.end);
        let (from, to) = (from.max(start.time), to.min(end.time));
        if from > to {
            return None;
        }
        let whole = nanos(start.time, end.time) as f64;
        let share = nanos(from, to) as f64 / whole;
        // A straight line has its mean in the middle.
        let middle = nanos(start.time, from) as f64 / whole + share / 2.0;
        let (low, high) = (start.value.get(), end.value.get());
        let difference = high - low;
        let line = if difference.is_finite() {
            low + difference * middle
        } else {
            low * (1.0 - middle) + high * middle
        };
        let rise = if high < low {
            high * share
        } else if difference.is_finite() {
            difference * share
        } else {
            high * share - low * share
        };
        Some(SegmentPart {
            nanos: nanos(from, to),
            rise,
            line,
            level: low,
        })
    }
}

impl SegmentPart {
    /// Its mean.
    pub const fn mean(&self, way: Interpolation) -> f64 {
        match way {
            Interpolation::Linear => self.line,
            Interpolation::Previous => self.level,
        }
    }
}

/// From one instant to another that is not earlier.
const fn nanos(from: Timestamp, to: Timestamp) -> u64 {
    to.nanos().abs_diff(from.nanos())
}

#[cfg(test)]
mod tests;
