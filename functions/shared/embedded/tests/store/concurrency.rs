//! Readers beside writers, flushes and deletions: whatever was answered before a
//! question is in its answer, once.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tidemark_conformance::material::{Seen, at, pages, received, series, write};
use tidemark_core::name::SeriesKey;
use tidemark_core::summary::Parts;
use tidemark_core::time::TimeRange;
use tidemark_core::tombstone::{Tombstone, Tombstones};
use tidemark_embedded::Embedded;
use tidemark_ports::{Order, PointStore, Slots, Summarize};
use tokio::task::{JoinHandle, spawn};

/// How many points are written, in batches of [`BATCH`].
const POINTS: i64 = 30_000;
const BATCH: i64 = 150;

/// How far something has come.
type Progress = Arc<AtomicI64>;

/// Writes all points, each batch filling the gaps of the one before it, so that
/// they fall into chunks that are there. `answered` is how many points are safe.
fn writer(store: Embedded, series: SeriesKey, answered: Progress) -> JoinHandle<()> {
    spawn(async move {
        for start in (0..POINTS).step_by(2 * usize::try_from(BATCH).unwrap()) {
            for parity in 0..2 {
                let times = (0..BATCH).map(|i| start + 2 * i + parity);
                let batch = (start + parity).unsigned_abs();
                write(&store, &series, batch, 1, times.map(|t| (at(t), 1.0))).await;
            }
            answered.store(start + 2 * BATCH, Ordering::SeqCst);
        }
    })
}

fn flusher(store: Embedded, answered: Progress) -> JoinHandle<()> {
    spawn(async move {
        while answered.load(Ordering::SeqCst) < POINTS {
            store.flush().await.unwrap();
        }
    })
}

/// Fails if a time is missing below `answered`, or comes twice, as [`pages`]
/// sees to.
fn nothing_is_missing(read: &[Seen], answered: i64) {
    let times = read
        .iter()
        .map(|p| p.time)
        .take_while(|&t| t < at(answered));
    assert!(
        times.eq((0..answered).map(at)),
        "a point is missing below {answered}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_answered_is_read_while_it_is_flushed() {
    let folder = super::folder();
    let store = Embedded::open(folder.path()).unwrap();
    let (series, answered) = (series(), Progress::default());
    let tasks = [
        writer(store.clone(), series.clone(), Arc::clone(&answered)),
        flusher(store.clone(), Arc::clone(&answered)),
    ];
    let none = Tombstones::none();
    loop {
        let before = answered.load(Ordering::SeqCst);
        for order in [Order::Ascending, Order::Descending] {
            let mut read = pages(&store, &series, TimeRange::ALL, &none, order, 50_000).await;
            if order == Order::Descending {
                read.reverse();
            }
            nothing_is_missing(&read, before);
        }
        let request = Summarize {
            series: &series,
            range: TimeRange::ALL,
            tombstones: &none,
            slots: Slots::Whole,
            parts: Parts::NONE,
            limit: 1,
        };
        let buckets = store.summarize(request).await.unwrap();
        let count = buckets
            .first()
            .map_or(0, |b| b.summary.count().get())
            .cast_signed();
        // Two batches may be under way when the count is taken.
        let after = answered.load(Ordering::SeqCst) + 2 * BATCH;
        assert!(
            (before..=after).contains(&count),
            "{count} of {before} to {after}"
        );
        if before == POINTS {
            break;
        }
    }
    for task in tasks {
        task.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_deleted_stays_deleted_while_it_is_flushed() {
    let folder = super::folder();
    let store = Embedded::open(folder.path()).unwrap();
    let (series, answered) = (series(), Progress::default());
    let tasks = [
        writer(store.clone(), series.clone(), Arc::clone(&answered)),
        flusher(store.clone(), Arc::clone(&answered)),
    ];
    let mut deleted = Tombstones::none();
    loop {
        let before = answered.load(Ordering::SeqCst);
        // All but the last thousand of what is there.
        if before > 1000 {
            let range = TimeRange::new(at(0), at(before - 1001)).unwrap();
            let deleted_at = received(1);
            deleted.insert(Tombstone { range, deleted_at }).unwrap();
            store.delete(&series, range, deleted_at).await.unwrap();
            // Whether or not the tombstone is passed.
            for tombstones in [&deleted, &Tombstones::none()] {
                let whole = TimeRange::ALL;
                let read =
                    pages(&store, &series, whole, tombstones, Order::Ascending, 50_000).await;
                assert_eq!(read.first().map(|p| p.time), Some(at(before - 1000)));
            }
        }
        if before == POINTS {
            break;
        }
    }
    for task in tasks {
        task.await.unwrap();
    }
}
