//! Points are written and read back: whole, in order, page by page.

use std::sync::Arc;

use tidemark_core::name::SeriesName;
use tidemark_core::point::Tags;
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_core::tombstone::Tombstones;
use tidemark_ports::{Order, PointStore};
use tokio::task::JoinSet;

use crate::Subject;
use crate::material::{
    Draft, Random, Seen, all, assert_same, at, deliver, name, pages, plain, series, sibling, tags,
    tenant, write,
};

const NONE: &Tombstones = &Tombstones::none();

/// Values are numbers, not texts of numbers: every bit counts.
pub async fn values_come_back_bit_for_bit<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let values = [
        0.0,
        -0.0,
        f64::MAX,
        f64::MIN,
        f64::MIN_POSITIVE,
        -f64::MIN_POSITIVE,
        f64::from_bits(1),
        -f64::from_bits(1),
        f64::from_bits(0x000f_ffff_ffff_ffff),
        f64::EPSILON,
        1.0 + f64::EPSILON,
        0.1,
        0.1 + 0.2,
        1.0 / 3.0,
        9_007_199_254_740_993.0,
        123_456_789.012_345_67,
        -0.996_876_001_358_032_2,
        5e-324,
        1e16,
        1e22,
        1e23,
        f64::from_bits(0x5555_5555_5555_5555),
        f64::from_bits(0x7fef_ffff_ffff_fffe),
    ];
    let series = series();
    let points: Vec<_> = (0..).map(at).zip(values).collect();
    write(&*subject.store, &series, 1, 1, points.clone()).await;
    subject
        .eventually(&plain(points), async || all(&*subject.store, &series).await)
        .await;
}

/// A column of two decimals with one value among them that has none is where a
/// compression that is right for most goes wrong.
pub async fn odd_values_among_even_ones_survive<S: PointStore + ?Sized>(subject: &Subject<S>) {
    for odd in [-0.0, 0.1 + 0.2, f64::MIN_POSITIVE, 1e300, f64::from_bits(3)] {
        let series = series();
        let points: Vec<_> = (0..200)
            .map(|i| {
                (
                    at(i * 1_000_000_000),
                    if i == 77 { odd } else { i as f64 / 100.0 },
                )
            })
            .collect();
        write(&*subject.store, &series, 1, 1, points.clone()).await;
        subject
            .eventually(&plain(points), async || all(&*subject.store, &series).await)
            .await;
    }
}

/// Any instant is a time, to the nanosecond. A store that does not take all of
/// them refuses the others point by point, and keeps the rest of the batch.
pub async fn every_instant_is_kept_or_refused<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let series = series();
    let times = [
        i64::MIN,
        i64::MIN + 1,
        -1_000_000_000,
        -1,
        0,
        1,
        999_999_999,
        13_515_551_000_000_000,
        1_675_209_600_123_456_789,
        1_675_209_600_123_456_790,
        i64::MAX - 1,
        i64::MAX,
    ]
    .map(Timestamp::from_nanos);
    let points: Vec<_> = times.into_iter().zip((0..).map(f64::from)).collect();
    let draft = Draft::new(&series.tenant, 1, 1).points(&series.name, points.clone());
    let refusals = subject.store.write(&draft.done()).await.unwrap();
    let mut refused: Vec<_> = refusals.iter().map(|r| (r.series, r.position)).collect();
    refused.sort_unstable();
    let taken = |time: Timestamp| subject.traits.times.contains(time);
    let outside: Vec<_> = (0..times.len())
        .filter(|&i| !taken(times[i]))
        .map(|i| (0, i))
        .collect();
    assert_eq!(refused, outside);
    assert!(refusals.iter().all(|r| !r.detail.is_empty()));
    let kept = plain(points.into_iter().filter(|&(time, _)| taken(time)));
    subject
        .eventually(&kept, async || all(&*subject.store, &series).await)
        .await;
}

