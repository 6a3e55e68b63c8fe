//! What is written to a store, and what must be found of it. Writes are
//! numbered, and all of a write follows from its number, which is also the value
//! of its points: whatever is found tells which write it came from.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use tidemark_core::batch::{BatchId, SeriesPoints, Source, Write};
use tidemark_core::discard::{Discard, Format, Reason};
use tidemark_core::name::{SeriesKey, SeriesName, Tenant};
use tidemark_core::payload::Payload;
use tidemark_core::point::{Point, Stamp, Tags, Value};
use tidemark_core::summary::Parts;
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_core::tombstone::Tombstones;
use tidemark_embedded::Embedded;
use tidemark_ports::error::Result;
use tidemark_ports::{
    Catalog, DiscardFilter, DiscardLog, Order, PointStore, Scan, Slots, Summarize,
};

/// Every so many writes one makes a series that is deleted again.
const DELETED: u64 = 16;

pub(crate) fn key(name: &str) -> SeriesKey {
    SeriesKey {
        tenant: Tenant::local(),
        name: SeriesName::new(name).unwrap(),
    }
}

/// When a write was received: a greater number replaces a smaller one.
fn received(number: u64) -> Timestamp {
    Timestamp::from_nanos(1_700_000_000_000_000_000 + i64::try_from(number).unwrap() * 1000)
}

/// The series of a write and the times of its points there.
fn places(number: u64) -> BTreeMap<String, Range<u64>> {
    // Odd, so that no two numbers fall together.
    let scattered = (number * 7919) % 0x1_0000;
    let mut places = BTreeMap::from([
        // In the order of time.
        (format!("steady-{}", number % 8), number * 6..number * 6 + 6),
        // In no order.
        ("scattered".to_owned(), scattered * 2..scattered * 2 + 2),
        // The same points again and again.
        ("rewritten".to_owned(), number % 40..number % 40 + 3),
    ]);
    if number.is_multiple_of(8) {
        places.insert(format!("once-{number}"), 0..1);
    }
    if number.is_multiple_of(DELETED) {
        places.insert(format!("deleted-{number}"), 0..3);
    }
    places
}

fn tags(number: u64) -> Tags {
    let tag = (number.is_multiple_of(5)).then(|| format!("tag-{}", number % 3));
    Tags::new(tag).unwrap()
}

fn write(number: u64) -> Write {
    let mut index = 0;
    let series = places(number).into_iter().map(|(name, times)| {
        let mut points = SeriesPoints::new(SeriesName::new(name).unwrap());
        for time in times {
            let time = Timestamp::from_seconds(i64::try_from(time).unwrap()).unwrap();
            #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
            let value = Value::new(number as f64).unwrap();
            points.push(index, time, value, tags(number));
            index += 1;
        }
        points
    });
    Write {
        tenant: Tenant::local(),
        batch: BatchId::new(1, number),
        received: received(number),
        source: Source::Api,
        series: series.collect(),
    }
}

fn discards(number: u64) -> Vec<Discard> {
    let discard = |index: u32| Discard {
        tenant: Tenant::local(),
        source: Source::DataServer,
        stamp: Stamp {
            received: received(number),
            batch: BatchId::new(1, number),
            index: 1000 + index,
        },
        series: None,
        time: None,
        value: None,
        reasons: vec![Reason::TooOld, Reason::Malformed],
        detail: format!("write {number}"),
        // Not UTF-8.
        payload: Payload::new(&vec![0xFF; usize::try_from(number % 3000).unwrap()]),
        format: Format::Message,
        replayed: None,
    };
    (0..u32::try_from(number % 3).unwrap())
        .map(discard)
        .collect()
}

/// Writes as the validator does; where that is its lot, deletes the series again.
pub(crate) async fn send(store: &Embedded, number: u64) -> Result<()> {
    let write = Arc::new(write(number));
    let series: Vec<_> = write.series.iter().map(|s| (&s.name).into()).collect();
    let discards = discards(number);
    tokio::try_join!(
        store.register(&write.tenant, &series, write.received),
        store.write(&write),
        store.put(&discards),
    )?;
    if number.is_multiple_of(DELETED) {
        let series = key(&format!("deleted-{number}"));
        Catalog::delete(store, &series, received(number)).await?;
        PointStore::delete(store, &series, TimeRange::ALL, received(number)).await?;
    }
    Ok(())
}

