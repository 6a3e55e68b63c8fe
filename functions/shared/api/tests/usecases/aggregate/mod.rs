//! `GET /aggregate`, held against a model of plain loops over points.

mod alone;
mod exact;
mod model;

use std::fmt::Write;

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use tidemark_core::grid::Grid;
use tidemark_core::zone::Zone;

use crate::world::{World, holds};
use model::{Asked, Points, Row};

/// The evening before the clocks of Zürich went forward in 2023.
const EVENING: i64 = 1_679_770_800;
const MINUTE: i64 = 60_000_000_000;
/// How long points go on.
const MINUTES: i64 = 4 * 24 * 60;

/// The series of a case by what their labels stand for.
const LABELS: [(&str, &str); 6] = [
    ("a", "x"),
    ("a", "y"),
    ("b", "x"),
    ("b", "z"),
    ("c", "y"),
    ("c-1", "x"),
];

/// Something that happens to a series, at minutes.
#[derive(Debug, Clone)]
enum Event {
    Write(usize, Vec<(i64, f64)>),
    Delete(usize, i64, i64),
}

/// What is asked of the series of a case.
#[derive(Debug, Clone)]
struct Question {
    pattern: &'static str,
    by: &'static str,
    from: Option<i64>,
    to: Option<i64>,
    every: Option<(&'static str, Zone)>,
    fill: &'static str,
    across: Option<&'static str>,
    stats: Vec<&'static str>,
}

/// How the answer comes about: pages of how many rows, and whether the store makes it hard.
#[derive(Debug, Clone)]
struct Ways {
    limit: usize,
    is_sharded: bool,
    is_stingy: bool,
    is_vague: bool,
}

const POOLED: [&str; 16] = [
    "count",
    "sum",
    "avg",
    "min",
    "max",
    "range",
    "min_time",
    "max_time",
    "first_time",
    "last_time",
    "median",
    "p90",
    "variance",
    "stddev",
    "rms",
    "skewness",
];

/// What depends in its last digits on how points were divided.
const MOMENTS: [&str; 5] = ["variance", "stddev", "rms", "skewness", "kurtosis"];

/// What is of one series: without what reaches over edges.
const OF_ONE: [&str; 6] = [
    "first",
    "last",
    "delta",
    "duration",
    "mode_step",
    "kurtosis",
];

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => (-200i32..200).prop_map(|quarters| 0.25 * f64::from(quarters)),
        1 => prop::sample::select(vec![1e16, -1e16]),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let which = 0..LABELS.len();
    let points = prop::collection::vec((0..MINUTES, value()), 1..7);
    prop_oneof![
        5 => (which.clone(), points).prop_map(|(series, points)| Event::Write(series, points)),
        1 => (which, 0..MINUTES, 1..MINUTES / 2).prop_map(|(series, from, length)| {
            Event::Delete(series, from, from + length)
        }),
    ]
}

fn grid() -> impl Strategy<Value = (&'static str, Zone)> {
    let zones = ["UTC", "Europe/Zurich", "Australia/Lord_Howe"];
    (
        prop::sample::select(vec!["20m", "1h", "5h", "6h", "1d", "1w"]),
        prop::sample::select(zones.map(|zone| zone.parse().unwrap()).to_vec()),
    )
}

fn span() -> impl Strategy<Value = (Option<i64>, Option<i64>)> {
    let ends = (-60..MINUTES, 0..MINUTES, any::<(bool, bool)>());
    ends.prop_map(|(from, length, (has_from, has_to))| {
        (has_from.then_some(from), has_to.then_some(from + length))
    })
}

fn pattern_and_by() -> impl Strategy<Value = (&'static str, &'static str)> {
    prop::sample::select(vec![
        ("**", ""),
        ("*.*", "series"),
        ("{unit}.{place}", "unit"),
        ("{unit}.{place}", "place"),
        ("{unit}.{place}", "unit,place"),
        ("{unit}.{place}", "place,unit"),
        ("{unit}.x", "unit"),
        ("a.{place}", ""),
    ])
}

