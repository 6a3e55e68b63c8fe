use proptest::prelude::*;

use super::*;

fn numbers(numbers: &[Option<f64>]) -> Vec<Option<Value>> {
    let value = |number: &Option<f64>| number.map(|number| Value::new(number).unwrap());
    numbers.iter().map(value).collect()
}

fn correlated(a: &[Option<f64>], b: &[Option<f64>], lag: isize) -> Correlated {
    Deviations::of(&numbers(a)).correlated(&Deviations::of(&numbers(b)), lag)
}

fn all(numbers: &[f64]) -> Vec<Option<f64>> {
    numbers.iter().copied().map(Some).collect()
}

fn coefficient(a: &[f64], b: &[f64]) -> Option<f64> {
    correlated(&all(a), &all(b), 0).coefficient
}

fn near(found: Option<f64>, expected: f64) -> bool {
    found.is_some_and(|found| (found - expected).abs() <= 1e-12)
}

/// By `numpy.corrcoef` of numpy 2.4.6.
#[test]
fn what_numpy_answers() {
    let a = [0.3, 1.7, 0.2, 4.4, 0.9, 2.6, 2.5];
    let b = [2.0, 0.1, 1.3, 3.8, 0.4, 0.6, 1.9];
    let found = coefficient(&a, &b);
    assert!(near(found, 0.544_972_197_936_074_9), "{found:?}");
}

#[test]
fn a_line_is_one_and_its_mirror_minus_one() {
    let line: Vec<f64> = (0..1000).map(|i| 1e6 + f64::from(i) / 7.0).collect();
    let up: Vec<f64> = line.iter().map(|x| 3.0 * x + 1.0).collect();
    let down: Vec<f64> = line.iter().map(|x| -0.25 * x).collect();
    assert!(near(coefficient(&line, &up), 1.0));
    assert!(near(coefficient(&line, &down), -1.0));
    assert_eq!(coefficient(&[1.0, 2.0], &[5.0, 3.0]), Some(-1.0));
}

#[test]
fn without_variance_there_is_none() {
    for flat in [[0.1; 5], [0.0; 5], [1e300; 5], [-5e-324; 5]] {
        assert_eq!(coefficient(&flat, &[1.0, 2.0, 3.0, 4.0, 5.0]), None);
        assert_eq!(coefficient(&[1.0, 2.0, 3.0, 4.0, 5.0], &flat), None);
    }
    assert_eq!(coefficient(&[1.0], &[2.0]), None);
    assert_eq!(coefficient(&[], &[]), None);
    // It varies, but not where both have numbers.
    let a = [Some(0.1), Some(0.1), Some(0.1), Some(7.0)];
    let b = [Some(1.0), Some(2.0), Some(4.0), None];
    let found = correlated(&a, &b, 0);
    assert_eq!((found.pairs, found.coefficient), (3, None));
}

/// A spread that is small beside the values, and values at the ends of f64.
#[test]
fn magnitudes_do_not_matter() {
    let shape = [1.0, 5.0, 2.0, 8.0, 3.0, 3.5];
    let other = [2.0, 3.0, 1.0, 5.0, 4.0, 4.5];
    let expected = coefficient(&shape, &other).unwrap();
    for (offset, exponent) in [
        (2_f64.powi(40), 0),
        (0.0, 1020),
        (-8e307, 1020),
        (0.0, -1000),
        (0.0, -1070),
    ] {
        let moved = shape.map(|x| offset + x * 2_f64.powi(exponent / 2) * 2_f64.powi(exponent / 2));
        let found = coefficient(&moved, &other);
        assert!(near(found, expected), "{found:?} {offset} {exponent}");
    }
}

#[test]
fn a_positive_lag_is_of_what_follows() {
    let a = all(&[0.0, 0.0, 3.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    let b = all(&[0.0, 0.0, 0.0, 0.0, 3.0, 1.0, 0.0, 0.0]);
    assert_eq!(correlated(&a, &b, 2).coefficient, Some(1.0));
    assert_eq!(correlated(&b, &a, -2).coefficient, Some(1.0));
    assert_eq!(correlated(&a, &b, 2).pairs, 6);
    for lag in [8, -8, 9, isize::MAX, isize::MIN] {
        assert_eq!(correlated(&a, &b, lag).pairs, 0);
    }
}

/// By the definition, over exact means of the pairs.
fn naive(a: &[Option<f64>], b: &[Option<f64>], lag: isize) -> (usize, Option<f64>) {
    let pairs: Vec<(f64, f64)> = a
        .iter()
        .enumerate()
        .filter_map(|(at, x)| {
            let other = b.get(at.checked_add_signed(lag)?)?;
            Some((x.as_ref().copied()?, other.as_ref().copied()?))
        })
        .collect();
    let n = pairs.len() as f64;
    let mean_x = pairs.iter().map(|p| p.0).sum::<f64>() / n;
    let mean_y = pairs.iter().map(|p| p.1).sum::<f64>() / n;
    let sum = |term: &dyn Fn(f64, f64) -> f64| -> f64 {
        pairs.iter().map(|p| term(p.0 - mean_x, p.1 - mean_y)).sum()
    };
    let (xx, yy) = (sum(&|x, _| x * x), sum(&|_, y| y * y));
    let found = sum(&|x, y| x * y) / (xx.sqrt() * yy.sqrt());
    let varies = |number: &dyn Fn(&(f64, f64)) -> f64| {
        pairs.iter().any(|pair| number(pair) != number(&pairs[0]))
    };
    let is_defined = varies(&|pair| pair.0) && varies(&|pair| pair.1);
    (pairs.len(), is_defined.then_some(found))
}

fn series() -> impl Strategy<Value = Vec<Option<f64>>> {
    let number = prop_oneof![
        (-3..4_i32).prop_map(f64::from),
        -1.0..1.0,
        // What is all but out of the way.
        Just(1e4),
    ];
    prop::collection::vec(prop::option::weighted(0.8, number), 0..700)
}

proptest! {
    #[test]
    fn is_what_the_definition_says(a in series(), b in series(), lag in -20..21_isize) {
        let found = correlated(&a, &b, lag);
        let (pairs, expected) = naive(&a, &b, lag);
        prop_assert_eq!(found.pairs, pairs);
        match (found.coefficient, expected) {
            (Some(found), Some(expected)) => {
                prop_assert!((found - expected).abs() <= 1e-12, "{} {}", found, expected);
            }
            (found, expected) => prop_assert_eq!(found, expected),
        }
        let mirrored = correlated(&b, &a, -lag);
        prop_assert_eq!(mirrored.pairs, pairs);
        prop_assert!((mirrored.coefficient.unwrap_or(9.0) - found.coefficient.unwrap_or(9.0)).abs() <= 1e-14);
    }
}
