//! The suites that define the ports: each behaviour is an async function over
//! a [`Subject`], and [`conformance_tests!`](crate::conformance_tests) makes of
//! each a test by its own name, for every implementation there is.
//!
//! A behaviour works under tenants that nobody else uses, so it needs no empty
//! store and may run beside others. Where implementations may differ, their
//! [`Traits`] say how they do; a behaviour never passes for want of trying.

#![allow(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a behaviour that is not there shows as a panic"
)]
#![allow(
    clippy::cast_possible_wrap,
    clippy::assigning_clones,
    reason = "numbers are small here, and speed does not matter"
)]

pub mod about;
pub mod calculator;
pub mod catalog;
pub mod deletions;
pub mod discard_listings;
pub mod discards;
pub mod faults;
pub mod history;
pub mod keys;
pub mod listings;
mod macros;
pub mod material;
pub mod naive;
pub mod points;
pub mod pooled;
mod questions;
pub mod queue;
pub mod scans;
pub mod slots;
pub mod summaries;
pub mod upserts;

use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use tidemark_core::time::TimeRange;

/// An implementation under test.
pub struct Subject<S: ?Sized> {
    /// The port or ports.
    pub store: Arc<S>,
    /// In what it may differ from others.
    pub traits: Traits,
    /// What has to live as long as the store, such as its folder.
    pub keep: Option<Box<dyn Any + Send + Sync>>,
}

/// In what implementations of a port may differ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Traits {
    /// How long after a call has returned its effect may not be seen yet.
    pub delay: Duration,
    /// Whether deleting removes points. Where it does not, they are hidden by
    /// the tombstones that a reader passes, and by nothing else.
    pub deletes: bool,
    /// Points of these times are taken, others refused.
    pub times: TimeRange,
    /// Points with more bytes of tags are refused.
    pub tag_bytes: usize,
    /// Whether sums are exact. Where not, a sum may be off by 1e-12 of the sum
    /// of magnitudes.
    pub exact_sums: bool,
    /// How many points the largest behaviours write: enough that the
    /// implementation splits them into several of whatever it keeps them in.
    pub many: usize,
}

impl Default for Traits {
    /// The strictest: seen at once, deletes, takes any time, sums exactly.
    fn default() -> Self {
        Self {
            delay: Duration::ZERO,
            deletes: true,
            times: TimeRange::ALL,
            tag_bytes: usize::MAX,
            exact_sums: true,
            many: 60_000,
        }
    }
}

impl<S> Subject<S> {
    /// A store that needs nothing kept and is as strict as can be.
    pub fn new(store: S) -> Self {
        Self {
            store: Arc::new(store),
            traits: Traits::default(),
            keep: None,
        }
    }
}

impl<S: ?Sized> Subject<S> {
    /// Has something live as long as the store.
    #[must_use]
    pub fn keeping(mut self, what: impl Any + Send + Sync) -> Self {
        self.keep = Some(Box::new(what));
        self
    }

    /// States in what the store differs.
    #[must_use]
    pub fn with(mut self, traits: Traits) -> Self {
        self.traits = traits;
        self
    }

    /// Looks until it sees what is expected; fails when the store has had its
    /// [delay](Traits::delay) many times over, as an emulator on a busy machine may
    /// take.
    pub async fn eventually<T: PartialEq + Debug>(&self, expected: &T, look: impl AsyncFn() -> T) {
        let mut seen = look().await;
        // In steps that leave an emulator time to work.
        for _ in 0..600 {
            if seen == *expected || self.traits.delay.is_zero() {
                break;
            }
            tokio::time::sleep(self.traits.delay / 10).await;
            seen = look().await;
        }
        assert_eq!(seen, *expected);
    }

    /// Waits until what was done can be seen. What must *not* show up is looked
    /// for after this.
    pub async fn settle(&self) {
        if !self.traits.delay.is_zero() {
            tokio::time::sleep(self.traits.delay).await;
        }
    }
}

#[cfg(test)]
mod tests {
    /// A behaviour that no list names would never run.
    #[test]
    fn every_behaviour_is_listed() {
        let lists = include_str!("macros.rs");
        for (suite, source) in [
            ("points", include_str!("points.rs")),
            ("scans", include_str!("scans.rs")),
            ("upserts", include_str!("upserts.rs")),
            ("deletions", include_str!("deletions.rs")),
            ("summaries", include_str!("summaries.rs")),
            ("slots", include_str!("slots.rs")),
            ("catalog", include_str!("catalog.rs")),
            ("about", include_str!("about.rs")),
            ("listings", include_str!("listings.rs")),
            ("discards", include_str!("discards.rs")),
            ("discard_listings", include_str!("discard_listings.rs")),
            ("history", include_str!("history.rs")),
            ("keys", include_str!("keys.rs")),
            ("queue", include_str!("queue.rs")),
            ("calculator", include_str!("calculator.rs")),
        ] {
            let list = lists
                .split_once(&format!("({suite} $open"))
                .and_then(|(_, rest)| rest.split_once('[')?.1.split_once(']'))
                .unwrap()
                .0;
            let listed: Vec<&str> = list
                .split(',')
                .map(str::trim)
                .filter(|n| !n.is_empty())
                .collect();
            let written: Vec<&str> = source
                .lines()
                .filter_map(|line| line.strip_prefix("pub async fn ")?.split(['<', '(']).next())
                .collect();
            assert_eq!(listed, written, "the list of the suite `{suite}`");
        }
    }
}
