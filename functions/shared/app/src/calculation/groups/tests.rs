//! The same digits for any number of shards.

use std::collections::BTreeSet;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use tempfile::TempDir;
use tidemark_core::across::{Across, Combined};
use tidemark_core::batch::{BatchId, SeriesPoints, Source, Write};
use tidemark_core::fill::Fill;
use tidemark_core::grid::Grid;
use tidemark_core::name::{SeriesName, Tenant};
use tidemark_core::point::{Tags, Value};
use tidemark_core::portion::Ways;
use tidemark_core::stat::Stat;
use tidemark_core::time::Timestamp;
use tidemark_core::tombstone::Tombstones;
use tidemark_embedded::Embedded;
use tidemark_ports::{Calculator, Extent, Page, PointStore, Reduction, Refusal, Scan, SlotContent};

use super::*;

const MINUTE: i64 = 60_000_000_000;

/// A store that had better be asked for so many points at once.
struct Divided {
    store: Embedded,
    shard_points: u64,
}

#[async_trait]
impl PointStore for Divided {
    async fn write(&self, write: &Arc<Write>) -> Result<Vec<Refusal>> {
        self.store.write(write).await
    }
    async fn read(&self, scan: Scan<'_>) -> Result<Page> {
        self.store.read(scan).await
    }
    async fn summarize(&self, request: Summarize<'_>) -> Result<Vec<Bucket>> {
        self.store.summarize(request).await
    }
    async fn extent(&self, series: &SeriesKey, range: TimeRange) -> Result<Option<Extent>> {
        self.store.extent(series, range).await
    }
    fn shard_points(&self) -> NonZeroU64 {
        NonZeroU64::new(self.shard_points).unwrap()
    }
    async fn delete(&self, series: &SeriesKey, range: TimeRange, at: Timestamp) -> Result<()> {
        PointStore::delete(&self.store, series, range, at).await
    }
}

/// Runs shards, and counts them.
struct Counting {
    points: Arc<Divided>,
    /// Shards of many series, and of a range of one.
    of_series: AtomicUsize,
    of_time: AtomicUsize,
}

impl Counting {
    fn shard(&self) -> Calculation {
        Calculation {
            points: Arc::clone(&self.points) as Arc<dyn PointStore>,
            shards: Arc::new(Never),
        }
    }

    fn counts(&self) -> (usize, usize) {
        let take = |count: &AtomicUsize| count.swap(0, Ordering::Relaxed);
        (take(&self.of_series), take(&self.of_time))
    }
}

#[async_trait]
impl Calculator for Counting {
    async fn run(&self, job: Job) -> Result<Vec<Bucket>> {
        self.of_time.fetch_add(1, Ordering::Relaxed);
        assert!(job.is_shard);
        self.shard().handle(job).await
    }
    async fn run_groups(&self, job: GroupJob) -> Result<Vec<Vec<GroupSlot>>> {
        self.of_series.fetch_add(1, Ordering::Relaxed);
        assert!(job.is_shard);
        self.shard().handle_groups(job).await
    }
}

/// A shard is not divided again.
struct Never;

#[async_trait]
impl Calculator for Never {
    async fn run(&self, job: Job) -> Result<Vec<Bucket>> {
        panic!("a shard was divided: {job:?}")
    }
    async fn run_groups(&self, job: GroupJob) -> Result<Vec<Vec<GroupSlot>>> {
        panic!("a shard was divided: {job:?}")
    }
}

/// Series of the test, so many with so many points each.
async fn filled(series: u32, points: u32) -> (TempDir, Embedded, Vec<SeriesName>) {
    let folder = tempfile::tempdir().unwrap();
    let store = Embedded::open(folder.path()).unwrap();
    let mut dice = fastrand::Rng::with_seed(7);
    let mut columns = Vec::new();
    for number in 0..series {
        let mut column = SeriesPoints::new(SeriesName::new(format!("s.{number:03}")).unwrap());
        let mut time = i64::from(dice.u8(..)) * MINUTE;
        for index in 0..points {
            // Of which sums depend on the order, unless they are exact.
            let value = dice
                .choice([1e16, 1.0, -1e16, 0.1, -2.5, 0.0, -0.0, 0.0])
                .unwrap();
            let value = Value::new(value * dice.f64()).unwrap();
            column.push(index, Timestamp::from_nanos(time), value, Tags::none());
            time += i64::from(dice.u8(1..60)) * MINUTE;
        }
        columns.push(column);
    }
    let names = columns.iter().map(|column| column.name.clone()).collect();
    let write = Write {
        tenant: Tenant::local(),
        batch: BatchId::new(1, 1),
        received: Timestamp::from_nanos(0),
        source: Source::Api,
        series: columns,
    };
    store.write(&Arc::new(write)).await.unwrap();
    (folder, store, names)
}

