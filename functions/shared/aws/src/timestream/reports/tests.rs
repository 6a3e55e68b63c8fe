//! Reports as they are written, and what comes of them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use aws_smithy_async::time::TimeSource;
use http::{Method, Request, Response};
use hyper::body::Bytes;
use serde_json::Value as Json;
use serde_json::json;

use super::super::tests::{asked, asking, error, told, variable};
use super::*;
use crate::fake;

const REPORT: &str = r#"{"reportId": "7", "errors": [{"reason": "too late", "records": [{
    "dimensions": [{"name": "series", "value": "a.b/c", "dimensionValueType": null}],
    "measureName": "point", "measureValue": null, "measureValueType": "MULTI",
    "measureValues": [
        {"name": "value", "value": "1.5", "type": "DOUBLE"},
        {"name": "tags", "value": "[\"night\"]", "type": "VARCHAR"},
        {"name": "received", "value": "1700000000000001007", "type": "BIGINT"},
        {"name": "batch", "value": "00000000000000010000000000000002", "type": "VARCHAR"},
        {"name": "place", "value": "3001", "type": "BIGINT"},
        {"name": "source", "value": "meterdata", "type": "VARCHAR"}],
    "time": "1675209600000000001", "timeUnit": "NANOSECONDS", "version": 1700000000000001001}]}]}"#;

#[test]
fn a_record_of_a_report_is_read() {
    let late = read(REPORT.as_bytes()).unwrap().remove(0);
    let discard = late.discard(None);
    assert_eq!(discard.tenant.as_str(), "a.b");
    assert_eq!(discard.stamp.index, 3);
    assert_eq!(discard.detail, "too late");
    assert_eq!(discard.source, Source::Meterdata);
    assert_eq!(
        discard.payload.whole().unwrap(),
        br#"{"name":"c","t":"2023-02-01T00:00:00.000000001Z","tags":["night"],"v":1.5}"#
    );
    let write = late.write();
    assert_eq!(write.stamp(3), late.write.stamp);
    assert_eq!(write.series[0].times, [late.point.time]);
    assert_eq!(write.source, Source::Meterdata);
}

/// One that was written before records told where they came from, and one that
/// came from where only a later version knows.
#[test]
fn a_record_without_a_source_came_from_a_client() {
    let source = |report: String| read(report.as_bytes()).unwrap().remove(0).source;
    assert_eq!(
        source(REPORT.replace("\"source\"", "\"other\"")),
        Source::Api
    );
    let broker = source(REPORT.replace("meterdata", "broker:7"));
    assert_eq!(broker.as_str(), "broker:7");
}

#[test]
fn what_is_no_report_is_told() {
    let without = REPORT.replace("\"received\"", "\"other\"");
    let milliseconds = REPORT.replace("NANOSECONDS", "MILLISECONDS");
    let nowhere = REPORT.replace("meterdata", "");
    for (text, problem) in [
        (without.as_str(), "a report of Timestream: received"),
        (milliseconds.as_str(), "a report of Timestream: timeUnit"),
        (nowhere.as_str(), "a report of Timestream: source"),
        (
            r#"{"errors": []}"#,
            "a report of Timestream: it has no records",
        ),
        ("{}", "reading reports of Timestream"),
    ] {
        let error = read(text.as_bytes()).err().unwrap();
        assert_eq!(error.to_string(), problem);
    }
}

#[test]
fn a_report_that_waits_is_looked_at_now_and_then() {
    let looks = |key: &str, minutes: std::ops::Range<u64>| {
        let due = |minute: &u64| is_due(key, Duration::from_secs(60 * minute + 7));
        minutes.filter(due).collect::<Vec<_>>()
    };
    for key in ["a", "us-east-1/tidemark/points/2026-11-26/8A72.json"] {
        assert_eq!(looks(key, 0..3), [0, 1, 2]);
        let later = looks(key, 60..180);
        assert_eq!(later.len(), 2);
        assert_eq!(later[1] - later[0], 60);
    }
    assert_ne!(looks("a", 60..120), looks("b", 60..120));
}

/// When the report was written.
const WRITTEN: &str = "2026-01-01T00:00:00.000Z";

/// A report in a bucket, and what came of it.
#[derive(Clone)]
struct Desk {
    report: Arc<Mutex<Option<&'static str>>>,
    /// The discards that were put, and how often each.
    discards: Arc<Mutex<BTreeMap<String, Json>>>,
    /// Whose write is there: a batch that came in the same microsecond.
    winner: Option<&'static str>,
}

impl Desk {
    fn new(winner: Option<&'static str>) -> Self {
        Self {
            report: Arc::new(Mutex::new(Some(REPORT))),
            discards: Arc::default(),
            winner,
        }
    }

