//! Rows of groups whose points are one heap.

use futures_util::{StreamExt, TryStreamExt, stream};
use tidemark_core::grid::Grid;
use tidemark_core::name::{SeriesKey, Tenant};
use tidemark_core::stat::{Answer, Stat};
use tidemark_core::summary::Summary;
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_ports::{GroupJob, GroupSlot, Order, Slots};

use super::{AggregateQuestion, AggregateRow, Told};
use crate::failure::Failure;
use crate::query::{Known, Query};
use crate::reading::beyond;
use crate::reading::fill::{Fill, Held};

/// How many series are read at the same time.
const READS: usize = 16;

impl Query {
    /// The rows of groups, up to the limit. `range` is all that is asked about.
    pub(super) async fn pooled_rows(
        &self,
        tenant: &Tenant,
        question: &AggregateQuestion,
        range: TimeRange,
        groups: &[Told],
    ) -> Result<Vec<AggregateRow>, Failure> {
        let mut rows = Vec::new();
        let mut rest = groups;
        while rows.len() < question.limit && !rest.is_empty() {
            let room = question.limit - rows.len();
            let (now, later) = rest.split_at(enough(question.grid, rest, room));
            let slots = self
                .calculator
                .run_groups(question.job(tenant, now, room))
                .await?;
            for (group, slots) in now.iter().zip(slots) {
                match question.grid {
                    None => rows.push(whole(question, group, slots.first())),
                    Some(grid) => {
                        let before =
                            (self.before(tenant, question, grid, range, group, &slots)).await?;
                        rows.extend(in_slots(
                            question,
                            grid,
                            group,
                            &slots,
                            before.as_ref(),
                            room,
                        ));
                    }
                }
            }
            rest = later;
        }
        rows.truncate(question.limit);
        Ok(rows)
    }

    /// The last slot with points before those that are still to be told, where they are
    /// filled by it.
    async fn before(
        &self,
        tenant: &Tenant,
        question: &AggregateQuestion,
        grid: Grid,
        range: TimeRange,
        group: &Told,
        slots: &[GroupSlot],
    ) -> Result<Option<GroupSlot>, Failure> {
        let is_needed = matches!(question.fill, Fill::Previous | Fill::Linear)
            && group.is_begun
            && slots
                .first()
                .is_some_and(|first| first.start > group.range.from());
        let earlier = beyond(group.range, Order::Descending).and_then(|r| r.intersection(range));
        let Some(earlier) = earlier.filter(|_| is_needed) else {
            return Ok(None);
        };
        let looks: Vec<_> = group
            .members
            .iter()
            .map(async |member| {
                let series = Known {
                    key: SeriesKey {
                        tenant: tenant.clone(),
                        name: member.name.clone(),
                    },
                    tombstones: member.tombstones.clone(),
                };
                let Some(range) = member.within(earlier) else {
                    return Ok(None);
                };
                let reader = self.reader(&series);
                let latest = reader.read(range, Order::Descending, 1).await?;
                Ok::<_, Failure>(latest.first().map(|point| point.time))
            })
            .collect();
        let latest: Vec<Option<Timestamp>> =
            stream::iter(looks).buffered(READS).try_collect().await?;
        let Some(time) = latest.into_iter().flatten().max() else {
            return Ok(None);
        };
        let slot = grid.slot_of(time);
        let slot = TimeRange::new(slot.start, slot.last()).ok();
        let Some(within) = slot.and_then(|slot| slot.intersection(earlier)) else {
            return Ok(None);
        };
        let told = Told {
            range: within,
            ..group.clone()
        };
        let found = self
            .calculator
            .run_groups(question.job(tenant, &[told], 1))
            .await?;
        Ok(found.into_iter().flatten().next())
    }
}

impl AggregateQuestion {
    /// Groups to be calculated, up to so many slots of each.
    pub(super) fn job(&self, tenant: &Tenant, groups: &[Told], limit: usize) -> GroupJob {
        GroupJob {
            tenant: tenant.clone(),
            groups: groups.iter().map(Told::group).collect(),
            slots: self.grid.map_or(Slots::Whole, Slots::Grid),
            parts: Stat::parts(&self.stats),
            reduction: None,
            limit,
            is_shard: false,
        }
    }
}

/// How many of the groups, one at least, surely fill so many rows.
pub(super) fn enough(grid: Option<Grid>, groups: &[Told], room: usize) -> usize {
    let mut rows = 0_u64;
    let mut count = 0;
    for group in groups {
        if count > 0 && rows >= room as u64 {
            break;
        }
        let points: u64 = group.members.iter().map(|m| m.extent.points).sum();
        rows += grid.map_or(1, |grid| grid.count(group.range).min(points));
        count += 1;
    }
    count
}

/// The one row of a group.
fn whole(question: &AggregateQuestion, group: &Told, slot: Option<&GroupSlot>) -> AggregateRow {
    let summary = slot.and_then(GroupSlot::points);
    AggregateRow {
        group: group.labels.clone(),
        slot: None,
        contributing: slot.map_or(0, |slot| slot.contributing),
        answers: question.answers(summary),
    }
}

impl AggregateQuestion {
    fn answers(&self, points: Option<&Summary>) -> Vec<(Stat, Answer)> {
        let answer = |stat: &Stat| (*stat, stat.of(points));
        self.stats.iter().map(answer).collect()
    }
}

/// The rows of a group: its slots with points, and where it is to be filled those between
/// them.
fn in_slots(
    question: &AggregateQuestion,
    grid: Grid,
    group: &Told,
    slots: &[GroupSlot],
    before: Option<&GroupSlot>,
    limit: usize,
) -> Vec<AggregateRow> {
    let row = |start: Timestamp, contributing, answers| AggregateRow {
        group: group.labels.clone(),
        slot: Some(grid.slot_of(start)),
        contributing,
        answers,
    };
    let told = |slot: &GroupSlot| (slot.start, question.answers(slot.points()));
    if question.fill == Fill::None {
        return slots
            .iter()
            .map(|slot| row(slot.start, slot.contributing, told(slot).1))
            .collect();
    }
    let (Some(first), Some(last)) = (slots.first(), slots.last()) else {
        return Vec::new();
    };
    let from = if group.is_begun {
        group.range.from()
    } else {
        first.start
    };
    let Ok(range) = TimeRange::new(from, last.start.max(from)) else {
        return Vec::new();
    };
    let held = Held {
        inside: slots.iter().map(told).collect(),
        before: before.map(told),
        after: None,
    };
    grid.slots(range)
        .take(limit)
        .map(|slot| {
            let at = slots.binary_search_by_key(&slot.start, |slot| slot.start);
            let contributing = at.map_or(0, |at| slots[at].contributing);
            let answers = held.fill(slot.start, &question.stats, question.fill);
            row(slot.start, contributing, answers)
        })
        .collect()
}
