//! The form in which a job travels to whoever runs it and its buckets travel
//! back: JSON, in answers of up to 6 MB, for AWS Lambda takes no more.

use std::error::Error;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tidemark_core::summary::{Parts, StoredSummary, Summary};
use tidemark_core::time::{TimeRange, Timestamp};

use super::{Bucket, GroupJob, GroupSlot, Job};
use crate::error::{Kind, Result, StoreError, causes};

/// How many bytes of buckets an answer has: in base64 somewhat less than Lambda
/// takes (6291556 bytes). A single bucket has at most 2 MB or so, 8 bytes for
/// each value that its quantiles keep.
const LONGEST: usize = 4_400_000;

/// What is asked of whoever calculates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobRequest {
    /// To run a job.
    Job(Job),
    /// To run one over many series.
    Groups(GroupJob),
}

/// What it answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum CalculationReply {
    /// To a job.
    Job(JobReply),
    /// To one over many series.
    Groups(GroupReply),
}

impl CalculationReply {
    /// Whether the store was busy.
    pub const fn is_busy(&self) -> bool {
        match self {
            Self::Job(reply) => reply.busy,
            Self::Groups(reply) => reply.busy,
        }
    }
}

/// The answer to a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobReply {
    /// The earliest buckets, each in postcard, one after the other, in base64: in a
    /// form that functions of earlier versions write and read as well.
    buckets: String,
    /// What that form lacks, of each bucket, in the same way; empty where none was
    /// asked for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    more: String,
    /// Where the buckets lie that found no room.
    rest: Option<TimeRange>,
    /// Whether there are none because the store is busy.
    #[serde(default)]
    busy: bool,
}

/// The answer to a job over many series.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupReply {
    /// The slots of the first groups, each with the position of its group in the job,
    /// in postcard, one after the other, in base64.
    slots: String,
    /// The position of the group, and the start of its slot, that found no room: the
    /// first that is not in the answer.
    rest: Option<(usize, Timestamp)>,
    /// Whether there are none because the store is busy.
    #[serde(default)]
    busy: bool,
}

impl JobReply {
    /// Of the buckets of a job as many as fit, at least one. A failure that
    /// passes is an answer as well; of any other the function fails.
    pub fn new(job: &Job, calculated: Result<Vec<Bucket>>) -> Result<Self> {
        let Some(buckets) = unless_busy(calculated)? else {
            return Ok(Self {
                buckets: String::new(),
                more: String::new(),
                rest: None,
                busy: true,
            });
        };
        Self::cut(job, &buckets, LONGEST)
    }

    /// Of the buckets of a job those that fit into so many bytes, at least one.
    pub fn cut(job: &Job, buckets: &[Bucket], longest: usize) -> Result<Self> {
        let writing = |e| StoreError::new(Kind::Internal, "writing a bucket").because(e);
        let has_more = !Parts::EARLIER.cover(job.parts);
        let (mut bytes, mut more) = (Vec::new(), Vec::new());
        let mut rest = None;
        for bucket in buckets {
            let before = (bytes.len(), more.len());
            let (start, summary) = (bucket.start, &bucket.summary);
            bytes = postcard::to_extend(&(start, summary.stored()), bytes).map_err(writing)?;
            if has_more {
                more = postcard::to_extend(&summary.later_parts(), more).map_err(writing)?;
            }
            if before.0 > 0 && bytes.len() + more.len() > longest {
                bytes.truncate(before.0);
                more.truncate(before.1);
                rest = TimeRange::new(bucket.start, job.range.to()).ok();
                break;
            }
        }
        Ok(Self {
            buckets: STANDARD.encode(bytes),
            more: STANDARD.encode(more),
            rest,
            busy: false,
        })
    }

