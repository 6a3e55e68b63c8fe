//! A column of integers in as few bytes as its regularity allows: several forms
//! are there, and the smallest is taken. The module above lists their bytes.
//!
//! Arithmetic wraps: the difference of any two 64-bit integers, taken modulo
//! 2^64, leads back from one to the other.

use super::wire::{Reader, low_byte, put_signed, put_varint};
use super::{ChunkError, entropy, packed};

const CONSTANT: u8 = 0;
const LINEAR: u8 = 1;
const RUNS: u8 = 2;
const PACKED: u8 = 3;
const PACKED_DELTAS: u8 = 4;
const ENTROPY_16: u8 = 5;
const ENTROPY_32: u8 = 6;
const ENTROPY_64: u8 = 7;

/// Which of the dearer forms may be tried.
#[derive(Debug, Clone, Copy)]
pub(super) struct Forms {
    pub(super) runs: bool,
    pub(super) entropy: bool,
}

impl Forms {
    pub(super) const ALL: Self = Self {
        runs: true,
        entropy: true,
    };
}

/// Appends the numbers; nothing at all if there are none.
pub(super) fn put(numbers: &[i64], forms: Forms, out: &mut Vec<u8>) {
    let Some((&first, rest)) = numbers.split_first() else {
        return;
    };
    let step = rest.first().map_or(0, |second| second.wrapping_sub(first));
    if steps(numbers).all(|s| s == step) {
        if step == 0 {
            out.push(CONSTANT);
            put_signed(first, out);
        } else {
            out.push(LINEAR);
            put_signed(first, out);
            put_signed(step, out);
        }
        return;
    }
    let mut best = Vec::new();
    if forms.runs {
        put_runs(numbers, forms, &mut best);
    }
    let n = numbers.len();
    let frame = Frame::of(numbers);
    let plain = Plain::of(&frame);
    if best.is_empty() || plain.size(&frame) < best.len() {
        best.clear();
        plain.put(&frame, &mut best);
    }
    // Below a quarter of a bit a point, and for a handful of points, there is
    // nothing to gain that is worth the time.
    if forms.entropy && best.len() > n / 32 + 24 {
        let mut other = Vec::with_capacity(best.len());
        if frame.put_entropy(&mut other) && other.len() < best.len() {
            best = other;
        }
    }
    out.extend_from_slice(&best);
}

/// Reads `n` numbers.
pub(super) fn read(reader: &mut Reader, n: usize) -> Result<Vec<i64>, ChunkError> {
    read_forms(reader, n, true)
}

fn read_forms(reader: &mut Reader, n: usize, runs: bool) -> Result<Vec<i64>, ChunkError> {
    if n == 0 {
        return Ok(Vec::new());
    }
    match reader.byte()? {
        CONSTANT => Ok(vec![reader.signed()?; n]),
        LINEAR => {
            let (first, step) = (reader.signed()?, reader.signed()?);
            let mut numbers = Vec::with_capacity(n);
            push_run(first, step, n, &mut numbers);
            Ok(numbers)
        }
        RUNS if runs => read_runs(reader, n),
        form @ PACKED..=ENTROPY_64 => {
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
                _ => {
                    let all = entropy::read::<u64>(reader, n)?;
                    numbers.extend(all.into_iter().map(number));
                }
            }
            Ok(numbers)
        }
        _ => Err(ChunkError::Malformed("an unknown form of integers")),
    }
}

/// The differences of neighbours.
fn steps(numbers: &[i64]) -> impl Iterator<Item = i64> {
    numbers.windows(2).map(|w| w[1].wrapping_sub(w[0]))
}

/// Appends the form of runs if there are few of them: stretches within which
/// neighbours differ by the step that most of them differ by.
fn put_runs(numbers: &[i64], forms: Forms, out: &mut Vec<u8>) {
    // The step of the majority, if there is one (Boyer and Moore's vote).
    let (mut step, mut votes) = (0, 0_usize);
    for s in steps(numbers) {
        if votes == 0 {
            step = s;
        }
        votes = if s == step { votes + 1 } else { votes - 1 };
    }
    let breaks = steps(numbers).filter(|&s| s != step).count();
    if breaks >= numbers.len() / 2 {
        return;
    }
    let mut firsts = Vec::with_capacity(breaks + 1);
    let mut lengths = Vec::with_capacity(breaks);
    let mut length = 1;
    firsts.push(numbers[0]);
    for (s, &number) in steps(numbers).zip(&numbers[1..]) {
        if s == step {
            length += 1;
        } else {
            firsts.push(number);
            lengths.push(length);
            length = 1;
        }
    }
    let forms = Forms {
        runs: false,
        ..forms
    };
    out.push(RUNS);
    put_signed(step, out);
    put_varint(breaks as u64, out);
    put(&firsts, forms, out);
    // The last length is what is left.
    put(&lengths, forms, out);
}

