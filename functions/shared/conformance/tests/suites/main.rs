//! The suites, held against a store that is too simple to be wrong, against one
//! that lags, and against stores that are wrong on purpose.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod faults;
mod lagging;
mod queue;

use tidemark_conformance::conformance_tests;
use tidemark_conformance::faults::Flaw;
use tidemark_conformance::naive::Naive;
use tidemark_conformance::{Subject, Traits};

async fn open_naive() -> Subject<Naive> {
    let traits = Traits {
        many: 6000,
        ..Traits::default()
    };
    Subject::new(Naive::new(Flaw::None)).with(traits)
}

conformance_tests! {
    mod naive_store: open_naive => points, scans, upserts, deletions, summaries, slots, catalog,
        about, listings, calculator;
}
