//! What is answered to who brings points, and what is stored then.

use http::StatusCode;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use serde_json::{Value as Json, json};
use tidemark_core::name::Tenant;
use tidemark_ports::error::Kind;

use crate::hooks::{Call, Done, INSIDE};
use crate::world::{Answer, World, name};

const CUSTOMER: &str = r#"[
    { "name": "example1", "t": 13515551, "v": 1.1 },
    { "name": "example2", "t": 13515551, "v": 1.1 },
    { "name": "example1", "t": 13515552, "v": 2.1 },
    { "name": "example2", "t": 13515552, "v": 1.2 },
    { "name": "example1", "t": 13515553, "v": 3.8 },
]"#;

fn problem(answer: &Answer) -> Json {
    assert_eq!(answer.headers[CONTENT_TYPE], "application/problem+json");
    let problem = answer.json();
    assert_eq!(problem["status"], answer.status.as_u16());
    problem
}

async fn nothing_is_stored(world: &World) -> bool {
    let listed = world.get("/api").await.json();
    let discards = world.discards(&Tenant::local()).await;
    let points = world.points(&Tenant::local(), "a").await;
    listed["count"] == 0 && discards.is_empty() && points.is_empty()
}

#[tokio::test]
async fn points_are_taken() {
    let world = World::new();
    let answer = world.post("/api", CUSTOMER).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    let body = answer.json();
    assert_eq!(
        (&body["accepted"], &body["rejected"]),
        (&5.into(), &0.into())
    );
    assert_eq!(body["batch"].as_str().unwrap().len(), 32);
    assert_eq!(body.get("errors"), None);
    let stats = async |uri| world.get(uri).await.text;
    let all = r#"{"avg":2.33,"sum":7}"#;
    assert_eq!(stats("/api/example1?decimals=2").await, all);
    let uri = "/api/example1?decimals=2&from=13515551&to=13515553";
    assert_eq!(stats(uri).await, all);
    let uri = "/api/example1?decimals=2&from=13515552";
    assert_eq!(stats(uri).await, r#"{"avg":2.95,"sum":5.9}"#);
}

#[tokio::test]
async fn two_requests_are_two_batches() {
    let world = World::new();
    let one = world.post("/api", CUSTOMER).await.json();
    let two = world.post("/api", CUSTOMER).await.json();
    assert_ne!(one["batch"], two["batch"]);
    assert_eq!(world.points(&Tenant::local(), "example1").await.len(), 3);
}

#[tokio::test]
async fn wrong_points_are_listed_and_kept_as_discards() {
    let world = World::new();
    let body = r#"[{"name":"a","t":1,"v":1},{"name":"a","t":2,"v":"2"},{"t":3,"v":1e400}]"#;
    let answer = world.post("/api", body).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    let body = answer.json();
    assert_eq!(
        (&body["accepted"], &body["rejected"]),
        (&1.into(), &2.into())
    );
    let errors = body["errors"].as_array().unwrap();
    let told: Vec<_> = errors
        .iter()
        .map(|e| {
            (
                e["pointer"].as_str().unwrap(),
                e["reason"].as_str().unwrap(),
            )
        })
        .collect();
    assert!(told.contains(&("/1/v", "malformed")), "{told:?}");
    assert!(told.contains(&("/2/v", "not_finite")), "{told:?}");
    let discards = world.discards(&Tenant::local()).await;
    assert_eq!(discards.len(), 2);
    assert_eq!(discards[0].series, Some(name("a")));
    assert_eq!(
        discards[0].payload.whole(),
        Some(br#"{"name":"a","t":2,"v":"2"}"#.as_slice())
    );
    assert_eq!(discards[0].stamp.batch.to_string(), body["batch"]);
}

#[tokio::test]
async fn strict_takes_all_or_nothing() {
    let world = World::new();
    let body = r#"[{"name":"a","t":1,"v":1},{"name":"a","t":2,"v":"2"}]"#;
    let answer = world.post("/api?strict=true", body).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let problem = problem(&answer);
    assert_eq!(problem["errors"][0]["pointer"], "/1/v");
    assert!(nothing_is_stored(&world).await);
    let good = world
        .post("/api?strict=true", r#"[{"name":"a","t":1,"v":1}]"#)
        .await;
    assert_eq!(good.status, StatusCode::CREATED);
}

#[tokio::test]
async fn nothing_but_wrong_points_is_422_and_all_are_discards() {
    let world = World::new();
    let body = r#"[{"name":"a","t":1,"v":true},{"name":"..","t":2,"v":2}]"#;
    let answer = world.post("/api", body).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(problem(&answer)["errors"].as_array().unwrap().len(), 2);
    assert_eq!(world.discards(&Tenant::local()).await.len(), 2);
    assert_eq!(world.get("/api").await.json()["count"], 0);
}

#[tokio::test]
async fn what_cannot_be_read_leaves_nothing() {
    let world = World::new();
    for (body, status) in [
        (r#"[{"name":"a","t":1,"v":1},"#, 400),
        (
            r#"[{"name":"a","t":1,"v":1},{"name":"a","t":2,"v":NaN}]"#,
            400,
        ),
        ("[]", 400),
        ("", 400),
        ("{}", 400),
    ] {
        let answer = world.post("/api", body).await;
        assert_eq!(answer.status.as_u16(), status, "{body}");
        problem(&answer);
    }
    let answer = world.post_as("/api", "text/html", "<p>").await;
    assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let answer = world.post("/api?x=1", CUSTOMER).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(nothing_is_stored(&world).await);
}

#[tokio::test]
async fn a_queue_that_fails_is_503_and_tells_nothing_of_the_inside() {
    for (kind, status) in [(Kind::Unavailable, 503), (Kind::Internal, 500)] {
        let world = World::new();
        world.hooks.fail(Call::Send, kind, Done::Not);
        let answer = world.post("/api", r#"[{"name":"a","t":1,"v":1}]"#).await;
        assert_eq!(answer.status.as_u16(), status);
        assert!(!answer.text.contains(INSIDE), "{}", answer.text);
        problem(&answer);
        assert_eq!(answer.headers.get(RETRY_AFTER).is_some(), status == 503);
        assert!(nothing_is_stored(&world).await);
        let again = world.post("/api", r#"[{"name":"a","t":1,"v":1}]"#).await;
        assert_eq!(again.status, StatusCode::CREATED);
    }
}

#[tokio::test]
async fn all_wrong_but_not_kept_is_no_422() {
    let world = World::new();
    world.hooks.fail(Call::Put, Kind::Unavailable, Done::Not);
    let answer = world.post("/api", r#"[{"name":"a"}]"#).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn the_last_of_equal_points_counts() {
    let world = World::new();
    let body = r#"[{"name":"a","t":1,"v":1},{"name":"a","t":1,"v":2},{"name":"a","t":1.0,"v":3}]"#;
    assert_eq!(world.post("/api", body).await.json()["accepted"], 3);
    let stats = world.get("/api/a?stats=count,sum").await;
    assert_eq!(stats.text, r#"{"count":1,"sum":3}"#);
    world.post("/api", r#"[{"name":"a","t":1,"v":4}]"#).await;
    let stats = world.get("/api/a?stats=count,sum").await;
    assert_eq!(stats.text, r#"{"count":1,"sum":4}"#);
}

#[tokio::test]
async fn a_tenant_sees_only_its_own() {
    let world = World::new();
    let other = Tenant::new("other").unwrap();
    world.post("/api", CUSTOMER).await;
    let answer = world.get_of(&other, "/api/example1").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(world.get_of(&other, "/api").await.json()["count"], 0);
}

#[tokio::test]
async fn a_row_of_a_meter_is_a_point_a_code() {
    let world = World::new();
    let body = json!({"data": [
        {"measurement": "energy", "timestamp": "2023-02-01T00:00:00.000Z",
         "tags": {"muid": "m", "quality": "measured"}, "0100011D00FF": 0.5, "0100021D00FF": 2, "bad": "x"},
    ]});
    let answer = world.post("/meterdata/measurement", body.to_string()).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    let taken = answer.json();
    assert_eq!(
        (&taken["accepted"], &taken["rejected"]),
        (&2.into(), &1.into())
    );
    let points = world.get("/api/energy:m:0100011D00FF/points").await.rows();
    let expected =
        json!({"time": "2023-02-01T00:00:00Z", "value": 0.5, "tags": ["quality=measured"]});
    assert_eq!(points, [expected]);
    let discards = world.get("/admin/discards").await.rows();
    assert_eq!(discards[0]["source"], "meterdata");
    assert_eq!(discards[0]["series"], "energy:m:bad");
}

#[tokio::test]
async fn health_tells_whether_data_can_be_accepted() {
    let world = World::new();
    assert_eq!(world.get("/health").await.status, StatusCode::OK);
    world.hooks.fail(Call::Send, Kind::Unavailable, Done::Not);
    let answer = world.get("/health").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(problem(&answer)["checks"], json!({"queue": "failing"}));
    assert!(!answer.text.contains(INSIDE));
    let answer = world.get("/health?x=1").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}
