//! What is asked of a table that is busy, or silent, by whoever has only so much time.

use std::future::pending;

use serde_json::Value as Json;
use tidemark_core::name::SeriesKey;
use tidemark_core::time::TimeRange;
use tidemark_ports::deadline;
use tidemark_ports::error::causes;
use tokio::time::Instant;

use super::*;
use crate::in_time::RESERVE;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// When calls end, with so many seconds left.
const fn end(left: u64) -> Duration {
    seconds(left).saturating_sub(RESERVE)
}

fn variable(name: &str) -> Option<String> {
    match name {
        "TIDEMARK_POINTS_TABLE" => Some("points".to_owned()),
        "TIDEMARK_CATALOG_TABLE" => Some("catalog".to_owned()),
        _ => None,
    }
}

/// Tables of which each is throttled for so many seconds from now on, and empty then.
async fn throttled(catalog: u64, points: u64) -> Aws {
    let begin = Instant::now();
    let answer = move |request: Request<Bytes>| {
        let asked: Json = serde_json::from_slice(request.body()).unwrap();
        let is_catalog = asked["TableName"] == "catalog";
        let busy = seconds(if is_catalog { catalog } else { points });
        let answer = if begin.elapsed() < busy {
            refusal("ProvisionedThroughputExceededException")
        } else {
            Response::new("{}".to_owned())
        };
        async { answer }
    };
    fake::serve_here(answer, variable).await
}

/// Tables that do not answer.
async fn silent() -> Aws {
    fake::serve_here(|_| pending(), variable).await
}

/// Does `work` in so many seconds: how long it took, and what came of it.
async fn done_in<T>(left: u64, work: impl Future<Output = T>) -> (Duration, T) {
    let begin = Instant::now();
    let done = deadline::within(begin + seconds(left), work).await;
    (begin.elapsed(), done)
}

async fn written(aws: &Aws) -> Result<()> {
    write_all(&aws.dynamodb(), &aws.table_calls, "points", deletions(60)).await
}

fn series() -> SeriesKey {
    SeriesKey {
        tenant: Tenant::local(),
        name: SeriesName::new("a").unwrap(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_throttled_batch_is_written_when_the_table_is_free_again() {
    let aws = throttled(0, 40).await;
    let (took, outcome) = done_in(60, written(&aws)).await;
    outcome.unwrap();
    assert!(seconds(40) <= took && took < seconds(45), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_throttled_batch_is_given_up_in_time_to_be_told() {
    let aws = throttled(0, 40).await;
    let (took, outcome) = done_in(8, written(&aws)).await;
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable);
    // Of what it was throttled, and not only that the time was up.
    let told = causes(&error);
    assert!(told.contains("ProvisionedThroughput"), "{told}");
    assert!(took <= end(8), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn without_a_deadline_the_patience_is_a_fixed_one() {
    let aws = throttled(0, 40).await;
    let begin = Instant::now();
    let error = written(&aws).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable);
    let took = begin.elapsed();
    assert!(seconds(10) < took && took <= seconds(15), "{took:?}");
}

/// What the SDK itself tries again: it would give up after a few seconds.
#[tokio::test(start_paused = true)]
async fn a_throttled_read_is_tried_as_long_as_there_is_time() {
    let catalog = throttled(15, 0).await.catalog().unwrap();
    let (took, found) = done_in(28, catalog.get(&series())).await;
    assert!(found.unwrap().is_none());
    assert!(seconds(15) <= took && took < seconds(18), "{took:?}");
    let catalog = throttled(60, 0).await.catalog().unwrap();
    let (took, found) = done_in(28, catalog.get(&series())).await;
    let error = found.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable);
    let told = causes(&error);
    assert!(told.contains("ProvisionedThroughput"), "{told}");
    assert!(seconds(24) < took, "{took:?}");
    assert!(took <= end(28), "{took:?}");
}

/// As the eraser has them: the catalog, then the points.
#[tokio::test(start_paused = true)]
async fn steps_end_together_before_the_deadline() {
    let aws = throttled(15, 60).await;
    let (catalog, points) = (aws.catalog().unwrap(), aws.points().unwrap());
    let steps = async {
        catalog.get(&series()).await.unwrap();
        let at = Timestamp::from_nanos(0);
        points.delete(&series(), TimeRange::ALL, at).await
    };
    let (took, outcome) = done_in(28, steps).await;
    assert_eq!(outcome.unwrap_err().kind(), Kind::Unavailable);
    assert!(seconds(24) < took, "{took:?}");
    assert!(took <= end(28), "{took:?}");
}

/// Less than one try may take otherwise.
#[tokio::test(start_paused = true)]
async fn a_call_that_is_not_answered_is_cut() {
    let aws = silent().await;
    let catalog = aws.catalog().unwrap();
    let (took, outcome) = done_in(3, written(&aws)).await;
    assert_eq!(outcome.unwrap_err().kind(), Kind::Unavailable);
    assert_eq!(took, end(3));
    let (took, found) = done_in(3, catalog.get(&series())).await;
    assert_eq!(found.unwrap_err().kind(), Kind::Unavailable);
    assert!(took <= end(3) + Duration::from_millis(2), "{took:?}");
}