    fn answer(&self, request: &Request<Bytes>) -> Response<String> {
        let (operation, body) = asked(request);
        let mut report = self.report.lock().unwrap();
        match (request.method(), operation.as_str()) {
            (&Method::GET, _) if request.uri().query().unwrap().contains("list-type") => {
                let key = report.map_or_else(String::new, |_| {
                    format!(
                        "<Contents><Key>a</Key><Size>1</Size>\
                         <LastModified>{WRITTEN}</LastModified></Contents>"
                    )
                });
                let body = format!(
                    "<?xml version=\"1.0\"?>\
                     <ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
                     <Name>reports</Name><IsTruncated>false</IsTruncated>{key}</ListBucketResult>"
                );
                Response::new(body)
            }
            (&Method::GET, _) => Response::new((*report).unwrap().to_owned()),
            (&Method::DELETE, _) => {
                *report = None;
                Response::builder().status(204).body(String::new()).unwrap()
            }
            (_, "Query") => {
                let cells = |batch: &&str| {
                    let [time, received] = ["1675209600000000001", "1700000000000001007"];
                    ["a.b/c", time, received, batch, "3001"].map(|c| json!({"ScalarValue": c}))
                };
                let rows: Vec<Json> = self
                    .winner
                    .iter()
                    .map(|b| json!({"Data": cells(b)}))
                    .collect();
                told(&json!({"QueryId": "q", "ColumnInfo": [], "Rows": rows}))
            }
            (_, "WriteRecords") => error(
                "RejectedRecordsException",
                json!({"RejectedRecords": [{"RecordIndex": 0, "Reason": "not now"}]}),
            ),
            (_, "BatchWriteItem") => told(&json!({"UnprocessedItems": {}})),
            (_, "PutItem") => {
                let item = body["Item"].clone();
                let id = item["id"].to_string();
                let before = self.discards.lock().unwrap().insert(id, item);
                match before {
                    None => told(&json!({})),
                    Some(_) => error("ConditionalCheckFailedException", json!({})),
                }
            }
            other => panic!("{other:?}"),
        }
    }

    /// Reads reports at that age of this one. Returns how many are done with.
    async fn read(&self, age: Duration) -> usize {
        let desk = self.clone();
        let answer = move |request: Request<Bytes>| {
            let answer = desk.answer(&request);
            async { answer }
        };
        let aws = fake::serve(answer, variable).await;
        let reports = Reports {
            timestream: asking(&aws),
            time: SharedTimeSource::new(At(age)),
            ..aws.reports().unwrap()
        };
        reports.run(Duration::from_mins(1)).await.unwrap()
    }

    /// The details of what was discarded.
    fn details(&self) -> Vec<String> {
        let discards = self.discards.lock().unwrap();
        let detail = |item: &Json| item["detail"]["S"].as_str().unwrap().to_owned();
        discards.values().map(detail).collect()
    }
}

/// So long after the report was written.
#[derive(Debug)]
struct At(Duration);

impl TimeSource for At {
    fn now(&self) -> SystemTime {
        let written = Timestamp::parse(WRITTEN, tidemark_core::zone::Zone::UTC).unwrap();
        let since = Duration::from_nanos(written.nanos().try_into().unwrap());
        SystemTime::UNIX_EPOCH + since + self.0
    }
}

#[tokio::test]
async fn what_was_rejected_for_nothing_that_is_seen_waits_and_is_discarded_then() {
    let desk = Desk::new(None);
    // The magnetic store may take hours to show the other write.
    for minutes in (0..12 * 60).step_by(7) {
        assert_eq!(desk.read(Duration::from_secs(60 * minutes)).await, 0);
    }
    assert_eq!(desk.details(), [""; 0]);
    // At one minute of the hour it is looked at.
    let mut done = 0;
    for minutes in 12 * 60..13 * 60 {
        done += desk.read(Duration::from_secs(60 * minutes)).await;
    }
    assert_eq!(done, 1);
    assert_eq!(desk.details(), ["too late"]);
    assert!(desk.report.lock().unwrap().is_none());
}

#[tokio::test]
async fn what_is_refused_when_it_is_raised_is_discarded_once() {
    // Of an earlier batch in the same microsecond, so that this write counts.
    let desk = Desk::new(Some("00000000000000010000000000000001"));
    assert_eq!(desk.read(Duration::ZERO).await, 1);
    assert_eq!(desk.details(), ["not now"]);
    // A run that broke off before the report was removed.
    *desk.report.lock().unwrap() = Some(REPORT);
    assert_eq!(desk.read(Duration::ZERO).await, 1);
    assert_eq!(desk.details(), ["not now"]);
}

#[tokio::test]
async fn what_lost_to_a_later_write_is_of_no_use() {
    let desk = Desk::new(Some("00000000000000010000000000000003"));
    assert_eq!(desk.read(Duration::ZERO).await, 1);
    assert_eq!(desk.details(), [""; 0]);
    assert!(desk.report.lock().unwrap().is_none());
}
