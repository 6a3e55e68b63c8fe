//! What is asked of a table that is busy.

mod deadlines;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::types::DeleteRequest;
use http::{Request, Response};
use hyper::body::Bytes;
use serde_json::json;
use tidemark_core::batch::{BatchId, SeriesPoints, Source, Write};
use tidemark_core::discard::{Discard, Format, Reason};
use tidemark_core::name::{SeriesName, Tenant};
use tidemark_core::payload::Payload;
use tidemark_core::point::{Stamp, Tags, Value};
use tidemark_core::time::Timestamp;
use tidemark_ports::{Catalog, DiscardLog, PointStore};

use super::*;
use crate::client::{Aws, TABLE_CALLS};
use crate::dynamodb::item::key;
use crate::fake;

/// What is asked for.
fn operation(request: &Request<Bytes>) -> String {
    let target = request.headers()["x-amz-target"].to_str().unwrap();
    target.rsplit('.').next().unwrap().to_owned()
}

fn refusal(code: &str) -> Response<String> {
    let kind = format!("com.amazonaws.dynamodb.v20120810#{code}");
    let body = json!({"__type": kind, "message": "The table is busy"});
    let answer = Response::builder().status(400);
    answer.body(body.to_string()).unwrap()
}

/// A table that refuses the first so many calls as a whole, for that reason.
struct Busy {
    aws: Aws,
    calls: Arc<AtomicUsize>,
}

async fn busy(refused: usize, code: &'static str) -> Busy {
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&calls);
    let answer = move |request: Request<Bytes>| {
        // One that the SDK would not repeat: we do.
        let attempt = request.headers()["amz-sdk-request"].to_str().unwrap();
        assert_eq!(attempt, "attempt=1; max=1");
        let is_refused = counter.fetch_add(1, Ordering::Relaxed) < refused;
        let answer = if is_refused {
            refusal(code)
        } else if operation(&request) == "BatchGetItem" {
            let item = json!({"id": {"S": "1"}});
            Response::new(json!({"Responses": {"t": [item]}, "UnprocessedKeys": {}}).to_string())
        } else {
            Response::new(json!({"UnprocessedItems": {}}).to_string())
        };
        async { answer }
    };
    Busy {
        aws: fake::serve(answer, |_| None).await,
        calls,
    }
}

fn deletions(count: usize) -> Vec<WriteRequest> {
    let deletion = |i: usize| {
        let key = key([("id", i.to_string().as_str())]);
        let deletion = DeleteRequest::builder().set_key(Some(key)).build();
        WriteRequest::builder()
            .delete_request(deletion.unwrap())
            .build()
    };
    (0..count).map(deletion).collect()
}

const THROTTLED: [&str; 3] = [
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
];

#[tokio::test]
async fn a_call_that_is_throttled_as_a_whole_is_made_again() {
    for code in THROTTLED {
        let Busy { aws, calls } = busy(5, code).await;
        let written = write_all(&aws.dynamodb(), &aws.table_calls, "t", deletions(30)).await;
        written.unwrap();
        // Two are to be made; each of the refused ones once more.
        assert_eq!(calls.load(Ordering::Relaxed), 2 + 5, "{code}");
        let Busy { aws, calls } = busy(3, code).await;
        let keys = vec![key([("id", "1")])];
        let read = get_all(&aws.dynamodb(), &aws.table_calls, "t", keys).await;
        assert_eq!(read.unwrap().len(), 1);
        assert_eq!(calls.load(Ordering::Relaxed), 1 + 3, "{code}");
    }
}

#[tokio::test]
async fn what_does_not_pass_is_not_tried_again() {
    let Busy { aws, calls } = busy(1, "ValidationException").await;
    let written = write_all(&aws.dynamodb(), &aws.table_calls, "t", deletions(1)).await;
    assert_eq!(written.unwrap_err().kind(), Kind::Internal);
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

/// How many series, and discards, a message has.
const EACH: u32 = 100;

fn message(number: u64) -> (Arc<Write>, Vec<Discard>) {
    let batch = BatchId::new(1, number);
    let received = Timestamp::from_nanos(0);
    let series = |i: u32| {
        let mut points = SeriesPoints::new(SeriesName::new(format!("{number}-{i}")).unwrap());
        points.push(i, received, Value::new(1.0).unwrap(), Tags::none());
        points
    };
    let discard = |index: u32| Discard {
        tenant: Tenant::local(),
        source: Source::Api,
        stamp: Stamp {
            received,
            batch,
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
    };
    let write = Write {
        tenant: Tenant::local(),
        batch,
        received,
        source: Source::Api,
        series: (0..EACH).map(series).collect(),
    };
    (Arc::new(write), (EACH..2 * EACH).map(discard).collect())
}

/// Ten messages at once, as the validator has them.
#[tokio::test]
async fn all_messages_of_an_invocation_share_a_budget_of_calls() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let all = Arc::new(AtomicUsize::new(0));
    let (counted, highest, made) = (Arc::clone(&now), Arc::clone(&most), Arc::clone(&all));
    let answer = move |_| {
        let (now, most) = (Arc::clone(&counted), Arc::clone(&highest));
        made.fetch_add(1, Ordering::Relaxed);
        async move {
            let under_way = now.fetch_add(1, Ordering::Relaxed) + 1;
            most.fetch_max(under_way, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(2)).await;
            now.fetch_sub(1, Ordering::Relaxed);
            Response::new("{}".to_owned())
        }
    };
    let variable = |name: &str| name.ends_with("_TABLE").then(|| "t".to_owned());
    let aws = fake::serve(answer, variable).await;
    let (points, catalog) = (aws.points().unwrap(), aws.catalog().unwrap());
    let discards = aws.discards().unwrap();
    let handle = async |number| {
        let (write, rejected) = message(number);
        let names: Vec<&SeriesName> = write.series.iter().map(|s| &s.name).collect();
        let (refused, (), ()) = tokio::try_join!(
            points.write(&write),
            catalog.register(&write.tenant, &names, write.received),
            discards.put(&rejected),
        )
        .unwrap();
        assert_eq!(refused, []);
    };
    futures_util::future::join_all((0..10).map(handle)).await;
    // Points and pointers in batches; series and discards each for itself.
    let calls = 2 * EACH.div_ceil(25) + 2 * EACH;
    assert_eq!(all.load(Ordering::Relaxed), 10 * calls as usize);
    assert_eq!(most.load(Ordering::Relaxed), TABLE_CALLS);
}
