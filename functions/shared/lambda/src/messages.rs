//! Messages of a queue, a batch of them an event. Each is a success or a
//! failure of its own; SQS delivers the failures again, and those alone. An event
//! without messages is a tick of a schedule.
//!
//! An invocation with failed messages is a success to Lambda, whose `Errors` stays
//! at 0: they are counted here, as the metric `messages_failed`.

use std::fmt::Display;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt, stream};
use lambda_runtime::Context;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tidemark_ports::error::causes;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use crate::invocation::{Error, serve, until};

/// Messages of a queue, or none.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    records: Option<Vec<Message>>,
}

/// A message.
#[derive(Debug, Deserialize)]
struct Message {
    #[serde(rename = "messageId")]
    id: String,
    #[serde(default)]
    body: String,
    #[serde(default)]
    attributes: Attributes,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attributes {
    /// How often it was delivered, this time included.
    approximate_receive_count: Option<String>,
}

/// Which messages are to be delivered again.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Failures {
    batch_item_failures: Vec<Failure>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    item_identifier: String,
}

/// How many messages are handled at once.
const AT_ONCE: usize = 8;

/// Handles messages, each of which is a `T` in JSON. What cannot be read, an
/// error, a panic, and what is not done in time are failures of one message,
/// and are logged; those that are done are not delivered again.
///
/// The event source must ask for them (`ReportBatchItemFailures`): otherwise
/// every message of an event counts as handled.
///
/// At each tick it runs `tick`, which tells how much it did, with the time in
/// which it may begin something; when as much again is over, it is broken off.
pub async fn messages<T, R, E, F>(
    handle: impl AsyncFn(T) -> Result<(), E>,
    tick: impl AsyncFn(Duration) -> Result<R, F>,
) -> Result<(), Error>
where
    T: DeserializeOwned,
    R: Display,
    E: Into<Error>,
    F: Into<Error>,
{
    serve(async |event: Event, context: &Context| {
        let until = until(context);
        if let Some(messages) = event.records {
            return Ok(run(messages, until, &handle).await);
        }
        ticked(until, &tick).await
    })
    .await
}

/// Runs a tick; a failure of it is one of the invocation.
async fn ticked<R, F>(
    until: Instant,
    tick: &impl AsyncFn(Duration) -> Result<R, F>,
) -> Result<Failures, Error>
where
    R: Display,
    F: Into<Error>,
{
    let budget = until.saturating_duration_since(Instant::now()) / 2;
    // In a box, since futures inside each other are more than the compiler counts.
    let ticked = timeout_at(until, Box::pin(tick(budget))).await;
    let done = ticked.map_err(|_| "the time was up")?;
    let done = done.map_err(Into::into)?;
    tracing::info!(%done, "ticked");
    Ok(Failures::default())
}

async fn run<T, E>(
    messages: Vec<Message>,
    until: Instant,
    handle: &impl AsyncFn(T) -> Result<(), E>,
) -> Failures
where
    T: DeserializeOwned,
    E: Into<Error>,
{
    let count = messages.len();
    let failed: Vec<Failure> = stream::iter(messages)
        .map(async |message| {
            let id = message.id.clone();
            let received = message.attributes.approximate_receive_count.clone();
            let span = tracing::info_span!("message", message = id, received);
            let one = AssertUnwindSafe(one(message, handle)).catch_unwind();
            let outcome = match timeout_at(until, one.instrument(span.clone())).await {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(_)) => Err("the handler panicked".into()),
                Err(_) => Err("the time was up".into()),
            };
            outcome.err().map(|error| {
                span.in_scope(|| tracing::error!("a message failed: {}", causes(&*error)));
                Failure {
                    item_identifier: id,
                }
            })
        })
        .buffer_unordered(AT_ONCE)
        .filter_map(std::future::ready)
        .collect()
        .await;
    tracing::info!(messages = count, failed = failed.len(), "handled");
    if !failed.is_empty() {
        metrics::counter!("messages_failed").increment(failed.len() as u64);
    }
    Failures {
        batch_item_failures: failed,
    }
}

