//! Instants in answers: RFC 3339 in UTC. Rows of points come in order, so the
//! date is worked out once a day and the rest is digits.

use serde::{Serialize, Serializer};
use tidemark_core::time::Timestamp;

const NANOS_PER_SECOND: i64 = 1_000_000_000;
const NANOS_PER_DAY: i64 = 86_400 * NANOS_PER_SECOND;

/// An instant in an answer that goes through serde.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time(pub Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// How many digits follow the seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// As many as needed.
    Needed,
    /// As many as needed, but at least three.
    Milliseconds,
}

/// Writes instants, quickly where they lie close to each other.
#[derive(Debug, Clone)]
pub struct TimeWriter {
    precision: Precision,
    /// Days since 1970 that `date` stands for.
    day: i64,
    date: [u8; 11],
}

impl TimeWriter {
    /// A writer that has written nothing yet.
    pub const fn new(precision: Precision) -> Self {
        Self {
            precision,
            day: 0,
            date: *b"1970-01-01T",
        }
    }

    /// Appends `time`, without quotes.
    pub fn write(&mut self, time: Timestamp, out: &mut Vec<u8>) {
        let nanos = time.nanos();
        let day = nanos.div_euclid(NANOS_PER_DAY);
        if day != self.day {
            self.day = day;
            let (year, month, day) = civil(day);
            self.date[0..2].copy_from_slice(&two(year / 100));
            self.date[2..4].copy_from_slice(&two(year));
            self.date[5..7].copy_from_slice(&two(month));
            self.date[8..10].copy_from_slice(&two(day));
        }
        let within = nanos.rem_euclid(NANOS_PER_DAY);
        let (seconds, fraction) = (within / NANOS_PER_SECOND, within % NANOS_PER_SECOND);
        // As one piece: rows are many.
        let mut text = *b"yyyy-mm-ddThh:mm:ss.000000000Z";
        text[0..11].copy_from_slice(&self.date);
        text[11..13].copy_from_slice(&two(seconds / 3600));
        text[14..16].copy_from_slice(&two(seconds / 60 % 60));
        text[17..19].copy_from_slice(&two(seconds % 60));
        let digits = match self.precision {
            Precision::Milliseconds => needed(fraction).max(3),
            Precision::Needed if fraction == 0 => {
                text[19] = b'Z';
                return out.extend_from_slice(&text[..20]);
            }
            Precision::Needed => needed(fraction),
        };
        let mut rest = fraction;
        for place in text[20..29].iter_mut().rev() {
            *place = digit(rest % 10);
            rest /= 10;
        }
        text[20 + digits] = b'Z';
        out.extend_from_slice(&text[..=20 + digits]);
    }
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian
/// calendar: `civil_from_days` of Howard Hinnant, "chrono-Compatible Low-Level
/// Date Algorithms", with years that begin in March.
const fn civil(day: i64) -> (i64, i64, i64) {
    const DAYS_PER_ERA: i64 = 146_097;
    let day = day + 719_468;
    let (era, of_era) = (day.div_euclid(DAYS_PER_ERA), day.rem_euclid(DAYS_PER_ERA));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    (400 * era + year + later, month, of_month)
}

/// How many of the nine digits of `fraction` are needed.
const fn needed(mut fraction: i64) -> usize {
    let mut digits = 9;
    while fraction % 10 == 0 && digits > 1 {
        fraction /= 10;
        digits -= 1;
    }
    digits
}

/// The last two digits of a number that is not negative.
fn two(number: i64) -> [u8; 2] {
    [digit(number / 10 % 10), digit(number % 10)]
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "0 to 9"
)]
const fn digit(number: i64) -> u8 {
    b'0' + number as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(precision: Precision, nanos: &[i64]) -> Vec<String> {
        let mut writer = TimeWriter::new(precision);
        let mut write = |&nanos: &i64| {
            let mut out = Vec::new();
            writer.write(Timestamp::from_nanos(nanos), &mut out);
            String::from_utf8(out).unwrap()
        };
        nanos.iter().map(&mut write).collect()
    }

    #[test]
    fn milliseconds_are_at_least_three_digits() {
        assert_eq!(
            written(
                Precision::Milliseconds,
                &[0, 1_677_628_799_999_999_999, -1, 250_000_000, 1_000_500_000]
            ),
            [
                "1970-01-01T00:00:00.000Z",
                "2023-02-28T23:59:59.999999999Z",
                "1969-12-31T23:59:59.999999999Z",
                "1970-01-01T00:00:00.250Z",
                "1970-01-01T00:00:01.0005Z"
            ]
        );
    }

    #[test]
    fn through_serde_it_is_text() {
        let json = serde_json::to_string(&Time(Timestamp::from_nanos(0))).unwrap();
        assert_eq!(json, "\"1970-01-01T00:00:00Z\"");
    }

    /// Instants near each other and anywhere, with and without fractions.
    fn instants() -> impl Strategy<Value = Vec<i64>> {
        let near = (
            0i64..400 * 86_400,
            prop_oneof![Just(1_000_000_000i64), Just(1_000)],
        )
            .prop_map(|(n, unit)| n.wrapping_mul(unit));
        let edge = prop_oneof![Just(i64::MIN), Just(i64::MAX), Just(-1), Just(0)];
        prop::collection::vec(prop_oneof![near, any::<i64>(), edge], 1..20)
    }

    proptest! {
        #[test]
        fn written_as_printed(nanos in instants()) {
            let printed: Vec<_> = nanos
                .iter()
                .map(|n| Timestamp::from_nanos(*n).to_string())
                .collect();
            prop_assert_eq!(written(Precision::Needed, &nanos), printed);
        }
    }
}
