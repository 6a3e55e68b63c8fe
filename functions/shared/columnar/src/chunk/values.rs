//! The column of values. Measurements are mostly decimals of few digits; these
//! become integers, which are far shorter than the binary fractions they stand
//! for. Every value is verified bit for bit; those that are no such decimals
//! (-0.0, results of a computation) are kept beside the integers, and where
//! they are many, all are kept as floats.

use tidemark_core::point::Value;

use super::frame::difference_order;
use super::ints::{self, Forms, position};
use super::wire::{Reader, low_byte, put_varint};
use super::{ChunkError, entropy};

/// A decimal of up to this many places is the kind of column itself.
const MAX_PLACES: usize = 18;
const SINGLES: u8 = 0x40;
const BITS: u8 = 0x41;
const DOUBLES: u8 = 0x42;

/// Powers of ten; all of them are exact.
const POWERS: [f64; MAX_PLACES + 1] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18,
];

/// What an exception costs: eight bytes, and its position.
const EXCEPTION_BYTES: usize = 10;

/// Appends the values.
pub(super) fn put(values: &[Value], out: &mut Vec<u8>) {
    let numbers: Vec<f64> = values.iter().map(|v| v.get()).collect();
    if let Some(decimals) = Decimals::of(&numbers) {
        decimals.put(&numbers, out);
    } else if let Some(singles) = singles(&numbers) {
        out.push(SINGLES);
        ints::put(&singles, Forms::ALL, out);
    } else {
        put_doubles(&numbers, out);
    }
}

/// Reads `n` values.
pub(super) fn read(reader: &mut Reader, n: usize) -> Result<Vec<Value>, ChunkError> {
    let numbers = match reader.byte()? {
        places if usize::from(places) <= MAX_PLACES => {
            return read_decimals(reader, n, POWERS[usize::from(places)]);
        }
        SINGLES => ints::read(reader, n)?
            .into_iter()
            .map(single)
            .collect::<Result<Vec<f64>, _>>()?,
        BITS => ints::read(reader, n)?
            .into_iter()
            .map(|bits| f64::from_bits(bits.cast_unsigned()))
            .collect(),
        DOUBLES => entropy::read(reader, n)?,
        _ => return Err(ChunkError::Malformed("an unknown form of values")),
    };
    numbers.into_iter().map(finite).collect()
}

fn finite(number: f64) -> Result<Value, ChunkError> {
    Value::new(number).map_err(|_| ChunkError::Malformed("a value is not finite"))
}

/// Values as integers over a power of ten.
struct Decimals {
    places: usize,
    scaled: Vec<i64>,
    /// Where values stand that are no such decimals.
    exceptions: Vec<usize>,
}

impl Decimals {
    /// `None` if floats are likely to be shorter.
    fn of(numbers: &[f64]) -> Option<Self> {
        let n = numbers.len();
        let places = likely_places(numbers)?;
        let mut found = Self::with_places(numbers, places);
        // Those that the sample did not show may want more places.
        let more = found
            .exceptions
            .iter()
            .filter_map(|&i| places_of(numbers[i]))
            .max();
        if let Some(more) = more {
            let other = Self::with_places(numbers, more);
            if other.cost(n) < found.cost(n) {
                found = other;
            }
        }
        (found.exceptions.len() <= n / 8).then_some(found)
    }

    fn with_places(numbers: &[f64], places: usize) -> Self {
        let power = POWERS[places];
        let mut scaled: Vec<i64> = numbers.iter().map(|&x| nearest(x * power)).collect();
        let mut exceptions = Vec::new();
        let mut before = 0;
        for (i, k) in scaled.iter_mut().enumerate() {
            if is(numbers[i], *k, power) {
                before = *k;
            } else {
                // What disturbs the neighbours least.
                *k = before;
                exceptions.push(i);
            }
        }
        Self {
            places,
            scaled,
            exceptions,
        }
    }

    /// In bytes, but for what is the same for any number of places: a digit
    /// takes 3.32 bits.
    const fn cost(&self, n: usize) -> usize {
        n * self.places * 332 / 800 + self.exceptions.len() * EXCEPTION_BYTES
    }

