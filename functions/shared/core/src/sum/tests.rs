use super::*;
use num_bigint::BigInt;
use proptest::prelude::*;

fn values(numbers: &[f64]) -> Vec<Value> {
    numbers.iter().map(|&n| Value::new(n).unwrap()).collect()
}

fn sum(numbers: &[f64]) -> ExactSum {
    let mut sum = ExactSum::new();
    sum.add_all(&values(numbers));
    sum
}

/// The sum in units of 2^-1074, by schoolbook arithmetic.
fn naive(numbers: &[f64]) -> BigInt {
    numbers
        .iter()
        .map(|n| {
            let exponent = n.abs().to_bits() >> 52;
            let fraction = n.abs().to_bits() & ((1 << 52) - 1);
            let magnitude = match exponent {
                0 => BigInt::from(fraction),
                _ => BigInt::from(fraction | 1 << 52) << (exponent - 1),
            };
            if *n < 0.0 { -magnitude } else { magnitude }
        })
        .sum()
}

/// `units / count * 2^-1074`, written out in decimals and read by the
/// standard library, which rounds correctly. Infinite beyond f64.
fn nearest(units: &BigInt, count: u64) -> f64 {
    let scaled = units * BigInt::from(5).pow(1074) * BigInt::from(10).pow(100);
    let (quotient, rest) = (&scaled / count, &scaled % count);
    let beyond = u8::from(rest != BigInt::ZERO);
    format!("{quotient}{beyond}e-1175").parse().unwrap()
}

fn finite(number: f64) -> Result<f64, Overflow> {
    // A sum of zero is positive, see `ExactSum::value`.
    let number = if number == 0.0 { number.abs() } else { number };
    number.is_finite().then_some(number).ok_or(Overflow)
}

#[test]
fn sums_that_f64_gets_wrong() {
    assert_eq!(sum(&[]).value(), Ok(0.0));
    assert_eq!(sum(&[1e16, 1.0, -1e16]).value(), Ok(1.0));
    assert_eq!(sum(&[0.1; 10]).value(), Ok(1.0));
    assert_eq!(sum(&[1.0, 1e100, 1.0, -1e100]).value(), Ok(2.0));
    assert_eq!(sum(&[-1.0]).value(), Ok(-1.0));
    // Half a unit in the last place, and the least bit more.
    let half = f64::EPSILON / 2.0;
    assert_eq!(sum(&[1.0, half]).value(), Ok(1.0));
    let more = sum(&[1.0, half, 5e-324]).value();
    assert_eq!(more, Ok(1.0 + f64::EPSILON));
    assert_eq!(sum(&[-1.0, -half, -5e-324]).value(), more.map(|m| -m));
}

#[test]
fn a_sum_may_leave_the_range_and_come_back() {
    assert_eq!(sum(&[1e308, 1e308, -1e308]).value(), Ok(1e308));
    assert_eq!(sum(&[1e308, 1e308]).value(), Err(Overflow));
    assert_eq!(sum(&[f64::MIN; 100]).value(), Err(Overflow));
    let hundred = NonZeroU64::new(100).unwrap();
    assert_eq!(sum(&[f64::MIN; 100]).mean(hundred), Ok(f64::MIN));
    // The greatest number, and half a unit in its last place: a tie, which
    // goes to what would be the next power of two.
    let half = 2_f64.powi(970);
    assert_eq!(sum(&[f64::MAX, half]).value(), Err(Overflow));
    assert_eq!(
        sum(&[f64::MAX, f64::MAX, 2.0 * half]).value(),
        Err(Overflow)
    );
    let less = sum(&[f64::MAX, half, -5e-324]);
    assert_eq!(less.value(), Ok(f64::MAX));
}

/// A third of the least number there is decides a tie.
#[test]
fn what_division_leaves_counts() {
    let three = NonZeroU64::new(3).unwrap();
    let tie = sum(&[3.0, 1.5 * f64::EPSILON]);
    assert_eq!(tie.mean(three), Ok(1.0));
    let more = sum(&[3.0, 1.5 * f64::EPSILON, 5e-324]);
    assert_eq!(more.mean(three), Ok(1.0 + f64::EPSILON));
}

#[test]
fn zero_is_positive() {
    for zeros in [sum(&[-0.0, -0.0]), sum(&[3.0, -3.0])] {
        assert_eq!(zeros, ExactSum::new());
        assert_eq!(zeros.value().map(f64::to_bits), Ok(0));
        assert_eq!(zeros.mean(NonZeroU64::MAX).map(f64::to_bits), Ok(0));
    }
}

#[test]
fn the_most_numbers_there_can_be() {
    let sum = ExactSum::product(f64::MIN, u64::MAX);
    assert_eq!(sum.value(), Err(Overflow));
    assert_eq!(sum.mean(NonZeroU64::MAX), Ok(f64::MIN));
    let stored = postcard::to_stdvec(&sum).unwrap();
    assert_eq!(postcard::from_bytes::<ExactSum>(&stored), Ok(sum));
}

