//! Summaries are those of the points that are read: all of them, each once, in
//! the right slot.

use tidemark_core::name::SeriesKey;
use tidemark_core::point::Tags;
use tidemark_core::summary::Parts;
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_core::tombstone::Tombstones;
use tidemark_ports::{Bucket, PointStore, Slots, Summarize};

use crate::Subject;
use crate::material::{
    Draft, Random, SECOND, at, deliver, received, series, sibling, tenant, tombstones, within,
    write,
};
use crate::questions::{
    NONE, Points, Question, WHOLE, agrees, ask, counted, grid, irregular, spread,
};

/// Of nothing there is no bucket.
pub async fn nothing_has_no_summary<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let series = series();
    for slots in [Slots::Whole, grid("1d", "UTC")] {
        let question = Question { slots, ..WHOLE };
        assert!(ask(subject, &series, question).await.is_empty());
    }
    write(&*subject.store, &series, 1, 1, [(at(0), 1.0), (at(9), 1.0)]).await;
    counted(subject, &series, 2).await;
    for slots in [Slots::Whole, grid("1s", "UTC")] {
        for (from, to) in [(1, 8), (-9, -1), (10, 20)] {
            let range = within(from, to);
            let question = Question {
                range,
                slots,
                ..WHOLE
            };
            assert!(
                ask(subject, &series, question).await.is_empty(),
                "{question:?}"
            );
        }
    }
}

/// A few points, every range over them, every way to ask.
pub async fn small_ranges_agree<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let series = series();
    let values = [2.5, -1.0, 2.5, -1.0, 0.0, 1024.25, -0.5];
    let points: Points = (0..).map(|i| at(i * SECOND / 2)).zip(values).collect();
    for (batch, part) in points.chunks(3).enumerate() {
        write(
            &*subject.store,
            &series,
            batch as u64,
            1,
            part.iter().copied(),
        )
        .await;
    }
    counted(subject, &series, points.len()).await;
    // The hour holds all of them, so that only the range cuts.
    for slots in [
        Slots::Whole,
        grid("1s", "UTC"),
        grid("2s", "UTC"),
        grid("1h", "UTC"),
    ] {
        for parts in [Parts::NONE, Parts::ALL] {
            for from in 0..7 {
                for to in from..7 {
                    let question = Question {
                        range: within(from * SECOND / 2, to * SECOND / 2),
                        slots,
                        parts,
                        limit: 100,
                        tombstones: NONE,
                    };
                    agrees(subject, &series, question, &points).await;
                }
            }
        }
    }
}

/// Of several equal minima or maxima the earliest is named, also where zeros
/// differ in sign, and whichever was written first.
pub async fn the_earliest_extreme_is_named<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let series = series();
    let values = [1.0, 0.0, 3.0, -0.0, 3.0, 0.0, 1.0];
    let points: Points = (0..).map(at).zip(values).collect();
    for (&point, batch) in points.iter().rev().zip(1..) {
        write(&*subject.store, &series, batch, 1, [point]).await;
    }
    counted(subject, &series, points.len()).await;
    agrees(subject, &series, WHOLE, &points).await;
}

/// Over many points, of any range: the whole in one, and in slots of fixed
/// width, cut on clocks of several zones.
pub async fn many_points_agree<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let series = series();
    let points = irregular(subject.traits.many / 2, 11);
    spread(subject, &series, &points).await;
    agrees(subject, &series, WHOLE, &points).await;
    let mut random = Random::new(12);
    let last = points.len() - 1;
    let ways = [
        (Slots::Whole, Parts::NONE),
        (Slots::Whole, Parts::ALL),
        (grid("15m", "UTC"), Parts::NONE),
        (grid("90s", "Asia/Kathmandu"), Parts::STORED),
        (
            grid("15m", "Europe/Zurich"),
            Parts {
                segments: true,
                ..Parts::NONE
            },
        ),
        (grid("6h", "Europe/Zurich"), Parts::ALL),
        (grid("1d", "America/New_York"), Parts::STORED),
    ];
    for (slots, parts) in ways {
        for ends in 0..4 {
            let (a, b) = (random.below(last), random.below(last));
            // Between points, on points, and all of it.
            let range = match ends {
                0 => TimeRange::ALL,
                1 => TimeRange::new(points[a.min(b)].0, points[a.max(b)].0).unwrap(),
                2 => TimeRange::new(points[a.min(b)].0.plus(1), points[a.max(b) + 1].0.plus(-1))
                    .unwrap(),
                _ => TimeRange::new(points[0].0, points[last].0).unwrap(),
            };
            let question = Question {
                range,
                slots,
                parts,
                limit: 100_000,
                tombstones: NONE,
            };
            agrees(subject, &series, question, &points).await;
        }
    }
}

