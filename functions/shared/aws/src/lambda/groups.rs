//! Calculations over many series by another function. Of a long answer the caller asks
//! for the rest: the groups that are not in it, and of the one that it breaks off in what
//! comes after.

use tidemark_core::time::TimeRange;
use tidemark_ports::calculator::wire::{CalculationReply, GroupReply, JobRequest};
use tidemark_ports::error::{Kind, Result, StoreError};
use tidemark_ports::{Group, GroupJob, GroupSlot};

use super::{LambdaCalculator, unexpected};

/// What of a job is still to be asked.
struct Rest {
    /// The position of its first group in the whole job.
    first: usize,
    job: GroupJob,
}

impl LambdaCalculator {
    pub(super) async fn groups(&self, job: GroupJob) -> Result<Vec<Vec<GroupSlot>>> {
        let mut found: Vec<Vec<GroupSlot>> = job.groups.iter().map(|_| Vec::new()).collect();
        let limit = job.limit.max(1);
        let mut left = Some(Rest { first: 0, job });
        while let Some(Rest { first, job }) = left.take() {
            let Some(reply) = self.invoke(&JobRequest::Groups(job.clone())).await? else {
                let rest = self.inline.run_groups(job).await?;
                for (position, slots) in rest.into_iter().enumerate() {
                    found[first + position].extend(slots);
                }
                break;
            };
            let CalculationReply::Groups(reply) = reply else {
                return Err(unexpected());
            };
            left = take(reply, first, &job, &mut found)?;
        }
        for slots in &mut found {
            slots.truncate(limit);
        }
        Ok(found)
    }
}

/// Takes what an answer holds, and tells what to ask next.
fn take(
    reply: GroupReply,
    first: usize,
    job: &GroupJob,
    found: &mut [Vec<GroupSlot>],
) -> Result<Option<Rest>> {
    let (slots, rest) = reply.read()?;
    let is_empty = slots.is_empty();
    for (position, slot) in slots {
        let group = found.get_mut(first + position).ok_or_else(unexpected)?;
        group.push(slot);
    }
    let Some((position, start)) = rest else {
        return Ok(None);
    };
    let mut groups = job.groups.get(position..).unwrap_or_default().to_vec();
    let Some(broken) = groups.first_mut() else {
        return Err(unexpected());
    };
    if is_empty {
        let context = "a calculation does not get on";
        return Err(StoreError::new(Kind::Internal, context));
    }
    let Group { range, .. } = broken;
    // A slot may begin before the range does.
    let from = start.max(range.from());
    broken.range = TimeRange::new(from, range.to()).map_err(|_| unexpected())?;
    Ok(Some(Rest {
        first: first + position,
        job: job.of(groups, job.is_shard),
    }))
}
