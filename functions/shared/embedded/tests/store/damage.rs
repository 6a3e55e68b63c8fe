//! A chunk that cannot be read any more: it is told, and holds up nobody else.

use std::path::Path;
use std::sync::Arc;

use tidemark_conformance::material::{all, sibling, tenant, write};
use tidemark_core::name::SeriesKey;
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_embedded::Embedded;
use tidemark_ports::PointStore;
use tidemark_ports::error::Kind;
use tokio::task::JoinSet;

use super::folder;

async fn load(store: &Embedded, series: &SeriesKey, batch: u64, times: std::ops::Range<i64>) {
    let points = times.map(|time| (Timestamp::from_nanos(time), 1.0));
    let seconds = i64::try_from(batch).unwrap();
    write(store, series, batch, seconds, points).await;
}

/// The same store, all of whose chunks are damaged.
async fn damaged(store: Embedded, folder: &Path) -> Embedded {
    store.flush().await.unwrap();
    drop(store);
    let database = rusqlite::Connection::open(folder.join("tidemark.db")).unwrap();
    let damaged = database
        .execute("UPDATE chunk SET columns = zeroblob(9)", [])
        .unwrap();
    assert_eq!(damaged, 1);
    drop(database);
    Embedded::open(folder).unwrap()
}

#[tokio::test]
async fn a_damaged_chunk_holds_up_nobody_else() {
    let folder = folder();
    let tenant = tenant();
    let (bad, good) = (sibling(&tenant, "bad"), sibling(&tenant, "good"));
    let store = Embedded::open(folder.path()).unwrap();
    load(&store, &bad, 1, 0..10).await;
    let store = damaged(store, folder.path()).await;
    load(&store, &bad, 2, 5..15).await;
    load(&store, &good, 3, 0..10).await;
    let error = store.flush().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable);
    load(&store, &good, 4, 10..20).await;
    drop(store);
    // Nothing was lost: the log has what could not be merged.
    let store = Embedded::open(folder.path()).unwrap();
    assert_eq!(all(&store, &good).await.len(), 20);
    let database = rusqlite::Connection::open(folder.path().join("tidemark.db")).unwrap();
    let count = |sql: &str| -> i64 { database.query_row(sql, [], |row| row.get(0)).unwrap() };
    assert!(
        count("SELECT count(*) FROM chunk") >= 2,
        "the good one was flushed"
    );
    assert!(
        count("SELECT count(*) FROM log") >= 1,
        "the bad one is still in the log"
    );
}

/// A deletion that meets a damaged chunk shares its transaction with whatever else
/// comes at that time.
#[tokio::test]
async fn a_deletion_that_fails_takes_nobody_along() {
    const WRITES: i64 = 200;
    let folder = folder();
    let (bad, good) = (sibling(&tenant(), "bad"), sibling(&tenant(), "good"));
    let store = Embedded::open(folder.path()).unwrap();
    load(&store, &bad, 1, 0..10).await;
    let store = Arc::new(damaged(store, folder.path()).await);

    let mut writes = JoinSet::new();
    for i in 0..WRITES {
        let (store, good, bad) = (Arc::clone(&store), good.clone(), bad.clone());
        writes.spawn(async move {
            if i % 10 == 5 {
                let some = TimeRange::new(Timestamp::from_nanos(3), Timestamp::from_nanos(5));
                let error = store
                    .delete(&bad, some.unwrap(), Timestamp::MAX)
                    .await
                    .unwrap_err();
                assert_eq!(error.kind(), Kind::Internal, "{error}");
            } else {
                load(&store, &good, i.unsigned_abs() + 2, i..i + 1).await;
            }
        });
    }
    while let Some(written) = writes.join_next().await {
        written.unwrap();
    }
    let written = usize::try_from(WRITES - WRITES / 10).unwrap();
    assert_eq!(all(&*store, &good).await.len(), written);
}
