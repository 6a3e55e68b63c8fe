use proptest::prelude::*;

use super::*;
use crate::summary::Parts;
use crate::time::Timestamp;

fn cell(number: Option<f64>) -> Cell {
    number.map_or(Cell::Empty, |number| {
        Cell::Number(Value::new(number).unwrap().into())
    })
}

fn cells(numbers: &[Option<f64>]) -> Vec<Cell> {
    numbers.iter().copied().map(cell).collect()
}

fn compared(a: &[Option<f64>], b: &[Option<f64>], max_lag: usize) -> Comparison {
    Comparison::of([&cells(a), &cells(b)], max_lag)
}

fn all(numbers: &[f64]) -> Vec<Option<f64>> {
    numbers.iter().copied().map(Some).collect()
}

fn number(number: f64) -> Answer {
    Answer::Number(number)
}

#[test]
fn what_both_have_and_what_only_one_has() {
    let a = [Some(2.0), Some(1.0), None, Some(0.0), None];
    let b = [Some(0.5), Some(4.0), Some(1.0), Some(3.0), None];
    let found = compared(&a, &b, 0);
    assert_eq!((found.slots, found.both), (4, 3));
    assert_eq!(found.totals, [number(3.0), number(8.5)]);
    assert_eq!(found.overlap, number(1.5));
    assert_eq!(found.only, [number(1.5), number(7.0)]);
    assert_eq!(found.shares, [number(0.5), number(1.5 / 8.5)]);
}

#[test]
fn nothing_compares_to_nothing() {
    let found = compared(&[], &[], 96);
    assert_eq!((found.slots, found.both), (0, 0));
    assert_eq!(found.totals, [number(0.0); 2]);
    assert_eq!(found.overlap, number(0.0));
    assert_eq!(found.only, [number(0.0); 2]);
    assert_eq!(found.shares, [Answer::Undefined; 2]);
    assert_eq!(found.correlation, Answer::Undefined);
    assert_eq!(found.best_lag, None);
}

#[test]
fn a_negative_number_leaves_no_overlap() {
    let found = compared(&all(&[1.0, -0.5, 2.0]), &all(&[2.0, 1.0, 3.0]), 0);
    assert_eq!(found.totals, [number(2.5), number(6.0)]);
    assert_eq!(found.overlap, Answer::Undefined);
    assert_eq!(found.only, [Answer::Undefined; 2]);
    assert_eq!(found.shares, [Answer::Undefined; 2]);
    assert!(matches!(found.correlation, Answer::Number(r) if r > 0.9));
    // Zero is not negative, whatever its sign.
    let found = compared(&all(&[-0.0, 1.0]), &all(&[1.0, 1.0]), 0);
    assert_eq!(found.overlap, number(1.0));
}

#[test]
fn a_series_overlaps_with_itself_wholly() {
    let a: Vec<_> = (0..100).map(|i| f64::from(i % 7) / 10.0).collect();
    let found = compared(&all(&a), &all(&a), 10);
    assert_eq!(found.overlap, found.totals[0]);
    assert_eq!(found.only, [number(0.0); 2]);
    assert_eq!(found.shares, [number(1.0); 2]);
    // Seven slots on it is the same again: the least lag counts.
    let best = found.best_lag.unwrap();
    assert_eq!(best.lag, 0);
    assert!((best.correlation - 1.0).abs() < 1e-12);
}

/// 0.1 is not a tenth: in f64 the slots' sums would not add up.
#[test]
fn sums_of_slots_stay_exact() {
    let value = Value::new(0.1).unwrap();
    let times: Vec<_> = (0..3).map(Timestamp::from_nanos).collect();
    let points = Summary::of(&times, &[value; 3], Parts::NONE).unwrap();
    let sum = Cell::of(Stat::Sum, &points);
    let slots = vec![sum; 10];
    let found = Comparison::of([&slots, &slots], 0);
    assert_eq!(found.totals[0], number(3.0));
    assert_eq!((0.1 + 0.1 + 0.1) * 10.0, 3.000_000_000_000_000_4);
    assert_eq!(Cell::of(Stat::Count, &points), cell(Some(3.0)));
    assert_eq!(Cell::of(Stat::Skewness, &points), Cell::Empty);
    assert_eq!(Cell::of(Stat::FirstTime, &points), Cell::Empty);
}

#[test]
fn what_is_beyond_f64_is_told() {
    let huge = Value::new(1.7e308).unwrap();
    let mut sum = ExactSum::from(huge);
    sum.merge(&huge.into());
    let one = cell(Some(1.0));
    for beyond in [Cell::Number(sum), Cell::Beyond] {
        let (a, b) = ([beyond.clone(), one.clone()], [one.clone(), one.clone()]);
        assert_eq!(beyond.answer(), Answer::Overflow);
        let found = Comparison::of([&a, &b], 1);
        assert_eq!((found.slots, found.both), (2, 2));
        assert_eq!(found.totals, [Answer::Overflow, number(2.0)]);
        assert_eq!(found.only[0], Answer::Overflow);
        assert_eq!(found.shares[0], Answer::Overflow);
        assert_eq!(found.correlation, Answer::Overflow);
        assert_eq!(found.best_lag, None);
    }
}

fn echo(lag: usize, length: usize) -> (Vec<Option<f64>>, Vec<Option<f64>>) {
    // Noise that repeats nothing within its length.
    let noise = |i: usize| ((i * i * 31 + i * 7) % 1009) as f64;
    let a = (0..length).map(|i| Some(noise(i + lag))).collect();
    let b = (0..length).map(|i| Some(noise(i))).collect();
    (a, b)
}

