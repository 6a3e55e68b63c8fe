//! Columns that follow no simple rule go through `pco`, which finds the bins
//! that code them in the fewest bits.
//!
//! Its bytes stand here without their file header, since that is the same in
//! every chunk of one version of ours.

use pco::data_types::Number;
use pco::wrapped::{FileCompressor, FileDecompressor};
use pco::{ChunkConfig, DeltaSpec, ModeSpec};

use super::ChunkError;
use super::wire::Reader;

/// The header of pco's format 4.1. Another one needs another [`super::VERSION`].
const HEADER: [u8; 2] = [4, 1];

/// Below 4 the bins get coarse; above, at the length of a chunk, a percent of
/// size costs half as much time again.
const LEVEL: usize = 4;

/// Appends integers, at least one, by their differences of this order; whether
/// it could.
pub(super) fn put<T: Number>(numbers: &[T], order: usize, out: &mut Vec<u8>) -> bool {
    put_in_mode(numbers, ModeSpec::Classic, order, out)
}

/// Appends floats likewise; pco looks for a unit that most are a multiple of.
pub(super) fn put_floats(numbers: &[f64], order: usize, out: &mut Vec<u8>) -> bool {
    put_in_mode(numbers, ModeSpec::Auto, order, out)
}

fn put_in_mode<T: Number>(numbers: &[T], mode: ModeSpec, order: usize, out: &mut Vec<u8>) -> bool {
    let config = ChunkConfig::default()
        .with_compression_level(LEVEL)
        .with_mode_spec(mode)
        .with_delta_spec(match order {
            0 => DeltaSpec::NoOp,
            order => DeltaSpec::TryConsecutive(order),
        });
    let start = out.len();
    FileCompressor::default()
        .chunk_compressor(numbers, &config)
        .and_then(|mut chunk| {
            chunk.write_meta(&mut *out)?;
            chunk.write_page(0, &mut *out)?;
            Ok(chunk.n_per_page().len() == 1)
        })
        .is_ok_and(|one_page| one_page && is_bounded(&out[start..]))
}

/// Reads `n` numbers.
pub(super) fn read<T: Number>(reader: &mut Reader, n: usize) -> Result<Vec<T>, ChunkError> {
    if !is_bounded(reader.0) {
        return Err(ChunkError::Malformed("an unknown kind of pco chunk"));
    }
    let corrupt = |_| ChunkError::Malformed("a damaged pco chunk");
    let (file, _) = FileDecompressor::new(&HEADER[..]).map_err(corrupt)?;
    let (mut chunk, rest) = file.chunk_decompressor::<T, _>(reader.0).map_err(corrupt)?;
    let mut page = chunk.page_decompressor(rest, n).map_err(corrupt)?;
    let mut numbers = vec![T::default(); n];
    let progress = page.read(&mut numbers).map_err(corrupt)?;
    if !progress.finished || progress.n_processed != n {
        return Err(ChunkError::Malformed("a pco chunk that is too short"));
    }
    reader.0 = page.into_src();
    Ok(numbers)
}

/// Whether a pco chunk can be read in memory for little more than its numbers:
/// it has neither a dictionary nor a window to look back into, of which a few
/// bytes can claim hundreds of megabytes. None is written here that is not so.
fn is_bounded(chunk: &[u8]) -> bool {
    let nibble = |i: usize| chunk.get(i / 2).map(|byte| byte >> (i % 2 * 4) & 0xf);
    // The mode, with parameters of 0, 64 or 8 bits, and then the differences.
    let differences = match nibble(0) {
        Some(0) => nibble(1),
        Some(2) => nibble(17),
        Some(3) => nibble(3),
        _ => None,
    };
    matches!(differences, Some(0 | 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// If this fails, pco writes a newer format: chunks of it need a new version.
    #[test]
    fn pco_writes_the_format_that_is_read() {
        let written = FileCompressor::default().write_header(Vec::new()).unwrap();
        assert_eq!(written, HEADER);
    }

    #[test]
    fn every_mode_reads_as_it_was_written() {
        let units: Vec<f64> = (0..500_u32).map(|i| f64::from(i * i % 977) * 0.1).collect();
        let singles: Vec<f64> = (0..500_u16)
            .map(|i| f64::from(f32::from(i).sqrt()))
            .collect();
        let doubles: Vec<f64> = (0..500_u32).map(|i| f64::from(i).sqrt()).collect();
        let mut modes = Vec::new();
        for numbers in [units, singles, doubles] {
            for order in 0..3 {
                let mut bytes = Vec::new();
                assert!(put_floats(&numbers, order, &mut bytes));
                modes.push(bytes[0] & 0xf);
                bytes.push(7);
                let mut reader = Reader(&bytes);
                assert_eq!(read::<f64>(&mut reader, numbers.len()).unwrap(), numbers);
                assert_eq!(reader.0, [7]);
            }
        }
        modes.sort_unstable();
        modes.dedup();
        assert_eq!(modes, [0, 2, 3]);
    }

    #[test]
    fn what_would_need_unbounded_memory_is_refused() {
        // A dictionary of 2^25 - 1 entries; a window of 2^24.
        for bytes in [[0xf4, 0xff, 0xff, 0xff, 0x1f, 0], [0x20, 0x18, 0, 0, 0, 0]] {
            assert!(read::<u64>(&mut Reader(&bytes), 10).is_err());
        }
        assert!(read::<u64>(&mut Reader(&[]), 10).is_err());
    }
}
