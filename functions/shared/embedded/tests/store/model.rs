//! The embedded store beside a naive one: after any interleaving of writes,
//! late ones, redeliveries, deletions, flushes, restarts and crashes both
//! answer the same.

use std::sync::Arc;

use proptest::prelude::*;
use tidemark_conformance::faults::Flaw;
use tidemark_conformance::material::{
    Draft, Random, at, deliver, label, pages, received, sibling, tags, tenant, visible, within,
};
use tidemark_conformance::naive::Naive;
use tidemark_core::about::{AboutChange, Edit, Remark};
use tidemark_core::batch::Write;
use tidemark_core::grid::Grid;
use tidemark_core::name::SeriesKey;
use tidemark_core::point::Tags;
use tidemark_core::summary::Parts;
use tidemark_core::time::TimeRange;
use tidemark_core::tombstone::Tombstone;
use tidemark_ports::{Bucket, Catalog, Order, PointStore, Registration, Slots, Summarize};
use tokio::runtime::{Builder, Runtime};

use super::restarts::Restarting;
use super::steps::{Step, a_large_step, a_small_step};

/// What values points have: such as sums go wrong with, and such as codecs do.
const VALUES: [f64; 10] = [0.0, -0.0, 1e16, 1.0, -1e16, 0.1, -2.5, 1e-310, 3.25, 17.0];

/// Both stores, and what has happened.
struct World {
    embedded: Restarting,
    naive: Naive,
    series: [SeriesKey; 4],
    /// Nanoseconds between two times.
    step: i64,
    writes: Vec<Arc<Write>>,
}

impl World {
    fn new(step: i64) -> Self {
        let (one, other) = (tenant(), tenant());
        Self {
            embedded: Restarting::new(None),
            naive: Naive::new(Flaw::None),
            series: [
                sibling(&one, "a"),
                sibling(&one, "b"),
                sibling(&one, "a.b"),
                sibling(&other, "a"),
            ],
            step,
            writes: Vec::new(),
        }
    }

    async fn take(&mut self, step: &Step) {
        match step {
            Step::Write {
                received,
                points,
                first_register,
            } => {
                // Series of two tenants make two batches.
                for tenant in [
                    &self.series[0].tenant.clone(),
                    &self.series[3].tenant.clone(),
                ] {
                    let mut draft = Draft::new(tenant, self.next_batch(), *received);
                    for &(series, time, value, set) in points {
                        let key = &self.series[series % 4];
                        if key.tenant == *tenant {
                            let set =
                                [Tags::none(), tags(&["a"]), tags(&["a", "ü"])][set % 3].clone();
                            draft = draft.tagged(
                                &key.name,
                                at(time * self.step),
                                VALUES[value % 10],
                                set,
                            );
                        }
                    }
                    self.writes.push(draft.done());
                    self.deliver(self.writes.len() - 1, *first_register).await;
                }
            }
            &Step::Load {
                received,
                series,
                from,
                stride,
                count,
                shuffled,
            } => {
                let key = self.series[series % 4].clone();
                let mut random = Random::new(count.unsigned_abs());
                let mut points: Vec<_> = (0..count)
                    .map(|i| {
                        (
                            at((from + i * stride) * self.step),
                            VALUES[random.below(10)],
                        )
                    })
                    .collect();
                if shuffled {
                    random.shuffle(&mut points);
                }
                let draft =
                    Draft::new(&key.tenant, self.next_batch(), received).points(&key.name, points);
                self.writes.push(draft.done());
                self.deliver(self.writes.len() - 1, true).await;
            }
            Step::Redeliver(which) => {
                if !self.writes.is_empty() {
                    self.deliver(which % self.writes.len(), which.is_multiple_of(2))
                        .await;
                }
            }
            &Step::DeleteRange {
                series,
                from,
                length,
                at: deleted_at,
            } => {
                let range = within(from * self.step, (from + length) * self.step);
                let series = self.series[series % 4].clone();
                let tombstone = Tombstone {
                    range,
                    deleted_at: received(deleted_at),
                };
                erase(&self.embedded, &series, tombstone).await;
                erase(&self.naive, &series, tombstone).await;
            }
            &Step::DeleteSeries {
                series,
                at: deleted_at,
            } => {
                let series = self.series[series % 4].clone();
                let deleted_at = received(deleted_at);
                for gone in [
                    erase_all(&self.embedded, &series, deleted_at).await,
                    erase_all(&self.naive, &series, deleted_at).await,
                ]
                .windows(2)
                {
                    assert_eq!(gone[0], gone[1], "whether there was a series to delete");
                }
            }
            &Step::Say { series, texts } => self.say(series, texts).await,
            &Step::Restart(how) => self.embedded.restart(how).await,
        }
    }

