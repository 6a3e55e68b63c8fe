use super::*;
use proptest::prelude::*;

fn columns(points: &[(i64, f64)]) -> (Vec<Timestamp>, Vec<Value>) {
    points
        .iter()
        .map(|&(time, value)| (Timestamp::from_nanos(time), Value::new(value).unwrap()))
        .unzip()
}

fn summary(points: &[(i64, f64)]) -> Option<Summary> {
    let (times, values) = columns(points);
    Summary::of(&times, &values, Parts::ALL)
}

fn numbered(numbers: &[f64]) -> Vec<(i64, f64)> {
    (0..).zip(numbers.iter().copied()).collect()
}

/// Cuts points into parts of these lengths and merges their summaries in an
/// order that depends on `seed`.
fn in_parts(points: &[(i64, f64)], lengths: &[usize], mut seed: usize) -> Summary {
    let mut parts = vec![];
    let mut rest = points;
    for &length in lengths.iter().cycle() {
        let (part, later) = rest.split_at(length.min(rest.len()));
        parts.extend(summary(part));
        rest = later;
        if rest.is_empty() {
            break;
        }
    }
    while parts.len() > 1 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let other = parts.swap_remove((seed >> 33) % parts.len());
        let mine = (seed >> 17) % parts.len();
        parts[mine].merge(&other);
    }
    parts.remove(0)
}

/// Variance, skewness and kurtosis of whole numbers, by sums of their powers,
/// which are exact.
fn naive_moments(numbers: &[i32]) -> (f64, f64, f64) {
    let n = numbers.len() as i128;
    let power = |p: u32| numbers.iter().map(|&k| i128::from(k).pow(p)).sum::<i128>();
    let (s1, s2, s3, s4) = (power(1), power(2), power(3), power(4));
    let second = n * s2 - s1 * s1;
    let third = n * n * s3 - 3 * n * s1 * s2 + 2 * s1.pow(3);
    let fourth = n.pow(3) * s4 - 4 * n * n * s1 * s3 + 6 * n * s1 * s1 * s2 - 3 * s1.pow(4);
    let variance = second as f64 / (n * n) as f64;
    (
        variance,
        third as f64 / (second as f64).powf(1.5),
        fourth as f64 / (second as f64).powi(2),
    )
}

fn assert_near(mine: f64, expected: f64, scale: f64, what: &str) {
    assert!(
        (mine - expected).abs() <= 1e-12 * scale,
        "{what}: {mine} is not {expected}"
    );
}

#[track_caller]
fn assert_moments(summary: &Summary, (variance, skewness, kurtosis): (f64, f64, f64), unit: f64) {
    let (count, moments) = (summary.count(), summary.moments().unwrap());
    let mine = moments.variance(count).unwrap() / unit / unit;
    assert_near(mine, variance, variance, "variance");
    let mine = moments.skewness(count).unwrap_or(0.0);
    // Relative to what it would be without cancellation.
    assert_near(mine, skewness, kurtosis.max(1.0), "skewness");
    let mine = moments.kurtosis(count).unwrap_or(0.0);
    assert_near(mine, kurtosis, kurtosis, "kurtosis");
}

#[test]
fn nothing_has_no_summary() {
    assert!(summary(&[]).is_none());
}

#[test]
fn of_equal_extremes_the_earliest() {
    let points = numbered(&[2.0, 0.0, 5.0, -0.0, 5.0, 3.0]);
    for lengths in [[6], [1], [4]] {
        let all = in_parts(&points, &lengths, 7);
        assert_eq!((all.min().time.nanos(), all.max().time.nanos()), (1, 2));
        assert_eq!((all.first().time.nanos(), all.last().time.nanos()), (0, 5));
        assert_eq!(
            (all.first().value.get(), all.last().value.get()),
            (2.0, 3.0)
        );
    }
}

#[test]
fn only_common_parts_remain() {
    let all = summary(&[(1, 1.0)]).unwrap();
    assert_eq!(all.parts(), Parts::ALL);
    let mut mixed = all.clone();
    mixed.merge(&all.clone().limited_to(Parts::STORED));
    assert_eq!(mixed.parts(), Parts::STORED);
    mixed.merge(&all.clone().limited_to(Parts::NONE));
    assert_eq!(mixed.parts(), Parts::NONE);
    assert!(Parts::ALL.cover(Parts::STORED) && !Parts::STORED.cover(Parts::ALL));
}

#[test]
fn is_small() {
    let numbers: Vec<f64> = (0..1000)
        .map(|i| f64::from(i * 37 % 101) / 1000.0)
        .collect();
    let stored = summary(&numbered(&numbers))
        .unwrap()
        .limited_to(Parts::STORED);
    assert!(postcard::to_stdvec(&stored.stored()).unwrap().len() < 128);
    assert!(size_of::<Summary>() <= 192, "{}", size_of::<Summary>());
}

