//! `GET /api/{name}/buckets`, held against a naive model.

use std::collections::BTreeMap;

use http::StatusCode;
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use tidemark_core::grid::{Grid, Slot};
use tidemark_core::time::Timestamp;
use tidemark_core::zone::Zone;

use crate::world::{World, at, holds};

/// The evening before the clocks of Zürich went forward in 2023.
const EVENING: i64 = 1_679_770_800;

/// Points by nanosecond.
type Points = BTreeMap<i64, f64>;

/// Points by minute, from when for how long, every, zone, fill, limit, and
/// whether the store makes it hard.
type Case = (
    BTreeMap<i64, i32>,
    (i64, i64),
    &'static str,
    Zone,
    &'static str,
    usize,
    (bool, bool),
);

/// A slot with its values.
type Held = (Slot, Vec<f64>);

fn values(points: &Points, slot: Slot) -> Vec<f64> {
    let holds = |t: i64| slot.contains(Timestamp::from_nanos(t));
    let inside = points.iter().filter(|(t, _)| holds(**t));
    inside.map(|(_, v)| *v).collect()
}

/// The points of a range.
fn cut(points: &Points, range: impl std::ops::RangeBounds<i64>) -> Points {
    points.range(range).map(|(t, v)| (*t, *v)).collect()
}

/// The slots of a range, cut to the first and the last point of the series, each
/// with its values in the range.
fn slots(points: &Points, from: i64, to: i64, grid: Grid) -> Vec<Held> {
    let (Some((&first, _)), Some((&last, _))) = (points.first_key_value(), points.last_key_value())
    else {
        return Vec::new();
    };
    let (from, to) = (from.max(first), to.min(last));
    if from > to {
        return Vec::new();
    }
    let inside = cut(points, from..=to);
    let mut slots = Vec::new();
    let mut slot = grid.slot_of(Timestamp::from_nanos(from));
    loop {
        slots.push((slot, values(&inside, slot)));
        if slot.contains(Timestamp::from_nanos(to)) {
            return slots;
        }
        slot = grid.next(slot).unwrap();
    }
}

/// The nearest slots that hold points before and after the range, with what they
/// hold there.
fn outside(points: &Points, from: i64, to: i64, grid: Grid) -> (Option<Held>, Option<Held>) {
    let of = |points: Points, time: Option<i64>| {
        let slot = grid.slot_of(Timestamp::from_nanos(time?));
        Some((slot, values(&points, slot)))
    };
    let (before, after) = (cut(points, ..from), cut(points, to + 1..));
    let last = before.last_key_value().map(|(t, _)| *t);
    let first = after.first_key_value().map(|(t, _)| *t);
    (of(before, last), of(after, first))
}

/// The rows as `[start, end, count, sum, max]`, filled one by one.
fn model(slots: &[Held], outside: &(Option<Held>, Option<Held>), fill: &str) -> Vec<Json> {
    let stats = |values: &[f64]| -> [f64; 2] {
        let max = values.iter().copied().fold(f64::MIN, f64::max);
        [values.iter().sum(), max]
    };
    let mut rows = Vec::new();
    for (at, (slot, values)) in slots.iter().enumerate() {
        let answers = if values.is_empty() {
            let before = slots[..at].iter().rfind(|(_, v)| !v.is_empty());
            let after = slots[at..].iter().find(|(_, v)| !v.is_empty());
            let before = || before.or(outside.0.as_ref()).unwrap();
            let after = || after.or(outside.1.as_ref()).unwrap();
            match fill {
                "none" => continue,
                "null" => [None, None],
                "zero" => [Some(0.0), Some(0.0)],
                "previous" => stats(&before().1).map(Some),
                _ => {
                    let (before, after) = (before(), after());
                    let seconds = |slot: Slot| (slot.start.nanos() / 1_000_000_000) as f64;
                    let (t0, t, t1) = (seconds(before.0), seconds(*slot), seconds(after.0));
                    let (y0, y1) = (stats(&before.1), stats(&after.1));
                    let share = if t0 == t1 { 0.0 } else { (t - t0) / (t1 - t0) };
                    [0, 1].map(|i| Some(y0[i] + (y1[i] - y0[i]) * share))
                }
            }
        } else {
            stats(values).map(Some)
        };
        rows.push(json!([
            slot.start.to_string(),
            slot.end.to_string(),
            values.len(),
            answers[0],
            answers[1],
        ]));
    }
    rows
}