fn question() -> impl Strategy<Value = Question> {
    let fills = vec!["none", "null", "previous", "linear", "zero"];
    let across = vec![None, Some("sum"), Some("avg"), Some("min"), Some("max")];
    let stats = [POOLED.as_slice(), OF_ONE.as_slice()].concat();
    let parts = (
        pattern_and_by(),
        span(),
        prop::option::weighted(0.8, grid()),
        prop::sample::select(fills),
        prop::sample::select(across),
        prop::sample::subsequence(stats, 1..8).prop_shuffle(),
    );
    parts.prop_map(|((pattern, by), (from, to), every, fill, across, stats)| {
        let is_instant = |stat: &str| stat.ends_with("_time");
        let is_asked = |stat: &&str| match across {
            None => POOLED.contains(stat),
            Some("sum" | "avg") => !is_instant(stat),
            Some(_) => true,
        };
        let mut stats: Vec<_> = stats.into_iter().filter(is_asked).collect();
        if stats.is_empty() {
            stats.push("sum");
        }
        Question {
            pattern,
            by,
            from,
            to,
            every,
            fill: if every.is_some() { fill } else { "none" },
            across,
            stats,
        }
    })
}

fn ways() -> impl Strategy<Value = Ways> {
    let parts = (1..9usize, any::<(bool, bool, bool)>());
    parts.prop_map(|(limit, (is_sharded, is_stingy, is_vague))| Ways {
        limit,
        is_sharded,
        is_stingy,
        is_vague,
    })
}

const fn nanos(minute: i64) -> i64 {
    EVENING * 1_000_000_000 + minute * MINUTE
}

const fn seconds(minute: i64) -> i64 {
    EVENING + 60 * minute
}

/// Does in a world what happens, and tells what there is in the end of each series that
/// ever was.
async fn happen(world: &World, case: usize, events: &[Event]) -> Vec<(usize, Points)> {
    let mut all: Vec<Option<Points>> = vec![None; LABELS.len()];
    for event in events {
        match event {
            Event::Write(series, points) => {
                let points: Vec<_> = points.iter().map(|(t, v)| (nanos(*t), *v)).collect();
                world.store(&name(case, *series), &points).await;
                all[*series].get_or_insert_default().extend(points);
            }
            Event::Delete(series, from, to) => {
                let name = name(case, *series);
                let (first, last) = (seconds(*from), seconds(*to));
                let uri = format!("/api/{name}?from={first}&to={last}");
                world.delete(&uri).await;
                if let Some(points) = &mut all[*series] {
                    points.retain(|t, _| !(nanos(*from)..=nanos(*to)).contains(t));
                }
            }
        }
    }
    let there = all.into_iter().enumerate();
    there
        .filter_map(|(at, points)| Some((at, points?)))
        .collect()
}

fn name(case: usize, series: usize) -> String {
    let (unit, place) = LABELS[series];
    format!("case-{case}.{unit}.{place}")
}

