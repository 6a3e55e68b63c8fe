//! A calculator answers what the store would answer, wherever and however it
//! computes. Its subject is also the store that holds the points.

use tidemark_core::across::{Across, Combined};
use tidemark_core::distances::Distances;
use tidemark_core::fill::Fill;
use tidemark_core::grid::Grid;
use tidemark_core::portion::Ways;
use tidemark_core::stat::Stat;
use tidemark_core::summary::{Parts, Summary};
use tidemark_core::time::TimeRange;
use tidemark_core::tombstone::Tombstones;
use tidemark_ports::{
    Bucket, Calculator, Group, GroupJob, GroupSlot, Job, Member, PointStore, Reduction,
    SlotContent, Slots, Summarize,
};

use crate::Subject;
use crate::material::{Random, at, series, sibling, tenant, tombstones, within, write};
use crate::pooled::pooled;

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

/// The same of groups. First and last are one of
/// several points of the same time.
fn group_answers(groups: &[Vec<GroupSlot>]) -> Vec<Vec<String>> {
    let answer = |slot: &GroupSlot| {
        let summary = match &slot.content {
            SlotContent::Points(summary) => summary,
            SlotContent::Answers(answers) => return combined(slot, answers),
        };
        let median = summary.quantiles().and_then(|q| q.at(0.5));
        format!(
            "{}: {} of {}, {:?}, {:?}, {:?}, {:?}, {}, {}, {median:?}",
            slot.start,
            summary.count(),
            slot.contributing,
            summary.sum(),
            summary.mean(),
            summary.min(),
            summary.max(),
            summary.first().time,
            summary.last().time,
        )
    };
    groups
        .iter()
        .map(|slots| slots.iter().map(answer).collect())
        .collect()
}

/// What answers come to in every way, bit for bit.
fn combined(slot: &GroupSlot, answers: &[Combined]) -> String {
    let ways = Across::CHOICES.map(|(_, across)| across);
    let answer = |combined: &Combined| ways.map(|across| combined.answer(across));
    let answers: Vec<_> = answers.iter().map(answer).collect();
    format!("{}: {answers:?} of {}", slot.start, slot.contributing)
}

/// Groups are what the points of their series are, or what each of these is reduced to: in any slots, some deleted, of any
/// range, however the series are divided, and the earliest of many slots.
pub async fn groups_are_the_points_of_their_series<S: PointStore + Calculator + ?Sized>(
    subject: &Subject<S>,
) {
    const STEP: i64 = 60_000_000_000;
    const QUANTILES: Parts = Parts {
        quantiles: true,
        ..Parts::NONE
    };
    const STATS: [Stat; 9] = [
        Stat::Count,
        Stat::Sum,
        Stat::Avg,
        Stat::Min,
        Stat::MaxTime,
        Stat::First,
        Stat::Delta,
        Stat::ModeStep,
        Stat::Median,
    ];
    const PARTS: Parts = Parts {
        distances: true,
        ..QUANTILES
    };
    let tenant = tenant();
    let mut random = Random::new(22);
    let many = subject.traits.many / 12;
    let hidden = tombstones(&[(20 * STEP, 40 * STEP, 5)]);
    let mut members = Vec::new();
    for series in 0..7_usize {
        let key = sibling(&tenant, &format!("group.{series}"));
        // One of them is large, one has no points.
        let count = match series {
            0 => many,
            6 => 0,
            _ => 30,
        };
        let points = (0..count).map(|i| {
            let jitter = random.below(7) as i64;
            let value = [1e16, 1.0, -1e16, 0.1, -2.5][random.below(5)];
            (at(i as i64 * STEP + jitter), value)
        });
        let points: Vec<_> = points.collect();
        if !points.is_empty() {
            write(&*subject.store, &key, series as u64, 1, points).await;
        }
        members.push(key);
    }
    let grid = |every: &str| {
        Slots::Grid(serde_json::from_value::<Grid>(serde_json::json!([every, "UTC"])).unwrap())
    };
    for range in [TimeRange::ALL, within(5 * STEP, 25 * STEP), within(-9, -1)] {
        let extents = subject.store.extents(&members, range).await.unwrap();
        let member = |i: usize| {
            let tombstones = match i % 2 {
                0 => hidden.clone(),
                _ => Tombstones::none(),
            };
            extents[i].map(|extent| Member {
                name: members[i].name.clone(),
                tombstones,
                extent,
            })
        };
        let group = |of: &[usize]| Group {
            range,
            members: of.iter().filter_map(|&i| member(i)).collect(),
        };
        let groups = vec![
            group(&[0, 1, 2]),
            group(&[6]),
            group(&[3, 4, 5]),
            group(&[1]),
        ];
        for slots in [Slots::Whole, grid("15m"), grid("1d")] {
            for (parts, is_reduced) in [(Parts::NONE, false), (QUANTILES, false), (PARTS, true)] {
                let reduction = is_reduced.then(|| Reduction {
                    asked: range,
                    stats: STATS.to_vec(),
                    ways: Ways::default(),
                    fill: Fill::None,
                });
                for limit in [1, 3, 100_000] {
                    let job = GroupJob {
                        tenant: tenant.clone(),
                        groups: groups.clone(),
                        slots,
                        parts,
                        reduction: reduction.clone(),
                        limit,
                        is_shard: false,
                    };
                    let expected = group_answers(&pooled(&*subject.store, &job).await.unwrap());
                    let found = group_answers(&subject.store.run_groups(job).await.unwrap());
                    assert_eq!(found, expected, "{range:?} in {slots:?}, {limit}");
                }
            }
        }
    }
}
