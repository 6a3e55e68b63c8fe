//! The embedded store, held to the suites of its ports and against a naive
//! model; and the suites, held against stores that are wrong on purpose.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod concurrency;
mod damage;
mod faults;
mod keys;
mod lagging;
mod model;
mod naive;
mod order;
mod queue;
mod restarts;
mod steps;

use std::path::Path;

use tempfile::TempDir;
use tidemark_store::conformance::{Subject, Traits};
use tidemark_store::conformance_tests;
use tidemark_store::embedded::Embedded;

use faults::Fault;
use naive::Naive;
use restarts::{Restart, Restarting};

/// A folder for a store. In memory where there is such a place: what is tested
/// here is not how the disk is.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() {
        TempDir::new_in(memory)
    } else {
        TempDir::new()
    };
    folder.unwrap()
}

async fn open_embedded() -> Subject<Embedded> {
    let folder = folder();
    Subject::new(Embedded::open(folder.path()).unwrap()).keeping(folder)
}

async fn open_flushed() -> Subject<Restarting> {
    Subject::new(Restarting::new(Some(Restart::Flush)))
}

async fn open_reopened() -> Subject<Restarting> {
    Subject::new(Restarting::new(Some(Restart::Clean)))
}

async fn open_crashed() -> Subject<Restarting> {
    Subject::new(Restarting::new(Some(Restart::Crash)))
}

async fn open_naive() -> Subject<Naive> {
    let traits = Traits {
        many: 6000,
        ..Traits::default()
    };
    Subject::new(Naive::new(Fault::None)).with(traits)
}

conformance_tests! {
    mod embedded: open_embedded => points, scans, upserts, deletions, summaries, slots, catalog,
        listings, discards, discard_listings, history;
}
conformance_tests! {
    mod embedded_flushed: open_flushed => points, scans, upserts, deletions, summaries, slots;
}
conformance_tests! {
    mod embedded_reopened: open_reopened => points, upserts, deletions, summaries, catalog,
        listings, discards, history;
}
// Killed, it has not kept the queries that were last asked; and a deletion that
// nobody recorded as a tombstone, as the suite's, ends with the process.
conformance_tests! {
    mod embedded_crashed: open_crashed => points, upserts, summaries, catalog, listings, discards;
}
conformance_tests! {
    mod naive_store: open_naive => points, scans, upserts, deletions, summaries, slots, catalog,
        listings, calculator;
}
