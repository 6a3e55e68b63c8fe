//! What tombstones hide is in no answer, and what deleting removes is gone.
//!
//! The eraser first records a tombstone, which readers pass along from then
//! on, and then deletes. So a store that cannot delete passes this suite too.

use tidemark_core::name::SeriesKey;
use tidemark_core::time::TimeRange;
use tidemark_core::tombstone::{Tombstone, Tombstones};
use tidemark_ports::{Order, PointStore};

use crate::Subject;
use crate::material::{
    Seen, all, at, pages, plain, received, series, sibling, tombstones, visible, within, write,
};

/// Deletes, as of so many seconds after the origin.
async fn delete<S: PointStore + ?Sized>(
    subject: &Subject<S>,
    series: &SeriesKey,
    range: TimeRange,
    seconds: i64,
) {
    subject
        .store
        .delete(series, range, received(seconds))
        .await
        .unwrap();
}

/// Expects these points with the tombstones and, where deleting removes, also
/// without.
async fn left<S: PointStore + ?Sized>(
    subject: &Subject<S>,
    series: &SeriesKey,
    tombstones: &Tombstones,
    expected: &Vec<Seen>,
) {
    subject
        .eventually(expected, async || {
            visible(&*subject.store, series, tombstones).await
        })
        .await;
    if subject.traits.deletes {
        subject
            .eventually(expected, async || all(&*subject.store, series).await)
            .await;
    }
}

/// A tombstone hides what was received up to its instant, in its range with
/// both ends, and nothing else.
pub async fn tombstones_hide_by_receipt_and_range<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let series = series();
    for seconds in 1..=3 {
        let points = (0..10).map(|i| (at(i * 3 + seconds - 1), seconds as f64));
        write(
            &*subject.store,
            &series,
            seconds.unsigned_abs(),
            seconds,
            points,
        )
        .await;
    }
    let everything = plain((0..30).map(|i| (at(i), (i % 3 + 1) as f64)));
    subject
        .eventually(&everything, async || all(&*subject.store, &series).await)
        .await;
    for deleted_at in 0..=4 {
        for (from, to) in [(0, 29), (7, 7), (9, 20), (-5, 4), (25, 40), (30, 50)] {
            let tombstones = tombstones(&[(from, to, deleted_at)]);
            let hidden = |i: i64| (from..=to).contains(&i) && i % 3 < deleted_at;
            let mut expected = plain(
                (0..30)
                    .filter(|&i| !hidden(i))
                    .map(|i| (at(i), (i % 3 + 1) as f64)),
            );
            let read = visible(&*subject.store, &series, &tombstones).await;
            assert_eq!(read, expected, "{from} to {to} deleted at {deleted_at}");
            expected.reverse();
            for limit in [1, 4, 100] {
                let read = pages(
                    &*subject.store,
                    &series,
                    TimeRange::ALL,
                    &tombstones,
                    Order::Descending,
                    limit,
                )
                .await;
                assert_eq!(read, expected, "the same, descending by {limit}");
            }
        }
    }
}

/// Several tombstones, of which some overlap, hide what any of them hides.
pub async fn overlapping_tombstones_add_up<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let series = series();
    for seconds in 1..=4 {
        let points = (0..40)
            .filter(|i| i % 4 == seconds - 1)
            .map(|i| (at(i), seconds as f64));
        write(
            &*subject.store,
            &series,
            seconds.unsigned_abs(),
            seconds,
            points,
        )
        .await;
    }
    let deletions = [
        (0, 20, 1),
        (10, 30, 3),
        (15, 16, 2),
        (18, 35, 2),
        (38, 38, 9),
    ];
    let hidden = |i: i64| {
        deletions
            .iter()
            .any(|&(from, to, at)| (from..=to).contains(&i) && i % 4 < at)
    };
    let expected = plain(
        (0..40)
            .filter(|&i| !hidden(i))
            .map(|i| (at(i), (i % 4 + 1) as f64)),
    );
    let tombstones = tombstones(&deletions);
    subject
        .eventually(&expected, async || {
            visible(&*subject.store, &series, &tombstones).await
        })
        .await;
}

