//! `GET /meterdata/measurement`.

use std::collections::{BTreeMap, BTreeSet};

use http::StatusCode;
use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};
use tidemark_core::time::Timestamp;

use crate::world::{World, at, holds};

const CODES: [&str; 3] = ["0100011D00FF", "0100021D00FF", "1.8.0"];

async fn rows(world: &World, uri: &str) -> (Vec<Json>, usize) {
    let (mut rows, mut pages) = (Vec::new(), 0);
    let mut next = Some(uri.to_owned());
    while let Some(uri) = next {
        let answer = world.get(&uri).await;
        assert_eq!(answer.status, StatusCode::OK, "{uri} {}", answer.text);
        rows.extend(answer.json()["data"].as_array().unwrap().iter().cloned());
        pages += 1;
        next = answer.next();
    }
    (rows, pages)
}

fn milliseconds(time: Timestamp) -> String {
    let text = time.to_string();
    let whole = text.strip_suffix('Z').unwrap();
    format!("{whole}.000Z")
}

/// A row holds what the codes have at its instant, the latest row first.
#[test]
fn rows_are_put_together_from_codes_with_gaps() {
    let strategy = (
        prop::collection::btree_map((0..20i64, 0..CODES.len()), 0..100i32, 1..40),
        1..12usize,
        -1..20i64,
        0..22i64,
        any::<bool>(),
    );
    let property = async |world: &World, number, case| {
        let (readings, limit, start, length, stingy) = case;
        let readings: BTreeMap<(i64, usize), i32> = readings;
        let meter = format!("m{number}");
        for (code, obis) in CODES.iter().enumerate() {
            let of_code = readings.iter().filter(|((_, c), _)| *c == code);
            let of_code: Vec<_> = of_code
                .map(|((time, _), value)| (*time, f64::from(*value)))
                .collect();
            if !of_code.is_empty() {
                world
                    .load(&format!("energy:{meter}:{obis}"), &of_code)
                    .await;
            }
        }
        if number == 0 {
            for other in ["energy:m:1", "energy:m00:1", "power:m0:1"] {
                world.load(other, &[(1, 1e9)]).await;
            }
        }
        world.hooks.be_stingy(stingy);
        let (stop, mut expected) = (start + length, Vec::new());
        let times: BTreeSet<i64> = readings.keys().map(|(time, _)| *time).collect();
        for &time in times.range(start..stop).rev() {
            let at_it = readings.iter().filter(|((t, _), _)| *t == time);
            let mut row = Map::new();
            row.insert("measurement".into(), json!("energy"));
            row.insert("timestamp".into(), json!(milliseconds(at(time))));
            row.insert("tags".into(), json!({"muid": meter}));
            row.extend(at_it.map(|((_, code), value)| (CODES[*code].to_owned(), json!(value))));
            expected.push(Json::Object(row));
        }
        let uri = format!(
            "/meterdata/measurement?muid={meter}&measurement=energy&start={start}&stop={stop}&limit={limit}"
        );
        let (found, pages) = rows(world, &uri).await;
        prop_assert_eq!(pages, expected.len().div_ceil(limit).max(1));
        prop_assert_eq!(found, expected);
        Ok(())
    };
    holds(100, &strategy, &property);
}

#[tokio::test]
async fn what_was_posted_is_answered_in_the_same_order() {
    let world = World::new();
    let row = |quarter: i64| {
        json!({
            "measurement": "energy",
            "timestamp": milliseconds(at(900 * quarter)),
            "tags": {"muid": "95ce", "quality": "measured"},
            "0100011D00FF": quarter as f64 / 8.0 + 0.5,
            "0100021D00FF": quarter as f64 / 8.0 + 0.25,
        })
    };
    let posted: Vec<Json> = (0..500).rev().map(row).collect();
    let body = json!({"data": posted}).to_string();
    let answer = world.post("/meterdata/measurement", body).await;
    assert_eq!(answer.json()["accepted"], 1000);
    let uri = "/meterdata/measurement?muid=95ce&measurement=energy";
    let (whole, pages) = rows(&world, uri).await;
    assert_eq!(pages, 1);
    let number = |row: &Json| row["0100011D00FF"].as_f64();
    assert_eq!(
        whole.iter().map(number).collect::<Vec<_>>(),
        posted.iter().map(number).collect::<Vec<_>>()
    );
    assert_eq!(whole[0]["timestamp"], posted[0]["timestamp"]);
    assert_eq!(whole[0]["tags"], posted[0]["tags"]);
    let (cut, pages) = rows(&world, &format!("{uri}&limit=99")).await;
    assert_eq!((cut, pages), (whole, 6));
}

#[tokio::test]
async fn stop_is_not_part_of_the_range() {
    let world = World::new();
    world.load("energy:m:1", &[(10, 1.0), (20, 2.0)]).await;
    let uri = |query| format!("/meterdata/measurement?muid=m&measurement=energy&{query}");
    assert_eq!(rows(&world, &uri("start=10&stop=20")).await.0.len(), 1);
    assert_eq!(
        rows(&world, &uri("start=10&stop=20.000000001"))
            .await
            .0
            .len(),
        2
    );
    assert_eq!(rows(&world, &uri("start=10&stop=10")).await.0.len(), 0);
    assert_eq!(rows(&world, &uri("start=21")).await.0.len(), 0);
    for (query, status) in [("start=10&stop=9", 400), ("from=1", 400), ("tz=UTC", 400)] {
        assert_eq!(world.get(&uri(query)).await.status.as_u16(), status);
    }
}

#[tokio::test]
async fn meter_and_measurement_are_both_named() {
    let world = World::new();
    world.load("energy:m:1", &[(10, 1.0)]).await;
    for (query, status, count) in [
        ("muid=m&measurement=energy", 200, 1),
        ("muid=m&measurement=power", 200, 0),
        ("muid=n&measurement=energy", 200, 0),
        ("muid=m", 400, 0),
        ("measurement=energy", 400, 0),
        ("muid=m&measurement=energy:m", 400, 0),
    ] {
        let answer = world.get(&format!("/meterdata/measurement?{query}")).await;
        assert_eq!(answer.status.as_u16(), status, "{query}");
        if status == 200 {
            let data = answer.json()["data"].clone();
            assert_eq!(data.as_array().unwrap().len(), count, "{query}");
        }
    }
}

#[tokio::test]
async fn codes_are_read_several_at_a_time() {
    let world = World::new();
    let codes: Vec<String> = (10..35).map(|i| format!("0:{i}.8.0")).collect();
    for code in &codes {
        let series = format!("energy:m:{code}");
        world.load(&series, &[(10, 1.0), (20, 2.0)]).await;
    }
    world.hooks.most_at_once();
    let (rows, _) = rows(&world, "/meterdata/measurement?muid=m&measurement=energy").await;
    assert_eq!(world.hooks.most_at_once(), 8);
    assert_eq!(rows.len(), 2);
    for (row, value) in rows.iter().zip([2, 1]) {
        assert!(codes.iter().all(|code| row[code.as_str()] == value));
    }
}
