//! Calculates statistics over a range: plans how to divide the range, has the
//! shards calculated at the same time, and merges their summaries. Sums are
//! exact, so that the answer is the same for every plan.

mod groups;
mod reduced;

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::try_join_all;
use tidemark_core::time::TimeRange;
use tidemark_ports::calculator::wire::{CalculationReply, GroupReply, JobReply, JobRequest};
use tidemark_ports::error::{Kind, Result, StoreError};
use tidemark_ports::{
    Bucket, Calculator, GroupJob, GroupSlot, Job, PointStore, Slots, Summarize, deadline,
};
use tokio::sync::Semaphore;

use crate::measure::timed;

/// How many shards there are at the most.
const MAX_SHARDS: u64 = 16;

/// The use case.
#[derive(Clone)]
pub struct Calculation {
    /// What is calculated from.
    pub points: Arc<dyn PointStore>,
    /// Who calculates the shards of a divided range.
    pub shards: Arc<dyn Calculator>,
}

impl Calculation {
    /// Runs a job: at once if it is small or part of another, else in shards.
    pub async fn handle(&self, job: Job) -> Result<Vec<Bucket>> {
        timed("calculation_ms", self.calculate(job)).await
    }

    /// Runs the job of whoever asks from elsewhere.
    pub async fn answer(&self, request: JobRequest) -> Result<CalculationReply> {
        match request {
            JobRequest::Job(job) => {
                let calculated = self.handle(job.clone()).await;
                JobReply::new(&job, calculated).map(CalculationReply::Job)
            }
            JobRequest::Groups(job) => {
                let calculated = self.handle_groups(job).await;
                GroupReply::new(calculated).map(CalculationReply::Groups)
            }
        }
    }

    async fn calculate(&self, job: Job) -> Result<Vec<Bucket>> {
        if job.is_shard {
            return self.points.summarize(request(&job)).await;
        }
        if let Some(buckets) = self.points.summarize_at_once(request(&job)).await? {
            return Ok(buckets);
        }
        let Some(extent) = self.points.extent(&job.series, job.range).await? else {
            return Ok(Vec::new());
        };
        let shards = extent.points.div_ceil(self.points.shard_points().get());
        let shards = shards.min(MAX_SHARDS);
        if shards <= 1 {
            return self.points.summarize(request(&job)).await;
        }
        let jobs = divide(extent.range, shards).into_iter().map(|range| {
            self.shards.run(Job {
                range,
                is_shard: true,
                ..job.clone()
            })
        });
        Ok(merge(&job, try_join_all(jobs).await?))
    }
}

const fn request(job: &Job) -> Summarize<'_> {
    Summarize {
        series: &job.series,
        range: job.range,
        tombstones: &job.tombstones,
        slots: job.slots,
        parts: job.parts,
        limit: job.limit,
    }
}

/// Calculates in this process, each shard as a task of its own.
#[derive(Clone)]
pub struct InProcess {
    points: Arc<dyn PointStore>,
    turns: Arc<Semaphore>,
}

impl InProcess {
    /// Calculates from `points`, so many shards at once.
    pub fn new(points: Arc<dyn PointStore>, at_once: usize) -> Self {
        Self {
            points,
            turns: Arc::new(Semaphore::new(at_once)),
        }
    }
}

#[async_trait]
impl Calculator for InProcess {
    async fn run(&self, job: Job) -> Result<Vec<Bucket>> {
        let is_shard = job.is_shard;
        let work = |calculation: Calculation| async move { calculation.handle(job).await };
        self.in_turn(is_shard, work).await
    }

    async fn run_groups(&self, job: GroupJob) -> Result<Vec<Vec<GroupSlot>>> {
        let is_shard = job.is_shard;
        let work = |calculation: Calculation| async move { calculation.handle_groups(job).await };
        self.in_turn(is_shard, work).await
    }
}

impl InProcess {
    /// Calculates as a task of its own, a shard in its turn: what is divided waits for
    /// its shards, and takes no turn itself.
    async fn in_turn<T, F>(&self, is_shard: bool, work: impl FnOnce(Calculation) -> F) -> Result<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let _turn = if is_shard {
            let turn = self.turns.acquire().await;
            Some(turn.map_err(|e| {
                StoreError::new(Kind::Internal, "a calculation had no turn").because(e)
            })?)
        } else {
            None
        };
        let calculation = Calculation {
            points: Arc::clone(&self.points),
            shards: Arc::new(self.clone()),
        };
        tokio::spawn(deadline::carried(work(calculation)))
            .await
            .map_err(|e| StoreError::new(Kind::Internal, "a calculation broke off").because(e))?
    }
}

