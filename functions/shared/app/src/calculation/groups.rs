//! Calculates over many series: plans how to divide them, by series and by time, has
//! the shards calculated at the same time, and merges their summaries.

use futures_util::future::{try_join, try_join_all};
use futures_util::{StreamExt, stream};
use tidemark_core::name::SeriesKey;
use tidemark_core::time::TimeRange;
use tidemark_ports::error::Result;
use tidemark_ports::{Bucket, Group, GroupJob, GroupSlot, Job, Member, Slots, Summarize};

use super::{Calculation, reduced};
use crate::measure::timed;

/// How many shards there are at the most.
const MAX_SHARDS: u64 = 64;

/// How often a shard takes as many series as a store looks at at once: each look costs,
/// however small the series is.
const TURNS: u64 = 16;

/// How many series are reduced at the same time, each with an answer for every slot.
const AT_ONCE: usize = 8;

/// Some of the groups of a job, each with its position in the job.
#[derive(Debug, Default)]
struct Part {
    groups: Vec<(usize, Group)>,
    cost: u64,
}

/// How a job is divided.
#[derive(Debug)]
struct Plan {
    /// Series that fit into a shard, by shard.
    small: Vec<Part>,
    /// Series that are more than a shard, each with the position of its group: these are
    /// divided by time.
    large: Vec<(usize, Member)>,
}

impl Calculation {
    /// Runs a job over many series: at once if it is small or part of another, else in
    /// shards.
    pub async fn handle_groups(&self, job: GroupJob) -> Result<Vec<Vec<GroupSlot>>> {
        timed("calculation_ms", self.calculate_groups(job)).await
    }

    pub(super) async fn calculate_groups(&self, job: GroupJob) -> Result<Vec<Vec<GroupSlot>>> {
        if job.is_shard {
            return self.pool(&job).await;
        }
        if self.points.summarizes_at_once(job.parts) {
            return self.pool(&job).await;
        }
        // A shard looks at its series in some turns at the most.
        let shard_points = self.points.shard_points().get();
        let look = shard_points / (self.points.series_at_once().get() as u64 * TURNS);
        let plan = plan(&job, shard_points, look);
        if plan.large.is_empty() && plan.small.len() <= 1 {
            return self.pool(&job).await;
        }
        let shards = plan.small.into_iter().map(async |part| {
            let (positions, groups): (Vec<usize>, Vec<Group>) = part.groups.into_iter().unzip();
            let slots = self.shards.run_groups(job.of(groups, true)).await?;
            Ok(positions.into_iter().zip(slots).collect::<Vec<_>>())
        });
        let series = plan.large.into_iter().map(async |(group, member)| {
            let range = job.groups[group].range;
            let slots = self.one(&job, &member, range).await?;
            Ok((group, slots))
        });
        let (shards, series) = try_join(try_join_all(shards), try_join_all(series)).await?;
        let mut pools = pools(&job);
        for (group, slots) in shards.into_iter().flatten().chain(series) {
            pools[group].add(slots)?;
        }
        Ok(pools.into_iter().map(Pool::finish).collect())
    }

    /// Calculates the groups from the store.
    async fn pool(&self, job: &GroupJob) -> Result<Vec<Vec<GroupSlot>>> {
        let members: Vec<(usize, SeriesKey, &Member, TimeRange)> = job
            .groups
            .iter()
            .enumerate()
            .flat_map(|(position, group)| {
                group.members.iter().filter_map(move |member| {
                    // The same range for all, which a store can ask about in one go.
                    member.within(group.range)?;
                    Some((position, key(job, member), member, group.range))
                })
            })
            .collect();
        let mut pools = pools(job);
        if !reduced::takes_buckets_alone(job) {
            let each: Vec<_> = members
                .iter()
                .map(|(_, _, member, range)| self.one(job, member, *range))
                .collect();
            // In order, which decides between a zero and a negative one.
            let mut found = stream::iter(each).buffered(AT_ONCE).enumerate();
            while let Some((position, slots)) = found.next().await {
                pools[members[position].0].add(slots?)?;
            }
            return Ok(pools.into_iter().map(Pool::finish).collect());
        }
        for members in members.chunks(self.points.series_at_once().get()) {
            let requests: Vec<Summarize<'_>> = members
                .iter()
                .map(|(_, series, member, range)| Summarize {
                    series,
                    range: *range,
                    tombstones: &member.tombstones,
                    slots: job.slots,
                    parts: job.parts,
                    limit: job.limit,
                })
                .collect();
            let summaries = self.points.summarize_many(&requests).await?;
            for ((group, ..), buckets) in members.iter().zip(summaries) {
                pools[*group].add(slots(job, buckets))?;
            }
        }
        Ok(pools.into_iter().map(Pool::finish).collect())
    }

