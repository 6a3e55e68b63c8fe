use std::collections::VecDeque;
use std::sync::Mutex as SyncMutex;

use async_trait::async_trait;
use tidemark_ports::SystemClock;
use tidemark_ports::error::{Kind, Result, StoreError};

use super::*;

/// Fetcheds what it was given, then that there is nothing.
struct Script(SyncMutex<VecDeque<std::result::Result<Fetched, String>>>);

#[async_trait]
impl DataServer for Script {
    async fn next(&self) -> std::result::Result<Fetched, String> {
        self.0
            .lock()
            .unwrap()
            .pop_front()
            .unwrap_or(Ok(Fetched::Empty))
    }
}

/// Fails as often as it was told, then keeps batches.
#[derive(Default)]
struct Shelf {
    failures: SyncMutex<u32>,
    batches: SyncMutex<Vec<Batch>>,
}

#[async_trait]
impl Queue for Shelf {
    async fn send(&self, batch: Batch) -> Result<()> {
        let mut failures = self.failures.lock().unwrap();
        if *failures > 0 {
            *failures -= 1;
            return Err(StoreError::new(Kind::Unavailable, "no"));
        }
        self.batches.lock().unwrap().push(batch);
        Ok(())
    }

    async fn check(&self) -> Result<()> {
        Ok(())
    }
}

impl Shelf {
    fn payloads(&self) -> Vec<Vec<u8>> {
        let batches = self.batches.lock().unwrap();
        let payloads = batches.iter().flat_map(|batch| match &batch.content {
            Content::Messages { payloads, .. } => payloads.clone(),
            Content::Points { .. } => panic!("messages travel untouched"),
        });
        payloads.map(|p| p.bytes().to_vec()).collect()
    }
}

fn message(i: u32) -> Payload {
    Payload::new(format!("message {i} \u{fffd}").as_bytes())
}

fn fetcher(
    answers: Vec<std::result::Result<Fetched, String>>,
    failures: u32,
) -> (Fetcher, Arc<Shelf>) {
    let shelf = Arc::new(Shelf {
        failures: SyncMutex::new(failures),
        ..Shelf::default()
    });
    let fetcher = Fetcher {
        server: Arc::new(Script(SyncMutex::new(answers.into()))),
        queue: Arc::clone(&shelf) as Arc<dyn Queue>,
        clock: Arc::new(SystemClock::new()),
        ids: Arc::new(BatchIds::new()),
        tenant: Tenant::new("local").unwrap(),
        series: SeriesName::new("data-server").unwrap(),
        backoff: Mutex::new(Backoff::new(Duration::from_secs(2))),
    };
    (fetcher, shelf)
}

#[tokio::test(start_paused = true)]
async fn drains_until_there_is_nothing() {
    let answers = (0..500).map(|i| Ok(Fetched::Message(message(i)))).collect();
    let (fetcher, shelf) = fetcher(answers, 0);
    assert_eq!(fetcher.tick(Duration::from_secs(1)).await, 500);
    let expected: Vec<Vec<u8>> = (0..500).map(|i| message(i).bytes().to_vec()).collect();
    assert_eq!(shelf.payloads(), expected);
}

#[tokio::test(start_paused = true)]
async fn bytes_of_any_kind_travel_untouched() {
    let odd = b"\xff\x00{]";
    let (fetcher, shelf) = fetcher(vec![Ok(Fetched::Message(Payload::new(odd)))], 0);
    fetcher.tick(Duration::from_secs(1)).await;
    assert_eq!(shelf.payloads(), [odd]);
}

#[tokio::test(start_paused = true)]
async fn a_failing_server_is_asked_less_often() {
    let answers = (0..100).map(|_| Err("500".to_owned())).collect();
    let (fetcher, _) = fetcher(answers, 0);
    for _ in 0..60 {
        let started = Instant::now();
        fetcher.tick(Duration::from_secs(1)).await;
        tokio::time::sleep_until(started + Duration::from_secs(1)).await;
    }
    // A minute at 1 to 2 s between tries.
    let left = fetcher.server.next().await;
    assert!(left.is_err(), "asked more than a hundred times in a minute");
}

#[tokio::test(start_paused = true)]
async fn what_is_in_hand_outlives_a_failing_queue() {
    let answers = (0..10).map(|i| Ok(Fetched::Message(message(i)))).collect();
    let (fetcher, shelf) = fetcher(answers, 5);
    let mut forwarded = 0;
    for _ in 0..20 {
        forwarded += fetcher.tick(Duration::from_secs(1)).await;
    }
    assert_eq!(forwarded, 10);
    let expected: Vec<Vec<u8>> = (0..10).map(|i| message(i).bytes().to_vec()).collect();
    assert_eq!(shelf.payloads(), expected);
}
