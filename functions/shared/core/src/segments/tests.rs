use proptest::prelude::*;

use super::*;
use crate::portion::{Portion, Ways};
use crate::summary::{Parts, Summary};

type Points = Vec<(i64, f64)>;

fn reading((time, value): (i64, f64)) -> Reading {
    Reading {
        time: Timestamp::from_nanos(time),
        value: Value::new(value).unwrap(),
    }
}

fn summary(points: &[(i64, f64)]) -> Option<Summary> {
    let readings = points.iter().copied().map(reading);
    let (times, values): (Vec<_>, Vec<_>) = readings.map(|r| (r.time, r.value)).unzip();
    Summary::of(&times, &values, Parts::ALL)
}

/// The portion of `from` to `to`, as slots have it.
fn portion<'a>(
    points: &[(i64, f64)],
    inside: Option<&'a Summary>,
    from: i64,
    to: i64,
) -> Portion<'a> {
    let before = points.iter().rev().find(|p| p.0 < from).copied();
    let after = points.iter().find(|p| p.0 > to).copied();
    let (before, after) = (before.map(reading), after.map(reading));
    let part = |start: Option<Reading>, end: Option<Reading>| {
        let (from, to) = (Timestamp::from_nanos(from), Timestamp::from_nanos(to));
        Segment::new(start?, end?)?.part(from, to)
    };
    let crossing = match inside {
        None => [part(before, after), None],
        Some(inside) => [
            part(before, Some(inside.first())),
            part(Some(inside.last()), after),
        ],
    };
    Portion {
        points: inside,
        crossing,
    }
}

fn inside(points: &[(i64, f64)], from: i64, to: i64) -> Option<Summary> {
    let inside: Points = points
        .iter()
        .copied()
        .filter(|p| (from..=to).contains(&p.0))
        .collect();
    summary(&inside)
}

/// Area, rise, time that is covered, and what the area and the rise would be if
/// nothing cancelled: one step after the other.
fn naive(points: &[(i64, f64)], way: Interpolation, from: i64, to: i64) -> [f64; 5] {
    let mut sums = [0.0; 5];
    for pair in points.windows(2) {
        let ((t0, v0), (t1, v1)) = (pair[0], pair[1]);
        let (a, b) = (t0.max(from), t1.min(to));
        if a > b {
            continue;
        }
        let at = |t: i64| v0 + (v1 - v0) * (t - t0) as f64 / (t1 - t0) as f64;
        let mean = match way {
            Interpolation::Linear => f64::midpoint(at(a), at(b)),
            Interpolation::Previous => v0,
        };
        let rise = if v1 < v0 { v1 } else { v1 - v0 } * (b - a) as f64 / (t1 - t0) as f64;
        let nanos = (b - a) as f64;
        let more = [
            mean * nanos,
            rise,
            nanos,
            v0.abs().max(v1.abs()) * nanos,
            rise.abs(),
        ];
        sums.iter_mut()
            .zip(more)
            .for_each(|(sum, more)| *sum += more);
    }
    sums
}

fn points() -> impl Strategy<Value = Points> {
    let value = prop_oneof![
        -10.0..10.0,
        (-3..3_i32).prop_map(f64::from),
        Just(0.0),
        1e9..1e9 + 1.0,
    ];
    let apart = prop_oneof![1..50_i64, 900..1000_i64];
    prop::collection::vec((apart, value), 1..40).prop_map(|steps| {
        let mut time = -500;
        let at = |(apart, value): (i64, f64)| {
            time += apart;
            (time, value)
        };
        steps.into_iter().map(at).collect()
    })
}

#[track_caller]
fn assert_near(mine: f64, expected: f64, scale: f64) {
    assert!(
        (mine - expected).abs() <= 1e-12 * scale.max(1e-300),
        "{mine} is not {expected}"
    );
}

