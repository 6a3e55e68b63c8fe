//! How many requests a question about many series takes, and that their answers are those
//! of each.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering as Memory};

use http::Response;
use hyper::body::Bytes;
use serde_json::{Value as Json, json};
use tidemark_core::batch::{BatchId, SeriesPoints};
use tidemark_core::name::{SeriesName, Tenant};
use tidemark_core::point::{Tags, Value};
use tidemark_core::summary::Parts;
use tidemark_core::tombstone::Tombstones;
use tidemark_ports::Slots;

use super::tests::in_json;
use super::*;
use crate::fake;

/// A table by its keys, which answers queries, and how many it answered.
#[derive(Default)]
struct Table {
    items: Mutex<BTreeMap<(String, String), Json>>,
    answered: AtomicUsize,
}

fn key(number: usize) -> SeriesKey {
    SeriesKey {
        tenant: Tenant::local(),
        name: SeriesName::new(format!("s{number:02}")).unwrap(),
    }
}

impl Table {
    /// A batch of so many points of a series, a minute apart.
    fn write(&self, series: &SeriesKey, batch: u64, begin: i64, points: u32) {
        let batch = BatchStamp {
            received: Timestamp::from_nanos(begin),
            id: BatchId::new(1, batch),
        };
        let mut written = SeriesPoints::new(series.name.clone());
        for index in 0..points {
            let time = Timestamp::from_nanos((begin + i64::from(index)) * 60_000_000_000);
            let value = Value::new(f64::from(index)).unwrap();
            written.push(index, time, value, Tags::none());
        }
        let mut columns = Columns::new();
        columns.append(batch, &written);
        let series = series_key(series);
        let key = |window: window::Window, piece: &Columns| {
            window.batch_key(piece.len(), batch.id, piece.indexes()[0])
        };
        for put in item::puts(&series, &columns, key).unwrap() {
            let item = in_json(put);
            self.put(item);
        }
    }

    fn put(&self, item: Json) {
        let text = |name: &str| item[name]["S"].as_str().unwrap().to_owned();
        let key = (text("series"), text("chunk"));
        self.items.lock().unwrap().insert(key, item);
    }

    /// Answers a query as the service does, with a megabyte for a page.
    fn query(&self, asked: &Json) -> Json {
        self.answered.fetch_add(1, Memory::Relaxed);
        let value = |name: &str| {
            let value = &asked["ExpressionAttributeValues"][name]["S"];
            value.as_str().unwrap().to_owned()
        };
        let (from, to) = (
            (value(":series"), value(":from")),
            (value(":series"), value(":to")),
        );
        assert!(from.1 <= to.1);
        let after = asked["ExclusiveStartKey"]["chunk"]["S"].as_str();
        let limit = asked["Limit"].as_u64().unwrap_or(1000);
        let limit = usize::try_from(limit).unwrap();
        let items = self.items.lock().unwrap();
        let mut found: Vec<&Json> = items
            .range(from..=to)
            .filter(|((_, chunk), _)| after.is_none_or(|after| chunk.as_str() > after))
            .map(|(_, item)| item)
            .collect();
        if asked["ScanIndexForward"] == json!(false) {
            assert!(after.is_none(), "no test reads on from the end");
            found.reverse();
        }
        // Whether there is more it finds out with the next page.
        let last = (found.len() >= limit).then(|| {
            let last = found[limit - 1];
            json!({"series": last["series"], "chunk": last["chunk"]})
        });
        found.truncate(limit);
        json!({"Items": found, "Count": found.len(), "LastEvaluatedKey": last})
    }

    fn answered(&self) -> usize {
        self.answered.swap(0, Memory::Relaxed)
    }
}

/// The table, and the port over it.
async fn points() -> (Arc<Table>, Points) {
    let table = Arc::new(Table::default());
    let asked = Arc::clone(&table);
    let answer = move |request: http::Request<Bytes>| {
        let answer = asked.query(&serde_json::from_slice(request.body()).unwrap());
        async move { Response::new(answer.to_string()) }
    };
    let variable = |name: &str| (name == "TIDEMARK_POINTS_TABLE").then(|| "points".to_owned());
    (table, fake::serve(answer, variable).await.points().unwrap())
}

/// What is told of many series, and of each.
async fn told(points: &Points, series: &[SeriesKey], range: TimeRange) -> [Vec<String>; 2] {
    let none = Tombstones::none();
    let requests: Vec<_> = series
        .iter()
        .map(|series| Summarize {
            series,
            range,
            tombstones: &none,
            slots: Slots::Whole,
            parts: Parts::STORED,
            limit: 1,
        })
        .collect();
    let extents = points.extents(series, range).await.unwrap();
    let summaries = points.summarize_many(&requests).await.unwrap();
    let many = extents.iter().zip(&summaries);
    let many = many.map(|told| format!("{told:?}")).collect();
    let mut each = Vec::new();
    for request in requests {
        let extent = points.extent(request.series, range).await.unwrap();
        let summary = points.summarize(request).await.unwrap();
        each.push(format!("{:?}", (&extent, &summary)));
    }
    [many, each]
}

#[tokio::test]
async fn a_series_of_few_chunks_takes_two_requests_in_a_question_about_many() {
    let (table, points) = points().await;
    let series: Vec<SeriesKey> = (0..40).map(key).collect();
    for series in &series {
        // One large, some small, two of which are in another window, and one written over.
        table.write(series, 1, 0, 1000);
        table.write(series, 2, 2000, 10);
        table.write(series, 3, 2010, 10);
        table.write(series, 4, 900_000, 1);
        table.write(series, 5, 2005, 10);
        let note = json!({"series": {"S": series_key(series)}, "chunk": {"S": "r1"}});
        table.put(note);
    }
    let minute = |n: i64| Timestamp::from_nanos(n * 60_000_000_000);
    for (range, count) in [
        (TimeRange::ALL, "1021"),
        (TimeRange::new(minute(500), minute(2004)).unwrap(), "505"),
    ] {
        points.extents(&series, range).await.unwrap();
        assert_eq!(table.answered(), series.len());
        let [many, each] = told(&points, &series, range).await;
        assert_eq!(many, each);
        let expected = format!("count: {count},");
        assert!(many[0].contains(&expected), "{}", many[0]);
        // Once for the extents, once for the summaries; of each, 10 times as often.
        assert_eq!(table.answered(), series.len() * (2 + 20));
    }
}

#[tokio::test]
async fn a_series_of_many_chunks_takes_two_more() {
    let (table, points) = points().await;
    for batch in 0..30 {
        let begin = i64::try_from(batch).unwrap() * 20;
        table.write(&key(0), batch, begin, 20);
    }
    let series = [key(0), key(1)];
    let [many, each] = told(&points, &series, TimeRange::ALL).await;
    assert_eq!(many, each);
    assert!(many[0].contains("count: 600,"), "{}", many[0]);
    assert!(many[1].starts_with("(None"), "{}", many[1]);
    // The first fills a page of 16, the second is empty.
    assert_eq!(table.answered(), (1 + 10) * 2 + 2 + 2 * 20);
}
