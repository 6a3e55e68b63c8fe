//! Timestream as it may answer, said by the test.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Bytes;
use serde_json::{Value as Json, json};
use tidemark_core::batch::{BatchId, SeriesPoints, Source};
use tidemark_core::name::{SeriesName, Tenant};
use tidemark_core::point::{Tags, Value};
use tidemark_core::summary::Parts;
use tidemark_ports::Slots;
use tidemark_ports::error::Kind;

use super::*;
use crate::fake;

pub(super) fn variable(name: &str) -> Option<String> {
    let value = match name {
        "TIDEMARK_TIMESTREAM_DATABASE" | "TIDEMARK_TIMESTREAM_TABLE" => "points",
        "TIDEMARK_TIMESTREAM_REPORTS" => "reports",
        "TIDEMARK_DISCARDS_TABLE" => "discards",
        _ => return None,
    };
    Some(value.to_owned())
}

/// What asks the test.
pub(super) fn asking(aws: &Aws) -> Timestream {
    let (sdk, told) = (aws.timestream_sdk(), aws.sdk.endpoint_url());
    let told = told.map(str::to_owned);
    Timestream {
        write: Arc::new(Endpoint::new(&sdk, told.clone(), false)),
        query: Arc::new(Endpoint::new(&sdk, told, false)),
        ..aws.timestream().unwrap()
    }
}

/// What is asked, by the name of the operation, and how.
pub(super) fn asked(request: &Request<Bytes>) -> (String, Json) {
    let target = request.headers().get("x-amz-target");
    let target = target.map_or("", |target| target.to_str().unwrap());
    let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
    let body = serde_json::from_slice(request.body()).unwrap_or_default();
    (operation, body)
}

pub(super) fn told(body: &Json) -> Response<String> {
    Response::new(body.to_string())
}

pub(super) fn error(kind: &str, more: Json) -> Response<String> {
    let mut body = json!({"__type": format!("com.amazonaws#{kind}"), "message": "as it says"});
    if let (Some(body), Json::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
    }
    let response = Response::builder().status(400);
    response.body(body.to_string()).unwrap()
}

/// A page of times and values, and what asks for the next.
fn page(times: &[i64], next: Option<&str>) -> Response<String> {
    let row = |time: &i64| {
        let cells = [time.to_string(), format!("{time}.5"), "[]".to_owned()];
        json!({"Data": cells.map(|cell| json!({"ScalarValue": cell}))})
    };
    let rows: Vec<Json> = times.iter().map(row).collect();
    let mut body = json!({"QueryId": "q", "ColumnInfo": [], "Rows": rows});
    if let Some(next) = next {
        body["NextToken"] = next.into();
    }
    told(&body)
}

fn series() -> SeriesKey {
    SeriesKey {
        tenant: Tenant::local(),
        name: SeriesName::new("a").unwrap(),
    }
}

fn whole(parts: Parts) -> Summarize<'static> {
    static SERIES: std::sync::LazyLock<SeriesKey> = std::sync::LazyLock::new(series);
    const NONE: &Tombstones = &Tombstones::none();
    Summarize {
        series: &SERIES,
        range: TimeRange::ALL,
        tombstones: NONE,
        slots: Slots::Whole,
        parts,
        limit: 1,
    }
}

#[tokio::test]
async fn a_token_that_has_expired_neither_loses_nor_repeats_a_row() {
    // The second page of the first try is not to be had; one page is empty.
    let tries = Mutex::new(0);
    let answer = move |request: Request<Bytes>| {
        let (operation, body) = asked(&request);
        assert_eq!(operation, "Query");
        let answer = match body["NextToken"].as_str() {
            None => {
                let mut tries = tries.lock().unwrap();
                *tries += 1;
                page(&[1, 2], Some(&format!("{tries} two")))
            }
            Some("1 two") => error("ValidationException", json!({})),
            Some("2 two") => page(&[], Some("2 three")),
            Some("2 three") => page(&[3], None),
            other => panic!("{other:?}"),
        };
        async { answer }
    };
    let timestream = asking(&fake::serve(answer, variable).await);
    let scan = Scan {
        series: &series(),
        range: TimeRange::ALL,
        tombstones: &Tombstones::none(),
        order: Order::Ascending,
        limit: 10,
    };
    let page = timestream.read(scan).await.unwrap();
    let times: Vec<i64> = page.points.iter().map(|point| point.time.nanos()).collect();
    assert_eq!(times, [1, 2, 3]);
    assert_eq!(page.rest, None);
}

