//! Groups held against what each of their series answers by itself: of what reaches over
//! the edges of slots, and with `by=series` to the same digits.

use std::collections::BTreeMap;
use std::fmt::Write;

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use tidemark_core::zone::Zone;

use super::{Event, LABELS, Question, Ways, event, grid, happen, name, seconds, span, ways};
use crate::world::{World, holds};

/// Statistics of one series, and some others. `count` tells where there are points.
const STATS: [&str; 11] = [
    "increase",
    "rate",
    "integral",
    "twa",
    "mode_step",
    "first",
    "last",
    "delta",
    "duration",
    "avg",
    "max",
];

/// Those that reach over edges.
const CROSSING: [&str; 4] = ["increase", "rate", "integral", "twa"];

/// A question whose pattern and groups are said by each test, and how what lies between
/// points is counted.
type Asked = (Question, &'static str);

fn asked() -> impl Strategy<Value = Asked> {
    let parts = (
        span(),
        prop::option::weighted(0.8, grid()),
        prop::sample::select(vec!["none", "null", "previous", "linear", "zero"]),
        prop::sample::subsequence(STATS.to_vec(), 1..6),
        prop::sample::select(vec!["", "&interpolate=previous", "&unit=h"]),
    );
    parts.prop_map(|((from, to), every, fill, stats, ways)| {
        let question = Question {
            pattern: "**",
            by: "series",
            from,
            to,
            every,
            fill,
            across: None,
            stats: [vec!["count"], stats].concat(),
        };
        (question, ways)
    })
}

/// What a series answers by itself: its buckets, or the one row of all of the range.
async fn rows_of(world: &World, name: &str, (question, ways): &Asked) -> Vec<Json> {
    let stats = question.stats.join(",");
    let mut query = format!("stats={stats}{ways}");
    for (name, minute) in [("from", question.from), ("to", question.to)] {
        if let Some(minute) = minute {
            write!(query, "&{name}={}", seconds(minute)).unwrap();
        }
    }
    match question.every {
        None => vec![world.get(&format!("/api/{name}?{query}")).await.json()],
        Some((every, zone)) => {
            let (zone, fill) = (zone.name(), question.fill);
            let uri = format!("/api/{name}/buckets?every={every}&tz={zone}&fill={fill}&{query}");
            world.get(&uri).await.rows()
        }
    }
}

/// Whether there are points in a row, or a series goes through it.
fn has(row: &Json) -> bool {
    row["count"] != json!(0) || CROSSING.iter().any(|stat| row[*stat].is_number())
}

/// From the first to the last row that has something.
fn trimmed(rows: &[Json]) -> &[Json] {
    let first = rows.iter().position(has);
    let last = rows.iter().rposition(has);
    first
        .zip(last)
        .map_or(&[], |(first, last)| &rows[first..=last])
}

fn same(stat: &str, found: &Json, expected: &Json) -> bool {
    match (found.as_f64(), expected.as_f64()) {
        (Some(a), Some(b)) if CROSSING.contains(&stat) => (a - b).abs() <= 1e-12 * b.abs(),
        _ => found == expected,
    }
}

/// What happens, and what is asked then.
type Alone = (Vec<Event>, Vec<(Asked, Ways)>);

#[test]
fn a_group_of_one_series_is_that_series() {
    let strategy = (
        prop::collection::vec(event(), 1..14),
        prop::collection::vec((asked(), ways()), 3),
    );
    let property = async |world: &World, number, (events, questions): Alone| {
        let series = happen(world, number, &events).await;
        for (asked, ways) in questions {
            ways.take(world);
            let uri = format!("{}{}", asked.0.uri(number), asked.1);
            let mut expected = Vec::new();
            for (at, _) in &series {
                let name = name(number, *at);
                let rows = rows_of(world, &name, &asked).await;
                let rows = match asked.0.every {
                    None => rows.as_slice(),
                    Some(_) => trimmed(&rows),
                };
                expected.extend(rows.iter().map(|row| (name.clone(), row.clone())));
            }
            expected.sort_by(|(one, _), (other, _)| one.cmp(other));
            for found in ways.pages(world, &uri).await? {
                prop_assert_eq!(found.len(), expected.len(), "{:?} {:?}", found, expected);
                for (found, (name, expected)) in found.iter().zip(&expected) {
                    let about = format!("{found}, not {expected}");
                    prop_assert_eq!(&found["series"], name);
                    prop_assert_eq!(&found["start"], &expected["start"], "{}", about);
                    prop_assert_eq!(&found["end"], &expected["end"]);
                    let contributes = u64::from(expected["count"] != json!(0));
                    prop_assert_eq!(&found["contributing"], contributes, "{}", about);
                    for stat in &asked.0.stats {
                        let is_same = same(stat, &found[*stat], &expected[*stat]);
                        prop_assert!(is_same, "{}: {}", stat, about);
                    }
                }
            }
        }
        Ok(())
    };
    holds(150, &strategy, &property);
}

/// A slot of a group: how many series have points there, and each answer of each statistic.
#[derive(Default)]
struct Slot {
    contributing: u64,
    is_told: bool,
    answers: BTreeMap<&'static str, Vec<f64>>,
}

fn combined(across: &str, answers: &[f64]) -> (f64, f64) {
    let sum: f64 = answers.iter().sum();
    let scale: f64 = answers.iter().map(|a| a.abs()).sum();
    let number = match across {
        "sum" => sum,
        "avg" => sum / answers.len() as f64,
        "min" => answers.iter().copied().fold(f64::INFINITY, f64::min),
        _ => answers.iter().copied().fold(f64::NEG_INFINITY, f64::max),
    };
    (number, scale)
}

/// The same, with how results are combined in which slots.
type Combining = (
    Vec<Event>,
    Vec<(Asked, &'static str, (&'static str, Zone), Ways)>,
);

