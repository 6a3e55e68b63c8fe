//! What time it is: the one place that asks the system.

use std::sync::atomic::{AtomicI64, Ordering};

use tidemark_core::time::Timestamp;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now. No instant is told twice or after a later one, so that what is
    /// received after a deletion was answered is later than the deletion.
    ///
    /// That holds of one clock, which all use cases of one machine share. On
    /// AWS every process has its own, so that it holds as far as these agree: a
    /// batch that comes after a deletion was answered, but by less than they
    /// differ, may count as received before it and be hidden.
    fn now(&self) -> Timestamp;
}

/// The system's clock, to the microsecond: finer says nothing, and costs space
/// wherever times of receipt are kept.
#[derive(Debug)]
pub struct SystemClock(AtomicI64);

const MICROSECOND: i64 = 1000;

impl SystemClock {
    /// A clock that has not told any time yet.
    pub const fn new() -> Self {
        Self::after(Timestamp::MIN)
    }

    /// A clock that has told the time before, `last` at the latest: in an
    /// earlier life of the process, after which the system's clock may have
    /// been set back.
    pub const fn after(last: Timestamp) -> Self {
        Self(AtomicI64::new(last.nanos()))
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[allow(
        clippy::disallowed_methods,
        reason = "this is the clock that is injected everywhere else"
    )]
    fn now(&self) -> Timestamp {
        let since_1970 = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |since| since.as_micros());
        let system = i64::try_from(since_1970)
            .unwrap_or(i64::MAX)
            .saturating_mul(MICROSECOND);
        let told = |last: i64| system.max(last.saturating_add(MICROSECOND));
        let last = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| {
                Some(told(last))
            })
            .unwrap_or_else(|last| last);
        Timestamp::from_nanos(told(last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_goes_on_after_a_restart() {
        let last = SystemClock::new().now().plus(60_000_000_000);
        assert!(SystemClock::after(last).now() > last);
    }

    #[test]
    fn no_instant_is_told_twice() {
        let clock = SystemClock::new();
        let times: Vec<Timestamp> = (0..1000).map(|_| clock.now()).collect();
        assert!(times.windows(2).all(|w| w[0] < w[1]));
        assert!(times.iter().all(|t| t.nanos() % MICROSECOND == 0));
    }
}
