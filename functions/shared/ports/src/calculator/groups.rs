//! Calculations over many series, in groups.

use serde::{Deserialize, Serialize};
use tidemark_core::name::{SeriesName, Tenant};
use tidemark_core::summary::{Parts, Summary};
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_core::tombstone::Tombstones;

use super::{Bucket, Slots};
use crate::points::Extent;

/// A series of a group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// Its name.
    pub name: SeriesName,
    /// What was deleted of it.
    pub tombstones: Tombstones,
    /// What there is of it, roughly: outside of this nothing is looked for.
    pub extent: Extent,
}

/// Series that are summarized together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// From when to when.
    pub range: TimeRange,
    /// Which series.
    pub members: Vec<Member>,
}

/// Groups of series to be summarized.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupJob {
    /// Whose series.
    pub tenant: Tenant,
    /// The groups.
    pub groups: Vec<Group>,
    /// Into what each is summarized.
    pub slots: Slots,
    /// What the summaries hold beside the basics.
    pub parts: Parts,
    /// How many slots of each group at the most, the earliest ones.
    pub limit: usize,
    /// Whether it is a part of another job, not to be divided again.
    pub is_shard: bool,
}

/// The points of a group in one slot.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GroupSlot {
    /// Where the slot begins; for [`Slots::Whole`] the beginning of the group's range.
    pub start: Timestamp,
    /// How many series have a point there.
    pub contributing: u64,
    /// Their points.
    pub summary: Summary,
}

impl Member {
    /// Where in a range its points may be.
    pub fn within(&self, range: TimeRange) -> Option<TimeRange> {
        self.extent.range.intersection(range)
    }
}

impl GroupJob {
    /// The same for other groups.
    #[must_use]
    pub fn of(&self, groups: Vec<Group>, is_shard: bool) -> Self {
        Self {
            tenant: self.tenant.clone(),
            groups,
            slots: self.slots,
            parts: self.parts,
            limit: self.limit,
            is_shard,
        }
    }
}

impl From<Bucket> for GroupSlot {
    /// A bucket of one series.
    fn from(bucket: Bucket) -> Self {
        Self {
            start: bucket.start,
            contributing: 1,
            summary: bucket.summary,
        }
    }
}