impl Question {
    fn uri(&self, case: usize) -> String {
        let pattern = format!("case-{case}.{}", self.pattern);
        let pattern = pattern.replace('{', "%7B").replace('}', "%7D");
        let mut uri = format!("/aggregate?match={pattern}&stats={}", self.stats.join(","));
        let mut add = |name: &str, text: Option<String>| {
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                write!(uri, "&{name}={text}").unwrap();
            }
        };
        add("by", Some(self.by.to_owned()));
        add("across", self.across.map(str::to_owned));
        add("from", self.from.map(|minute| seconds(minute).to_string()));
        add("to", self.to.map(|minute| seconds(minute).to_string()));
        if let Some((every, zone)) = self.every {
            add("every", Some(every.to_owned()));
            add("tz", Some(zone.name().to_owned()));
            add("fill", Some(self.fill.to_owned()));
        }
        uri
    }

    fn grid(&self) -> Option<Grid> {
        self.every.map(|(every, zone)| Grid {
            every: every.parse().unwrap(),
            zone,
        })
    }

    /// The groups that series fall into: what their labels stand for, and their points.
    fn groups(&self, case: usize, series: &[(usize, Points)]) -> Vec<(Vec<String>, Vec<Points>)> {
        let mut groups = std::collections::BTreeMap::<_, Vec<Points>>::new();
        for (at, points) in series {
            let (unit, place) = LABELS[*at];
            let matches = match self.pattern {
                "{unit}.x" => place == "x",
                "a.{place}" => unit == "a",
                _ => true,
            };
            let label = |label: &str| match label {
                "unit" => unit.to_owned(),
                "place" => place.to_owned(),
                _ => name(case, *at),
            };
            let labels = self.by.split(',').filter(|by| !by.is_empty());
            if matches {
                let group: Vec<String> = labels.map(label).collect();
                groups.entry(group).or_default().push(points.clone());
            }
        }
        groups.into_iter().collect()
    }

    /// The rows that the model has.
    fn model(&self, case: usize, series: &[(usize, Points)]) -> Vec<Row> {
        let asked = Asked {
            from: self.from.map_or(i64::MIN, nanos),
            to: self.to.map_or(i64::MAX, nanos),
            grid: self.grid(),
            stats: &self.stats,
            fill: self.fill,
            across: self.across,
        };
        let groups = self.groups(case, series).into_iter();
        groups
            .flat_map(|(group, points)| asked.rows(&group, &points))
            .collect()
    }

    /// Fails unless a row that was found is that of the model.
    fn check(&self, found: &Json, expected: &Row) -> Result<(), TestCaseError> {
        let labels = self.by.split(',').filter(|by| !by.is_empty());
        for (label, text) in labels.zip(&expected.group) {
            prop_assert_eq!(&found[label], text);
        }
        let slot = expected
            .slot
            .map(|slot| [slot.start.to_string(), slot.end.to_string()]);
        let [start, end] = slot.map_or([Json::Null, Json::Null], |slot| slot.map(Json::from));
        prop_assert_eq!(&found["start"], &start);
        prop_assert_eq!(&found["end"], &end);
        let about = format!("{found}, not {expected:?}");
        prop_assert_eq!(&found["contributing"], expected.contributing, "{}", about);
        for (stat, told) in self.stats.iter().zip(&expected.answers) {
            prop_assert!(told.is(&found[*stat]), "{}: {}", stat, about);
        }
        let keys = found.as_object().unwrap().len();
        let columns = if slot_is_told(found) { 3 } else { 1 };
        prop_assert_eq!(keys, columns + expected.group.len() + self.stats.len());
        Ok(())
    }
}

fn slot_is_told(row: &Json) -> bool {
    row["start"] != json!(null)
}

impl Ways {
    fn take(&self, world: &World) {
        world.hooks.be_stingy(self.is_stingy);
        world.hooks.be_vague(self.is_vague);
        world.hooks.exaggerate(self.is_sharded.then_some(900_000));
    }

    /// The rows on one page, and those on many, which are as many as they should be.
    async fn pages(&self, world: &World, uri: &str) -> Result<[Vec<Json>; 2], TestCaseError> {
        let whole = world.get(uri).await;
        let rows = whole.rows();
        prop_assert_eq!(whole.next(), None);
        // Short pages of many rows take long.
        let limit = self.limit.max(rows.len() / 12);
        let (cut, pages) = world.pages(&format!("{uri}&limit={limit}")).await;
        prop_assert_eq!(pages, rows.len().div_ceil(limit).max(1));
        Ok([rows, cut])
    }
}

/// What happens, and what is asked then.
type Case = (Vec<Event>, Vec<(Question, Ways)>);

#[test]
fn groups_are_those_of_the_model_however_they_are_paged() {
    let strategy = (
        prop::collection::vec(event(), 1..14),
        prop::collection::vec((question(), ways()), 4),
    );
    let property = async |world: &World, number, (events, questions): Case| {
        let series = happen(world, number, &events).await;
        for (question, ways) in questions {
            ways.take(world);
            let [rows, cut] = ways.pages(world, &question.uri(number)).await?;
            let is_rounded = question.stats.iter().any(|stat| MOMENTS.contains(stat));
            // The very same digits, whatever page they stand on.
            let other = rows.iter().zip(&cut).find(|(row, cut)| row != cut);
            prop_assert!(is_rounded || other.is_none(), "{:?} {:?}", question, other);
            let expected = question.model(number, &series);
            for found in [rows, cut] {
                prop_assert_eq!(found.len(), expected.len(), "{:?}: {:?}", question, found);
                for (found, expected) in found.iter().zip(&expected) {
                    question.check(found, expected)?;
                }
            }
        }
        Ok(())
    };
    holds(150, &strategy, &property);
}
