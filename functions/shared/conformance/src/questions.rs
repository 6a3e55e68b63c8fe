//! Asking for summaries, and what to expect: the same, computed from the points.

use std::collections::BTreeMap;

use tidemark_core::grid::Grid;
use tidemark_core::name::SeriesKey;
use tidemark_core::portion::{Portion, TimeUnit, Ways};
use tidemark_core::segments::Interpolation;
use tidemark_core::summary::{Parts, Summary};
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_core::tombstone::Tombstones;
use tidemark_ports::{Bucket, PointStore, Slots, Summarize};

use crate::material::{Random, SECOND, at, write};
use crate::{Subject, Traits};

pub(super) const NONE: &Tombstones = &Tombstones::none();

pub(super) type Points = Vec<(Timestamp, f64)>;

/// What is asked of a series.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'a> {
    pub(super) range: TimeRange,
    pub(super) tombstones: &'a Tombstones,
    pub(super) slots: Slots,
    pub(super) parts: Parts,
    pub(super) limit: usize,
}

/// All of it, in one.
pub(super) const WHOLE: Question<'static> = Question {
    range: TimeRange::ALL,
    tombstones: NONE,
    slots: Slots::Whole,
    parts: Parts::ALL,
    limit: 1,
};

pub(super) fn grid(every: &str, zone: &str) -> Slots {
    Slots::Grid(serde_json::from_value::<Grid>(serde_json::json!([every, zone])).unwrap())
}

pub(super) async fn ask<S: PointStore + ?Sized>(
    subject: &Subject<S>,
    series: &SeriesKey,
    question: Question<'_>,
) -> Vec<Bucket> {
    let request = Summarize {
        series,
        range: question.range,
        tombstones: question.tombstones,
        slots: question.slots,
        parts: question.parts,
        limit: question.limit,
    };
    let buckets = subject.store.summarize(request).await.unwrap();
    // In one go it is the same, where it goes.
    if let Some(at_once) = subject.store.summarize_at_once(request).await.unwrap() {
        let seen = |buckets: &[Bucket]| -> Vec<_> {
            let count = |b: &Bucket| (b.start, b.summary.count(), b.summary.parts());
            buckets.iter().map(count).collect()
        };
        assert_eq!(seen(&at_once), seen(&buckets), "{question:?}");
        return at_once;
    }
    buckets
}

/// Asks, and compares with what is computed from the points, which are those of
/// the series that are not hidden, each once.
pub(super) async fn agrees<S: PointStore + ?Sized>(
    subject: &Subject<S>,
    series: &SeriesKey,
    question: Question<'_>,
    points: &Points,
) {
    let mut slots: BTreeMap<Timestamp, Points> = BTreeMap::new();
    for &(time, value) in points.iter().filter(|p| question.range.contains(p.0)) {
        let start = match question.slots {
            Slots::Whole => question.range.from(),
            Slots::Grid(grid) => grid.slot_of(time).start,
        };
        slots.entry(start).or_default().push((time, value));
    }
    let buckets = ask(subject, series, question).await;
    let starts: Vec<Timestamp> = buckets.iter().map(|b| b.start).collect();
    let expected: Vec<Timestamp> = slots.keys().copied().take(question.limit).collect();
    assert_eq!(starts, expected, "{question:?}");
    for (bucket, points) in buckets.iter().zip(slots.values()) {
        compare(
            &bucket.summary,
            points.clone(),
            question.parts,
            subject.traits,
        );
    }
}

/// Waits until all points are seen.
pub(super) async fn counted<S: PointStore + ?Sized>(
    subject: &Subject<S>,
    series: &SeriesKey,
    count: usize,
) {
    let look = async || {
        let buckets = ask(subject, series, WHOLE).await;
        buckets.iter().map(|b| b.summary.count().get()).sum()
    };
    subject.eventually(&(count as u64), look).await;
}

