//! What behaviours are made of: names that nobody else uses, writes in few
//! words, and reading a series from end to end.

use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tidemark_core::about::Label;
use tidemark_core::batch::{BatchId, SeriesPoints, Source, Write};
use tidemark_core::name::{SeriesKey, SeriesName, Tenant};
use tidemark_core::point::{Point, Tags, Value};
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_core::tombstone::{Tombstone, Tombstones};
use tidemark_ports::{Order, PointStore, Scan};

/// A tenant that nobody else uses, in this run or another.
pub fn tenant() -> Tenant {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    // Every hasher of the standard library begins at random.
    let run = RandomState::new().build_hasher().finish();
    Tenant::new(format!("conformance-{run:016x}-{count}")).unwrap()
}

/// A series' name.
pub fn name(text: &str) -> SeriesName {
    SeriesName::new(text).unwrap()
}

/// A series of a tenant that nobody else uses.
pub fn series() -> SeriesKey {
    sibling(&tenant(), "series")
}

/// A series of this tenant.
pub fn sibling(tenant: &Tenant, text: &str) -> SeriesKey {
    SeriesKey {
        tenant: tenant.clone(),
        name: name(text),
    }
}

/// The instant from which [`at`] and [`received`] count: 2023-02-01, which is
/// neither before 1970 nor ahead.
pub const ORIGIN: i64 = 1_675_209_600_000_000_000;

/// A second, in nanoseconds.
pub const SECOND: i64 = 1_000_000_000;

/// A time of a point: `nanos` after the origin.
pub const fn at(nanos: i64) -> Timestamp {
    Timestamp::from_nanos(ORIGIN + nanos)
}

/// A time of receipt: `n` seconds after the origin.
pub const fn received(n: i64) -> Timestamp {
    Timestamp::from_nanos(ORIGIN + n * SECOND)
}

/// From `from` to `to` nanoseconds after the origin, both included.
pub fn within(from: i64, to: i64) -> TimeRange {
    TimeRange::new(at(from), at(to)).unwrap()
}

/// The tombstones that these deletions leave: nanoseconds after the origin,
/// and seconds when.
pub fn tombstones(deletions: &[(i64, i64, i64)]) -> Tombstones {
    let mut all = Tombstones::none();
    for &(from, to, deleted_at) in deletions {
        let tombstone = Tombstone {
            range: within(from, to),
            deleted_at: received(deleted_at),
        };
        all.insert(tombstone).unwrap();
    }
    all
}

/// A title or a unit.
pub fn label(text: &str) -> Label {
    Label::new(text).unwrap()
}

/// Tags.
pub fn tags(tags: &[&str]) -> Tags {
    Tags::new(tags.iter().map(|&t| t.to_owned())).unwrap()
}

/// Numbers that look random and are the same each time.
pub struct Random(u64);

impl Random {
    /// The sequence of this seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next one: one step of `SplitMix64` (Steele, Lea and Flood, "Fast
    /// splittable pseudorandom number generators", 2014).
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// The next one below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = bound.max(1) as u64;
        usize::try_from(self.next() % bound).unwrap()
    }

    /// Brings things out of order.
    pub fn shuffle<T>(&mut self, things: &mut [T]) {
        for i in (1..things.len()).rev() {
            things.swap(i, self.below(i + 1));
        }
    }
}

/// A write that is being put together.
#[derive(Clone)]
pub struct Draft {
    write: Write,
    next: u32,
}

impl Draft {
    /// A batch, by its number, received so many seconds after the origin.
    pub fn new(tenant: &Tenant, batch: u64, seconds: i64) -> Self {
        let write = Write {
            tenant: tenant.clone(),
            batch: BatchId::new(0xc0f0, batch),
            received: received(seconds),
            source: Source::Api,
            series: Vec::new(),
        };
        Self { write, next: 0 }
    }

    /// Adds a point of this index in the batch; those that follow count on.
    #[must_use]
    pub fn indexed(
        mut self,
        index: u32,
        name: &SeriesName,
        time: Timestamp,
        value: f64,
        tags: Tags,
    ) -> Self {
        let position = self.write.series.iter().position(|s| s.name == *name);
        let position = position.unwrap_or_else(|| {
            self.write.series.push(SeriesPoints::new(name.clone()));
            self.write.series.len() - 1
        });
        self.write.series[position].push(index, time, Value::new(value).unwrap(), tags);
        self.next = index + 1;
        self
    }

    /// Adds a point with tags.
    #[must_use]
    pub fn tagged(self, name: &SeriesName, time: Timestamp, value: f64, tags: Tags) -> Self {
        let index = self.next;
        self.indexed(index, name, time, value, tags)
    }

