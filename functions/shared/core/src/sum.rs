//! The exact sum of numbers. A sum in f64 depends on the order of its terms; a
//! sum that is kept exactly and rounded once does not, so that it comes out the
//! same for any order, any chunks and any number of shards.
//!
//! The method is R. M. Neal's small superaccumulator ("Fast exact summation
//! using small and large superaccumulators", arXiv:1505.05571): every finite f64
//! is a multiple of 2^-1074, so a fixed-point integer of some 2100 bits holds
//! any sum, and adding a number touches two of its 32-bit digits. While a slice
//! is added, the integer stands on the stack with room for carries; between
//! slices only the digits that matter are kept, mostly three of them.
//!
//! The crate `xsum` implements the same paper, but in version 0.1.6 rounds
//! negative sums wrongly (it adds -1 to -1.0000000000000002), and its state can
//! neither be merged nor stored.

use std::num::{NonZeroU64, NonZeroU128};

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::point::Value;

/// An exact sum. Equal means the same sum, whatever it was added up from.
///
/// Takes 32 bytes, and no heap where digits span up to 128 bits. Travels as
/// `[low, [digits]]`, about 20 bytes in postcard.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "(u8, Digits)", into = "(u8, Digits)")]
pub struct ExactSum {
    /// The sum in units of 2^-1074 as an integer in two's complement, the least
    /// digit first, its sign in the highest bit of the last. As short as it can
    /// be: none for zero.
    digits: Digits,
    /// How many digits of zero stand below these.
    low: u8,
}

type Digits = SmallVec<[u32; 4]>;

/// The sum, or whatever was computed from it, is beyond the range of f64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the result is beyond the range of a 64-bit float")]
pub struct Overflow;

/// Digits that no sum of up to 2^64 numbers can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not the digits of an exact sum: they reach above the {DIGITS}th, or not as short as can be"
)]
pub struct DigitsError;

/// Digits that hold the sum of 2^64 finite numbers, and of 2^66 in products: 2098
/// bits for the largest, 66 for how many there are, one for the sign.
const DIGITS: usize = 68;

/// So many numbers fit between two carries: each adds less than 2^52 to a digit
/// of 32 bits that has 63 to grow into.
const BLOCK: usize = 1024;

/// Up to so many numbers are added one by one, which costs less than to clear
/// and read the large accumulator.
const FEW: usize = 3;

impl ExactSum {
    /// Zero.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one number. Where there are many, [`ExactSum::add_all`] is faster.
    pub fn add(&mut self, value: Value) {
        self.merge(&Self::from(value));
    }

    /// Adds numbers, some 3 ns each.
    pub fn add_all(&mut self, values: &[Value]) {
        if values.len() <= FEW {
            for &value in values {
                self.add(value);
            }
            return;
        }
        let mut wide = [0_i64; DIGITS];
        for block in values.chunks(BLOCK) {
            for &value in block {
                let (at, mantissa, negative) = decode(value.get());
                let shift = at % 32;
                // Without a branch, which random signs would mislead.
                let sign = -i64::from(negative);
                let signed = |part: u64| (part.cast_signed() ^ sign) - sign;
                let digit = (at / 32) as usize % 64;
                wide[digit] += signed((mantissa << shift) & 0xffff_ffff);
                wide[digit + 1] += signed(mantissa >> (32 - shift));
            }
            carry(&mut wide);
        }
        let mut digits = [0_u32; DIGITS];
        for (digit, wide) in digits.iter_mut().zip(wide) {
            *digit = low_digit(wide.cast_unsigned().into());
        }
        self.merge(&Self::shortest(&digits, 0));
    }

    /// Adds another sum.
    pub fn merge(&mut self, other: &Self) {
        if other.digits.is_empty() {
            return;
        }
        if self.digits.is_empty() {
            self.clone_from(other);
            return;
        }
        let from = self.low.min(other.low);
        let mut sum: SmallVec<[u32; 8]> = SmallVec::new();
        let mut carry = 0;
        // One digit more than the longer has, for the carry.
        for at in usize::from(from)..=self.end().max(other.end()) {
            let total = u64::from(self.digit(at)) + u64::from(other.digit(at)) + carry;
            sum.push(low_digit(total.into()));
            carry = total >> 32;
        }
        *self = Self::shortest(&sum, from);
    }