/// A batch that was received before a deletion and comes after it is hidden.
pub async fn a_late_batch_is_hidden<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let series = series();
    write(
        &*subject.store,
        &series,
        1,
        1,
        (0..10).map(|i| (at(i), 1.0)),
    )
    .await;
    let tombstones = tombstones(&[(3, 6, 5)]);
    delete(subject, &series, within(3, 6), 5).await;
    let expected = plain([0, 1, 2, 7, 8, 9].map(|i| (at(i), 1.0)));
    left(subject, &series, &tombstones, &expected).await;
    write(&*subject.store, &series, 2, 2, (2..5).map(|i| (at(i), 2.0))).await;
    let expected = plain(
        [(0, 1.0), (1, 1.0), (2, 2.0), (7, 1.0), (8, 1.0), (9, 1.0)].map(|(i, v)| (at(i), v)),
    );
    subject
        .eventually(&expected, async || {
            visible(&*subject.store, &series, &tombstones).await
        })
        .await;
    subject.settle().await;
    assert_eq!(
        visible(&*subject.store, &series, &tombstones).await,
        expected
    );
}

/// A write that was received after a deletion is seen, also where it replaces
/// what is hidden, and whichever came first.
pub async fn a_newer_write_is_seen_over_a_hidden_one<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let tombstones = tombstones(&[(0, 9, 5)]);
    let expected = plain((4..8).map(|i| (at(i), 6.0)));
    for newer_first in [false, true] {
        let series = series();
        for newer in [newer_first, !newer_first] {
            let (seconds, times) = if newer { (6i64, 4..8) } else { (5, 0..10) };
            let points = times.map(|i| (at(i), seconds as f64));
            write(
                &*subject.store,
                &series,
                seconds.unsigned_abs(),
                seconds,
                points,
            )
            .await;
        }
        subject
            .eventually(&expected, async || {
                visible(&*subject.store, &series, &tombstones).await
            })
            .await;
        delete(subject, &series, within(0, 9), 5).await;
        left(subject, &series, &tombstones, &expected).await;
    }
}

/// Where the newest write to a point is hidden, no older one comes to light.
pub async fn no_older_write_comes_to_light<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let series = series();
    for seconds in [1i64, 3, 2] {
        write(
            &*subject.store,
            &series,
            seconds.unsigned_abs(),
            seconds,
            [(at(0), seconds as f64)],
        )
        .await;
    }
    write(&*subject.store, &series, 4, 4, [(at(1), 4.0)]).await;
    let tombstones = tombstones(&[(0, 0, 3)]);
    let expected = plain([(at(1), 4.0)]);
    subject
        .eventually(&expected, async || {
            visible(&*subject.store, &series, &tombstones).await
        })
        .await;
    delete(subject, &series, within(0, 0), 3).await;
    left(subject, &series, &tombstones, &expected).await;
}

/// Deleting takes what was received up to its instant and leaves the rest.
pub async fn deleting_spares_what_was_received_later<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let series = series();
    for seconds in 1..=3 {
        let points = (0..12)
            .filter(|i| i % 3 == seconds - 1)
            .map(|i| (at(i), seconds as f64));
        write(
            &*subject.store,
            &series,
            seconds.unsigned_abs(),
            seconds,
            points,
        )
        .await;
    }
    delete(subject, &series, within(2, 9), 2).await;
    let tombstones = tombstones(&[(2, 9, 2)]);
    let kept = |&i: &i64| !(2..=9).contains(&i) || i % 3 == 2;
    let expected = plain((0..12).filter(kept).map(|i| (at(i), (i % 3 + 1) as f64)));
    left(subject, &series, &tombstones, &expected).await;
}