    /// Calculates one series of a group.
    async fn one(
        &self,
        job: &GroupJob,
        member: &Member,
        range: TimeRange,
    ) -> Result<Vec<GroupSlot>> {
        match &job.reduction {
            Some(reduction) if !reduced::takes_buckets_alone(job) => {
                self.reduced(job, reduction, member, range).await
            }
            Some(_) | None => {
                let buckets = self.calculate(series_job(job, member, range)).await?;
                Ok(slots(job, buckets))
            }
        }
    }
}

/// The buckets of one series as slots of its group.
fn slots(job: &GroupJob, buckets: Vec<Bucket>) -> Vec<GroupSlot> {
    match &job.reduction {
        None => buckets.into_iter().map(GroupSlot::from).collect(),
        Some(reduction) => buckets
            .iter()
            .map(|bucket| reduced::slot(reduction, bucket))
            .collect(),
    }
}

pub(super) fn key(job: &GroupJob, member: &Member) -> SeriesKey {
    SeriesKey {
        tenant: job.tenant.clone(),
        name: member.name.clone(),
    }
}

fn series_job(job: &GroupJob, member: &Member, range: TimeRange) -> Job {
    Job {
        series: key(job, member),
        range: member.within(range).unwrap_or(range),
        tombstones: member.tombstones.clone(),
        slots: job.slots,
        parts: job.parts,
        limit: job.limit,
        is_shard: job.is_shard,
    }
}

/// Divides a job into shards of about so many points, in the order of its groups, where a
/// series counts for `look` points beside its own.
fn plan(job: &GroupJob, shard_points: u64, look: u64) -> Plan {
    let mut large = Vec::new();
    let mut small = Vec::new();
    for (position, group) in job.groups.iter().enumerate() {
        for member in &group.members {
            if member.within(group.range).is_none() {
                continue;
            }
            if member.extent.points > shard_points {
                large.push((position, member.clone()));
            } else {
                small.push((position, group.range, member));
            }
        }
    }
    let cost = |member: &Member| member.extent.points + look;
    let whole: u64 = small.iter().map(|(_, _, member)| cost(member)).sum();
    let shards = whole.div_ceil(shard_points).clamp(1, MAX_SHARDS);
    let most = whole.div_ceil(shards);
    let mut parts: Vec<Part> = Vec::new();
    for (position, range, member) in small {
        if parts.last().is_none_or(|part| part.cost >= most) {
            parts.push(Part::default());
        }
        if let Some(part) = parts.last_mut() {
            part.add(position, range, member);
            part.cost += cost(member);
        }
    }
    Plan {
        small: parts,
        large,
    }
}

impl Part {
    fn add(&mut self, position: usize, range: TimeRange, member: &Member) {
        let member = member.clone();
        match self.groups.last_mut() {
            Some((last, group)) if *last == position => group.members.push(member),
            _ => {
                let members = vec![member];
                self.groups.push((position, Group { range, members }));
            }
        }
    }
}

/// The slots of a group, ascending, which grow by one series after the other.
struct Pool {
    /// Where the one slot begins, if there is but one.
    whole: Option<TimeRange>,
    limit: usize,
    slots: Vec<GroupSlot>,
}

fn pools(job: &GroupJob) -> Vec<Pool> {
    let pool = |group: &Group| Pool {
        whole: (job.slots == Slots::Whole).then_some(group.range),
        limit: job.limit.max(1),
        slots: Vec::new(),
    };
    job.groups.iter().map(pool).collect()
}

impl Pool {
    /// Merges slots in, which ascend.
    fn add(&mut self, slots: Vec<GroupSlot>) -> Result<()> {
        let mut at = 0;
        let mut new = Vec::new();
        for mut slot in slots {
            if let Some(whole) = self.whole {
                slot.start = whole.from();
            }
            at += self.slots[at..].partition_point(|other| other.start < slot.start);
            match self.slots.get_mut(at) {
                Some(other) if other.start == slot.start => {
                    other.merge(&slot)?;
                }
                _ => new.push(slot),
            }
        }
        if self.slots.is_empty() {
            self.slots = new;
        } else if !new.is_empty() {
            self.slots.append(&mut new);
            // Two ascending runs.
            self.slots.sort_by_key(|slot| slot.start);
        }
        self.slots.truncate(self.limit);
        Ok(())
    }

    fn finish(self) -> Vec<GroupSlot> {
        self.slots
    }
}

#[cfg(test)]
mod tests;
