//! How instants are written: epoch seconds, RFC 3339 with an offset, or a date. The
//! same everywhere: in JSON, NDJSON, CSV and in parameters. What is accepted and what
//! is refused stands in a table of the tests.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime};

use super::{NANOS_PER_SECOND, TimeError, Timestamp};
use crate::zone::{DAY, Zone};

impl Timestamp {
    /// Reads epoch seconds as JSON writes numbers (`13515551`, `1700000000.25`,
    /// `1.7e9`), RFC 3339 with an offset, or a date: its first instant in `zone`. What
    /// is finer than a nanosecond is cut off.
    pub fn parse(text: &str, zone: Zone) -> Result<Self, TimeError> {
        if let Some(time) = epoch_seconds(text) {
            return time;
        }
        let (date, rest) = date(text).ok_or(TimeError::Syntax)?;
        if rest.is_empty() {
            first_instant(date, zone)
        } else {
            rfc_3339(date, rest)
        }
    }
}

/// The first instant of a local date: midnight, or the end of the gap where
/// the clocks skip midnight.
pub fn first_instant(date: NaiveDate, zone: Zone) -> Result<Timestamp, TimeError> {
    let days = i64::from(date.to_epoch_days());
    Timestamp::from_seconds(zone.first_showing(days * DAY))
}

/// A date, `2023-02-01`, and what comes after it.
fn date(text: &str) -> Option<(NaiveDate, &str)> {
    let (year, rest) = digits(text, 4)?;
    let (month, rest) = digits(rest.strip_prefix('-')?, 2)?;
    let (day, rest) = digits(rest.strip_prefix('-')?, 2)?;
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    Some((date, rest))
}

/// What comes after the date in RFC 3339, section 5.6: `T12:30:00.5+01:00`.
fn rfc_3339(date: NaiveDate, rest: &str) -> Result<Timestamp, TimeError> {
    let Reading {
        clock,
        is_leap,
        nanos,
        offset,
    } = reading(rest).ok_or(TimeError::Syntax)?;
    let before = date.and_time(clock).and_utc().timestamp() - offset;
    if is_leap && !may_leap_after(before) {
        return Err(TimeError::Leap);
    }
    // What UTC calls 23:59:60 is the next day's 00:00:00 here.
    let seconds = before + i64::from(is_leap);
    let nanos = i128::from(seconds) * i128::from(NANOS_PER_SECOND) + i128::from(nanos);
    i64::try_from(nanos)
        .map(Timestamp)
        .map_err(|_| TimeError::Range)
}

/// A time of day as it is written.
struct Reading {
    /// To the second; of a leap second the one before it.
    clock: NaiveTime,
    is_leap: bool,
    nanos: u32,
    /// Seconds east of UTC.
    offset: i64,
}

/// Letters may be small (RFC 3339, 5.6).
fn reading(text: &str) -> Option<Reading> {
    let (hour, rest) = digits(text.strip_prefix(['T', 't'])?, 2)?;
    let (minute, rest) = digits(rest.strip_prefix(':')?, 2)?;
    let (second, rest) = digits(rest.strip_prefix(':')?, 2)?;
    let (nanos, rest) = fraction(rest)?;
    let is_leap = second == 60;
    Some(Reading {
        clock: NaiveTime::from_hms_opt(hour, minute, if is_leap { 59 } else { second })?,
        is_leap,
        nanos,
        offset: offset(rest)?,
    })
}

/// Whether this is the last second of June or December in UTC, which leap seconds
/// come after (ITU-R TF.460).
fn may_leap_after(seconds: i64) -> bool {
    let next = DateTime::from_timestamp(seconds + 1, 0);
    next.is_some_and(|next| {
        next.time() == NaiveTime::MIN && next.day() == 1 && [1, 7].contains(&next.month())
    })
}

/// The nanoseconds of a fraction of a second, none if there is none, and what comes
/// after it.
fn fraction(text: &str) -> Option<(u32, &str)> {
    let Some(text) = text.strip_prefix('.') else {
        return Some((0, text));
    };
    let (fraction, rest) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    if fraction.is_empty() {
        return None;
    }
    let nanos = format!("{fraction:0<9.9}").parse().ok()?;
    Some((nanos, rest))
}

/// The seconds of an offset, `Z` or `+01:00`, after which nothing comes.
fn offset(text: &str) -> Option<i64> {
    let (sign, rest) = match text.split_at_checked(1)? {
        ("Z" | "z", "") => return Some(0),
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, rest) = digits(rest, 2)?;
    let (minutes, rest) = digits(rest.strip_prefix(':')?, 2)?;
    let is_offset = hours < 24 && minutes < 60 && rest.is_empty();
    is_offset.then(|| sign * i64::from(hours * 3600 + minutes * 60))
}

/// The number that so many ASCII digits write, and what comes after them.
fn digits(text: &str, count: usize) -> Option<(u32, &str)> {
    let (number, rest) = text.split_at_checked(count)?;
    let all = number.bytes().all(|b| b.is_ascii_digit());
    Some((all.then(|| number.parse().ok())??, rest))
}

/// An exponent; of one that 32 bits do not hold, no more is to be known.
fn power(text: &str) -> Option<i32> {
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let power = digits.parse().unwrap_or(i32::MAX);
    Some(if is_negative { -power } else { power })
}

/// `None` if `text` is not a JSON number.
fn epoch_seconds(text: &str) -> Option<Result<Timestamp, TimeError>> {
    let is_json = |number: &str| number == "0" || !number.starts_with(['0', '+']);
    if let Ok(seconds) = text.parse::<i64>() {
        let is_json = is_json(text.strip_prefix('-').unwrap_or(text));
        return is_json.then(|| Timestamp::from_seconds(seconds));
    }
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, power(exponent)?),
        None => (text, 0),
    };
    let negative = mantissa.starts_with('-');
    let digits = mantissa.strip_prefix('-').unwrap_or(mantissa);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) || digits.ends_with('.') {
        return None;
    }
    if !is_json(whole) {
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
