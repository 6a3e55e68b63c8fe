//! Divided or not, a calculation comes to the same answer, to the last bit.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use proptest::prelude::*;
use tidemark_core::grid::Grid;
use tidemark_core::name::{SeriesKey, Tenant};
use tidemark_core::stat::{Answer, Stat};
use tidemark_core::summary::Parts;
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_core::tombstone::Tombstones;
use tidemark_ports::error::Kind;
use tidemark_ports::{Bucket, Job, Slots};

use crate::hooks::{Call, Done, SHARD};
use crate::inline::calculation;
use crate::world::{World, holds, name};

fn job(series: &str, slots: Slots, limit: usize) -> Job {
    Job {
        series: SeriesKey {
            tenant: Tenant::local(),
            name: name(series),
        },
        range: TimeRange::ALL,
        tombstones: Tombstones::none(),
        slots,
        parts: Parts::ALL,
        limit,
        is_shard: false,
    }
}

fn grid(every: &str) -> Slots {
    Slots::Grid(Grid {
        every: every.parse().unwrap(),
        zone: tidemark_core::zone::Zone::UTC,
    })
}

/// What does not depend on order at all, bit for bit.
const EXACT: [Stat; 20] = [
    Stat::Avg,
    Stat::Sum,
    Stat::Count,
    Stat::Min,
    Stat::Max,
    Stat::First,
    Stat::Last,
    Stat::MinTime,
    Stat::MaxTime,
    Stat::FirstTime,
    Stat::LastTime,
    Stat::Duration,
    Stat::Median,
    Stat::P99,
    Stat::Delta,
    Stat::Increase,
    Stat::Rate,
    Stat::Integral,
    Stat::Twa,
    Stat::ModeStep,
];

fn exact(buckets: &[Bucket]) -> Vec<(Timestamp, Vec<String>)> {
    let bits = |answer: Answer| match answer {
        Answer::Number(number) => format!("{:016x}", number.to_bits()),
        other => format!("{other:?}"),
    };
    let of = |b: &Bucket| {
        let answers = EXACT.map(|stat| bits(stat.of(Some(&b.summary))));
        (b.start, answers.to_vec())
    };
    buckets.iter().map(of).collect()
}

/// Runs the job as if the store held so many shards' points, and tells how many
/// it was summarized in.
async fn run(world: &World, job: &Job, shards: u64) -> (Vec<Bucket>, u64) {
    world.hooks.exaggerate(shards * SHARD);
    let before = world.hooks.summarized.load(Ordering::Relaxed);
    let buckets = calculation(&world.ports).handle(job.clone()).await.unwrap();
    let after = world.hooks.summarized.load(Ordering::Relaxed);
    (buckets, after - before)
}

fn number(buckets: &[Bucket], stat: Stat) -> Answer {
    stat.of(Some(&buckets[0].summary))
}

#[tokio::test]
async fn a_sum_is_exact_for_any_number_of_shards() {
    let world = World::new();
    let mut points = Vec::new();
    for i in 0..16 {
        points.extend([(4 * i, 1e16), (4 * i + 1, 1.0), (4 * i + 2, 1e308)]);
        points.extend([(1000 + 3 * i, -1e308), (1001 + 3 * i, -1e16)]);
    }
    world.load("a", &points).await;
    for shards in 1..=16 {
        let (buckets, jobs) = run(&world, &job("a", Slots::Whole, 1), shards).await;
        assert_eq!(jobs, shards);
        assert_eq!(buckets.len(), 1);
        assert_eq!(buckets[0].start, TimeRange::ALL.from());
        assert_eq!(number(&buckets, Stat::Sum), Answer::Number(16.0));
        assert_eq!(number(&buckets, Stat::Avg), Answer::Number(0.2));
        assert_eq!(number(&buckets, Stat::Count), Answer::Count(80));
    }
}

