//! What is remembered of a set of points so that questions about it can be
//! answered without them, and that can be merged: of chunks, of buckets, of
//! shards.

use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};

use crate::distances::Distances;
use crate::moments::{Mean, Moments};
use crate::point::Value;
use crate::quantile::Quantiles;
use crate::segments::Segments;
use crate::sum::{ExactSum, Overflow};
use crate::time::Timestamp;

/// Which of its optional parts a summary has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[allow(clippy::struct_excessive_bools, reason = "a set")]
pub struct Parts {
    /// Central moments: for variance and what depends on it. Small.
    pub moments: bool,
    /// Quantiles. As large as the values, or some thousands of bins.
    pub quantiles: bool,
    /// What the segments between the points add up to. Small.
    #[serde(default)]
    pub segments: bool,
    /// How far apart the points are. Up to some thousands of distances.
    #[serde(default)]
    pub distances: bool,
}

impl Parts {
    /// None of them.
    pub const NONE: Self = Self {
        moments: false,
        quantiles: false,
        segments: false,
        distances: false,
    };
    /// What a store keeps of each chunk.
    pub const STORED: Self = Self {
        moments: true,
        ..Self::NONE
    };
    /// Those that every function knows, of whatever version.
    pub const EARLIER: Self = Self {
        quantiles: true,
        ..Self::STORED
    };
    /// All of them.
    pub const ALL: Self = Self {
        moments: true,
        quantiles: true,
        segments: true,
        distances: true,
    };

    /// Whether a summary with these parts has all that `wanted` asks for.
    pub const fn cover(self, wanted: Self) -> bool {
        self.moments >= wanted.moments
            && self.quantiles >= wanted.quantiles
            && self.segments >= wanted.segments
            && self.distances >= wanted.distances
    }

    /// What is in either.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self {
            moments: self.moments || other.moments,
            quantiles: self.quantiles || other.quantiles,
            segments: self.segments || other.segments,
            distances: self.distances || other.distances,
        }
    }
}

/// A value and when it was.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// When.
    pub time: Timestamp,
    /// How much.
    pub value: Value,
}

/// What is known of one or more points.
///
/// Count, sum, mean and the readings come out the same to the last bit for any
/// order and any parts that were merged; moments and quantiles as [`Moments`]
/// and [`Quantiles`] say. Segments and distances are exact, too, but there are
/// none of sets of points that lie between each other. Without these four it takes
/// no heap (but for sums that span more than 128 bits).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Summary {
    count: NonZeroU64,
    sum: ExactSum,
    min: Reading,
    max: Reading,
    first: Reading,
    last: Reading,
    moments: Option<Moments>,
    quantiles: Option<Quantiles>,
    segments: Option<Box<Segments>>,
    distances: Option<Box<Distances>>,
}

/// What a database tells of one or more points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Aggregates {
    /// How many points.
    pub count: NonZeroU64,
    /// Their sum, as exact as the database computes it.
    pub sum: Value,
    /// The least value, the earliest of equal ones.
    pub min: Reading,
    /// The greatest value, the earliest of equal ones.
    pub max: Reading,
    /// The earliest point.
    pub first: Reading,
    /// The latest point.
    pub last: Reading,
    /// The moments, if they were asked for.
    pub moments: Option<Moments>,
}

impl From<Aggregates> for Summary {
    fn from(told: Aggregates) -> Self {
        Self {
            count: told.count,
            sum: told.sum.into(),
            min: told.min,
            max: told.max,
            first: told.first,
            last: told.last,
            moments: told.moments,
            quantiles: None,
            segments: None,
            distances: None,
        }
    }
}

impl Summary {
    /// Of points in the order of their times, given in two columns. None if
    /// there is no point.
    pub fn of(times: &[Timestamp], values: &[Value], parts: Parts) -> Option<Self> {
        let length = times.len().min(values.len());
        let (times, values) = (&times[..length], &values[..length]);
        let count = NonZeroU64::new(length as u64)?;
        let mut least = 0;
        let mut greatest = 0;
        for (at, value) in values.iter().enumerate() {
            if *value < values[least] {
                least = at;
            }
            if *value > values[greatest] {
                greatest = at;
            }
        }
        let mut sum = ExactSum::new();
        sum.add_all(values);
        let reading = |at: usize| Reading {
            time: times[at],
            value: values[at],
        };
        let mut summary = Self {
            count,
            sum,
            min: reading(least),
            max: reading(greatest),
            first: reading(0),
            last: reading(length - 1),
            moments: None,
            quantiles: parts.quantiles.then(|| Quantiles::of(values)),
            segments: (parts.segments).then(|| Box::new(Segments::of(times, values))),
            distances: (parts.distances).then(|| Box::new(Distances::of(times))),
        };
        if parts.moments {
            let (least, greatest) = (summary.min.value, summary.max.value);
            summary.moments = summary
                .mean_in_two()
                .map(|mean| Moments::of(values, mean, least, greatest));
        }
        Some(summary)
    }

