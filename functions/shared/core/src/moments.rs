//! How values are spread around their mean: central moments to the fourth,
//! computed so that they can be merged and stay accurate where the mean is
//! large beside the spread, or the values near the ends of what f64 can hold.
//!
//! Within a slice the mean is computed first, then the powers of the deviations
//! from it. Two sets are merged by the formulas of P. Pébay, "Formulas for
//! robust, one-pass parallel computation of covariances and arbitrary-order
//! statistical moments", Sandia report SAND2008-6212, equations 2.1 and 3.1.
//! Both take the mean from the exact sum, in two floats: the difference of two
//! means that agree in most of their digits would otherwise be noise.

use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};

use crate::point::Value;
use crate::sum::Overflow;

/// Sums of the second, third and fourth powers of the deviations from the mean,
/// the deviations being taken in a unit, a power of two near the spread, so that
/// no power of them leaves the range of f64.
///
/// For any chunking and order they agree to a relative 1e-12; the third, whose
/// terms may cancel, to 1e-12 of what it would be if they did not.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Moments {
    /// The exponent of the unit.
    unit: i16,
    second: f64,
    third: f64,
    fourth: f64,
}

/// A mean as an unevaluated sum of two floats, the second far smaller.
pub type Mean = (f64, f64);

/// Terms are added up in blocks, so that the rounding errors of a long slice do
/// not add up as well.
const BLOCK: usize = 256;

/// Sums of powers of deviations from a number near the mean, as a database adds
/// them up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Deviations {
    /// Of the deviations.
    pub first: f64,
    /// Of their squares.
    pub second: f64,
    /// Of their third powers.
    pub third: f64,
    /// Of their fourth powers.
    pub fourth: f64,
}

impl Moments {
    /// Of `count` values between `least` and `greatest`, of which others have
    /// added up the deviations. None where a power left the range of f64, or so
    /// nearly that digits are lost.
    pub fn of_deviations(
        sums: Deviations,
        count: NonZeroU64,
        least: Value,
        greatest: Value,
    ) -> Option<Self> {
        let unit = unit(least.get(), greatest.get());
        if least == greatest {
            return Some(Self::none(unit));
        }
        let Deviations {
            first,
            second,
            third,
            fourth,
        } = sums;
        let is_lossless = [first, second, third, fourth].iter().all(|s| s.is_finite())
            && fourth > f64::MIN_POSITIVE / f64::EPSILON;
        if !is_lossless {
            return None;
        }
        let scale = power_of_two(-i32::from(unit));
        let count = count.get() as f64;
        let rest = first / count * scale;
        let second = second * scale * scale;
        let third = third * scale * scale * scale;
        let fourth = fourth * scale * scale * scale * scale;
        Some(Self::around_mean(
            unit,
            count,
            rest,
            (second, third, fourth),
        ))
    }

    /// Moves sums of deviations from a number that is `rest` below the mean to
    /// the mean.
    fn around_mean(
        unit: i16,
        count: f64,
        rest: f64,
        (second, third, fourth): (f64, f64, f64),
    ) -> Self {
        let rest2 = rest * rest;
        Self {
            unit,
            second: (second - count * rest2).max(0.0),
            third: third - 3.0 * rest * second + 2.0 * count * rest2 * rest,
            fourth: (fourth - 4.0 * rest * third + 6.0 * rest2 * second
                - 3.0 * count * rest2 * rest2)
                .max(0.0),
        }
    }

    /// Of values between `least` and `greatest`, the mean of which is `mean`.
    pub fn of(values: &[Value], mean: Mean, least: Value, greatest: Value) -> Self {
        let unit = unit(least.get(), greatest.get());
        if least == greatest {
            return Self::none(unit);
        }
        let scale = power_of_two(-i32::from(unit));
        let (center, rest) = (mean.0 * scale, mean.1 * scale);
        let (mut second, mut third, mut fourth) = (0.0, 0.0, 0.0);
        for block in values.chunks(BLOCK) {
            let (mut squares, mut cubes, mut fourths) = (0.0, 0.0, 0.0);
            for value in block {
                let deviation = value.get() * scale - center;
                let square = deviation * deviation;
                squares += square;
                cubes += square * deviation;
                fourths += square * square;
            }
            second += squares;
            third += cubes;
            fourth += fourths;
        }
        // The deviations were from the rounded mean.
        Self::around_mean(unit, values.len() as f64, rest, (second, third, fourth))
    }

