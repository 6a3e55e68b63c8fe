//! Instants and ranges of time, in nanoseconds since 1970-01-01T00:00:00 UTC.

use std::fmt;

use chrono::{DateTime, Datelike, NaiveDate, Timelike};
use serde::{Deserialize, Serialize};

use crate::zone::Zone;

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

    /// Reads epoch seconds (`13515551`, `1700000000.25`, `1.7e9`), RFC 3339
    /// with an offset, or a date: its first instant in `zone`. What is finer
    /// than a nanosecond is cut off.
    pub fn parse(text: &str, zone: Zone) -> Result<Self, TimeError> {
        if let Some(time) = parse_epoch_seconds(text) {
            return time;
        }
        if let Ok(time) = DateTime::parse_from_rfc3339(text) {
            return time.timestamp_nanos_opt().map(Self).ok_or(TimeError::Range);
        }
        // chrono would also read `+2023-2-1`.
        if text.len() == 10
            && text.is_ascii()
            && text.as_bytes()[4] == b'-'
            && text.as_bytes()[7] == b'-'
        {
            let date =
                NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| TimeError::Syntax)?;
            return first_instant(date, zone);
        }
        Err(TimeError::Syntax)
    }
}

/// The first instant of a local date: midnight, or the end of the gap where
/// the clocks skip midnight.
pub fn first_instant(date: NaiveDate, zone: Zone) -> Result<Timestamp, TimeError> {
    let days = i64::from(date.to_epoch_days());
    Timestamp::from_seconds(zone.first_showing(days * 86_400))
}

/// `None` if `text` is not a JSON number.
fn parse_epoch_seconds(text: &str) -> Option<Result<Timestamp, TimeError>> {
    if let Ok(seconds) = text.parse::<i64>() {
        let plain = !text.starts_with('+');
        return plain.then(|| Timestamp::from_seconds(seconds));
    }
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let negative = mantissa.starts_with('-');
    let digits = mantissa.strip_prefix('-').unwrap_or(mantissa);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) || digits.ends_with('.') {
        return None;
    }
    // The decimal point moves `exponent` places and nine more, to nanoseconds.
    let keep = i64::try_from(whole.len()).ok()? + i64::from(exponent) + 9;
    let mut nanos: i128 = 0;
    let mut places = 0;
    for digit in whole.bytes().chain(fraction.bytes()) {
        if places >= keep {
            break;
        }
        places += 1;
        nanos = nanos
            .saturating_mul(10)
            .saturating_add(i128::from(digit - b'0'));
    }
    while places < keep && nanos != 0 {
        places += 1;
        nanos = nanos.saturating_mul(10);
        if nanos > i128::from(u64::MAX) {
            break;
        }
    }
    let nanos = if negative { -nanos } else { nanos };
    Some(
        i64::try_from(nanos)
            .map(Timestamp)
            .map_err(|_| TimeError::Range),
    )
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn zone(name: &str) -> Zone {
        name.parse().unwrap()
    }

    fn utc(text: &str) -> Result<i64, TimeError> {
        Timestamp::parse(text, Zone::UTC).map(Timestamp::nanos)
    }

    #[test]
    fn epoch_seconds() {
        assert_eq!(utc("13515551"), Ok(13_515_551_000_000_000));
        assert_eq!(utc("1700000000.25"), Ok(1_700_000_000_250_000_000));
        assert_eq!(utc("1.7e9"), Ok(1_700_000_000_000_000_000));
        assert_eq!(utc("17E+8"), Ok(1_700_000_000_000_000_000));
        assert_eq!(utc("-0.000000001"), Ok(-1));
        assert_eq!(utc("1e-9"), Ok(1));
        assert_eq!(utc("1e-10"), Ok(0));
        assert_eq!(utc("0e999999999"), Ok(0));
        assert_eq!(utc("1700000000.1234567899"), Ok(1_700_000_000_123_456_789));
        assert_eq!(utc("9223372036.854775807"), Ok(i64::MAX));
        assert_eq!(utc("9223372036.854775808"), Err(TimeError::Range));
        assert_eq!(utc("1e400"), Err(TimeError::Range));
        assert_eq!(utc("-9223372036.854775808"), Ok(i64::MIN));
        for bad in [
            "", "+1", "1.", ".5", "1e", "NaN", "inf", "0x10", "1_000", " 1", "--1",
        ] {
            assert_eq!(utc(bad), Err(TimeError::Syntax), "{bad}");
        }
    }

    #[test]
    fn rfc_3339_and_dates() {
        assert_eq!(utc("1970-06-06T10:19:14Z"), Ok(13_515_554_000_000_000));
        assert_eq!(
            utc("2023-02-01T01:00:00+01:00"),
            utc("2023-02-01T00:00:00Z")
        );
        assert_eq!(utc("2023-02-01"), utc("2023-02-01T00:00:00Z"));
        let zurich = zone("Europe/Zurich");
        assert_eq!(
            Timestamp::parse("2023-02-01", zurich).map(|t| t.to_string()),
            Ok("2023-01-31T23:00:00Z".to_owned())
        );
        // Midnight did not exist in Beirut on 2021-03-28, nor the whole day in Samoa.
        assert_eq!(
            Timestamp::parse("2021-03-28", zone("Asia/Beirut")).map(|t| t.to_string()),
            Ok("2021-03-27T22:00:00Z".to_owned())
        );
        assert_eq!(
            Timestamp::parse("2011-12-30", zone("Pacific/Apia")).map(|t| t.to_string()),
            Ok("2011-12-30T10:00:00Z".to_owned())
        );
        // A zone on its own mean time, with seconds.
        assert_eq!(
            Timestamp::parse("1972-01-07", zone("Africa/Monrovia")).map(|t| t.to_string()),
            Ok("1972-01-07T00:44:30Z".to_owned())
        );
        assert_eq!(utc("2023-02-01T00:00:00"), Err(TimeError::Syntax));
        assert_eq!(utc("2023-02-30"), Err(TimeError::Syntax));
        assert_eq!(utc("2500-01-01"), Err(TimeError::Range));
        assert_eq!(utc("1500-01-01T00:00:00Z"), Err(TimeError::Range));
    }

    #[test]
    fn prints_as_many_digits_as_needed() {
        let text = |nanos| Timestamp::from_nanos(nanos).to_string();
        assert_eq!(text(0), "1970-01-01T00:00:00Z");
        assert_eq!(text(250_000_000), "1970-01-01T00:00:00.25Z");
        assert_eq!(text(-1), "1969-12-31T23:59:59.999999999Z");
        assert_eq!(text(i64::MIN), "1677-09-21T00:12:43.145224192Z");
        assert_eq!(text(i64::MAX), "2262-04-11T23:47:16.854775807Z");
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_the_same(nanos: i64) {
            let time = Timestamp::from_nanos(nanos);
            prop_assert_eq!(Timestamp::parse(&time.to_string(), Zone::UTC), Ok(time));
        }

        #[test]
        fn any_text_is_read_without_panic(text in "\\PC{0,24}") {
            let _ = Timestamp::parse(&text, Zone::UTC);
        }
    }
}