#[tokio::test]
async fn there_are_no_more_than_16_shards_and_one_for_little() {
    let world = World::new();
    let points: Vec<_> = (0..100).map(|t| (t, 1.0)).collect();
    world.load("a", &points).await;
    let job = job("a", Slots::Whole, 1);
    assert_eq!(run(&world, &job, 1000).await.1, 16);
    world.hooks.exaggerate(SHARD + 1);
    let before = world.hooks.summarized.load(Ordering::Relaxed);
    calculation(&world.ports).handle(job.clone()).await.unwrap();
    assert_eq!(world.hooks.summarized.load(Ordering::Relaxed) - before, 2);
    // A part of another job is not divided.
    let part = Job {
        is_shard: true,
        ..job.clone()
    };
    assert_eq!(run(&world, &part, 16).await.1, 1);
    // Where there is nothing, nothing is calculated.
    let nothing = Job {
        range: TimeRange::new(Timestamp::MIN, Timestamp::from_nanos(-1)).unwrap(),
        ..job
    };
    let (buckets, jobs) = run(&world, &nothing, 16).await;
    assert_eq!((buckets.len(), jobs), (0, 0));
}

#[tokio::test]
async fn a_shard_that_fails_fails_the_whole() {
    let world = World::new();
    let points: Vec<_> = (0..100).map(|t| (t, 1.0)).collect();
    world.load("a", &points).await;
    for shards in [1, 7] {
        world.hooks.exaggerate(shards * SHARD);
        for call in [Call::Extent, Call::Summarize] {
            world.hooks.fail(call, Kind::Unavailable, Done::Not);
            let outcome = calculation(&world.ports)
                .handle(job("a", Slots::Whole, 1))
                .await;
            assert_eq!(outcome.unwrap_err().kind(), Kind::Unavailable);
        }
    }
}

#[tokio::test]
async fn tombstones_hide_in_every_shard() {
    let world = World::new();
    let points: Vec<_> = (0..100).map(|t| (t, 1.0)).collect();
    world.load("a", &points).await;
    world
        .hooks
        .fail(Call::DeletePoints, Kind::Unavailable, Done::Not);
    world.delete("/api/a?from=10&to=89").await;
    assert_eq!(world.points(&Tenant::local(), "a").await.len(), 100);
    for shards in [1, 5, 16] {
        world.hooks.exaggerate(shards * SHARD);
        let stats = world.get("/api/a?stats=sum").await;
        assert_eq!(stats.text, r#"{"sum":20}"#);
    }
}

fn values() -> impl Strategy<Value = f64> {
    prop_oneof![
        prop::sample::select(vec![
            1e16, 1.0, -1e16, 1e308, -1e308, 0.1, 5e-324, -0.0, 0.0
        ]),
        -1e3..1e3f64,
    ]
}

/// Whole or in slots, with a limit or without: as from one shard.
#[test]
fn every_number_of_shards_comes_to_the_same() {
    let strategy = (
        prop::collection::btree_map(-5000..5000i64, values(), 1..80),
        1..12usize,
        prop::sample::select(vec!["7m", "1h", "1d"]),
        any::<bool>(),
    );
    let property = async |world: &World, number: usize, case| {
        let (points, limit, every, flush) = case;
        let points: Vec<(i64, f64)> = BTreeMap::into_iter(points).collect();
        let (early, late) = points.split_at(points.len() / 2);
        let series = format!("s{number}");
        world.load(&series, late).await;
        if flush {
            world.ports.store.flush().await.unwrap();
        }
        world.load(&series, early).await;
        for slots in [Slots::Whole, grid(every)] {
            let all = job(&series, slots, 10_000);
            let plain = exact(&run(world, &all, 1).await.0);
            let some = Job {
                limit,
                ..all.clone()
            };
            for shards in 1..=16 {
                let (divided, _) = run(world, &all, shards).await;
                prop_assert_eq!(&exact(&divided), &plain);
                let (limited, _) = run(world, &some, shards).await;
                prop_assert_eq!(&exact(&limited)[..], &plain[..limit.min(plain.len())]);
            }
        }
        Ok(())
    };
    holds(40, &strategy, &property);
}