    async fn say(&self, series: usize, texts: [usize; 3]) {
        let (series, change) = (&self.series[series % 4], said(texts));
        let found = self.embedded.describe(series, &change).await.unwrap();
        let expected = self.naive.describe(series, &change).await.unwrap();
        assert_eq!(found, expected, "whether there was a series to describe");
    }

    /// Of batches received at once, the one that comes later is not always the
    /// greater.
    fn next_batch(&self) -> u64 {
        let n = self.writes.len() as u64;
        n ^ 5
    }

    /// As the validator does, which registers and writes at once.
    async fn deliver(&self, which: usize, first_register: bool) {
        let write = &self.writes[which];
        // Those of some batches have a unit.
        let unit = (!which.is_multiple_of(3)).then(|| label(&format!("unit {which}")));
        let series = write.series.iter().map(|series| Registration {
            name: &series.name,
            unit: unit.clone(),
        });
        let series: Vec<_> = series.collect();
        if !first_register {
            deliver(&self.embedded, write).await;
        }
        self.embedded
            .register(&write.tenant, &series, write.received)
            .await
            .unwrap();
        if first_register {
            deliver(&self.embedded, write).await;
        }
        self.naive
            .register(&write.tenant, &series, write.received)
            .await
            .unwrap();
        deliver(&self.naive, write).await;
    }

    /// Every question there is, to both.
    async fn compare(&self) {
        for tenant in [&self.series[0].tenant, &self.series[3].tenant] {
            for prefix in ["", "a", "a."] {
                let listed = Catalog::list(&self.embedded, tenant, prefix, None, 10)
                    .await
                    .unwrap();
                assert_eq!(
                    listed,
                    Catalog::list(&self.naive, tenant, prefix, None, 10)
                        .await
                        .unwrap()
                );
                assert_eq!(
                    self.embedded.count(tenant, prefix).await.unwrap(),
                    listed.len() as u64
                );
            }
        }
        for series in &self.series {
            let described = Catalog::get(&self.embedded, series).await.unwrap();
            assert_eq!(described, Catalog::get(&self.naive, series).await.unwrap());
            // Also of a series that is deleted: a late batch must not show.
            let tombstones = self.naive.tombstones(series);
            let expected = visible(&self.naive, series, &tombstones).await;
            assert_eq!(visible(&self.embedded, series, &tombstones).await, expected);
            let (first, last) = (expected.first(), expected.last());
            let extent = self.embedded.extent(series, TimeRange::ALL).await.unwrap();
            if let (Some(first), Some(last)) = (first, last) {
                let extent = extent.unwrap();
                assert!(extent.range.contains(first.time) && extent.range.contains(last.time));
                assert!(extent.points >= expected.len() as u64);
            }
            let middle = expected.get(expected.len() / 3).map_or(at(0), |p| p.time);
            let halves = [
                TimeRange::new(at(i64::MIN / 2), middle),
                TimeRange::new(middle.plus(1), at(i64::MAX / 2)),
            ];
            for range in [TimeRange::ALL]
                .into_iter()
                .chain(halves.into_iter().map(Result::unwrap))
            {
                for (order, limit) in [(Order::Ascending, 7), (Order::Descending, 4000)] {
                    // Small pages of much would take long.
                    let limit = limit.max(expected.len() / 5);
                    let read =
                        pages(&self.embedded, series, range, &tombstones, order, limit).await;
                    assert_eq!(
                        read,
                        pages(&self.naive, series, range, &tombstones, order, limit).await
                    );
                }
                for (every, parts) in [
                    (None, Parts::ALL),
                    (Some("1s"), Parts::NONE),
                    (Some("1m"), Parts::STORED),
                ] {
                    let grid = |every| {
                        serde_json::from_value::<Grid>(serde_json::json!([every, "UTC"])).unwrap()
                    };
                    let request = Summarize {
                        series,
                        range,
                        tombstones: &tombstones,
                        slots: every.map_or(Slots::Whole, |every| Slots::Grid(grid(every))),
                        parts,
                        limit: 1000,
                    };
                    let found = self.embedded.summarize(request).await.unwrap();
                    same(&found, &self.naive.summarize(request).await.unwrap());
                }
            }
        }
    }
}

