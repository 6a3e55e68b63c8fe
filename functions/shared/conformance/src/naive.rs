//! A store that is too simple to be wrong: every point in a map, every answer
//! from a loop over it. It can be told to be wrong in one way.

mod catalog;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tidemark_core::about::About;
use tidemark_core::batch::Write;
use tidemark_core::name::{SeriesKey, Tenant};
use tidemark_core::point::{Point, Stamp, Tags, Value};
use tidemark_core::summary::{Parts, Summary};
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_core::tombstone::Tombstones;
use tidemark_ports::error::Result;
use tidemark_ports::{
    Bucket, Calculator, Extent, GroupJob, GroupSlot, Job, Order, Page, PointStore, Refusal, Scan,
    Slots, Summarize,
};

use crate::faults::Flaw;
use crate::pooled::pooled;

/// The store.
pub struct Naive {
    fault: Flaw,
    points: Mutex<BTreeMap<SeriesKey, BTreeMap<Timestamp, Stored>>>,
    catalog: Mutex<BTreeMap<SeriesKey, Listing>>,
}

#[derive(Clone)]
struct Stored {
    stamp: Stamp,
    value: Value,
    tags: Tags,
}

#[derive(Clone)]
struct Listing {
    live: bool,
    updated: Timestamp,
    deleted_at: Option<Timestamp>,
    tombstones: Tombstones,
    about: About,
}

impl Naive {
    /// A store that is wrong in this way.
    pub fn new(fault: Flaw) -> Self {
        Self {
            fault,
            points: Mutex::default(),
            catalog: Mutex::default(),
        }
    }

    fn has(&self, fault: Flaw) -> bool {
        self.fault == fault
    }

    fn key(&self, key: &SeriesKey) -> SeriesKey {
        let mut key = key.clone();
        if self.has(Flaw::TenantsMix) {
            key.tenant = Tenant::new("everybody").unwrap();
        }
        key
    }

    /// What was deleted of a series, listed or not.
    pub fn tombstones(&self, key: &SeriesKey) -> Tombstones {
        let catalog = self.catalog.lock().unwrap();
        catalog
            .get(key)
            .map(|l| l.tombstones.clone())
            .unwrap_or_default()
    }

    fn put(&self, key: SeriesKey, time: Timestamp, mut new: Stored) {
        let mut time = time;
        match self.fault {
            Flaw::TagsAreLost => new.tags = Tags::none(),
            Flaw::TheSignOfZeroIsLost => new.value = Value::new(new.value.get() + 0.0).unwrap(),
            Flaw::ValuesAreRounded => {
                new.value = format!("{:.15e}", new.value.get())
                    .parse::<f64>()
                    .map(|v| Value::new(v).unwrap())
                    .unwrap();
            }
            Flaw::TimesAreRounded => time = Timestamp::from_nanos(time.nanos() / 1000 * 1000),
            _ => {}
        }
        let mut points = self.points.lock().unwrap();
        let series = points.entry(key).or_default();
        if let Some(old) = series.get(&time) {
            let wins = match self.fault {
                Flaw::LastDeliveryWins => true,
                Flaw::BatchesAreNotCompared => {
                    (new.stamp.received, new.stamp.index) > (old.stamp.received, old.stamp.index)
                }
                Flaw::IndexIsIgnored => {
                    (new.stamp.received, new.stamp.batch) >= (old.stamp.received, old.stamp.batch)
                }
                _ => new.stamp > old.stamp,
            };
            if !wins {
                return;
            }
            if self.has(Flaw::TagsStay) && new.tags.is_empty() {
                new.tags = old.tags.clone();
            }
        }
        series.insert(time, new);
    }

    fn hides(&self, tombstones: &Tombstones, time: Timestamp, received: Timestamp) -> bool {
        match self.fault {
            Flaw::TombstonesAreIgnored => false,
            Flaw::TombstonesExcludeTheirInstant => tombstones.hides(time, received.plus(1)),
            _ => tombstones.hides(time, received),
        }
    }

    /// The points of a range that are not hidden, ascending.
    fn visible(&self, key: &SeriesKey, range: TimeRange, tombstones: &Tombstones) -> Vec<Point> {
        let points = self.points.lock().unwrap();
        let Some(series) = points.get(&self.key(key)) else {
            return Vec::new();
        };
        series
            .range(range.from()..=range.to())
            .filter(|(time, stored)| !self.hides(tombstones, **time, stored.stamp.received))
            .filter(|(time, _)| !(self.has(Flaw::TheEndIsLeftOut) && **time == range.to()))
            .map(|(&time, stored)| Point {
                time,
                value: stored.value,
                tags: stored.tags.clone(),
            })
            .collect()
    }
}

