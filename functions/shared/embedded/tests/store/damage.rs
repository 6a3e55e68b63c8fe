//! A chunk that cannot be read any more: it is told, and holds up nobody else.

use tidemark_conformance::material::{all, sibling, tenant, write};
use tidemark_core::name::SeriesKey;
use tidemark_core::time::Timestamp;
use tidemark_embedded::Embedded;
use tidemark_ports::error::Kind;

use super::folder;

async fn load(store: &Embedded, series: &SeriesKey, batch: u64, times: std::ops::Range<i64>) {
    let points = times.map(|time| (Timestamp::from_nanos(time), 1.0));
    let seconds = i64::try_from(batch).unwrap();
    write(store, series, batch, seconds, points).await;
}

#[tokio::test]
async fn a_damaged_chunk_holds_up_nobody_else() {
    let folder = folder();
    let tenant = tenant();
    let (bad, good) = (sibling(&tenant, "bad"), sibling(&tenant, "good"));
    let store = Embedded::open(folder.path()).unwrap();
    load(&store, &bad, 1, 0..10).await;
    store.flush().await.unwrap();
    drop(store);
    let database = rusqlite::Connection::open(folder.path().join("tidemark.db")).unwrap();
    let damaged = database
        .execute("UPDATE chunk SET columns = zeroblob(9)", [])
        .unwrap();
    assert_eq!(damaged, 1);
    drop(database);

    let store = Embedded::open(folder.path()).unwrap();
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
