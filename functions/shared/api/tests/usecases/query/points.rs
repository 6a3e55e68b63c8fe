//! `GET /api/{name}/points`.

use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::{Value as Json, json};
use tidemark_core::batch::{Batch, BatchId, Content, SeriesPoints, Source};
use tidemark_core::name::Tenant;
use tidemark_core::point::Value;

use crate::world::{NOW, World, at, name, tags};

/// A point every ten seconds, some of them received twice, a part in chunks and
/// a part not.
async fn series(world: &World, points: i64) {
    let all: Vec<(i64, f64)> = (0..points).map(|i| (10 * i, i as f64 / 4.0)).collect();
    let (early, late) = all.split_at(all.len() * 2 / 3);
    world.load("a", late).await;
    world.load("a", early).await;
    world.ports.store.flush().await.unwrap();
    world.load("a", &all[all.len() / 2..]).await;
}

fn rows(range: std::ops::RangeInclusive<i64>) -> Vec<Json> {
    range
        .map(|i| json!({"time": at(10 * i).to_string(), "value": i as f64 / 4.0}))
        .collect()
}

fn same(found: &[Json], expected: &[Json]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(found["time"], expected["time"]);
        assert_eq!(found["value"].as_f64(), expected["value"].as_f64());
    }
}

#[tokio::test]
async fn pages_are_one_big_page_cut_both_ways() {
    for stingy in [false, true] {
        let world = World::new();
        series(&world, 100).await;
        if stingy {
            world.hooks.be_stingy(true);
        }
        for (query, mut expected) in [
            ("", rows(0..=99)),
            ("from=95&to=905&", rows(10..=90)),
            ("from=100&", rows(10..=99)),
            ("to=900&", rows(0..=90)),
            ("from=101&to=109&", vec![]),
        ] {
            for order in ["asc", "desc"] {
                for limit in [1, 7, 50, 99, 100, 101, 50_000] {
                    let uri = format!("/api/a/points?{query}order={order}&limit={limit}");
                    let (found, pages) = world.pages(&uri).await;
                    same(&found, &expected);
                    // No empty page at the end.
                    assert_eq!(pages, expected.len().div_ceil(limit).max(1), "{uri}");
                }
                expected.reverse();
            }
        }
    }
}

#[tokio::test]
async fn a_page_ends_at_4_mib() {
    let world = World::new();
    let mut points = SeriesPoints::new(name("a"));
    let long = tags(&["x".repeat(128).as_str(), "y".repeat(128).as_str()]);
    for i in 0..20_000 {
        let value = Value::new(f64::from(i)).unwrap();
        points.push(i, at(i.into()), value, long.clone());
    }
    let batch = Batch {
        tenant: Tenant::local(),
        source: Source::Api,
        id: BatchId::new(1, 0),
        received: at(NOW),
        content: Content::Points {
            series: vec![points],
            rejects: Vec::new(),
        },
    };
    world.validator.handle(batch).await.unwrap();
    let first = world.get("/api/a/points?limit=50000").await;
    assert!((3 << 20..=4 << 20).contains(&first.text.len()));
    let (found, pages) = world.pages("/api/a/points?limit=50000").await;
    assert_eq!(pages, 2);
    let values: Vec<_> = found.iter().map(|row| row["value"].as_i64()).collect();
    let expected: Vec<_> = (0..20_000).map(Some).collect();
    assert_eq!(values, expected);
}

#[tokio::test]
async fn points_keep_their_tags_and_come_in_other_forms() {
    let world = World::new();
    let body = r#"[{"name":"a","t":0.5,"v":1.5,"tags":["b","a"]},{"name":"a","t":1,"v":-0.0}]"#;
    world.post("/api", body).await;
    let json = world.get_as("/api/a/points", "application/json").await;
    assert_eq!(
        json.text,
        r#"[{"time":"1970-01-01T00:00:00.5Z","value":1.5,"tags":["a","b"]},{"time":"1970-01-01T00:00:01Z","value":-0.0}]"#
    );
    let csv = world.get_as("/api/a/points?limit=1", "text/csv").await;
    assert_eq!(
        csv.text,
        "time,value,tags\r\n1970-01-01T00:00:00.5Z,1.5,a;b\r\n"
    );
    assert_eq!(csv.headers[CONTENT_TYPE], "text/csv; charset=utf-8");
    let next = csv.next().unwrap();
    let csv = world.get_as(&next, "text/csv").await;
    assert_eq!(
        csv.text,
        "time,value,tags\r\n1970-01-01T00:00:01Z,-0.0,\r\n"
    );
    assert_eq!(csv.next(), None);
    let lines = world.get_as("/api/a/points", "application/x-ndjson").await;
    assert_eq!(lines.text.lines().count(), 2);
    let none = world.get_as("/api/a/points", "image/png").await;
    assert_eq!(none.status, StatusCode::NOT_ACCEPTABLE);
}

#[tokio::test]
async fn a_cursor_belongs_to_its_query_and_tenant() {
    let world = World::new();
    world.load("a", &[(1, 1.0), (2, 2.0)]).await;
    world.load("b", &[(1, 1.0), (2, 2.0)]).await;
    let next = world.get("/api/a/points?limit=1").await.next().unwrap();
    let cursor = next.rsplit_once("cursor=").unwrap().1;
    for (uri, status) in [
        (format!("/api/a/points?limit=2&cursor={cursor}"), 200),
        (format!("/api/b/points?limit=1&cursor={cursor}"), 400),
        (format!("/api/a/points?order=desc&cursor={cursor}"), 400),
        (format!("/api/a/buckets?every=1s&cursor={cursor}"), 400),
        ("/api/a/points?cursor=AAAA".to_owned(), 400),
        ("/api/a/points?limit=0".to_owned(), 400),
        ("/api/a/points?limit=50001".to_owned(), 400),
        ("/api/a/points?from=2&to=1".to_owned(), 400),
        ("/api/a/points?from=1&start=1".to_owned(), 400),
        ("/api/a/points?stats=sum".to_owned(), 400),
    ] {
        let answer = world.get(&uri).await;
        assert_eq!(answer.status.as_u16(), status, "{uri} {}", answer.text);
    }
    let other = Tenant::new("other").unwrap();
    let answer = world.get_of(&other, &next).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn points_at_the_ends_of_time_are_paged_too() {
    let world = World::new();
    let points = [
        (i64::MIN, 1.0),
        (i64::MIN + 1, 2.0),
        (0, 3.0),
        (i64::MAX, 4.0),
    ];
    world.store("a", &points).await;
    for (order, expected) in [("asc", [1, 2, 3, 4]), ("desc", [4, 3, 2, 1])] {
        let (found, pages) = world
            .pages(&format!("/api/a/points?limit=1&order={order}"))
            .await;
        let values: Vec<_> = found.iter().map(|row| row["value"].as_i64()).collect();
        assert_eq!(values, expected.map(Some));
        assert_eq!(pages, 4);
    }
}
