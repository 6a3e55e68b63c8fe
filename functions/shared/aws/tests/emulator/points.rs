//! Points over `DynamoDB`.

use tidemark_aws::{Aws, Points};
use tidemark_conformance::conformance_tests;
use tidemark_conformance::material::{Random, SECOND, at, series, within, write};
use tidemark_conformance::{Subject, Traits};
use tidemark_core::time::TimeRange;
use tidemark_ports::PointStore;

async fn open_points() -> Subject<Points> {
    let traits = Traits {
        many: 30_000,
        ..Traits::default()
    };
    Subject::new(Aws::from_env().await.points().unwrap()).with(traits)
}

conformance_tests! {
    #[ignore = "needs an AWS emulator (AWS_ENDPOINT_URL)"]
    mod dynamodb: open_points => points, scans, upserts, deletions, summaries, slots;
}

/// The store answers a megabyte at a time, and the chunks of a window stand in
/// the order of their batches: those that were not seen may be the earliest.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an AWS emulator (AWS_ENDPOINT_URL)"]
async fn an_extent_of_more_than_is_looked_at_leaves_nothing_out() {
    let store = Aws::from_env().await.points().unwrap();
    let series = series();
    let mut random = Random::new(5);
    // Noise, of which a point takes some 8 bytes; the latest come first.
    let batches: i64 = 200;
    for batch in 0..batches {
        let begin = (batches - batch) * 1000 * SECOND;
        let points: Vec<_> = (0..1000)
            .map(|i| (at(begin + i * SECOND), f64::from_bits(random.next() >> 2)))
            .collect();
        write(&store, &series, batch.unsigned_abs(), 1, points).await;
    }
    let (first, last) = (1000 * SECOND, (batches + 1) * 1000 * SECOND - SECOND);
    for range in [TimeRange::ALL, within(0, 2 * last), within(first, last)] {
        let extent = store.extent(&series, range).await.unwrap().unwrap();
        assert!(range.covers(extent.range), "{extent:?}");
        assert!(extent.range.covers(within(first, last)), "{extent:?}");
        assert!(extent.points >= batches.unsigned_abs() * 1000, "{extent:?}");
    }
}
