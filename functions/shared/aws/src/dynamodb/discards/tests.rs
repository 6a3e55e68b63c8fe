//! Discards that expire.

use std::collections::BTreeMap;
use std::sync::Mutex;

use http::{Request, Response};
use hyper::body::Bytes;
use serde_json::{Value as Json, json};
use tidemark_core::batch::{BatchId, Source};
use tidemark_core::discard::{Format, Reason};
use tidemark_core::payload::Payload;
use tidemark_ports::error::causes;

use super::*;
use crate::fake;

/// When the tests are, in seconds.
const NOW: i64 = 1_000_000;
const DAY: i64 = 86_400;

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        Timestamp::from_nanos(NOW * NANOS_PER_SECOND + 999_999_999)
    }
}

/// What a table was given, by id.
#[derive(Default)]
struct Items {
    items: Mutex<BTreeMap<String, Json>>,
    /// What it says of the index of what expires, which cannot be read.
    no_expiry: Option<&'static str>,
}

impl Items {
    /// What is in an index: what has its keys.
    fn indexed(&self, index: &str, now: Option<i64>) -> Vec<Json> {
        let items = self.items.lock().unwrap();
        let expires = |item: &Json| item["expires"]["N"].as_str()?.parse::<i64>().ok();
        let is_in = |item: &&Json| match index {
            "by-expiry" => {
                expires(item).is_some_and(|at| at <= now.unwrap()) && item["stamp"].is_object()
            }
            _ => item["stamp"].is_object(),
        };
        // The latest first, as a listing wants them.
        items.values().rev().filter(is_in).cloned().collect()
    }

    fn answer(&self, request: &Request<Bytes>) -> Response<String> {
        let target = request.headers()["x-amz-target"].to_str().unwrap();
        let asked: Json = serde_json::from_slice(request.body()).unwrap();
        let id = |item: &Json| item["id"]["S"].as_str().unwrap().to_owned();
        let answer = match target.rsplit('.').next().unwrap() {
            "PutItem" => {
                let item = asked["Item"].clone();
                self.items.lock().unwrap().insert(id(&item), item);
                json!({})
            }
            "BatchWriteItem" => {
                for put in asked["RequestItems"]["t"].as_array().unwrap() {
                    let item = put["PutRequest"]["Item"].clone();
                    self.items.lock().unwrap().insert(id(&item), item);
                }
                json!({"UnprocessedItems": {}})
            }
            "GetItem" => json!({"Item": self.items.lock().unwrap()[&id(&asked["Key"])]}),
            "BatchGetItem" => {
                let items = self.items.lock().unwrap();
                let keys = asked["RequestItems"]["t"]["Keys"].as_array().unwrap();
                let found: Vec<&Json> = keys.iter().map(|key| &items[&id(key)]).collect();
                json!({"Responses": {"t": found}, "UnprocessedKeys": {}})
            }
            "Query" => {
                let index = asked["IndexName"].as_str().unwrap();
                if let ("by-expiry", Some(told)) = (index, self.no_expiry) {
                    let kind = "com.amazon.coral.validate#ValidationException";
                    let body = json!({"__type": kind, "message": told}).to_string();
                    return Response::builder().status(400).body(body).unwrap();
                }
                let now = asked["ExpressionAttributeValues"][":now"]["N"].as_str();
                let items = self.indexed(index, now.map(|now| now.parse().unwrap()));
                json!({"Count": items.len(), "Items": items})
            }
            other => panic!("{other}"),
        };
        Response::new(answer.to_string())
    }
}

async fn table(items: &Arc<Items>, days: fn(&str) -> Option<String>) -> DiscardsTable {
    let items = Arc::clone(items);
    let answer = move |request: Request<Bytes>| {
        let answer = items.answer(&request);
        async { answer }
    };
    let aws = fake::serve(answer, days).await;
    let clock = Arc::new(Fixed);
    DiscardsTable {
        clock,
        ..aws.discards().unwrap()
    }
}

fn variable(name: &str, days: &str) -> Option<String> {
    match name {
        "TIDEMARK_DISCARDS_TABLE" => Some("t".to_owned()),
        DAYS => Some(days.to_owned()),
        _ => None,
    }
}