#[async_trait]
impl PointStore for Naive {
    async fn write(&self, write: &Arc<Write>) -> Result<Vec<Refusal>> {
        for points in &write.series {
            let key = SeriesKey {
                tenant: write.tenant.clone(),
                name: points.name.clone(),
            };
            for i in 0..points.len() {
                let stamp = write.stamp(points.index[i]);
                let stored = Stored {
                    stamp,
                    value: points.values[i],
                    tags: points.tags_at(i).clone(),
                };
                self.put(self.key(&key), points.times[i], stored);
            }
        }
        Ok(Vec::new())
    }

    async fn read(&self, scan: Scan<'_>) -> Result<Page> {
        let mut points = self.visible(scan.series, scan.range, scan.tombstones);
        if scan.order == Order::Descending && !self.has(Flaw::OnlyAscending) {
            points.reverse();
        }
        let next = points
            .get(scan.limit + usize::from(self.has(Flaw::PagesSkip)))
            .map(|p| p.time);
        points.truncate(scan.limit);
        let next = if self.has(Flaw::PagesRepeat) && next.is_some() && points.len() > 1 {
            points.last().map(|p| p.time)
        } else {
            next
        };
        let rest = next.map(|next| match scan.order {
            Order::Ascending => TimeRange::new(next, scan.range.to()).unwrap(),
            Order::Descending => TimeRange::new(scan.range.from(), next).unwrap(),
        });
        Ok(Page { points, rest })
    }

    async fn summarize(&self, request: Summarize<'_>) -> Result<Vec<Bucket>> {
        let none = Tombstones::none();
        let hidden = self.has(Flaw::HiddenPointsCount);
        let tombstones = if hidden { &none } else { request.tombstones };
        let range = if self.has(Flaw::SlotsAreNotCut) {
            TimeRange::ALL
        } else {
            request.range
        };
        let mut slots: BTreeMap<Timestamp, (Vec<Timestamp>, Vec<Value>)> = BTreeMap::new();
        for point in self.visible(request.series, range, tombstones) {
            let start = match request.slots {
                Slots::Whole => request.range.from(),
                Slots::Grid(grid) => grid.slot_of(point.time).start,
            };
            let slot = slots.entry(start).or_default();
            slot.0.push(point.time);
            slot.1.push(point.value);
        }
        let parts = if self.has(Flaw::PartsAreLeftOut) {
            Parts::NONE
        } else {
            request.parts
        };
        let bucket = |(start, (times, values)): (Timestamp, (Vec<Timestamp>, Vec<Value>))| Bucket {
            start: if self.has(Flaw::BucketsBeginWithPoints) {
                times[0]
            } else {
                start
            },
            summary: Summary::of(&times, &values, parts).unwrap(),
        };
        let mut buckets: Vec<Bucket> = slots.into_iter().map(bucket).collect();
        if self.has(Flaw::TheLimitKeepsTheLatest) {
            buckets.drain(..buckets.len().saturating_sub(request.limit));
        }
        buckets.truncate(request.limit);
        Ok(buckets)
    }

    async fn extent(&self, series: &SeriesKey, range: TimeRange) -> Result<Option<Extent>> {
        let points = self.visible(series, range, &Tombstones::none());
        let first = usize::from(self.has(Flaw::ExtentsAreShort) && points.len() > 1);
        let (Some(first), Some(last)) = (points.get(first), points.last()) else {
            return Ok(None);
        };
        let range = TimeRange::new(first.time, last.time).unwrap();
        Ok(Some(Extent {
            range,
            points: points.len() as u64,
        }))
    }

    async fn delete(
        &self,
        series: &SeriesKey,
        range: TimeRange,
        deleted_at: Timestamp,
    ) -> Result<()> {
        let all = self.has(Flaw::DeletingTakesAll);
        if !self.has(Flaw::DeletingDoesNothing)
            && let Some(points) = self.points.lock().unwrap().get_mut(&self.key(series))
        {
            points.retain(|&time, stored| {
                !(range.contains(time) && (all || stored.stamp.received <= deleted_at))
            });
        }
        Ok(())
    }
}

#[async_trait]
impl Calculator for Naive {
    async fn run(&self, job: Job) -> Result<Vec<Bucket>> {
        let (series, tombstones) = (&job.series, &job.tombstones);
        let Job {
            range,
            slots,
            parts,
            limit,
            ..
        } = job;
        self.summarize(Summarize {
            series,
            range,
            tombstones,
            slots,
            parts,
            limit,
        })
        .await
    }

    async fn run_groups(&self, job: GroupJob) -> Result<Vec<Vec<GroupSlot>>> {
        pooled(self, &job).await
    }
}