proptest! {
    #[test]
    fn any_slots_own_what_they_should(
        points in points(),
        mut cuts in prop::collection::vec(-600..20_000_i64, 2..12),
        way in prop::sample::select(vec![Interpolation::Linear, Interpolation::Previous]),
    ) {
        cuts.sort_unstable();
        let ways = Ways { interpolate: way, ..Ways::default() };
        let mut sum = [0.0; 3];
        for pair in cuts.windows(2) {
            let (from, to) = (pair[0], pair[1]);
            let held = inside(&points, from, to);
            let portion = portion(&points, held.as_ref(), from, to);
            let [area, rise, covered, most, rises] = naive(&points, way, from, to);
            let answers = (portion.integral(ways), portion.increase());
            let (Some(Ok(integral)), Some(Ok(increase))) = answers else {
                prop_assert!(from > points[points.len() - 1].0 || to < points[0].0);
                prop_assert_eq!(answers, (None, None));
                continue;
            };
            assert_near(integral * 1e9, area, most);
            assert_near(increase, rise, rises);
            #[allow(clippy::cast_sign_loss, clippy::cast_possible_truncation, reason = "small")]
            let nanos = covered as u64;
            prop_assert_eq!(portion.covered(), nanos);
            match (portion.mean(ways), portion.rate()) {
                (Some(Ok(mean)), Some(Ok(rate))) => {
                    assert_near(mean, area / covered, most / covered);
                    assert_near(rate, rise / covered * 1e9, rises / covered * 1e9);
                }
                none => {
                    prop_assert_eq!(none, (None, None));
                    prop_assert_eq!(nanos, 0);
                }
            }
            sum = [sum[0] + integral, sum[1] + increase, sum[2] + covered];
        }
        // Slots that share an edge add up to the whole.
        let (from, to) = (cuts[0], cuts[cuts.len() - 1]);
        let held = inside(&points, from, to);
        let whole = portion(&points, held.as_ref(), from, to);
        let [_, _, _, most, rises] = naive(&points, way, from, to);
        if let (Some(Ok(integral)), Some(Ok(increase))) = (whole.integral(ways), whole.increase()) {
            assert_near(sum[0] * 1e9, integral * 1e9, most);
            assert_near(sum[1], increase, rises);
            assert_near(sum[2], whole.covered() as f64, sum[2]);
        }
    }

    #[test]
    fn parts_merge_to_the_same_in_any_order_of_neighbours(
        points in points(),
        lengths in prop::collection::vec(1..9_usize, 1..6),
        order: Vec<prop::sample::Index>,
    ) {
        let whole = summary(&points).unwrap();
        let mut parts = Vec::new();
        let mut rest = points.as_slice();
        for &length in lengths.iter().cycle() {
            let (part, later) = rest.split_at(length.min(rest.len()));
            parts.extend(summary(part));
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        let mut order = order.into_iter();
        while parts.len() > 1 {
            let pick = order.next().map_or(0, |index| index.index(2 * parts.len() - 2));
            let at = pick / 2;
            let mut late = parts.remove(at + 1);
            if pick % 2 == 0 {
                parts[at].merge(&late);
            } else {
                late.merge(&parts[at]);
                parts[at] = late;
            }
        }
        prop_assert_eq!(parts[0].segments(), whole.segments());
        prop_assert_eq!(parts[0].distances(), whole.distances());
        let json = serde_json::to_string(&whole).unwrap();
        let back: Summary = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(back.segments(), whole.segments());
    }
}

#[test]
fn what_lies_between_each_other_has_no_segments() {
    let late = summary(&[(1, 1.0), (3, 1.0)]).unwrap();
    for other in [
        &[(2, 1.0)][..],
        &[(0, 1.0), (2, 1.0)],
        &[(0, 1.0), (5, 2.0)],
        &[(2, 0.0), (9, 0.0)],
    ] {
        let other = summary(other).unwrap();
        for (mut mine, others) in [(late.clone(), &other), (other.clone(), &late)] {
            mine.merge(others);
            let parts = mine.parts();
            assert!(!parts.segments && !parts.distances && parts.quantiles);
        }
    }
}

#[test]
fn the_ends_of_time_and_of_numbers() {
    let all = summary(&[(i64::MIN, f64::MAX), (i64::MAX, f64::MAX)]).unwrap();
    let portion = Portion::of(Some(&all));
    assert_eq!(portion.covered(), u64::MAX);
    for interpolate in [Interpolation::Linear, Interpolation::Previous] {
        let ways = Ways {
            interpolate,
            ..Ways::default()
        };
        assert_eq!(portion.mean(ways), Some(Ok(f64::MAX)));
        assert_eq!(portion.integral(ways), Some(Err(Overflow)));
    }
    let segment = Segment::new(reading((0, f64::MIN)), reading((4, f64::MAX))).unwrap();
    let part = segment
        .part(Timestamp::from_nanos(1), Timestamp::from_nanos(3))
        .unwrap();
    assert_eq!(part.mean(Interpolation::Linear), 0.0);
    assert_eq!(part.rise, f64::MAX);
    let outside = segment.part(Timestamp::from_nanos(5), Timestamp::from_nanos(6));
    assert_eq!(outside, None);
}

/// As many as a meter counts in months of seconds: the sum of products is exact,
/// and so is what the order of adding would change.
#[test]
fn millions_of_points_add_up_exactly() {
    let points: Points = (0..3_000_000)
        .map(|i| (i * 1_000_000_000, if i % 2 == 0 { 1e16 } else { 1.0 }))
        .collect();
    let whole = summary(&points).unwrap();
    let levels = Ways {
        interpolate: Interpolation::Previous,
        ..Ways::default()
    };
    let portion = Portion::of(Some(&whole));
    let at = |ways| portion.integral(ways).unwrap().unwrap();
    assert_eq!(at(levels), 15_000_000_000_000_001_499_999.0);
    assert_eq!(at(Ways::default()), 14_999_995_000_000_001_499_999.5);
    assert_eq!(
        portion.increase(),
        Some(Ok(14_999_990_000_000_000_000_001.0))
    );
}