    fn put(&self, numbers: &[f64], out: &mut Vec<u8>) {
        out.push(low_byte(self.places as u64));
        put_varint(self.exceptions.len() as u64, out);
        let positions: Vec<i64> = self.exceptions.iter().copied().map(position).collect();
        ints::put(&positions, Forms::ALL, out);
        for &i in &self.exceptions {
            out.extend_from_slice(&numbers[i].to_le_bytes());
        }
        ints::put(&self.scaled, Forms::ALL, out);
    }
}

fn read_decimals(reader: &mut Reader, n: usize, power: f64) -> Result<Vec<Value>, ChunkError> {
    let count = reader.count(n)?;
    let positions = ints::read(reader, count)?;
    let exceptions = (0..count)
        .map(|_| reader.array().map(f64::from_le_bytes).and_then(finite))
        .collect::<Result<Vec<Value>, _>>()?;
    let scaled = ints::read(reader, n)?;
    let mut values = scaled
        .into_iter()
        .map(|k| finite(k as f64 / power))
        .collect::<Result<Vec<Value>, _>>()?;
    for (position, exception) in positions.into_iter().zip(exceptions) {
        *usize::try_from(position)
            .ok()
            .and_then(|position| values.get_mut(position))
            .ok_or(ChunkError::Malformed("a value beyond the last point"))? = exception;
    }
    Ok(values)
}

/// The integer nearest to `x`; any other number if that is not below 2^50.
fn nearest(x: f64) -> i64 {
    // Added to this, a small number is rounded to an integer, which stands in
    // the low bits of the sum: quicker than to convert, above all for many.
    const ANCHOR: f64 = 6_755_399_441_055_744.0; // 1.5 * 2^52
    const SIGNIFICANT: i64 = (1 << 51) - 1;
    let k = (x + ANCHOR)
        .to_bits()
        .wrapping_sub(ANCHOR.to_bits())
        .cast_signed();
    if (-SIGNIFICANT..=SIGNIFICANT).contains(&k) {
        k
    } else {
        0
    }
}

/// Whether `k` over `power` is `x`, to the last bit.
fn is(x: f64, k: i64, power: f64) -> bool {
    (k as f64 / power).to_bits() == x.to_bits()
}

/// How many places `x` has as a decimal, if it is one of few digits.
fn places_of(x: f64) -> Option<usize> {
    (0..=MAX_PLACES).find(|&places| is(x, nearest(x * POWERS[places]), POWERS[places]))
}

/// The number of places that seems to cost least, from a sample.
fn likely_places(numbers: &[f64]) -> Option<usize> {
    const SAMPLE: usize = 64;
    let stride = numbers.len().div_ceil(SAMPLE).max(1);
    let mut sampled = 0;
    let mut counts = [0; MAX_PLACES + 1];
    for &x in numbers.iter().step_by(stride) {
        sampled += 1;
        if let Some(places) = places_of(x) {
            counts[places] += 1;
        }
    }
    let mut held = 0;
    let (_, places, held) = counts
        .iter()
        .enumerate()
        .filter(|&(_, &count)| count > 0)
        .map(|(places, count)| {
            held += count;
            let cost = sampled * places * 332 / 800 + (sampled - held) * EXCEPTION_BYTES;
            (cost, places, held)
        })
        .min()?;
    (held * 4 >= sampled * 3).then_some(places)
}

/// The values as the bits of single-precision floats, arranged such that
/// integers are in the order of the floats, if every one is one.
fn singles(numbers: &[f64]) -> Option<Vec<i64>> {
    numbers
        .iter()
        .map(|&x| {
            #[allow(clippy::cast_possible_truncation, reason = "verified in the next line")]
            let single = x as f32;
            (f64::from(single).to_bits() == x.to_bits()).then(|| {
                let bits = single.to_bits().cast_signed();
                i64::from(if bits < 0 { bits ^ i32::MAX } else { bits })
            })
        })
        .collect()
}