    /// Of values that are all the same.
    const fn none(unit: i16) -> Self {
        Self {
            unit,
            second: 0.0,
            third: 0.0,
            fourth: 0.0,
        }
    }

    /// Joins the moments of two sets; `counts` and `means` are those of this
    /// set and of the other.
    #[must_use]
    pub fn merged(
        self,
        other: Self,
        counts: (NonZeroU64, NonZeroU64),
        means: (Mean, Mean),
    ) -> Self {
        let unit = unit(means.0.0, means.1.0).max(self.unit).max(other.unit);
        let scale = power_of_two(-i32::from(unit));
        let (a, b) = (self.in_unit(unit), other.in_unit(unit));
        // Equal means may be out of range in a unit as small as a spread of zero.
        let delta = if means.0.0 == means.1.0 {
            0.0
        } else {
            means.1.0 * scale - means.0.0 * scale
        };
        let delta = delta + (means.1.1 - means.0.1) * scale;
        let delta2 = delta * delta;
        let (count_a, count_b) = (counts.0.get() as f64, counts.1.get() as f64);
        let count = count_a + count_b;
        let (part_a, part_b) = (count_a / count, count_b / count);
        let weight = count_a * part_b;
        Self {
            unit,
            second: a.second + b.second + delta2 * weight,
            third: a.third
                + b.third
                + delta2 * delta * weight * (part_a - part_b)
                + 3.0 * delta * (part_a * b.second - part_b * a.second),
            fourth: a.fourth
                + b.fourth
                + delta2 * delta2 * weight * (part_a * part_a - part_a * part_b + part_b * part_b)
                + 6.0 * delta2 * (part_a * part_a * b.second + part_b * part_b * a.second)
                + 4.0 * delta * (part_a * b.third - part_b * a.third),
        }
    }

    /// The population variance.
    pub fn variance(&self, count: NonZeroU64) -> Result<f64, Overflow> {
        let scaled = self.second / count.get() as f64;
        let variance = times_power_of_two(times_power_of_two(scaled, self.unit), self.unit);
        variance.is_finite().then_some(variance).ok_or(Overflow)
    }

    /// The population standard deviation: no more than half of the spread.
    pub fn stddev(&self, count: NonZeroU64) -> f64 {
        times_power_of_two((self.second / count.get() as f64).sqrt(), self.unit)
    }

    /// The third standardized moment, if there is any variance.
    pub fn skewness(&self, count: NonZeroU64) -> Option<f64> {
        let count = count.get() as f64;
        let variance = self.second / count;
        (variance > 0.0).then(|| self.third / count / (variance * variance.sqrt()))
    }

    /// The fourth standardized moment (3 for a normal distribution), if there
    /// is any variance.
    pub fn kurtosis(&self, count: NonZeroU64) -> Option<f64> {
        let count = count.get() as f64;
        let variance = self.second / count;
        (variance > 0.0).then(|| self.fourth / count / (variance * variance))
    }

    /// The same in a larger unit.
    fn in_unit(self, unit: i16) -> Self {
        let scale = power_of_two(i32::from(self.unit) - i32::from(unit));
        Self {
            unit,
            second: self.second * scale * scale,
            third: self.third * scale * scale * scale,
            fourth: self.fourth * scale * scale * scale * scale,
        }
    }
}

/// An exponent of two such that the power is above the distance of `a` and `b`,
/// and no more than twice of it, where its reciprocal is a f64 too.
pub(crate) fn unit(a: f64, b: f64) -> i16 {
    // Half of it, as the whole can be beyond the range.
    let half = (a / 2.0 - b / 2.0).abs();
    let exponent = (half.to_bits() >> 52) & 0x7ff;
    i16::try_from(exponent).unwrap_or(0) - 1021
}

/// Zero where the power is below f64, infinite where it is above.
pub(crate) fn power_of_two(exponent: i32) -> f64 {
    let bits = match exponent {
        1024.. => f64::INFINITY.to_bits(),
        -1022.. => u64::from((exponent + 1023).unsigned_abs()) << 52,
        -1074.. => 1 << (exponent + 1074),
        _ => 0,
    };
    f64::from_bits(bits)
}

/// In two steps, as the power alone can be beyond the range.
fn times_power_of_two(number: f64, exponent: i16) -> f64 {
    let half = exponent / 2;
    number * power_of_two(half.into()) * power_of_two((exponent - half).into())
}
