//! Several columns become one, in order of time, the latest write of each time.

use tidemark_core::point::{Tags, Value};
use tidemark_core::time::Timestamp;

use super::{BatchStamp, Columns, ordinal};

/// All points of `parts` in order of time; of each time the one of the greatest
/// stamp. The batches are in order, and each is the origin of some point.
///
/// Parts that are sorted and do not overlap are only copied.
pub fn merge<'a>(parts: impl IntoIterator<Item = &'a Columns>) -> Columns {
    let mut parts: Vec<&Columns> = parts.into_iter().filter(|p| !p.is_empty()).collect();
    parts.sort_by_key(|p| p.times.first().copied());
    let apart = parts.iter().all(|p| p.is_sorted())
        && parts.is_sorted_by(|a, b| a.times.last() < b.times.first());
    let origin = Origin::of(&parts);
    if apart {
        concatenate(&parts, origin)
    } else {
        interleave(&parts, origin)
    }
}

/// The batches of all parts in order, and by part which of them its own are.
struct Origin {
    batches: Vec<BatchStamp>,
    renamed: Vec<Vec<u32>>,
}

impl Origin {
    fn of(parts: &[&Columns]) -> Self {
        let mut batches: Vec<BatchStamp> = parts.iter().flat_map(|p| &p.batches).copied().collect();
        // Stable, since that is quick on the sorted runs that parts mostly are.
        batches.sort();
        batches.dedup();
        let renamed = parts
            .iter()
            .map(|part| {
                part.batches
                    .iter()
                    .map(|b| ordinal(batches.partition_point(|other| other < b)))
                    .collect()
            })
            .collect();
        Self { batches, renamed }
    }
}

fn concatenate(parts: &[&Columns], origin: Origin) -> Columns {
    let n = parts.iter().map(|p| p.len()).sum();
    let mut all = Columns {
        batches: origin.batches,
        times: Vec::with_capacity(n),
        values: Vec::with_capacity(n),
        batch: Vec::with_capacity(n),
        index: Vec::with_capacity(n),
        tags: tags(parts, n),
        unsorted: false,
    };
    for (part, renamed) in parts.iter().zip(&origin.renamed) {
        all.times.extend_from_slice(&part.times);
        all.values.extend_from_slice(&part.values);
        all.batch
            .extend(part.batch.iter().map(|&b| renamed[b as usize]));
        all.index.extend_from_slice(&part.index);
    }
    all
}

/// The tags of all parts one after the other; empty if there are none.
fn tags(parts: &[&Columns], n: usize) -> Vec<Tags> {
    let mut tags = Vec::new();
    if parts.iter().any(|p| !p.tags.is_empty()) {
        tags.reserve_exact(n);
        for part in parts {
            tags.extend((0..part.len()).map(|i| part.tags_at(i).clone()));
        }
    }
    tags
}

/// What sorts a point: its time, then its stamp (ordinal of the batch among the
/// sorted batches, index in it); with it goes the rest of the point.
struct Row {
    time: Timestamp,
    batch: u32,
    index: u32,
    value: Value,
    /// Where its tags stand in those of all parts.
    tags: usize,
}

fn interleave(parts: &[&Columns], origin: Origin) -> Columns {
    let n = parts.iter().map(|p| p.len()).sum();
    let mut rows: Vec<Row> = Vec::with_capacity(n);
    for (part, renamed) in parts.iter().zip(&origin.renamed) {
        for i in 0..part.len() {
            rows.push(Row {
                time: part.times[i],
                batch: renamed[part.batch[i] as usize],
                index: part.index[i],
                value: part.values[i],
                tags: rows.len(),
            });
        }
    }
    // Stable, since that is quick on sorted runs.
    rows.sort_by_key(|r| (r.time, u64::from(r.batch) << 32 | u64::from(r.index)));
    let mut tags = tags(parts, n);
    let mut all = Columns {
        batches: origin.batches,
        times: Vec::with_capacity(n),
        values: Vec::with_capacity(n),
        batch: Vec::with_capacity(n),
        index: Vec::with_capacity(n),
        tags: Vec::new(),
        unsorted: false,
    };
    let last_of_each_time = rows
        .iter()
        .enumerate()
        .filter(|(i, row)| rows.get(i + 1).is_none_or(|next| next.time != row.time))
        .map(|(_, row)| row);
    for row in last_of_each_time {
        all.times.push(row.time);
        all.values.push(row.value);
        all.batch.push(row.batch);
        all.index.push(row.index);
        if let Some(of_row) = tags.get_mut(row.tags) {
            all.tags.push(std::mem::take(of_row));
        }
    }
    all.forget_unused();
    all
}
