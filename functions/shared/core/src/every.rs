//! How wide the buckets of a series are, as it is asked for: `15m`, `90s`, `6h`,
//! or by the calendar `1d 1w 1mo 1q 1y`.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

/// The width of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Every(Width);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Width {
    /// Seconds: 1 to those of 24 hours.
    Fixed(i64),
    Calendar(Calendar),
}

/// Periods of the calendar, counted through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Calendar {
    /// So many days, number 0 beginning `phase` days after 1970-01-01.
    Days { length: i64, phase: i64 },
    /// So many months, number 0 beginning with the year 0.
    Months(i64),
}

impl Calendar {
    /// The number of the period that holds a day, given in days since 1970.
    pub(crate) fn period_of(self, day: i64) -> i64 {
        match self {
            Self::Days { length, phase } => (day - phase).div_euclid(length),
            Self::Months(length) => {
                let date = i32::try_from(day).ok().and_then(NaiveDate::from_epoch_days);
                date.map_or(0, |date| {
                    (i64::from(date.year()) * 12 + i64::from(date.month0())).div_euclid(length)
                })
            }
        }
    }

    /// The day that a period begins with, in days since 1970.
    pub(crate) fn first_day(self, period: i64) -> i64 {
        match self {
            Self::Days { length, phase } => period * length + phase,
            Self::Months(length) => {
                let year = i32::try_from((period * length).div_euclid(12)).unwrap_or(0);
                let month = u32::try_from((period * length).rem_euclid(12)).unwrap_or(0);
                NaiveDate::from_ymd_opt(year, month + 1, 1)
                    .map_or(0, |date| date.to_epoch_days().into())
            }
        }
    }
}

/// Why a text is no width.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EveryError {
    /// Neither a number of s, m or h nor one of the calendar's.
    #[error("a width is a number of `s`, `m` or `h`, as `15m`, or one of `1d 1w 1mo 1q 1y`")]
    Syntax,
    /// Less than a second or more than 24 hours.
    #[error("a width in `s`, `m` or `h` is at least `1s` and at most `24h`")]
    Range,
}

impl Every {
    /// A day of the calendar: of 23 or 25 hours where clocks change.
    pub const DAY: Self = Self::days(1, 0);
    /// A week, beginning on Monday. 1970-01-01 was a Thursday.
    pub const WEEK: Self = Self::days(7, -3);
    /// A month.
    pub const MONTH: Self = Self::months(1);
    /// A quarter, beginning in January, April, July or October.
    pub const QUARTER: Self = Self::months(3);
    /// A year.
    pub const YEAR: Self = Self::months(12);

