//! How long to wait before the next try.

use std::time::Duration;

use tokio::time::Instant;

const FIRST: Duration = Duration::from_millis(100);

/// Waits twice as long after each failure, up to a limit, and not at all after
/// a success. Each wait is cut by up to a half at random, so that many that
/// failed together do not come back together.
#[derive(Debug, Clone)]
pub struct Backoff {
    limit: Duration,
    wait: Duration,
    until: Instant,
}

impl Backoff {
    /// At most `limit` between two tries.
    pub fn new(limit: Duration) -> Self {
        Self {
            limit,
            wait: FIRST.min(limit),
            until: Instant::now(),
        }
    }

    /// When the next try may begin; may lie in the past.
    pub const fn until(&self) -> Instant {
        self.until
    }

    /// The last try failed.
    pub fn failed(&mut self) {
        self.until = Instant::now() + self.wait.mul_f64(fastrand::f64().mul_add(0.5, 0.5));
        self.wait = (self.wait * 2).min(self.limit);
    }

    /// The last try succeeded.
    pub fn succeeded(&mut self) {
        *self = Self::new(self.limit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn waits_longer_up_to_the_limit() {
        let mut backoff = Backoff::new(Duration::from_secs(2));
        assert!(backoff.until() <= Instant::now());
        for limit in [100, 200, 400, 800, 1600, 2000, 2000] {
            backoff.failed();
            let wait = backoff.until() - Instant::now();
            let limit = Duration::from_millis(limit);
            assert!(limit / 2 <= wait && wait <= limit, "{wait:?} {limit:?}");
        }
        backoff.succeeded();
        assert!(backoff.until() <= Instant::now());
    }
}