/// The fullest mantissas, wherever they stand in their digits.
#[test]
fn digits_do_not_overflow_between_carries() {
    let count = NonZeroU64::new(5000).unwrap();
    for exponent in 0..64 {
        for number in [2.0 - f64::EPSILON, f64::EPSILON - 2.0] {
            let number = number * 2_f64.powi(exponent);
            assert_eq!(sum(&vec![number; 5000]).mean(count), Ok(number));
        }
    }
}

#[test]
fn is_small() {
    assert_eq!(size_of::<ExactSum>(), 32);
    let numbers: Vec<f64> = (0..1000).map(|i| f64::from(i % 89) / 1000.0).collect();
    let sum = sum(&numbers);
    assert!(!sum.digits.spilled());
    assert!(postcard::to_stdvec(&sum).unwrap().len() <= 22);
}

#[test]
fn false_digits_are_refused() {
    for bad in [
        "[0,[0]]",
        "[1,[]]",
        "[0,[1,0]]",
        "[0,[4294967295,4294967295]]",
        "[67,[1,1]]",
    ] {
        assert!(serde_json::from_str::<ExactSum>(bad).is_err(), "{bad}");
    }
    assert!(serde_json::from_str::<ExactSum>("[66,[1,1]]").is_ok());
}

/// Any finite number, and often such as nearly cancel or nearly tie.
fn number() -> impl Strategy<Value = f64> {
    let near = |exponent: i32| {
        (-4..4_i32, -4..4_i32).prop_map(move |(m, e)| f64::from(m) * 2_f64.powi(exponent + e))
    };
    prop_oneof![
        any::<u64>().prop_map(|bits| Some(f64::from_bits(bits))
            .filter(|n| n.is_finite())
            .unwrap_or(-0.0)),
        -1e3..1e3,
        near(0),
        near(-54),
        near(1018),
        near(-1070),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn rounds_as_a_big_integer_does(numbers in prop::collection::vec(number(), 0..30)) {
        let sum = sum(&numbers);
        let units = naive(&numbers);
        prop_assert_eq!(sum.value(), finite(nearest(&units, 1)));
        if let Some(count) = NonZeroU64::new(numbers.len() as u64) {
            let mean = nearest(&units, count.get());
            prop_assert_eq!(sum.mean(count), finite(mean));
            let rest = units - naive(&[mean]) * count.get();
            let (first, second) = sum.mean_in_two(count).unwrap();
            prop_assert_eq!(first, mean);
            prop_assert_eq!(second, nearest(&rest, count.get()));
        }
    }

    #[test]
    fn a_quotient_rounds_once(number in number(), count: NonZeroU64) {
        let mean = nearest(&naive(&[number]), count.get());
        prop_assert_eq!(sum(&[number]).mean(count), finite(mean));
    }

    #[test]
    fn any_order_and_any_parts_make_the_same_sum(
        (numbers, shuffled) in prop::collection::vec(number(), 0..40)
            .prop_flat_map(|n| (Just(n.clone()), Just(n).prop_shuffle())),
        cuts in prop::collection::vec(0..8_usize, 0..10),
    ) {
        let whole = sum(&numbers);
        let mut rest = shuffled.as_slice();
        let mut parts = vec![];
        for cut in cuts {
            let (part, later) = rest.split_at(cut.min(rest.len()));
            parts.push(sum(part));
            rest = later;
        }
        let mut joined = sum(rest);
        for part in &parts {
            joined.merge(part);
        }
        prop_assert_eq!(&joined, &whole);

        let json = serde_json::to_string(&joined).unwrap();
        prop_assert_eq!(&serde_json::from_str::<ExactSum>(&json).unwrap(), &whole);
        let stored = postcard::to_stdvec(&joined).unwrap();
        prop_assert_eq!(&postcard::from_bytes::<ExactSum>(&stored).unwrap(), &whole);
    }

    #[test]
    fn compares_and_subtracts_as_a_big_integer_does(
        mine in prop::collection::vec(number(), 0..6),
        others in prop::collection::vec(number(), 0..6),
    ) {
        let (a, b) = (sum(&mine), sum(&others));
        let (one, other) = (naive(&mine), naive(&others));
        prop_assert_eq!(a.cmp(&b), one.cmp(&other));
        prop_assert_eq!(a.is_negative(), one < BigInt::ZERO);
        let mut difference = a.clone();
        difference.take_away(&b);
        prop_assert_eq!(difference.value(), finite(nearest(&(one - other), 1)));
        difference.merge(&b);
        prop_assert_eq!(difference, a);
    }

    /// More than fit between two carries.
    #[test]
    fn long_slices_carry(numbers in prop::collection::vec(number(), 6), length in 1000..5000_usize) {
        let long: Vec<f64> = numbers.iter().copied().cycle().take(length).collect();
        prop_assert_eq!(sum(&long).value(), finite(nearest(&naive(&long), 1)));
    }
}
