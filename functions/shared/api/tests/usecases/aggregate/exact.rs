//! Sums and means of numbers, rounded once: in whole numbers of a unit that divides all.

/// The unit is 2 to the power of minus this: what divides each value here, and the mean of
/// up to 128 of them.
const SCALE: i32 = 61;

#[expect(clippy::cast_possible_truncation, reason = "it is asserted before")]
fn units(number: f64) -> i128 {
    let units = number * 2f64.powi(SCALE);
    assert!(
        units.fract() == 0.0 && units.abs() < 2f64.powi(118),
        "{number}"
    );
    units as i128
}

/// A number of units as a float, which is rounded once.
fn float(units: i128, scale: i32) -> f64 {
    units as f64 * 2f64.powi(-scale)
}

pub(super) fn sum(values: &[f64]) -> f64 {
    float(values.iter().copied().map(units).sum(), SCALE)
}

/// The mean: the quotient to more digits than a float has, and whether there are more.
pub(super) fn mean(values: &[f64]) -> f64 {
    let sum: i128 = values.iter().copied().map(units).sum();
    let shift = sum
        .unsigned_abs()
        .leading_zeros()
        .saturating_sub(2)
        .min(126);
    let (sum, count) = (sum << shift, values.len() as i128);
    let sticky = (sum / count).abs() | i128::from(sum % count != 0);
    float(sum.signum() * sticky, SCALE + i32::try_from(shift).unwrap())
}

#[test]
fn sums_and_means_are_rounded_once() {
    assert_eq!(sum(&[1e16, 0.25, -1e16]), 0.25);
    assert_eq!(mean(&[0.1f32.into(), 0.25]), 0.175_000_000_745_058_06);
    assert_eq!(mean(&[1.0, 1.0, 2.0]), 4.0 / 3.0);
    assert_eq!(mean(&[-1.0, 0.0, 0.0]), -1.0 / 3.0);
    assert_eq!(mean(&[0.0]), 0.0);
}
