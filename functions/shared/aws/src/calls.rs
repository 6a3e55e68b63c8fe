//! Several calls of a service at the same time. What a call leaves undone,
//! because the service is busy, is asked for again after a pause. Calls that are
//! repeated here are tried once by the SDK ([`once`]): else each of our tries
//! would be several of its own, at a table that has too many already.

use std::sync::Arc;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use backon::{BackoffBuilder, ExponentialBuilder, RetryableWithContext};
use futures_util::{StreamExt, TryStreamExt, stream};
use tidemark_ports::error::{Kind, Result, StoreError, causes};
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// How long something is tried again: half of what a function has, so that one
/// more try fits, and sooner than a caller behind the gateway gives up.
const PATIENCE: Duration = Duration::from_secs(15);

/// How long to wait before each further try.
const fn pauses() -> ExponentialBuilder {
    ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(25))
        .with_max_delay(Duration::from_secs(2))
        .without_max_times()
        .with_total_delay(Some(PATIENCE))
        .with_jitter()
}

/// How the SDK is told to try a call once.
pub(crate) fn once() -> RetryConfig {
    RetryConfig::disabled()
}

/// How many calls are under way at the same time, of all who share it. A function
/// handles several messages at once: each with a limit of its own, they would make
/// as many times the calls, and the more the busier a table is.
#[derive(Debug, Clone)]
pub(crate) struct Budget(Arc<Semaphore>);

impl Budget {
    /// So many calls.
    pub(crate) fn new(calls: usize) -> Self {
        Self(Arc::new(Semaphore::new(calls)))
    }

    /// Makes a call when it is its turn; who waits longest is next.
    pub(crate) async fn turn<F: Future>(&self, call: F) -> F::Output {
        // It is never closed.
        let _turn = self.0.acquire().await;
        call.await
    }
}

/// Why a try has not come to its end.
pub(crate) enum Undone {
    /// Another may. What to say if there is none.
    Contended(StoreError),
    /// No other would.
    Failed(StoreError),
}

impl Undone {
    /// What passes may be over by the next try.
    pub(crate) fn of(error: StoreError) -> Self {
        match error.kind() {
            Kind::Unavailable => Self::Contended(error),
            _ => Self::Failed(error),
        }
    }
}

