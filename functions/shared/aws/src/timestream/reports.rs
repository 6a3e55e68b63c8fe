//! What Timestream rejects later. A point that is older than the memory store's
//! retention goes to the magnetic store; that it lost to another version there is
//! told only afterwards, by a report in S3 (developer guide, "Handling rejected
//! records"). Most are of no interest, since the other write was received later.
//! Two writes of one microsecond, though, have to be compared, as
//! [at once](super::write) in the memory store; and what was rejected although
//! there is no other write is a discard. The magnetic store may take hours to
//! show that other write: until then the report waits.

use std::time::{Duration, UNIX_EPOCH};

use aws_smithy_async::time::SharedTimeSource;
use serde::Deserialize;
use tidemark_core::batch::{BatchId, SeriesPoints, Source, Write};
use tidemark_core::discard::{Discard, Format, Reason};
use tidemark_core::name::{SeriesKey, SeriesName, Tenant};
use tidemark_core::payload::Payload;
use tidemark_core::point::{Point, Tags, Value};
use tidemark_core::time::Timestamp;
use tidemark_ports::error::{Kind, Result, StoreError, causes};
use tidemark_ports::{DiscardLog, Refusal};
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout};

use super::Timestream;
use super::version::Versioned;
use crate::client::Aws;
use crate::dynamodb::discards::DiscardsTable;
use crate::error::corrupt;
use crate::s3::{Bucket, Object};
use crate::settings::SettingError;

const READING: &str = "reading reports of Timestream";
/// How many discards are put at once.
const DISCARDS: usize = 100;
/// After how long the magnetic store has shown what it took: it says 6 hours.
const SHOWN: Duration = Duration::from_hours(12);
/// For how many minutes a report is looked at by every run, and how often later:
/// each look is a query.
const FRESH: u64 = 3;
const SELDOM: u64 = 60;
/// How long one report may hold up others.
const A_REPORT_MAY_TAKE: Duration = Duration::from_secs(8);

/// Reads reports.
#[derive(Clone)]
pub struct Reports {
    bucket: Bucket,
    timestream: Timestream,
    discards: DiscardsTable,
    time: SharedTimeSource,
}

/// What a report says. What else is in it does not matter.
#[derive(Debug, Deserialize)]
struct Report {
    errors: Vec<Failure>,
}

#[derive(Debug, Deserialize)]
struct Failure {
    #[serde(default)]
    reason: String,
    records: Vec<Reported>,
}

/// A record, as it was written.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reported {
    dimensions: Vec<Named>,
    measure_values: Vec<Named>,
    time: String,
    time_unit: String,
}

#[derive(Debug, Deserialize)]
struct Named {
    name: String,
    value: String,
}

/// A write that was rejected.
struct Late {
    key: SeriesKey,
    point: Point,
    write: Versioned,
    source: Source,
    reason: String,
}

impl Aws {
    /// Reads the reports in the bucket `TIDEMARK_TIMESTREAM_REPORTS`.
    pub fn reports(&self) -> std::result::Result<Reports, SettingError> {
        Ok(Reports {
            bucket: self.bucket("TIDEMARK_TIMESTREAM_REPORTS")?,
            timestream: self.timestream()?,
            discards: self.discards()?,
            time: self.sdk.time_source().unwrap_or_default(),
        })
    }
}

impl Reports {
    /// Reads reports until none is left, or `budget` is spent. Returns how many
    /// are done with. One that cannot be read is logged and stays, and is the
    /// error in the end.
    pub async fn run(&self, budget: Duration) -> Result<usize> {
        let deadline = Instant::now() + budget;
        let (mut done, mut failure, mut next) = (0, None, None);
        loop {
            let mut listed = self.bucket.list(next).await?;
            // So that none is always the last.
            fastrand::shuffle(&mut listed.objects);
            for Object { key, written } in listed.objects {
                let age = self.age(written);
                if !is_due(&key, age) {
                    continue;
                }
                if Instant::now() >= deadline {
                    return failure.map_or(Ok(done), Err);
                }
                let read = timeout(A_REPORT_MAY_TAKE, self.report(&key, age)).await;
                match read.unwrap_or_else(|e| Err(busy(e))) {
                    Ok(is_done) => done += usize::from(is_done),
                    Err(error) => {
                        let told = causes(&error);
                        tracing::error!(error = told, report = key, "a report was not read");
                        failure.get_or_insert(error);
                    }
                }
            }
            next = listed.next;
            if next.is_none() {
                return failure.map_or(Ok(done), Err);
            }
        }
    }

    fn age(&self, written: Timestamp) -> Duration {
        let written = Duration::from_nanos(u64::try_from(written.nanos()).unwrap_or(0));
        let now = self.time.now().duration_since(UNIX_EPOCH);
        now.unwrap_or_default().saturating_sub(written)
    }

    /// Does what a report asks for, and removes it; false if that has to wait.
    async fn report(&self, key: &str, age: Duration) -> Result<bool> {
        let Some(bytes) = self.bucket.get(key).await? else {
            // Another run was faster.
            return Ok(true);
        };
        let (mut discards, unseen) = self.settle(read(&bytes)?).await?;
        let waits = !unseen.is_empty() && age < SHOWN;
        if !waits {
            discards.extend(unseen.into_iter().map(|late| late.discard(None)));
        }
        for part in discards.chunks(DISCARDS) {
            self.discards.put(part).await?;
        }
        if waits {
            return Ok(false);
        }
        self.bucket.delete(key).await?;
        Ok(true)
    }