/// What databases hold since the first release.
#[test]
fn the_stored_form_does_not_change() {
    let points = [
        (-5, 1.5),
        (1_700_000_000_000_000_000, -2.25),
        (1_700_000_001_000_000_000, 1e16),
    ];
    let bare = "0321038080f4ff0f83fea6de018e018080d0e2c6bfce972f00000000000002c080a8a69ccebfce972f\
                0080e03779c3414309000000000000f83f80a8a69ccebfce972f0080e03779c34143016cc9925cf19c\
                4bca3fa0ce8f006576a33fda88e3b2919b953f";
    for (parts, rest) in [
        (Parts::STORED, "00"),
        (
            Parts::ALL,
            "010003000000000000f83f00000000000002c00080e03779c34143",
        ),
    ] {
        let bytes: Vec<u8> = format!("{bare}{rest}")
            .as_bytes()
            .chunks(2)
            .map(|digits| u8::from_str_radix(str::from_utf8(digits).unwrap(), 16).unwrap())
            .collect();
        let (times, values) = columns(&points);
        let summary = Summary::of(&times, &values, parts).unwrap();
        assert_eq!(postcard::to_stdvec(&summary.stored()).unwrap(), bytes);
        let back: Summary = postcard::from_bytes::<StoredSummary>(&bytes)
            .unwrap()
            .into();
        assert_eq!((back.sum(), back.last()), (summary.sum(), summary.last()));
        assert_eq!(back.moments(), summary.moments());
        let quantiles = parts.quantiles;
        assert_eq!(
            back.parts(),
            Parts {
                quantiles,
                ..Parts::STORED
            }
        );
        let later = postcard::to_stdvec(&summary.later_parts()).unwrap();
        let whole = back.with(postcard::from_bytes(&later).unwrap());
        assert_eq!(whole.parts(), parts);
        assert_eq!(whole.segments(), summary.segments());
        assert_eq!(whole.distances(), summary.distances());
    }
}

/// The certified values of NIST's Statistical Reference Datasets, univariate,
/// `NumAcc1` to `NumAcc4`; standard deviations are the sample's.
#[test]
fn nist_reference_datasets() {
    let alternating = |first: f64, low: f64, high: f64| {
        let mut numbers = vec![first];
        for _ in 0..500 {
            numbers.extend([low, high]);
        }
        numbers
    };
    let sets = [
        (
            vec![10_000_001.0, 10_000_003.0, 10_000_002.0],
            10_000_002.0,
            1.0,
            1e-15,
        ),
        (alternating(1.2, 1.1, 1.3), 1.2, 0.1, 1e-14),
        // Their decimals are no binary fractions, which tells the more the
        // larger they are.
        (
            alternating(1_000_000.2, 1_000_000.1, 1_000_000.3),
            1_000_000.2,
            0.1,
            1e-9,
        ),
        (
            alternating(10_000_000.2, 10_000_000.1, 10_000_000.3),
            10_000_000.2,
            0.1,
            1e-8,
        ),
    ];
    for (numbers, mean, stddev, error) in sets {
        for lengths in [[1001], [1], [10]] {
            let all = in_parts(&numbered(&numbers), &lengths, 3);
            let n = numbers.len() as f64;
            assert_eq!(all.mean(), Ok(mean));
            let mine = all.moments().unwrap().stddev(all.count()) * (n / (n - 1.0)).sqrt();
            assert!(
                (mine / stddev - 1.0).abs() < error,
                "{mine} is not {stddev}"
            );
        }
    }
}

#[test]
fn points_one_by_one_add_up_to_the_same_moments() {
    let numbers: Vec<i32> = (0..20_000).map(|i| i % 1009 * (i % 7) - 300).collect();
    let far: Vec<f64> = numbers.iter().map(|&k| 1e12 + f64::from(k)).collect();
    for lengths in [[20_000], [1], [64]] {
        let all = in_parts(&numbered(&far), &lengths, 5);
        assert_moments(&all, naive_moments(&numbers), 1.0);
    }
}

#[test]
fn moments_at_the_ends_of_the_range() {
    let numbers = [3, 1, 4, 1, 5, -9, 2, 6];
    for unit in [1e-300, 1e-160, 1e-80, 1e80, 1e160, 1e307] {
        let points = numbered(&numbers.map(|k| f64::from(k) * unit));
        for lengths in [[8], [1], [3]] {
            let all = in_parts(&points, &lengths, 1);
            let (count, moments) = (all.count(), all.moments().unwrap());
            let (variance, skewness, kurtosis) = naive_moments(&numbers);
            let stddev = moments.stddev(count) / unit;
            assert_near(stddev, variance.sqrt(), stddev, "stddev");
            assert_near(moments.skewness(count).unwrap(), skewness, 1.0, "skewness");
            assert_near(moments.kurtosis(count).unwrap(), kurtosis, 1.0, "kurtosis");
            assert_eq!(
                moments.variance(count),
                if unit > 1e154 {
                    Err(Overflow)
                } else {
                    moments.variance(count)
                }
            );
        }
    }
    let all = summary(&numbered(&[f64::MIN, f64::MAX])).unwrap();
    assert_eq!(all.moments().unwrap().stddev(all.count()), f64::MAX);
    assert_eq!(all.moments().unwrap().kurtosis(all.count()), Some(1.0));
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        -10.0..10.0,
        (-5..5_i32).prop_map(f64::from),
        any::<f64>().prop_filter("finite", |n| n.is_finite()),
    ]
}

