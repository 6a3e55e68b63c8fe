//! Instants and ranges of time, in nanoseconds since 1970-01-01T00:00:00 UTC.

mod parse;

use std::fmt;

use chrono::{DateTime, Datelike, Timelike};
use serde::{Deserialize, Serialize};

pub use parse::first_instant;

const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// An instant: nanoseconds since 1970 UTC, from 1677-09-21T00:12:43.145224192Z
/// to 2262-04-11T23:47:16.854775807Z. Prints as RFC 3339 in UTC with as many
/// digits after the second as needed; travels in JSON as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

/// Why a text is not an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Neither epoch seconds nor RFC 3339 with an offset nor a date.
    #[error("not a time: write epoch seconds, RFC 3339 with an offset, or a date")]
    Syntax,
    /// A second 60 where no leap second can be.
    #[error("a leap second is 23:59:60 in UTC on 30 June or 31 December")]
    Leap,
    /// An instant, but not one that nanoseconds in 64 bits can name.
    #[error("the time is outside 1677-09-21T00:12:43.145224192Z to 2262-04-11T23:47:16.854775807Z")]
    Range,
}

impl Timestamp {
    /// The earliest instant.
    pub const MIN: Self = Self(i64::MIN);
    /// The latest instant.
    pub const MAX: Self = Self(i64::MAX);

    /// The instant `nanos` nanoseconds after 1970 UTC.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// The instant `seconds` seconds after 1970 UTC.
    pub fn from_seconds(seconds: i64) -> Result<Self, TimeError> {
        seconds
            .checked_mul(NANOS_PER_SECOND)
            .map(Self)
            .ok_or(TimeError::Range)
    }

    /// Nanoseconds since 1970 UTC.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// The next instant that can be named, if there is one.
    pub fn next(self) -> Option<Self> {
        self.0.checked_add(1).map(Self)
    }

    /// The instant before, if there is one.
    pub fn previous(self) -> Option<Self> {
        self.0.checked_sub(1).map(Self)
    }

    /// `self - earlier` in nanoseconds; saturates at the ends of `i64`.
    pub fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// `nanos` later (earlier when negative); saturates at the ends of time.
    #[must_use]
    pub fn plus(self, nanos: i64) -> Self {
        Self(self.0.saturating_add(nanos))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = DateTime::from_timestamp_nanos(self.0);
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
            time.year(),
            time.month(),
            time.day(),
            time.hour(),
            time.minute(),
            time.second()
        )?;
        let nanos = time.nanosecond();
        if nanos != 0 {
            let digits = format!("{nanos:09}");
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        f.write_str("Z")
    }
}

/// A stretch of time that includes both of its ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "(Timestamp, Timestamp)", into = "(Timestamp, Timestamp)")]
pub struct TimeRange {
    from: Timestamp,
    to: Timestamp,
}

/// `from` is later than `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("`from` is later than `to`")]
pub struct RangeError;

impl TimeRange {
    /// All of time.
    pub const ALL: Self = Self {
        from: Timestamp::MIN,
        to: Timestamp::MAX,
    };

    /// From `from` to `to`, both included.
    pub fn new(from: Timestamp, to: Timestamp) -> Result<Self, RangeError> {
        if from <= to {
            Ok(Self { from, to })
        } else {
            Err(RangeError)
        }
    }

    /// The first instant.
    pub const fn from(self) -> Timestamp {
        self.from
    }

    /// The last instant.
    pub const fn to(self) -> Timestamp {
        self.to
    }

    /// Whether `time` is inside.
    pub fn contains(self, time: Timestamp) -> bool {
        self.from <= time && time <= self.to
    }

    /// Whether all of `other` is inside.
    pub fn covers(self, other: Self) -> bool {
        self.from <= other.from && other.to <= self.to
    }

    /// What both have in common.
    pub fn intersection(self, other: Self) -> Option<Self> {
        Self::new(self.from.max(other.from), self.to.min(other.to)).ok()
    }

    /// Whether the two have an instant in common.
    pub fn overlaps(self, other: Self) -> bool {
        self.intersection(other).is_some()
    }
}

/// A stretch of time as it was asked for: with an end on either side, or without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Where it begins, if that was said; included.
    pub from: Option<Timestamp>,
    /// Where it ends, if that was said; included.
    pub to: Option<Timestamp>,
    /// The same as a range.
    pub range: TimeRange,
}

impl Span {
    /// From `from` to `to`, as far as these are said.
    pub fn new(from: Option<Timestamp>, to: Option<Timestamp>) -> Result<Self, RangeError> {
        let range = TimeRange::new(from.unwrap_or(Timestamp::MIN), to.unwrap_or(Timestamp::MAX))?;
        Ok(Self { from, to, range })
    }

    /// Whether it has no end on either side.
    pub const fn is_open(&self) -> bool {
        self.from.is_none() && self.to.is_none()
    }
}

impl TryFrom<(Timestamp, Timestamp)> for TimeRange {
    type Error = RangeError;
    fn try_from((from, to): (Timestamp, Timestamp)) -> Result<Self, RangeError> {
        Self::new(from, to)
    }
}

impl From<TimeRange> for (Timestamp, Timestamp) {
    fn from(range: TimeRange) -> Self {
        (range.from, range.to)
    }
}

#[cfg(test)]
mod tests;
