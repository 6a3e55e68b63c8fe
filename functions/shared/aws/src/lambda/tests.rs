use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use http::Response;
use hyper::body::Bytes;
use tidemark_conformance::Subject;
use tidemark_conformance::conformance_tests;
use tidemark_core::batch::Write;
use tidemark_core::name::{SeriesKey, SeriesName, Tenant};
use tidemark_core::summary::Parts;
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_core::tombstone::Tombstones;
use tidemark_embedded::Embedded;
use tidemark_ports::{Extent, Page, PointStore, Refusal, Scan, Slots, Summarize};

use super::*;
use crate::fake;

/// A store, what calculates over it in the test's own Lambda, and how often a
/// job was run there and here.
struct Remote {
    store: Embedded,
    calculator: LambdaCalculator,
    here: Arc<Here>,
    there: Arc<AtomicUsize>,
}

/// Runs a job over a store.
struct Here {
    store: Embedded,
    runs: AtomicUsize,
}

async fn summarize(store: &Embedded, job: &Job) -> Result<Vec<Bucket>> {
    let request = Summarize {
        series: &job.series,
        range: job.range,
        tombstones: &job.tombstones,
        slots: job.slots,
        parts: job.parts,
        limit: job.limit,
    };
    store.summarize(request).await
}

#[async_trait]
impl Calculator for Here {
    async fn run(&self, job: Job) -> Result<Vec<Bucket>> {
        self.runs.fetch_add(1, Ordering::Relaxed);
        summarize(&self.store, &job).await
    }
}

#[async_trait]
impl Calculator for Remote {
    async fn run(&self, job: Job) -> Result<Vec<Bucket>> {
        self.calculator.run(job).await
    }
}

#[async_trait]
impl PointStore for Remote {
    async fn write(&self, write: &Arc<Write>) -> Result<Vec<Refusal>> {
        self.store.write(write).await
    }
    async fn read(&self, scan: Scan<'_>) -> Result<Page> {
        self.store.read(scan).await
    }
    async fn summarize(&self, request: Summarize<'_>) -> Result<Vec<Bucket>> {
        self.store.summarize(request).await
    }
    async fn extent(&self, series: &SeriesKey, range: TimeRange) -> Result<Option<Extent>> {
        self.store.extent(series, range).await
    }
    async fn delete(&self, series: &SeriesKey, range: TimeRange, at: Timestamp) -> Result<()> {
        self.store.delete(series, range, at).await
    }
}

