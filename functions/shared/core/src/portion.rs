//! What a slot or a range owns of a series: the points in it, the segments between
//! them, and its part of the segments that reach over its edges to a point outside.
//! So the portions of slots that follow each other add up to that of all of them.

use std::num::NonZeroU64;
use std::ops::Add;

use serde::{Deserialize, Serialize};

use crate::segments::{Interpolation, SegmentPart};
use crate::sum::Overflow;
use crate::summary::Summary;

/// What time is counted in where values are integrated over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum TimeUnit {
    /// Seconds.
    #[default]
    #[serde(rename = "s")]
    Second,
    /// Minutes.
    #[serde(rename = "m")]
    Minute,
    /// Hours.
    #[serde(rename = "h")]
    Hour,
}

/// How what takes time into account is worked out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Ways {
    /// What the value is between points.
    pub interpolate: Interpolation,
    /// What the integral counts time in.
    pub unit: TimeUnit,
}

/// The portion of a slot.
#[derive(Debug, Clone, Copy, Default)]
pub struct Portion<'a> {
    /// Its points.
    pub points: Option<&'a Summary>,
    /// Its part of the segment that comes in from a point before it, and of the
    /// one that goes out to a point after it; without points, of the one that
    /// goes through it, once.
    pub crossing: [Option<SegmentPart>; 2],
}

impl TimeUnit {
    /// By name.
    pub const CHOICES: [(&'static str, Self); 3] =
        [("s", Self::Second), ("m", Self::Minute), ("h", Self::Hour)];

    /// How long it is.
    pub const fn nanos(self) -> NonZeroU64 {
        const SECOND: NonZeroU64 = NonZeroU64::new(1_000_000_000).unwrap();
        const SIXTY: NonZeroU64 = NonZeroU64::new(60).unwrap();
        match self {
            Self::Second => SECOND,
            Self::Minute => SECOND.saturating_mul(SIXTY),
            Self::Hour => SECOND.saturating_mul(SIXTY).saturating_mul(SIXTY),
        }
    }
}

impl<'a> Portion<'a> {
    /// Of points, and nothing around them.
    pub const fn of(points: Option<&'a Summary>) -> Self {
        Self {
            points,
            crossing: [None; 2],
        }
    }

    /// How much time it covers, in nanoseconds: between points, inside or outside.
    pub fn covered(&self) -> u64 {
        let inside = self.points.map_or(0, |points| {
            let (first, last) = (points.first().time, points.last().time);
            last.nanos().abs_diff(first.nanos())
        });
        let parts = self.parts().map(|part| part.nanos);
        parts.fold(inside, u64::saturating_add)
    }

    /// The integral of the value over time. None where there is nothing of the
    /// series, or the summary lacks its segments.
    pub fn integral(&self, ways: Ways) -> Option<Result<f64, Overflow>> {
        self.area(ways.interpolate, ways.unit.nanos())
    }

    /// The integral divided by the covered time; None if that is none.
    pub fn mean(&self, ways: Ways) -> Option<Result<f64, Overflow>> {
        self.area(ways.interpolate, NonZeroU64::new(self.covered())?)
    }

    /// By how much the series rose, falls being resets of a counter.
    pub fn increase(&self) -> Option<Result<f64, Overflow>> {
        let parts = self.parts().map(|part| part.rise).fold(0.0, f64::add);
        let Some(points) = self.points else {
            return self.has_anything().then(|| finite(parts));
        };
        let rise = points.segments()?;
        let rise = rise.rise(points.first().value, points.last().value);
        Some(rise.value().and_then(|rise| finite(rise + parts)))
    }

    /// The increase by second of covered time; None if that is none.
    pub fn rate(&self) -> Option<Result<f64, Overflow>> {
        let seconds = NonZeroU64::new(self.covered())?.get() as f64 / 1e9;
        let rate = self.increase()?;
        Some(rate.and_then(|rise| finite(rise / seconds)))
    }

    /// In value times `unit` nanoseconds.
    fn area(&self, way: Interpolation, unit: NonZeroU64) -> Option<Result<f64, Overflow>> {
        let of = |part: SegmentPart| part.mean(way) * (part.nanos as f64 / unit.get() as f64);
        let parts = self.parts().map(of).fold(0.0, f64::add);
        let Some(points) = self.points else {
            return self.has_anything().then(|| finite(parts));
        };
        let inside = points.segments()?.area(way, unit);
        Some(inside.and_then(|inside| finite(inside + parts)))
    }

    fn has_anything(&self) -> bool {
        self.points.is_some() || self.parts().next().is_some()
    }

    fn parts(&self) -> impl Iterator<Item = SegmentPart> {
        self.crossing.into_iter().flatten()
    }
}

fn finite(number: f64) -> Result<f64, Overflow> {
    if number.is_finite() {
        Ok(number)
    } else {
        Err(Overflow)
    }
}
