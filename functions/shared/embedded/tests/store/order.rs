//! Order does not matter: a stream of batches that is shuffled, delivered twice
//! and in pieces leaves the same points and the same sums, bit for bit, in one
//! or merged from up to sixteen shards.

use std::sync::Arc;

use proptest::prelude::*;
use tidemark_conformance::material::{Draft, Random, all, at, deliver, name, sibling, tenant};
use tidemark_core::batch::{SeriesPoints, Write};
use tidemark_core::name::SeriesKey;
use tidemark_core::point::Tags;
use tidemark_core::summary::{Parts, Reading, Summary};
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_core::tombstone::Tombstones;
use tidemark_ports::{PointStore, Slots, Summarize};
use tokio::runtime::Builder;

use super::restarts::{Restart, Restarting};

const VALUES: [f64; 8] = [1e16, 1.0, -1e16, 1e300, -1e300, 1e-300, 0.1, -0.0];

/// A stream: batches of (time, value), the n-th of which is received at n / 2.
type Stream = Vec<Vec<(i64, usize)>>;

fn stream() -> impl Strategy<Value = Stream> {
    prop::collection::vec(
        prop::collection::vec((0..400i64, 0..VALUES.len()), 1..80),
        1..12,
    )
}

fn plain(series: &SeriesKey, stream: &Stream) -> Vec<Arc<Write>> {
    let write = |(n, batch): (u32, &Vec<(i64, usize)>)| {
        let draft = Draft::new(&series.tenant, u64::from(n) ^ 1, i64::from(n) / 2);
        draft
            .points(
                &series.name,
                batch.iter().map(|&(time, value)| (at(time), VALUES[value])),
            )
            .done()
    };
    (0..).zip(stream).map(write).collect()
}

/// Some batches twice, some in pieces, the points of pieces in any order; all
/// of it shuffled.
fn disturbed(writes: &[Arc<Write>], random: &mut Random) -> Vec<Arc<Write>> {
    let mut disturbed = Vec::new();
    for write in writes {
        if random.below(2) == 0 {
            disturbed.push(Arc::clone(write));
        }
        let points = &write.series[0];
        let mut positions: Vec<usize> = (0..points.len()).collect();
        random.shuffle(&mut positions);
        for piece in positions.chunks(points.len().div_ceil(1 + random.below(4))) {
            let mut series = SeriesPoints::new(points.name.clone());
            for &i in piece {
                series.push(
                    points.index[i],
                    points.times[i],
                    points.values[i],
                    Tags::none(),
                );
            }
            disturbed.push(Arc::new(Write {
                series: vec![series],
                ..Write::clone(write)
            }));
        }
    }
    random.shuffle(&mut disturbed);
    disturbed
}

/// Merges the summaries of so many shards of the range that the stream is in.
async fn sharded(store: &impl PointStore, series: &SeriesKey, shards: i64) -> Summary {
    let mut merged: Option<Summary> = None;
    for shard in 0..shards {
        let (from, to) = (at(400 * shard / shards), at(400 * (shard + 1) / shards - 1));
        let request = Summarize {
            series,
            range: TimeRange::new(from, to).unwrap(),
            tombstones: &Tombstones::none(),
            slots: Slots::Whole,
            parts: Parts::STORED,
            limit: 1,
        };
        for bucket in store.summarize(request).await.unwrap() {
            match &mut merged {
                Some(merged) => merged.merge(&bucket.summary),
                None => merged = Some(bucket.summary),
            }
        }
    }
    merged.unwrap()
}

type Bits = (Timestamp, u64);

/// What must not differ in a single bit.
fn bits(summary: &Summary) -> (u64, Option<u64>, Option<u64>, [Bits; 4]) {
    let bits = |r: Reading| (r.time, r.value.get().to_bits());
    (
        summary.count().get(),
        summary.sum().value().ok().map(f64::to_bits),
        summary.mean().ok().map(f64::to_bits),
        [
            summary.min(),
            summary.max(),
            summary.first(),
            summary.last(),
        ]
        .map(bits),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn order_does_not_matter(stream in stream(), seed: u64) {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let store = Restarting::new(None);
            let tenant = tenant();
            let (a, b) = (sibling(&tenant, "plain"), sibling(&tenant, "disturbed"));
            for write in plain(&a, &stream) {
                deliver(&store, &write).await;
            }
            let mut random = Random::new(seed);
            let restarts = [Restart::Flush, Restart::Clean, Restart::Crash];
            for write in disturbed(&plain(&b, &stream), &mut random) {
                deliver(&store, &write).await;
                if random.below(4) == 0 {
                    store.restart(restarts[random.below(3)]).await;
                }
            }
            assert_eq!(all(&store, &a).await, all(&store, &b).await);
            let expected = bits(&sharded(&store, &a, 1).await);
            for shards in 1..=16 {
                assert_eq!(bits(&sharded(&store, &a, shards).await), expected, "{shards} shards");
                assert_eq!(bits(&sharded(&store, &b, shards).await), expected, "{shards} shards, disturbed");
            }
            store.restart(Restart::Flush).await;
            for shards in 1..=16 {
                assert_eq!(bits(&sharded(&store, &b, shards).await), expected, "{shards} shards, flushed");
            }
        });
    }
}

/// The sum that no order of additions in f64 yields by itself.
#[tokio::test(flavor = "multi_thread")]
async fn ones_between_giants_are_counted() {
    let store = Restarting::new(None);
    let series = sibling(&tenant(), "a");
    let values = (0..400).map(|i| {
        (
            at(i),
            [1e16, 1.0, -1e16, 1.0][usize::try_from(i % 4).unwrap()],
        )
    });
    let draft = Draft::new(&series.tenant, 1, 1).points(&name("a"), values);
    deliver(&store, &draft.done()).await;
    for shards in 1..=16 {
        let summary = sharded(&store, &series, shards).await;
        assert_eq!(summary.sum().value(), Ok(200.0), "{shards} shards");
    }
}