fn found(rows: &[Json]) -> Vec<Json> {
    let row = |r: &Json| json!([r["start"], r["end"], r["count"], r["sum"], r["max"]]);
    rows.iter().map(row).collect()
}

/// The same, but for the last digits of what lies on a line.
fn same(found: &[Json], expected: &[Json]) -> Result<(), TestCaseError> {
    prop_assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        for i in 0..5 {
            if let (Some(a), Some(b)) = (found[i].as_f64(), expected[i].as_f64()) {
                prop_assert!((a - b).abs() < 1e-9, "{} {}", found, expected);
            } else {
                prop_assert_eq!(&found[i], &expected[i]);
            }
        }
    }
    Ok(())
}

#[test]
fn buckets_are_those_of_the_model_however_they_are_paged() {
    let minutes = 4 * 24 * 60i64;
    let strategy = (
        prop::collection::btree_map(0..minutes, -50i32..50, 1..16),
        (-60..minutes, 0..minutes),
        prop::sample::select(vec!["10m", "1h", "5h", "6h", "1d", "1w", "1mo"]),
        prop::sample::select(vec![
            Zone::UTC,
            "Europe/Zurich".parse().unwrap(),
            "Australia/Lord_Howe".parse().unwrap(),
        ]),
        prop::sample::select(vec!["none", "null", "zero", "previous", "linear"]),
        1..9usize,
        any::<(bool, bool)>(),
    );
    let property = async |world: &World, number, case| {
        let (points, (from, length), every, zone, fill, limit, (shards, stingy)): Case = case;
        let second = |minutes: i64| EVENING + 60 * minutes;
        let nanos = |minutes: i64| second(minutes) * 1_000_000_000;
        let points: Points = points
            .iter()
            .map(|(t, v)| (nanos(*t), f64::from(*v)))
            .collect();
        let grid = Grid {
            every: every.parse().unwrap(),
            zone,
        };
        let to = from + length;
        let slots = slots(&points, nanos(from), nanos(to), grid);
        let outside = outside(&points, nanos(from), nanos(to), grid);
        let expected = model(&slots, &outside, fill);

        let series = format!("s{number}");
        world
            .store(&series, &points.into_iter().collect::<Vec<_>>())
            .await;
        world.hooks.be_stingy(stingy);
        world.hooks.exaggerate(shards.then_some(3_000_000));
        let uri = format!(
            "/api/{series}/buckets?from={}&to={}&every={every}&tz={}&fill={fill}&stats=count,sum,max",
            second(from),
            second(to),
            zone.name()
        );
        let whole = world.get(&uri).await;
        same(&found(&whole.rows()), &expected)?;
        prop_assert_eq!(whole.next(), None);
        // Short pages of the many slots of 10 minutes take long.
        let limit = limit.max(expected.len() / 12);
        let (cut, pages) = world.pages(&format!("{uri}&limit={limit}")).await;
        prop_assert_eq!(pages, expected.len().div_ceil(limit).max(1));
        // The very same digits, whatever page they stand on.
        prop_assert_eq!(cut, whole.rows());
        Ok(())
    };
    holds(200, &strategy, &property);
}

