//! The clock of a time zone: its offset from UTC, and the instants at which that
//! changes. Instants are whole seconds since 1970 UTC, and so are readings of
//! the clock, as if it were in UTC: every offset in the tz database, every
//! change of one and every width of a bucket is whole seconds.

use chrono::{DateTime, Offset, TimeZone};
use chrono_tz::Tz;

/// Seconds of a day of 24 hours.
pub(crate) const DAY: i64 = 86_400;

/// No zone changes its offset twice in so short a time: the two closest changes
/// in the tz database are 96 hours apart (Freetown in 1939).
const QUIET: i64 = 2 * DAY;

/// A change of offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Change {
    /// The first second with the new offset.
    pub(crate) at: i64,
    /// Seconds to add to UTC before.
    pub(crate) before: i64,
    /// Seconds to add to UTC from then on.
    pub(crate) after: i64,
}

/// Seconds to add to UTC for the clock of `zone` at an instant.
pub(crate) fn offset(zone: Tz, at: i64) -> i64 {
    // All that 64-bit nanoseconds can name is within chrono's years.
    DateTime::from_timestamp(at, 0).map_or(0, |at| {
        let offset = zone.offset_from_utc_datetime(&at.naive_utc());
        offset.fix().local_minus_utc().into()
    })
}

/// The change after `from` and not after `to`, which lie no more than two days
/// apart.
pub(crate) fn change(zone: Tz, from: i64, to: i64) -> Option<Change> {
    let (before, after) = (offset(zone, from), offset(zone, to));
    if before == after {
        return None;
    }
    let (mut old, mut new) = (from, to);
    while new - old > 1 {
        let middle = old + (new - old) / 2;
        if offset(zone, middle) == before {
            old = middle;
        } else {
            new = middle;
        }
    }
    Some(Change {
        at: new,
        before,
        after,
    })
}

/// The changes after `from` and not after `to`, in order.
pub(crate) fn changes(zone: Tz, from: i64, to: i64) -> impl Iterator<Item = Change> {
    let mut at = if zone == Tz::UTC { to } else { from };
    std::iter::from_fn(move || {
        while at < to {
            let start = at;
            at = to.min(start + QUIET);
            if let found @ Some(_) = change(zone, start, at) {
                return found;
            }
        }
        None
    })
}

/// The first instant at which the clock shows `reading`, or has passed it where
/// it is set forward over it.
pub(crate) fn first_showing(zone: Tz, reading: i64) -> i64 {
    // No offset is as large as a day.
    match change(zone, reading - DAY, reading + DAY) {
        None => reading - offset(zone, reading),
        Some(change) if reading - change.before < change.at => reading - change.before,
        Some(change) => change.at.max(reading - change.after),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;
    use chrono_tz::TZ_VARIANTS;
    use proptest::prelude::*;

    fn seconds(text: &str) -> i64 {
        DateTime::parse_from_rfc3339(text).unwrap().timestamp()
    }

    #[test]
    fn changes_of_a_year() {
        let found = changes(
            Tz::Europe__Zurich,
            seconds("2023-01-01T00:00:00Z"),
            seconds("2023-12-31T00:00:00Z"),
        );
        let spring = Change {
            at: seconds("2023-03-26T01:00:00Z"),
            before: 3600,
            after: 7200,
        };
        let autumn = Change {
            at: seconds("2023-10-29T01:00:00Z"),
            before: 7200,
            after: 3600,
        };
        assert!(found.eq([spring, autumn]));
    }

    /// What the search for changes relies on, for every zone: there is no other
    /// change within two days of one, as far as probing 16 times tells.
    #[test]
    fn a_change_is_alone_for_two_days() {
        for zone in TZ_VARIANTS {
            let all = changes(
                zone,
                seconds("1890-01-01T00:00:00Z"),
                seconds("2038-01-01T00:00:00Z"),
            );
            for Change { at, .. } in all {
                let near = (1..16).map(|part| part * QUIET / 16);
                for distance in near {
                    assert_eq!(offset(zone, at), offset(zone, at + distance), "{zone} {at}");
                    assert_eq!(
                        offset(zone, at - 1),
                        offset(zone, at - 1 - distance),
                        "{zone} {at}"
                    );
                }
            }
        }
    }

    proptest! {
        /// Against chrono's own, where the clock does show the reading.
        #[test]
        fn first_showing_is_the_earlier_of_two(
            zone in prop::sample::select(TZ_VARIANTS.to_vec()),
            reading in -9_000_000_000_i64..9_000_000_000,
        ) {
            let local = DateTime::from_timestamp(reading, 0).unwrap().naive_utc();
            let first = first_showing(zone, reading);
            if let Some(time) = zone.from_local_datetime(&local).earliest() {
                prop_assert_eq!(first, time.timestamp());
            } else {
                prop_assert!(first + offset(zone, first) > reading);
                prop_assert!(first - 1 + offset(zone, first - 1) < reading);
            }
        }
    }

    #[test]
    fn clocks_that_were_set_forward_over_midnight() {
        let midnight = |y, m, d| {
            let date = NaiveDate::from_ymd_opt(y, m, d).unwrap();
            date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp()
        };
        let cases = [
            (Tz::Asia__Beirut, (2021, 3, 28), "2021-03-27T22:00:00Z"),
            // A whole day that was not.
            (Tz::Pacific__Apia, (2011, 12, 30), "2011-12-30T10:00:00Z"),
            (Tz::Pacific__Apia, (2011, 12, 31), "2011-12-30T10:00:00Z"),
            // From 23:59:60 back to 23:00: midnight came an hour later.
            (
                Tz::America__Sao_Paulo,
                (2018, 2, 18),
                "2018-02-18T03:00:00Z",
            ),
        ];
        for (zone, (y, m, d), first) in cases {
            let mine = first_showing(zone, midnight(y, m, d));
            assert_eq!(mine, seconds(first), "{zone}");
        }
    }
}
