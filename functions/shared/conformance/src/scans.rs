//! Ranges are read from either end, page by page, and told of roughly.

use tidemark_core::name::SeriesKey;
use tidemark_core::time::TimeRange;
use tidemark_core::tombstone::Tombstones;
use tidemark_ports::{Extent, Order, PointStore};

use crate::Subject;
use crate::material::{
    Random, all, assert_same, at, pages, plain, series, sibling, tenant, within, write,
};

const NONE: &Tombstones = &Tombstones::none();

/// Of a series that nobody wrote to, nothing is read, and that is no error.
pub async fn of_an_unknown_series_nothing_is_read<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let unknown = series();
    for order in [Order::Ascending, Order::Descending] {
        assert_eq!(
            pages(&*subject.store, &unknown, TimeRange::ALL, NONE, order, 10).await,
            []
        );
    }
    assert_eq!(
        subject
            .store
            .extent(&unknown, TimeRange::ALL)
            .await
            .unwrap(),
        None
    );
}

/// A range holds the points at both of its ends.
pub async fn ranges_include_both_ends<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let series = series();
    let points: Vec<_> = (1..=4).map(|i| (at(i * 3), i as f64)).collect();
    write(&*subject.store, &series, 1, 1, points.clone()).await;
    subject
        .eventually(&plain(points.clone()), async || {
            all(&*subject.store, &series).await
        })
        .await;
    for from in 1..=14 {
        for to in from..=14 {
            let range = within(from, to);
            let mut inside = plain(points.iter().copied().filter(|&(t, _)| range.contains(t)));
            let read = pages(&*subject.store, &series, range, NONE, Order::Ascending, 10).await;
            assert_eq!(read, inside, "from {from} to {to}");
            inside.reverse();
            let read = pages(&*subject.store, &series, range, NONE, Order::Descending, 10).await;
            assert_eq!(read, inside, "from {from} to {to}, descending");
        }
    }
}

/// The pages of a scan hold each point once, whatever their size.
pub async fn pages_neither_miss_nor_repeat<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let series = series();
    let mut expected = plain((0..12).map(|i| (at(i * i), i as f64)));
    // In two batches that interleave, as chunks and tails may.
    for parity in 0..2 {
        let points = (0..12)
            .filter(|i| i % 2 == parity)
            .map(|i| (at(i * i), i as f64));
        write(&*subject.store, &series, parity.unsigned_abs(), 1, points).await;
    }
    subject
        .eventually(&expected, async || all(&*subject.store, &series).await)
        .await;
    for order in [Order::Ascending, Order::Descending] {
        for limit in 1..=13 {
            let read = pages(&*subject.store, &series, TimeRange::ALL, NONE, order, limit).await;
            assert_eq!(read, expected, "{order:?} in pages of {limit}");
        }
        expected.reverse();
    }
}

/// A range is found in the midst of many points.
pub async fn ranges_are_cut_out_of_many_points<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let series = series();
    let many = subject.traits.many as i64 / 2;
    let points: Vec<_> = (0..many).map(|i| (at(i * 10), (i % 1000) as f64)).collect();
    write(&*subject.store, &series, 1, 1, points.clone()).await;
    let look = async || all(&*subject.store, &series).await.len() == points.len();
    subject.eventually(&true, look).await;
    let mut random = Random::new(3);
    for _ in 0..20 {
        let (a, b) = (
            random.below(points.len()) as i64,
            random.below(points.len()) as i64,
        );
        let range = within(a.min(b) * 10 - 5, a.max(b) * 10 + random.below(20) as i64);
        let inside = plain(points.iter().copied().filter(|&(t, _)| range.contains(t)));
        let read = pages(
            &*subject.store,
            &series,
            range,
            NONE,
            Order::Ascending,
            20_000,
        )
        .await;
        assert_same(&read, &inside);
        let read = pages(
            &*subject.store,
            &series,
            range,
            NONE,
            Order::Descending,
            20_000,
        )
        .await;
        assert!(read.iter().rev().eq(&inside), "descending, {range:?}");
    }
}

/// The extent of a range covers its points, lies inside it, and counts no fewer
/// points than there are.
pub async fn extents_cover_what_there_is<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let series = series();
    let many = subject.traits.many as i64 / 4;
    let points: Vec<_> = (0..many).map(|i| (at(i * 100), 1.0)).collect();
    write(&*subject.store, &series, 1, 1, points.clone()).await;
    // One far ahead, and some written again.
    write(
        &*subject.store,
        &series,
        2,
        2,
        [(at(many * 200), 2.0), (at(0), 2.0)],
    )
    .await;
    let look = async || all(&*subject.store, &series).await.len() as i64 == many + 1;
    subject.eventually(&true, look).await;
    let cases = [
        TimeRange::ALL,
        within(0, 0),
        within(-1000, 250),
        within(many * 50, many * 50),
        within(many * 30 + 1, many * 60 - 1),
        within(many * 99, many * 300),
        within(many * 200, many * 200),
    ];
    for range in cases {
        let inside = pages(
            &*subject.store,
            &series,
            range,
            NONE,
            Order::Ascending,
            50_000,
        )
        .await;
        let extent = subject.store.extent(&series, range).await.unwrap().unwrap();
        assert!(range.covers(extent.range), "{extent:?} in {range:?}");
        assert!(
            extent.points >= inside.len() as u64,
            "{extent:?} for {}",
            inside.len()
        );
        assert!(
            inside.iter().all(|p| extent.range.contains(p.time)),
            "{extent:?}"
        );
    }
    // Nothing is hidden here, so the ends are points: buckets are cut there.
    let whole = subject
        .store
        .extent(&series, TimeRange::ALL)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(whole.range, within(0, many * 200));
    assert!(
        whole.points <= many.unsigned_abs() + 2,
        "more than was ever written: {whole:?}"
    );
    assert_eq!(
        subject
            .store
            .extent(&series, within(many * 201, many * 300))
            .await
            .unwrap(),
        None
    );
}

/// What a store tells of many series at once is what it tells of each.
pub async fn many_extents_are_those_of_each<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let tenant = tenant();
    let keys: Vec<SeriesKey> = (0..5)
        .map(|i| sibling(&tenant, &format!("extent.{i}")))
        .collect();
    for (i, key) in keys.iter().enumerate().skip(1) {
        let points = (0..i).map(|n| (at(n as i64), 1.0));
        write(&*subject.store, key, i as u64, 1, points).await;
    }
    for range in [TimeRange::ALL, within(1, 2)] {
        let look = async || {
            let mut each: Vec<Option<Extent>> = Vec::new();
            for key in &keys {
                each.push(subject.store.extent(key, range).await.unwrap());
            }
            let has_all = range != TimeRange::ALL || each[1..].iter().all(Option::is_some);
            (
                subject.store.extents(&keys, range).await.unwrap() == each,
                has_all,
            )
        };
        subject.eventually(&(true, true), look).await;
        let all = subject.store.extents(&keys, range).await.unwrap();
        assert_eq!(all[0], None);
        let none = subject.store.extents(&[], range).await.unwrap();
        assert_eq!(none, []);
    }
}
