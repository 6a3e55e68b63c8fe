use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use http::Response;
use serde_json::{Value, json};
use tidemark_core::batch::{BatchId, Content, Source};
use tidemark_core::name::SeriesName;
use tidemark_core::payload::Payload;
use tidemark_core::time::Timestamp;

use super::*;
use crate::fake;

/// What a queue of the test was sent, call by call: the ids of the entries.
type Calls = Arc<Mutex<Vec<Vec<String>>>>;

/// A queue that does not take an entry the first times, as told by its id: how
/// often, with which code, and whether that is the sender's fault.
async fn queue(refuses: &[(&str, usize, &str, bool)]) -> (SqsQueue, Calls) {
    let mut refuses: BTreeMap<String, (usize, String, bool)> = refuses
        .iter()
        .map(|(id, times, code, fault)| ((*id).to_owned(), (*times, (*code).to_owned(), *fault)))
        .collect();
    let calls = Calls::default();
    let seen = Arc::clone(&calls);
    let state = Mutex::new(std::mem::take(&mut refuses));
    let answer = move |request: http::Request<hyper::body::Bytes>| {
        let sent: Value = serde_json::from_slice(request.body()).unwrap();
        let (mut taken, mut failed, mut ids) = (Vec::new(), Vec::new(), Vec::new());
        for entry in sent["Entries"].as_array().unwrap() {
            assert_eq!(entry["MessageGroupId"], "local");
            let id = entry["Id"].as_str().unwrap().to_owned();
            match state.lock().unwrap().get_mut(&id) {
                Some((times, code, fault)) if *times > 0 => {
                    *times -= 1;
                    failed.push(json!({"Id": id, "Code": code, "SenderFault": fault}));
                }
                _ => taken.push(json!({"Id": id, "MessageId": id, "MD5OfMessageBody": "-"})),
            }
            ids.push(id);
        }
        seen.lock().unwrap().push(ids);
        let body = json!({"Successful": taken, "Failed": failed}).to_string();
        std::future::ready(
            Response::builder()
                .header("content-type", "application/x-amz-json-1.0")
                .body(body)
                .unwrap(),
        )
    };
    let aws = fake::serve(answer, |_| Some("http://127.0.0.1/queue".to_owned())).await;
    (aws.queue().unwrap(), calls)
}

fn batch() -> Batch {
    Batch {
        tenant: Tenant::local(),
        source: Source::DataServer,
        id: BatchId::new(1, 2),
        received: Timestamp::from_nanos(3),
        content: Content::Messages {
            series: SeriesName::new("a").unwrap(),
            first: 0,
            payloads: vec![Payload::new(b"x")],
        },
    }
}

fn entries(lengths: &[usize]) -> Vec<Vec<usize>> {
    let texts = lengths.iter().map(|length| Ok("x".repeat(*length)));
    calls(texts, "g")
        .map(|call| {
            call.unwrap()
                .iter()
                .map(|e| e.message_body().len())
                .collect()
        })
        .collect()
}

#[test]
fn a_call_has_ten_messages_and_a_mebibyte_at_most() {
    assert_eq!(entries(&[1; 10]), [[1; 10]]);
    assert_eq!(entries(&[1; 11]), [vec![1; 10], vec![1]]);
    assert_eq!(
        entries(&[LONGEST - 1, 1, 1]),
        [vec![LONGEST - 1, 1], vec![1]]
    );
    assert_eq!(entries(&[LONGEST, LONGEST]), [[LONGEST], [LONGEST]]);
    assert_eq!(entries(&[LONGEST, 1]), [[LONGEST], [1]]);
    const { assert!(LONGEST < 1 << 20) }
}

#[test]
fn a_group_has_a_name_that_sqs_takes() {
    let long = Tenant::new("t".repeat(256)).unwrap();
    assert_eq!(group(&long), "t".repeat(128));
    assert_eq!(group(&Tenant::local()), "local");
}

#[tokio::test]
async fn only_what_was_not_taken_is_sent_again() {
    let (queue, calls) = queue(&[
        ("1", 2, "InternalError", false),
        ("2", 1, "RequestThrottled", true),
    ])
    .await;
    let texts = (0..3).map(|_| Ok("x".to_owned()));
    let call = super::calls(texts, "local").next().unwrap().unwrap();
    queue.deliver(call).await.unwrap();
    assert_eq!(
        *calls.lock().unwrap(),
        [vec!["0", "1", "2"], vec!["1", "2"], vec!["1"]]
    );
}

#[tokio::test]
async fn what_is_never_taken_is_an_error_that_passes() {
    let (queue, calls) = queue(&[("0", 100, "InternalError", false)]).await;
    let error = queue.send(batch()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable);
    assert_eq!(calls.lock().unwrap().len(), TRIES);
}

#[tokio::test]
async fn what_is_our_fault_is_not_sent_again() {
    let (queue, calls) = queue(&[("0", 100, "InvalidMessageContents", true)]).await;
    let error = queue.send(batch()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Internal);
    assert!(error.to_string().contains("InvalidMessageContents"));
    assert_eq!(calls.lock().unwrap().len(), 1);
}