    /// The sum, correctly rounded (to nearest, ties to even). Zero is positive
    /// zero, even if all that was added were negative zeros.
    pub fn value(&self) -> Result<f64, Overflow> {
        let (magnitude, negative) = self.magnitude();
        rounded(&magnitude, i32::from(self.low) * 32, false).map(|m| if negative { -m } else { m })
    }

    /// The sum divided by `count`, rounded once: the correctly rounded mean of
    /// `count` numbers, also where their sum is beyond the range of f64.
    pub fn mean(&self, count: NonZeroU64) -> Result<f64, Overflow> {
        self.over(count.into())
    }

    /// The sum divided by a number of up to 65 bits, rounded once.
    pub(crate) fn over(&self, divisor: NonZeroU128) -> Result<f64, Overflow> {
        let (mut magnitude, negative) = self.magnitude();
        // Five digits less a divisor of 65 bits leave more than the 53 of a f64.
        let more = 5_usize.saturating_sub(magnitude.len());
        magnitude.insert_many(0, std::iter::repeat_n(0, more));
        let mut remainder = 0_u128;
        for digit in magnitude.iter_mut().rev() {
            let dividend = remainder << 32 | u128::from(*digit);
            *digit = low_digit(dividend / divisor);
            remainder = dividend % divisor;
        }
        let low = 32 * (i32::from(self.low) - i32::try_from(more).unwrap_or(0));
        rounded(&magnitude, low, remainder != 0).map(|m| if negative { -m } else { m })
    }

    /// The mean as the sum of two floats, the first being [`ExactSum::mean`] and
    /// the second what it lacks: together some 106 bits, where f64 reaches so low.
    pub fn mean_in_two(&self, count: NonZeroU64) -> Result<(f64, f64), Overflow> {
        let mean = self.mean(count)?;
        let mut rest = self.clone();
        rest.merge(&Self::product(-mean, count.get()));
        Ok((mean, rest.mean(count)?))
    }

    /// `count` times `number`, which is finite.
    fn product(number: f64, count: u64) -> Self {
        let (at, mantissa, negative) = decode(number);
        let product = u128::from(mantissa) * u128::from(count);
        let shift = at % 32;
        let mut digits = [0; 5];
        for (place, digit) in (0..).step_by(32).zip(&mut digits[..4]) {
            *digit = low_digit((product << shift) >> place);
        }
        // The product has up to 117 bits: the shift pushes out at most 20.
        digits[4] = low_digit((product >> 64) >> (64 - shift));
        if negative {
            negate(&mut digits);
        }
        Self::shortest(&digits, u8::try_from(at / 32).unwrap_or(u8::MAX))
    }

    /// The position after the last digit.
    fn end(&self) -> usize {
        usize::from(self.low) + self.digits.len()
    }

    /// The digit at a position of the endless integer.
    fn digit(&self, at: usize) -> u32 {
        match at.checked_sub(self.low.into()) {
            None => 0,
            Some(at) => self.digits.get(at).copied().unwrap_or_else(|| {
                let last = self.digits.last().copied().unwrap_or(0);
                if is_negative(last) { u32::MAX } else { 0 }
            }),
        }
    }

    /// The digits without sign, and whether there was one.
    fn magnitude(&self) -> (SmallVec<[u32; 8]>, bool) {
        let negative = self.digits.last().is_some_and(|&last| is_negative(last));
        let mut digits = SmallVec::from_slice(&self.digits);
        if negative {
            negate(&mut digits);
        }
        (digits, negative)
    }

    /// Drops the digits that say nothing: zeros below, repeated signs above.
    fn shortest(digits: &[u32], low: u8) -> Self {
        let zeros = digits.iter().take_while(|&&digit| digit == 0).count();
        let mut end = digits.len();
        while end > zeros {
            let below = if end > zeros + 1 { digits[end - 2] } else { 0 };
            let repeated = if is_negative(below) { u32::MAX } else { 0 };
            if digits[end - 1] != repeated {
                break;
            }
            end -= 1;
        }
        let digits = Digits::from_slice(&digits[zeros..end]);
        let low = if digits.is_empty() {
            0
        } else {
            low.saturating_add(u8::try_from(zeros).unwrap_or(u8::MAX))
        };
        Self { digits, low }
    }
}

