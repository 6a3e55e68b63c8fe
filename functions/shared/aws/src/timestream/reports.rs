//! What Timestream rejects later. A point that is older than the memory store's
//! retention goes to the magnetic store; that it lost to another version there is
//! told only afterwards, by a report in S3 (developer guide, "Handling rejected
//! records"). Most are of no interest, since the other write was received later.
//! Two writes of one microsecond, though, have to be compared, as
//! [at once](super::write) in the memory store; and whatever else was rejected
//! is a discard.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;
use aws_sdk_s3::types::Object;
use serde::Deserialize;
use serde_json::json;
use tidemark_core::batch::{BatchId, SeriesPoints, Source, Write};
use tidemark_core::discard::{Discard, Format, Reason};
use tidemark_core::name::{SeriesKey, SeriesName, Tenant};
use tidemark_core::payload::Payload;
use tidemark_core::point::{Point, Tags, Value};
use tidemark_core::time::Timestamp;
use tidemark_store::error::{Kind, Result, StoreError, causes};
use tidemark_store::port::DiscardLog;
use tokio::time::Instant;

use super::version::Versioned;
use super::{Timestream, query, sql};
use crate::client::Aws;
use crate::discards::DiscardsTable;
use crate::error::{corrupt, failed};
use crate::settings::SettingError;

const READING: &str = "reading reports of Timestream";
/// How many discards are put at once.
const DISCARDS: usize = 100;

/// Reads reports.
#[derive(Clone)]
pub struct Reports {
    client: Client,
    bucket: String,
    timestream: Timestream,
    discards: DiscardsTable,
}

/// What a report says. What else is in it does not matter.
#[derive(Debug, Deserialize)]
struct Report {
    #[serde(default)]
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
    reason: String,
}

impl Aws {
    /// Reads the reports in the bucket `TIDEMARK_TIMESTREAM_REPORTS`.
    pub fn reports(&self) -> std::result::Result<Reports, SettingError> {
        // A bucket is found by its path where it has no host of its own.
        let is_told = self.settings.optional("AWS_ENDPOINT_URL").is_some();
        let config = Builder::from(&self.sdk).force_path_style(is_told);
        Ok(Reports {
            client: Client::from_conf(config.build()),
            bucket: self.settings.required("TIDEMARK_TIMESTREAM_REPORTS")?,
            timestream: self.timestream()?,
            discards: self.discards()?,
        })
    }
}

impl Reports {
    /// Reads reports until none is left, or `budget` is spent. Returns how many.
    /// One that cannot be read stays, and is logged.
    pub async fn run(&self, budget: Duration) -> Result<usize> {
        let deadline = Instant::now() + budget;
        let mut pages = self
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .into_paginator()
            .send();
        let mut read = 0;
        while let Some(page) = pages.next().await {
            let page = page.map_err(failed(READING))?;
            for key in page.contents().iter().filter_map(Object::key) {
                if Instant::now() >= deadline {
                    return Ok(read);
                }
                match self.report(key).await {
                    Ok(()) => read += 1,
                    Err(error) => {
                        let error = causes(&error);
                        tracing::error!(error, report = key, "a report was not read");
                    }
                }
            }
        }
        Ok(read)
    }

    async fn report(&self, key: &str) -> Result<()> {
        let object = self.client.get_object().bucket(&self.bucket).key(key);
        let object = object.send().await.map_err(failed(READING))?;
        let bytes = object.body.collect().await;
        let bytes = bytes.map_err(|e| StoreError::new(Kind::Unavailable, READING).because(e))?;
        let report: Report =
            serde_json::from_slice(&bytes.into_bytes()).map_err(|e| corrupt(READING).because(e))?;
        let mut discards = Vec::new();
        for failure in report.errors {
            for record in failure.records {
                let late = record.read(failure.reason.clone())?;
                if !self.timestream.settle(&late).await? {
                    discards.push(late.discard());
                }
            }
        }
        for part in discards.chunks(DISCARDS) {
            self.discards.put(part).await?;
        }
        let done = self.client.delete_object().bucket(&self.bucket).key(key);
        done.send().await.map_err(failed(READING))?;
        Ok(())
    }
}

