//! Of all writes to one point the one with the greatest stamp counts: received
//! last, then of the greatest batch, then of the greatest index; whatever the
//! order and number of deliveries.

use std::sync::Arc;

use tidemark_core::batch::Write;
use tidemark_core::point::Tags;
use tidemark_ports::PointStore;

use crate::Subject;
use crate::material::{
    Draft, Random, Seen, all, at, deliver, plain, series, sibling, tags, tenant, write,
};

/// Every order of three things.
const ORDERS: [[usize; 3]; 6] = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
];

/// Delivers three writes to one point in every order, and expects the value 2.
async fn two_wins<S: PointStore + ?Sized>(
    subject: &Subject<S>,
    draft: impl Fn(Draft3<'_>) -> Arc<Write>,
) {
    for order in ORDERS {
        let series = series();
        for i in order {
            let write = draft(Draft3 { series: &series, i });
            deliver(&*subject.store, &write).await;
        }
        let expected = plain([(at(0), 2.0)]);
        subject
            .eventually(&expected, async || all(&*subject.store, &series).await)
            .await;
        subject.settle().await;
        assert_eq!(
            all(&*subject.store, &series).await,
            expected,
            "delivered as {order:?}"
        );
    }
}

/// The `i`-th of three writes to a point of `series`.
struct Draft3<'a> {
    series: &'a tidemark_core::name::SeriesKey,
    i: usize,
}

impl Draft3<'_> {
    fn write(&self, batch: u64, seconds: i64, index: u32) -> Arc<Write> {
        Draft::new(&self.series.tenant, batch, seconds)
            .indexed(index, &self.series.name, at(0), self.i as f64, Tags::none())
            .done()
    }
}

/// Received later wins, over a greater batch and a greater index too.
pub async fn received_later_wins<S: PointStore + ?Sized>(subject: &Subject<S>) {
    two_wins(subject, |d| {
        d.write([9, 8, 7][d.i], [1, 2, 3][d.i], [6, 5, 4][d.i])
    })
    .await;
}

/// Received at once, the greater batch wins, over a greater index too.
pub async fn received_at_once_the_greater_batch_wins<S: PointStore + ?Sized>(subject: &Subject<S>) {
    two_wins(subject, |d| d.write([7, 8, 9][d.i], 1, [6, 5, 4][d.i])).await;
}

/// Batches are compared as numbers of 128 bits, not as texts of their digits.
pub async fn batches_compare_as_numbers<S: PointStore + ?Sized>(subject: &Subject<S>) {
    two_wins(subject, |d| d.write([9, 10, u64::MAX][d.i], 1, 0)).await;
}

/// A batch that is delivered in pieces: the greater index wins.
pub async fn of_one_batch_the_greater_index_wins<S: PointStore + ?Sized>(subject: &Subject<S>) {
    two_wins(subject, |d| d.write(1, 1, [9, 10, u32::MAX - 1][d.i])).await;
}

/// Times of receipt a nanosecond apart are told apart.
pub async fn receipts_a_nanosecond_apart_are_told_apart<S: PointStore + ?Sized>(
    subject: &Subject<S>,
) {
    two_wins(subject, |d| {
        let mut write = Arc::unwrap_or_clone(d.write([9, 8, 7][d.i], 1, 0));
        write.received = write.received.plus(d.i as i64);
        Arc::new(write)
    })
    .await;
}

/// A batch that was received earlier and comes later changes only what nobody
/// else wrote.
pub async fn a_late_batch_loses<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let series = series();
    write(&*subject.store, &series, 2, 2, (2..6).map(|i| (at(i), 2.0))).await;
    write(&*subject.store, &series, 1, 1, (0..8).map(|i| (at(i), 1.0))).await;
    let expected = plain((0..8).map(|i| (at(i), if (2..6).contains(&i) { 2.0 } else { 1.0 })));
    subject
        .eventually(&expected, async || all(&*subject.store, &series).await)
        .await;
    subject.settle().await;
    assert_eq!(all(&*subject.store, &series).await, expected);
}

/// The same among many points: a late batch that reaches across all there is.
pub async fn a_late_batch_loses_among_many_points<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let series = series();
    let many = subject.traits.many as i64 / 4;
    write(
        &*subject.store,
        &series,
        2,
        2,
        (0..many).map(|i| (at(i * 10), 2.0)),
    )
    .await;
    let late = (0..many).step_by(7).map(|i| (at(i * 5), 1.0));
    write(&*subject.store, &series, 1, 1, late).await;
    let mut expected = plain((0..many).map(|i| (at(i * 10), 2.0)));
    // What falls between the others is new.
    let between = (0..many).step_by(7).filter(|i| i % 2 == 1);
    expected.extend(plain(between.map(|i| (at(i * 5), 1.0))));
    expected.sort_unstable();
    let look = async || all(&*subject.store, &series).await == expected;
    subject.eventually(&true, look).await;
    subject.settle().await;
    assert!(look().await);
}

/// A write that won replaces all of the point, its tags too.
pub async fn a_newer_write_replaces_the_tags<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let series = series();
    let first = Draft::new(&series.tenant, 1, 1)
        .tagged(&series.name, at(0), 1.0, tags(&["a", "b"]))
        .tagged(&series.name, at(1), 1.0, tags(&["a"]))
        .tagged(&series.name, at(2), 1.0, Tags::none());
    let second = Draft::new(&series.tenant, 2, 2)
        .tagged(&series.name, at(0), 1.0, Tags::none())
        .tagged(&series.name, at(1), 1.0, tags(&["c"]))
        .tagged(&series.name, at(2), 1.0, tags(&["d"]));
    deliver(&*subject.store, &first.done()).await;
    deliver(&*subject.store, &second.done()).await;
    let seen = |time, tags| Seen {
        time: at(time),
        bits: 1f64.to_bits(),
        tags,
    };
    let expected = vec![
        seen(0, Tags::none()),
        seen(1, tags(&["c"])),
        seen(2, tags(&["d"])),
    ];
    subject
        .eventually(&expected, async || all(&*subject.store, &series).await)
        .await;
}

