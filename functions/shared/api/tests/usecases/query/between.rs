//! Statistics of what lies between points, held against a walk over the segments.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use tidemark_core::grid::Grid;
use tidemark_core::time::Timestamp;
use tidemark_core::zone::Zone;

use crate::world::{World, holds};

/// The evening before the clocks of Zürich went forward in 2023.
const EVENING: i64 = 1_679_770_800;
const SECOND: i64 = 1_000_000_000;

/// Points by second.
type Points = BTreeMap<i64, i32>;

/// What a range has of a series.
#[derive(Debug, Default)]
struct Has {
    integral: f64,
    increase: f64,
    covered: f64,
    /// What the sums would be if nothing cancelled.
    magnitude: f64,
    is_on_it: bool,
}

/// What the range from one second to another has, by the definitions.
fn walk(points: &Points, previous: bool, from: i64, to: i64) -> Has {
    let mut has = Has::default();
    for ((t0, v0), (t1, v1)) in points.iter().zip(points.iter().skip(1)) {
        let (a, b) = (from.max(*t0), to.min(*t1));
        if a > b {
            continue;
        }
        let (low, high) = (f64::from(*v0), f64::from(*v1));
        let whole = (t1 - t0) as f64;
        let at = |t: i64| low + (high - low) * (t - t0) as f64 / whole;
        let mean = if previous {
            low
        } else {
            f64::midpoint(at(a), at(b))
        };
        let rise = if high < low { high } else { high - low };
        has.integral += mean * (b - a) as f64;
        has.increase += rise * (b - a) as f64 / whole;
        has.covered += (b - a) as f64;
        has.magnitude += (low.abs() + high.abs()) * ((b - a) as f64 + 1.0);
        has.is_on_it = true;
    }
    has
}

/// Whether an answer is what is expected, to 1e-12 of the magnitude.
fn check(answer: &Json, has: &Has, count: usize) -> Result<(), TestCaseError> {
    let near = |name: &str, expected: Option<f64>, scale: f64| {
        let found = answer[name].as_f64();
        let is_near = match (found, expected) {
            (Some(found), Some(expected)) => (found - expected).abs() <= 1e-12 * scale.max(1e-9),
            (found, expected) => found == expected,
        };
        prop_assert!(is_near, "{name} of {answer} is not {expected:?}");
        Ok(())
    };
    prop_assert_eq!(&answer["count"], count);
    let anything = count > 0 || has.is_on_it;
    near("integral", anything.then_some(has.integral), has.magnitude)?;
    near("increase", anything.then_some(has.increase), has.magnitude)?;
    let by = |sum: f64| (has.covered > 0.0).then(|| sum / has.covered);
    let scale = has.magnitude / has.covered.max(1.0);
    near("twa", by(has.integral), scale)?;
    near("rate", by(has.increase), scale)
}

fn uri(series: &str, path: &str, from: i64, to: i64, previous: bool) -> String {
    let way = if previous { "previous" } else { "linear" };
    format!(
        "/api/{series}{path}from={from}&to={to}&interpolate={way}&stats=count,integral,increase,twa,rate,sum"
    )
}

