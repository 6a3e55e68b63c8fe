//! How much memory it takes to read what takes next to none to store.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Response;
use hyper::body::Bytes;
use serde_json::{Value as Json, json};
use tidemark_core::batch::{BatchId, SeriesPoints};
use tidemark_core::name::{SeriesName, Tenant};
use tidemark_core::point::{Tags, Value};
use tidemark_core::summary::Parts;
use tidemark_core::tombstone::Tombstones;
use tidemark_ports::Slots;

use super::*;
use crate::fake;

/// How many points a chunk has.
const EACH: i64 = 4096;
/// How many such chunks a page has: half a megabyte of them.
const CHUNKS: i64 = 2000;
/// How many chunks of a second series lie over each other.
const OVER_EACH_OTHER: i64 = 200;
/// Says to the test that it is a process of its own.
const ALONE: &str = "TIDEMARK_TEST_ALONE";
/// The most memory that the process may ever have had: what a function of 512 MB
/// leaves twice over.
const MOST_KIB: u64 = 200 << 10;

fn key(name: &str) -> SeriesKey {
    SeriesKey {
        tenant: Tenant::local(),
        name: SeriesName::new(name).unwrap(),
    }
}

/// The item that a request puts, in JSON.
pub(super) fn in_json(request: WriteRequest) -> Json {
    let attribute = |value| match value {
        AttributeValue::S(text) => json!({"S": text}),
        AttributeValue::N(text) => json!({"N": text}),
        AttributeValue::B(blob) => json!({"B": STANDARD.encode(blob.into_inner())}),
        other => panic!("{other:?}"),
    };
    let item = request.put_request.unwrap().item.into_iter();
    item.map(|(name, value)| (name, attribute(value))).collect()
}

/// A chunk of points a second apart, all of one value, as the table has it: by its
/// key, in JSON.
fn stored(series: &SeriesKey, batch: i64, begin: i64) -> (String, Json) {
    let mut points = SeriesPoints::new(series.name.clone());
    for (i, index) in (0..EACH).zip(0..) {
        let time = Timestamp::from_nanos((begin + i) * 1_000_000_000);
        points.push(index, time, Value::new(1.0).unwrap(), Tags::none());
    }
    let mut columns = Columns::new();
    let batch = BatchStamp {
        received: Timestamp::from_nanos(batch),
        id: BatchId::new(1, batch.unsigned_abs()),
    };
    columns.append(batch, &points);
    // In the widest window, so that no border cuts it.
    let key = format!("le10000000-{}", batch.id);
    let request = item::put_again(&series_key(series), key.clone(), &columns).unwrap();
    (key, in_json(request))
}

/// Chunks of two series: of the one they follow each other, of the other they are
/// all of one time.
fn table() -> BTreeMap<(String, String), Json> {
    let (long, often) = (key("long"), key("often"));
    let long = (0..CHUNKS).map(|i| ("local/long", stored(&long, i, i * EACH)));
    let often = (0..OVER_EACH_OTHER).map(|i| ("local/often", stored(&often, i, 0)));
    long.chain(often)
        .map(|(series, (key, item))| ((series.to_owned(), key), item))
        .collect()
}

/// Answers queries of the table, whatever is asked for in one page.
async fn points() -> Points {
    let table = Arc::new(table());
    let answer = move |request: http::Request<Bytes>| {
        let asked: Json = serde_json::from_slice(request.body()).unwrap();
        let value = |name: &str| {
            let value = &asked["ExpressionAttributeValues"][name]["S"];
            value.as_str().unwrap().to_owned()
        };
        let (from, to) = (
            (value(":series"), value(":from")),
            (value(":series"), value(":to")),
        );
        let items: Vec<&Json> = table.range(from..=to).map(|(_, item)| item).collect();
        let page = json!({"Items": items, "Count": items.len()}).to_string();
        async { Response::new(page) }
    };
    let variable = |name: &str| (name == "TIDEMARK_POINTS_TABLE").then(|| "points".to_owned());
    fake::serve(answer, variable).await.points().unwrap()
}

/// The most memory that this process ever had.
fn most_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    let number = line.unwrap().trim().trim_end_matches(" kB");
    number.parse().unwrap()
}

async fn read_both() {
    let points = points().await;
    for (name, expected) in [("long", CHUNKS * EACH), ("often", EACH)] {
        let series = &key(name);
        let request = Summarize {
            series,
            range: TimeRange::ALL,
            tombstones: &Tombstones::none(),
            slots: Slots::Whole,
            parts: Parts::STORED,
            limit: 1,
        };
        let buckets = points.summarize(request).await.unwrap();
        let count = buckets[0].summary.count().get();
        assert_eq!(count, expected.unsigned_abs(), "{name}");
    }
    let most = most_kib();
    assert!(most < MOST_KIB, "it took {most} KiB");
}

/// Eight million points of half a megabyte.
#[cfg(target_os = "linux")]
#[test]
fn the_most_compressible_series_fits_a_small_function() {
    if std::env::var_os(ALONE).is_some() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        return runtime.unwrap().block_on(read_both());
    }
    // Other tests of this process take memory as well.
    let alone = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture"])
        .arg("dynamodb::points::tests::the_most_compressible_series_fits_a_small_function")
        .env(ALONE, "1")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&alone.stdout);
    let failed = String::from_utf8_lossy(&alone.stderr);
    assert!(alone.status.success(), "{told}{failed}");
    assert!(told.contains("1 passed"), "{told}{failed}");
}
