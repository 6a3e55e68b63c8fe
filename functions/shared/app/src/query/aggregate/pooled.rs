//! Rows of groups whose points are one heap.

use futures_util::{StreamExt, TryStreamExt, stream};
use tidemark_core::grid::Grid;
use tidemark_core::name::{SeriesKey, Tenant};
use tidemark_core::stat::Stat;
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_ports::{GroupJob, GroupSlot, Order, Scan, Slots};

use super::{AggregateQuestion, AggregateRow, Told};
use crate::failure::Failure;
use crate::query::fill::{Fill, Held, Wanted};
use crate::query::{Query, beyond};

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
            let job = GroupJob {
                tenant: tenant.clone(),
                groups: now.iter().map(Told::group).collect(),
                slots: question.grid.map_or(Slots::Whole, Slots::Grid),
                parts: Stat::parts(&question.stats),
                limit: room,
                is_shard: false,
            };
            let slots = self.calculator.run_groups(job).await?;
            for (group, slots) in now.iter().zip(slots) {
                match question.grid {
                    None => rows.push(whole(question, group, slots.first())),
                    Some(grid) => {
                        let wanted = Wanted {
                            grid,
                            stats: &question.stats,
                            fill: question.fill,
                        };
                        let before = self.before(tenant, range, group, &slots, &wanted).await?;
                        rows.extend(in_slots(&wanted, group, &slots, before, room));
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
        range: TimeRange,
        group: &Told,
        slots: &[GroupSlot],
        wanted: &Wanted<'_>,
    ) -> Result<Option<GroupSlot>, Failure> {
        let grid = wanted.grid;
        let is_needed = matches!(wanted.fill, Fill::Previous | Fill::Linear)
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
                let series = SeriesKey {
                    tenant: tenant.clone(),
                    name: member.name.clone(),
                };
                let Some(range) = member.within(earlier) else {
                    return Ok(None);
                };
                let scan = Scan {
                    series: &series,
                    range,
                    tombstones: &member.tombstones,
                    order: Order::Descending,
                    limit: 1,
                };
                let page = self.points.read(scan).await?;
                Ok::<_, Failure>(page.points.first().map(|point| point.time))
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
        let mut told = group.group();
        told.range = within;
        let job = GroupJob {
            tenant: tenant.clone(),
            groups: vec![told],
            slots: Slots::Grid(grid),
            parts: wanted.parts(),
            limit: 1,
            is_shard: false,
        };
        let found = self.calculator.run_groups(job).await?;
        Ok(found.into_iter().flatten().next())
    }
}

/// How many of the groups, one at least, surely fill so many rows.
fn enough(grid: Option<Grid>, groups: &[Told], room: usize) -> usize {
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
    let summary = slot.map(|slot| &slot.summary);
    AggregateRow {
        group: group.labels.clone(),
        slot: None,
        contributing: slot.map_or(0, |slot| slot.contributing),
        answers: question
            .stats
            .iter()
            .map(|stat| (*stat, stat.of(summary)))
            .collect(),
    }
}

/// The rows of a group: its slots with points, and where it is to be filled those between
/// them.
fn in_slots(
    wanted: &Wanted<'_>,
    group: &Told,
    slots: &[GroupSlot],
    before: Option<GroupSlot>,
    limit: usize,
) -> Vec<AggregateRow> {
    let grid = wanted.grid;
    let row = |start: Timestamp, contributing, answers| AggregateRow {
        group: group.labels.clone(),
        slot: Some(grid.slot_of(start)),
        contributing,
        answers,
    };
    if wanted.fill == Fill::None {
        return slots
            .iter()
            .map(|slot| row(slot.start, slot.contributing, wanted.answers(&slot.summary)))
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
    let Ok(told) = TimeRange::new(from, last.start.max(from)) else {
        return Vec::new();
    };
    let filled = |slot: &GroupSlot| (slot.start, wanted.answers(&slot.summary));
    let held = Held {
        inside: slots.iter().map(filled).collect(),
        before: before.as_ref().map(filled),
        after: None,
    };
    grid.slots(told)
        .take(limit)
        .map(|slot| {
            let at = slots.binary_search_by_key(&slot.start, |slot| slot.start);
            let contributing = at.map_or(0, |at| slots[at].contributing);
            row(slot.start, contributing, wanted.fill(slot.start, &held))
        })
        .collect()
}