impl From<StoreError> for Undone {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

/// Tries until a try comes to its end, with pauses, or until it is given up. A try
/// takes what those before it have left, and hands it on; so does the last one.
pub(crate) async fn retry<S, T, F>(work: S, one: impl FnMut(S) -> F) -> (S, Result<T>)
where
    F: Future<Output = (S, std::result::Result<T, Undone>)>,
{
    // The pauses end by themselves; but calls may take long, too.
    let end = Instant::now() + PATIENCE;
    retry_while(pauses(), || Instant::now() < end, work, one).await
}

/// The same with pauses of one's own, which alone end it.
pub(crate) async fn retry_after<S, T, F>(
    pauses: impl BackoffBuilder,
    work: S,
    one: impl FnMut(S) -> F,
) -> (S, Result<T>)
where
    F: Future<Output = (S, std::result::Result<T, Undone>)>,
{
    retry_while(pauses, || true, work, one).await
}

async fn retry_while<S, T, F>(
    pauses: impl BackoffBuilder,
    is_time: impl Fn() -> bool,
    work: S,
    mut one: impl FnMut(S) -> F,
) -> (S, Result<T>)
where
    F: Future<Output = (S, std::result::Result<T, Undone>)>,
{
    // Boxed, since the compiler looks only so deep into futures of futures.
    let one = |work| Box::pin(one(work));
    let (work, outcome) = one
        .retry(pauses)
        .sleep(tokio::time::sleep)
        .context(work)
        .when(|undone| matches!(undone, Undone::Contended(_)) && is_time())
        .await;
    let outcome = outcome.map_err(|undone| match undone {
        Undone::Contended(error) | Undone::Failed(error) => error,
    });
    (work, outcome)
}

/// What one call has done.
pub(crate) struct Done<T, R> {
    /// What it brought.
    pub(crate) found: Vec<R>,
    /// What it left undone.
    pub(crate) left: Vec<T>,
}

/// Carries out `call` for each of `work`, `calls` at the same time.
pub(crate) async fn for_each<T, F>(
    budget: &Budget,
    work: Vec<T>,
    calls: usize,
    call: impl Fn(T) -> F,
) -> Result<()>
where
    T: Clone,
    F: Future<Output = Result<()>>,
{
    let call = |mut one: Vec<T>| {
        let work = one.pop().map(&call);
        async move {
            if let Some(work) = work {
                work.await?;
            }
            Ok(Done {
                found: Vec::<()>::new(),
                left: Vec::new(),
            })
        }
    };
    each(budget, work, 1, calls, call).await.map(drop)
}

/// Carries all of `work` out in calls of `at_once`, `calls` at the same time and
/// as many as the budget has room for, and collects what they bring.
///
/// A call that fails for what passes, as one that is throttled, has left all of
/// its work undone.
pub(crate) async fn each<T, R, F>(
    budget: &Budget,
    work: Vec<T>,
    at_once: usize,
    calls: usize,
    call: impl Fn(Vec<T>) -> F,
) -> Result<Vec<R>>
where
    T: Clone,
    F: Future<Output = Result<Done<T, R>>>,
{
    let found = Vec::with_capacity(work.len());
    let (done, outcome) = retry(Done { found, left: work }, async |mut done| {
        let outcome = round(budget, &mut done, at_once, calls, &call).await;
        (done, outcome)
    })
    .await;
    outcome.map(|()| done.found)
}

/// Carries out once what is left to do.
async fn round<T, R, F>(
    budget: &Budget,
    done: &mut Done<T, R>,
    at_once: usize,
    calls: usize,
    call: impl Fn(Vec<T>) -> F,
) -> std::result::Result<(), Undone>
where
    T: Clone,
    F: Future<Output = Result<Done<T, R>>>,
{
    let mut work = std::mem::take(&mut done.left);
    let mut parts = Vec::new();
    while !work.is_empty() {
        let rest = work.split_off(work.len().min(at_once));
        parts.push(std::mem::replace(&mut work, rest));
    }
    let call = |part: Vec<T>| {
        let all = part.clone();
        let call = budget.turn(call(part));
        async move {
            match call.await {
                Err(error) if error.kind() == Kind::Unavailable => {
                    tracing::debug!(error = causes(&error), "a call is left undone");
                    let (found, left) = (Vec::new(), all);
                    Ok((Done { found, left }, Some(error)))
                }
                made => made.map(|done| (done, None)),
            }
        }
    };
    let mut made = stream::iter(parts).map(call).buffer_unordered(calls);
    let mut cause = None;
    while let Some((part, error)) = made.try_next().await? {
        done.found.extend(part.found);
        done.left.extend(part.left);
        cause = error.or(cause);
    }
    if done.left.is_empty() {
        return Ok(());
    }
    let left = format!("a table is busy: {} items are left", done.left.len());
    let busy = StoreError::new(Kind::Unavailable, left);
    Err(Undone::Contended(match cause {
        Some(cause) => busy.because(cause),
        None => busy,
    }))
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use super::*;

    const CALLS: usize = 8;

    /// A table that takes `most` of what each call asks for.
    async fn busy(items: usize, most: usize) -> (Result<Vec<usize>>, Vec<usize>) {
        let calls = RefCell::new(Vec::new());
        let call = |mut work: Vec<usize>| {
            calls.borrow_mut().push(work.len());
            let left = work.split_off(work.len().min(most));
            async { Ok(Done { found: work, left }) }
        };
        let work = (0..items).collect();
        let answer = each(&Budget::new(CALLS), work, 10, CALLS, call).await;
        (answer, calls.into_inner())
    }

    #[tokio::test(start_paused = true)]
    async fn all_is_done_in_calls_that_are_full() {
        assert_eq!(busy(0, 10).await.1, [0; 0]);
        let (found, calls) = busy(101, 10).await;
        let mut found = found.unwrap();
        found.sort_unstable();
        assert_eq!(found, (0..101).collect::<Vec<_>>());
        assert_eq!(calls, [vec![10; 10], vec![1]].concat());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_left_is_asked_for_again() {
        let (found, calls) = busy(25, 4).await;
        let mut found = found.unwrap();
        found.sort_unstable();
        assert_eq!(found, (0..25).collect::<Vec<_>>());
        assert_eq!(calls, [10, 10, 5, 10, 3, 6, 2]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_table_that_stays_busy_is_given_up() {
        let begin = Instant::now();
        let (found, _) = busy(1, 0).await;
        assert_eq!(found.unwrap_err().kind(), Kind::Unavailable);
        let waited = begin.elapsed();
        assert!(waited > Duration::from_secs(10), "{waited:?}");
        assert!(waited < Duration::from_secs(16), "{waited:?}");
    }

    /// Pauses alone do not end it: each of its calls takes as long as one may.
    #[tokio::test(start_paused = true)]
    async fn a_service_that_does_not_answer_is_given_up() {
        let begin = Instant::now();
        let call = async |_: Vec<u8>| {
            tokio::time::sleep(Duration::from_secs(5)).await;
            Err::<Done<u8, ()>, _>(StoreError::new(Kind::Unavailable, "no answer"))
        };
        let error = each(&Budget::new(CALLS), vec![1], 1, CALLS, call).await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), Kind::Unavailable);
        assert!(causes(&error).contains("no answer"), "{error}");
        let waited = begin.elapsed();
        assert!(waited < Duration::from_secs(21), "{waited:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_is_refused_as_a_whole_is_made_again_as_a_whole() {
        let calls = RefCell::new(Vec::new());
        let call = |work: Vec<u32>| {
            calls.borrow_mut().push(work.clone());
            let is_refused = calls.borrow().len() < 4;
            async move {
                if is_refused {
                    return Err(StoreError::new(Kind::Unavailable, "throttled"));
                }
                let (found, left) = (work, Vec::new());
                Ok(Done { found, left })
            }
        };
        let found = each(&Budget::new(CALLS), vec![1, 2, 3], 2, CALLS, call).await;
        let mut found = found.unwrap();
        found.sort_unstable();
        assert_eq!(found, [1, 2, 3]);
        let expected = [vec![1, 2], vec![3], vec![1, 2], vec![3], vec![1, 2]];
        assert_eq!(calls.into_inner()[..], expected);
    }

    #[tokio::test(start_paused = true)]
    async fn all_who_share_a_budget_make_no_more_calls_than_one() {
        let (now, most) = (Cell::new(0), Cell::new(0));
        let call = async |work: Vec<u32>| {
            now.set(now.get() + 1);
            most.set(most.get().max(now.get()));
            tokio::time::sleep(Duration::from_millis(10)).await;
            now.set(now.get() - 1);
            let (found, left) = (work, Vec::new());
            Ok(Done { found, left })
        };
        let budget = Budget::new(CALLS);
        let messages = (0..10).map(|_| each(&budget, (0..100).collect(), 1, CALLS, call));
        for found in futures_util::future::join_all(messages).await {
            assert_eq!(found.unwrap().len(), 100);
        }
        assert_eq!(most.get(), CALLS);
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_busy_table_refuses_is_tried_again_alone() {
        let tries = RefCell::new(Vec::new());
        let call = async |number: u32| {
            tries.borrow_mut().push(number);
            let many = tries.borrow().iter().filter(|t| **t == number).count();
            match number {
                3 if many < 4 => Err(StoreError::new(Kind::Unavailable, "busy")),
                _ => Ok(()),
            }
        };
        let budget = Budget::new(CALLS);
        for_each(&budget, vec![1, 2, 3, 4], 2, call).await.unwrap();
        let mut tries = tries.into_inner();
        tries.sort_unstable();
        assert_eq!(tries, [1, 2, 3, 3, 3, 3, 4]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_error_ends_it() {
        let calls = Cell::new(0);
        let call = |_: Vec<u8>| {
            calls.set(calls.get() + 1);
            async { Err::<Done<u8, ()>, _>(StoreError::new(Kind::Internal, "wrong")) }
        };
        let budget = Budget::new(CALLS);
        let error = each(&budget, vec![1, 2], 2, CALLS, call).await;
        let error = error.unwrap_err();
        assert_eq!((error.kind(), calls.get()), (Kind::Internal, 1));
    }
}
