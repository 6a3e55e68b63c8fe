//! `GET /api/{name}`, and what all questions have in common.

use http::StatusCode;
use http::header::WARNING;
use serde_json::json;
use tidemark_ports::error::Kind;

use crate::hooks::{Call, Done, INSIDE};
use crate::world::World;

#[tokio::test]
async fn all_statistics_of_four_points() {
    let world = World::new();
    let points = [(10, 3.0), (20, -1.0), (30, 4.0), (40, -1.0)];
    world.load("a", &points).await;
    let stats = world.get("/api/a?stats=all").await.json();
    // By numpy: median, percentile, var, std; moments of the population.
    let expected = json!({
        "avg": 1.25, "sum": 5, "count": 4, "min": -1, "max": 4, "range": 5,
        "first": 3, "last": -1, "median": 1, "p90": 3.7, "p95": 3.85, "p99": 3.97,
        "variance": 5.1875, "rms": 2.598_076_211_353_316, "peak": 4, "peak_to_peak": 5,
        "min_time": "1970-01-01T00:00:20Z", "max_time": "1970-01-01T00:00:30Z",
        "first_time": "1970-01-01T00:00:10Z", "last_time": "1970-01-01T00:00:40Z",
        "duration": 30,
    });
    for (name, value) in expected.as_object().unwrap() {
        match (value.as_f64(), stats[name].as_f64()) {
            (Some(value), Some(found)) => {
                assert!((found - value).abs() < 1e-12, "{name}: {found}");
            }
            _ => assert_eq!(&stats[name], value, "{name}"),
        }
    }
    assert_eq!(stats.as_object().unwrap().len(), 25);
    let order = world.get("/api/a?stats=max,count,avg").await;
    assert_eq!(order.text, r#"{"max":4,"count":4,"avg":1.25}"#);
}

#[tokio::test]
async fn without_points_count_and_sum_are_zero() {
    let world = World::new();
    world.load("a", &[(10, 3.0)]).await;
    let stats = world
        .get("/api/a?from=11&stats=count,sum,avg,min_time")
        .await;
    assert_eq!(
        stats.text,
        r#"{"count":0,"sum":0,"avg":null,"min_time":null}"#
    );
    assert_eq!(world.get("/api/a/points?from=11").await.text, "[]");
    let buckets = world.get("/api/a/buckets?from=11&every=1s&fill=zero").await;
    assert_eq!(buckets.text, "[]");
}

#[tokio::test]
async fn a_sum_beyond_the_range_of_f64_is_null_with_a_warning() {
    let world = World::new();
    world.load("a", &[(1, 1e308), (2, 1e308), (3, 5.0)]).await;
    let stats = world.get("/api/a?stats=sum,avg").await;
    let body = stats.json();
    assert_eq!(body["sum"], json!(null));
    // The mean is within it.
    assert!((body["avg"].as_f64().unwrap() / 1e308 - 2.0 / 3.0).abs() < 1e-12);
    assert!(stats.headers.contains_key(WARNING));
    let stats = world.get("/api/a?from=2&stats=sum").await;
    assert_eq!(stats.headers.get(WARNING), None);
    let buckets = world.get("/api/a/buckets?every=1h&stats=sum").await;
    assert_eq!(buckets.rows()[0]["sum"], json!(null));
    assert!(buckets.headers.contains_key(WARNING));
    world.load("a", &[(4, -1e308), (5, -1e308)]).await;
    assert_eq!(world.get("/api/a?stats=sum").await.text, r#"{"sum":5}"#);
}

#[tokio::test]
async fn an_unknown_series_is_404() {
    let world = World::new();
    world.load("a", &[(1, 1.0)]).await;
    for path in ["", "/points", "/buckets?every=1h"] {
        for (name, status) in [("b", 404), ("A", 404), ("a%20", 400), ("%2e%2E", 400)] {
            let answer = world.get(&format!("/api/{name}{path}")).await;
            assert_eq!(answer.status.as_u16(), status, "{name}{path}");
        }
    }
    // Percent-encoded or not, it is the same series.
    assert_eq!(world.get("/api/%61").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_store_that_fails_is_503_and_tells_nothing_of_the_inside() {
    let world = World::new();
    world.load("energy:m:1", &[(1, 1.0), (2, 2.0)]).await;
    let series = "/api/energy:m:1";
    for (call, uri) in [
        (Call::GetSeries, series.to_owned()),
        (Call::Extent, series.to_owned()),
        (Call::Summarize, series.to_owned()),
        (Call::Read, format!("{series}/points")),
        (Call::Read, format!("{series}/buckets?every=1h")),
        (Call::Summarize, format!("{series}/buckets?every=1h")),
        (Call::ListSeries, "/api".to_owned()),
        (Call::Summarize, "/api?details=true".to_owned()),
        (
            Call::ListSeries,
            "/meterdata/measurement?muid=m&measurement=energy".to_owned(),
        ),
        (
            Call::Read,
            "/meterdata/measurement?muid=m&measurement=energy".to_owned(),
        ),
        (Call::ListDiscards, "/admin/discards".to_owned()),
    ] {
        for (kind, status) in [(Kind::Unavailable, 503), (Kind::Internal, 500)] {
            world.hooks.fail(call, kind, Done::Not);
            let answer = world.get(&uri).await;
            assert_eq!(answer.status.as_u16(), status, "{call:?} {uri}");
            assert!(!answer.text.contains(INSIDE));
            assert!(world.hooks.all_happened());
            assert_eq!(world.get(&uri).await.status, StatusCode::OK);
        }
    }
}

#[tokio::test]
async fn queries_are_recorded_and_listed_the_latest_first() {
    let world = World::new();
    world.load("a", &[(1, 1.0)]).await;
    world.get("/api/a").await;
    world.get("/api/a/points?from=1&order=desc").await;
    world.get("/api/a/buckets?every=1h&to=1970-01-02").await;
    world
        .get("/meterdata/measurement?muid=m&measurement=x&start=5&stop=7")
        .await;
    // None of these is a query of a series' points, or one at all.
    world.get("/api/b").await;
    world.get("/api").await;
    world.get("/history").await;
    let (rows, pages) = world.pages("/history?limit=3").await;
    assert_eq!(pages, 2);
    let told: Vec<_> = rows
        .iter()
        .map(|row| json!([row["path"], row["series"], row["from"], row["to"]]))
        .collect();
    let expected = [
        json!([
            "/meterdata/measurement",
            null,
            "1970-01-01T00:00:05Z",
            "1970-01-01T00:00:06.999999999Z"
        ]),
        json!(["/api/a/buckets", "a", null, "1970-01-02T00:00:00Z"]),
        json!(["/api/a/points", "a", "1970-01-01T00:00:01Z", null]),
        json!(["/api/a", "a", null, null]),
    ];
    assert_eq!(told, expected);
    assert!(
        rows.iter()
            .all(|row| row["duration_ms"].as_f64() >= Some(0.0))
    );
    let times: Vec<_> = rows.iter().map(|row| row["time"].as_str()).collect();
    assert!(times.is_sorted_by(|a, b| a > b), "{times:?}");
    let other = tidemark_core::name::Tenant::new("other").unwrap();
    assert_eq!(world.get_of(&other, "/history").await.text, "[]");
}
