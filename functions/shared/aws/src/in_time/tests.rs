//! Services that do not answer, or are busy, and somebody who has only so much time.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use http::Response;
use tidemark_core::batch::{Batch, BatchId, Content, SeriesPoints, Source, Write};
use tidemark_core::name::{SeriesKey, SeriesName, Tenant};
use tidemark_core::payload::Payload;
use tidemark_core::point::{Tags, Value};
use tidemark_core::summary::Parts;
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_core::tombstone::Tombstones;
use tidemark_ports::{
    Bucket, Calculator, GroupJob, GroupSlot, Job, LoggedQuery, PointStore, QueryLog, Queue, Slots,
};

use super::*;
use crate::client::Aws;
use crate::fake;

/// How long a silent, or busy, service may keep whoever has `left`.
async fn kept<T>(left: u64, work: impl Future<Output = T>) -> (Duration, T) {
    let begin = Instant::now();
    let until = begin + Duration::from_secs(left);
    let done = deadline::within(until, work).await;
    (begin.elapsed(), done)
}

/// Times of the SDK are whole milliseconds.
fn is_at_the_end(took: Duration, left: u64) -> bool {
    let end = Duration::from_secs(left).saturating_sub(RESERVE);
    took.abs_diff(end) <= Duration::from_millis(2)
}

/// Names of tables and of all else are the same; Timestream is where somebody has said.
fn variable(name: &str) -> Option<String> {
    match name {
        "TIDEMARK_QUEUE_URL" => Some("http://127.0.0.1/a".to_owned()),
        name if name.starts_with("AWS_ENDPOINT_URL") => Some("http://127.0.0.1".to_owned()),
        "TIDEMARK_TIMESTREAM_SHARD_POINTS" | "TIDEMARK_TIMESTREAM_DISCOVERY" => None,
        _ => Some("points".to_owned()),
    }
}

async fn silent() -> Aws {
    fake::serve_here(|_| pending(), variable).await
}

fn series() -> SeriesKey {
    SeriesKey {
        tenant: Tenant::local(),
        name: SeriesName::new("a").unwrap(),
    }
}

fn is_unavailable<T>(outcome: Result<T>) -> bool {
    outcome.is_err_and(|error| error.kind() == Kind::Unavailable)
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_does_not_answer_is_given_up_in_time() {
    let queue = silent().await.queue().unwrap();
    let batch = Batch {
        tenant: Tenant::local(),
        source: Source::DataServer,
        id: BatchId::new(1, 2),
        received: Timestamp::from_nanos(3),
        content: Content::Messages {
            series: series().name,
            first: 0,
            payloads: vec![Payload::new(b"x")],
        },
    };
    let (took, sent) = kept(3, queue.send(batch.clone())).await;
    assert!(is_unavailable(sent) && is_at_the_end(took, 3), "{took:?}");
    // An outage is told sooner than there is time.
    let (took, sent) = kept(28, queue.send(batch)).await;
    assert!(is_unavailable(sent));
    assert_eq!(took.as_secs(), 20);
}

/// Calculates nothing.
struct Nothing;

#[async_trait]
impl Calculator for Nothing {
    async fn run(&self, _: Job) -> Result<Vec<Bucket>> {
        Ok(Vec::new())
    }

    async fn run_groups(&self, _: GroupJob) -> Result<Vec<Vec<GroupSlot>>> {
        Ok(Vec::new())
    }
}

/// And not invoked a second time for the little that is left.
#[tokio::test(start_paused = true)]
async fn a_calculation_is_waited_for_until_it_or_its_caller_has_no_time() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&calls);
    let answer = move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
        pending()
    };
    let aws = fake::serve_here(answer, variable).await;
    let calculator = aws.calculator(Arc::new(Nothing)).unwrap();
    let job = Job {
        series: series(),
        range: TimeRange::ALL,
        tombstones: Tombstones::none(),
        slots: Slots::Whole,
        parts: Parts::NONE,
        limit: 1,
        is_shard: false,
    };
    let (took, outcome) = kept(10, calculator.run(job.clone())).await;
    assert!(
        is_unavailable(outcome) && is_at_the_end(took, 10),
        "{took:?}"
    );
    let (took, outcome) = kept(28, calculator.run(job)).await;
    assert!(is_unavailable(outcome));
    assert_eq!(took.as_secs(), 25);
    assert_eq!(calls.load(Ordering::Relaxed), 2);
}

