//! The tags: each set that occurs once, and by point which set it has.

use std::collections::BTreeMap;

use tidemark_core::point::Tags;

use super::ChunkError;
use super::ints::{self, Forms};
use super::stamps::read_ordinals;
use super::wire::{Reader, put_varint};

/// Appends the column; nothing if there is none.
pub(super) fn put(tags: &[Tags], out: &mut Vec<u8>) {
    if tags.is_empty() {
        return;
    }
    let mut sets: BTreeMap<&Tags, i64> = tags.iter().map(|t| (t, 0)).collect();
    put_varint(sets.len() as u64, out);
    for (ordinal, (set, place)) in (0..).zip(&mut sets) {
        *place = ordinal;
        put_varint(set.iter().count() as u64, out);
        for tag in set.iter() {
            put_varint(tag.len() as u64, out);
            out.extend_from_slice(tag.as_bytes());
        }
    }
    let by_point: Vec<i64> = tags.iter().map(|t| sets[t]).collect();
    ints::put(&by_point, Forms::ALL, out);
}

/// Reads the tags of `n` points; none where nothing is left to read.
pub(super) fn read(reader: &mut Reader, n: usize) -> Result<Vec<Tags>, ChunkError> {
    if reader.0.is_empty() {
        return Ok(Vec::new());
    }
    let count = reader.count(n)?;
    let mut sets = Vec::new();
    for _ in 0..count {
        sets.push(read_set(reader)?);
    }
    let by_point = read_ordinals(reader, n, count)?;
    Ok(by_point
        .into_iter()
        .map(|ordinal| sets[ordinal as usize].clone())
        .collect())
}

fn read_set(reader: &mut Reader) -> Result<Tags, ChunkError> {
    let mut tags = Vec::new();
    for _ in 0..reader.count(Tags::MAX)? {
        let length = reader.count(Tags::MAX_BYTES)?;
        let text = std::str::from_utf8(reader.bytes(length)?);
        tags.push(text.map_err(|_| ChunkError::Malformed("a tag is not UTF-8"))?);
    }
    Tags::new(tags.into_iter().map(str::to_owned))
        .map_err(|_| ChunkError::Malformed("a tag that may not be one"))
}