#[test]
fn the_best_lag_is_where_one_follows_the_other() {
    let (a, b) = echo(4, 200);
    let best = compared(&a, &b, 96).best_lag.unwrap();
    assert_eq!(best.lag, 4);
    assert!((best.correlation - 1.0).abs() < 1e-12);
    assert_eq!(compared(&b, &a, 96).best_lag.unwrap().lag, -4);
    // Out of reach.
    assert!(compared(&a, &b, 3).best_lag.unwrap().correlation < 0.9);
    let at_once = compared(&a, &b, 0);
    let best = at_once.best_lag.unwrap();
    assert_eq!(best.lag, 0);
    assert_eq!(at_once.correlation, number(best.correlation));
}

#[test]
fn of_equal_lags_the_least_and_of_two_the_positive_counts() {
    // It repeats itself after four slots; the mirror image is as good two later as earlier.
    let wave: Vec<_> = (0..80).map(|i| [0.1, 1.3, 0.1, -1.1][i % 4]).collect();
    let mirror: Vec<_> = wave.iter().map(|x| 0.2 - x).collect();
    assert_eq!(
        compared(&all(&wave), &all(&wave), 40).best_lag.unwrap().lag,
        0
    );
    let best = compared(&all(&wave), &all(&mirror), 40).best_lag.unwrap();
    assert_eq!(best.lag, 2);
}

#[test]
fn few_pairs_tell_nothing() {
    assert_eq!(
        compared(&all(&[1.0, 2.0]), &all(&[1.0, 2.0]), 5).best_lag,
        None
    );
    let three = compared(&all(&[1.0, 2.0, 4.0]), &all(&[1.0, 3.0, 4.0]), 5);
    assert_eq!(three.best_lag.unwrap().lag, 0);
    // At lag 7 three pairs lie on a line, of ten that there are at once.
    let a = [1.0, 2.0, 3.0, 0.0, 5.0, 1.0, 4.0, 0.5, 2.5, 1.5];
    let b = [3.0, 0.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 4.0, 6.0];
    let best = compared(&all(&a), &all(&b), 9).best_lag.unwrap();
    assert!(best.lag.abs() <= 5 && best.correlation < 0.99, "{best:?}");
    // But where there are most, whatever the lag, is what counts.
    let early: Vec<_> = (0..20).map(|i| (i < 10).then(|| a[i])).collect();
    let late: Vec<_> = (0..20).map(|i| (i >= 10).then(|| a[i - 10])).collect();
    assert_eq!(compared(&early, &late, 20).best_lag.unwrap().lag, 10);
}

/// Whole numbers, whose sums f64 has exactly.
fn series() -> impl Strategy<Value = Vec<Option<f64>>> {
    let number = (-2..20_i32).prop_map(f64::from);
    prop::collection::vec(prop::option::weighted(0.8, number), 40)
}

fn slot(number: Option<f64>) -> f64 {
    number.unwrap_or(0.0)
}

proptest! {
    #[test]
    fn adds_up_as_plain_sums_do(a in series(), b in series()) {
        let found = compared(&a, &b, 0);
        let rows: Vec<_> = a.iter().copied().zip(b.iter().copied()).collect();
        let slots = rows.iter().filter(|row| row.0.is_some() || row.1.is_some());
        let both = rows.iter().filter(|row| row.0.is_some() && row.1.is_some());
        prop_assert_eq!(found.slots, slots.count() as u64);
        prop_assert_eq!(found.both, both.count() as u64);
        let total = |n: &[Option<f64>]| n.iter().copied().map(slot).sum::<f64>();
        let totals = [total(&a), total(&b)];
        prop_assert_eq!(found.totals, totals.map(number));
        if rows.iter().any(|(a, b)| slot(*a) < 0.0 || slot(*b) < 0.0) {
            prop_assert_eq!(found.overlap, Answer::Undefined);
        } else {
            let overlap: f64 = rows.iter().map(|(a, b)| slot(*a).min(slot(*b))).sum();
            prop_assert_eq!(found.overlap, number(overlap));
            prop_assert_eq!(found.only, totals.map(|total| number(total - overlap)));
        }
    }

    /// Against a search through all lags, each on its own.
    #[test]
    fn the_best_lag_is_the_best(a in series(), b in series(), max_lag in 0..50_isize) {
        let lags = (-max_lag..=max_lag).map(|lag| {
            let pairs: Vec<_> = (0..40_isize)
                .filter_map(|at| {
                    let other = usize::try_from(at + lag).ok().and_then(|at| b.get(at));
                    Some(((*a.get(usize::try_from(at).ok()?)?)?, (*other?)?))
                })
                .collect();
            (lag, pairs)
        });
        let lags: Vec<_> = lags.collect();
        let most = lags.iter().map(|(_, pairs)| pairs.len()).max().unwrap();
        let mut best: Option<(isize, f64)> = None;
        for (lag, pairs) in lags {
            if pairs.len() < 3 || 2 * pairs.len() < most {
                continue;
            }
            let (x, y): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
            let Answer::Number(r) = compared(&all(&x), &all(&y), 0).correlation else {
                continue;
            };
            let is_better = best.is_none_or(|(old, greatest)| {
                let is_nearer = (lag.abs(), lag < 0) < (old.abs(), old < 0);
                r > greatest + 1e-9 || (r > greatest - 1e-9 && is_nearer)
            });
            if is_better {
                best = Some((lag, r));
            }
        }
        let found = compared(&a, &b, usize::try_from(max_lag).unwrap()).best_lag;
        prop_assert_eq!(found.map(|at| at.lag), best.map(|at| at.0));
        let coefficients = (found.map_or(0.0, |at| at.correlation), best.map_or(0.0, |at| at.1));
        prop_assert!((coefficients.0 - coefficients.1).abs() < 1e-12);
    }
}
