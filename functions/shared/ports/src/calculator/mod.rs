//! Calculations over a range of a series, which may run elsewhere.

mod groups;
pub mod wire;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tidemark_core::grid::Grid;
use tidemark_core::name::SeriesKey;
use tidemark_core::summary::{Parts, Summary};
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_core::tombstone::Tombstones;

use crate::error::Result;

pub use groups::{Group, GroupJob, GroupSlot, Member, Reduction, SlotContent};

/// Into what a range is summarized.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slots {
    /// All of it into one.
    Whole,
    /// Into the slots of a grid.
    Grid(Grid),
}

/// The summary of one slot.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Bucket {
    /// Where the slot begins; for [`Slots::Whole`] the beginning of the range.
    pub start: Timestamp,
    /// Its points.
    pub summary: Summary,
}

/// A range to be summarized.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Whose points.
    pub series: SeriesKey,
    /// From when to when.
    pub range: TimeRange,
    /// What was deleted of the series.
    pub tombstones: Tombstones,
    /// Into what.
    pub slots: Slots,
    /// What the summaries hold beside the basics.
    pub parts: Parts,
    /// How many buckets at the most, the earliest ones.
    pub limit: usize,
    /// Whether it is a part of another job, not to be divided again.
    pub is_shard: bool,
}

/// Runs calculation jobs.
#[async_trait]
pub trait Calculator: Send + Sync {
    /// Runs one job: its buckets that hold a point, ascending.
    async fn run(&self, job: Job) -> Result<Vec<Bucket>>;

    /// Runs a job over many series: of each group its slots that hold a point,
    /// ascending.
    async fn run_groups(&self, job: GroupJob) -> Result<Vec<Vec<GroupSlot>>>;
}
