//! What `GET /meterdata/measurement` answers can be posted back: it says of each
//! point what is stored, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use http::StatusCode;
use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};
use tidemark_core::name::Tenant;
use tidemark_core::time::Timestamp;

use crate::world::{World, holds};

/// Codes as they are posted, and as series are named.
const CODES: [(&str, &str); 4] = [
    ("0100011D00FF", "0100011D00FF"),
    ("1-0:1.8.0*255", "0100010800FF"),
    ("1-0:2.8.0", "0100020800FF"),
    ("other.code", "other.code"),
];

/// A point of a meter: value and tags.
type Measured = (f64, BTreeMap<String, String>);

/// Points by time in nanoseconds and code; times that several codes share.
fn measured() -> impl Strategy<Value = BTreeMap<(i64, usize), Measured>> {
    let instant = prop_oneof![
        any::<i64>(),
        (-100_000i64..100_000).prop_map(|n| n * 1_000_000),
        (-100i64..100).prop_map(|n| n * 1_000_000_000),
        Just(i64::MIN),
        Just(i64::MAX),
    ];
    let value = any::<u64>()
        .prop_map(f64::from_bits)
        .prop_filter("finite", |value| value.is_finite());
    let tags = prop::collection::btree_map(
        prop::sample::select(vec!["quality", "site", "\u{e4} \"b\""]).prop_map(str::to_owned),
        prop::sample::select(vec!["measured", "a=b", "\\ \u{1f30a}"]).prop_map(str::to_owned),
        0..3,
    );
    let tags = prop_oneof![3 => Just(BTreeMap::new()), 2 => tags];
    let at = prop::collection::vec(instant, 1..8);
    let codes = prop::collection::vec(
        (any::<prop::sample::Index>(), 0..CODES.len(), (value, tags)),
        1..24,
    );
    (at, codes).prop_map(|(at, codes)| {
        let point = |(time, code, measured): (prop::sample::Index, _, _)| {
            ((*time.get(&at), code), measured)
        };
        codes.into_iter().map(point).collect()
    })
}

/// All points of a meter, bit for bit, by series without the meter.
async fn stored(world: &World, meter: &str) -> BTreeSet<(String, i64, u64, Vec<String>)> {
    let prefix = format!("energy:{meter}:");
    let listed = world.get(&format!("/api?prefix={prefix}")).await.json();
    let mut points = BTreeSet::new();
    for series in listed["series"].as_array().unwrap() {
        let name = series["name"].as_str().unwrap();
        for point in world.points(&Tenant::local(), name).await {
            points.insert((
                name[prefix.len()..].to_owned(),
                point.time.nanos(),
                point.value.get().to_bits(),
                point.tags.iter().map(str::to_owned).collect(),
            ));
        }
    }
    points
}

/// The answer, page by page.
async fn answered(world: &World, meter: &str, limit: usize) -> Vec<String> {
    let (mut pages, mut next) = (
        Vec::new(),
        Some(format!(
            "/meterdata/measurement?muid={meter}&measurement=energy&limit={limit}"
        )),
    );
    while let Some(uri) = next {
        let answer = world.get(&uri).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        next = answer.next();
        pages.push(answer.text);
    }
    pages
}

#[test]
fn an_answer_that_is_posted_back_changes_nothing() {
    let strategy = (measured(), 1..6usize);
    let property = async |world: &World, number, (points, limit)| {
        let points: BTreeMap<(i64, usize), Measured> = points;
        let (meter, copy) = (format!("m{number}-a"), format!("m{number}-b"));
        let rows: Vec<Json> = points
            .iter()
            .map(|((time, code), (value, tags))| {
                let mut row = Map::new();
                let mut tags = tags.clone();
                tags.insert("muid".to_owned(), meter.clone());
                row.insert("measurement".into(), json!("energy"));
                let time = Timestamp::from_nanos(*time).to_string();
                row.insert("timestamp".into(), json!(time));
                row.insert("tags".into(), json!(tags));
                row.insert(CODES[*code].0.into(), json!(value));
                Json::Object(row)
            })
            .collect();
        let answer = world
            .post("/meterdata/measurement", json!(rows).to_string())
            .await;
        prop_assert_eq!(
            answer.json()["accepted"].as_u64(),
            Some(points.len() as u64)
        );
        let before = stored(world, &meter).await;
        let expected: BTreeSet<_> = points
            .iter()
            .map(|((time, code), (value, tags))| {
                let tags: Vec<String> = tags.iter().map(|(k, v)| format!("{k}={v}")).collect();
                let mut tags = tags;
                tags.sort_unstable();
                (CODES[*code].1.to_owned(), *time, value.to_bits(), tags)
            })
            .collect();
        prop_assert_eq!(&before, &expected);

        // To the meter itself, and to another one, which then has the same.
        for (target, page) in answered(world, &meter, limit)
            .await
            .into_iter()
            .flat_map(|page| [(&meter, page.clone()), (&copy, page)])
        {
            let body = page.replace(
                &format!("\"muid\":\"{meter}\""),
                &format!("\"muid\":\"{target}\""),
            );
            let answer = world.post("/meterdata/measurement", body).await;
            prop_assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
            prop_assert_eq!(answer.json()["rejected"].as_u64(), Some(0));
        }
        prop_assert_eq!(&stored(world, &meter).await, &expected);
        prop_assert_eq!(&stored(world, &copy).await, &expected);
        Ok(())
    };
    holds(100, &strategy, &property);
}

