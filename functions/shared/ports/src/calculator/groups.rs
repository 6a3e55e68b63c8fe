//! Calculations over many series, in groups.

use serde::{Deserialize, Serialize};
use tidemark_core::across::Combined;
use tidemark_core::fill::Fill;
use tidemark_core::name::{SeriesName, Tenant};
use tidemark_core::portion::Ways;
use tidemark_core::stat::Stat;
use tidemark_core::summary::{Parts, Summary};
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_core::tombstone::Tombstones;

use super::{Bucket, Slots};
use crate::error::{Kind, Result, StoreError};
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
    /// What each series is reduced to by itself; without, the points of a group are one
    /// heap.
    pub reduction: Option<Reduction>,
    /// How many slots of each group at the most, the earliest ones.
    pub limit: usize,
    /// Whether it is a part of another job, not to be divided again.
    pub is_shard: bool,
}

/// To what a series is reduced.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reduction {
    /// All of the range that is asked about, of which a group's range may be the rest.
    pub asked: TimeRange,
    /// To which statistics.
    pub stats: Vec<Stat>,
    /// How what takes time into account is worked out.
    pub ways: Ways,
    /// What stands in slots without points.
    pub fill: Fill,
}

/// A group in one slot.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GroupSlot {
    /// Where the slot begins; for [`Slots::Whole`] the beginning of the group's range.
    pub start: Timestamp,
    /// How many series have a point there.
    pub contributing: u64,
    /// What they have there.
    pub content: SlotContent,
}

/// What a group has in a slot.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum SlotContent {
    /// The points of its series.
    Points(Summary),
    /// What its series were reduced to, by statistic.
    Answers(Vec<Combined>),
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
            reduction: self.reduction.clone(),
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
            content: SlotContent::Points(bucket.summary),
        }
    }
}

impl GroupSlot {
    /// The points, if these are what it has.
    pub const fn points(&self) -> Option<&Summary> {
        match &self.content {
            SlotContent::Points(points) => Some(points),
            SlotContent::Answers(_) => None,
        }
    }

    /// Adds other series in the same slot. Fails (internal) if they are not of the same
    /// question.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        self.contributing += other.contributing;
        match (&mut self.content, &other.content) {
            (SlotContent::Points(mine), SlotContent::Points(others)) => mine.merge(others),
            (SlotContent::Answers(mine), SlotContent::Answers(others)) => {
                for (mine, other) in mine.iter_mut().zip(others) {
                    mine.merge(other);
                }
            }
            (SlotContent::Points(_), SlotContent::Answers(_))
            | (SlotContent::Answers(_), SlotContent::Points(_)) => {
                let context = "slots of different questions";
                return Err(StoreError::new(Kind::Internal, context));
            }
        }
        Ok(())
    }
}
