//! Rows of groups whose series are reduced one by one, and then combined.

use tidemark_core::across::{Across, Combined};
use tidemark_core::grid::Grid;
use tidemark_core::name::Tenant;
use tidemark_core::stat::{Answer, Stat};
use tidemark_core::summary::Parts;
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_ports::{GroupJob, GroupSlot, Reduction, SlotContent};

use super::pooled::enough;
use super::{AggregateQuestion, AggregateRow, Told};
use crate::failure::Failure;
use crate::query::Query;
use crate::reading::Fill;

/// How many slots are looked at at once to find the first that has something.
const SKIPPED: usize = 10_000;

impl Query {
    /// The rows of groups, up to the limit. `asked` is all that is asked about.
    pub(super) async fn reduced_rows(
        &self,
        tenant: &Tenant,
        question: &AggregateQuestion,
        asked: TimeRange,
        groups: &[Told],
    ) -> Result<Vec<AggregateRow>, Failure> {
        let reduced = Reduced {
            query: self,
            tenant,
            question,
            asked,
        };
        let mut rows = Vec::new();
        let mut rest = groups;
        while rows.len() < question.limit && !rest.is_empty() {
            let room = question.limit - rows.len();
            let (now, later) = rest.split_at(enough(question.grid, rest, room));
            let slots = reduced.slots_of(now, room).await?;
            for (group, slots) in now.iter().zip(slots) {
                match question.grid {
                    None => rows.push(question.row(group, None, slots.first())),
                    Some(grid) => {
                        let slots = match question.fill {
                            Fill::None => slots,
                            _ => reduced.filled(grid, group, slots, room).await?,
                        };
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
}

/// A question whose series are reduced.
struct Reduced<'a> {
    query: &'a Query,
    tenant: &'a Tenant,
    question: &'a AggregateQuestion,
    /// All that is asked about.
    asked: TimeRange,
}

impl Reduced<'_> {
    /// The slots of groups, up to so many of each.
    async fn slots_of(
        &self,
        groups: &[Told],
        limit: usize,
    ) -> Result<Vec<Vec<GroupSlot>>, Failure> {
        let question = self.question;
        let job = GroupJob {
            reduction: Some(Reduction {
                asked: self.asked,
                stats: question.stats.clone(),
                ways: question.ways,
                fill: question.fill,
            }),
            ..question.job(self.tenant, groups, limit)
        };
        Ok(self.query.calculator.run_groups(job).await?)
    }

    async fn slots(&self, group: &Told, limit: usize) -> Result<Vec<GroupSlot>, Failure> {
        let found = self.slots_of(std::slice::from_ref(group), limit).await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// All slots of a group from the first to the last that has something: a series may be
    /// filled beyond these, and between two series there may be nothing at all.
    async fn filled(
        &self,
        grid: Grid,
        group: &Told,
        slots: Vec<GroupSlot>,
        room: usize,
    ) -> Result<Vec<GroupSlot>, Failure> {
        let has = |slot: &GroupSlot| self.question.has(slot);
        let (mut group, mut slots, mut limit) = (group.clone(), slots, room);
        while !group.is_begun {
            let range = match slots.iter().position(has) {
                Some(0) => break,
                Some(first) => TimeRange::new(slots[first].start, group.range.to()).ok(),
                None if slots.len() < limit => return Ok(Vec::new()),
                None => after(grid, &slots, group.range),
            };
            let Some(range) = range else {
                return Ok(Vec::new());
            };
            // Not from before where it begins, if a slot does.
            let from = range.from().max(group.range.from());
            group.range = TimeRange::new(from, range.to()).unwrap_or(range);
            limit = if slots.iter().any(has) { room } else { SKIPPED };
            slots = self.slots(&group, limit).await?;
        }
        let end = slots.iter().rposition(has).map_or(0, |last| last + 1);
        if end < slots.len() {
            // There may be more after what fits here.
            let later = after(grid, &slots, group.range).filter(|_| slots.len() >= limit);
            let is_last = match later {
                None => true,
                Some(range) => !self.has_points(&group, range).await?,
            };
            if is_last {
                slots.truncate(end);
            }
        }
        let (Some(first), Some(last)) = (slots.first(), slots.last()) else {
            return Ok(Vec::new());
        };
        let last = last.start;
        let first = if group.is_begun {
            group.range.from()
        } else {
            first.start
        };
        let Ok(range) = TimeRange::new(first, last.max(first)) else {
            return Ok(Vec::new());
        };
        let mut found = slots.into_iter().peekable();
        let slot = |start: Timestamp| {
            let found = found.next_if(|slot| slot.start == start);
            found.unwrap_or_else(|| self.question.empty(start))
        };
        let starts = grid.slots(range).map(|slot| slot.start);
        Ok(starts.take(room).map(slot).collect())
    }

    async fn has_points(&self, group: &Told, range: TimeRange) -> Result<bool, Failure> {
        let told = Told {
            range,
            ..group.clone()
        };
        let mut job = self.question.job(self.tenant, &[told], 1);
        job.parts = Parts::NONE;
        let found = self.query.calculator.run_groups(job).await?;
        Ok(found.iter().any(|slots| !slots.is_empty()))
    }
}

/// What of a range comes after these slots.
fn after(grid: Grid, slots: &[GroupSlot], range: TimeRange) -> Option<TimeRange> {
    let next = grid.slot_of(slots.last()?.start).last().next()?;
    TimeRange::new(next, range.to()).ok()
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

    /// A slot in which no series of the group is told about.
    fn empty(&self, start: Timestamp) -> GroupSlot {
        let nothing = vec![Combined::default(); self.stats.len()];
        GroupSlot {
            start,
            contributing: 0,
            content: SlotContent::Answers(nothing),
        }
    }

    fn row(&self, group: &Told, grid: Option<Grid>, slot: Option<&GroupSlot>) -> AggregateRow {
        // Of a single series either end is its own answer.
        let across = self.across.unwrap_or(Across::Max);
        let nothing = Combined::default();
        let answer = |(position, stat): (usize, &Stat)| {
            let combined = match slot.map(|slot| &slot.content) {
                Some(SlotContent::Answers(answers)) => answers.get(position),
                Some(SlotContent::Points(_)) | None => None,
            };
            match combined {
                Some(combined) if *combined != nothing => combined.answer(across),
                // Of no series: as of no points, but that there is no sum of a slot.
                Some(_) | None if grid.is_none() || *stat == Stat::Count => stat.of(None),
                Some(_) | None => Answer::Undefined,
            }
        };
        AggregateRow {
            group: group.labels.clone(),
            slot: grid.zip(slot).map(|(grid, slot)| grid.slot_of(slot.start)),
            contributing: slot.map_or(0, |slot| slot.contributing),
            answers: self
                .stats
                .iter()
                .enumerate()
                .map(|(position, stat)| (*stat, answer((position, stat))))
                .collect(),
        }
    }
}