#[tokio::test]
async fn days_are_shorter_and_longer_where_clocks_change() {
    let world = World::new();
    let hours = |from: i64| (0..4 * 24).map(move |h| (from + 3600 * h, 1.0));
    // From midnight in Zürich, two days before the change.
    let spring: Vec<_> = hours(1_679_612_400).collect();
    let autumn: Vec<_> = hours(1_698_357_600).collect();
    world.load("spring", &spring).await;
    world.load("autumn", &autumn).await;
    for (name, expected) in [
        (
            "spring",
            [
                ("2023-03-23T23:00:00Z", "2023-03-24T23:00:00Z", 24),
                ("2023-03-24T23:00:00Z", "2023-03-25T23:00:00Z", 24),
                ("2023-03-25T23:00:00Z", "2023-03-26T22:00:00Z", 23),
                ("2023-03-26T22:00:00Z", "2023-03-27T22:00:00Z", 24),
            ],
        ),
        (
            "autumn",
            [
                ("2023-10-26T22:00:00Z", "2023-10-27T22:00:00Z", 24),
                ("2023-10-27T22:00:00Z", "2023-10-28T22:00:00Z", 24),
                ("2023-10-28T22:00:00Z", "2023-10-29T23:00:00Z", 25),
                ("2023-10-29T23:00:00Z", "2023-10-30T23:00:00Z", 23),
            ],
        ),
    ] {
        let uri = format!("/api/{name}/buckets?every=1d&tz=Europe/Zurich&stats=count");
        let rows = world.get(&uri).await.rows();
        let expected =
            expected.map(|(start, end, count)| json!({"start": start, "end": end, "count": count}));
        assert_eq!(rows[..4], expected);
    }
    let uri = "/api/spring/buckets?every=1w&tz=Europe/Zurich&stats=count";
    let weeks = world.get(uri).await.rows();
    assert_eq!(weeks[0]["start"], "2023-03-19T23:00:00Z");
    assert_eq!(weeks[1]["start"], "2023-03-26T22:00:00Z");
}

#[tokio::test]
async fn what_is_carried_over_crosses_the_borders_of_pages() {
    let world = World::new();
    world.load("a", &[(0, 10.0), (1, 20.0), (60, 5.0)]).await;
    for (fill, second, seventh) in [
        ("previous", json!(30), json!(5)),
        ("linear", json!(30.0 - 25.0 / 6.0), json!(5)),
        ("null", json!(null), json!(5)),
        ("zero", json!(0), json!(5)),
    ] {
        let uri = format!("/api/a/buckets?every=10s&stats=sum&fill={fill}&limit=1");
        let (rows, pages) = world.pages(&uri).await;
        assert_eq!((rows.len(), pages), (7, 7));
        assert_eq!(rows[0]["sum"], json!(30));
        match (rows[1]["sum"].as_f64(), second.as_f64()) {
            (Some(found), Some(expected)) => assert!((found - expected).abs() < 1e-12),
            (found, expected) => assert_eq!(found, expected),
        }
        assert_eq!(rows[6]["sum"], seventh);
    }
}

#[tokio::test]
async fn the_range_is_cut_to_the_first_and_last_point_of_the_series() {
    let world = World::new();
    let day = 86_400;
    let points = [(day, 1.0), (3 * day + 5, 2.0), (9 * day, 3.0)];
    world.load("a", &points).await;
    let starts = async |query: &str| {
        let uri = format!("/api/a/buckets?every=1d&fill=null&stats=count&{query}");
        let rows = world.get(&uri).await.rows();
        let start = |row: &Json| row["start"].as_str().unwrap()[8..10].to_owned();
        (start(&rows[0]), start(&rows[rows.len() - 1]), rows.len())
    };
    let (first, last) = ("02".to_owned(), "10".to_owned());
    assert_eq!(
        starts("from=1700-01-01&to=2200-01-01").await,
        (first.clone(), last, 9)
    );
    assert_eq!(starts("to=1970-01-09").await, (first, "09".to_owned(), 8));
    // No point is in it, but some are on either side.
    assert_eq!(
        starts("from=1970-01-05&to=1970-01-07").await,
        ("05".to_owned(), "07".to_owned(), 3)
    );
    // Hidden points are none.
    world.delete("/api/a?from=1970-01-10").await;
    assert_eq!(starts("from=1970-01-01").await.1, "04");
}

