//! What is said of a series, by clients and by what they send.

use http::header::CONTENT_TYPE;
use http::{Request, StatusCode};
use serde_json::{Value as Json, json};
use tidemark_core::batch::{Batch, Source};
use tidemark_core::name::Tenant;
use tidemark_ports::error::Kind;

use crate::hooks::{Call, Done, INSIDE};
use crate::world::{Answer, World, at, points_of};

const METER: &str = "energy:m:0100011D00FF";

async fn say_as(world: &World, tenant: &Tenant, series: &str, body: &str) -> Answer {
    let request = Request::put(format!("/api/{series}/about"))
        .header(CONTENT_TYPE, "application/json")
        .body(body.to_owned().into())
        .unwrap();
    world.ask_as(tenant, request).await
}

async fn say(world: &World, series: &str, body: &str) -> Answer {
    say_as(world, &Tenant::local(), series, body).await
}

async fn about(world: &World, series: &str) -> Json {
    let answer = world.get(&format!("/api/{series}/about")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.json()
}

/// A row of a meter's energy at a second of 1970.
fn row(second: i64) -> String {
    let timestamp = at(second).to_string();
    json!([{
        "measurement": "energy",
        "timestamp": timestamp,
        "tags": {"muid": "m"},
        "0100011D00FF": 1.5,
        "0100010700FF": 1.5,
    }])
    .to_string()
}

#[tokio::test]
async fn what_is_said_is_told_where_it_is_asked_for() {
    let world = World::new();
    world.load("a", &[(1, 1.0)]).await;
    let answer = say(&world, "a", r#"{"title":"A","note":"x\ny"}"#).await;
    assert_eq!((answer.status, &*answer.text), (StatusCode::NO_CONTENT, ""));
    let said = json!({"title": "A", "unit": null, "note": "x\ny"});
    assert_eq!(about(&world, "a").await, said);
    let listed = world.get("/api?details=true").await.json();
    assert_eq!(listed["series"][0]["about"], said);
    let listed = world.get("/api").await.json();
    assert_eq!(listed["series"][0].get("about"), None);
    // It is no question about points.
    assert_eq!(world.get("/history").await.json(), json!([]));
}

#[tokio::test]
async fn another_tenant_says_and_sees_nothing() {
    let world = World::new();
    world.load("a", &[(1, 1.0)]).await;
    say(&world, "a", r#"{"title":"A"}"#).await;
    let other = Tenant::new("other").unwrap();
    let answer = say_as(&world, &other, "a", r#"{"title":null}"#).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    let answer = world.get_of(&other, "/api/a/about").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(about(&world, "a").await["title"], "A");
}

#[tokio::test]
async fn what_cannot_be_said_is_told() {
    let world = World::new();
    let answer = say(&world, "a", "{}").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(answer.json()["type"], "/docs#unknown-series");
    world.load("a", &[(1, 1.0)]).await;
    let answer = say(&world, "a", r#"{"note":"n","unit":7}"#).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        answer.json()["errors"],
        json!([{
            "pointer": "/unit",
            "reason": "malformed",
            "detail": "`unit` is to be a string, not a number",
        }])
    );
    assert_eq!(about(&world, "a").await["note"], json!(null));
    // No more of the errors than of points.
    let many: Vec<String> = (0..200).map(|i| format!("\"{i}\":1")).collect();
    let answer = say(&world, "a", &format!("{{{}}}", many.join(","))).await;
    assert_eq!(answer.json()["errors"].as_array().unwrap().len(), 100);
    world
        .hooks
        .fail(Call::Describe, Kind::Unavailable, Done::Not);
    let answer = say(&world, "a", r#"{"note":"n"}"#).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(!answer.text.contains(INSIDE));
}

#[tokio::test]
async fn energy_begins_with_its_unit_and_a_client_has_the_last_word() {
    let world = World::new();
    let post = async |second| {
        let answer = world.post("/meterdata/measurement", row(second)).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
        about(&world, METER).await["unit"].clone()
    };
    assert_eq!(post(1).await, "kWh");
    assert_eq!(
        about(&world, "energy:m:0100010700FF").await["unit"],
        json!(null)
    );
    say(&world, METER, r#"{"unit":"Wh"}"#).await;
    assert_eq!(post(2).await, "Wh");
    say(&world, METER, r#"{"unit":null}"#).await;
    assert_eq!(post(3).await, json!(null));
    say(&world, METER, r#"{"title":"meter"}"#).await;
    world.delete(&format!("/api/{METER}")).await;
    assert_eq!(post(4).await, "kWh");
    assert_eq!(about(&world, METER).await["title"], json!(null));
}

/// The name alone does not make it a meter's.
#[tokio::test]
async fn what_did_not_come_from_meters_has_no_unit() {
    let world = World::new();
    world.load(METER, &[(1, 1.0)]).await;
    assert_eq!(about(&world, METER).await["unit"], json!(null));
    // Nor does a meter that comes later.
    world.post("/meterdata/measurement", row(2)).await;
    assert_eq!(about(&world, METER).await["unit"], json!(null));
}

/// A batch that comes twice does not say again what a client has cleared.
#[tokio::test]
async fn redelivery_brings_no_unit_back() {
    let world = World::new();
    let batch = Batch {
        tenant: Tenant::local(),
        source: Source::Meterdata,
        id: tidemark_core::batch::BatchId::new(1, 1),
        received: at(1000),
        content: points_of(METER, [(at(1), 1.0)]),
    };
    world.validator.handle(batch.clone()).await.unwrap();
    assert_eq!(about(&world, METER).await["unit"], "kWh");
    say(&world, METER, r#"{"unit":null}"#).await;
    world.validator.handle(batch).await.unwrap();
    assert_eq!(about(&world, METER).await["unit"], json!(null));
}