/// Points at the ends of time have their slots, too.
pub async fn the_ends_of_time_are_summarized<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let series = series();
    let times = [i64::MIN, i64::MIN + 1, -1, 0, i64::MAX - 1, i64::MAX].map(Timestamp::from_nanos);
    let points: Points = times.into_iter().zip((1..).map(f64::from)).collect();
    let draft = Draft::new(&series.tenant, 1, 1).points(&series.name, points.clone());
    let refused = subject.store.write(&draft.done()).await.unwrap().len();
    let taken: Points = points
        .into_iter()
        .filter(|p| subject.traits.times.contains(p.0))
        .collect();
    assert_eq!(taken.len(), times.len() - refused);
    if taken.is_empty() {
        return;
    }
    counted(subject, &series, taken.len()).await;
    for slots in [
        Slots::Whole,
        grid("1y", "Europe/Zurich"),
        grid("1h", "UTC"),
        grid("1s", "UTC"),
    ] {
        let question = Question {
            slots,
            limit: 100,
            ..WHOLE
        };
        agrees(subject, &series, question, &taken).await;
    }
}

/// A sum is that of the points, whatever order they came in: 1e16 + 1 - 1e16 is
/// 1, though no addition of floats in turn yields it.
pub async fn sums_do_not_depend_on_order<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let values = [1e16, 1.0, -1e16];
    for order in [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ] {
        let series = series();
        let points: Points = order
            .map(|i| (at(i * SECOND), values[usize::try_from(i).unwrap()]))
            .into();
        for (&point, batch) in points.iter().zip(1..) {
            write(&*subject.store, &series, batch, 1, [point]).await;
        }
        counted(subject, &series, 3).await;
        agrees(subject, &series, WHOLE, &points).await;
    }
}

/// The same over many points, in batches of any order and size.
pub async fn sums_of_many_points_do_not_depend_on_order<S: PointStore + ?Sized>(
    subject: &Subject<S>,
) {
    let many = subject.traits.many / 10;
    let mut random = Random::new(14);
    let mut values: Vec<f64> = [1e16, 1.0, -1e16]
        .into_iter()
        .cycle()
        .take(many / 3 * 3)
        .collect();
    random.shuffle(&mut values);
    let points: Points = (0..).map(at).zip(values).collect();
    for sizes in [many, 700] {
        let series = series();
        let mut deliveries = points.clone();
        random.shuffle(&mut deliveries);
        for (batch, part) in deliveries.chunks(sizes).enumerate() {
            write(
                &*subject.store,
                &series,
                batch as u64,
                1,
                part.iter().copied(),
            )
            .await;
        }
        counted(subject, &series, points.len()).await;
        agrees(subject, &series, WHOLE, &points).await;
        // Any part of it, too.
        let question = Question {
            range: within(many as i64 / 5, many as i64 / 3),
            ..WHOLE
        };
        agrees(subject, &series, question, &points).await;
    }
}

/// What was written again, late or twice counts once, with the value that won.
pub async fn rewritten_points_count_once<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let series = series();
    let many = subject.traits.many / 6;
    let mut points: Points = irregular(many, 15);
    let old = Draft::new(&series.tenant, 1, 1)
        .points(&series.name, points.clone())
        .done();
    deliver(&*subject.store, &old).await;
    // Newer ones over every seventh, and late ones over every fifth.
    let newer: Points = points.iter().step_by(7).map(|p| (p.0, p.1 + 0.5)).collect();
    write(&*subject.store, &series, 2, 3, newer).await;
    let late: Points = points.iter().step_by(5).map(|p| (p.0, 1e6)).collect();
    write(&*subject.store, &series, 3, 0, late).await;
    deliver(&*subject.store, &old).await;
    points.iter_mut().step_by(7).for_each(|p| p.1 += 0.5);
    counted(subject, &series, many).await;
    subject.settle().await;
    for slots in [Slots::Whole, grid("1h", "UTC")] {
        let question = Question {
            slots,
            limit: 100_000,
            ..WHOLE
        };
        agrees(subject, &series, question, &points).await;
    }
}

