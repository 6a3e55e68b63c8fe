//! How numbers are written: a whole number without a fraction, any other with
//! the fewest digits that read back the same.

use serde::{Serialize, Serializer};

/// How many decimals an answer is rounded to, 0 to 15; `None` for all.
pub type Decimals = Option<u8>;

/// A finite number for an answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Number(f64);

/// From here on the shortest form has an exponent and no fraction.
const EXPONENT: f64 = 1e16;

impl Number {
    /// `number` rounded to `decimals`.
    ///
    /// What is rounded is the exact value of the double, half to even: 2.675
    /// is a little less than it seems and becomes 2.67, 0.125 becomes 0.12.
    /// Rounding to nothing leaves no sign behind.
    pub fn new(number: f64, decimals: Decimals) -> Self {
        match decimals {
            // Every double this large is whole.
            Some(decimals) if number.abs() < EXPONENT => {
                let rounded = nearest(number, decimals)
                    .or_else(|| exactly(number, decimals))
                    .unwrap_or(number);
                // `-0.0 + 0.0` is 0.0.
                Self(rounded + 0.0)
            }
            _ => Self(number),
        }
    }

    /// Appends the number as JSON.
    pub fn write(self, out: &mut Vec<u8>) {
        match self.whole() {
            Some(whole) => out.extend_from_slice(itoa::Buffer::new().format(whole).as_bytes()),
            None if self.0.is_finite() => {
                out.extend_from_slice(zmij::Buffer::new().format_finite(self.0).as_bytes());
            }
            None => out.extend_from_slice(b"null"),
        }
    }

    /// As an integer, if it is one. -0.0 is not: its sign would be lost.
    fn whole(self) -> Option<i64> {
        let number = self.0;
        if number.abs() >= EXPONENT || (number == 0.0 && number.is_sign_negative()) {
            return None;
        }
        #[allow(
            clippy::cast_possible_truncation,
            reason = "a fraction is what is looked for"
        )]
        let whole = number as i64;
        (whole as f64 == number).then_some(whole)
    }
}

/// The number rounded to so many decimals, if it is clear of the middle between
/// two of them; what is multiplied here is off by half a unit in the last place
/// at most. The quotient of two integers that are exact is the double nearest
/// to the decimal.
fn nearest(number: f64, decimals: u8) -> Option<f64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let scale = 10f64.powi(i32::from(decimals));
    let scaled = number * scale;
    let from_middle = ((scaled - scaled.floor()) - 0.5).abs();
    let clear = scaled.abs() < EXACT / 2.0 && from_middle > scaled.abs() * f64::EPSILON;
    clear.then(|| scaled.round_ties_even() / scale)
}

/// The same by the exact value of the double in decimal.
fn exactly(number: f64, decimals: u8) -> Option<f64> {
    format!("{number:.*}", usize::from(decimals)).parse().ok()
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.whole() {
            Some(whole) => serializer.serialize_i64(whole),
            None => serializer.serialize_f64(self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(number: f64, decimals: Decimals) -> String {
        let mut out = Vec::new();
        Number::new(number, decimals).write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn whole_numbers_have_no_fraction() {
        for (number, expected) in [
            (7.0, "7"),
            (0.0, "0"),
            (-0.0, "-0.0"),
            (-3.0, "-3"),
            (0.1, "0.1"),
            (9_007_199_254_740_992.0, "9007199254740992"),
            (1e15, "1000000000000000"),
            (1e16, "1e+16"),
            (-1e300, "-1e+300"),
            (5e-324, "5e-324"),
            (2.333_333_333_333_333_5, "2.3333333333333335"),
            (f64::NAN, "null"),
        ] {
            assert_eq!(text(number, None), expected);
        }
    }

    #[test]
    fn rounding_is_that_of_the_exact_value() {
        for (number, decimals, expected) in [
            (2.333_333_333_333_333_5, 2, "2.33"),
            (7.0, 2, "7"),
            (2.5, 0, "2"),
            (3.5, 0, "4"),
            (2.675, 2, "2.67"),
            (1.005, 2, "1"),
            (0.125, 2, "0.12"),
            (2.30, 2, "2.3"),
            (-0.001, 2, "0"),
            (-0.0, 2, "0"),
            (0.1 + 0.2, 15, "0.3"),
            (123_456.1, 15, "123456.1"),
            (1e300, 2, "1e+300"),
            (1e-7, 8, "1e-7"),
            (99.995, 2, "100"),
        ] {
            assert_eq!(
                text(number, Some(decimals)),
                expected,
                "{number} {decimals}"
            );
        }
    }

    proptest! {
        #[test]
        fn numbers_read_back_the_same(bits: u64) {
            let number = f64::from_bits(bits);
            prop_assume!(number.is_finite());
            let written = text(number, None);
            prop_assert_eq!(written.parse::<f64>().unwrap().to_bits(), bits);
            prop_assert_eq!(serde_json::to_string(&Number::new(number, None)).unwrap(), written);
        }

        #[test]
        fn whole_numbers_are_digits_only(number in -(1i64 << 53)..(1i64 << 53)) {
            prop_assert_eq!(text(number as f64, None), number.to_string());
        }

        /// The quick way goes where the exact one goes, if it goes at all.
        #[test]
        fn the_quick_way_is_right(
            number in prop_oneof![-1e6..1e6f64, any::<f64>(), (-1_000_000i64..1_000_000).prop_map(|n| n as f64 / 1000.0)],
            decimals in 0u8..=15,
        ) {
            prop_assume!(number.abs() < EXPONENT);
            if let Some(quick) = nearest(number, decimals) {
                prop_assert_eq!(Some(quick), exactly(number, decimals));
            }
        }

        /// No decimal of that many digits is nearer.
        #[test]
        fn rounding_is_nearest(number in -1e6..1e6f64, decimals in 0u8..9) {
            let rounded: f64 = text(number, Some(decimals)).parse().unwrap();
            let unit = 10f64.powi(-i32::from(decimals));
            let error = (rounded - number).abs();
            prop_assert!(error <= unit / 2.0 + number.abs() * f64::EPSILON, "{}", rounded);
            let digits = format!("{rounded}");
            let fraction = digits.split_once('.').map_or(0, |(_, f)| f.len());
            prop_assert!(fraction <= usize::from(decimals));
        }
    }
}