proptest! {
    #[test]
    fn equal_values_have_no_variance(value in number(), count in 1..50_usize, lengths in prop::collection::vec(1..9_usize, 1..4)) {
        let all = in_parts(&numbered(&vec![value; count]), &lengths, 1);
        let moments = all.moments().unwrap();
        prop_assert_eq!(all.mean(), Ok(value));
        prop_assert_eq!(moments.variance(all.count()), Ok(0.0));
        prop_assert_eq!(moments.skewness(all.count()), None);
        prop_assert_eq!(moments.kurtosis(all.count()), None);
    }

    #[test]
    fn moments_agree_with_exact_ones(
        numbers in prop::collection::vec(-1000..1000_i32, 1..300),
        lengths in prop::collection::vec(1..40_usize, 1..5),
        offset in prop::sample::select(vec![0.0, 1e6, -1e9, 1e15]),
        unit in prop::sample::select(vec![1.0, 2_f64.powi(-500), 2_f64.powi(400)]),
        seed: usize,
    ) {
        prop_assume!(numbers.iter().any(|&k| k != numbers[0]));
        let far: Vec<f64> = numbers.iter().map(|&k| (offset + f64::from(k)) * unit).collect();
        let all = in_parts(&numbered(&far), &lengths, seed);
        assert_moments(&all, naive_moments(&numbers), unit);
    }

    /// Against the plainest definition of each.
    #[test]
    fn any_parts_in_any_order_make_the_same_summary(
        numbers in prop::collection::vec(number(), 1..60),
        lengths in prop::collection::vec(1..9_usize, 1..6),
        seed: usize,
    ) {
        let points = numbered(&numbers);
        let all = in_parts(&points, &lengths, seed);
        let whole = summary(&points).unwrap();
        prop_assert_eq!(all.count().get(), numbers.len() as u64);
        prop_assert_eq!(all.sum(), whole.sum());
        for same in [&all, &whole] {
            let min = numbers.iter().copied().fold(f64::INFINITY, f64::min);
            let max = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            prop_assert_eq!((same.min().value.get(), same.max().value.get()), (min, max));
            let earliest = |n: f64| numbers.iter().position(|&m| m == n).and_then(|at| i64::try_from(at).ok());
            prop_assert_eq!(Some(same.min().time.nanos()), earliest(min));
            prop_assert_eq!(Some(same.max().time.nanos()), earliest(max));
        }
        prop_assert_eq!((all.first(), all.last()), (whole.first(), whole.last()));
        let (mine, others) = (all.quantiles().unwrap(), whole.quantiles().unwrap());
        prop_assert_eq!(mine.at(0.9), others.at(0.9));
    }

    #[test]
    fn summaries_travel(numbers in prop::collection::vec(number(), 1..20)) {
        let all = summary(&numbered(&numbers)).unwrap();
        let stored = postcard::to_stdvec(&all).unwrap();
        let json = serde_json::to_string(&all).unwrap();
        let from_store: Summary = postcard::from_bytes(&stored).unwrap();
        let from_json: Summary = serde_json::from_str(&json).unwrap();
        for back in [from_store, from_json] {
            prop_assert_eq!(&postcard::to_stdvec(&back).unwrap(), &stored);
        }
    }
}

/// Moments of sums that a database adds up, of deviations from `center`.
fn of_deviations(values: &[f64], center: f64) -> Option<Moments> {
    let sum = |power| values.iter().map(|v| (v - center).powi(power)).sum();
    let sums = crate::moments::Deviations {
        first: sum(1),
        second: sum(2),
        third: sum(3),
        fourth: sum(4),
    };
    let value = |v: f64| Value::new(v).unwrap();
    let least = values.iter().copied().fold(f64::MAX, f64::min);
    let greatest = values.iter().copied().fold(f64::MIN, f64::max);
    let count = NonZeroU64::new(values.len() as u64).unwrap();
    Moments::of_deviations(sums, count, value(least), value(greatest))
}

#[test]
fn deviations_beyond_f64_are_refused() {
    for values in [[1e80, -1e80], [1e-90, 2e-90], [f64::MAX, f64::MIN]] {
        assert!(of_deviations(&values, 0.0).is_none(), "{values:?}");
    }
    assert!(of_deviations(&[7.5, 7.5], 7.5).is_some());
}

proptest! {
    #[test]
    fn deviations_from_near_the_mean_give_the_moments(
        values in prop::collection::vec(-1000.0..1000.0_f64, 2..60),
        off in -1.0..1.0_f64,
    ) {
        let summary = summary(&numbered(&values)).unwrap();
        let (count, moments) = (summary.count(), summary.moments().unwrap());
        let found = of_deviations(&values, summary.mean().unwrap() + off).unwrap();
        let close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b.abs().max(1.0);
        prop_assert!(close(found.stddev(count), moments.stddev(count)));
        prop_assert!(close(found.skewness(count).unwrap(), moments.skewness(count).unwrap()));
        prop_assert!(close(found.kurtosis(count).unwrap(), moments.kurtosis(count).unwrap()));
    }
}
