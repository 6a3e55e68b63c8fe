//! Integers as multiples of their greatest common unit above the smallest of
//! them: what is left of them when scale and offset are taken out. The multiples
//! are packed into bits, or coded by how often they occur.

use super::wire::{Reader, low_byte, put_signed, put_varint};
use super::{ChunkError, entropy, packed};

const PACKED: u8 = 3;
const PACKED_DELTAS: u8 = 4;
const ENTROPY_16: u8 = 5;
const ENTROPY_32: u8 = 6;
const ENTROPY_64: u8 = 7;

pub(super) struct Frame {
    base: i64,
    unit: u64,
    multiples: Vec<u64>,
    largest: u64,
    deltas: Deltas,
}

/// What the differences of neighbours lie between.
struct Deltas {
    least: i64,
    /// The largest less the least.
    spread: u64,
}

impl Frame {
    pub(super) fn of(numbers: &[i64]) -> Self {
        let base = numbers.iter().copied().min().unwrap_or(0);
        let mut multiples: Vec<u64> = numbers
            .iter()
            .map(|n| n.wrapping_sub(base).cast_unsigned())
            .collect();
        let mut unit = 0;
        for &m in &multiples {
            unit = gcd(m, unit);
            if unit == 1 {
                break;
            }
        }
        // Zero if all numbers are the same.
        let unit = unit.max(1);
        if unit > 1 {
            for m in &mut multiples {
                *m /= unit;
            }
        }
        Self {
            base,
            unit,
            largest: multiples.iter().copied().max().unwrap_or(0),
            deltas: Deltas::of(&multiples),
            multiples,
        }
    }

    /// About how many bytes [`Frame::put_packed`] appends.
    pub(super) fn packed_size(&self) -> usize {
        const HEAD: usize = 12;
        HEAD + packed::size(self.multiples.len(), self.width().min(self.delta_width()))
    }

    pub(super) fn put_packed(&self, out: &mut Vec<u8>) {
        let n = self.multiples.len();
        // Differences have two more numbers ahead of them.
        if packed::size(n, self.delta_width()) + 5 < packed::size(n, self.width()) {
            self.put_head(PACKED_DELTAS, out);
            put_varint(self.multiples.first().copied().unwrap_or(0), out);
            put_signed(self.deltas.least, out);
            out.push(low_byte(self.delta_width().into()));
            let above = |d: i64| d.wrapping_sub(self.deltas.least).cast_unsigned();
            packed::put(
                differences(&self.multiples).map(above),
                self.delta_width(),
                out,
            );
        } else {
            self.put_head(PACKED, out);
            out.push(low_byte(self.width().into()));
            packed::put(self.multiples.iter().copied(), self.width(), out);
        }
    }

    /// Whether the numbers could be written.
    pub(super) fn put_entropy(&self, out: &mut Vec<u8>) -> bool {
        let all = &self.multiples;
        let order = difference_order(all);
        // A narrow type has a smaller table of symbols.
        if u16::try_from(self.largest).is_ok() {
            self.put_head(ENTROPY_16, out);
            let narrow: Vec<u16> = all.iter().map(|&m| low_u16(m)).collect();
            entropy::put(&narrow, order, out)
        } else if u32::try_from(self.largest).is_ok() {
            self.put_head(ENTROPY_32, out);
            let narrow: Vec<u32> = all.iter().map(|&m| low_u32(m)).collect();
            entropy::put(&narrow, order, out)
        } else {
            self.put_head(ENTROPY_64, out);
            entropy::put(all, order, out)
        }
    }

    fn put_head(&self, form: u8, out: &mut Vec<u8>) {
        out.push(form);
        put_signed(self.base, out);
        put_varint(self.unit, out);
    }

    const fn width(&self) -> u32 {
        packed::width_of(self.largest)
    }

    const fn delta_width(&self) -> u32 {
        packed::width_of(self.deltas.spread)
    }
}

impl Deltas {
    fn of(multiples: &[u64]) -> Self {
        let (mut least, mut most) = (i64::MAX, i64::MIN);
        for delta in differences(multiples) {
            least = least.min(delta);
            most = most.max(delta);
        }
        Self {
            least,
            spread: most.wrapping_sub(least).cast_unsigned(),
        }
    }
}

/// Reads `n` numbers, at least one, whose form was read.
pub(super) fn read(form: u8, reader: &mut Reader, n: usize) -> Result<Vec<i64>, ChunkError> {
    let (base, unit) = (reader.signed()?, reader.varint()?.cast_signed());
    let number = |q: u64| base.wrapping_add(unit.wrapping_mul(q.cast_signed()));
    let mut numbers = Vec::with_capacity(n);
    match form {
        PACKED => {
            let width = u32::from(reader.byte()?);
            packed::read(reader, n, width, |q| numbers.push(number(q)))?;
        }
        PACKED_DELTAS => {
            let mut q = reader.varint()?;
            let least = reader.signed()?.cast_unsigned();
            let width = u32::from(reader.byte()?);
            numbers.push(number(q));
            packed::read(reader, n - 1, width, |delta| {
                q = q.wrapping_add(least).wrapping_add(delta);
                numbers.push(number(q));
            })?;
        }
        ENTROPY_16 => {
            let all = entropy::read::<u16>(reader, n)?;
            numbers.extend(all.into_iter().map(|q| number(q.into())));
        }
        ENTROPY_32 => {
            let all = entropy::read::<u32>(reader, n)?;
            numbers.extend(all.into_iter().map(|q| number(q.into())));
        }
        ENTROPY_64 => {
            let all = entropy::read::<u64>(reader, n)?;
            numbers.extend(all.into_iter().map(number));
        }
        _ => return Err(ChunkError::Malformed("an unknown form of integers")),
    }
    Ok(numbers)
}

/// How often to take differences of neighbours (0, 1 or 2 times) so that the
/// numbers left are the closest to each other: the fewest bits in all.
///
/// Trying it on a sample, as pco would, takes several times as long as this.
pub(super) fn difference_order(numbers: &[u64]) -> usize {
    let [first, .., last] = *numbers else {
        return 0;
    };
    // What the numbers and their first differences lie around. The mean of the
    // second differences is about 0.
    let sum: u128 = numbers.iter().map(|&q| u128::from(q)).sum();
    let mean = u64::try_from(sum / numbers.len() as u128).unwrap_or(u64::MAX);
    let intervals = i64::try_from(numbers.len() - 1).unwrap_or(i64::MAX);
    let slope = last.wrapping_sub(first).cast_signed() / intervals;
    let mut bits = [0_u64; 3];
    for w in numbers.windows(3) {
        let before = w[1].wrapping_sub(w[0]);
        let delta = w[2].wrapping_sub(w[1]);
        let off = [
            w[2].wrapping_sub(mean),
            delta.wrapping_sub(slope.cast_unsigned()),
            delta.wrapping_sub(before),
        ];
        for (bits, off) in bits.iter_mut().zip(off) {
            let off = off.cast_signed();
            *bits += u64::from(packed::width_of((off << 1 ^ off >> 63).cast_unsigned()));
        }
    }
    (0..3).min_by_key(|&order| bits[order]).unwrap_or(0)
}

fn differences(numbers: &[u64]) -> impl Iterator<Item = i64> {
    numbers
        .windows(2)
        .map(|w| w[1].wrapping_sub(w[0]).cast_signed())
}

const fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "the largest fits, so all do"
)]
const fn low_u16(number: u64) -> u16 {
    number as u16
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "the largest fits, so all do"
)]
const fn low_u32(number: u64) -> u32 {
    number as u32
}
