//! The model of statistics across series: plain loops over points.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use tidemark_core::grid::{Grid, Slot};
use tidemark_core::time::Timestamp;

use super::exact;

/// A point, at nanoseconds since 1970.
pub(super) type Reading = (i64, f64);

/// A series' points by their times.
pub(super) type Points = BTreeMap<i64, f64>;

/// What a statistic should be.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Told {
    Null,
    Count(u64),
    /// To the last digit.
    Exact(f64),
    /// To 1e-12 of itself and of the second number, which is what it is made of.
    About(f64, f64),
    Time(i64),
}

/// What should stand in a row.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) group: Vec<String>,
    pub(super) slot: Option<Slot>,
    pub(super) contributing: u64,
    pub(super) answers: Vec<Told>,
}

/// What is asked of groups.
pub(super) struct Asked<'a> {
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) grid: Option<Grid>,
    pub(super) stats: &'a [&'static str],
    pub(super) fill: &'static str,
    pub(super) across: Option<&'static str>,
}

/// A slot that holds points, and what it holds.
type Held = (Slot, Vec<Reading>);

impl Told {
    /// Whether this is what was found.
    pub(super) fn is(&self, found: &Json) -> bool {
        match self {
            Self::Null => found.is_null(),
            Self::Count(count) => found.as_u64() == Some(*count),
            Self::Exact(number) => found.as_f64() == Some(*number),
            Self::About(number, scale) => found
                .as_f64()
                .is_some_and(|f| (f - number).abs() <= 1e-12 * (number.abs() + scale)),
            Self::Time(time) => found == &Json::from(Timestamp::from_nanos(*time).to_string()),
        }
    }

    fn number(&self) -> Option<(f64, f64)> {
        match self {
            Self::Exact(number) => Some((*number, number.abs())),
            Self::About(number, scale) => Some((*number, number.abs() + scale)),
            Self::Null | Self::Count(_) | Self::Time(_) => None,
        }
    }
}

/// A statistic of points in the order of their times.
fn answer(stat: &str, points: &[Reading]) -> Told {
    let values: Vec<f64> = points.iter().map(|(_, v)| *v).collect();
    let count = values.len() as f64;
    match (stat, points) {
        ("count", _) => return Told::Count(points.len() as u64),
        ("sum", _) => return Told::Exact(exact::sum(&values)),
        (_, []) => return Told::Null,
        _ => {}
    }
    let (first, last) = (points[0], points[points.len() - 1]);
    let (mut min, mut max) = (first, first);
    for &point in points {
        if point.1 < min.1 {
            min = point;
        }
        if point.1 > max.1 {
            max = point;
        }
    }
    let mean = exact::mean(&values);
    let moment = |power: i32| values.iter().map(|v| (v - mean).powi(power)).sum::<f64>() / count;
    let variance = moment(2);
    let rms = (mean * mean + variance).sqrt();
    match stat {
        "avg" => Told::Exact(mean),
        "min" => Told::Exact(min.1),
        "max" => Told::Exact(max.1),
        "range" => Told::Exact(max.1 - min.1),
        "first" => Told::Exact(first.1),
        "last" => Told::Exact(last.1),
        "delta" => Told::Exact(last.1 - first.1),
        "min_time" => Told::Time(min.0),
        "max_time" => Told::Time(max.0),
        "first_time" => Told::Time(first.0),
        "last_time" => Told::Time(last.0),
        "duration" => Told::Exact((last.0 - first.0) as f64 / 1e9),
        "mode_step" => mode_step(points),
        "median" => quantile(values, 0.5),
        "p90" => quantile(values, 0.9),
        "variance" => Told::About(variance, 0.0),
        "stddev" => Told::About(variance.sqrt(), 0.0),
        "rms" => Told::About(rms, 0.0),
        "kurtosis" if variance > 0.0 => Told::About(moment(4) / (variance * variance), 1.0),
        "skewness" if variance > 0.0 => Told::About(moment(3) / variance.powf(1.5), 1.0),
        "kurtosis" | "skewness" => Told::Null,
        other => panic!("{other}"),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place among the values"
)]
fn quantile(mut values: Vec<f64>, q: f64) -> Told {
    values.sort_by(f64::total_cmp);
    let place = q * (values.len() - 1) as f64;
    let (low, high) = (
        values[place.floor() as usize],
        values[place.ceil() as usize],
    );
    Told::About(low + (high - low) * place.fract(), low.abs() + high.abs())
}

