//! When each message becomes ready, and the time it bears. Nothing is kept in
//! memory: a message is made when it is fetched, from its place in the sequence,
//! so that any number of them can wait.

/// A second, in the microseconds that times are counted in here.
const SECOND: i64 = 1_000_000;
/// How old a message that is too old is at least: twice what is allowed.
const OLD: i64 = 2 * 3600 * SECOND;
/// From what age on a message is to be discarded: that of the customer's rule.
const LIMIT: i64 = 3600 * SECOND;

/// The instants at which messages become ready. All times are microseconds
/// since 1970 UTC.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    start: i64,
    rate: f64,
    backlog: u64,
    count: u64,
}

impl Schedule {
    /// `backlog` messages before `start`, then `rate` a second; `count` in all,
    /// or endless if that is 0.
    pub(crate) const fn new(start: i64, rate: f64, backlog: u64, count: u64) -> Self {
        Self {
            start,
            rate,
            backlog,
            count,
        }
    }

    /// The start of the second before the start, where the backlog begins.
    const fn epoch(&self) -> i64 {
        (self.start.div_euclid(SECOND) - 1) * SECOND
    }

    /// The time of message `n`, if there is such a message: strictly increasing
    /// in `n`. The message is ready from then on, so that its time never lies
    /// in the future.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        reason = "a backlog is at most 10^6; a float too large for i64 saturates: never ready"
    )]
    pub(crate) fn time(&self, n: u64) -> Option<i64> {
        if self.count != 0 && n >= self.count {
            return None;
        }
        if n < self.backlog {
            return Some(self.epoch() + n as i64 * SECOND / self.backlog as i64);
        }
        if self.rate == 0.0 {
            return None;
        }
        let after = (n - self.backlog) as f64 / self.rate * SECOND as f64;
        let time = self.start.saturating_add(after as i64);
        Some(if self.rate <= 1.0 {
            time.div_euclid(SECOND) * SECOND
        } else {
            time
        })
    }

    /// The time that a message bears instead of `time` when it is to be too old.
    ///
    /// These run backwards from two hours before the start: none is ever the
    /// same as another or as one of a valid message, however long the run.
    pub(crate) const fn old_time(&self, time: i64) -> i64 {
        2 * self.epoch() - OLD - time
    }
}

/// Whether a message of this time, received at `now`, is older than an hour.
pub(crate) const fn is_too_old(time: i64, now: i64) -> bool {
    now - time > LIMIT
}

/// Epoch seconds as a JSON number, exactly, with as many digits as needed.
pub(crate) fn epoch_seconds(time: i64) -> String {
    let sign = if time < 0 { "-" } else { "" };
    let (seconds, micros) = (
        time.unsigned_abs() / 1_000_000,
        time.unsigned_abs() % 1_000_000,
    );
    if micros == 0 {
        return format!("{sign}{seconds}");
    }
    let digits = format!("{micros:06}");
    format!("{sign}{seconds}.{}", digits.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const START: i64 = 1_790_112_910_734_219;

    fn times(schedule: &Schedule, n: u64) -> Vec<i64> {
        (0..n).map_while(|n| schedule.time(n)).collect()
    }

    #[test]
    fn whole_seconds_up_to_one_a_second() {
        let times = times(&Schedule::new(START, 1.0, 0, 0), 3);
        let texts: Vec<_> = times.into_iter().map(epoch_seconds).collect();
        assert_eq!(texts, ["1790112910", "1790112911", "1790112912"]);
    }

    #[test]
    fn microseconds_above() {
        let times = times(&Schedule::new(START, 200.0, 0, 0), 3);
        let texts: Vec<_> = times.into_iter().map(epoch_seconds).collect();
        assert_eq!(
            texts,
            [
                "1790112910.734219",
                "1790112910.739219",
                "1790112910.744219"
            ]
        );
    }

    #[test]
    fn the_backlog_lies_in_the_second_before() {
        let schedule = Schedule::new(START, 0.0, 4, 0);
        let texts: Vec<_> = times(&schedule, 9).into_iter().map(epoch_seconds).collect();
        assert_eq!(
            texts,
            [
                "1790112909",
                "1790112909.25",
                "1790112909.5",
                "1790112909.75"
            ]
        );
    }

    #[test]
    fn it_ends_at_the_count() {
        assert_eq!(times(&Schedule::new(START, 10.0, 4, 6), 9).len(), 6);
        assert_eq!(times(&Schedule::new(START, 10.0, 4, 3), 9).len(), 3);
        assert_eq!(times(&Schedule::new(START, 10.0, 0, 0), 9).len(), 9);
    }

    #[test]
    fn seconds_before_1970() {
        assert_eq!(epoch_seconds(-1_500_000), "-1.5");
        assert_eq!(epoch_seconds(-1), "-0.000001");
        assert_eq!(epoch_seconds(5_000), "0.005");
    }

    proptest! {
        #[test]
        fn times_are_unique(
            start in 0..4_000_000_000_000_000i64,
            rate in prop_oneof![Just(1.0), 1e-3..1e5f64, 0.9..1.1f64],
            backlog in 0..2000u64,
        ) {
            let schedule = Schedule::new(start, rate, backlog, 0);
            let times = times(&schedule, 4000);
            prop_assert!(times.windows(2).all(|w| w[0] < w[1]));
            let newest_old = times.iter().map(|&t| schedule.old_time(t)).max();
            prop_assert!(newest_old.is_some_and(|old| old < times[0]));
            for (n, &time) in times.iter().enumerate() {
                prop_assert!(time - schedule.old_time(time) >= OLD);
                // Ready no later than its place in the sequence says.
                let place = (n as f64 - backlog as f64) / rate;
                prop_assert!(time as f64 <= start as f64 + place.max(0.0) * 1e6 + 1.0);
            }
        }
    }
}
