//! Summaries by the slots of a grid, fixed or of the calendar.

use tidemark_core::summary::Parts;
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_ports::PointStore;

use crate::Subject;
use crate::material::{SECOND, at, series, within, write};
use crate::questions::{
    NONE, Points, Question, WHOLE, agrees, ask, counted, grid, irregular, spread,
};

/// Of more buckets than are wanted the earliest come, whole.
pub async fn the_limit_keeps_the_earliest<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let series = series();
    let points = irregular(subject.traits.many / 6, 13);
    spread(subject, &series, &points).await;
    for limit in [1, 2, 7, 100, 1_000_000] {
        for (every, from) in [
            ("1s", 0),
            ("15m", 0),
            ("15m", points.len() / 2),
            ("6h", points.len() / 3),
        ] {
            let question = Question {
                range: TimeRange::new(points[from].0, Timestamp::MAX).unwrap(),
                slots: grid(every, "UTC"),
                parts: Parts::NONE,
                limit,
                tombstones: NONE,
            };
            agrees(subject, &series, question, &points).await;
        }
    }
}

/// Slots by the calendar, over years, in a zone where clocks change.
pub async fn calendar_slots_agree<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let series = series();
    let many = subject.traits.many / 6;
    // Six years back from the origin, since some stores take no future.
    let step = 6 * 365 * 86_400 * SECOND / many as i64;
    let points: Points = (0..many as i64)
        .map(|i| (at((i - many as i64) * step), (i % 977) as f64 / 4.0))
        .collect();
    spread(subject, &series, &points).await;
    for every in ["1d", "1w", "1mo", "1q", "1y"] {
        for zone in ["Europe/Zurich", "UTC"] {
            for from in [0, many / 7] {
                let question = Question {
                    range: TimeRange::new(points[from].0, points[many - 5].0).unwrap(),
                    slots: grid(every, zone),
                    parts: Parts::STORED,
                    limit: 5000,
                    tombstones: NONE,
                };
                agrees(subject, &series, question, &points).await;
            }
        }
    }
}

/// The day on which clocks are set forward has 23 hours.
pub async fn a_day_in_spring_has_23_hours<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let series = series();
    let hour = |i: i64| Timestamp::from_seconds(1_648_249_200 + i * 3600).unwrap();
    // From midnight to midnight in Zürich, 2022-03-26 to 2022-03-28.
    write(
        &*subject.store,
        &series,
        1,
        1,
        (0..71).map(|i| (hour(i), 1.0)),
    )
    .await;
    counted(subject, &series, 71).await;
    let question = Question {
        slots: grid("1d", "Europe/Zurich"),
        limit: 10,
        ..WHOLE
    };
    let buckets = ask(subject, &series, question).await;
    let days: Vec<_> = buckets
        .iter()
        .map(|b| (b.start, b.summary.count().get()))
        .collect();
    assert_eq!(days, [(hour(0), 24), (hour(24), 23), (hour(47), 24)]);
}

/// A slot is cut by the range, but begins where it begins.
pub async fn a_range_cuts_slots<S: PointStore + ?Sized>(subject: &Subject<S>) {
    let series = series();
    write(
        &*subject.store,
        &series,
        1,
        1,
        (0..60).map(|i| (at(i * SECOND), 1.0)),
    )
    .await;
    counted(subject, &series, 60).await;
    let question = Question {
        range: within(7 * SECOND, 32 * SECOND),
        slots: grid("10s", "UTC"),
        parts: Parts::NONE,
        limit: 10,
        tombstones: NONE,
    };
    let buckets = ask(subject, &series, question).await;
    let slots: Vec<_> = buckets
        .iter()
        .map(|b| (b.start, b.summary.count().get()))
        .collect();
    let expected = [(0, 3), (10, 10), (20, 10), (30, 3)];
    assert_eq!(
        slots,
        expected.map(|(start, count)| (at(start * SECOND), count))
    );
}

/// Slots in which there is nothing cost nothing: seconds over years.
pub async fn fine_slots_over_years_are_only_those_with_points<S: PointStore + ?Sized>(
    subject: &Subject<S>,
) {
    let series = series();
    let points: Points = (-3..1)
        .map(|i| (at(i * 365 * 86_400 * SECOND), i as f64))
        .collect();
    write(&*subject.store, &series, 1, 1, points.clone()).await;
    counted(subject, &series, 4).await;
    let question = Question {
        slots: grid("1s", "Europe/Zurich"),
        limit: 10,
        ..WHOLE
    };
    agrees(subject, &series, question, &points).await;
}