/// Points by second, and those that come late and that are deleted; from when for
/// how long, every, zone; whether previous, limit, shards and whether the store
/// makes it hard.
type Case = (
    (Points, Points, (i64, i64)),
    (i64, i64),
    (&'static str, Zone),
    (bool, usize, u64, bool),
);

#[test]
fn ranges_and_slots_own_what_they_should_however_it_is_cut() {
    let days = 4 * 86_400i64;
    let second = || EVENING..EVENING + days;
    let points = || prop::collection::btree_map(second(), -20i32..100, 1..16);
    let strategy = (
        (points(), points(), (second(), 0..days / 4)),
        (-3600..days, 0..days),
        (
            prop::sample::select(vec!["10m", "1h", "5h", "1d", "1w"]),
            prop::sample::select(vec![Zone::UTC, "Europe/Zurich".parse().unwrap()]),
        ),
        (any::<bool>(), 1..9usize, 1..=16u64, any::<bool>()),
    );
    let property = async |world: &World, number, case| {
        let ((early, late, deleted), (from, length), (every, zone), ways): Case = case;
        let (previous, limit, shards, stingy) = ways;
        let series = format!("b{number}");
        for points in [&early, &late] {
            let points: Vec<_> = points
                .iter()
                .map(|(t, v)| (t * SECOND, f64::from(*v)))
                .collect();
            world.store(&series, &points).await;
        }
        let (first, end) = (deleted.0, deleted.0 + deleted.1);
        let gone = world
            .delete(&format!("/api/{series}?from={first}&to={end}"))
            .await;
        prop_assert_eq!(gone.status, 204);
        let mut points = early;
        points.extend(late);
        points.retain(|t, _| !(first..=end).contains(t));
        world.hooks.be_stingy(stingy);
        world
            .hooks
            .exaggerate((shards > 1).then_some(shards * 400_000));

        let (from, to) = (EVENING + from, EVENING + from + length);
        let answer = world
            .get(&uri(&series, "?", from, to, previous))
            .await
            .json();
        let whole = walk(&points, previous, from, to);
        check(&answer, &whole, points.range(from..=to).count())?;

        let path = format!("/buckets?every={every}&tz={}&", zone.name());
        let uri = uri(&series, &path, from, to, previous);
        let rows = world.get(&uri).await.rows();
        let grid = Grid {
            every: every.parse().unwrap(),
            zone,
        };
        let mut sums = (0.0, 0.0);
        let mut slot = grid.slot_of(Timestamp::from_nanos(from * SECOND));
        let mut told = rows.iter();
        while slot.start.nanos() <= to * SECOND {
            let start = from.max(slot.start.nanos() / SECOND);
            let end = to.min(slot.end.nanos() / SECOND);
            let has = walk(&points, previous, start, end);
            let last = slot.end.nanos() / SECOND - 1;
            let count = points.range(start..=to.min(last)).count();
            if count > 0 || has.covered > 0.0 {
                let Some(row) = told.next() else {
                    return Err(TestCaseError::fail(format!("no row for {slot:?}")));
                };
                prop_assert_eq!(&row["start"], &json!(slot.start.to_string()));
                check(row, &has, count)?;
                prop_assert_eq!(row["sum"].is_null(), count == 0);
                sums.0 += row["integral"].as_f64().unwrap();
                sums.1 += row["increase"].as_f64().unwrap();
            }
            slot = grid.next(slot).unwrap();
        }
        prop_assert_eq!(told.next(), None);
        // The parts add up to the whole.
        for (parts, name) in [(sums.0, "integral"), (sums.1, "increase")] {
            let whole_sum = answer[name].as_f64().unwrap_or(0.0);
            prop_assert!((parts - whole_sum).abs() <= 1e-12 * whole.magnitude.max(1e-9));
        }
        // The very same digits, whatever page they stand on.
        let limit = limit.max(rows.len() / 12);
        let (cut, pages) = world.pages(&format!("{uri}&limit={limit}")).await;
        prop_assert_eq!(pages, rows.len().div_ceil(limit).max(1));
        prop_assert_eq!(cut, rows);
        Ok(())
    };
    holds(200, &strategy, &property);
}

#[tokio::test]
async fn filling_leaves_what_is_known() {
    let world = World::new();
    world.load("a", &[(0, 1.0), (20, 3.0), (50, 6.0)]).await;
    let stats = "stats=count,max,integral,increase,delta";
    let rows = async |fill: &str| {
        let uri = format!("/api/a/buckets?every=10s&{stats}&fill={fill}");
        let rows = world.get(&uri).await.rows();
        let row = |r: &Json| {
            json!([
                r["count"],
                r["max"],
                r["integral"],
                r["increase"],
                r["delta"]
            ])
        };
        rows.iter().map(row).collect::<Vec<_>>()
    };
    let with = |max: [Json; 3], delta: Json| {
        let empty = |max: &Json, integral: i32| json!([0, max, integral, 1, delta]);
        vec![
            json!([1, 1, 15, 1, 0]),
            empty(&max[0], 25),
            json!([1, 3, 35, 1, 0]),
            empty(&max[1], 45),
            empty(&max[2], 55),
            json!([1, 6, 0, 0, 0]),
        ]
    };
    let null = || Json::Null;
    assert_eq!(rows("none").await, with([null(), null(), null()], null()));
    assert_eq!(rows("null").await, with([null(), null(), null()], null()));
    assert_eq!(
        rows("zero").await,
        with([json!(0), json!(0), json!(0)], json!(0))
    );
    assert_eq!(
        rows("previous").await,
        with([json!(1), json!(3), json!(3)], json!(0))
    );
    assert_eq!(
        rows("linear").await,
        with([json!(2), json!(4), json!(5)], json!(0))
    );
    // Without them, only what holds a point.
    let bare = world
        .get("/api/a/buckets?every=10s&stats=delta,mode_step")
        .await;
    assert_eq!(bare.rows().len(), 3);
}

#[tokio::test]
async fn edges_and_units() {
    let world = World::new();
    world
        .load("a", &[(0, 1.0), (3600, 3.0), (7200, 3.0), (9000, 1.0)])
        .await;
    for (query, expected) in [
        ("stats=integral", r#"{"integral":21600}"#),
        ("stats=integral&unit=m", r#"{"integral":360}"#),
        ("stats=integral&unit=h", r#"{"integral":6}"#),
        (
            "stats=integral&unit=h&interpolate=previous",
            r#"{"integral":5.5}"#,
        ),
        (
            "stats=twa,avg,p50,delta,increase,mode_step",
            r#"{"twa":2.4,"avg":2,"p50":2,"delta":0,"increase":3,"mode_step":3600}"#,
        ),
        // Within one segment.
        (
            "from=900&to=1800&stats=count,integral,twa,increase,rate,avg,sum&unit=h",
            r#"{"count":0,"integral":0.4375,"twa":1.75,"increase":0.5,"rate":0.0005555555555555556,"avg":null,"sum":0}"#,
        ),
        (
            "from=900&to=900&stats=integral,twa,increase,rate",
            r#"{"integral":0,"twa":null,"increase":0,"rate":null}"#,
        ),
        // On a point, and beyond the series.
        (
            "from=3600&to=3600&stats=count,integral,twa",
            r#"{"count":1,"integral":0,"twa":null}"#,
        ),
        (
            "from=9001&stats=integral,twa,increase,rate,delta",
            r#"{"integral":null,"twa":null,"increase":null,"rate":null,"delta":null}"#,
        ),
        ("from=-5&to=3600&stats=twa", r#"{"twa":2}"#),
    ] {
        assert_eq!(
            world.get(&format!("/api/a?{query}")).await.text,
            expected,
            "{query}"
        );
    }
    // A row for the instant at which a range ends is none.
    let uri = "/api/a/buckets?every=15m&from=900&to=2700&stats=integral";
    assert_eq!(world.get(uri).await.rows().len(), 2);
}

#[tokio::test]
async fn an_overflow_is_told() {
    let world = World::new();
    let far = [(0, f64::MAX), (10, f64::MAX)];
    world.load("a", &far).await;
    for uri in [
        "/api/a?stats=integral,twa",
        "/api/a/buckets?every=1m&stats=integral,twa",
    ] {
        let answer = world.get(uri).await;
        assert!(
            answer.text.contains(r#""integral":null,"twa":1.79"#),
            "{}",
            answer.text
        );
        assert!(answer.headers.contains_key("warning"));
    }
}
