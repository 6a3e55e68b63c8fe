//! Columns that follow no simple rule go through `pco`, which finds the order
//! of differences and the bins that cost the fewest bits.
//!
//! Its bytes stand here without their file header, since that is the same in
//! every chunk of one version of ours.

use pco::data_types::Number;
use pco::wrapped::{FileCompressor, FileDecompressor};
use pco::{ChunkConfig, ModeSpec};

use super::ChunkError;
use super::wire::Reader;

/// The header of pco's format 4.1. Another one needs another [`super::VERSION`].
const HEADER: [u8; 2] = [4, 1];

/// Below 4 the bins get coarse; above, more time buys next to nothing at the
/// length of a chunk.
const LEVEL: usize = 4;

/// What the numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Integers without a common unit.
    Integers,
    /// Floats, in which pco looks for a unit.
    Floats,
}

/// Appends the numbers, at least one and at most 2^24 of them; whether it could.
pub(super) fn put<T: Number>(numbers: &[T], kind: Kind, out: &mut Vec<u8>) -> bool {
    let mode = match kind {
        Kind::Integers => ModeSpec::Classic,
        Kind::Floats => ModeSpec::Auto,
    };
    let config = ChunkConfig::default()
        .with_compression_level(LEVEL)
        .with_mode_spec(mode);
    FileCompressor::default()
        .chunk_compressor(numbers, &config)
        .and_then(|mut chunk| {
            chunk.write_meta(&mut *out)?;
            chunk.write_page(0, &mut *out)?;
            Ok(chunk.n_per_page().len() == 1)
        })
        .unwrap_or(false)
}

/// Reads `n` numbers.
pub(super) fn read<T: Number>(reader: &mut Reader, n: usize) -> Result<Vec<T>, ChunkError> {
    let mut numbers = vec![T::default(); n];
    let corrupt = |_| ChunkError::Malformed("entropy-coded numbers");
    let (file, _) = FileDecompressor::new(&HEADER[..]).map_err(corrupt)?;
    let (mut chunk, rest) = file.chunk_decompressor::<T, _>(reader.0).map_err(corrupt)?;
    let mut page = chunk.page_decompressor(rest, n).map_err(corrupt)?;
    let progress = page.read(&mut numbers).map_err(corrupt)?;
    if !progress.finished || progress.n_processed != n {
        return Err(ChunkError::Malformed("too few entropy-coded numbers"));
    }
    reader.0 = page.into_src();
    Ok(numbers)
}
