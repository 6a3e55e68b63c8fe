//! Reduces each series of a group by itself, to answers that can be combined.

use async_trait::async_trait;
use tidemark_core::across::Combined;
use tidemark_core::portion::Portion;
use tidemark_core::stat::{Answer, Stat};
use tidemark_core::time::TimeRange;
use tidemark_ports::error::Result;
use tidemark_ports::{
    Bucket, Calculator, GroupJob, GroupSlot, Job, Member, Reduction, SlotContent, Slots,
};

use super::Calculation;
use super::groups::key;
use crate::reading::{Fill, RowsWanted, SeriesReader};

/// Calculates as a part of a calculation: what that must not divide is not divided.
struct Part<'a> {
    calculation: &'a Calculation,
    is_shard: bool,
}

#[async_trait]
impl Calculator for Part<'_> {
    async fn run(&self, job: Job) -> Result<Vec<Bucket>> {
        let is_shard = self.is_shard;
        self.calculation.calculate(Job { is_shard, ..job }).await
    }

    async fn run_groups(&self, job: GroupJob) -> Result<Vec<Vec<GroupSlot>>> {
        self.calculation.calculate_groups(job).await
    }
}

/// Whether the slots of a series are those of its buckets, with nothing filled and
/// nothing that reaches over an edge.
pub(super) fn takes_buckets_alone(job: &GroupJob) -> bool {
    job.reduction.as_ref().is_none_or(|reduction| {
        let is_filled = reduction.fill != Fill::None && job.slots != Slots::Whole;
        !is_filled && !reduction.stats.iter().any(|stat| stat.crosses_edges())
    })
}

/// What a bucket is reduced to.
pub(super) fn slot(reduction: &Reduction, bucket: &Bucket) -> GroupSlot {
    let portion = Portion::of(Some(&bucket.summary));
    let answers = reduction.stats.iter();
    let answers = answers.map(|stat| Combined::of(stat.of_portion(&portion, reduction.ways)));
    GroupSlot {
        start: bucket.start,
        contributing: 1,
        content: SlotContent::Answers(answers.collect()),
    }
}

impl Calculation {
    /// Reduces one series, `range` being what is still to be told of it.
    pub(super) async fn reduced(
        &self,
        job: &GroupJob,
        reduction: &Reduction,
        member: &Member,
        range: TimeRange,
    ) -> Result<Vec<GroupSlot>> {
        let series = key(job, member);
        let calculator = Part {
            calculation: self,
            is_shard: job.is_shard,
        };
        let reader = SeriesReader {
            points: &*self.points,
            calculator: &calculator,
            series: &series,
            tombstones: &member.tombstones,
        };
        // The count tells whether there are points.
        let stats: Vec<Stat> = [Stat::Count]
            .into_iter()
            .chain(reduction.stats.iter().copied())
            .collect();
        let (asked, ways) = (reduction.asked, reduction.ways);
        let rows = match job.slots {
            Slots::Whole => vec![(range.from(), reader.stats(asked, &stats, ways).await?)],
            Slots::Grid(grid) => {
                let wanted = RowsWanted {
                    grid,
                    stats: &stats,
                    ways,
                    fill: reduction.fill,
                };
                let held = reader.ends(TimeRange::ALL).await?;
                let all = held.and_then(|held| held.intersection(asked));
                let rest = all.and_then(|all| all.intersection(range));
                let Some((all, rest)) = all.zip(rest) else {
                    return Ok(Vec::new());
                };
                let rows = reader.rows(all, rest, &wanted, job.limit).await?;
                rows.into_iter()
                    .map(|(slot, answers)| (slot.start, answers))
                    .collect()
            }
        };
        let is_filled = reduction.fill != Fill::None && job.slots != Slots::Whole;
        let slots = rows.into_iter().map(|(start, answers)| {
            let mut answers = answers.into_iter();
            let count = answers.next().map(|(_, count)| count);
            let has_points = !matches!(count, Some(Answer::Count(0)) | None);
            // Without points it takes part with what reaches over it, or is filled.
            let combined = |(stat, answer): (Stat, Answer)| {
                if has_points || is_filled || stat.crosses_edges() {
                    Combined::of(answer)
                } else {
                    Combined::default()
                }
            };
            GroupSlot {
                start,
                contributing: u64::from(has_points),
                content: SlotContent::Answers(answers.map(combined).collect()),
            }
        });
        Ok(slots.collect())
    }
}
