//! Rows of groups whose series are reduced one by one, and then combined.

use tidemark_core::across::{Across, Combined};
use tidemark_core::grid::Grid;
use tidemark_core::name::Tenant;
use tidemark_core::summary::Parts;
use tidemark_core::time::TimeRange;
use tidemark_ports::{GroupJob, GroupSlot, Reduction, SlotContent};

use super::pooled::enough;
use super::{AggregateQuestion, AggregateRow, Told};
use crate::failure::Failure;
use crate::query::Query;
use crate::reading::Fill;

impl Query {
    /// The rows of groups, up to the limit. `asked` is all that is asked about.
    pub(super) async fn reduced_rows(
        &self,
        tenant: &Tenant,
        question: &AggregateQuestion,
        asked: TimeRange,
        groups: &[Told],
    ) -> Result<Vec<AggregateRow>, Failure> {
        let mut rows = Vec::new();
        let mut rest = groups;
        while rows.len() < question.limit && !rest.is_empty() {
            let room = question.limit - rows.len();
            let (now, later) = rest.split_at(enough(question.grid, rest, room));
            let job = GroupJob {
                reduction: Some(Reduction {
                    asked,
                    stats: question.stats.clone(),
                    ways: question.ways,
                    fill: question.fill,
                }),
                ..question.job(tenant, now, room)
            };
            let slots = self.calculator.run_groups(job).await?;
            for (group, mut slots) in now.iter().zip(slots) {
                match question.grid {
                    None => rows.push(question.row(group, None, slots.first())),
                    Some(grid) => {
                        if question.fill != Fill::None {
                            self.trim(tenant, question, grid, group, &mut slots, room)
                                .await?;
                        }
                        let row = |slot: &GroupSlot| question.row(group, Some(grid), Some(slot));
                        rows.extend(slots.iter().map(row));
                    }
                }
            }
            rest = later;
        }
        rows.truncate(question.limit);
        Ok(rows)
    }

    /// Leaves out what was filled before the first and after the last slot of the group
    /// that has something.
    async fn trim(
        &self,
        tenant: &Tenant,
        question: &AggregateQuestion,
        grid: Grid,
        group: &Told,
        slots: &mut Vec<GroupSlot>,
        room: usize,
    ) -> Result<(), Failure> {
        let has = |slot: &GroupSlot| question.has(slot);
        if !group.is_begun {
            let first = slots.iter().position(has).unwrap_or(slots.len());
            slots.drain(..first);
        }
        let end = slots.iter().rposition(has).map_or(0, |last| last + 1);
        let Some(last) = slots.last().filter(|_| end < slots.len()) else {
            return Ok(());
        };
        // There may be more after what fits here.
        let later = grid.slot_of(last.start).last().next();
        let later = later.and_then(|from| TimeRange::new(from, group.range.to()).ok());
        if slots.len() >= room
            && let Some(range) = later
        {
            let told = Told {
                range,
                ..group.clone()
            };
            let mut job = question.job(tenant, &[told], 1);
            job.parts = Parts::NONE;
            let found = self.calculator.run_groups(job).await?;
            if found.iter().any(|slots| !slots.is_empty()) {
                return Ok(());
            }
        }
        slots.truncate(end);
        Ok(())
    }
}

impl AggregateQuestion {
    /// Whether a slot has points, or a part of a series that goes through it.
    fn has(&self, slot: &GroupSlot) -> bool {
        let crosses = match &slot.content {
            SlotContent::Points(_) => true,
            SlotContent::Answers(answers) => {
                let mut answers = self.stats.iter().zip(answers);
                answers.any(|(stat, a)| stat.crosses_edges() && *a != Combined::default())
            }
        };
        slot.contributing > 0 || crosses
    }

    fn row(&self, group: &Told, grid: Option<Grid>, slot: Option<&GroupSlot>) -> AggregateRow {
        // Of a single series either end is its own answer.
        let across = self.across.unwrap_or(Across::Max);
        let nothing = Combined::default();
        let combined = |position: usize| match slot.map(|slot| &slot.content) {
            Some(SlotContent::Answers(answers)) => answers.get(position).unwrap_or(&nothing),
            Some(SlotContent::Points(_)) | None => &nothing,
        };
        AggregateRow {
            group: group.labels.clone(),
            slot: grid.zip(slot).map(|(grid, slot)| grid.slot_of(slot.start)),
            contributing: slot.map_or(0, |slot| slot.contributing),
            answers: self
                .stats
                .iter()
                .enumerate()
                .map(|(position, stat)| (*stat, combined(position).answer(across)))
                .collect(),
        }
    }
}