    const CALENDAR: [(&'static str, Self); 5] = [
        ("1d", Self::DAY),
        ("1w", Self::WEEK),
        ("1mo", Self::MONTH),
        ("1q", Self::QUARTER),
        ("1y", Self::YEAR),
    ];

    /// Seconds of the longest width that is not the calendar's.
    const LONGEST: i64 = 24 * 3600;

    /// Always so many seconds, from 1 to those of 24 hours; longer ones are the
    /// calendar's.
    pub fn seconds(seconds: i64) -> Result<Self, EveryError> {
        if (1..=Self::LONGEST).contains(&seconds) {
            Ok(Self(Width::Fixed(seconds)))
        } else {
            Err(EveryError::Range)
        }
    }

    /// The seconds of its longest, in days of 24 hours: a month has up to 31.
    pub const fn longest(self) -> i64 {
        const DAY: i64 = 24 * 3600;
        match self.0 {
            Width::Fixed(seconds) => seconds,
            Width::Calendar(Calendar::Days { length, .. }) => length * DAY,
            Width::Calendar(Calendar::Months(months)) => match months {
                1 => 31 * DAY,
                3 => 92 * DAY,
                _ => 366 * DAY,
            },
        }
    }

    /// The narrowest width whose longest is at least so many seconds, if there is one:
    /// up to 24 hours these seconds, beyond that the calendar's.
    pub fn at_least(seconds: i64) -> Option<Self> {
        let calendar = Self::CALENDAR.iter().map(|(_, every)| *every);
        Self::seconds(seconds.max(1)).ok().or_else(|| {
            let mut calendar = calendar;
            calendar.find(|every| every.longest() >= seconds)
        })
    }

    const fn days(length: i64, phase: i64) -> Self {
        Self(Width::Calendar(Calendar::Days { length, phase }))
    }

    const fn months(length: i64) -> Self {
        Self(Width::Calendar(Calendar::Months(length)))
    }

    pub(crate) const fn width(self) -> Width {
        self.0
    }
}

impl FromStr for Every {
    type Err = EveryError;
    fn from_str(text: &str) -> Result<Self, EveryError> {
        if let Some((_, every)) = Self::CALENDAR.iter().find(|(name, _)| *name == text) {
            return Ok(*every);
        }
        let units = [("s", 1), ("m", 60), ("h", 3600)];
        let (number, unit) = units
            .iter()
            .find_map(|(name, unit)| Some((text.strip_suffix(name)?, unit)))
            .ok_or(EveryError::Syntax)?;
        let is_number = number.bytes().all(|b| b.is_ascii_digit());
        // One way to write a number, as in JSON.
        if number.is_empty() || !is_number || (number.len() > 1 && number.starts_with('0')) {
            return Err(EveryError::Syntax);
        }
        let number: i64 = number.parse().map_err(|_| EveryError::Range)?;
        Self::seconds(number.saturating_mul(*unit))
    }
}

/// In the largest unit that leaves no fraction: `90s`, `15m`, `6h`.
impl fmt::Display for Every {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Width::Fixed(s) if s % 3600 == 0 => write!(f, "{}h", s / 3600),
            Width::Fixed(s) if s % 60 == 0 => write!(f, "{}m", s / 60),
            Width::Fixed(s) => write!(f, "{s}s"),
            Width::Calendar(_) => Self::CALENDAR
                .iter()
                .find(|(_, every)| every == self)
                .map_or(Ok(()), |(name, _)| f.write_str(name)),
        }
    }
}

impl TryFrom<String> for Every {
    type Error = EveryError;
    fn try_from(text: String) -> Result<Self, EveryError> {
        text.parse()
    }
}

impl From<Every> for String {
    fn from(every: Every) -> Self {
        every.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_least_as_wide_as_a_step() {
        for (seconds, every) in [
            (-1, "1s"),
            (1, "1s"),
            (900, "15m"),
            (86_400, "24h"),
            (86_401, "1w"),
            (7 * 86_400, "1w"),
            (8 * 86_400, "1mo"),
            (31 * 86_400, "1mo"),
            (32 * 86_400, "1q"),
            (92 * 86_400, "1q"),
            (365 * 86_400, "1y"),
            (366 * 86_400, "1y"),
        ] {
            let found = Every::at_least(seconds).map(|every| every.to_string());
            assert_eq!(found.as_deref(), Some(every), "{seconds}");
        }
        assert_eq!(Every::at_least(367 * 86_400), None);
        assert_eq!(Every::DAY.longest(), 86_400);
    }

    #[test]
    fn reads_and_prints() {
        for text in [
            "1s", "90s", "15m", "1h", "6h", "24h", "1d", "1w", "1mo", "1q", "1y",
        ] {
            assert_eq!(text.parse().map(|e: Every| e.to_string()), Ok(text.into()));
        }
        assert_eq!("3600s".parse::<Every>(), "1h".parse());
        for text in [
            "", "s", "15", "15M", "+1s", "-1s", "1.5h", " 1s", "1 s", "2d", "2mo", "1h30m", "１s",
            "01h", "060m", "00s",
        ] {
            assert_eq!(text.parse::<Every>(), Err(EveryError::Syntax), "{text}");
        }
        for text in [
            "0s",
            "0h",
            "25h",
            "86401s",
            "9223372036854775807h",
            "99999999999999999999s",
        ] {
            assert_eq!(text.parse::<Every>(), Err(EveryError::Range), "{text}");
        }
    }
}