    /// Adds the points of another summary, which must not share any with this
    /// one. Only the parts that both have remain; segments and distances only if
    /// either summary ends before the other begins.
    pub fn merge(&mut self, other: &Self) {
        self.merge_segments(other);
        self.moments = self.merged_moments(other);
        match (&mut self.quantiles, &other.quantiles) {
            (Some(mine), Some(others)) => mine.merge(others),
            _ => self.quantiles = None,
        }
        self.count = self.count.saturating_add(other.count.get());
        self.sum.merge(&other.sum);
        let key = |r: &Reading| (r.value.get(), r.time);
        if key(&other.min) < key(&self.min) {
            self.min = other.min;
        }
        let key = |r: &Reading| (-r.value.get(), r.time);
        if key(&other.max) < key(&self.max) {
            self.max = other.max;
        }
        if other.first.time < self.first.time {
            self.first = other.first;
        }
        if other.last.time > self.last.time {
            self.last = other.last;
        }
    }

    fn merged_moments(&self, other: &Self) -> Option<Moments> {
        let (mine, others) = (self.moments?, other.moments?);
        let means = (self.mean_in_two()?, other.mean_in_two()?);
        Some(mine.merged(others, (self.count, other.count), means))
    }

    fn merge_segments(&mut self, other: &Self) {
        let bridge = if self.last.time < other.first.time {
            Some((self.last, other.first))
        } else if other.last.time < self.first.time {
            Some((other.last, self.first))
        } else {
            None
        };
        match (&mut self.segments, &other.segments, bridge) {
            (Some(mine), Some(others), Some(bridge)) => mine.merge(others, bridge),
            _ => self.segments = None,
        }
        match (&mut self.distances, &other.distances, bridge) {
            (Some(mine), Some(others), Some((start, end))) => {
                mine.merge(others, (start.time, end.time));
            }
            _ => self.distances = None,
        }
    }

    /// Without the parts that `wanted` does not ask for.
    #[must_use]
    pub fn limited_to(mut self, wanted: Parts) -> Self {
        self.moments = self.moments.filter(|_| wanted.moments);
        self.quantiles = self.quantiles.filter(|_| wanted.quantiles);
        self.segments = self.segments.filter(|_| wanted.segments);
        self.distances = self.distances.filter(|_| wanted.distances);
        self
    }

    /// Which optional parts there are.
    pub const fn parts(&self) -> Parts {
        Parts {
            moments: self.moments.is_some(),
            quantiles: self.quantiles.is_some(),
            segments: self.segments.is_some(),
            distances: self.distances.is_some(),
        }
    }

    /// How many points.
    pub const fn count(&self) -> NonZeroU64 {
        self.count
    }

    /// Their sum.
    pub const fn sum(&self) -> &ExactSum {
        &self.sum
    }

    /// The correctly rounded mean, which is the exact sum divided by the count
    /// and rounded once. It can differ in its last digit from the rounded sum
    /// divided by the count, and exists where the sum is beyond f64's range.
    pub fn mean(&self) -> Result<f64, Overflow> {
        self.sum.mean(self.count)
    }

    /// The least value, the earliest of equal ones.
    pub const fn min(&self) -> Reading {
        self.min
    }

    /// The greatest value, the earliest of equal ones.
    pub const fn max(&self) -> Reading {
        self.max
    }

    /// The earliest point.
    pub const fn first(&self) -> Reading {
        self.first
    }

    /// The latest point.
    pub const fn last(&self) -> Reading {
        self.last
    }

    /// The moments, if they were asked for.
    pub const fn moments(&self) -> Option<&Moments> {
        self.moments.as_ref()
    }

    /// The quantiles, if they were asked for.
    pub const fn quantiles(&self) -> Option<&Quantiles> {
        self.quantiles.as_ref()
    }

    /// What the segments between the points add up to, if it was asked for.
    pub fn segments(&self) -> Option<&Segments> {
        self.segments.as_deref()
    }

    /// How far apart the points are, if it was asked for.
    pub fn distances(&self) -> Option<&Distances> {
        self.distances.as_deref()
    }

    fn mean_in_two(&self) -> Option<Mean> {
        if self.min.value == self.max.value {
            return Some((self.min.value.get(), 0.0));
        }
        self.sum.mean_in_two(self.count).ok()
    }
}

mod stored;
#[cfg(test)]
mod tests;

pub use stored::{LaterParts, StoredSummary};