fn single(ordered: i64) -> Result<f64, ChunkError> {
    let ordered = i32::try_from(ordered)
        .map_err(|_| ChunkError::Malformed("a value of more than 32 bits"))?;
    let bits = if ordered < 0 {
        ordered ^ i32::MAX
    } else {
        ordered
    };
    Ok(f64::from(f32::from_bits(bits.cast_unsigned())))
}

fn put_doubles(numbers: &[f64], out: &mut Vec<u8>) {
    let bits: Vec<u64> = numbers.iter().map(|x| x.to_bits()).collect();
    let quick = Forms {
        entropy: false,
        ..Forms::ALL
    };
    let mut best = vec![BITS];
    let signed: Vec<i64> = bits.iter().map(|b| b.cast_signed()).collect();
    ints::put(&signed, quick, &mut best);
    if best.len() > numbers.len() / 32 + 24 {
        let mut other = vec![DOUBLES];
        let order = difference_order(&bits);
        if entropy::put_floats(numbers, order, &mut other) && other.len() < best.len() {
            best = other;
        }
    }
    out.extend_from_slice(&best);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form_of(numbers: &[f64]) -> u8 {
        let values: Vec<Value> = numbers.iter().map(|&x| Value::new(x).unwrap()).collect();
        let mut bytes = Vec::new();
        put(&values, &mut bytes);
        let mut reader = Reader(&bytes);
        let back = read(&mut reader, values.len()).unwrap();
        assert_eq!(reader.end(), Ok(()));
        let bits = |values: &[Value]| values.iter().map(|v| v.get().to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&back), bits(&values));
        bytes[0]
    }

    fn cents(n: u32) -> Vec<f64> {
        (0..n).map(|i| f64::from(i * 7919 % 1000) / 100.0).collect()
    }

    #[test]
    fn decimals_take_the_fewest_places() {
        assert_eq!(form_of(&[1.0, 2.0, 300.0]), 0);
        assert_eq!(form_of(&[0.0114, 0.9612]), 4);
        assert_eq!(form_of(&[1e-18]), 18);
        assert_eq!(form_of(&cents(1000)), 2);
        // 2^51 - 1 is the largest; beyond, integers are no decimals but floats.
        assert_eq!(
            form_of(&[2_251_799_813_685_247.0, -2_251_799_813_685_247.0]),
            0
        );
        assert!(form_of(&[2_251_799_813_685_248.0]) >= SINGLES);
    }

    #[test]
    fn a_few_odd_values_do_not_spoil_the_rest() {
        for odd in [-0.0, 5e-324, 0.1 + 0.2, f64::MAX, 1e-17] {
            let mut numbers = cents(1000);
            numbers[0] = odd;
            numbers[999] = odd;
            assert_eq!(form_of(&numbers), 2, "{odd:e}");
        }
        // Not in the sample, and common enough to pay for a place more.
        let mut numbers = cents(1000);
        for i in (1..1000).step_by(16) {
            numbers[i] += 0.001;
            numbers[i] = (numbers[i] * 1000.0).round() / 1000.0;
        }
        assert_eq!(form_of(&numbers), 3);
    }

    #[test]
    fn floats_keep_their_precision() {
        let singles: Vec<f64> = (1..200_u16)
            .map(|i| f64::from(-f32::from(i).sqrt()))
            .collect();
        assert_eq!(form_of(&singles), SINGLES);
        let doubles: Vec<f64> = (1..200_u16).map(|i| f64::from(i).sqrt()).collect();
        assert_eq!(form_of(&doubles), DOUBLES);
        assert_eq!(form_of(&[2.0_f64.sqrt(); 200]), BITS);
        assert_eq!(form_of(&[-0.0; 9]), SINGLES);
    }

    #[test]
    fn what_is_not_finite_is_an_error() {
        let mut bytes = vec![BITS, 0];
        super::super::wire::put_signed(f64::NAN.to_bits().cast_signed(), &mut bytes);
        assert!(read(&mut Reader(&bytes), 3).is_err());
        let mut bytes = vec![0, 1, 0, 0];
        bytes.extend_from_slice(&f64::INFINITY.to_le_bytes());
        bytes.extend_from_slice(&[0, 0]);
        assert!(read(&mut Reader(&bytes), 3).is_err());
    }
}