/// The commonest distance; of several the shortest.
fn mode_step(points: &[Reading]) -> Told {
    let mut counts: BTreeMap<i64, usize> = BTreeMap::new();
    for pair in points.windows(2) {
        *counts.entry(pair[1].0 - pair[0].0).or_default() += 1;
    }
    let most = counts.values().copied().max();
    match counts.iter().find(|(_, count)| Some(**count) == most) {
        Some((distance, _)) => Told::Exact(*distance as f64 / 1e9),
        None => Told::Null,
    }
}

/// What several series come to.
fn combined(across: &str, answers: &[Told]) -> Told {
    let mut numbers = Vec::new();
    let mut times = Vec::new();
    let (mut is_exact, mut scale) = (true, 0.0);
    for answer in answers {
        match answer {
            Told::Null => {}
            Told::Count(count) => numbers.push(*count as f64),
            Told::Exact(number) => numbers.push(*number),
            Told::About(number, of) => {
                numbers.push(*number);
                scale += number.abs() + of;
                is_exact = false;
            }
            Told::Time(time) => times.push(*time),
        }
    }
    let least = |numbers: &[f64]| numbers.iter().copied().fold(f64::INFINITY, f64::min);
    let most = |numbers: &[f64]| numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let number = match (across, times.as_slice(), numbers.as_slice()) {
        (_, [], []) => return Told::Null,
        ("min", [_, ..], _) => return Told::Time(*times.iter().min().unwrap()),
        ("max", [_, ..], _) => return Told::Time(*times.iter().max().unwrap()),
        ("min", ..) => least(&numbers),
        ("max", ..) => most(&numbers),
        ("sum", ..) if is_exact => exact::sum(&numbers),
        ("avg", ..) if is_exact => exact::mean(&numbers),
        ("sum", ..) => numbers.iter().sum(),
        _ => numbers.iter().sum::<f64>() / numbers.len() as f64,
    };
    if is_exact {
        Told::Exact(number)
    } else {
        Told::About(number, scale)
    }
}

/// The slots that hold points.
fn held(grid: Grid, points: &[Reading]) -> Vec<Held> {
    let mut held: Vec<Held> = Vec::new();
    for &point in points {
        let slot = grid.slot_of(Timestamp::from_nanos(point.0));
        match held.last_mut() {
            Some((last, inside)) if *last == slot => inside.push(point),
            _ => held.push((slot, vec![point])),
        }
    }
    held
}