/// What one row cannot say is in rows of their own, which pages keep apart.
#[tokio::test]
async fn values_with_other_tags_are_in_another_row() {
    let world = World::new();
    let row = |time: &str, code: &str, value: i64, quality: &str| {
        json!({
            "measurement": "energy",
            "timestamp": format!("2023-02-01T00:00:0{time}Z"),
            "tags": {"muid": "m", "quality": quality},
            code: value,
        })
    };
    let mut rows = vec![
        row("1.000", "a", 1, "measured"),
        row("0.0005", "a", 2, "measured"),
        row("0.0005", "b", 3, "estimated"),
        row("0.000499999", "c", 5, "measured"),
    ];
    let with_a = row("0.0005", "c", 4, "measured");
    let mut posted = rows.clone();
    posted.push(with_a);
    let body = json!(posted).to_string();
    let answer = world.post("/meterdata/measurement", body).await;
    assert_eq!(answer.json()["accepted"], 5);
    rows[1]["c"] = json!(4);
    for limit in 1..=5 {
        let pages = answered(&world, "m", limit).await;
        assert_eq!(pages.len(), 4usize.div_ceil(limit));
        let found: Vec<Json> = pages
            .iter()
            .flat_map(|page| {
                let page: Json = serde_json::from_str(page).unwrap();
                page["data"].as_array().unwrap().clone()
            })
            .collect();
        assert_eq!(found, rows, "{limit}");
    }
}

/// Points that were posted under a printed code once went to a series of its name.
#[tokio::test]
async fn a_series_of_a_printed_code_is_the_same_code() {
    let world = World::new();
    world
        .load("energy:m:1-0:1.8.0", &[(5, 9.0), (6, 8.0)])
        .await;
    world.load("energy:m:0100010800FF", &[(5, 3.0)]).await;
    // A row cannot hold it.
    world
        .load("energy:m:timestamp", &[(5, 1.0), (7, 1.0)])
        .await;
    let uri = "/meterdata/measurement?muid=m&measurement=energy";
    let before = world.get(uri).await.json();
    let values = |answer: &Json| {
        let rows = answer["data"].as_array().unwrap();
        let value = |row: &Json| row["0100010800FF"].as_f64();
        rows.iter().map(value).collect::<Vec<_>>()
    };
    assert_eq!(values(&before), [Some(8.0), Some(3.0)]);
    let posted = world
        .post("/meterdata/measurement", before.to_string())
        .await;
    assert_eq!(posted.status, StatusCode::CREATED);
    assert_eq!(world.get(uri).await.json(), before);
}

/// What a client posted as a point has tags of its own form.
#[tokio::test]
async fn tags_without_a_value_come_back() {
    let world = World::new();
    let point = r#"[{"name": "energy:m:x", "t": 5, "v": 1, "tags": ["night", "a=b"]}]"#;
    world.post("/api", point).await;
    let uri = "/meterdata/measurement?muid=m&measurement=energy";
    let before = stored(&world, "m").await;
    let rows = world.get(uri).await.text;
    let posted = world.post("/meterdata/measurement", rows).await;
    assert_eq!(posted.status, StatusCode::CREATED, "{}", posted.text);
    assert_eq!(stored(&world, "m").await, before);
}