async fn one<T, E>(message: Message, handle: &impl AsyncFn(T) -> Result<(), E>) -> Result<(), Error>
where
    T: DeserializeOwned,
    E: Into<Error>,
{
    let content = serde_json::from_str(&message.body)?;
    drop(message);
    handle(content).await.map_err(Into::into)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use serde_json::json;
    use tokio::time::{sleep, sleep_until};

    use super::*;
    use crate::cloudwatch::Collected;

    fn event(bodies: &[&str]) -> Vec<Message> {
        let records: Vec<_> = bodies
            .iter()
            .enumerate()
            .map(|(i, body)| {
                json!({
                    "messageId": format!("m{i}"),
                    "receiptHandle": "r",
                    "md5OfBody": "-",
                    "body": body,
                    "attributes": {"ApproximateReceiveCount": "1"},
                    "messageAttributes": {},
                    "eventSource": "aws:sqs",
                })
            })
            .collect();
        let event: Event = serde_json::from_value(json!({ "Records": records })).unwrap();
        event.records.unwrap()
    }

    /// The ids of those that failed, in order.
    fn failures(response: &Failures) -> Vec<&str> {
        let failures = response.batch_item_failures.iter();
        let mut ids: Vec<&str> = failures.map(|f| f.item_identifier.as_str()).collect();
        ids.sort_unstable();
        ids
    }

    /// Succeeds with what is even; of what is not it fails with some, panics
    /// with some, and waits for an hour with some.
    async fn handle(number: u32) -> Result<(), String> {
        match number {
            1 => Err("one".to_owned()),
            3 => panic!("three"),
            5 => {
                sleep(Duration::from_hours(1)).await;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn each_message_fails_alone() {
        let event = event(&["0", "1", "{", "2", "3", "-7", "4", "5", "6", ""]);
        let until = Instant::now() + Duration::from_secs(30);
        let response = run(event, until, &handle).await;
        assert_eq!(failures(&response), ["m1", "m2", "m4", "m5", "m7", "m9"]);
    }

    /// What `CloudWatch` makes the metric of that an alarm watches.
    #[tokio::test(start_paused = true)]
    async fn failures_are_counted() {
        let collected = Collected::default();
        // For this thread, which is all that the test has.
        let _recorder = metrics::set_default_local_recorder(&collected);
        let until = Instant::now() + Duration::from_secs(30);
        run(event(&["0", "2"]), until, &handle).await;
        let none: [serde_json::Value; 0] = [];
        assert_eq!(collected.documents("stack-validator", 7), none);
        run(event(&["0", "1", "{", "3", "5"]), until, &handle).await;
        assert_eq!(
            collected.documents("stack-validator", 7),
            [json!({
                "_aws": {
                    "Timestamp": 7,
                    "CloudWatchMetrics": [{
                        "Namespace": "Tidemark",
                        "Dimensions": [["function"]],
                        "Metrics": [{"Name": "messages_failed", "Unit": "Count"}],
                    }],
                },
                "function": "stack-validator",
                "messages_failed": 4,
            })]
        );
    }

    /// What gives up by itself, as a store does shortly before the deadline, is told
    /// with what it says, and each message of the event.
    #[tokio::test(start_paused = true)]
    async fn messages_know_until_when_there_is_time() {
        let until = Instant::now() + Duration::from_secs(29);
        let handle = async |_: u32| {
            let known = tidemark_ports::deadline::current();
            sleep_until(known.unwrap() - Duration::from_millis(500)).await;
            Err::<(), _>("throttled".to_owned())
        };
        let event = event(&["0"; 10]);
        let run = tidemark_ports::deadline::within(until, run(event, until, &handle));
        assert_eq!(failures(&run.await).len(), 10);
        assert_eq!(until - Instant::now(), Duration::from_millis(500));
    }

    #[test]
    fn what_has_no_messages_is_a_tick() {
        for tick in [json!({}), json!({"detail-type": "Scheduled Event"})] {
            let event: Event = serde_json::from_value(tick).unwrap();
            assert!(event.records.is_none());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_tick_ends_in_time() {
        let until = Instant::now() + Duration::from_secs(28);
        let ended = ticked(until, &async |budget: Duration| {
            sleep(budget).await;
            Ok::<_, String>(1)
        });
        assert!(ended.await.unwrap().batch_item_failures.is_empty());
        assert_eq!(until - Instant::now(), Duration::from_secs(14));
        let failed = ticked(until, &async |_| Err::<u8, _>("broken".to_owned())).await;
        assert_eq!(failed.unwrap_err().to_string(), "broken");
        let late = ticked(until, &async |_| {
            sleep(Duration::from_hours(1)).await;
            Ok::<_, String>(1)
        });
        assert_eq!(late.await.unwrap_err().to_string(), "the time was up");
        assert_eq!(Instant::now(), until);
    }

    #[test]
    fn failures_are_written_as_lambda_reads_them() {
        let failure = Failure {
            item_identifier: "m".to_owned(),
        };
        let failures = Failures {
            batch_item_failures: vec![failure],
        };
        assert_eq!(
            serde_json::to_value(failures).unwrap(),
            json!({"batchItemFailures": [{"itemIdentifier": "m"}]})
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_message_does_not_hold_up_others() {
        let done = Cell::new(0);
        let handle = async |number: u32| {
            handle(number).await?;
            done.set(done.get() + 1);
            Ok::<(), String>(())
        };
        let until = Instant::now() + Duration::from_secs(30);
        let response = run(event(&["5", "0", "2", "4"]), until, &handle).await;
        assert_eq!((failures(&response), done.get()), (vec!["m0"], 3));
    }

    #[tokio::test(start_paused = true)]
    async fn few_are_handled_at_once() {
        let (now, most) = (Cell::new(0), Cell::new(0));
        let handle = async |_: u32| {
            now.set(now.get() + 1);
            most.set(most.get().max(now.get()));
            sleep(Duration::from_secs(1)).await;
            now.set(now.get() - 1);
            Ok::<(), String>(())
        };
        let until = Instant::now() + Duration::from_secs(30);
        let response = run(event(&["0"; 50]), until, &handle).await;
        assert_eq!((failures(&response).len(), most.get()), (0, AT_ONCE));
    }
}
