//! Sums of products of numbers and whole numbers, exact as well.

use super::{DIGITS, ExactSum, carry, decode, low_digit};
use crate::point::Value;

/// So many products fit between two carries: each adds less than 2^32 to a digit
/// of 32 bits that has 63 to grow into.
const BLOCK: usize = 1 << 20;

impl ExactSum {
    /// Takes one number away.
    pub fn subtract(&mut self, value: Value) {
        self.merge(&Self::product(-value.get(), 1));
    }

    /// Adds numbers, each as many times as is said, some 5 ns each. The numbers
    /// of times must not add up to more than 2^66.
    pub fn add_times(&mut self, products: impl Iterator<Item = (Value, u64)>) {
        let mut wide = [0_i64; DIGITS];
        for (at, (value, times)) in products.enumerate() {
            if at % BLOCK == BLOCK - 1 {
                carry(&mut wide);
            }
            let (place, mantissa, negative) = decode(value.get());
            let shift = place % 32;
            // Of up to 117 bits, 148 with the shift.
            let product = u128::from(mantissa) * u128::from(times);
            let low = product << shift;
            let parts = [
                low_digit(low),
                low_digit(low >> 32),
                low_digit(low >> 64),
                low_digit(low >> 96),
                low_digit((product >> 64) >> (64 - shift)),
            ];
            let sign = -i64::from(negative);
            let first = (place / 32) as usize % 64;
            for (digit, part) in wide[first..first + 5].iter_mut().zip(parts) {
                *digit += (i64::from(part) ^ sign) - sign;
            }
        }
        carry(&mut wide);
        let mut digits = [0_u32; DIGITS];
        for (digit, wide) in digits.iter_mut().zip(wide) {
            *digit = low_digit(wide.cast_unsigned().into());
        }
        self.merge(&Self::shortest(&digits, 0));
    }
}
