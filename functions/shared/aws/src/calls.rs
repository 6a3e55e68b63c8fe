//! Several calls of a service at the same time. What a call leaves undone,
//! because the service is busy, is asked for again after a pause.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder, RetryableWithContext};
use futures_util::{StreamExt, TryStreamExt, stream};
use tidemark_ports::error::{Kind, Result, StoreError, causes};

/// How long to wait before each further try, and when to give up: sooner than a
/// caller behind the gateway does.
const fn pauses() -> ExponentialBuilder {
    ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(25))
        .with_max_delay(Duration::from_secs(2))
        .without_max_times()
        .with_total_delay(Some(Duration::from_secs(15)))
        .with_jitter()
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

/// Tries until a try comes to its end, with pauses. A try takes what those
/// before it have left, and hands it on; so does the last one.
pub(crate) async fn retry<S, T, F>(work: S, one: impl FnMut(S) -> F) -> (S, Result<T>)
where
    F: Future<Output = (S, std::result::Result<T, Undone>)>,
{
    retry_after(pauses(), work, one).await
}

/// The same with pauses of one's own.
pub(crate) async fn retry_after<S, T, F>(
    pauses: impl BackoffBuilder,
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
        .when(|undone| matches!(undone, Undone::Contended(_)))
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

/// Carries out `call` for each of `work`, `calls` at the same time. One that
/// meets a busy table is made again after a pause.
pub(crate) async fn for_each<T, F>(work: Vec<T>, calls: usize, call: impl Fn(T) -> F) -> Result<()>
where
    T: Clone,
    F: Future<Output = Result<()>>,
{
    let call = |mut one: Vec<T>| {
        let left = one.clone();
        let work = one.pop().map(&call);
        async move {
            let outcome = match work {
                Some(work) => work.await,
                None => Ok(()),
            };
            let left = match outcome {
                Ok(()) => Vec::new(),
                Err(error) if error.kind() == Kind::Unavailable => {
                    tracing::debug!(error = causes(&error), "a table is busy");
                    left
                }
                Err(error) => return Err(error),
            };
            Ok(Done {
                found: Vec::<()>::new(),
                left,
            })
        }
    };
    each(work, 1, calls, call).await.map(drop)
}

/// Carries all of `work` out in calls of `at_once`, `calls` at the same time, and
/// collects what they bring.
pub(crate) async fn each<T, R, F>(
    work: Vec<T>,
    at_once: usize,
    calls: usize,
    call: impl Fn(Vec<T>) -> F,
) -> Result<Vec<R>>
where
    F: Future<Output = Result<Done<T, R>>>,
{
    let found = Vec::with_capacity(work.len());
    let (done, outcome) = retry(Done { found, left: work }, async |mut done| {
        let outcome = round(&mut done, at_once, calls, &call).await;
        (done, outcome)
    })
    .await;
    outcome.map(|()| done.found)
}

/// Carries out once what is left to do.
async fn round<T, R, F>(
    done: &mut Done<T, R>,
    at_once: usize,
    calls: usize,
    call: impl Fn(Vec<T>) -> F,
) -> std::result::Result<(), Undone>
where
    F: Future<Output = Result<Done<T, R>>>,
{
    let mut work = std::mem::take(&mut done.left);
    let mut parts = Vec::new();
    while !work.is_empty() {
        let rest = work.split_off(work.len().min(at_once));
        parts.push(std::mem::replace(&mut work, rest));
    }
    let mut made = stream::iter(parts).map(call).buffer_unordered(calls);
    while let Some(part) = made.try_next().await? {
        done.found.extend(part.found);
        done.left.extend(part.left);
    }
    if done.left.is_empty() {
        return Ok(());
    }
    let left = format!("a table is busy: {} items are left", done.left.len());
    Err(Undone::Contended(StoreError::new(Kind::Unavailable, left)))
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
        let answer = each((0..items).collect(), 10, CALLS, call).await;
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
        let begin = tokio::time::Instant::now();
        let (found, _) = busy(1, 0).await;
        assert_eq!(found.unwrap_err().kind(), Kind::Unavailable);
        let waited = begin.elapsed();
        assert!(waited > Duration::from_secs(10), "{waited:?}");
        assert!(waited < Duration::from_secs(16), "{waited:?}");
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
        for_each(vec![1, 2, 3, 4], 2, call).await.unwrap();
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
        let error = each(vec![1, 2], 2, CALLS, call).await.unwrap_err();
        assert_eq!((error.kind(), calls.get()), (Kind::Internal, 1));
    }
}