/// What the test's Lambda does with an invocation.
#[derive(Clone, Copy)]
enum Lambda {
    /// Runs it, with answers of so many bytes.
    Runs(usize),
    /// Runs the first of so many, refuses the others.
    Refuses(usize),
    /// Answers with this status, error type, function error and body.
    Says(u16, &'static str, &'static str, &'static str),
}

async fn remote(lambda: Lambda) -> Remote {
    let folder = tempfile::tempdir().unwrap();
    let store = Embedded::open(folder.path()).unwrap();
    let (there, invoked) = (Arc::new(AtomicUsize::new(0)), store.clone());
    let counter = Arc::clone(&there);
    // What has to live as long as the store does.
    let folder = Arc::new(folder);
    let answer = move |request: http::Request<Bytes>| {
        let (store, folder) = (invoked.clone(), Arc::clone(&folder));
        let run = counter.fetch_add(1, Ordering::Relaxed);
        async move {
            let _ = folder;
            let path = "/2015-03-31/functions/stack-calculation/invocations";
            assert_eq!(request.uri().path(), path);
            let longest = match lambda {
                Lambda::Runs(longest) => longest,
                Lambda::Refuses(every) if run % every == 0 => 2000,
                Lambda::Refuses(_) => {
                    return Response::builder()
                        .status(429)
                        .header("x-amzn-errortype", "TooManyRequestsException")
                        .body(r#"{"Reason": "ConcurrentInvocationLimitExceeded"}"#.to_owned())
                        .unwrap();
                }
                Lambda::Says(status, kind, function, body) => {
                    let mut answer = Response::builder().status(status);
                    for (name, value) in [
                        ("x-amzn-errortype", kind),
                        ("x-amz-function-error", function),
                    ] {
                        if !value.is_empty() {
                            answer = answer.header(name, value);
                        }
                    }
                    return answer.body(body.to_owned()).unwrap();
                }
            };
            let JobRequest { job } = serde_json::from_slice(request.body()).unwrap();
            let buckets = summarize(&store, &job).await.unwrap();
            let reply = JobReply::cut(&job, &buckets, longest).unwrap();
            Response::new(serde_json::to_string(&reply).unwrap())
        }
    };
    let aws = fake::serve(answer, |_| Some("stack-calculation".to_owned())).await;
    let here = Arc::new(Here {
        store: store.clone(),
        runs: AtomicUsize::new(0),
    });
    let calculator = aws.calculator(Arc::clone(&here) as Arc<dyn Calculator>);
    Remote {
        store,
        calculator: calculator.unwrap(),
        here,
        there,
    }
}

async fn whole() -> Subject<Remote> {
    Subject::new(remote(Lambda::Runs(LONG)).await)
}

async fn in_pieces() -> Subject<Remote> {
    Subject::new(remote(Lambda::Runs(20_000)).await)
}

async fn refused_now_and_then() -> Subject<Remote> {
    Subject::new(remote(Lambda::Refuses(5)).await)
}

conformance_tests! {
    mod answered_at_once: whole => calculator;
}
conformance_tests! {
    mod answered_in_pieces: in_pieces => calculator;
}
conformance_tests! {
    mod refused: refused_now_and_then => calculator;
}

/// As much as any answer.
const LONG: usize = 1 << 30;

fn job(slots: Slots) -> Job {
    Job {
        series: SeriesKey {
            tenant: Tenant::local(),
            name: SeriesName::new("a").unwrap(),
        },
        range: TimeRange::ALL,
        tombstones: Tombstones::none(),
        slots,
        parts: Parts::ALL,
        limit: 100,
        is_shard: false,
    }
}

#[tokio::test]
async fn what_is_refused_is_done_here() {
    let remote = remote(Lambda::Refuses(usize::MAX)).await;
    // The first is not refused.
    for _ in 0..3 {
        remote.run(job(Slots::Whole)).await.unwrap();
    }
    assert_eq!(remote.here.runs.load(Ordering::Relaxed), 2);
    let tries = 1 + 2 * TRIES as usize;
    assert_eq!(remote.there.load(Ordering::Relaxed), tries);
}

#[tokio::test]
async fn what_fails_is_not_done_here() {
    let unhandled = r#"{"errorType": "StoreError", "errorMessage": "no table"}"#;
    for (lambda, kind, tries, told) in [
        (
            Lambda::Says(200, "", "Unhandled", unhandled),
            Kind::Internal,
            1,
            "no table",
        ),
        (
            Lambda::Says(
                200,
                "",
                "",
                r#"{"buckets": "", "rest": null, "busy": true}"#,
            ),
            Kind::Unavailable,
            1,
            "busy",
        ),
        (
            Lambda::Says(500, "ServiceException", "", "{}"),
            Kind::Unavailable,
            TRIES as usize,
            "having a range calculated",
        ),
        (
            Lambda::Says(404, "ResourceNotFoundException", "", "{}"),
            Kind::Internal,
            1,
            "having a range calculated",
        ),
        (
            Lambda::Says(200, "", "", "nonsense"),
            Kind::Internal,
            1,
            "reading a calculation",
        ),
        (
            Lambda::Says(200, "", "", r#"{"buckets": "", "rest": [0, 1]}"#),
            Kind::Internal,
            1,
            "does not get on",
        ),
    ] {
        let remote = remote(lambda).await;
        let error = remote.run(job(Slots::Whole)).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(told), "{error}");
        assert_eq!(remote.there.load(Ordering::Relaxed), tries, "{error}");
        assert_eq!(remote.here.runs.load(Ordering::Relaxed), 0);
    }
}