    /// Writes again what is the later one of its microsecond. Returns what
    /// Timestream refuses even so, and the writes that lost to one that cannot be
    /// seen. Whatever else was rejected is of no use any more.
    async fn settle(&self, rejected: Vec<Late>) -> Result<(Vec<Discard>, Vec<Late>)> {
        let points = rejected.iter().map(|late| (&late.key, late.point.time));
        let held = self.timestream.held(points).await?;
        let (mut discards, mut unseen) = (Vec::new(), Vec::new());
        for late in rejected {
            // An earlier version did not reject it.
            let winner = held.get(&late.key, late.point.time);
            match winner.filter(|held| held.version() >= late.write.version()) {
                None => unseen.push(late),
                Some(held) if held.stamp >= late.write.stamp => {}
                Some(held) => {
                    let refused = self.timestream.raise(&late.write(), held).await?;
                    let discard = |refusal: Refusal| late.discard(Some(refusal.detail));
                    discards.extend(refused.into_iter().map(discard));
                }
            }
        }
        Ok((discards, unseen))
    }
}

/// Whether a report of this age is looked at: later on at a minute of the hour
/// that is its own, so that not all are at once.
fn is_due(key: &str, age: Duration) -> bool {
    let minutes = age.as_secs() / 60;
    let own = key
        .bytes()
        .fold(0, |sum, byte| (31 * sum + u64::from(byte)) % SELDOM);
    minutes < FRESH || minutes % SELDOM == own
}

fn busy(error: Elapsed) -> StoreError {
    StoreError::new(Kind::Unavailable, READING).because(error)
}

/// The records of a report.
fn read(bytes: &[u8]) -> Result<Vec<Late>> {
    let report: Report = serde_json::from_slice(bytes).map_err(|e| corrupt(READING).because(e))?;
    let mut rejected = Vec::new();
    for failure in report.errors {
        for record in failure.records {
            rejected.push(record.read(failure.reason.clone())?);
        }
    }
    if rejected.is_empty() {
        return Err(corrupt("a report of Timestream: it has no records"));
    }
    Ok(rejected)
}

impl Reported {
    fn read(self, reason: String) -> Result<Late> {
        let wrong = |what: &str| corrupt(format!("a report of Timestream: {what}"));
        let find = |all: &[Named], name: &str| {
            let found = all.iter().find(|one| one.name == name);
            found
                .map(|one| one.value.clone())
                .ok_or_else(|| wrong(name))
        };
        let number = |name: &str| -> Result<i64> {
            let text = find(&self.measure_values, name)?;
            text.parse().map_err(|_| wrong(name))
        };
        let series = find(&self.dimensions, "series")?;
        // No name of a series has a slash.
        let (tenant, name) = series.rsplit_once('/').ok_or_else(|| wrong("series"))?;
        let key = SeriesKey {
            tenant: Tenant::new(tenant).map_err(|e| wrong("series").because(e))?,
            name: SeriesName::new(name).map_err(|e| wrong("series").because(e))?,
        };
        let value: f64 = find(&self.measure_values, "value")?
            .parse()
            .map_err(|_| wrong("value"))?;
        let batch: BatchId = find(&self.measure_values, "batch")?
            .parse()
            .map_err(|_| wrong("batch"))?;
        let tags: Tags = serde_json::from_str(&find(&self.measure_values, "tags")?)
            .map_err(|e| wrong("tags").because(e))?;
        if self.time_unit != "NANOSECONDS" {
            return Err(wrong("timeUnit"));
        }
        let time: i64 = self.time.parse().map_err(|_| wrong("time"))?;
        let write = Versioned::read(number("received")?, batch, number("place")?)
            .ok_or_else(|| wrong("place"))?;
        // Those of clients, and what was written before, say nothing of it.
        let source = match find(&self.measure_values, "source") {
            Ok(name) => name.parse().map_err(|e| wrong("source").because(e))?,
            Err(_) => Source::Api,
        };
        Ok(Late {
            key,
            point: Point {
                time: Timestamp::from_nanos(time),
                value: Value::new(value).map_err(|e| wrong("value").because(e))?,
                tags,
            },
            write,
            source,
            reason,
        })
    }
}

impl Late {
    fn write(&self) -> Write {
        let mut points = SeriesPoints::new(self.key.name.clone());
        let Point { time, value, tags } = self.point.clone();
        points.push(self.write.stamp.index, time, value, tags);
        Write {
            tenant: self.key.tenant.clone(),
            batch: self.write.stamp.batch,
            received: self.write.stamp.received,
            source: self.source.clone(),
            series: vec![points],
        }
    }

    /// In the service's own form, since what it came in is not known any more,
    /// and why, if the report does not say it.
    fn discard(&self, detail: Option<String>) -> Discard {
        Discard {
            tenant: self.key.tenant.clone(),
            source: self.source.clone(),
            stamp: self.write.stamp,
            series: Some(self.key.name.clone()),
            time: Some(self.point.time),
            value: Some(self.point.value),
            reasons: vec![Reason::StoreRejected],
            detail: detail.unwrap_or_else(|| self.reason.clone()),
            payload: Payload::of_point(&self.key.name, &self.point),
            format: Format::Point,
            replayed: None,
        }
    }
}

#[cfg(test)]
mod tests;
