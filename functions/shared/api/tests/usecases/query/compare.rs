//! `GET /compare`, held against a naive model.

use std::collections::BTreeMap;

use http::StatusCode;
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use tidemark_core::grid::Grid;
use tidemark_core::name::Tenant;
use tidemark_core::time::Timestamp;
use tidemark_core::zone::Zone;

use crate::hooks;
use crate::world::{World, holds};

/// Four days before the clocks of Zürich went forward in 2023.
const START: i64 = 1_679_443_200;

/// Points by quarter-hour.
type Quarters = BTreeMap<i64, i32>;

/// Sums by the start of the slot.
type Sums = BTreeMap<Timestamp, f64>;

/// Both series, the range, the grid, the limit, and whether the store makes it hard.
type Case = (
    [Quarters; 2],
    (i64, i64),
    (&'static str, Zone),
    usize,
    (bool, bool),
);

fn time(quarter: i64) -> i64 {
    START + 900 * quarter
}

fn sums(points: &Quarters, (from, to): (i64, i64), grid: Grid) -> Sums {
    let mut sums = Sums::new();
    for (quarter, value) in points.range(from..=to) {
        let slot = grid.slot_of(Timestamp::from_seconds(time(*quarter)).unwrap());
        *sums.entry(slot.start).or_default() += f64::from(*value);
    }
    sums
}

/// The commonest distance between the points of a range, in seconds, of equal ones
/// the shortest.
fn step(points: &Quarters, (from, to): (i64, i64)) -> Option<i64> {
    let times: Vec<_> = points
        .range(from..=to)
        .map(|(quarter, _)| *quarter)
        .collect();
    let mut counts: BTreeMap<i64, i64> = BTreeMap::new();
    for pair in times.windows(2) {
        *counts.entry(900 * (pair[1] - pair[0])).or_default() += 1;
    }
    let commonest = counts.iter().max_by_key(|(step, count)| (**count, -**step));
    commonest.map(|(step, _)| *step)
}

fn longest(every: &str) -> i64 {
    let (number, unit) = every.split_at(1);
    let unit = match unit {
        "h" => 3600,
        "d" => 86_400,
        _ => 7 * 86_400,
    };
    number.parse::<i64>().unwrap() * unit
}

fn pearson(pairs: &[(f64, f64)]) -> Option<f64> {
    let n = pairs.len() as f64;
    let mean = |number: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(number).sum::<f64>() / n;
    let (x, y) = (mean(&|p| p.0), mean(&|p| p.1));
    let sum = |term: &dyn Fn(f64, f64) -> f64| -> f64 {
        pairs.iter().map(|p| term(p.0 - x, p.1 - y)).sum()
    };
    let (xx, yy) = (sum(&|x, _| x * x), sum(&|_, y| y * y));
    let varies = xx > 1e-9 && yy > 1e-9;
    varies.then(|| sum(&|x, y| x * y) / (xx * yy).sqrt())
}

/// The best lag of up to `max_lag` slots, of all that there are on the grid.
fn best_lag(grid: Grid, one: &Sums, other: &Sums, max_lag: isize) -> Option<(isize, f64)> {
    let starts = || one.keys().chain(other.keys());
    let (first, last) = (*starts().min()?, *starts().max()?);
    let mut slots = vec![grid.slot_of(first)];
    while slots[slots.len() - 1].start < last {
        slots.push(grid.next(slots[slots.len() - 1]).unwrap());
    }
    let pairs = |lag: isize| -> Vec<(f64, f64)> {
        let pair = |at: usize| {
            let later = slots.get(at.checked_add_signed(lag)?)?;
            Some((*one.get(&slots[at].start)?, *other.get(&later.start)?))
        };
        (0..slots.len()).filter_map(pair).collect()
    };
    let most = (-max_lag..=max_lag).map(|lag| pairs(lag).len()).max()?;
    let mut best: Option<(isize, f64)> = None;
    // From the least on, the positive of two first: a later one has to be better.
    for lag in (0..=max_lag).flat_map(|lag| [lag, -lag]) {
        let pairs = pairs(lag);
        if pairs.len() < 3 || 2 * pairs.len() < most {
            continue;
        }
        let Some(r) = pearson(&pairs) else { continue };
        if best.is_none_or(|(_, greatest)| r > greatest + 1e-11) {
            best = Some((lag, r));
        }
    }
    best
}

fn near(found: &Json, expected: Option<f64>) -> bool {
    match (found.as_f64(), expected) {
        (Some(found), Some(expected)) => (found - expected).abs() < 1e-12,
        (found, expected) => found.is_none() && expected.is_none(),
    }
}

/// A slot of either, by its start.
type Row = (Timestamp, Option<f64>, Option<f64>);

/// Holds all but the best lag against the model.
fn same_sums(found: &Json, names: &[String; 2], rows: &[Row]) -> Result<(), TestCaseError> {
    let pairs: Vec<_> = rows
        .iter()
        .filter_map(|row| Some((row.1?, row.2?)))
        .collect();
    prop_assert_eq!(&found["slots"], &json!(rows.len()));
    prop_assert_eq!(&found["both"], &json!(pairs.len()));
    let total = |side: &dyn Fn(&Row) -> Option<f64>| rows.iter().filter_map(side).sum::<f64>();
    let totals = [total(&|row| row.1), total(&|row| row.2)];
    let is_negative = rows
        .iter()
        .flat_map(|row| [row.1, row.2])
        .flatten()
        .any(|sum| sum < 0.0);
    let overlap: f64 = pairs.iter().map(|(a, b)| a.min(*b)).sum();
    let overlap = (!is_negative).then_some(overlap);
    prop_assert!(near(&found["overlap"], overlap), "{}", found);
    for (at, side) in ["a", "b"].into_iter().enumerate() {
        prop_assert_eq!(&found[side]["series"], &json!(names[at]));
        let total = totals[at];
        prop_assert!(near(&found[side]["total"], Some(total)), "{}", found);
        let only = overlap.map(|overlap| total - overlap);
        prop_assert!(near(&found[format!("only_{side}")], only), "{}", found);
        let share = overlap.filter(|_| total != 0.0).map(|o| o / total);
        prop_assert!(
            near(&found[format!("overlap_share_{side}")], share),
            "{}",
            found
        );
    }
    prop_assert!(near(&found["correlation"], pearson(&pairs)), "{}", found);
    Ok(())
}

#[test]
fn a_comparison_is_that_of_the_model_and_so_are_its_slots() {
    let quarters = 5 * 96i64;
    let points = || prop::collection::btree_map(0..quarters, -1i32..30, 0..60);
    let strategy = (
        [points(), points()],
        (-4..quarters / 2, 0..quarters),
        (
            prop::sample::select(vec!["2h", "5h", "6h", "1d", "1w"]),
            prop::sample::select(vec![Zone::UTC, "Europe/Zurich".parse().unwrap()]),
        ),
        1..9usize,
        any::<(bool, bool)>(),
    );
    let property = async |world: &World, number, case| {
        let (points, (from, length), (every, zone), limit, (shards, stingy)): Case = case;
        let range = (from, from + length);
        let grid = Grid {
            every: every.parse().unwrap(),
            zone,
        };
        let names = [format!("a{number}"), format!("b{number}")];
        for (name, points) in names.iter().zip(&points) {
            // There is a series, if with nothing in the range.
            let outside = (time(quarters * 2), 1.0);
            let points = points.iter().map(|(q, v)| (time(*q), f64::from(*v)));
            let points: Vec<_> = points.chain([outside]).collect();
            world.load(name, &points).await;
        }
        world.hooks.be_stingy(stingy);
        world.hooks.exaggerate(shards.then_some(3_000_000));
        let uri = format!(
            "/compare?series={},{}&every={every}&tz={}&from={}&to={}&max_lag=9",
            names[0],
            names[1],
            zone.name(),
            time(range.0),
            time(range.1),
        );
        let [a, b] = points.each_ref().map(|points| sums(points, range, grid));
        let found = world.get(&uri).await;
        let step = points.each_ref().map(|points| step(points, range));
        if step.iter().flatten().any(|step| *step > longest(every)) {
            prop_assert_eq!(found.status, StatusCode::UNPROCESSABLE_ENTITY);
            return Ok(());
        }
        prop_assert_eq!(found.status, StatusCode::OK, "{}", found.text);
        let found = found.json();
        let mut starts: Vec<_> = a.keys().chain(b.keys()).copied().collect();
        starts.sort_unstable();
        starts.dedup();
        let rows: Vec<_> = starts
            .iter()
            .map(|start| (*start, a.get(start).copied(), b.get(start).copied()))
            .collect();
        same_sums(&found, &names, &rows)?;
        let best = best_lag(grid, &a, &b, 9);
        prop_assert!(
            near(&found["best_lag"]["correlation"], best.map(|b| b.1)),
            "{}",
            found
        );
        prop_assert!(
            near(&found["best_lag"]["lag"], best.map(|b| b.0 as f64)),
            "{}",
            found
        );

        let row = |(start, a, b): &Row| {
            let end = grid.slot_of(*start).end;
            json!([start.to_string(), end.to_string(), a, b])
        };
        let expected: Vec<_> = rows.iter().map(row).collect();
        let uri = format!("{uri}&rows=true&limit={limit}");
        let (slots, pages) = world.pages(&uri).await;
        let slots = slots.iter().map(|row| {
            let number = |side: &str| row[side].as_f64();
            json!([row["start"], row["end"], number("a"), number("b")])
        });
        prop_assert_eq!(slots.collect::<Vec<_>>(), expected);
        prop_assert_eq!(pages, rows.len().div_ceil(limit).max(1));
        Ok(())
    };
    holds(150, &strategy, &property);
}

#[tokio::test]
async fn what_a_house_draws_and_its_roof_gives() {
    let world = World::new();
    let quarter = |i: i64| START + 900 * i;
    let draws: Vec<_> = (0..4).map(|i| (quarter(i), 0.1 * (i + 1) as f64)).collect();
    let gives: Vec<_> = (1..4).map(|i| (quarter(i), 0.3)).collect();
    world.load("draws", &draws).await;
    world.load("gives", &gives).await;
    let answer = world
        .get("/compare?series=draws,gives&every=15m&decimals=6")
        .await;
    assert_eq!(
        answer.text,
        r#"{"slots":4,"both":3,"a":{"series":"draws","total":1},"b":{"series":"gives","total":0.9},"overlap":0.8,"only_a":0.2,"only_b":0.1,"overlap_share_a":0.8,"overlap_share_b":0.888889,"correlation":null,"best_lag":null}"#
    );
}

#[tokio::test]
async fn a_total_is_the_sum_of_the_series_to_the_last_digit() {
    let world = World::new();
    let points: Vec<_> = (0..960)
        .map(|i| (START + 900 * i, 0.1 * i as f64))
        .collect();
    world.load("a", &points).await;
    world.load("b", &points).await;
    let sum = world.get("/api/a?stats=sum").await.json()["sum"].clone();
    for every in ["15m", "1h", "7h", "1d", "1w"] {
        let uri = format!("/compare?series=a,b&every={every}");
        let found = world.get(&uri).await.json();
        assert_eq!(found["a"]["total"], sum, "{every}");
        assert_eq!(found["overlap"], sum, "{every}");
        assert_eq!(found["only_a"], json!(0), "{every}");
        assert_eq!(found["overlap_share_a"], json!(1), "{every}");
    }
}

#[tokio::test]
async fn any_statistic_that_is_a_number_can_be_compared() {
    let world = World::new();
    let hour = |i: i64, n: i64| START + 3600 * i + 900 * n;
    let points: Vec<_> = (0..8)
        .flat_map(|i| (0..4).map(move |n| (hour(i, n), (i * n) as f64)))
        .collect();
    world.load("a", &points).await;
    world.load("b", &points[..20]).await;
    let totals = async |stat: &str| {
        let uri = format!("/compare?series=a,b&every=1h&stat={stat}");
        let found = world.get(&uri).await.json();
        (found["a"]["total"].clone(), found["b"]["total"].clone())
    };
    assert_eq!(totals("sum").await, (json!(168), json!(60)));
    assert_eq!(totals("avg").await, (json!(42), json!(15)));
    assert_eq!(totals("count").await, (json!(32), json!(20)));
    assert_eq!(totals("max").await, (json!(84), json!(30)));
    assert_eq!(totals("median").await, (json!(42), json!(15)));
    // Undefined in the first hour, where nothing varies: neither a slot nor a row, and
    // no page ends there.
    let uri = "/compare?series=a,b&every=1h&stat=skewness";
    assert_eq!(world.get(uri).await.json()["slots"], json!(7));
    let (rows, pages) = world.pages(&format!("{uri}&rows=true&limit=1")).await;
    assert_eq!((rows.len(), pages), (7, 7));
}

#[tokio::test]
async fn series_that_there_are_not_are_named() {
    let world = World::new();
    world.load("a", &[(START, 1.0)]).await;
    for (series, unknown) in [("a,b", "b"), ("c,a", "c"), ("d,e", "d")] {
        for rows in ["", "&rows=true"] {
            let uri = format!("/compare?series={series}&every=1h{rows}");
            let answer = world.get(&uri).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND);
            let said = answer.json()["detail"].as_str().unwrap().to_owned();
            assert!(said.contains(&format!("no series `{unknown}`")), "{said}");
        }
    }
    let other = Tenant::new("other").unwrap();
    let answer = world.get_of(&other, "/compare?series=a,a&every=1h").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_range_without_points_compares_to_nothing() {
    let world = World::new();
    world.load("a", &[(START, 1.0)]).await;
    world.load("b", &[(START, 1.0)]).await;
    let uri = format!("/compare?series=a,b&every=1h&from={}", START + 1);
    let found = world.get(&uri).await.json();
    assert_eq!((&found["slots"], &found["both"]), (&json!(0), &json!(0)));
    assert_eq!(found["overlap"], json!(0));
    assert_eq!(found["overlap_share_a"], json!(null));
    assert!(
        world
            .get(&format!("{uri}&rows=true"))
            .await
            .rows()
            .is_empty()
    );
}

#[tokio::test]
async fn slots_finer_than_a_step_are_refused() {
    let world = World::new();
    let each = |step: i64, count: i64| -> Vec<_> {
        (0..count)
            .map(|i| (START + step * i, (i % 5) as f64))
            .collect()
    };
    world.load("minutes", &each(60, 300)).await;
    world.load("quarters", &each(900, 100)).await;
    world.load("days", &each(86_400, 40)).await;
    // The last day of each month, of which most are 31 days apart.
    let mut start = 0;
    let months: Vec<_> = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        .map(|days| {
            start += days * 86_400;
            (1_672_531_200 + start - 1, 1.0)
        })
        .into();
    world.load("months", &months).await;
    world
        .load(
            "odd",
            &[(START, 1.0), (START + 1, 1.0), (START + 777_777, 1.0)],
        )
        .await;
    let refused = async |query: &str| {
        let answer = world.get(&format!("/compare?{query}")).await;
        if answer.status == StatusCode::OK {
            return None;
        }
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
        let problem = answer.json();
        assert_eq!(problem["type"], "/docs#unsuitable-series");
        Some(problem["detail"].as_str().unwrap().to_owned())
    };
    for pair in ["minutes,quarters", "quarters,minutes"] {
        assert_eq!(
            refused(&format!("series={pair}&every=1m")).await.unwrap(),
            "`every=1m` is finer than the step of `quarters`, whose points are mostly 900 s apart: choose `15m` or wider"
        );
        assert_eq!(refused(&format!("series={pair}&every=15m")).await, None);
        assert!(
            refused(&format!("series={pair}&every=899s&rows=true"))
                .await
                .is_some()
        );
    }
    let hint = refused("series=days,months&every=1d").await.unwrap();
    assert!(
        hint.ends_with("`months`, whose points are mostly 2678400 s apart: choose `1mo` or wider")
    );
    assert_eq!(refused("series=days,months&every=1mo").await, None);
    // A day in spring has 23 hours, and is a day all the same.
    let zone = "tz=Europe/Zurich";
    assert_eq!(
        refused(&format!("series=days,minutes&every=1d&{zone}")).await,
        None
    );
    // Of as common distances the shortest counts; of one point there is none.
    assert_eq!(refused("series=odd,minutes&every=1m").await, None);
    let one = format!("series=days,minutes&every=1m&to={}", START + 3600);
    assert_eq!(refused(&one).await, None);
}

#[tokio::test]
async fn a_page_goes_on_though_the_step_has_changed() {
    let world = World::new();
    let points: Vec<_> = (0..4).map(|i| (START + 900 * i, 1.0)).collect();
    world.load("a", &points).await;
    let uri = "/compare?series=a,a&every=15m&rows=true&limit=2";
    let next = world.get(uri).await.next().unwrap();
    world
        .load(
            "a",
            &[
                (START + 4500, 1.0),
                (START + 6300, 1.0),
                (START + 8100, 1.0),
            ],
        )
        .await;
    world.load("a", &[(START + 9900, 1.0)]).await;
    assert_eq!(world.get(&next).await.status, StatusCode::OK);
    assert_eq!(
        world.get(uri).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
}

#[tokio::test]
async fn too_many_slots_and_too_many_pairs_are_refused() {
    let world = World::new();
    world.load("a", &[(0, 1.0)]).await;
    world.load("b", &[(999_999, 1.0)]).await;
    let uri = "/compare?series=a,b&every=1s";
    let refused = async |query: &str| {
        let answer = world.get(&format!("{uri}{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.text);
        answer.json()["detail"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        refused("&max_lag=100").await,
        "1000000 slots at 201 lags are more than 200000000 pairs: choose a smaller `max_lag`, wider slots or a shorter range"
    );
    // The slots themselves are not correlated.
    let rows = world.get(&format!("{uri}&max_lag=100&rows=true")).await;
    assert_eq!(rows.rows().len(), 2);
    world.load("b", &[(1_000_000, 1.0)]).await;
    for query in ["", "&rows=true"] {
        assert!(refused(query).await.contains("into 1000001 slots"));
    }
}

#[tokio::test]
async fn a_store_that_fails_is_told_of_as_everywhere() {
    use tidemark_ports::error::Kind;
    let world = World::new();
    world.load("a", &[(START, 1.0)]).await;
    for rows in ["", "&rows=true"] {
        let call = hooks::Call::Summarize;
        world.hooks.fail(call, Kind::Unavailable, hooks::Done::Not);
        let uri = format!("/compare?series=a,a&every=1h{rows}");
        let answer = world.get(&uri).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(!answer.text.contains(hooks::INSIDE));
    }
    assert!(world.hooks.all_happened());
}
