//! Several calls of a service at the same time. What a call leaves undone,
//! because the service is busy, is asked for again after a pause. Calls that are
//! repeated here are tried once by the SDK ([`once`]): else each of our tries
//! would be several of its own, at a table that has too many already.
//!
//! It is asked again for as long as there is time for what the call is a part of
//! ([`in_time`]), or for as long as [`PATIENCE`] where nobody has said.

use std::sync::Arc;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use backon::{BackoffBuilder, ExponentialBuilder};
use futures_util::{StreamExt, TryStreamExt, stream};
use tidemark_ports::error::{Kind, Result, StoreError, causes};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::in_time;

/// How long something is tried again where there is no deadline: in a program of
/// operators, who may begin again whenever they like.
const PATIENCE: Duration = Duration::from_secs(15);

/// How long to wait before each further try.
const fn pauses() -> ExponentialBuilder {
    ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(25))
        .with_max_delay(Duration::from_secs(2))
        .without_max_times()
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

    /// Makes a call when it is its turn; who waits longest is next. Where the time
    /// is up before it is answered, that is an error that passes.
    pub(crate) async fn turn<T>(&self, call: impl Future<Output = Result<T>>) -> Result<T> {
        let turn = async {
            // It is never closed.
            let _turn = self.0.acquire().await;
            call.await
        };
        in_time::cut(turn).await
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

/// Tries until a try comes to its end, with pauses, or until there is no time for
/// another. A try takes what those before it have left, and hands it on; so does the
/// last one.
pub(crate) async fn retry<S, T, F>(work: S, one: impl FnMut(S) -> F) -> (S, Result<T>)
where
    F: Future<Output = (S, std::result::Result<T, Undone>)>,
{
    let end = in_time::end().unwrap_or_else(|| Instant::now() + PATIENCE);
    retry_until(Some(end), pauses(), work, one).await
}

/// The same with pauses of one's own, of which there are only so many.
pub(crate) async fn retry_after<S, T, F>(
    pauses: impl BackoffBuilder,
    work: S,
    one: impl FnMut(S) -> F,
) -> (S, Result<T>)
where
    F: Future<Output = (S, std::result::Result<T, Undone>)>,
{
    retry_until(in_time::end(), pauses, work, one).await
}

async fn retry_until<S, T, F>(
    end: Option<Instant>,
    pauses: impl BackoffBuilder,
    mut work: S,
    mut one: impl FnMut(S) -> F,
) -> (S, Result<T>)
where
    F: Future<Output = (S, std::result::Result<T, Undone>)>,
{
    let mut pauses = pauses.build();
    loop {
        // Boxed, since the compiler looks only so deep into futures of futures.
        let (left, outcome) = Box::pin(one(work)).await;
        work = left;
        let error = match outcome {
            Ok(done) => return (work, Ok(done)),
            Err(Undone::Failed(error)) => return (work, Err(error)),
            Err(Undone::Contended(error)) => error,
        };
        let is_time = |pause: &Duration| end.is_none_or(|end| Instant::now() + *pause < end);
        match pauses.next().filter(is_time) {
            Some(pause) => tokio::time::sleep(pause).await,
            None => return (work, Err(error)),
        }
    }
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
mod tests;
