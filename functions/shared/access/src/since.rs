//! When something was learned.

use std::time::Duration;

use tidemark_core::time::Timestamp;
use tidemark_ports::Clock;
use tokio::time::Instant;

/// An instant by two clocks: the service's, which knows of the time that a
/// function was frozen but stands still after the system's was set back, and a
/// steady one, which is never set but may not know of the other.
#[derive(Clone, Copy)]
pub(crate) struct Since {
    /// By the service's clock.
    pub(crate) time: Timestamp,
    steady: Instant,
}

impl Since {
    pub(crate) fn now(clock: &dyn Clock) -> Self {
        Self {
            time: clock.now(),
            steady: Instant::now(),
        }
    }

    /// Whether it is less than so long before `now`, by both clocks.
    pub(crate) fn is_within(self, kept: Duration, now: Self) -> bool {
        let nanos = i64::try_from(kept.as_nanos()).unwrap_or(i64::MAX);
        let elapsed = now.time.since(self.time);
        (0..nanos).contains(&elapsed) && now.steady.duration_since(self.steady) < kept
    }
}
