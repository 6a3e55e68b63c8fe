mod pieces;

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use http::Response;
use hyper::body::Bytes;
use tidemark_conformance::Subject;
use tidemark_conformance::conformance_tests;
use tidemark_conformance::pooled::pooled;
use tidemark_core::batch::{BatchId, SeriesPoints, Source, Write};
use tidemark_core::grid::Grid;
use tidemark_core::name::{SeriesKey, SeriesName, Tenant};
use tidemark_core::point::{Tags, Value};
use tidemark_core::summary::Parts;
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_core::tombstone::Tombstones;
use tidemark_core::zone::Zone;
use tidemark_embedded::Embedded;
use tidemark_ports::calculator::wire::{GroupReply, JobReply};
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
    async fn run_groups(&self, job: GroupJob) -> Result<Vec<Vec<GroupSlot>>> {
        self.runs.fetch_add(1, Ordering::Relaxed);
        pooled(&self.store, &job).await
    }
}

#[async_trait]
impl Calculator for Remote {
    async fn run(&self, job: Job) -> Result<Vec<Bucket>> {
        self.calculator.run(job).await
    }
    async fn run_groups(&self, job: GroupJob) -> Result<Vec<Vec<GroupSlot>>> {
        self.calculator.run_groups(job).await
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
    /// Runs so many at the same time, as an account does, refuses the others.
    RunsAtOnce(usize),
    /// Answers with this status, error type, function error and body.
    Says(u16, &'static str, &'static str, &'static str),
}

fn refusal() -> Response<String> {
    Response::builder()
        .status(429)
        .header("x-amzn-errortype", "TooManyRequestsException")
        .body(r#"{"Reason": "ConcurrentInvocationLimitExceeded"}"#.to_owned())
        .unwrap()
}

async fn remote(lambda: Lambda) -> Remote {
    let folder = tempfile::tempdir().unwrap();
    let store = Embedded::open(folder.path()).unwrap();
    let (there, invoked) = (Arc::new(AtomicUsize::new(0)), store.clone());
    let counter = Arc::clone(&there);
    // What has to live as long as the store does.
    let folder = Arc::new(folder);
    let under_way = Arc::new(AtomicUsize::new(0));
    let answer = move |request: http::Request<Bytes>| {
        let (store, folder) = (invoked.clone(), Arc::clone(&folder));
        let run = counter.fetch_add(1, Ordering::Relaxed);
        let under_way = Arc::clone(&under_way);
        async move {
            let _ = folder;
            let path = "/2015-03-31/functions/stack-calculation/invocations";
            assert_eq!(request.uri().path(), path);
            let longest = match lambda {
                Lambda::Runs(longest) => longest,
                Lambda::Refuses(every) if run % every == 0 => 2000,
                Lambda::Refuses(_) => return refusal(),
                Lambda::RunsAtOnce(most) => {
                    let is_refused = under_way.fetch_add(1, Ordering::Relaxed) >= most;
                    if !is_refused {
                        tokio::time::sleep(Duration::from_millis(300)).await;
                    }
                    under_way.fetch_sub(1, Ordering::Relaxed);
                    if is_refused {
                        return refusal();
                    }
                    LONG
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
            let reply = match serde_json::from_slice(request.body()).unwrap() {
                JobRequest::Job(job) => {
                    let buckets = summarize(&store, &job).await.unwrap();
                    CalculationReply::Job(JobReply::cut(&job, &buckets, longest).unwrap())
                }
                JobRequest::Groups(job) => {
                    let groups = pooled(&store, &job).await.unwrap();
                    CalculationReply::Groups(GroupReply::cut(&groups, longest).unwrap())
                }
            };
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

async fn refused_always() -> Subject<Remote> {
    Subject::new(remote(Lambda::RunsAtOnce(0)).await)
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
conformance_tests! {
    mod never_run: refused_always => calculator;
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

/// How many shards a calculation has at the most.
const SHARDS: i64 = 16;
/// How many points there are, a second apart: a quarter of an hour in each shard.
const POINTS: i64 = SHARDS * 900;
const SECOND: i64 = 1_000_000_000;

async fn fill(store: &Embedded) {
    let mut points = SeriesPoints::new(SeriesName::new("a").unwrap());
    for (second, index) in (0..POINTS).zip(0..) {
        // Of which sums depend on the order, unless they are exact.
        let value = Value::new(0.1 * f64::from(index)).unwrap();
        points.push(
            index,
            Timestamp::from_nanos(second * SECOND),
            value,
            Tags::none(),
        );
    }
    let write = Write {
        tenant: Tenant::local(),
        batch: BatchId::new(1, 1),
        received: Timestamp::from_nanos(POINTS * SECOND),
        source: Source::Api,
        series: vec![points],
    };
    store.write(&Arc::new(write)).await.unwrap();
}

/// What a calculation asks for: all of its shards at once.
async fn divided(remote: &Remote, slots: Slots) -> Vec<Vec<Bucket>> {
    let length = POINTS / SHARDS;
    let jobs = (0..SHARDS).map(|shard| {
        let from = Timestamp::from_nanos(shard * length * SECOND);
        let to = Timestamp::from_nanos((shard + 1) * length * SECOND - 1);
        remote.run(Job {
            range: TimeRange::new(from, to).unwrap(),
            is_shard: true,
            ..job(slots)
        })
    });
    futures_util::future::try_join_all(jobs).await.unwrap()
}

/// The account runs some of the shards, or none, or all.
#[tokio::test]
async fn an_answer_is_whole_however_many_are_refused() {
    let every = "1h".parse().unwrap();
    let hours = Slots::Grid(Grid {
        every,
        zone: Zone::UTC,
    });
    for (most, refused) in [(0, 16..=16), (5, 1..=15), (16, 0..=0)] {
        let remote = remote(Lambda::RunsAtOnce(most)).await;
        fill(&remote.store).await;
        for slots in [Slots::Whole, hours] {
            let before = remote.here.runs.load(Ordering::Relaxed);
            let shards = divided(&remote, slots).await;
            let here = remote.here.runs.load(Ordering::Relaxed) - before;
            assert!(refused.contains(&here), "{most}: {here} of {SHARDS}");
            let expected = summarize(&remote.store, &job(slots)).await.unwrap();
            let mut merged: Vec<Bucket> = Vec::new();
            for mut bucket in shards.into_iter().flatten() {
                if slots == Slots::Whole {
                    bucket.start = expected[0].start;
                }
                match merged.last_mut() {
                    Some(last) if last.start == bucket.start => last.summary.merge(&bucket.summary),
                    _ => merged.push(bucket),
                }
            }
            let told = |buckets: &[Bucket]| -> Vec<(Timestamp, u64, f64)> {
                let one = |bucket: &Bucket| {
                    let summary = &bucket.summary;
                    let mean = summary.mean().unwrap();
                    (bucket.start, summary.count().get(), mean)
                };
                buckets.iter().map(one).collect()
            };
            assert_eq!(told(&merged), told(&expected));
            let counts = merged.iter().map(|bucket| bucket.summary.count().get());
            assert_eq!(counts.sum::<u64>(), POINTS.unsigned_abs());
        }
    }
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