impl Asked<'_> {
    fn answers(&self, points: &[Reading]) -> Vec<Told> {
        self.stats.iter().map(|stat| answer(stat, points)).collect()
    }

    fn inside(&self, points: &Points) -> Vec<Reading> {
        let inside = points.range(self.from..=self.to);
        inside.map(|(t, v)| (*t, *v)).collect()
    }

    /// The rows of a group.
    pub(super) fn rows(&self, group: &[String], series: &[Points]) -> Vec<Row> {
        let row = |slot, contributing, answers| Row {
            group: group.to_vec(),
            slot,
            contributing,
            answers,
        };
        let mut all: Vec<Reading> = series.iter().flat_map(|s| self.inside(s)).collect();
        all.sort_by_key(|(t, _)| *t);
        let with = |holds: &dyn Fn(i64) -> bool| {
            let has = |points: &&Points| self.inside(points).iter().any(|(t, _)| holds(*t));
            series.iter().filter(has).count() as u64
        };
        let Some(grid) = self.grid else {
            let each = series.iter().map(|points| self.inside(points));
            let reduced = each.filter(|inside| !inside.is_empty());
            let answers = match self.across {
                None => self.answers(&all),
                Some(_) if all.is_empty() => self.answers(&[]),
                Some(across) => self.combined(
                    across,
                    &reduced.map(|p| self.answers(&p)).collect::<Vec<_>>(),
                ),
            };
            return vec![row(None, with(&|_| true), answers)];
        };
        let (Some(first), Some(last)) = (all.first(), all.last()) else {
            return Vec::new();
        };
        let mut rows = Vec::new();
        let mut slot = grid.slot_of(Timestamp::from_nanos(first.0));
        let end = grid.slot_of(Timestamp::from_nanos(last.0));
        loop {
            let holds = |t: i64| slot.contains(Timestamp::from_nanos(t));
            let contributing = with(&holds);
            let answers = match self.across {
                None => self.filled(slot, &held(grid, &all), (None, None)),
                Some(across) => {
                    let each = series.iter().filter_map(|s| self.of_series(grid, slot, s));
                    let each: Vec<_> = each.collect();
                    (!each.is_empty()).then(|| self.combined(across, &each))
                }
            };
            // With filling there is a row for every slot of the group.
            if let Some(answers) = answers {
                rows.push(row(Some(slot), contributing, answers));
            } else if self.fill != "none" {
                let nothing = |stat: &&'static str| match *stat {
                    "count" => Told::Exact(0.0),
                    _ => Told::Null,
                };
                let nothing = self.stats.iter().map(nothing).collect();
                rows.push(row(Some(slot), contributing, nothing));
            }
            if slot == end {
                return rows;
            }
            slot = grid.next(slot).unwrap();
        }
    }

    fn combined(&self, across: &str, each: &[Vec<Told>]) -> Vec<Told> {
        let of = |at: usize| {
            each.iter()
                .map(|answers| answers[at].clone())
                .collect::<Vec<_>>()
        };
        (0..self.stats.len())
            .map(|at| combined(across, &of(at)))
            .collect()
    }

    /// What one series is reduced to in a slot; none outside its own points.
    fn of_series(&self, grid: Grid, slot: Slot, points: &Points) -> Option<Vec<Told>> {
        let (first, last) = (points.first_key_value()?.0, points.last_key_value()?.0);
        let (from, to) = (self.from.max(*first), self.to.min(*last));
        let start = |t: i64| grid.slot_of(Timestamp::from_nanos(t)).start;
        if from > to || slot.start < start(from) || slot.start > start(to) {
            return None;
        }
        let readings = |part: Points| part.into_iter().collect::<Vec<_>>();
        let before: Points = points.range(..self.from).map(|(t, v)| (*t, *v)).collect();
        let after: Points = match self.to.checked_add(1) {
            Some(next) => points.range(next..).map(|(t, v)| (*t, *v)).collect(),
            None => Points::new(),
        };
        let before = held(grid, &readings(before)).pop();
        let after = held(grid, &readings(after)).into_iter().next();
        self.filled(slot, &held(grid, &self.inside(points)), (before, after))
    }

    /// What stands in a slot: what is held there, or what it is filled with.
    fn filled(
        &self,
        slot: Slot,
        held: &[Held],
        (before, after): (Option<Held>, Option<Held>),
    ) -> Option<Vec<Told>> {
        if let Some((_, points)) = held.iter().find(|(other, _)| *other == slot) {
            return Some(self.answers(points));
        }
        let before = held
            .iter()
            .rfind(|(other, _)| other.start < slot.start)
            .or(before.as_ref());
        let after = held
            .iter()
            .find(|(other, _)| other.start > slot.start)
            .or(after.as_ref());
        let fill = |stat: &&'static str| {
            if *stat == "count" {
                return Told::Count(0);
            }
            match self.fill {
                "zero" if stat.ends_with("_time") => Told::Null,
                "zero" => Told::Exact(0.0),
                "previous" => before.map_or(Told::Null, |(_, points)| answer(stat, points)),
                "linear" => {
                    let end = |held: Option<&Held>| {
                        held.and_then(|(at, points)| {
                            Some((at.start, answer(stat, points).number()?))
                        })
                    };
                    match (end(before), end(after)) {
                        (Some(one), Some(other)) => line(slot.start, one, other),
                        _ => Told::Null,
                    }
                }
                _ => Told::Null,
            }
        };
        (self.fill != "none").then(|| self.stats.iter().map(fill).collect())
    }
}

/// A number and what it is made of, where a slot begins.
type End = (Timestamp, (f64, f64));

fn line(at: Timestamp, (t0, (y0, scale0)): End, (t1, (y1, scale1)): End) -> Told {
    let since = |time: Timestamp| (time.nanos() - t0.nanos()) as f64;
    let share = if t0 == t1 { 0.0 } else { since(at) / since(t1) };
    Told::About(y0 + (y1 - y0) * share, scale0 + scale1)
}