    /// Adds a point.
    #[must_use]
    pub fn point(self, name: &SeriesName, time: Timestamp, value: f64) -> Self {
        self.tagged(name, time, value, Tags::none())
    }

    /// Adds points.
    #[must_use]
    pub fn points(
        self,
        name: &SeriesName,
        points: impl IntoIterator<Item = (Timestamp, f64)>,
    ) -> Self {
        points
            .into_iter()
            .fold(self, |draft, (time, value)| draft.point(name, time, value))
    }

    /// The write.
    pub fn done(self) -> Arc<Write> {
        Arc::new(self.write)
    }
}

/// Writes points of one series: a batch by its number, received so many seconds
/// after the origin.
pub async fn write<S: PointStore + ?Sized>(
    store: &S,
    series: &SeriesKey,
    batch: u64,
    seconds: i64,
    points: impl IntoIterator<Item = (Timestamp, f64)>,
) {
    let draft = Draft::new(&series.tenant, batch, seconds).points(&series.name, points);
    deliver(store, &draft.done()).await;
}

/// Writes what the store must not refuse.
pub async fn deliver<S: PointStore + ?Sized>(store: &S, write: &Arc<Write>) {
    assert_eq!(store.write(write).await.unwrap(), []);
}

/// A point as it was read: equal when time, tags, and every bit of the value are.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seen {
    /// When.
    pub time: Timestamp,
    /// The bits of the value.
    pub bits: u64,
    /// The tags.
    pub tags: Tags,
}

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Nanoseconds after the origin say more than dates in 2023.
        write!(
            f,
            "{:+}: {:?}",
            i128::from(self.time.nanos()) - i128::from(ORIGIN),
            f64::from_bits(self.bits)
        )?;
        if self.tags.is_empty() {
            Ok(())
        } else {
            write!(f, " {:?}", self.tags)
        }
    }
}

impl From<&Point> for Seen {
    fn from(point: &Point) -> Self {
        Self {
            time: point.time,
            bits: point.value.get().to_bits(),
            tags: point.tags.clone(),
        }
    }
}

/// Points without tags, as they should be read.
pub fn plain(points: impl IntoIterator<Item = (Timestamp, f64)>) -> Vec<Seen> {
    let seen = |(time, value): (_, f64)| Seen {
        time,
        bits: value.to_bits(),
        tags: Tags::none(),
    };
    points.into_iter().map(seen).collect()
}

/// What is read of a range in pages of up to `limit` points, from end to end.
/// Fails where a page is larger, out of order, outside what was asked for, or
/// leads nowhere.
pub async fn pages<S: PointStore + ?Sized>(
    store: &S,
    series: &SeriesKey,
    range: TimeRange,
    tombstones: &Tombstones,
    order: Order,
    limit: usize,
) -> Vec<Seen> {
    let mut seen: Vec<Seen> = Vec::new();
    let mut rest = Some(range);
    while let Some(range) = rest {
        let scan = Scan {
            series,
            range,
            tombstones,
            order,
            limit,
        };
        let page = store.read(scan).await.unwrap();
        assert!(
            page.points.len() <= limit,
            "{} points of {limit}",
            page.points.len()
        );
        for point in &page.points {
            assert!(
                range.contains(point.time),
                "{} is outside {range:?}",
                point.time
            );
            if let Some(last) = seen.last() {
                let ahead = match order {
                    Order::Ascending => last.time < point.time,
                    Order::Descending => last.time > point.time,
                };
                assert!(ahead, "{} after {}", point.time, last.time);
            }
            seen.push(point.into());
        }
        rest = page.rest;
        if let Some(rest) = rest {
            assert!(
                range.covers(rest) && rest != range,
                "{rest:?} is no rest of {range:?}"
            );
        }
    }
    seen
}

/// All points of a series that these tombstones do not hide.
pub async fn visible<S: PointStore + ?Sized>(
    store: &S,
    series: &SeriesKey,
    tombstones: &Tombstones,
) -> Vec<Seen> {
    pages(
        store,
        series,
        TimeRange::ALL,
        tombstones,
        Order::Ascending,
        10_000,
    )
    .await
}

/// All points of a series.
pub async fn all<S: PointStore + ?Sized>(store: &S, series: &SeriesKey) -> Vec<Seen> {
    visible(store, series, &Tombstones::none()).await
}

/// Equal; where not, says where first, rather than all of it.
pub fn assert_same(read: &[Seen], expected: &[Seen]) {
    let different = read.iter().zip(expected).position(|(a, b)| a != b);
    if let Some(at) = different {
        assert_eq!(read[at], expected[at], "at position {at}");
    }
    assert_eq!(read.len(), expected.len());
}