fn read_runs(reader: &mut Reader, n: usize) -> Result<Vec<i64>, ChunkError> {
    let step = reader.signed()?;
    let breaks = reader.count(n - 1)?;
    let firsts = read_forms(reader, breaks + 1, false)?;
    let lengths = read_forms(reader, breaks, false)?;
    let mut numbers = Vec::with_capacity(n);
    for (i, &first) in firsts.iter().enumerate() {
        let left = n - numbers.len();
        let length = lengths.get(i).map_or(Ok(left), |&l| usize::try_from(l));
        match length {
            Ok(length) if length <= left => push_run(first, step, length, &mut numbers),
            _ => return Err(ChunkError::Malformed("runs are longer than the column")),
        }
    }
    Ok(numbers)
}

fn push_run(first: i64, step: i64, length: usize, numbers: &mut Vec<i64>) {
    let mut next = first;
    numbers.extend((0..length).map(|_| {
        let number = next;
        next = next.wrapping_add(step);
        number
    }));
}

/// Numbers as multiples of their greatest common unit above the smallest.
struct Frame {
    base: i64,
    unit: u64,
    multiples: Vec<u64>,
    largest: u64,
}

impl Frame {
    fn of(numbers: &[i64]) -> Self {
        let base = numbers.iter().copied().min().unwrap_or(0);
        let mut multiples: Vec<u64> = numbers
            .iter()
            .map(|n| n.wrapping_sub(base).cast_unsigned())
            .collect();
        let mut unit = 0;
        for &m in &multiples {
            unit = gcd(unit, m);
            if unit == 1 {
                break;
            }
        }
        // Zero where all numbers are the same.
        let unit = unit.max(1);
        if unit > 1 {
            for m in &mut multiples {
                *m /= unit;
            }
        }
        let largest = multiples.iter().copied().max().unwrap_or(0);
        Self {
            base,
            unit,
            multiples,
            largest,
        }
    }

    fn put_head(&self, form: u8, out: &mut Vec<u8>) {
        out.push(form);
        put_signed(self.base, out);
        put_varint(self.unit, out);
    }

    /// Whether the numbers could be written.
    fn put_entropy(&self, out: &mut Vec<u8>) -> bool {
        // A narrow type has a smaller table of symbols.
        let all = &self.multiples;
        if u16::try_from(self.largest).is_ok() {
            self.put_head(ENTROPY_16, out);
            let narrow: Vec<u16> = all.iter().map(|&m| low_u16(m)).collect();
            entropy::put(&narrow, entropy::Kind::Integers, out)
        } else if u32::try_from(self.largest).is_ok() {
            self.put_head(ENTROPY_32, out);
            let narrow: Vec<u32> = all.iter().map(|&m| low_u32(m)).collect();
            entropy::put(&narrow, entropy::Kind::Integers, out)
        } else {
            self.put_head(ENTROPY_64, out);
            entropy::put(all, entropy::Kind::Integers, out)
        }
    }
}

/// How to pack the multiples of a frame: themselves, or their differences.
struct Plain {
    width: u32,
    delta_width: u32,
    least_delta: i64,
}

impl Plain {
    fn of(frame: &Frame) -> Self {
        let (mut least, mut most) = (i64::MAX, i64::MIN);
        for delta in frame.deltas() {
            least = least.min(delta);
            most = most.max(delta);
        }
        Self {
            width: packed::width_of(frame.largest),
            delta_width: packed::width_of(most.wrapping_sub(least).cast_unsigned()),
            least_delta: least,
        }
    }

    const fn size(&self, frame: &Frame) -> usize {
        /// Of form, base, unit, width and the first differences, about.
        const HEAD: usize = 12;
        let n = frame.multiples.len();
        let width = if self.deltas_pay(n) {
            self.delta_width
        } else {
            self.width
        };
        HEAD + packed::size(n, width)
    }

    /// Whether differences, which need two numbers ahead, are shorter.
    const fn deltas_pay(&self, n: usize) -> bool {
        packed::size(n, self.delta_width) + 5 < packed::size(n, self.width)
    }

    fn put(&self, frame: &Frame, out: &mut Vec<u8>) {
        if self.deltas_pay(frame.multiples.len()) {
            frame.put_head(PACKED_DELTAS, out);
            put_varint(frame.multiples.first().copied().unwrap_or(0), out);
            put_signed(self.least_delta, out);
            out.push(low_byte(self.delta_width.into()));
            let deltas = frame
                .deltas()
                .map(|d| d.wrapping_sub(self.least_delta).cast_unsigned());
            packed::put(deltas, self.delta_width, out);
        } else {
            frame.put_head(PACKED, out);
            out.push(low_byte(self.width.into()));
            packed::put(frame.multiples.iter().copied(), self.width, out);
        }
    }
}

impl Frame {
    fn deltas(&self) -> impl Iterator<Item = i64> {
        self.multiples
            .windows(2)
            .map(|w| w[1].wrapping_sub(w[0]).cast_signed())
    }
}

const fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "checked against the largest"
)]
const fn low_u16(number: u64) -> u16 {
    number as u16
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "checked against the largest"
)]
const fn low_u32(number: u64) -> u32 {
    number as u32
}
