//! Until when the work of an invocation or a request is to be done. The host knows,
//! and a store that tries again needs it; what lies between has no use for it.
//! So it goes with the task, like a span, and not through every call of a port.
//!
//! A task that is spawned begins without one: whoever spawns it for the same work
//! hands it on with [`carried`].

use tokio::time::Instant;

tokio::task_local! {
    static DEADLINE: Instant;
}

/// Does `work`, which is to be done by `until`, or sooner if what it is a part of is.
/// It is not broken off then: that is for whoever waits for it.
pub fn within<F: Future>(until: Instant, work: F) -> impl Future<Output = F::Output> {
    let until = current().map_or(until, |outer| outer.min(until));
    DEADLINE.scope(until, work)
}

/// Until when the work at hand is to be done; None if nobody has said so, as on one
/// machine.
pub fn current() -> Option<Instant> {
    DEADLINE.try_with(|until| *until).ok()
}

/// `work` with the deadline of whoever calls this, for a task of its own.
pub fn carried<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let until = current();
    async move {
        match until {
            Some(until) => within(until, work).await,
            None => work.await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn work_knows_its_deadline_and_nothing_else_does() {
        let until = Instant::now() + Duration::from_mins(1);
        assert_eq!(current(), None);
        let (known, other) = tokio::join!(within(until, async { current() }), async { current() });
        assert_eq!((known, other, current()), (Some(until), None, None));
    }

    #[tokio::test(start_paused = true)]
    async fn a_part_of_the_work_has_no_more_time_than_the_whole() {
        let until = |seconds| Instant::now() + Duration::from_secs(seconds);
        for (part, expected) in [(10, 10), (90, 60)] {
            let whole = within(until(60), async {
                within(until(part), async { current() }).await
            });
            assert_eq!(whole.await, Some(until(expected)));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_spawned_task_has_the_deadline_that_it_is_handed() {
        let until = Instant::now() + Duration::from_mins(1);
        let spawned = within(until, async {
            let without = tokio::spawn(async { current() });
            let with = tokio::spawn(carried(async { current() }));
            (without.await.unwrap(), with.await.unwrap())
        });
        assert_eq!(spawned.await, (None, Some(until)));
        assert_eq!(carried(async { current() }).await, None);
    }
}