fn grids() -> [Slots; 3] {
    let grid = |every: &str, zone: &str| {
        Slots::Grid(Grid {
            every: every.parse().unwrap(),
            zone: zone.parse().unwrap(),
        })
    };
    [Slots::Whole, grid("1h", "UTC"), grid("1d", "Europe/Zurich")]
}

/// What is exact of the points of several series.
const POOLED: [Stat; 12] = [
    Stat::Count,
    Stat::Sum,
    Stat::Avg,
    Stat::Min,
    Stat::Max,
    Stat::Range,
    Stat::MinTime,
    Stat::MaxTime,
    Stat::FirstTime,
    Stat::LastTime,
    Stat::Median,
    Stat::P99,
];

/// And of each series.
const REDUCED: [Stat; 12] = [
    Stat::Count,
    Stat::Sum,
    Stat::Avg,
    Stat::Min,
    Stat::Range,
    Stat::MaxTime,
    Stat::First,
    Stat::Last,
    Stat::Delta,
    Stat::Duration,
    Stat::ModeStep,
    Stat::Median,
];

/// Of segments, whose parts are summed up exactly.
const CROSSING: [Stat; 4] = [Stat::Integral, Stat::Twa, Stat::Increase, Stat::Rate];

fn reduction(stats: &[Stat], fill: Fill) -> Reduction {
    Reduction {
        asked: TimeRange::ALL,
        stats: stats.to_vec(),
        ways: Ways::default(),
        fill,
    }
}

/// Of each slot all that is exact, bit for bit.
fn told(job: &GroupJob, groups: &[Vec<GroupSlot>]) -> Vec<Vec<String>> {
    let slot = |slot: &GroupSlot| {
        let answers: Vec<String> = match &slot.content {
            SlotContent::Points(points) => {
                let answer = |stat: &Stat| format!("{:?}", stat.of(Some(points)));
                POOLED.iter().map(answer).collect()
            }
            SlotContent::Answers(answers) => {
                let all = Across::CHOICES.map(|(_, across)| across);
                let one = |at: &_| format!("{:?}", all.map(|across| Combined::answer(at, across)));
                answers.iter().map(one).collect()
            }
        };
        format!("{} {} {answers:?}", slot.start, slot.contributing)
    };
    assert_eq!(groups.len(), job.groups.len());
    groups
        .iter()
        .map(|slots| slots.iter().map(slot).collect())
        .collect()
}

/// The jobs about some groups: in any slots, pooled and reduced, filled and not, with few
/// slots and with all.
fn jobs(groups: &[Group]) -> Vec<GroupJob> {
    let reductions = [
        None,
        Some(reduction(&REDUCED, Fill::None)),
        Some(reduction(&REDUCED, Fill::Previous)),
        Some(reduction(&REDUCED, Fill::Linear)),
        Some(reduction(&CROSSING, Fill::None)),
    ];
    let mut jobs = Vec::new();
    for slots in grids() {
        for reduction in &reductions {
            for limit in [9, 100_000] {
                let stats = reduction.as_ref().map_or(POOLED.as_slice(), |r| &r.stats);
                jobs.push(GroupJob {
                    tenant: Tenant::local(),
                    groups: groups.to_vec(),
                    slots,
                    parts: Stat::parts(stats),
                    reduction: reduction.clone(),
                    limit,
                    is_shard: false,
                });
            }
        }
    }
    jobs
}