/// Asserts that a store holds every write that was answered, and nothing that
/// was not begun: of these the numbers are below `begun`.
pub(crate) async fn verify(store: &Embedded, answered: &BTreeSet<u64>, begun: u64) {
    store.check().await.unwrap();
    let tenant = Tenant::local();
    let places: Vec<_> = (0..begun).map(places).collect();
    let of = |number: u64| &places[usize::try_from(number).unwrap()];
    let mut expected: BTreeMap<&str, BTreeMap<u64, u64>> = BTreeMap::new();
    for &number in answered {
        for (name, times) in of(number) {
            let points = expected.entry(name).or_default();
            // Ascending, so that the greatest number stays.
            points.extend(times.clone().map(|time| (time, number)));
        }
    }
    let listed = Catalog::list(store, &tenant, "", None, usize::MAX).await;
    let listed: BTreeMap<String, Timestamp> = listed
        .unwrap()
        .into_iter()
        .map(|series| (series.name.as_str().to_owned(), series.updated))
        .collect();
    for (name, points) in expected {
        let found = points_of(store, name).await;
        if name.starts_with("deleted") {
            assert!(found.is_empty() && !listed.contains_key(name), "{name}");
            continue;
        }
        let updated = points.values().max().map(|&number| received(number));
        assert!(
            listed.get(name).copied() >= updated,
            "{name} in the catalog"
        );
        for (time, number) in points {
            let there = found.get(&time).copied();
            assert!(
                there >= Some(number),
                "{name}, {time}: {there:?}, not {number}"
            );
        }
    }
    for name in listed.keys() {
        for (time, number) in points_of(store, name).await {
            let begun = number < begun && of(number).get(name).is_some_and(|t| t.contains(&time));
            assert!(begun, "{name}, {time}: {number} was not written");
        }
    }
    verify_discards(store, answered).await;
}

async fn verify_discards(store: &Embedded, answered: &BTreeSet<u64>) {
    let any = DiscardFilter {
        reason: Some(Reason::Malformed),
        source: None,
        series: None,
        received: TimeRange::ALL,
    };
    let found = DiscardLog::list(store, &Tenant::local(), &any, None, usize::MAX).await;
    let found = found.unwrap().into_iter();
    let found: BTreeMap<_, _> = found.map(|discard| (discard.stamp, discard)).collect();
    for discard in answered.iter().flat_map(|&number| discards(number)) {
        assert_eq!(found.get(&discard.stamp), Some(&discard));
    }
}

/// The number of the write at each time.
pub(crate) async fn points_of(store: &Embedded, name: &str) -> BTreeMap<u64, u64> {
    let points = read(store, name).await;
    points
        .iter()
        .map(|point| (time(point), number(point)))
        .collect()
}

/// The times of a series' points, in seconds.
pub(crate) async fn times_of(store: &Embedded, name: &str) -> BTreeSet<u64> {
    read(store, name).await.iter().map(time).collect()
}

async fn read(store: &Embedded, name: &str) -> Vec<Point> {
    let (series, tombstones) = (key(name), Tombstones::none());
    let mut range = Some(TimeRange::ALL);
    let mut points = Vec::new();
    while let Some(rest) = range {
        let scan = Scan {
            series: &series,
            range: rest,
            tombstones: &tombstones,
            order: Order::Ascending,
            limit: 10_000,
        };
        let page = PointStore::read(store, scan).await.unwrap();
        points.extend(page.points);
        range = page.rest;
    }
    points
}

fn time(point: &Point) -> u64 {
    u64::try_from(point.time.nanos()).unwrap() / 1_000_000_000
}

fn number(point: &Point) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it was made of one"
    )]
    let number = point.value.get() as u64;
    assert_eq!(point.tags, tags(number), "tags of {number}");
    number
}

/// How many series a bulky write has.
pub(crate) const BULK: u64 = 64;

/// Few points, and megabytes of log.
pub(crate) fn bulky(number: u64) -> Write {
    // Characters of four bytes: the fewer there are, the sooner they are read.
    let tag = |first: char| String::from(first) + &"\u{1F30A}".repeat(Tags::MAX_BYTES / 4 - 1);
    let tags = Tags::new(('\u{1F300}'..).take(Tags::MAX).map(tag)).unwrap();
    let series = (0..BULK).map(|series| {
        let mut points = SeriesPoints::new(SeriesName::new(format!("bulky-{series}")).unwrap());
        for index in 0..16 {
            let time =
                Timestamp::from_nanos(i64::try_from(number * 16).unwrap() + i64::from(index));
            points.push(
                u32::try_from(series).unwrap() * 16 + index,
                time,
                Value::new(1.0).unwrap(),
                tags.clone(),
            );
        }
        points
    });
    Write {
        tenant: Tenant::local(),
        batch: BatchId::new(2, number),
        received: received(number),
        source: Source::Api,
        series: series.collect(),
    }
}

/// Asserts that a store holds the first so many bulky writes.
pub(crate) async fn verify_bulky(store: &Embedded, written: u64) {
    for series in 0..BULK {
        let series = key(&format!("bulky-{series}"));
        let request = Summarize {
            series: &series,
            range: TimeRange::ALL,
            tombstones: &Tombstones::none(),
            slots: Slots::Whole,
            parts: Parts::NONE,
            limit: 1,
        };
        let buckets = store.summarize(request).await.unwrap();
        let count = buckets.first().map(|bucket| bucket.summary.count().get());
        assert_eq!(count, Some(written * 16));
    }
}
