//! Sorts points, which come in order of time, into the slots of a request. For
//! every store that summarizes by itself.

use tidemark_core::point::Value;
use tidemark_core::summary::{Parts, Summary};
use tidemark_core::time::{TimeRange, Timestamp};

use crate::{Bucket, Slots};

/// Buckets in the making.
#[derive(Debug)]
pub struct Buckets {
    slots: Slots,
    parts: Parts,
    limit: usize,
    /// Where a bucket of [`Slots::Whole`] begins.
    whole: TimeRange,
    /// The last bucket's slot.
    slot: Option<TimeRange>,
    done: Vec<Bucket>,
}

impl Buckets {
    /// No buckets yet, of at most `limit`, for points of `range`.
    pub const fn new(slots: Slots, range: TimeRange, parts: Parts, limit: usize) -> Self {
        Self {
            slots,
            parts,
            limit,
            whole: range,
            slot: None,
            done: Vec::new(),
        }
    }

    /// Whether all buckets that are wanted are complete: what follows does not
    /// matter.
    pub const fn is_full(&self) -> bool {
        self.done.len() > self.limit
    }

    /// Whether all of `span` falls into one slot.
    pub fn is_one_slot(&self, span: TimeRange) -> bool {
        self.slot_of(span.from()).covers(span)
    }

    /// Adds points, later than all before; `times` ascend.
    pub fn add(&mut self, times: &[Timestamp], values: &[Value]) {
        let mut done = 0;
        while let Some(&time) = times.get(done)
            && !self.is_full()
        {
            let end = self.slot_of(time).to();
            let n = times[done..].partition_point(|&t| t <= end);
            let slice = done..done + n;
            if let Some(summary) = Summary::of(&times[slice.clone()], &values[slice], self.parts) {
                self.add_summary(time, summary);
            }
            done += n.max(1);
        }
    }

    /// Adds the summary of points, the first of them at `first`, that fall into
    /// one slot.
    pub fn add_summary(&mut self, first: Timestamp, summary: Summary) {
        let slot = self.slot_of(first);
        match self.done.last_mut() {
            Some(last) if self.slot == Some(slot) => last.summary.merge(&summary),
            _ => {
                self.slot = Some(slot);
                let summary = summary.limited_to(self.parts);
                self.done.push(Bucket {
                    start: slot.from(),
                    summary,
                });
            }
        }
    }

    /// The buckets, ascending.
    pub fn finish(mut self) -> Vec<Bucket> {
        self.done.truncate(self.limit);
        self.done
    }

    fn slot_of(&self, time: Timestamp) -> TimeRange {
        match (self.slot, self.slots) {
            (Some(slot), _) if slot.contains(time) => slot,
            (_, Slots::Whole) => self.whole,
            (_, Slots::Grid(grid)) => {
                let slot = grid.slot_of(time);
                // A slot holds its start, so this is in order.
                TimeRange::new(slot.start, slot.last()).unwrap_or(TimeRange::ALL)
            }
        }
    }
}
