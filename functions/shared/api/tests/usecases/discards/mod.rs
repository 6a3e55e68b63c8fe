//! What an administrator sees of discards.

mod replay;

use http::StatusCode;
use serde_json::{Value as Json, json};
use tidemark_core::name::Tenant;

use crate::world::{NOW, World, at, messages};

fn message(time: i64, value: &str, tags: &str) -> Vec<u8> {
    format!(r#"{{"time": {time}, "value": {value}, "tags": {tags}}}"#).into_bytes()
}

/// Has one message discarded; returns its id.
async fn discarded(world: &World, payload: &[u8]) -> String {
    let batch = messages(1, at(NOW), [payload]);
    world.validator.handle(batch).await.unwrap();
    let rows = world.get("/admin/discards").await.rows();
    rows[0]["id"].as_str().unwrap().to_owned()
}

/// 40 discards of two sources and three series, a second apart.
async fn many(world: &World) {
    for i in 0..20 {
        world.clock.set(NOW + i);
        let (old, fresh) = (NOW + i - 4000, NOW + i);
        let payload = match i % 4 {
            0 => message(old, "1", r#"["suspect"]"#),
            1 => message(old, "1", "[]"),
            2 => message(fresh, "1", r#"["system"]"#),
            _ => b"\xffno message".to_vec(),
        };
        let batch = messages(100 + i.unsigned_abs(), at(NOW + i), [&payload[..]]);
        world.validator.handle(batch).await.unwrap();
        let body = format!(r#"[{{"name": "s{}", "t": 1, "v": "x"}}]"#, i % 2);
        world.post("/api", body).await;
    }
}

#[tokio::test]
async fn a_discard_is_told_with_all_that_is_known() {
    let world = World::new();
    let payload = message(NOW - 4000, "[0, 0, 128, 63]", r#"["suspect"]"#);
    let id = discarded(&world, &payload).await;
    let rows = world.get("/admin/discards").await.rows();
    let mut row = rows[0].clone();
    let detail = row["detail"].take();
    assert!(detail.as_str().is_some_and(|d| d.contains("suspect")));
    let expected = json!({
        "id": id, "received": "2023-11-14T22:13:20Z", "source": "data-server",
        "series": "data-server", "time": "2023-11-14T21:06:40Z", "value": 1,
        "reasons": ["too_old", "suspect"], "payload": String::from_utf8(payload).unwrap(),
        "detail": null, "replayed": null,
    });
    assert_eq!(row, expected);
}

#[tokio::test]
async fn a_payload_that_is_no_text_comes_in_base64() {
    let world = World::new();
    discarded(&world, b"\xff\x00{").await;
    let rows = world.get("/admin/discards").await.rows();
    assert_eq!(rows[0]["payload_base64"], "/wB7");
    assert_eq!(rows[0].get("payload"), None);
}

/// Whether a row is one of those that a filter asks for.
type Matches<'a> = Box<dyn Fn(&Json) -> bool + 'a>;

#[tokio::test]
async fn filters_and_pages() {
    let world = World::new();
    many(&world).await;
    let (all, _) = world.pages("/admin/discards").await;
    assert_eq!(all.len(), 40);
    let received: Vec<_> = all.iter().map(|row| row["received"].as_str()).collect();
    assert!(received.is_sorted_by(|a, b| a >= b));
    let has = |row: &Json, reason: &str| {
        let reasons = row["reasons"].as_array().unwrap();
        reasons.contains(&json!(reason))
    };
    let time = |row: &Json| row["received"].as_str().unwrap().to_owned();
    let (from, to) = (at(NOW + 5).to_string(), at(NOW + 9).to_string());
    let cases: Vec<(String, Matches<'_>)> = vec![
        (String::new(), Box::new(|_| true)),
        (
            "reason=suspect".to_owned(),
            Box::new(|row| has(row, "suspect")),
        ),
        (
            "reason=too_old".to_owned(),
            Box::new(|row| has(row, "too_old")),
        ),
        ("reason=store_rejected".to_owned(), Box::new(|_| false)),
        (
            "source=api".to_owned(),
            Box::new(|row| row["source"] == "api"),
        ),
        (
            "series=s1".to_owned(),
            Box::new(|row| row["series"] == "s1"),
        ),
        (
            format!("from={from}&to={to}"),
            Box::new(|row| (from.clone()..=to.clone()).contains(&time(row))),
        ),
        (
            format!("reason=malformed&source=data-server&series=data-server&to={to}"),
            Box::new(|row| {
                has(row, "malformed") && row["source"] == "data-server" && time(row) <= to
            }),
        ),
    ];
    for (query, matches) in cases {
        let expected: Vec<Json> = all.iter().filter(|row| matches(row)).cloned().collect();
        for limit in [1, 3, 40] {
            let uri = format!("/admin/discards?limit={limit}&{query}");
            let (found, pages) = world.pages(&uri).await;
            assert_eq!(found, expected, "{query}");
            assert_eq!(pages, expected.len().div_ceil(limit).max(1), "{query}");
        }
    }
    let other = Tenant::new("other").unwrap();
    assert_eq!(world.get_of(&other, "/admin/discards").await.text, "[]");
    // A later version may know such a source.
    assert_eq!(world.get("/admin/discards?source=x").await.text, "[]");
    for query in ["reason=old", "source=X", "series=a/b", "from=x", "x=1"] {
        let answer = world.get(&format!("/admin/discards?{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
    }
}

#[tokio::test]
async fn a_summary_counts_by_reason_and_source() {
    let world = World::new();
    many(&world).await;
    let summary = world.get("/admin/discards/summary").await.json();
    let expected = json!({
        "count": 40,
        "by_reason": {"too_old": 10, "suspect": 5, "system": 5, "malformed": 25},
        "by_source": {
            "api": {"count": 20, "by_reason": {"malformed": 20}},
            "data-server": {
                "count": 20,
                "by_reason": {"too_old": 10, "suspect": 5, "system": 5, "malformed": 5},
            },
        },
    });
    assert_eq!(summary, expected);
    let uri = format!("/admin/discards/summary?from={NOW}&to={NOW}");
    assert_eq!(world.get(&uri).await.json()["by_reason"]["too_old"], 1);
    let none = world.get("/admin/discards/summary?to=1").await.json();
    assert_eq!(none["count"], 0);
}