/// What tombstones hide is in no summary: in the midst, at the ends of slots,
/// in part, or all of it.
pub async fn what_is_hidden_does_not_count<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let series = series();
    let many = subject.traits.many / 6;
    let mut points: Points = irregular(many, 16);
    write(&*subject.store, &series, 1, 1, points.clone()).await;
    let newer: Points = points.iter().step_by(3).map(|p| (p.0, p.1 + 1.0)).collect();
    write(&*subject.store, &series, 2, 4, newer).await;
    points.iter_mut().step_by(3).for_each(|p| p.1 += 1.0);
    counted(subject, &series, many).await;
    let offset = |i: usize| points[i].0.since(at(0));
    let (a, b) = (offset(many / 3), offset(many / 2));
    for deletions in [
        vec![(a, b, 2)],
        vec![(a, b, 5)],
        vec![(a, a, 5), (b, b, 1)],
        vec![(i64::MIN / 2, a, 5), (b, b + 1000 * SECOND, 3)],
        vec![(a - 1, i64::MAX / 4, 9)],
        vec![(i64::MIN / 2, i64::MAX / 4, 9)],
        vec![(i64::MIN / 2, i64::MAX / 4, 0)],
    ] {
        let tombstones = tombstones(&deletions);
        let seen = |(i, point): (usize, &(Timestamp, f64))| {
            let receipt = received(if i.is_multiple_of(3) { 4 } else { 1 });
            (!tombstones.hides(point.0, receipt)).then_some(*point)
        };
        let left: Points = points.iter().enumerate().filter_map(seen).collect();
        for slots in [Slots::Whole, grid("1h", "UTC"), grid("1d", "UTC")] {
            let question = Question {
                slots,
                tombstones: &tombstones,
                limit: 100_000,
                ..WHOLE
            };
            agrees(subject, &series, question, &left).await;
        }
    }
}

/// Sums may leave the range of f64 and come back; one that does not come back
/// is none, rather than an infinity.
pub async fn sums_beyond_f64_are_told<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let series = series();
    let values = [f64::MAX, f64::MAX, -f64::MAX];
    let mut draft = Draft::new(&series.tenant, 1, 1);
    for (time, value) in (0..).map(at).zip(values) {
        draft = draft.tagged(&series.name, time, value, Tags::none());
    }
    deliver(&*subject.store, &draft.done()).await;
    counted(subject, &series, 3).await;
    if subject.traits.exact_sums {
        let all = ask(subject, &series, WHOLE).await;
        assert_eq!(all[0].summary.sum().value(), Ok(f64::MAX));
        let two = Question {
            range: within(0, 1),
            ..WHOLE
        };
        let two = ask(subject, &series, two).await;
        assert!(two[0].summary.sum().value().is_err());
        assert_eq!(two[0].summary.mean(), Ok(f64::MAX));
    }
}

/// What a store tells of many series at once is what it tells of each: some deleted, one
/// without points, and the earliest of many slots.
pub async fn many_summaries_are_those_of_each<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let tenant = tenant();
    let keys: Vec<SeriesKey> = (0..5)
        .map(|i| sibling(&tenant, &format!("many.{i}")))
        .collect();
    for (i, key) in keys.iter().enumerate().skip(1) {
        let points = (0..40 * i).map(|n| (at(n as i64 * 700 * SECOND), n as f64 / 7.0));
        write(&*subject.store, key, i as u64, 1, points).await;
        counted(subject, key, 40 * i).await;
    }
    let hidden = tombstones(&[(3600 * SECOND, 9000 * SECOND, 5)]);
    let none = Tombstones::none();
    let some = within(1000 * SECOND, 90_000 * SECOND);
    for (range, slots, limit) in [
        (TimeRange::ALL, Slots::Whole, 1),
        (some, grid("1h", "UTC"), 1000),
        (some, grid("1d", "Europe/Zurich"), 2),
    ] {
        for parts in [Parts::NONE, Parts::STORED, Parts::ALL] {
            let requests: Vec<Summarize<'_>> = keys
                .iter()
                .enumerate()
                .map(|(i, series)| Summarize {
                    series,
                    range,
                    tombstones: if i % 2 == 0 { &hidden } else { &none },
                    slots,
                    parts,
                    limit,
                })
                .collect();
            let all = subject.store.summarize_many(&requests).await.unwrap();
            let mut each = Vec::new();
            for request in &requests {
                each.push(subject.store.summarize(*request).await.unwrap());
            }
            assert_eq!(told(&all), told(&each), "{slots:?} of {range:?}");
            assert!(all[0].is_empty() && !all[4].is_empty());
        }
    }
}

/// What can be compared of the summaries of many series, sums to ten digits.
fn told(all: &[Vec<Bucket>]) -> Vec<Vec<String>> {
    let bucket = |bucket: &Bucket| {
        let summary = &bucket.summary;
        let (min, max) = (summary.min(), summary.max());
        let (first, last) = (summary.first(), summary.last());
        format!(
            "{}: {}, {:.9e}, {min:?}, {max:?}, {first:?}, {last:?}, {:?}",
            bucket.start,
            summary.count(),
            summary.mean().unwrap_or_default(),
            summary.parts(),
        )
    };
    all.iter()
        .map(|buckets| buckets.iter().map(bucket).collect())
        .collect()
}
