//! The same as a client sees it: what the handlers answered with 201.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Method, Request, StatusCode};
use tidemark_access::Limiter;
use tidemark_api::call::Call;
use tidemark_api::routes;
use tidemark_api::use_cases::UseCases;
use tidemark_app::batch_ids::BatchIds;
use tidemark_app::ingest::Ingest;
use tidemark_app::validator::Validator;
use tidemark_core::batch::Batch;
use tidemark_core::discard::Reason;
use tidemark_core::name::Tenant;
use tidemark_core::principal::Principal;
use tidemark_core::time::TimeRange;
use tidemark_embedded::Embedded;
use tidemark_ports::error::Result;
use tidemark_ports::{Catalog, DiscardFilter, DiscardLog, Queue, SystemClock};
use tidemark_power_cut::Unsynced;
use tokio::task::{JoinSet, block_in_place};
use tokio::time::sleep;

use crate::cuttable::{Cuttable, SYNC};
use crate::traffic;

/// The queue without a queue, as in the one process.
struct Direct {
    validator: Validator,
    store: Embedded,
}

#[async_trait]
impl Queue for Direct {
    async fn send(&self, batch: Batch) -> Result<()> {
        self.validator.handle(batch).await
    }

    async fn check(&self) -> Result<()> {
        self.store.check().await
    }
}

fn ingest(store: &Embedded) -> Ingest {
    let port = || Arc::new(store.clone());
    let validator = Validator {
        points: port(),
        catalog: port(),
        discards: port(),
    };
    Ingest {
        queue: Arc::new(Direct {
            validator,
            store: store.clone(),
        }),
        catalog: Arc::new(store.clone()),
        allowance: Arc::new(Limiter::default()),
        clock: Arc::new(SystemClock::new()),
        ids: Arc::new(BatchIds::new()),
    }
}

/// A point that is wrong in itself, and is kept as a discard.
fn wrong(number: u64) -> String {
    format!(r#"{{"name": "w", "t": {number}, "v": "no number"}}"#)
}

fn series(number: u64) -> String {
    format!("client-{}", number % 4)
}

async fn post(ingest: &Ingest, number: u64) -> StatusCode {
    let name = series(number);
    let body = format!(
        r#"[{{"name": "{name}", "t": {number}, "v": 1}}, {}]"#,
        wrong(number)
    );
    let request = Request::post("/api")
        .header(CONTENT_TYPE, "application/json")
        .body(Bytes::from(body))
        .unwrap();
    let matched = routes::find(&Method::POST, "/api").unwrap();
    let principal = Principal::local();
    let call = Call {
        principal: &principal,
        path: &matched.path,
        request: &request,
    };
    match ingest.answer(matched.endpoint, call).unwrap().await {
        Ok(response) => response.status(),
        Err(problem) => problem.kind().status(),
    }
}

/// Asserts that a store has what those requests brought.
async fn verify(store: &Embedded, created: &BTreeSet<u64>) {
    let any = DiscardFilter {
        reason: Some(Reason::Malformed),
        source: None,
        series: None,
        received: TimeRange::ALL,
    };
    let discards = DiscardLog::list(store, &Tenant::local(), &any, None, usize::MAX).await;
    let payloads: BTreeSet<Vec<u8>> = discards
        .unwrap()
        .iter()
        .map(|discard| discard.payload.bytes().to_vec())
        .collect();
    for name in (0..4).map(series) {
        let points = traffic::times_of(store, &name).await;
        let listed = Catalog::get(store, &traffic::key(&name)).await.unwrap();
        for &number in created.iter().filter(|&&number| series(number) == name) {
            assert!(points.contains(&number), "{name}: {number}");
            assert!(listed.is_some(), "{name}");
            assert!(payloads.contains(wrong(number).as_bytes()), "{number}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_answered_with_201_is_there_after_a_power_cut() {
    let cuttable = Cuttable::new(SYNC);
    let ingest = ingest(&cuttable.store);
    let (next, over) = (
        Arc::new(AtomicU64::new(0)),
        Arc::new(AtomicBool::new(false)),
    );
    let created = Arc::new(Mutex::new(BTreeSet::new()));
    let mut clients = JoinSet::new();
    for _ in 0..8 {
        let (ingest, next, over) = (ingest.clone(), Arc::clone(&next), Arc::clone(&over));
        let created = Arc::clone(&created);
        clients.spawn(async move {
            while !over.load(Ordering::Relaxed) {
                let number = next.fetch_add(1, Ordering::Relaxed);
                assert_eq!(post(&ingest, number).await, StatusCode::CREATED);
                created.lock().unwrap().insert(number);
            }
        });
    }
    for seed in 0..20 {
        sleep(Duration::from_micros(fastrand::u64(..20_000))).await;
        for unsynced in [Unsynced::Lost, Unsynced::Torn { seed }] {
            let created = created.lock().unwrap().clone();
            let image = cuttable.disk.image(unsynced);
            let _frozen = cuttable.disk.freeze();
            let found = block_in_place(|| Cuttable::found(&image));
            verify(&found.store, &created).await;
        }
    }
    over.store(true, Ordering::Relaxed);
    clients.join_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_201_is_answered_while_the_disk_refuses_to_sync() {
    let cuttable = Cuttable::new(Duration::ZERO);
    let ingest = ingest(&cuttable.store);
    assert_eq!(post(&ingest, 0).await, StatusCode::CREATED);
    cuttable.disk.refuse_syncs(true);
    assert_eq!(post(&ingest, 1).await, StatusCode::SERVICE_UNAVAILABLE);
    assert!(ingest.queue.check().await.is_err());
    cuttable.disk.refuse_syncs(false);
    assert_eq!(post(&ingest, 2).await, StatusCode::CREATED);
    let image = cuttable.disk.image(Unsynced::Lost);
    let found = block_in_place(|| Cuttable::found(&image));
    verify(&found.store, &BTreeSet::from([0, 2])).await;
}