/// A whole series is deleted, and begins anew with what comes after.
pub async fn a_deleted_series_begins_anew<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let series = series();
    write(
        &*subject.store,
        &series,
        1,
        1,
        (0..100).map(|i| (at(i), 1.0)),
    )
    .await;
    let mut tombstones = Tombstones::none();
    let tombstone = Tombstone {
        range: TimeRange::ALL,
        deleted_at: received(5),
    };
    tombstones.insert(tombstone).unwrap();
    delete(subject, &series, TimeRange::ALL, 5).await;
    left(subject, &series, &tombstones, &vec![]).await;
    write(
        &*subject.store,
        &series,
        6,
        6,
        (90..110).map(|i| (at(i), 6.0)),
    )
    .await;
    let expected = plain((90..110).map(|i| (at(i), 6.0)));
    left(subject, &series, &tombstones, &expected).await;
}

/// A stretch in the midst of many points is deleted, then one that reaches over
/// it, then all but the ends.
pub async fn stretches_of_many_points_are_deleted<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let series = series();
    let many = subject.traits.many as i64 / 3;
    for half in 0..2 {
        let points = (0..many)
            .filter(|i| i % 2 == half)
            .map(|i| (at(i * 10), half as f64));
        write(&*subject.store, &series, half.unsigned_abs(), half, points).await;
    }
    let mut deletions = Vec::new();
    for (from, to, seconds) in [
        (many / 3, many / 2, 5),
        (many / 4, many / 3 + 5, 6),
        (1, many - 2, 7),
    ] {
        deletions.push((from * 10, to * 10, seconds));
        delete(subject, &series, within(from * 10, to * 10), seconds).await;
        let hidden = |i: i64| {
            deletions
                .iter()
                .any(|&(from, to, _)| (from..=to).contains(&(i * 10)))
        };
        let expected = plain(
            (0..many)
                .filter(|&i| !hidden(i))
                .map(|i| (at(i * 10), (i % 2) as f64)),
        );
        let tombstones = tombstones(&deletions);
        let look = async || visible(&*subject.store, &series, &tombstones).await == expected;
        subject.eventually(&true, look).await;
        if subject.traits.deletes {
            let look = async || all(&*subject.store, &series).await == expected;
            subject.eventually(&true, look).await;
        }
        // Pages do not end early where a long stretch is hidden.
        let mut backwards = pages(
            &*subject.store,
            &series,
            TimeRange::ALL,
            &tombstones,
            Order::Descending,
            5000,
        )
        .await;
        backwards.reverse();
        assert!(backwards == expected);
    }
}

/// Deleting again, or where there is nothing, is no error.
pub async fn deleting_nothing_is_no_error<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let series = series();
    delete(subject, &series, TimeRange::ALL, 1).await;
    write(&*subject.store, &series, 2, 2, [(at(0), 1.0), (at(9), 2.0)]).await;
    delete(subject, &series, within(1, 8), 3).await;
    delete(subject, &series, within(1, 8), 3).await;
    delete(subject, &series, within(10, 20), 3).await;
    let tombstones = tombstones(&[(1, 8, 3), (10, 20, 3)]);
    left(
        subject,
        &series,
        &tombstones,
        &plain([(at(0), 1.0), (at(9), 2.0)]),
    )
    .await;
}

/// Other series and other tenants keep theirs.
pub async fn deleting_leaves_others_alone<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let a = series();
    let others = [sibling(&a.tenant, "series.b"), series()];
    for series in others.iter().chain([&a]) {
        write(&*subject.store, series, 1, 1, [(at(0), 1.0)]).await;
    }
    delete(subject, &a, TimeRange::ALL, 5).await;
    subject.settle().await;
    for series in &others {
        let expected = plain([(at(0), 1.0)]);
        subject
            .eventually(&expected, async || all(&*subject.store, series).await)
            .await;
    }
}

/// Where deleting removes, nothing is left that an extent could count.
pub async fn an_extent_is_empty_after_deleting<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let series = series();
    write(
        &*subject.store,
        &series,
        1,
        1,
        (0..50).map(|i| (at(i), 1.0)),
    )
    .await;
    delete(subject, &series, TimeRange::ALL, 5).await;
    if subject.traits.deletes {
        let look = async || subject.store.extent(&series, TimeRange::ALL).await.unwrap();
        subject.eventually(&None, look).await;
    }
}
