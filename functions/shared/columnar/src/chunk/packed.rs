//! Numbers side by side, each in the same number of bits, the lowest bit first.

use super::ChunkError;
use super::wire::{Reader, low_byte};

/// How many bits hold every number up to `largest`.
pub(super) const fn width_of(largest: u64) -> u32 {
    u64::BITS - largest.leading_zeros()
}

/// How many bytes `n` numbers of `width` bits take.
pub(super) const fn size(n: usize, width: u32) -> usize {
    (n * width as usize).div_ceil(8)
}

/// Appends the numbers, none of which has more than `width` bits.
pub(super) fn put(numbers: impl Iterator<Item = u64>, width: u32, out: &mut Vec<u8>) {
    if width == 0 {
        return;
    }
    let mut held: u128 = 0;
    let mut bits = 0;
    for number in numbers {
        held |= u128::from(number) << bits;
        bits += width;
        if bits >= u64::BITS {
            out.extend_from_slice(&low_half(held).to_le_bytes());
            held >>= u64::BITS;
            bits -= u64::BITS;
        }
    }
    while bits > 0 {
        out.push(low_byte(low_half(held)));
        held >>= 8;
        bits = bits.saturating_sub(8);
    }
}

/// Reads `n` numbers of `width` bits and hands each to `take`.
pub(super) fn read(
    reader: &mut Reader,
    n: usize,
    width: u32,
    mut take: impl FnMut(u64),
) -> Result<(), ChunkError> {
    if width > u64::BITS {
        return Err(ChunkError::Malformed("numbers of more than 64 bits"));
    }
    let bytes = reader.bytes(size(n, width))?;
    let mask = u64::MAX.checked_shr(u64::BITS - width).unwrap_or(0);
    let step = width as usize;
    // With what follows them, the numbers that begin this far in can be read
    // eight bytes at once, if they are narrow; wide ones need sixteen.
    let window = if width <= 57 { 8 } else { 16 };
    let whole = if step == 0 {
        0
    } else {
        let last_start = (bytes.len() + 1).saturating_sub(window);
        (last_start * 8).div_ceil(step).min(n)
    };
    let mut bit = 0;
    if window == 8 {
        for _ in 0..whole {
            let (at, shift) = (bit / 8, bit % 8);
            let word = bytes[at..]
                .first_chunk()
                .map_or(0, |word| u64::from_le_bytes(*word));
            take(word >> shift & mask);
            bit += step;
        }
    } else {
        for _ in 0..whole {
            let (at, shift) = (bit / 8, bit % 8);
            let word = bytes[at..]
                .first_chunk()
                .map_or(0, |word| u128::from_le_bytes(*word));
            take(low_half(word >> shift) & mask);
            bit += step;
        }
    }
    for _ in whole..n {
        let (at, shift) = (bit / 8, bit % 8);
        let mut word = [0; 16];
        let tail = &bytes[at..];
        let length = tail.len().min(16);
        word[..length].copy_from_slice(&tail[..length]);
        take(low_half(u128::from_le_bytes(word) >> shift) & mask);
        bit += step;
    }
    Ok(())
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "the lower half is what is wanted"
)]
const fn low_half(wide: u128) -> u64 {
    wide as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_width_reads_as_it_was_written(
            numbers in prop::collection::vec(any::<u64>(), 0..300), width in 0u32..=64,
        ) {
            let mask = u64::MAX.checked_shr(64 - width).unwrap_or(0);
            let numbers: Vec<u64> = numbers.into_iter().map(|n| n & mask).collect();
            let mut bytes = Vec::new();
            put(numbers.iter().copied(), width, &mut bytes);
            prop_assert_eq!(bytes.len(), size(numbers.len(), width));
            bytes.push(9);
            let mut reader = Reader(&bytes);
            let mut back = Vec::new();
            read(&mut reader, numbers.len(), width, |n| back.push(n)).unwrap();
            prop_assert_eq!(back, numbers);
            prop_assert_eq!(reader.0, &[9]);
        }
    }

    #[test]
    fn what_is_cut_off_is_an_error() {
        assert!(read(&mut Reader(&[0; 9]), 10, 8, |_| ()).is_err());
        assert!(read(&mut Reader(&[0; 99]), 10, 65, |_| ()).is_err());
    }
}