#[tokio::test]
async fn a_million_slots_are_answered_and_one_more_is_not() {
    let world = World::new();
    world.load("a", &[(0, 1.0), (999_999, 2.0)]).await;
    let uri = "/api/a/buckets?every=1s&stats=sum&limit=2";
    for fill in ["none", "null", "previous", "linear"] {
        let answer = world.get(&format!("{uri}&fill={fill}")).await;
        assert_eq!(answer.rows().len(), 2);
    }
    world.load("a", &[(1_000_000, 2.0)]).await;
    for fill in ["none", "linear"] {
        let answer = world.get(&format!("{uri}&fill={fill}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert!(answer.text.contains("1000001"), "{}", answer.text);
    }
    let answer = world.get(&format!("{uri}&from=1")).await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn what_lies_outside_the_range_is_carried_into_it() {
    let world = World::new();
    // 16:09:13, 16:19:13 and 16:25 of a day.
    let points = [(58_153, 1.0), (58_753, 3.0), (59_100, 2.0)];
    world.load("a", &points).await;
    let filled = async |query: &str| {
        let uri = format!("/api/a/buckets?every=5m&stats=max,count&{query}");
        let rows = world.get(&uri).await.rows();
        let row = |row: &Json| (row["max"].as_f64(), row["count"].as_u64().unwrap());
        rows.iter().map(row).collect::<Vec<_>>()
    };
    let at = 58_200; // 16:10
    assert_eq!(
        filled(&format!("from={at}&fill=previous")).await,
        [
            (Some(1.0), 0),
            (Some(3.0), 1),
            (Some(3.0), 0),
            (Some(2.0), 1)
        ]
    );
    // The slot of 16:05, and that of 16:15, of which the range has no point.
    let within = format!("from={at}&to={}", at + 600);
    assert_eq!(filled(&format!("{within}&fill=linear")).await.len(), 3);
    // A range that begins and ends within slots: what they hold besides is beyond it.
    let between = "from=58160&to=58700";
    assert_eq!(
        filled(&format!("{between}&fill=previous")).await,
        [(Some(1.0), 0), (Some(1.0), 0), (Some(1.0), 0)]
    );
    assert_eq!(
        filled(&format!("{between}&fill=linear")).await,
        [(Some(1.0), 0), (Some(2.0), 0), (Some(3.0), 0)]
    );
    assert_eq!(
        filled("from=58701&to=58702&fill=linear").await,
        [(Some(3.0), 0)]
    );
    for beyond in ["from=59101", "to=58152"] {
        assert_eq!(filled(&format!("{beyond}&fill=zero")).await, []);
    }
}

#[tokio::test]
async fn a_line_may_be_longer_than_292_years() {
    let world = World::new();
    let centuries = [(i64::MIN, 0.0), (i64::MAX, 100.0)];
    world.store("a", &centuries).await;
    let uri = "/api/a/buckets?every=1y&stats=first&fill=linear&from=1677-01-01";
    assert_eq!(world.get(uri).await.status, StatusCode::BAD_REQUEST);
    let uri = "/api/a/buckets?every=1y&stats=first,count,first_time&fill=linear";
    let rows = world.get(uri).await.rows();
    assert_eq!(rows.len(), 2262 - 1677 + 1);
    let middle = &rows[1970 - 1677];
    assert_eq!(middle["start"], "1970-01-01T00:00:00Z");
    assert!(
        (middle["first"].as_f64().unwrap() - 50.0).abs() < 0.1,
        "{middle}"
    );
    assert_eq!(middle["count"], 0);
    assert_eq!(middle["first_time"], json!(null));
}

#[tokio::test]
async fn wrong_questions_are_400() {
    let world = World::new();
    world.load("a", &[(at(0).nanos(), 1.0)]).await;
    for query in [
        "",
        "every=0s",
        "every=15",
        "every=2d",
        "every=1h&tz=Mars/Olympus",
        "every=1h&fill=both",
        "every=1h&stats=mode",
        "every=1h&stats=",
    ] {
        let answer = world.get(&format!("/api/a/buckets?{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
    }
}