#[tokio::test]
async fn who_is_not_answered_does_not_wait_for_ever() {
    let answer = async |_| std::future::pending().await;
    let mut aws = fake::serve(answer, variable).await;
    aws.query = (Duration::from_millis(50), Duration::from_millis(200));
    let (timestream, series) = (asking(&aws), series());
    let asked = timestream.extent(&series, TimeRange::ALL);
    let waited = tokio::time::timeout(Duration::from_secs(20), asked).await;
    assert_eq!(waited.unwrap().unwrap_err().kind(), Kind::Unavailable);
}

#[tokio::test]
async fn what_timestream_cannot_compute_is_left_to_be_divided() {
    let answer = async |_| error("QueryExecutionException", json!({}));
    let timestream = asking(&fake::serve(answer, variable).await);
    let at_once = timestream.summarize_at_once(whole(Parts::NONE)).await;
    assert!(at_once.unwrap().is_none());
}

/// A write of so many points.
fn write_of(count: i64) -> Arc<Write> {
    let mut points = SeriesPoints::new(series().name);
    for time in 0..count {
        let value = Value::new(1.5).unwrap();
        let index = u32::try_from(time).unwrap();
        points.push(index, Timestamp::from_nanos(time), value, Tags::none());
    }
    Arc::new(Write {
        tenant: Tenant::local(),
        batch: BatchId::new(1, 2),
        received: Timestamp::from_nanos(1_700_000_000_000_000_000),
        source: Source::Meterdata,
        series: vec![points],
    })
}

#[tokio::test]
async fn only_the_call_that_was_throttled_is_sent_again() {
    let stored: Arc<Mutex<BTreeMap<String, u32>>> = Arc::default();
    let throttled = Arc::new(Mutex::new(3));
    let answer = {
        let (stored, throttled) = (Arc::clone(&stored), Arc::clone(&throttled));
        move |request: Request<Bytes>| {
            let (operation, body) = asked(&request);
            assert_eq!(operation, "WriteRecords");
            let records = body["Records"].as_array().unwrap();
            let source = json!({"Name": "source", "Value": "meterdata", "Type": "VARCHAR"});
            let tells = |record: &Json| {
                record["MeasureValues"]
                    .as_array()
                    .unwrap()
                    .contains(&source)
            };
            assert!(records.iter().all(tells));
            let times = records
                .iter()
                .map(|record| record["Time"].as_str().unwrap());
            let mut left = throttled.lock().unwrap();
            let is_throttled = *left > 0 && times.clone().any(|time| time == "150");
            let answer = if is_throttled {
                *left -= 1;
                error("ThrottlingException", json!({}))
            } else {
                let mut stored = stored.lock().unwrap();
                times.for_each(|time| *stored.entry(time.to_owned()).or_default() += 1);
                told(&json!({"RecordsIngested": {"Total": records.len()}}))
            };
            async { answer }
        }
    };
    let timestream = asking(&fake::serve(answer, variable).await);
    assert_eq!(timestream.write(&write_of(250)).await.unwrap(), []);
    let stored = stored.lock().unwrap();
    assert_eq!(stored.len(), 250);
    assert!(stored.values().all(|times| *times == 1), "{stored:?}");
    assert_eq!(*throttled.lock().unwrap(), 0);
}

#[tokio::test]
async fn shards_have_as_many_points_as_is_set() {
    let nothing = async |_| Response::new(String::new());
    let usual = fake::serve(nothing, variable).await.timestream().unwrap();
    assert_eq!(usual.shard_points().get(), 100_000);
    let set = |name: &str| match name {
        "TIDEMARK_TIMESTREAM_SHARD_POINTS" => Some("5000".to_owned()),
        name => variable(name),
    };
    let few = fake::serve(nothing, set).await.timestream().unwrap();
    assert_eq!(few.shard_points().get(), 5000);
    let none = |name: &str| match name {
        "TIDEMARK_TIMESTREAM_SHARD_POINTS" => Some("0".to_owned()),
        name => variable(name),
    };
    let wrong = fake::serve(nothing, none).await.timestream().err();
    let told = wrong.unwrap().to_string();
    assert!(told.contains("TIDEMARK_TIMESTREAM_SHARD_POINTS"), "{told}");
}
