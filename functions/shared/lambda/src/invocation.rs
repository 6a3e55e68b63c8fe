//! Invocations of any kind: each has a span with its id, which every line that
//! it logs carries, and writes its metrics at its end.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use lambda_runtime::{Context, LambdaEvent, Runtime, service_fn};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use tidemark_ports::deadline;
use tidemark_ports::error::causes;
use tokio::time::Instant;
use tracing::Instrument;

use crate::cloudwatch;

/// Why a function cannot go on, or why an invocation failed.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// Answers direct invocations. An error makes the invocation fail, and is
/// logged.
pub async fn invoke<T, R, E>(handle: impl AsyncFn(T) -> Result<R, E>) -> Result<(), Error>
where
    T: DeserializeOwned,
    R: Serialize,
    E: Into<Error>,
{
    serve(async |payload: T, _: &Context| handle(payload).await.map_err(Into::into)).await
}

/// Runs `handle` at each tick of a schedule, with the time that is left until
/// Lambda breaks the invocation off; it tells how much it did. What the event
/// says does not matter.
pub async fn ticks<R, E>(handle: impl AsyncFn(Duration) -> Result<R, E>) -> Result<(), Error>
where
    R: Display,
    E: Into<Error>,
{
    serve(async |_: Anything, context: &Context| {
        let done = handle(left(context)).await.map_err(Into::into)?;
        tracing::info!(%done, "ticked");
        Ok(())
    })
    .await
}

/// An event that nobody reads.
#[derive(Deserialize)]
#[serde(transparent)]
struct Anything(#[allow(dead_code, reason = "nobody reads it")] IgnoredAny);

/// Serves events one after the other, until Lambda ends the process.
pub(crate) async fn serve<T, R>(
    handle: impl AsyncFn(T, &Context) -> Result<R, Error>,
) -> Result<(), Error>
where
    T: DeserializeOwned,
    R: Serialize,
{
    let handle = Arc::new(handle);
    Runtime::new(service_fn(move |event: LambdaEvent<T>| {
        let handle = Arc::clone(&handle);
        async move { answer(event, &*handle).await }
    }))
    .run()
    .await
}

/// Serves one event: what does it knows until when there is time.
async fn answer<T, R>(
    event: LambdaEvent<T>,
    handle: &impl AsyncFn(T, &Context) -> Result<R, Error>,
) -> Result<R, Error> {
    let (payload, context) = event.into_parts();
    let span = tracing::info_span!(
        "invocation",
        id = context.request_id,
        trace = context.xray_trace_id
    );
    let work = handle(payload, &context).instrument(span.clone());
    let answer = deadline::within(until(&context), work).await;
    if let Err(error) = &answer {
        span.in_scope(|| tracing::error!("the invocation failed: {}", causes(&**error)));
    }
    cloudwatch::flush();
    answer
}

/// How long an invocation may take that does not say so: under
/// `cargo lambda watch` the deadline is no instant of our time.
const UNTOLD: Duration = Duration::from_secs(30);

/// How long an invocation may still take.
#[allow(
    clippy::disallowed_methods,
    reason = "Lambda names the end by the clock of the system"
)]
fn left(context: &Context) -> Duration {
    let now = std::time::SystemTime::now();
    let after = now.duration_since(context.deadline()).unwrap_or_default();
    if after > Duration::from_hours(24) {
        return UNTOLD;
    }
    context.deadline().duration_since(now).unwrap_or_default()
}

/// How long before Lambda breaks an invocation off its work is given up, so that
/// it is answered, logged and measured all the same.
const MARGIN: Duration = Duration::from_secs(1);

/// When the work of an invocation is given up.
pub(crate) fn until(context: &Context) -> Instant {
    Instant::now() + left(context).saturating_sub(MARGIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_event_is_a_tick() {
        for event in ["{}", "null", "7", "[1, {\"a\": []}]", "\"x\""] {
            assert!(serde_json::from_str::<Anything>(event).is_ok(), "{event}");
        }
    }

    /// An invocation that Lambda breaks off in so many seconds.
    #[allow(clippy::disallowed_methods, reason = "as Lambda sets it")]
    fn event<T>(payload: T, seconds: u64) -> LambdaEvent<T> {
        let end = std::time::SystemTime::now() + Duration::from_secs(seconds);
        let since = end.duration_since(std::time::UNIX_EPOCH).unwrap();
        let mut context = Context::default();
        context.deadline = u64::try_from(since.as_millis()).unwrap();
        LambdaEvent::new(payload, context)
    }

    /// Messages, ticks, requests and jobs alike.
    #[tokio::test(start_paused = true)]
    async fn what_serves_an_event_knows_its_deadline() {
        for (seconds, expected) in [(30, 29), (120, 119), (1, 0)] {
            let told = answer(
                event(7, seconds),
                &async |payload: u8, context: &Context| {
                    assert_eq!((payload, context.deadline > 0), (7, true));
                    let left = deadline::current().unwrap() - Instant::now();
                    Ok(left.as_secs_f64().round())
                },
            );
            assert_eq!(told.await.unwrap(), f64::from(expected));
        }
        assert_eq!(deadline::current(), None);
    }

    #[test]
    #[allow(clippy::disallowed_methods, reason = "as Lambda sets it")]
    fn the_time_that_is_left_is_not_negative() {
        let now = std::time::SystemTime::now();
        let mut context = Context::default();
        assert_eq!(left(&context), UNTOLD);
        for (seconds, about) in [(-60, 0), (0, 0), (60, 60)] {
            let since = now.duration_since(std::time::UNIX_EPOCH).unwrap();
            let millis = i64::try_from(since.as_millis()).unwrap() + seconds * 1000;
            context.deadline = millis.unsigned_abs();
            assert_eq!(left(&context).as_secs_f64().round(), f64::from(about));
            let work = until(&context).saturating_duration_since(Instant::now());
            let about = (f64::from(about) - 1.0).max(0.0);
            assert_eq!(work.as_secs_f64().round(), about);
        }
    }
}
