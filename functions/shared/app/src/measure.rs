//! What the use cases measure, for whoever collects it; on one machine nobody
//! does.
//!
//! - `points_accepted`: points that were stored.
//! - `points_discarded`: points that were not, by `reason`; one with several
//!   reasons counts for each.
//! - `ingest_ms`, `queue_send_ms`, `validate_ms`, `store_write_ms`, `fetch_ms`,
//!   `query_ms`, `calculation_ms`: how long a step took.
//!
//! What is delivered twice is measured twice.

use std::time::Instant;

use tidemark_core::discard::Discard;

/// Does `work` and measures how long it takes.
pub(crate) async fn timed<T>(step: &'static str, work: impl Future<Output = T>) -> T {
    let started = Instant::now();
    let done = work.await;
    metrics::histogram!(step).record(started.elapsed().as_secs_f64() * 1e3);
    done
}

/// Counts points that were stored.
pub(crate) fn accepted(points: usize) {
    if points > 0 {
        metrics::counter!("points_accepted").increment(points as u64);
    }
}

/// Counts points that were discarded.
pub(crate) fn discarded(discards: &[Discard]) {
    for reason in discards.iter().flat_map(|discard| &discard.reasons) {
        metrics::counter!("points_discarded", "reason" => reason.as_str()).increment(1);
    }
}
