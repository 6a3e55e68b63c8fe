//! What becomes of a discard that is replayed.

use http::{Method, StatusCode};
use serde_json::{Value as Json, json};
use tidemark_core::batch::{BatchId, Source};
use tidemark_core::discard::{Discard, Format, Reason};
use tidemark_core::name::Tenant;
use tidemark_core::payload::Payload;
use tidemark_core::point::Stamp;
use tidemark_ports::DiscardLog;
use tidemark_ports::error::Kind;

use super::{discarded, message};
use crate::hooks::{Call, Done};
use crate::world::{Answer, NOW, World, at, messages, name, tags};

async fn replay(world: &World, id: &str, query: &str) -> Answer {
    let uri = format!("/admin/discards/{id}/replay{query}");
    world.send(Method::POST, &uri).await
}

fn ids(rows: &[Json]) -> Vec<String> {
    let id = |row: &Json| row["id"].as_str().unwrap().to_owned();
    rows.iter().map(id).collect()
}

#[tokio::test]
async fn a_waived_discard_is_accepted_once() {
    let world = World::new();
    let id = discarded(&world, &message(NOW - 4000, "7", r#"["suspect", "x"]"#)).await;
    for query in [
        "",
        "?waive=too_old",
        "?waive=suspect",
        "?waive=system",
        "?waive=system,too_old",
    ] {
        let answer = replay(&world, &id, query).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
        let errors = answer.json()["errors"].clone();
        let left: Vec<_> = errors
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["reason"].as_str().unwrap().to_owned())
            .collect();
        let expected = ["too_old", "suspect"]
            .into_iter()
            .filter(|reason| !query.contains(reason));
        assert_eq!(left, expected.collect::<Vec<_>>());
    }
    assert!(
        world
            .points(&Tenant::local(), "data-server")
            .await
            .is_empty()
    );
    world.clock.set(NOW + 60);
    let answer = replay(&world, &id, "?waive=suspect,too_old").await;
    assert_eq!(
        (answer.status, answer.text.as_str()),
        (StatusCode::OK, r#"{"accepted":true}"#)
    );
    let points = world.get("/api/data-server/points").await.rows();
    let expected =
        json!({"time": at(NOW - 4000).to_string(), "value": 7, "tags": ["suspect", "x"]});
    assert_eq!(points, [expected]);
    let rows = world.get("/admin/discards").await.rows();
    assert_eq!(rows[0]["replayed"], "2023-11-14T22:14:20Z");
    assert_eq!(rows.len(), 1);
    let again = replay(&world, &id, "?waive=suspect,too_old").await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert_eq!(again.json()["type"], "/docs#already-replayed");
    assert_eq!(replay(&world, &id, "").await.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn a_redelivery_does_not_undo_a_replay() {
    let world = World::new();
    let payload = message(NOW, "7", r#"["system"]"#);
    let id = discarded(&world, &payload).await;
    assert_eq!(
        replay(&world, &id, "?waive=system").await.status,
        StatusCode::OK
    );
    assert_eq!(discarded(&world, &payload).await, id);
    assert_eq!(
        replay(&world, &id, "?waive=system").await.status,
        StatusCode::CONFLICT
    );
}

#[tokio::test]
async fn what_is_asked_wrongly_is_refused() {
    let world = World::new();
    let id = discarded(&world, b"{").await;
    let unknown = format!("{}-7", BatchId::new(9, 9));
    for (id, query, status) in [
        (id.as_str(), "", 422),
        // What cannot be read cannot be overlooked.
        (&id, "?waive=malformed", 400),
        (&id, "?waive=", 400),
        (&id, "?force=true", 400),
        ("1-2", "", 400),
        ("0000000000000000000000000000000A-0", "", 400),
        (&unknown, "", 404),
    ] {
        let answer = replay(&world, id, query).await;
        assert_eq!(
            answer.status.as_u16(),
            status,
            "{id}{query} {}",
            answer.text
        );
    }
    let request = http::Request::post(format!("/admin/discards/{id}/replay"));
    let request = request.body(bytes::Bytes::new()).unwrap();
    let other = Tenant::new("other").unwrap();
    let answer = world.ask_as(&other, request).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    let get = world.get(&format!("/admin/discards/{id}/replay")).await;
    assert_eq!(get.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_concurrent_replays_exactly_one_is_accepted() {
    let world = World::new();
    for round in 0..10u64 {
        let payload = message(NOW, &round.to_string(), r#"["system"]"#);
        let batch = messages(round, at(NOW), [&payload[..]]);
        world.validator.handle(batch).await.unwrap();
        let id = format!("{}-0", BatchId::new(1, round));
        let all = tokio::join!(
            replay(&world, &id, "?waive=system"),
            replay(&world, &id, "?waive=system"),
            replay(&world, &id, "?waive=system"),
            replay(&world, &id, "?waive=system"),
        );
        let mut statuses = [all.0, all.1, all.2, all.3].map(|answer| answer.status.as_u16());
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409, 409, 409]);
    }
    assert_eq!(world.points(&Tenant::local(), "data-server").await.len(), 1);
}

#[tokio::test]
async fn a_replay_that_failed_can_be_made_again() {
    for call in [
        Call::GetDiscard,
        Call::Register,
        Call::Write,
        Call::MarkReplayed,
    ] {
        let world = World::new();
        let id = discarded(&world, &message(NOW, "7", r#"["system"]"#)).await;
        world.hooks.fail(call, Kind::Unavailable, Done::Not);
        let answer = replay(&world, &id, "?waive=system").await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        let rows = world.get("/admin/discards").await.rows();
        assert_eq!(rows[0]["replayed"], json!(null), "{call:?}");
        let answer = replay(&world, &id, "?waive=system").await;
        assert_eq!(answer.status, StatusCode::OK, "{call:?}");
        let stats = world.get("/api/data-server?stats=count,sum").await;
        assert_eq!(stats.text, r#"{"count":1,"sum":7}"#);
    }
}

#[tokio::test]
async fn what_the_store_still_refuses_is_still_invalid() {
    let world = World::new();
    world.hooks.refuse_from(100.0);
    let id = discarded(&world, &message(NOW, "100", "[]")).await;
    let answer = replay(&world, &id, "").await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(answer.json()["errors"][0]["reason"], "store_rejected");
    world.hooks.refuse_from(f64::INFINITY);
    assert_eq!(replay(&world, &id, "").await.status, StatusCode::OK);
    let stats = world.get("/api/data-server?stats=count,sum").await;
    assert_eq!(stats.text, r#"{"count":1,"sum":100}"#);
}

/// A discard of each format whose payload is valid today: it was refused for
/// another reason, or by an earlier version.
#[tokio::test]
async fn every_format_is_read_again() {
    let meter = r#"{"measurement": "energy", "timestamp": "1970-01-01T00:00:09Z",
        "tags": {"muid": "m", "x": "y"}, "1": 5, "2": 6}"#;
    let point = r#"{"name": "a", "t": "1970-01-01T00:00:09Z", "v": 1e22, "tags": ["x=y"]}"#;
    let message = r#"{"time": 9, "value": [0, 0, 128, 63], "tags": ["x=y"]}"#;
    let cases: [(_, _, _, _, &[(&str, f64)]); 7] = [
        (Format::Point, Source::Api, point, Some("a"), &[("a", 1e22)]),
        (Format::Point, Source::Api, point, None, &[("a", 1e22)]),
        (
            Format::Csv,
            Source::Api,
            "a,9,1e2,x=y",
            Some("a"),
            &[("a", 100.0)],
        ),
        (
            Format::CsvIn("tags,v,t,name".parse().unwrap()),
            Source::Api,
            "\"x=y\",1e2,9,a",
            Some("a"),
            &[("a", 100.0)],
        ),
        (
            Format::Meter,
            Source::Meterdata,
            meter,
            Some("energy:m:2"),
            &[("energy:m:2", 6.0)],
        ),
        (
            Format::Meter,
            Source::Meterdata,
            meter,
            None,
            &[("energy:m:1", 5.0), ("energy:m:2", 6.0)],
        ),
        (
            Format::Message,
            Source::DataServer,
            message,
            Some("b"),
            &[("b", 1.0)],
        ),
    ];
    for (format, source, payload, series, expected) in cases {
        let world = World::new();
        world.clock.set(10);
        let discard = Discard {
            tenant: Tenant::local(),
            source: source.clone(),
            stamp: Stamp {
                received: at(5),
                batch: BatchId::new(1, 1),
                index: 3,
            },
            series: series.map(name),
            time: None,
            value: None,
            reasons: vec![Reason::StoreRejected],
            detail: "refused".to_owned(),
            payload: Payload::new(payload.as_bytes()),
            format,
            replayed: None,
        };
        let id = discard.id().to_string();
        world.ports.store.put(&[discard]).await.unwrap();
        let answer = replay(&world, &id, "").await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        assert_eq!(world.hooks.written_from(), [source]);
        let listed = world.get("/api").await.json();
        assert_eq!(listed["count"], expected.len());
        for (name, value) in expected {
            let points = world.points(&Tenant::local(), name).await;
            assert_eq!(points.len(), 1, "{name}");
            assert_eq!((points[0].time, points[0].value.get()), (at(9), *value));
            assert_eq!(points[0].tags, tags(&["x=y"]));
        }
    }
}

/// What the store refuses comes back as a point, whatever form it had.
#[tokio::test]
async fn what_was_refused_is_accepted_later() {
    let rows = r#"[{"measurement": "energy", "timestamp": "9", "tags": {"muid": "m"}, "1": 100, "2": 1, "3": 200}]"#;
    for (uri, media, body, expected) in [
        (
            "/api",
            "application/json",
            r#"[{"name": "a", "t": 9, "v": 100.25}]"#,
            &["a"][..],
        ),
        ("/api", "text/csv", "name,t,v\na,9,1e2\nb,9,1\n", &["a"]),
        (
            "/meterdata/measurement",
            "application/json",
            rows,
            &["energy:m:1", "energy:m:3"],
        ),
    ] {
        let world = World::new();
        world.hooks.refuse_from(100.0);
        let answer = world.post_as(uri, media, body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
        let rows = world
            .get("/admin/discards?reason=store_rejected")
            .await
            .rows();
        assert_eq!(rows.len(), expected.len());
        world.hooks.refuse_from(f64::INFINITY);
        for id in ids(&rows) {
            let answer = replay(&world, &id, "").await;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        }
        for name in expected {
            let points = world.points(&Tenant::local(), name).await;
            assert_eq!(points.len(), 1);
            assert_eq!(points[0].time, at(9));
            assert!(points[0].value.get() >= 100.0);
        }
    }
}

/// Payloads as they were rejected when they came in.
#[tokio::test]
async fn a_malformed_payload_stays_invalid_in_every_format() {
    let row = r#"{"measurement": "energy", "timestamp": "1970-01-01T00:00:09Z", "tags": {"muid": "m"}, "1": 5, "2": "x"}"#;
    let cases = [
        (
            "/api",
            "application/json",
            r#"[{"name": "a", "t": 9, "v": "1"}]"#.to_owned(),
            1,
        ),
        ("/api", "text/csv", "name,t,v\na,9,one\n".to_owned(), 1),
        (
            "/meterdata/measurement",
            "application/json",
            format!("[{row}]"),
            1,
        ),
        (
            "/meterdata/measurement",
            "application/json",
            "[7]".to_owned(),
            1,
        ),
    ];
    for (uri, media, body, discards) in cases {
        let world = World::new();
        world.post_as(uri, media, body.clone()).await;
        let rows = world.get("/admin/discards").await.rows();
        assert_eq!(rows.len(), discards, "{body}");
        let answer = replay(&world, &ids(&rows)[0], "").await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(answer.json()["errors"][0]["reason"], "malformed", "{body}");
    }
}

#[tokio::test]
async fn a_payload_that_was_cut_cannot_be_replayed() {
    let world = World::new();
    let id = discarded(&world, &vec![b' '; 70_000]).await;
    let rows = world.get("/admin/discards").await.rows();
    assert_eq!(rows[0]["payload_length"], 70_000);
    assert_eq!(rows[0]["reasons"], json!(["too_large"]));
    let answer = replay(&world, &id, "").await;
    assert_eq!(answer.json()["errors"][0]["reason"], "too_large");
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_replay_counts_as_received_now() {
    let world = World::new();
    let id = discarded(&world, &message(NOW, "7", r#"["system"]"#)).await;
    let later = message(NOW, "8", "[]");
    let batch = messages(2, at(NOW + 1), [&later[..]]);
    world.validator.handle(batch).await.unwrap();
    world.clock.set(NOW + 2);
    assert_eq!(
        replay(&world, &id, "?waive=system").await.status,
        StatusCode::OK
    );
    let stats = world.get("/api/data-server?stats=count,sum").await;
    assert_eq!(stats.text, r#"{"count":1,"sum":7}"#);
    // Two hours later it would have been too old.
    let id = {
        let batch = messages(3, at(NOW), [&message(NOW, "9", r#"["system"]"#)[..]]);
        world.validator.handle(batch).await.unwrap();
        format!("{}-0", BatchId::new(1, 3))
    };
    world.clock.set(NOW + 7200);
    let answer = replay(&world, &id, "?waive=system").await;
    assert_eq!(answer.json()["errors"][0]["reason"], "too_old");
}
