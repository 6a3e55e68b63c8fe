//! The points of one series in columns: the form they have in memory, while
//! chunks are merged, and when they are read. A point keeps which write it came
//! from, so that of two writes to one time the later one can be told.

use std::ops::Range;

use tidemark_core::batch::{BatchId, SeriesPoints};
use tidemark_core::point::{Point, Stamp, Tags, Value};
use tidemark_core::time::{TimeRange, Timestamp};

mod merge;
#[cfg(test)]
mod tests;

pub use merge::merge;

/// What all points of one batch have in common of their [`Stamp`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BatchStamp {
    /// When the batch was received.
    pub received: Timestamp,
    /// Which batch.
    pub id: BatchId,
}

/// Points of one series.
///
/// They are kept in the order they were appended in, repetitions included,
/// until [`Columns::normalize`] or [`merge()`] puts them in order of time, one
/// point a time. What says "sorted columns" below needs that.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Columns {
    /// Where points came from; each entry is used by some point.
    batches: Vec<BatchStamp>,
    times: Vec<Timestamp>,
    values: Vec<Value>,
    /// By point: which of `batches`.
    batch: Vec<u32>,
    /// By point: its index in that batch.
    index: Vec<u32>,
    /// By point, or empty when no point has any.
    tags: Vec<Tags>,
    /// Whether the times are not known to ascend strictly.
    unsorted: bool,
}

/// Times and values alone: all that most questions need.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Samples {
    /// When, one a point.
    pub times: Vec<Timestamp>,
    /// How much, one a point.
    pub values: Vec<Value>,
}

/// The columns that a codec reads back. All but `batches` and `tags` have one
/// entry a point, `tags` has that or none.
pub(crate) struct Parts {
    pub(crate) batches: Vec<BatchStamp>,
    pub(crate) samples: Samples,
    pub(crate) batch: Vec<u32>,
    pub(crate) index: Vec<u32>,
    pub(crate) tags: Vec<Tags>,
}

impl Columns {
    /// No points yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts columns together; the caller vouches for lengths and ordinals.
    pub(crate) fn from_parts(parts: Parts) -> Self {
        let unsorted = !ascend(&parts.samples.times);
        Self {
            batches: parts.batches,
            times: parts.samples.times,
            values: parts.samples.values,
            batch: parts.batch,
            index: parts.index,
            tags: parts.tags,
            unsorted,
        }
    }

    /// Adds the points of a batch. Of columns of unequal length, which no
    /// checked batch has, what is beyond the shortest is left out.
    pub fn append(&mut self, batch: BatchStamp, points: &SeriesPoints) {
        let n = points
            .times
            .len()
            .min(points.values.len())
            .min(points.index.len());
        let times = &points.times[..n];
        let Some(first) = times.first() else {
            return;
        };
        self.unsorted |= self.times.last().is_some_and(|last| last >= first) || !ascend(times);
        if points.tags.iter().any(|t| !t.is_empty()) || !self.tags.is_empty() {
            self.tags.resize(self.times.len(), Tags::none());
            self.tags.extend((0..n).map(|i| points.tags_at(i).clone()));
        }
        if self.batches.last() != Some(&batch) {
            self.batches.push(batch);
        }
        let ordinal = ordinal(self.batches.len() - 1);
        self.batch.resize(self.times.len() + n, ordinal);
        self.times.extend_from_slice(times);
        self.values.extend_from_slice(&points.values[..n]);
        self.index.extend_from_slice(&points.index[..n]);
    }

    /// How many points, repetitions included.
    pub const fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// Whether the times ascend strictly: sorted, and none twice.
    pub const fn is_sorted(&self) -> bool {
        !self.unsorted
    }

    /// Sorts by time, keeps of each time the point of the greatest stamp, and
    /// brings the batches in order. Costs next to nothing where this is so
    /// already.
    pub fn normalize(&mut self) {
        if self.unsorted || !self.batches.is_sorted_by(|a, b| a < b) {
            *self = merge([&*self]);
        }
    }

    /// The times, one a point.
    pub fn times(&self) -> &[Timestamp] {
        &self.times
    }

    /// The values, one a point.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// The batches that the points came from.
    pub fn batches(&self) -> &[BatchStamp] {
        &self.batches
    }

    /// By point: which of [`Columns::batches`] it came from.
    pub fn batch_ordinals(&self) -> &[u32] {
        &self.batch
    }

    /// By point: its index in its batch.
    pub fn indexes(&self) -> &[u32] {
        &self.index
    }

    /// The tags by point; empty when no point has any.
    pub fn tags(&self) -> &[Tags] {
        &self.tags
    }

    /// When the point at `position` was received.
    pub fn received_at(&self, position: usize) -> Timestamp {
        self.batches[self.batch[position] as usize].received
    }

    /// The write that the point at `position` came from.
    pub fn stamp_at(&self, position: usize) -> Stamp {
        let BatchStamp { received, id } = self.batches[self.batch[position] as usize];
        Stamp {
            received,
            batch: id,
            index: self.index[position],
        }
    }