/// Runs jobs with shards of so many points: what they tell, and how many shards were run.
async fn run(
    store: &Embedded,
    jobs: &[GroupJob],
    shard_points: u64,
) -> (Vec<Vec<Vec<String>>>, BTreeSet<(usize, usize)>) {
    let points = Arc::new(Divided {
        store: store.clone(),
        shard_points,
    });
    let shards = Arc::new(Counting {
        points: Arc::clone(&points),
        of_series: AtomicUsize::new(0),
        of_time: AtomicUsize::new(0),
    });
    let calculation = Calculation {
        points,
        shards: Arc::clone(&shards) as Arc<dyn Calculator>,
    };
    let (mut answers, mut counts) = (Vec::new(), BTreeSet::new());
    for job in jobs {
        let slots = calculation.handle_groups(job.clone()).await.unwrap();
        answers.push(told(job, &slots));
        counts.insert(shards.counts());
    }
    (answers, counts)
}

async fn groups(store: &Embedded, names: &[SeriesName], of: usize) -> Vec<Group> {
    let mut groups = Vec::new();
    for names in names.chunks(of) {
        let mut members = Vec::new();
        for name in names {
            let key = SeriesKey {
                tenant: Tenant::local(),
                name: name.clone(),
            };
            let extent = store.extent(&key, TimeRange::ALL).await.unwrap().unwrap();
            members.push(Member {
                name: name.clone(),
                tombstones: Tombstones::none(),
                extent,
            });
        }
        let range = |a: TimeRange, b: TimeRange| {
            TimeRange::new(a.from().min(b.from()), a.to().max(b.to())).unwrap()
        };
        let ranges = members.iter().map(|member| member.extent.range);
        let range = ranges.reduce(range).unwrap();
        groups.push(Group { range, members });
    }
    groups
}

#[tokio::test]
async fn the_digits_are_the_same_for_any_number_of_shards_of_series() {
    let (_folder, store, names) = filled(64, 20).await;
    // Groups that are divided, and such as share a shard with others.
    for of in [64, 3] {
        let groups = groups(&store, &names, of).await;
        let jobs = jobs(&groups);
        let (expected, counts) = run(&store, &jobs, 20_000).await;
        assert_eq!(counts, BTreeSet::from([(0, 0)]));
        for (shards, shard_points) in [(2, 800), (3, 450), (7, 190), (16, 80), (64, 20)] {
            let (found, counts) = run(&store, &jobs, shard_points).await;
            assert_eq!(counts, BTreeSet::from([(shards, 0)]), "{of}");
            assert_eq!(found, expected, "{shards} shards");
        }
    }
}

#[tokio::test]
async fn the_digits_are_the_same_for_any_number_of_shards_of_time() {
    const POINTS: u64 = 1600;
    for (series, shards) in [(1, 1), (1, 2), (1, 3), (1, 7), (1, 16), (4, 16)] {
        let (_folder, store, names) = filled(series, 1600).await;
        let groups = groups(&store, &names, 4).await;
        let jobs: Vec<_> = jobs(&groups)
            .into_iter()
            // What is filled or crosses edges is looked at in pieces, each divided or not.
            .filter(reduced::takes_buckets_alone)
            .collect();
        let (expected, _) = run(&store, &jobs, 100_000).await;
        let (found, counts) = run(&store, &jobs, POINTS.div_ceil(shards)).await;
        let run_there = if shards == 1 {
            0
        } else {
            usize::try_from(u64::from(series) * shards).unwrap()
        };
        assert_eq!(counts, BTreeSet::from([(0, run_there)]));
        assert_eq!(found, expected, "{shards} shards");
    }
}

/// Some series are divided by time, others share shards, and what is filled or reaches
/// over edges is put together of several looks at a series.
#[tokio::test]
async fn the_digits_are_the_same_however_series_are_divided() {
    let (_folder, store, names) = filled(12, 300).await;
    let groups = groups(&store, &names, 5).await;
    let jobs = jobs(&groups);
    let (expected, _) = run(&store, &jobs, 100_000).await;
    let mut seen = BTreeSet::new();
    for shard_points in [37, 100, 299, 300, 1000] {
        let (found, counts) = run(&store, &jobs, shard_points).await;
        assert_eq!(found, expected, "{shard_points}");
        seen.extend(counts);
    }
    assert!(seen.iter().any(|(of_series, _)| *of_series > 1), "{seen:?}");
    assert!(seen.iter().any(|(_, of_time)| *of_time > 12), "{seen:?}");
}