impl Timestream {
    /// Whether a rejected write is of no use any more, or was written again
    /// since it is the later one.
    async fn settle(&self, late: &Late) -> Result<bool> {
        let sql = sql::writes(&self.table, &late.key, &[late.point.time]);
        let held = self.rows(&sql, query::written).await?;
        let Some(&(_, held)) = held.first() else {
            return Ok(false);
        };
        if held.stamp < late.write.stamp {
            self.raise(&late.write(), held).await?;
        }
        Ok(true)
    }
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
        let time: i64 = self.time.parse().map_err(|_| wrong("time"))?;
        let write = Versioned::read(number("received")?, batch, number("place")?)
            .ok_or_else(|| wrong("place"))?;
        Ok(Late {
            key,
            point: Point {
                time: Timestamp::from_nanos(time),
                value: Value::new(value).map_err(|e| wrong("value").because(e))?,
                tags,
            },
            write,
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
            series: vec![points],
        }
    }

    /// In the service's own form: what it came in is not known any more.
    fn discard(&self) -> Discard {
        let Point { time, value, tags } = &self.point;
        let mut payload = json!({"name": self.key.name, "t": time.to_string(), "v": value});
        if !tags.is_empty() {
            payload["tags"] = json!(tags);
        }
        Discard {
            tenant: self.key.tenant.clone(),
            source: Source::Api,
            stamp: self.write.stamp,
            series: Some(self.key.name.clone()),
            time: Some(*time),
            value: Some(*value),
            reasons: vec![Reason::StoreRejected],
            detail: self.reason.clone(),
            payload: Payload::new(payload.to_string().as_bytes()),
            format: Format::Point,
            replayed: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = r#"{"reportId": "7", "errors": [{"reason": "too late", "records": [{
        "dimensions": [{"name": "series", "value": "a.b/c", "dimensionValueType": null}],
        "measureName": "point", "measureValue": null, "measureValueType": "MULTI",
        "measureValues": [
            {"name": "value", "value": "1.5", "type": "DOUBLE"},
            {"name": "tags", "value": "[\"night\"]", "type": "VARCHAR"},
            {"name": "received", "value": "1700000000000001007", "type": "BIGINT"},
            {"name": "batch", "value": "00000000000000010000000000000002", "type": "VARCHAR"},
            {"name": "place", "value": "3001", "type": "BIGINT"}],
        "time": "1675209600000000001", "timeUnit": "NANOSECONDS", "version": 1700000000000001001}]}]}"#;

    #[test]
    fn a_record_of_a_report_is_read() {
        let mut report: Report = serde_json::from_str(REPORT).unwrap();
        let failure = report.errors.remove(0);
        let record = failure.records.into_iter().next().unwrap();
        let late = record.read(failure.reason).unwrap();
        let discard = late.discard();
        assert_eq!(discard.tenant.as_str(), "a.b");
        assert_eq!(discard.stamp.index, 3);
        assert_eq!(discard.detail, "too late");
        assert_eq!(
            discard.payload.whole().unwrap(),
            br#"{"name":"c","t":"2023-02-01T00:00:00.000000001Z","tags":["night"],"v":1.5}"#
        );
        let write = late.write();
        assert_eq!(write.stamp(3), late.write.stamp);
        assert_eq!(write.series[0].times, [late.point.time]);
    }

    #[test]
    fn what_is_no_record_is_told() {
        let mut report: Report = serde_json::from_str(REPORT).unwrap();
        let mut record = report.errors.remove(0).records.remove(0);
        record.measure_values.remove(2);
        let error = record.read(String::new()).err().unwrap();
        assert_eq!(error.to_string(), "a report of Timestream: received");
    }
}