/// A change of each text: to nothing, to one of three, or none.
fn said([title, unit, note]: [usize; 3]) -> AboutChange {
    fn edit<T>(which: usize, text: impl FnOnce(String) -> T) -> Edit<T> {
        match which {
            0 => Edit::Clear,
            1..=3 => Edit::Set(text(which.to_string())),
            _ => Edit::Keep,
        }
    }
    AboutChange {
        title: edit(title, |text| label(&text)),
        unit: edit(unit, |text| label(&text)),
        note: edit(note, |text| Remark::new(text).unwrap()),
    }
}

/// As the eraser does: first the tombstone, then the points.
async fn erase(store: &(impl Catalog + PointStore), series: &SeriesKey, tombstone: Tombstone) {
    if Catalog::get(store, series).await.unwrap().is_some() {
        store.tombstone(series, tombstone).await.unwrap();
        PointStore::delete(store, series, tombstone.range, tombstone.deleted_at)
            .await
            .unwrap();
    }
}

async fn erase_all(
    store: &(impl Catalog + PointStore),
    series: &SeriesKey,
    deleted_at: tidemark_core::time::Timestamp,
) -> bool {
    let existed = Catalog::delete(store, series, deleted_at).await.unwrap();
    if existed {
        PointStore::delete(store, series, TimeRange::ALL, deleted_at)
            .await
            .unwrap();
    }
    existed
}

/// The same summaries: bit for bit, but for moments, which chunks may change in
/// their last digits.
fn same(found: &[Bucket], expected: &[Bucket]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(found.start, expected.start);
        let (a, b) = (&found.summary, &expected.summary);
        assert_eq!(a.count(), b.count());
        assert_eq!(a.sum(), b.sum());
        assert_eq!(a.mean().map(f64::to_bits), b.mean().map(f64::to_bits));
        for (a, b) in [
            (a.min(), b.min()),
            (a.max(), b.max()),
            (a.first(), b.first()),
            (a.last(), b.last()),
        ] {
            assert_eq!(
                (a.time, a.value.get().to_bits()),
                (b.time, b.value.get().to_bits())
            );
        }
        let variance = |s: &tidemark_core::summary::Summary| {
            s.moments().map(|m| m.variance(s.count()).unwrap())
        };
        if let Some(b) = variance(b) {
            let a = variance(a).unwrap();
            assert!((a - b).abs() <= b * 1e-12, "the variance is {a}, not {b}");
        }
        if let Some(b) = b.quantiles() {
            for q in [0.0, 0.3, 0.5, 1.0] {
                assert_eq!(a.quantiles().and_then(|a| a.at(q)), b.at(q));
            }
        }
    }
}

fn runtime() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn any_interleaving_agrees(steps in prop::collection::vec(a_small_step(), 1..25)) {
        runtime().block_on(async {
            // Seven points a minute or so, one a second or two.
            let mut world = World::new(700_000_000);
            for step in &steps {
                world.take(step).await;
                world.compare().await;
            }
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn many_points_in_many_chunks_agree(steps in prop::collection::vec(a_large_step(), 4..9)) {
        runtime().block_on(async {
            let mut world = World::new(30_000_000);
            for step in &steps {
                world.take(step).await;
                world.compare().await;
            }
        });
    }
}