fn write() -> Arc<Write> {
    let mut points = SeriesPoints::new(series().name);
    let time = Timestamp::from_nanos(1);
    points.push(0, time, Value::new(1.5).unwrap(), Tags::none());
    Arc::new(Write {
        tenant: Tenant::local(),
        batch: BatchId::new(1, 2),
        received: Timestamp::from_nanos(1_700_000_000_000_000_000),
        source: Source::Api,
        series: vec![points],
    })
}

#[tokio::test(start_paused = true)]
async fn timestream_that_does_not_answer_is_given_up_in_time() {
    // Also where it was to tell an address first.
    let discovering = |name: &str| match name {
        "TIDEMARK_TIMESTREAM_DISCOVERY" => Some("1".to_owned()),
        name => variable(name),
    };
    for told in [variable, discovering] {
        let timestream = fake::serve_here(|_| pending(), told).await.timestream();
        let timestream = timestream.unwrap();
        let (took, found) = kept(8, timestream.extent(&series(), TimeRange::ALL)).await;
        assert!(is_unavailable(found) && is_at_the_end(took, 8), "{took:?}");
        let (took, written) = kept(4, timestream.write(&write())).await;
        assert!(
            is_unavailable(written) && is_at_the_end(took, 4),
            "{took:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn timestream_that_throttles_is_asked_as_long_as_there_is_time() {
    for (busy, is_over) in [(20, true), (60, false)] {
        let begin = Instant::now();
        let answer = move |_| {
            let answer = if begin.elapsed() < Duration::from_secs(busy) {
                let body = r#"{"__type": "com.amazonaws#ThrottlingException"}"#;
                Response::builder().status(400).body(body.to_owned())
            } else {
                let body = r#"{"QueryId": "q", "ColumnInfo": [], "Rows": []}"#;
                Response::builder().body(body.to_owned())
            };
            async { answer.unwrap() }
        };
        let timestream = fake::serve_here(answer, variable).await.timestream();
        let timestream = timestream.unwrap();
        let steps = async {
            let (write, series) = (write(), series());
            let (found, written) = tokio::join!(
                timestream.extent(&series, TimeRange::ALL),
                timestream.write(&write)
            );
            (found.is_ok(), written.is_ok())
        };
        let (took, outcome) = kept(28, steps).await;
        assert_eq!(outcome, (is_over, is_over));
        assert!(
            took <= Duration::from_secs(28).saturating_sub(RESERVE),
            "{took:?}"
        );
    }
}

/// A task of its own puts it down.
#[tokio::test(start_paused = true)]
async fn recording_a_query_ends_with_what_it_is_a_part_of() {
    let under_way = Arc::new(());
    let call = Arc::clone(&under_way);
    let answer = move |_| {
        let call = Arc::clone(&call);
        async move {
            pending::<()>().await;
            drop(call);
            Response::new(String::new())
        }
    };
    let history = fake::serve_here(answer, variable).await.history().unwrap();
    let query = LoggedQuery {
        tenant: Tenant::local(),
        time: Timestamp::from_nanos(1),
        sequence: 1,
        series: None,
        path: "/api".to_owned(),
        from: None,
        to: None,
        duration_ms: 1.0,
    };
    let (took, ()) = kept(3, history.record(query)).await;
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert_eq!(Arc::strong_count(&under_way), 3);
    tokio::time::sleep(Duration::from_secs(3).saturating_sub(took)).await;
    assert_eq!(Arc::strong_count(&under_way), 2);
}
