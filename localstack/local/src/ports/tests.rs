use std::sync::atomic::{AtomicU64, Ordering};

use tidemark_core::name::{SeriesKey, SeriesName, Tenant};
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_core::tombstone::Tombstones;
use tidemark_ports::{Order, PointStore, Scan};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

use super::*;

/// Answers every request with a message of its own, after a moment in which it
/// may be that nobody listens any more.
async fn serve_messages(mut stream: TcpStream, now: Timestamp, served: Arc<AtomicU64>) {
    let (read, mut write) = stream.split();
    let mut lines = BufReader::new(read).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if !line.is_empty() {
            continue;
        }
        let number = served.fetch_add(1, Ordering::SeqCst);
        sleep(Duration::from_millis(3)).await;
        let seconds = now.nanos() / 1_000_000_000 - 3000 + i64::try_from(number).unwrap();
        let message = format!(r#"{{"time": {seconds}, "value": {number}}}"#);
        let length = message.len();
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{message}");
        if write.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn what_was_fetched_is_stored_when_fetching_stops() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let served = Arc::new(AtomicU64::new(0));
    let (now, counter) = (SystemClock::new().now(), Arc::clone(&served));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve_messages(stream, now, Arc::clone(&counter)));
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let store = Embedded::open(folder.path()).unwrap();
    let variable = |name: &str| (name == "TIDEMARK_SOURCE_URL").then(|| url.clone());
    let wired = wire(&store, &Config::read(variable).unwrap()).unwrap();
    let (stop, stopped) = oneshot::channel();
    let fetching = tokio::spawn(tick(wired.fetcher.unwrap(), stopped));
    while served.load(Ordering::SeqCst) < 20 {
        sleep(Duration::from_millis(1)).await;
    }
    drop(stop);
    fetching.await.unwrap();
    let key = SeriesKey {
        tenant: Tenant::local(),
        name: SeriesName::new("data-server").unwrap(),
    };
    let scan = Scan {
        series: &key,
        range: TimeRange::ALL,
        tombstones: &Tombstones::none(),
        order: Order::Ascending,
        limit: 100_000,
    };
    let points = store.read(scan).await.unwrap().points;
    let numbers: Vec<u64> = (0..served.load(Ordering::SeqCst)).collect();
    assert!(numbers.len() >= 20);
    let found: Vec<f64> = points.iter().map(|p| p.value.get()).collect();
    let expected: Vec<f64> = numbers.iter().map(|n| *n as f64).collect();
    assert_eq!(found, expected);
}
