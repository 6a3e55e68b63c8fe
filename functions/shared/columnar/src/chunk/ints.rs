//! A column of integers in as few bytes as its regularity allows: several forms
//! are there, and the smallest is taken. The module above lists their bytes.
//!
//! Arithmetic wraps: the difference of any two 64-bit integers, taken modulo
//! 2^64, leads back from one to the other.

use super::ChunkError;
use super::frame::{self, Frame};
use super::wire::{Reader, put_signed, put_varint};

const CONSTANT: u8 = 0;
const LINEAR: u8 = 1;
const RUNS: u8 = 2;

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

/// A position in memory as a number to be written.
#[allow(
    clippy::cast_possible_wrap,
    reason = "no slice has more than i64::MAX elements"
)]
pub(super) const fn position(position: usize) -> i64 {
    position as i64
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
    if best.is_empty() || frame.packed_size() < best.len() {
        best.clear();
        frame.put_packed(&mut best);
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
        form => frame::read(form, reader, n),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn form_of(numbers: &[i64]) -> u8 {
        let mut bytes = Vec::new();
        put(numbers, Forms::ALL, &mut bytes);
        bytes.push(77);
        let mut reader = Reader(&bytes);
        assert_eq!(read(&mut reader, numbers.len()).unwrap(), numbers);
        assert_eq!(reader.0, [77]);
        bytes[0]
    }

    /// Reproducible numbers below `limit`.
    fn scattered(n: i64, limit: i64) -> Vec<i64> {
        (1..=n)
            .map(|i| (i.wrapping_mul(6_364_136_223_846_793_005) >> 1).rem_euclid(limit))
            .collect()
    }

    #[test]
    fn each_form_is_used_where_it_is_short() {
        assert_eq!(form_of(&[5]), CONSTANT);
        assert_eq!(form_of(&[i64::MIN; 9]), CONSTANT);
        assert_eq!(form_of(&[i64::MIN, i64::MAX, i64::MIN]), 3);
        // A step of -1, modulo 2^64.
        assert_eq!(form_of(&[i64::MIN, i64::MAX, i64::MAX - 1]), LINEAR);
        let stairs: Vec<i64> = (0..100).map(|i| i / 9 * 50 + i).collect();
        assert_eq!(form_of(&stairs), RUNS);
        assert_eq!(form_of(&scattered(20, 1000)), 3);
        let mut sum = 0;
        let climbing: Vec<i64> = scattered(20, 100)
            .into_iter()
            .map(|s| {
                sum += 1_000_000 + s;
                sum
            })
            .collect();
        assert_eq!(form_of(&climbing), 4);
        let mut skewed = scattered(1000, 2);
        skewed[500] = 60_000;
        assert_eq!(form_of(&skewed), 5);
        skewed[501] = 60_000_001;
        assert_eq!(form_of(&skewed), 6);
        skewed[502] = i64::MAX;
        assert_eq!(form_of(&skewed), 7);
    }

    #[test]
    fn no_numbers_take_no_bytes() {
        let mut bytes = Vec::new();
        put(&[], Forms::ALL, &mut bytes);
        assert!(bytes.is_empty());
        assert_eq!(read(&mut Reader(&[]), 0), Ok(Vec::new()));
    }

    #[test]
    fn runs_that_do_not_add_up_are_errors() {
        let runs = |breaks: u8, length: i64| {
            let mut bytes = vec![RUNS, 0, breaks, CONSTANT, 0, CONSTANT];
            put_signed(length, &mut bytes);
            read(&mut Reader(&bytes), 10)
        };
        assert_eq!(runs(2, 5), Ok(vec![0; 10]));
        assert!(runs(2, 6).is_err());
        assert!(runs(2, -1).is_err());
        assert!(runs(10, 1).is_err());
        // Runs of runs.
        assert!(read(&mut Reader(&[RUNS, 0, 1, RUNS, 0, 0, 0, 0, 0, 0]), 10).is_err());
    }
}
