//! `GET /api`.

use http::StatusCode;
use serde_json::{Value as Json, json};
use tidemark_ports::error::Kind;

use crate::hooks::{Call, Done};
use crate::world::World;

/// The names of all pages of a list, each with the count that was told.
async fn names(world: &World, uri: &str) -> (Vec<String>, Vec<u64>) {
    let (mut names, mut counts) = (Vec::new(), Vec::new());
    let mut next = Some(uri.to_owned());
    while let Some(uri) = next {
        let answer = world.get(&uri).await;
        assert_eq!(answer.status, StatusCode::OK, "{uri}");
        let body = answer.json();
        counts.push(body["count"].as_u64().unwrap());
        let text = |row: &Json| row["name"].as_str().unwrap().to_owned();
        names.extend(body["series"].as_array().unwrap().iter().map(text));
        next = answer.next();
    }
    (names, counts)
}

#[tokio::test]
async fn series_are_listed_by_name_page_by_page() {
    let world = World::new();
    let mut all: Vec<String> = (0..25).map(|i| format!("s{}:{i}", i % 3)).collect();
    for name in &all {
        world.load(name, &[(1, 1.0)]).await;
    }
    all.sort();
    for limit in [1, 10, 25, 50_000] {
        let (found, counts) = names(&world, &format!("/api?limit={limit}")).await;
        assert_eq!(found, all);
        assert!(counts.iter().all(|&count| count == 25));
        assert_eq!(counts.len(), 25usize.div_ceil(limit));
    }
    let of_one: Vec<_> = all.iter().filter(|name| name.starts_with("s1:")).collect();
    for details in ["", "&details=true"] {
        let uri = format!("/api?prefix=s1:&limit=3{details}");
        let (found, counts) = names(&world, &uri).await;
        assert_eq!(found.iter().collect::<Vec<_>>(), of_one);
        assert_eq!(counts, [8, 8, 8]);
    }
    let (found, counts) = names(&world, "/api?prefix=none").await;
    assert_eq!((found.len(), counts), (0, vec![0]));
    for uri in [
        "/api?details=true&limit=101",
        "/api?prefix=a/b",
        "/api?details=1",
    ] {
        assert_eq!(
            world.get(uri).await.status,
            StatusCode::BAD_REQUEST,
            "{uri}"
        );
    }
}

#[tokio::test]
async fn details_tell_about_the_points() {
    let world = World::new();
    world.load("a", &[(3, 0.126), (1, 1.5), (2, 7.0)]).await;
    world.load("b", &[(1, 1.0)]).await;
    world.delete("/api/b?from=0").await;
    let list = world.get("/api?details=true&decimals=2").await.json();
    let (a, b) = (&list["series"][0], &list["series"][1]);
    assert_eq!(a["points"], 3);
    assert_eq!(
        a["first"],
        json!({"time": "1970-01-01T00:00:01Z", "value": 1.5})
    );
    assert_eq!(
        a["last"],
        json!({"time": "1970-01-01T00:00:03Z", "value": 0.13})
    );
    assert_eq!(
        (&b["points"], &b["first"], &b["last"]),
        (&json!(0), &json!(null), &json!(null))
    );
    let plain = world.get("/api").await.json();
    assert_eq!(plain["series"][0].get("points"), None);
    // When the last batch was received.
    assert_eq!(plain["series"][0]["updated"], "2023-11-14T22:13:20Z");
}

#[tokio::test]
async fn details_are_looked_up_several_at_a_time_and_stay_in_order() {
    let world = World::new();
    let names: Vec<String> = (10..35).map(|i| format!("s{i}")).collect();
    for (count, name) in (1..).zip(&names) {
        let points: Vec<_> = (0..count).map(|t| (t, 1.0)).collect();
        world.load(name, &points).await;
    }
    world.hooks.most_at_once();
    let list = world.get("/api?details=true&limit=20").await;
    assert_eq!(world.hooks.most_at_once(), 8);
    assert!(list.next().is_some());
    let list = list.json();
    let rows = list["series"].as_array().unwrap();
    assert_eq!(rows.len(), 20);
    for ((count, name), row) in (1..).zip(&names).zip(rows) {
        assert_eq!(
            (&row["name"], &row["points"]),
            (&json!(name), &json!(count))
        );
    }
}

#[tokio::test]
async fn one_series_that_cannot_be_looked_at_is_a_failure_of_all() {
    let world = World::new();
    for name in ["a", "b", "c"] {
        world.load(name, &[(1, 1.0)]).await;
    }
    world
        .hooks
        .fail(Call::Summarize, Kind::Unavailable, Done::Not);
    let answer = world.get("/api?details=true").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    let answer = world.get("/api?details=true").await;
    assert_eq!(answer.status, StatusCode::OK);
}