#[test]
fn what_reaches_over_edges_is_combined_of_what_each_series_answers() {
    let across = prop::sample::select(vec!["sum", "avg", "min", "max"]);
    let strategy = (
        prop::collection::vec(event(), 1..14),
        prop::collection::vec((asked(), across, grid(), ways()), 3),
    );
    let property = async |world: &World, number, (events, questions): Combining| {
        let series = happen(world, number, &events).await;
        for ((question, way), across, every, ways) in questions {
            let question = Question {
                pattern: "{unit}.{place}",
                by: "unit",
                // Where there is filling, a slot that nobody reaches is told as well.
                fill: if question.fill == "none" {
                    "none"
                } else {
                    "null"
                },
                every: Some(every),
                across: Some(across),
                ..question
            };
            ways.take(world);
            let mut groups: BTreeMap<&str, BTreeMap<String, Slot>> = BTreeMap::new();
            let asked = (question, way);
            for (at, _) in &series {
                let slots = groups.entry(LABELS[*at].0).or_default();
                for row in rows_of(world, &name(number, *at), &asked).await {
                    let slot = slots
                        .entry(row["start"].as_str().unwrap().to_owned())
                        .or_default();
                    slot.contributing += u64::from(row["count"] != json!(0));
                    slot.is_told |= has(&row);
                    // Without points it takes part with what reaches over it, or is filled.
                    let is_held = row["count"] != json!(0) || asked.0.fill == "null";
                    for stat in &asked.0.stats {
                        let answers = slot.answers.entry(stat).or_default();
                        if is_held || CROSSING.contains(stat) {
                            answers.extend(row[*stat].as_f64());
                        }
                    }
                }
            }
            let uri = format!("{}{way}", asked.0.uri(number));
            for found in ways.pages(world, &uri).await? {
                let mut found = found.iter();
                for (unit, slots) in &groups {
                    let told = |slot: &(&String, &Slot)| slot.1.is_told;
                    let first = slots.iter().find(told).map(|(start, _)| start);
                    let last = slots.iter().rfind(told).map(|(start, _)| start);
                    let Some((first, last)) = first.zip(last) else {
                        continue;
                    };
                    for (start, slot) in slots.range(first.clone()..=last.clone()) {
                        let mut row = found.next();
                        // A slot that no series has a row of.
                        while row.is_some_and(|row| row["start"].as_str() < Some(start)) {
                            let nobody = row.unwrap();
                            prop_assert_eq!(&asked.0.fill, &"null", "{}", nobody);
                            prop_assert_eq!(&nobody["contributing"], 0);
                            prop_assert_eq!(&nobody["count"], 0);
                            row = found.next();
                        }
                        let row = row.cloned().unwrap_or_default();
                        prop_assert_eq!(&row["unit"], unit);
                        prop_assert_eq!(&row["start"], start);
                        prop_assert_eq!(&row["contributing"], slot.contributing);
                        for (stat, answers) in &slot.answers {
                            let found = row[*stat].as_f64();
                            if *stat == "count" && answers.is_empty() {
                                prop_assert_eq!(found, Some(0.0));
                                continue;
                            }
                            prop_assert_eq!(
                                found.is_none(),
                                answers.is_empty(),
                                "{} {}",
                                stat,
                                row
                            );
                            let (number, scale) = combined(across, answers);
                            let is_same = found.is_none_or(|f| (f - number).abs() <= 1e-12 * scale);
                            prop_assert!(is_same, "{} {}: {:?}", stat, row, answers);
                        }
                    }
                }
                prop_assert_eq!(found.next(), None);
            }
        }
        Ok(())
    };
    holds(100, &strategy, &property);
}
