//! The embedded store, held to the suites of its ports and against a naive
//! model.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod concurrency;
mod damage;
mod keys;
mod model;
mod order;
mod restarts;
mod steps;

use std::path::Path;

use tempfile::TempDir;
use tidemark_conformance::Subject;
use tidemark_conformance::conformance_tests;
use tidemark_embedded::Embedded;

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

conformance_tests! {
    mod embedded: open_embedded => points, scans, upserts, deletions, summaries, slots, catalog,
        about, listings, discards, discard_listings, history;
}
conformance_tests! {
    mod embedded_flushed: open_flushed => points, scans, upserts, deletions, summaries, slots;
}
conformance_tests! {
    mod embedded_reopened: open_reopened => points, upserts, deletions, summaries, catalog,
        about, listings, discards, history;
}
// Killed, it has not kept the queries that were last asked; and a deletion that
// nobody recorded as a tombstone, as the suite's, ends with the process.
conformance_tests! {
    mod embedded_crashed: open_crashed => points, upserts, summaries, catalog, about, listings,
        discards;
}
