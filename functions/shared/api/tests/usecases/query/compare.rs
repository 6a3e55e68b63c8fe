//! `GET /compare`, held against a naive model.

mod cases;

use std::collections::BTreeMap;

use http::StatusCode;
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use tidemark_core::grid::Grid;
use tidemark_core::time::Timestamp;
use tidemark_core::zone::Zone;

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