    /// The buckets, and where there are more.
    pub fn read(self) -> Result<(Vec<Bucket>, Option<TimeRange>)> {
        fn broken(error: impl Error + Send + Sync + 'static) -> StoreError {
            StoreError::new(Kind::Internal, "reading the buckets of a calculation").because(error)
        }
        let bytes = STANDARD.decode(self.buckets).map_err(broken)?;
        let more = STANDARD.decode(self.more).map_err(broken)?;
        let (mut left, mut more) = (bytes.as_slice(), more.as_slice());
        let mut buckets = Vec::new();
        while !left.is_empty() {
            let ((start, stored), after): ((_, StoredSummary), _) =
                postcard::take_from_bytes(left).map_err(broken)?;
            let mut summary = Summary::from(stored);
            if !more.is_empty() {
                let (parts, after) = postcard::take_from_bytes(more).map_err(broken)?;
                summary = summary.with(parts);
                more = after;
            }
            buckets.push(Bucket { start, summary });
            left = after;
        }
        Ok((buckets, self.rest))
    }
}

impl GroupReply {
    /// Of the slots of a job as many as fit, at least one. A failure that passes is an
    /// answer as well; of any other the function fails.
    pub fn new(calculated: Result<Vec<Vec<GroupSlot>>>) -> Result<Self> {
        let Some(groups) = unless_busy(calculated)? else {
            return Ok(Self {
                slots: String::new(),
                rest: None,
                busy: true,
            });
        };
        Self::cut(&groups, LONGEST)
    }

    /// Of the slots of a job those that fit into so many bytes, at least one.
    pub fn cut(groups: &[Vec<GroupSlot>], longest: usize) -> Result<Self> {
        let slots = groups
            .iter()
            .enumerate()
            .flat_map(|(group, slots)| slots.iter().map(move |slot| (group, slot)));
        let (written, left) = write(slots, longest)?;
        Ok(Self {
            slots: written,
            rest: left.map(|(group, slot)| (group, slot.start)),
            busy: false,
        })
    }

    /// The slots, each with the position of its group, and where there are more.
    #[expect(clippy::type_complexity, reason = "it is read in one place")]
    pub fn read(self) -> Result<(Vec<(usize, GroupSlot)>, Option<(usize, Timestamp)>)> {
        Ok((read(&self.slots)?, self.rest))
    }
}