fn discard(index: u32) -> Discard {
    Discard {
        tenant: Tenant::local(),
        source: Source::Api,
        stamp: Stamp {
            received: Timestamp::from_nanos(0),
            batch: BatchId::new(1, 1),
            index,
        },
        series: None,
        time: None,
        value: None,
        reasons: vec![Reason::TooOld, Reason::Suspect],
        detail: String::new(),
        payload: Payload::new(b"{}"),
        format: Format::Point,
        replayed: None,
    }
}

const ANY: DiscardFilter = DiscardFilter {
    reason: None,
    source: None,
    series: None,
    received: TimeRange::ALL,
};

fn expiries(items: &Items) -> Vec<Option<i64>> {
    let items = items.items.lock().unwrap();
    let expires = |item: &Json| item["expires"]["N"].as_str()?.parse().ok();
    items.values().map(expires).collect()
}

#[tokio::test]
async fn discards_expire_days_after_they_were_put() {
    let items = Arc::default();
    let table = table(&items, |name| variable(name, "30")).await;
    table.put(&[discard(0)]).await.unwrap();
    // So does the item of its other reason.
    assert_eq!(expiries(&items), [Some(NOW + 30 * DAY); 2]);
}

#[tokio::test]
async fn discards_are_kept_unless_somebody_says_how_long() {
    for days in [
        |name: &str| variable(name, "0"),
        |name: &str| variable(name, ""),
    ] {
        let items = Arc::default();
        let table = table(&items, days).await;
        table.put(&[discard(0)]).await.unwrap();
        assert_eq!(expiries(&items), [None; 2]);
    }
}

#[tokio::test]
async fn days_that_are_no_number_are_named() {
    let wrong = |name: &str| variable(name, "a month");
    let aws = fake::serve(|_| async { Response::new(String::new()) }, wrong).await;
    let error = aws.discards().err().unwrap().to_string();
    assert!(
        error.contains("TIDEMARK_DISCARD_DAYS is \"a month\""),
        "{error}"
    );
}

/// As `DynamoDB` leaves it for some days.
#[tokio::test]
async fn what_has_expired_and_is_still_there_is_left_out() {
    let items = Arc::default();
    let table = table(&items, |name| variable(name, "30")).await;
    table
        .put(&[discard(0), discard(1), discard(2)])
        .await
        .unwrap();
    let all = table.list(&Tenant::local(), &ANY, None, 10).await.unwrap();
    assert_eq!(all.len(), 3);
    for (index, expires) in [(0, NOW), (1, NOW + 1)] {
        let id = discard(index).id().to_string();
        let expires = json!({"N": expires.to_string()});
        items.items.lock().unwrap().get_mut(&id).unwrap()["expires"] = expires;
    }
    let left = table.list(&Tenant::local(), &ANY, None, 10).await.unwrap();
    assert_eq!(left, [discard(2), discard(1)]);
    let get = async |index| {
        table
            .get(&Tenant::local(), discard(index).id())
            .await
            .unwrap()
    };
    assert_eq!(get(0).await, None);
    assert_eq!(get(1).await, Some(discard(1)));
    let counts = table.counts(&Tenant::local(), TimeRange::ALL).await;
    let counts: Vec<u64> = counts.unwrap().into_iter().map(|c| c.count).collect();
    assert_eq!(counts, [2]);
}

#[tokio::test]
async fn a_table_without_the_index_counts_what_has_expired() {
    for told in [
        "The table does not have the specified index: by-expiry",
        "Cannot read from backfilling global secondary index: by-expiry",
    ] {
        assert_eq!(counted(told).await.unwrap()[0].count, 1, "{told}");
    }
}

/// A query that is wrong is not one of an index that is to come.
#[tokio::test]
async fn another_refusal_of_the_index_is_an_error() {
    let told = "Query condition missed key schema element: expires";
    let error = counted(told).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Internal);
    assert!(causes(&error).contains(told), "{error}");
}

/// Counts of a table with one discard that says so of its index.
async fn counted(told: &'static str) -> Result<Vec<DiscardCount>> {
    let items = Arc::new(Items {
        no_expiry: Some(told),
        ..Items::default()
    });
    let table = table(&items, |name| variable(name, "1")).await;
    table.put(&[discard(0)]).await.unwrap();
    table.counts(&Tenant::local(), TimeRange::ALL).await
}