/// Compares with the same from one pass over the points, whose values are
/// multiples of 1/1024.
fn compare(summary: &Summary, mut points: Points, parts: Parts, traits: Traits) {
    points.sort_unstable_by_key(|p| p.0);
    let count = points.len() as f64;
    assert_eq!(summary.count().get(), points.len() as u64);
    #[allow(clippy::cast_possible_truncation, reason = "far below 2^127")]
    let units: i128 = points.iter().map(|p| (p.1 * 1024.0) as i128).sum();
    let sum = units as f64 / 1024.0;
    let magnitude: f64 = points.iter().map(|p| p.1.abs()).sum();
    let slack = if traits.exact_sums {
        0.0
    } else {
        magnitude * 1e-12
    };
    let found = summary.sum().value().unwrap();
    assert!(
        (found - sum).abs() <= slack,
        "the sum is {found:?}, not {sum:?}"
    );
    let mean = summary.mean().unwrap();
    assert!(
        (mean - sum / count).abs() <= slack + mean.abs() * 1e-15,
        "the mean is {mean}"
    );
    let (mut min, mut max) = (points[0], points[0]);
    for &point in &points {
        if point.1 < min.1 {
            min = point;
        }
        if point.1 > max.1 {
            max = point;
        }
    }
    let readings = [
        summary.min(),
        summary.max(),
        summary.first(),
        summary.last(),
    ];
    let readings = readings.map(|r| (r.time, r.value.get().to_bits()));
    let expected = [min, max, points[0], points[points.len() - 1]].map(|(t, v)| (t, v.to_bits()));
    assert_eq!(readings, expected, "minimum, maximum, first, last");
    assert!(
        summary.parts().cover(parts),
        "{:?} of {parts:?}",
        summary.parts()
    );
    if parts.moments {
        compare_moments(summary, &points, sum / count);
    }
    if parts.segments {
        compare_segments(summary, &points);
    }
    if parts.distances {
        compare_distances(summary, &points);
    }
    if parts.quantiles {
        let mut sorted: Vec<f64> = points.iter().map(|p| p.1).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        for q in [0.0, 0.1, 0.5, 0.9, 0.99, 1.0] {
            let rank = q * (count - 1.0);
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a rank"
            )]
            let (low, high) = (rank.floor() as usize, rank.ceil() as usize);
            let expected = sorted[low] + (sorted[high] - sorted[low]) * rank.fract();
            let found = summary.quantiles().unwrap().at(q).unwrap();
            assert!(
                (found - expected).abs() <= expected.abs() * 1e-9 + 1e-12,
                "quantile {q}: {found}, not {expected}"
            );
        }
    }
}

/// Against a walk from point to point.
fn compare_segments(summary: &Summary, points: &Points) {
    let [mut lines, mut levels, mut rise, mut magnitude] = [0.0; 4];
    for pair in points.windows(2) {
        let seconds = pair[1].0.since(pair[0].0) as f64 / 1e9;
        let (from, to) = (pair[0].1, pair[1].1);
        lines += f64::midpoint(from, to) * seconds;
        levels += from * seconds;
        rise += if to < from { to } else { to - from };
        magnitude += from.abs().max(to.abs()) * seconds.max(1.0);
    }
    let portion = Portion::of(Some(summary));
    let by = |interpolate| {
        let unit = TimeUnit::Second;
        portion.integral(Ways { interpolate, unit })
    };
    for (what, found, expected) in [
        ("area under lines", by(Interpolation::Linear), lines),
        ("area under levels", by(Interpolation::Previous), levels),
        ("increase", portion.increase(), rise),
    ] {
        let found = found.unwrap().unwrap();
        assert!(
            (found - expected).abs() <= magnitude * 1e-12,
            "the {what} is {found}, not {expected}"
        );
    }
}

fn compare_distances(summary: &Summary, points: &Points) {
    let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
    for pair in points.windows(2) {
        let distance = pair[1].0.nanos().abs_diff(pair[0].0.nanos());
        *counts.entry(distance).or_default() += 1;
    }
    let most = counts.values().max().copied().unwrap_or(0);
    let commonest = counts.iter().find(|(_, count)| **count == most);
    let expected = commonest.filter(|_| counts.len() <= 4096).map(|c| *c.0);
    assert_eq!(summary.distances().unwrap().commonest(), expected);
}

fn compare_moments(summary: &Summary, points: &Points, mean: f64) {
    let (count, moments) = (summary.count(), summary.moments().unwrap());
    let central =
        |power| points.iter().map(|p| (p.1 - mean).powi(power)).sum::<f64>() / points.len() as f64;
    let variance = central(2);
    let close =
        |found: f64, expected: f64| (found - expected).abs() <= expected.abs().max(1.0) * 1e-9;
    let found = moments.variance(count).unwrap();
    assert!(
        close(found, variance),
        "the variance is {found}, not {variance}"
    );
    if variance > 1e-6 {
        let found = moments.skewness(count).unwrap();
        assert!(
            close(found, central(3) / variance.powf(1.5)),
            "the skewness is {found}"
        );
        let found = moments.kurtosis(count).unwrap();
        assert!(
            close(found, central(4) / variance.powi(2)),
            "the kurtosis is {found}"
        );
    }
}

/// So many points some 10 s apart, with values in multiples of 1/1024.
pub(super) fn irregular(many: usize, seed: u64) -> Points {
    let mut random = Random::new(seed);
    let mut time = 0;
    let mut next = || {
        time += 1 + random.below(20_000) as i64 * SECOND / 1000;
        (at(time), random.below(4_000_000) as f64 / 1024.0 - 1000.0)
    };
    (0..many).map(|_| next()).collect()
}

/// Writes points in eight batches, each of which reaches across all of them.
pub(super) async fn spread<S: PointStore + ?Sized>(
    subject: &Subject<S>,
    series: &SeriesKey,
    points: &Points,
) {
    for part in 0..8 {
        let points = points.iter().copied().skip(part).step_by(8);
        write(&*subject.store, series, part as u64, 1, points).await;
    }
    counted(subject, series, points.len()).await;
}