impl From<Value> for ExactSum {
    fn from(value: Value) -> Self {
        Self::product(value.get(), 1)
    }
}

impl From<ExactSum> for (u8, Digits) {
    fn from(sum: ExactSum) -> Self {
        (sum.low, sum.digits)
    }
}

impl TryFrom<(u8, Digits)> for ExactSum {
    type Error = DigitsError;
    fn try_from((low, digits): (u8, Digits)) -> Result<Self, DigitsError> {
        let sum = Self { digits, low };
        if sum.end() <= DIGITS && sum == Self::shortest(&sum.digits, low) {
            Ok(sum)
        } else {
            Err(DigitsError)
        }
    }
}

/// Takes a finite number apart: it is the mantissa, below 2^53, shifted up by
/// the first of these, in units of 2^-1074; and whether it is negative.
fn decode(number: f64) -> (u32, u64, bool) {
    let bits = number.to_bits();
    let exponent = (bits >> 52) & 0x7ff;
    // Subnormal numbers lack the leading one, and are as far down as the least
    // of the normal ones.
    let leading = u64::from(exponent != 0) << 52;
    let mantissa = bits & ((1 << 52) - 1) | leading;
    (
        low_digit(u128::from(exponent.max(1) - 1)),
        mantissa,
        number.is_sign_negative(),
    )
}

/// Leaves 32 bits in each digit; the last keeps the sign.
fn carry(wide: &mut [i64; DIGITS]) {
    let mut carry = 0;
    for digit in &mut wide[..DIGITS - 1] {
        *digit += carry;
        carry = *digit >> 32;
        *digit &= 0xffff_ffff;
    }
    wide[DIGITS - 1] += carry;
}

/// The f64 nearest to `magnitude * 2^(low - 1074)`, ties to even. `beyond` says
/// that the true magnitude is a little more than the digits say.
fn rounded(magnitude: &[u32], low: i32, beyond: bool) -> Result<f64, Overflow> {
    let leading = magnitude.iter().rev().take_while(|&&digit| digit == 0);
    let used = &magnitude[..magnitude.len() - leading.count()];
    let Some(top) = used.last() else {
        return Ok(0.0);
    };
    let length = 32 * i32::try_from(used.len()).unwrap_or(0) - top.leading_zeros().cast_signed();
    // 53 bits stay, or those that are not below 2^-1074.
    let drop = (length - 53).max(-low);
    let mut mantissa = bits(used, drop);
    let half = bits(used, drop - 1) & 1 == 1;
    let rest = beyond
        || (0..drop - 1).step_by(64).any(|at| {
            let mask = u64::MAX >> (64 - (drop - 1 - at).min(64));
            bits(used, at) & mask != 0
        });
    if half && (rest || mantissa & 1 == 1) {
        mantissa += 1;
    }
    // A full mantissa has its leading one where the exponent begins, so that
    // adding makes it one more; so does rounding up to the next power of two.
    let exponent = u64::try_from(low + drop).unwrap_or(0);
    let number = f64::from_bits((exponent << 52).saturating_add(mantissa));
    if exponent < 0x7fe && number.is_finite() {
        Ok(number)
    } else {
        Err(Overflow)
    }
}

/// 64 bits from the bit `at` up; zeros where there are no digits.
fn bits(digits: &[u32], at: i32) -> u64 {
    let (first, shift) = (at.div_euclid(32), at.rem_euclid(32));
    let digit = |i: i32| {
        let digit = usize::try_from(first + i).ok().and_then(|i| digits.get(i));
        u128::from(digit.copied().unwrap_or(0))
    };
    let window = digit(0) | digit(1) << 32 | digit(2) << 64;
    low_half(window >> shift)
}

/// Changes the sign of an integer in two's complement.
fn negate(digits: &mut [u32]) {
    let mut carry = true;
    for digit in digits {
        (*digit, carry) = (!*digit).overflowing_add(carry.into());
    }
}

const fn is_negative(last: u32) -> bool {
    last >> 31 == 1
}

#[allow(clippy::cast_possible_truncation, reason = "the lower bits are wanted")]
const fn low_digit(n: u128) -> u32 {
    n as u32
}

#[allow(clippy::cast_possible_truncation, reason = "the lower bits are wanted")]
const fn low_half(n: u128) -> u64 {
    n as u64
}

mod products;
#[cfg(test)]
mod tests;