/// What was calculated; None if the store was too busy for it.
fn unless_busy<T>(calculated: Result<T>) -> Result<Option<T>> {
    match calculated {
        Ok(calculated) => Ok(Some(calculated)),
        Err(error) if error.kind() == Kind::Unavailable => {
            let error = causes(&error);
            tracing::warn!(error, "a calculation has to be tried again");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The first items, as many as fit into so many bytes but at least one, and the first
/// that does not.
fn write<T: Serialize>(
    items: impl Iterator<Item = T>,
    longest: usize,
) -> Result<(String, Option<T>)> {
    let mut bytes = Vec::new();
    let mut left = None;
    for item in items {
        let before = bytes.len();
        bytes = postcard::to_extend(&item, bytes)
            .map_err(|e| StoreError::new(Kind::Internal, "writing a bucket").because(e))?;
        if before > 0 && bytes.len() > longest {
            bytes.truncate(before);
            left = Some(item);
            break;
        }
    }
    Ok((STANDARD.encode(bytes), left))
}

/// All items that were written.
fn read<T: DeserializeOwned>(written: &str) -> Result<Vec<T>> {
    fn broken(error: impl Error + Send + Sync + 'static) -> StoreError {
        StoreError::new(Kind::Internal, "reading the buckets of a calculation").because(error)
    }
    let bytes = STANDARD.decode(written).map_err(broken)?;
    let mut left = bytes.as_slice();
    let mut items = Vec::new();
    while !left.is_empty() {
        let (item, after) = postcard::take_from_bytes(left).map_err(broken)?;
        items.push(item);
        left = after;
    }
    Ok(items)
}

#[cfg(test)]
mod tests {
    use tidemark_core::name::{SeriesKey, SeriesName, Tenant};
    use tidemark_core::point::Value;
    use tidemark_core::quantile::Quantiles;
    use tidemark_core::summary::{Parts, Summary};
    use tidemark_core::time::Timestamp;
    use tidemark_core::tombstone::Tombstones;

    use super::super::Slots;
    use super::*;

    #[test]
    fn every_part_arrives() {
        let times: Vec<_> = (0..5).map(|i| Timestamp::from_nanos(i * i)).collect();
        let values: Vec<_> = (0..5).map(|i| Value::new(f64::from(i)).unwrap()).collect();
        let bucket = |start: i64, parts| Bucket {
            start: Timestamp::from_nanos(start),
            summary: Summary::of(&times, &values, parts).unwrap(),
        };
        for parts in [Parts::NONE, Parts::EARLIER, Parts::ALL] {
            let buckets = [bucket(0, parts), bucket(100, parts)];
            let job = Job { parts, ..job() };
            let reply = JobReply::new(&job, Ok(buckets.to_vec())).unwrap();
            let json = serde_json::to_string(&reply).unwrap();
            assert_eq!(reply.more.is_empty(), Parts::EARLIER.cover(parts));
            let reply: JobReply = serde_json::from_str(&json).unwrap();
            let (arrived, _) = reply.read().unwrap();
            for (mine, sent) in arrived.iter().zip(&buckets) {
                assert_eq!(mine.start, sent.start);
                let all = |summary: &Summary| postcard::to_allocvec(summary).unwrap();
                assert_eq!(all(&mine.summary), all(&sent.summary));
            }
            assert_eq!(arrived.len(), 2);
        }
    }

    /// A function of an earlier version neither knows of the later parts nor
    /// answers with them.
    #[test]
    fn earlier_versions_are_understood() {
        let mut asked = serde_json::to_value(job()).unwrap();
        let parts = asked["parts"].as_object_mut().unwrap();
        parts.retain(|part, _| ["moments", "quantiles"].contains(&part.as_str()));
        let asked: Job = serde_json::from_value(asked).unwrap();
        assert_eq!(asked.parts, Parts::EARLIER);
        let reply = JobReply::new(&asked, Ok(vec![largest(0)])).unwrap();
        let answered = serde_json::to_value(&reply).unwrap();
        assert_eq!(answered.get("more"), None);
        let reply: JobReply = serde_json::from_value(answered).unwrap();
        let (buckets, _) = reply.read().unwrap();
        assert_eq!(buckets[0].summary.parts(), Parts::EARLIER);
    }

    fn job() -> Job {
        Job {
            series: SeriesKey {
                tenant: Tenant::local(),
                name: SeriesName::new("a").unwrap(),
            },
            range: TimeRange::ALL,
            tombstones: Tombstones::none(),
            slots: Slots::Whole,
            parts: Parts::ALL,
            limit: 100,
            is_shard: false,
        }
    }

    /// A bucket whose quantiles keep as many values as they may.
    fn largest(start: i64) -> Bucket {
        let numbers = 0..i64::try_from(Quantiles::EXACT).unwrap();
        let times: Vec<_> = numbers
            .clone()
            .map(|i| Timestamp::from_nanos(start + i))
            .collect();
        let values: Vec<_> = numbers
            .map(|i| Value::new(1.0 / (i + 1) as f64).unwrap())
            .collect();
        Bucket {
            start: Timestamp::from_nanos(start),
            summary: Summary::of(&times, &values, Parts::ALL).unwrap(),
        }
    }

    #[test]
    fn an_answer_ends_before_lambdas_limit() {
        let buckets: Vec<Bucket> = (0..5).map(|i| largest(i * 1_000_000)).collect();
        let job = job();
        let mut left = buckets.as_slice();
        let mut answers = 0;
        while !left.is_empty() {
            let reply = JobReply::new(&job, Ok(left.to_vec())).unwrap();
            let json = serde_json::to_string(&reply).unwrap();
            assert!(json.len() < 6_291_556 - 10_000, "{}", json.len());
            let (part, rest) = reply.read().unwrap();
            assert!(!part.is_empty());
            left = &left[part.len()..];
            assert_eq!(rest.map(TimeRange::from), left.first().map(|b| b.start));
            answers += 1;
        }
        assert_eq!(answers, 3);
    }

    #[test]
    fn a_bucket_alone_is_an_answer_whatever_the_limit() {
        let bucket = largest(0);
        let length = postcard::to_allocvec(&bucket).unwrap().len();
        let both = [bucket, largest(1_000_000)];
        let job = job();
        for (longest, expected) in [(0, 1), (length, 1), (3 * length, 2)] {
            let reply = JobReply::cut(&job, &both, longest).unwrap();
            assert_eq!(reply.read().unwrap().0.len(), expected);
        }
    }
}