/// Tags stay with their point.
pub async fn tags_come_back<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let series = series();
    let many: Vec<String> = (0..Tags::MAX).map(|i| format!("{i:0>128}")).collect();
    let sets = [
        Tags::none(),
        tags(&["night"]),
        Tags::none(),
        tags(&[
            "überlauf",
            "日本語",
            "🌊",
            "a b",
            "\"quoted\"",
            "back\\slash",
            "comma,",
            "{\"json\": 1}",
            "'",
        ]),
        Tags::new(many).unwrap(),
        tags(&["night", "sun-glint"]),
        tags(&["night"]),
    ];
    let mut draft = Draft::new(&series.tenant, 1, 1);
    let mut expected = Vec::new();
    for (time, set) in (0..).map(at).zip(sets) {
        draft = draft.tagged(&series.name, time, 1.5, set.clone());
        expected.push(Seen {
            time,
            bits: 1.5f64.to_bits(),
            tags: set,
        });
    }
    let refusals = subject.store.write(&draft.done()).await.unwrap();
    let mut refused: Vec<usize> = refusals.iter().map(|r| r.position).collect();
    refused.sort_unstable();
    let taken = |tags: &Tags| tags.iter().map(str::len).sum::<usize>() <= subject.traits.tag_bytes;
    let (kept, too_long): (Vec<_>, Vec<_>) = expected
        .into_iter()
        .enumerate()
        .partition(|(_, seen)| taken(&seen.tags));
    assert_eq!(
        refused,
        too_long.iter().map(|(i, _)| *i).collect::<Vec<_>>()
    );
    let mut expected: Vec<Seen> = kept.into_iter().map(|(_, seen)| seen).collect();
    subject
        .eventually(&expected, async || all(&*subject.store, &series).await)
        .await;
    expected.reverse();
    let backwards = pages(
        &*subject.store,
        &series,
        TimeRange::ALL,
        NONE,
        Order::Descending,
        3,
    )
    .await;
    assert_eq!(backwards, expected);
}

/// Names are bytes: capitals, length and every allowed character count.
pub async fn names_are_told_apart<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let tenant = tenant();
    let long = "x".repeat(SeriesName::MAX_BYTES);
    let longer_by_one = "x".repeat(SeriesName::MAX_BYTES - 1);
    let names = [
        "a",
        "A",
        "a.",
        "a-b",
        "a_b",
        "a:b",
        "a.b",
        "ab",
        "...",
        "-",
        "0",
        "00",
        "a%2E",
        &long,
        &longer_by_one,
    ];
    let names: Vec<_> = names
        .iter()
        .filter(|n| SeriesName::check(n).is_ok())
        .collect();
    let mut draft = Draft::new(&tenant, 1, 1);
    for (text, value) in names.iter().zip((0..).map(f64::from)) {
        draft = draft.point(&name(text), at(0), value);
    }
    deliver(&*subject.store, &draft.done()).await;
    for (text, value) in names.iter().zip((0..).map(f64::from)) {
        let series = sibling(&tenant, text);
        subject
            .eventually(&plain([(at(0), value)]), async || {
                all(&*subject.store, &series).await
            })
            .await;
    }
}

/// Tenants with the same names do not see each other's points, and series of
/// one tenant are apart.
pub async fn tenants_and_series_do_not_mix<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let (one, other) = (tenant(), tenant());
    let cases = [
        (&one, "a", 1.0),
        (&one, "b", 2.0),
        (&other, "a", 3.0),
        (&other, "b", 4.0),
    ];
    for (tenant, text, value) in cases {
        write(
            &*subject.store,
            &sibling(tenant, text),
            1,
            1,
            [(at(0), value)],
        )
        .await;
    }
    for (tenant, text, value) in cases {
        let series = sibling(tenant, text);
        subject
            .eventually(&plain([(at(0), value)]), async || {
                all(&*subject.store, &series).await
            })
            .await;
    }
}

