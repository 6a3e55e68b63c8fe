//! A calculator answers what the store would answer, wherever and however it
//! computes. Its subject is also the store that holds the points.

use tidemark_core::distances::Distances;
use tidemark_core::grid::Grid;
use tidemark_core::summary::{Parts, Summary};
use tidemark_core::time::TimeRange;
use tidemark_core::tombstone::Tombstones;
use tidemark_ports::{Bucket, Calculator, Job, PointStore, Slots, Summarize};

use crate::Subject;
use crate::material::{Random, at, series, tombstones, within, write};

/// What is the same for any number of shards, and bit for bit: all but moments.
fn answers(buckets: &[Bucket]) -> Vec<String> {
    let answer = |bucket: &Bucket| {
        let summary: &Summary = &bucket.summary;
        let readings = [
            summary.min(),
            summary.max(),
            summary.first(),
            summary.last(),
        ];
        let median = summary.quantiles().and_then(|q| q.at(0.5));
        format!(
            "{}: {} {:?} {:?} {readings:?} {median:?} {:?} {:?}",
            bucket.start,
            summary.count(),
            summary.sum(),
            summary.mean(),
            summary.segments(),
            summary.distances().and_then(Distances::commonest)
        )
    };
    buckets.iter().map(answer).collect()
}

/// A job's buckets are those of the store's own summary: of any range, in
/// any slots, with any parts, some deleted, and the earliest of many.
pub async fn jobs_agree_with_the_store<S: PointStore + Calculator + ?Sized>(subject: &Subject<S>) {
    let series = series();
    let many = subject.traits.many / 6;
    let mut random = Random::new(21);
    let mut value = || [1e16, 1.0, -1e16, 0.1, -2.5][random.below(5)];
    let points: Vec<_> = (0..many)
        .map(|i| (at(i as i64 * 10_000_000_000), value()))
        .collect();
    for part in 0..3 {
        write(
            &*subject.store,
            &series,
            part as u64,
            1,
            points.iter().copied().skip(part).step_by(3),
        )
        .await;
    }
    let last = many as i64 * 10_000_000_000;
    let grid = |every: &str| {
        Slots::Grid(serde_json::from_value::<Grid>(serde_json::json!([every, "UTC"])).unwrap())
    };
    let hidden = tombstones(&[(last / 3, last / 2, 5)]);
    for range in [
        TimeRange::ALL,
        within(0, last),
        within(last / 5, last / 3),
        within(-9, -1),
    ] {
        for slots in [Slots::Whole, grid("15m"), grid("1d")] {
            for (tombstones, parts) in [(&Tombstones::none(), Parts::NONE), (&hidden, Parts::ALL)] {
                for limit in [1, 10, 100_000] {
                    let request = Summarize {
                        series: &series,
                        range,
                        tombstones,
                        slots,
                        parts,
                        limit,
                    };
                    let job = Job {
                        series: series.clone(),
                        range,
                        tombstones: tombstones.clone(),
                        slots,
                        parts,
                        limit,
                        is_shard: false,
                    };
                    let look = async || {
                        let expected = subject.store.summarize(request).await.unwrap();
                        let found = subject.store.run(job.clone()).await.unwrap();
                        assert!(found.iter().all(|b| b.summary.parts().cover(parts)));
                        (
                            answers(&found) == answers(&expected),
                            answers(&found).len(),
                            answers(&expected).len(),
                        )
                    };
                    let (same, found, expected) = look().await;
                    assert!(
                        same,
                        "{range:?} in {slots:?}, {limit}: {found} buckets, not {expected}"
                    );
                }
            }
        }
    }
}

/// Of a series that nobody wrote to there is no bucket.
pub async fn of_an_unknown_series_there_is_nothing<S: PointStore + Calculator + ?Sized>(
    subject: &Subject<S>,
) {
    let job = Job {
        series: series(),
        range: TimeRange::ALL,
        tombstones: Tombstones::none(),
        slots: Slots::Whole,
        parts: Parts::ALL,
        limit: 1,
        is_shard: false,
    };
    assert!(subject.store.run(job).await.unwrap().is_empty());
}