    /// The tags of the point at `position`.
    pub fn tags_at(&self, position: usize) -> &Tags {
        const NONE: &Tags = &Tags::none();
        self.tags.get(position).unwrap_or(NONE)
    }

    /// The point at `position`.
    pub fn point(&self, position: usize) -> Point {
        Point {
            time: self.times[position],
            value: self.values[position],
            tags: self.tags_at(position).clone(),
        }
    }

    /// The points at `positions`; can be walked from either end.
    pub fn points(
        &self,
        positions: Range<usize>,
    ) -> impl DoubleEndedIterator<Item = Point> + ExactSizeIterator {
        positions.map(|position| self.point(position))
    }

    /// From the first time to the last, of sorted columns.
    pub fn span(&self) -> Option<TimeRange> {
        TimeRange::new(*self.times.first()?, *self.times.last()?).ok()
    }

    /// When the first and the last of the batches were received.
    pub fn received(&self) -> Option<TimeRange> {
        let received = || self.batches.iter().map(|b| b.received);
        TimeRange::new(received().min()?, received().max()?).ok()
    }

    /// Where the points inside `range` stand, of sorted columns.
    pub fn positions(&self, range: TimeRange) -> Range<usize> {
        debug_assert!(self.is_sorted(), "only sorted columns can be searched");
        positions(&self.times, range)
    }

    /// A copy of the points at `positions`.
    #[must_use]
    pub fn cut(&self, positions: Range<usize>) -> Self {
        let mut cut = Self {
            batches: self.batches.clone(),
            times: self.times[positions.clone()].to_vec(),
            values: self.values[positions.clone()].to_vec(),
            batch: self.batch[positions.clone()].to_vec(),
            index: self.index[positions.clone()].to_vec(),
            tags: self
                .tags
                .get(positions)
                .map_or_else(Vec::new, <[Tags]>::to_vec),
            unsorted: self.unsorted,
        };
        cut.forget_unused();
        cut
    }

    /// A copy of the times and values at `positions`.
    pub fn samples(&self, positions: Range<usize>) -> Samples {
        Samples {
            times: self.times[positions.clone()].to_vec(),
            values: self.values[positions].to_vec(),
        }
    }

    /// All points in pieces of `size`, the last of which may be smaller.
    pub fn pieces(&self, size: usize) -> impl Iterator<Item = Self> {
        let size = size.max(1);
        (0..self.len())
            .step_by(size)
            .map(move |start| self.cut(start..self.len().min(start + size)))
    }

    /// Keeps the points for which `keep(time, received)` holds.
    pub fn retain(&mut self, mut keep: impl FnMut(Timestamp, Timestamp) -> bool) {
        let mut kept = 0;
        for i in 0..self.len() {
            if !keep(self.times[i], self.received_at(i)) {
                continue;
            }
            if kept != i {
                self.times[kept] = self.times[i];
                self.values[kept] = self.values[i];
                self.batch[kept] = self.batch[i];
                self.index[kept] = self.index[i];
                if !self.tags.is_empty() {
                    self.tags.swap(kept, i);
                }
            }
            kept += 1;
        }
        if kept < self.len() {
            self.times.truncate(kept);
            self.values.truncate(kept);
            self.batch.truncate(kept);
            self.index.truncate(kept);
            self.tags.truncate(kept);
            self.unsorted &= kept > 1;
            self.forget_unused();
        }
    }

    /// Forgets batches that no point came from, and the column of tags if there
    /// are none in it.
    fn forget_unused(&mut self) {
        if self.tags.iter().all(Tags::is_empty) {
            self.tags = Vec::new();
        }
        let mut used = vec![false; self.batches.len()];
        for &ordinal in &self.batch {
            used[ordinal as usize] = true;
        }
        if used.iter().all(|&used| used) {
            return;
        }
        let mut kept = 0;
        let mut renamed = vec![0; self.batches.len()];
        for (old, &used) in used.iter().enumerate() {
            if used {
                self.batches[kept] = self.batches[old];
                renamed[old] = ordinal(kept);
                kept += 1;
            }
        }
        self.batches.truncate(kept);
        for ordinal in &mut self.batch {
            *ordinal = renamed[*ordinal as usize];
        }
    }
}

impl Samples {
    /// How many points.
    pub const fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// Where the points inside `range` stand, if the times ascend.
    pub fn positions(&self, range: TimeRange) -> Range<usize> {
        positions(&self.times, range)
    }
}

fn positions(times: &[Timestamp], range: TimeRange) -> Range<usize> {
    let start = times.partition_point(|&t| t < range.from());
    let length = times[start..].partition_point(|&t| t <= range.to());
    start..start + length
}

fn ascend(times: &[Timestamp]) -> bool {
    times.is_sorted_by(|a, b| a < b)
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "the columns of one series in memory never have 2^32 batches"
)]
const fn ordinal(position: usize) -> u32 {
    position as u32
}