/// Cuts a range into `shards` of about the same length, fewer if it is short.
fn divide(range: TimeRange, shards: u64) -> Vec<TimeRange> {
    let length = range.to().nanos().abs_diff(range.from().nanos());
    let step = i64::try_from(length / shards).unwrap_or(i64::MAX).max(1);
    let mut parts = Vec::new();
    let mut from = range.from();
    while parts.len() as u64 + 1 < shards {
        let to = from.plus(step);
        let (Ok(part), Some(next)) = (TimeRange::new(from, to), to.next()) else {
            break;
        };
        if next > range.to() {
            break;
        }
        parts.push(part);
        from = next;
    }
    parts.extend(TimeRange::new(from, range.to()));
    parts
}

/// Puts the shards' buckets, which come in order, together again.
fn merge(job: &Job, shards: Vec<Vec<Bucket>>) -> Vec<Bucket> {
    let mut merged: Vec<Bucket> = Vec::new();
    for mut bucket in shards.into_iter().flatten() {
        if job.slots == Slots::Whole {
            bucket.start = job.range.from();
        }
        match merged.last_mut() {
            Some(last) if last.start == bucket.start => last.summary.merge(&bucket.summary),
            _ => merged.push(bucket),
        }
    }
    merged.truncate(job.limit);
    merged
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use tidemark_core::batch::Write;
    use tidemark_core::name::{SeriesKey, SeriesName, Tenant};
    use tidemark_core::summary::Parts;
    use tidemark_core::time::Timestamp;
    use tidemark_core::tombstone::Tombstones;
    use tidemark_ports::{Extent, Page, Refusal, Scan};
    use tokio::time::Instant;

    use super::*;

    fn range(from: i64, to: i64) -> TimeRange {
        TimeRange::new(Timestamp::from_nanos(from), Timestamp::from_nanos(to)).unwrap()
    }

    #[test]
    fn shards_cover_the_range_once() {
        for whole in [
            range(0, 0),
            range(0, 1),
            range(-7, 100),
            range(i64::MIN, i64::MAX),
            range(i64::MAX - 1, i64::MAX),
        ] {
            for shards in 1..=16 {
                let parts = divide(whole, shards);
                assert!(parts.len() as u64 <= shards, "{whole:?} {shards}");
                assert_eq!(parts[0].from(), whole.from());
                assert_eq!(parts[parts.len() - 1].to(), whole.to());
                assert!(
                    parts
                        .windows(2)
                        .all(|w| w[0].to().next() == Some(w[1].from()))
                );
            }
        }
        assert_eq!(divide(range(0, 99), 4).len(), 4);
    }

    /// A store that notes what deadline it is asked under.
    #[derive(Default)]
    struct Watched(Mutex<Vec<Option<Instant>>>);

    #[async_trait]
    impl PointStore for Watched {
        async fn write(&self, _: &Arc<Write>) -> Result<Vec<Refusal>> {
            Ok(Vec::new())
        }
        async fn read(&self, _: Scan<'_>) -> Result<Page> {
            Ok(Page::default())
        }
        async fn summarize(&self, _: Summarize<'_>) -> Result<Vec<Bucket>> {
            self.0.lock().unwrap().push(deadline::current());
            Ok(Vec::new())
        }
        async fn extent(&self, _: &SeriesKey, range: TimeRange) -> Result<Option<Extent>> {
            let points = 3 * self.shard_points().get();
            Ok(Some(Extent { range, points }))
        }
        async fn delete(&self, _: &SeriesKey, _: TimeRange, _: Timestamp) -> Result<()> {
            Ok(())
        }
    }

    /// The shards of a shard's task, too.
    #[tokio::test]
    async fn a_task_of_a_calculation_has_the_deadline_of_whoever_asks() {
        let store = Arc::new(Watched::default());
        let here = InProcess::new(store.clone(), 2);
        let job = Job {
            series: SeriesKey {
                tenant: Tenant::local(),
                name: SeriesName::new("a").unwrap(),
            },
            range: range(0, 99),
            tombstones: Tombstones::none(),
            slots: Slots::Whole,
            parts: Parts::default(),
            limit: 1,
            is_shard: false,
        };
        let until = Instant::now() + Duration::from_mins(1);
        deadline::within(until, here.run(job.clone()))
            .await
            .unwrap();
        assert_eq!(*store.0.lock().unwrap(), [Some(until); 3]);
        here.run(job).await.unwrap();
        assert_eq!(store.0.lock().unwrap()[3..], [None; 3]);
    }
}