/// A batch of which nothing was left after validation is written all the same.
pub async fn an_empty_write_is_no_error<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let series = series();
    deliver(&*subject.store, &Draft::new(&series.tenant, 1, 1).done()).await;
    let draft = Draft::new(&series.tenant, 2, 2).points(&series.name, []);
    deliver(&*subject.store, &draft.done()).await;
    subject.settle().await;
    assert_eq!(all(&*subject.store, &series).await, []);
}

/// A batch as large as one request may bring is written and read.
pub async fn a_large_batch_is_kept<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let series = series();
    let mut random = Random::new(1);
    let points: Vec<_> = (0..subject.traits.many)
        .map(|i| {
            (
                at(i as i64 * 1_000_000_000),
                random.below(100_000) as f64 / 1000.0,
            )
        })
        .collect();
    write(&*subject.store, &series, 1, 1, points.clone()).await;
    let mut expected = plain(points);
    subject
        .eventually(&expected, async || all(&*subject.store, &series).await)
        .await;
    for limit in [999, 4096, 50_000] {
        let read = pages(
            &*subject.store,
            &series,
            TimeRange::ALL,
            NONE,
            Order::Ascending,
            limit,
        )
        .await;
        assert_same(&read, &expected);
    }
    expected.reverse();
    let read = pages(
        &*subject.store,
        &series,
        TimeRange::ALL,
        NONE,
        Order::Descending,
        7001,
    )
    .await;
    assert_same(&read, &expected);
}

/// Points that come in any order, over many batches, are read in order.
pub async fn points_out_of_order_are_put_in_order<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let series = series();
    let mut points: Vec<_> = (0..subject.traits.many / 4)
        .map(|i| (at(i as i64 * 777), i as f64))
        .collect();
    let expected = plain(points.clone());
    Random::new(2).shuffle(&mut points);
    for (batch, part) in points.chunks(points.len().div_ceil(8)).enumerate() {
        write(
            &*subject.store,
            &series,
            batch as u64,
            1,
            part.iter().copied(),
        )
        .await;
    }
    let look = async || all(&*subject.store, &series).await == expected;
    subject.eventually(&true, look).await;
}

/// A batch may hold a few points of each of many series.
pub async fn many_series_share_a_batch<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let tenant = tenant();
    let names: Vec<_> = (0..200).map(|i| name(&format!("sensor.{i}"))).collect();
    let mut draft = Draft::new(&tenant, 1, 1);
    for round in 0..3 {
        for (name, value) in names.iter().zip((0..).map(f64::from)) {
            draft = draft.point(name, at(round), value);
        }
    }
    deliver(&*subject.store, &draft.done()).await;
    for (name, value) in names.iter().zip((0..).map(f64::from)) {
        let series = sibling(&tenant, name.as_str());
        let expected = plain((0..3).map(|round| (at(round), value)));
        subject
            .eventually(&expected, async || all(&*subject.store, &series).await)
            .await;
    }
}

/// Writers do not wait for each other, and none overwrites what another wrote.
pub async fn concurrent_writes_are_all_kept<S: PointStore + ?Sized + 'static>(
    subject: &Subject<S>,
) {
    let series = series();
    let mut writers = JoinSet::new();
    for writer in 0..8 {
        let (store, series) = (Arc::clone(&subject.store), series.clone());
        writers.spawn(async move {
            for round in 0..5 {
                let points = (0..20).map(|i| (at((i * 5 + round) * 8 + writer), writer as f64));
                let batch = (writer * 5 + round).unsigned_abs();
                write(&*store, &series, batch, round, points).await;
            }
        });
    }
    while let Some(outcome) = writers.join_next().await {
        outcome.unwrap();
    }
    let expected = plain((0..800).map(|t| (at(t), (t % 8) as f64)));
    subject
        .eventually(&expected, async || all(&*subject.store, &series).await)
        .await;
}