/// A batch that is delivered again, at once or after newer ones, changes nothing.
pub async fn redelivery_changes_nothing<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let tenant = tenant();
    let (a, b) = (sibling(&tenant, "a"), sibling(&tenant, "b"));
    let old = Draft::new(&tenant, 1, 1)
        .points(&a.name, (0..9).map(|i| (at(i), 1.0)))
        .points(&b.name, (0..9).map(|i| (at(i), 1.5)))
        .done();
    let new = Draft::new(&tenant, 2, 2)
        .points(&a.name, (3..6).map(|i| (at(i), 2.0)))
        .done();
    let expected_a = plain((0..9).map(|i| (at(i), if (3..6).contains(&i) { 2.0 } else { 1.0 })));
    let expected_b = plain((0..9).map(|i| (at(i), 1.5)));
    for write in [&old, &old, &new, &old, &new, &new, &old] {
        deliver(&*subject.store, write).await;
    }
    for (series, expected) in [(&a, &expected_a), (&b, &expected_b)] {
        subject
            .eventually(expected, async || all(&*subject.store, series).await)
            .await;
    }
    deliver(&*subject.store, &old).await;
    subject.settle().await;
    assert_eq!(all(&*subject.store, &a).await, expected_a);
    assert_eq!(all(&*subject.store, &b).await, expected_b);
}

/// A batch that holds a point twice: the greater index wins, also where the
/// columns do not stand in the order of the indices.
pub async fn duplicates_inside_a_batch_count_once<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let series = series();
    let none = Tags::none;
    let draft = Draft::new(&series.tenant, 1, 1)
        .indexed(0, &series.name, at(0), 0.0, none())
        .indexed(1, &series.name, at(1), 1.0, none())
        .indexed(2, &series.name, at(0), 2.0, none())
        .indexed(7, &series.name, at(1), 7.0, none())
        .indexed(5, &series.name, at(1), 5.0, tags(&["five"]))
        .indexed(6, &series.name, at(2), 6.0, none())
        .indexed(4, &series.name, at(2), 4.0, none())
        .indexed(3, &series.name, at(2), 3.0, none());
    deliver(&*subject.store, &draft.done()).await;
    let expected = plain([(at(0), 2.0), (at(1), 7.0), (at(2), 6.0)]);
    subject
        .eventually(&expected, async || all(&*subject.store, &series).await)
        .await;
}

/// One point written over and over is one point, with the last value.
pub async fn a_point_written_often_is_one_point<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let series = series();
    for i in 0i64..40 {
        write(
            &*subject.store,
            &series,
            i.unsigned_abs(),
            i % 20,
            [(at(0), i as f64), (at(1), 0.0)],
        )
        .await;
    }
    // Received last are 19 and 39, of which 39 is the greater batch.
    let expected = plain([(at(0), 39.0), (at(1), 0.0)]);
    subject
        .eventually(&expected, async || all(&*subject.store, &series).await)
        .await;
}

/// A stream of batches leaves the same points when it is shuffled, when batches
/// come twice, and when they come in pieces.
pub async fn the_order_of_delivery_does_not_matter<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let tenant = tenant();
    let mut random = Random::new(4);
    // (batch, received, index, time, value)
    let mut points = Vec::new();
    for batch in 0..12 {
        for index in 0..25 {
            let value = random.below(1000) as f64 / 8.0;
            points.push((
                batch,
                batch as i64 / 2,
                index,
                random.below(60) as i64,
                value,
            ));
        }
    }
    let mut seen: Vec<Vec<Seen>> = Vec::new();
    for (text, shuffled) in [("plain", false), ("shuffled", true), ("again", true)] {
        let series = sibling(&tenant, text);
        let mut deliveries: Vec<Vec<_>> = points.chunks(25).map(<[_]>::to_vec).collect();
        if shuffled {
            let pieces: Vec<Vec<_>> = points.chunks(5).map(<[_]>::to_vec).collect();
            deliveries.extend(pieces.iter().take(30).cloned());
            random.shuffle(&mut deliveries);
        }
        for delivery in &mut deliveries {
            if shuffled {
                random.shuffle(delivery);
            }
            let (batch, seconds, ..) = delivery[0];
            let mut draft = Draft::new(&tenant, batch, seconds);
            for &(_, _, index, time, value) in delivery.iter() {
                draft = draft.indexed(index, &series.name, at(time), value, Tags::none());
            }
            deliver(&*subject.store, &draft.done()).await;
        }
        points.sort_unstable_by_key(|&(batch, seconds, index, ..)| (seconds, batch, index));
        let mut last = std::collections::BTreeMap::new();
        for &(.., time, value) in &points {
            last.insert(time, value);
        }
        let expected = plain(last.into_iter().map(|(time, value)| (at(time), value)));
        subject
            .eventually(&expected, async || all(&*subject.store, &series).await)
            .await;
        seen.push(expected);
    }
    assert!(seen.iter().all(|s| *s == seen[0]));
}
