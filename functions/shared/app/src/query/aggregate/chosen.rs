//! Which series a question is about, what there is of them, and their groups.

use std::collections::BTreeMap;

use futures_util::{StreamExt, TryStreamExt, stream};
use tidemark_core::grid::Grid;
use tidemark_core::name::{SeriesKey, SeriesName, Tenant};
use tidemark_core::pattern::Pattern;
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_ports::{Extent, Member, Series};

use super::{AggregateQuestion, MAX_ANSWERS, MAX_SLOTS, Told, invalid};
use crate::failure::Failure;
use crate::query::Query;

/// How many series of the catalog are looked at at the same time, and listed in one go.
const LOOKS: usize = 16;
const LISTED: usize = 1000;

/// Which series are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SeriesChoice {
    /// Those whose names match.
    Matching(Pattern),
    /// These, each once.
    Named(Vec<SeriesName>),
}

/// Which series belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupBy {
    /// All of them.
    Nothing,
    /// None: each is a group, named after it.
    Series,
    /// Those for which these labels of the pattern, by position, stand for the same.
    Labels(Vec<usize>),
}

/// A series, and the group that it belongs to.
pub(super) struct Chosen {
    group: Vec<String>,
    series: Series,
}

impl Query {
    /// The series that are meant, by name. Fails if there are too many, or one that is
    /// named does not exist.
    pub(super) async fn chosen(
        &self,
        tenant: &Tenant,
        question: &AggregateQuestion,
    ) -> Result<Vec<Chosen>, Failure> {
        let most = self.bounds.series;
        match &question.choice {
            SeriesChoice::Named(names) => {
                if names.len() > most {
                    return Err(too_many(most));
                }
                let looks: Vec<_> = names
                    .iter()
                    .map(async |name| {
                        let key = SeriesKey {
                            tenant: tenant.clone(),
                            name: name.clone(),
                        };
                        let found = self.catalog.get(&key).await?;
                        let series = found.ok_or_else(|| Failure::unknown_series(name))?;
                        let group = question.by.of(name, &[]);
                        Ok::<_, Failure>(Chosen { group, series })
                    })
                    .collect();
                stream::iter(looks).buffered(LOOKS).try_collect().await
            }
            SeriesChoice::Matching(pattern) => {
                let mut chosen = Vec::new();
                self.each_matching(tenant, pattern, |series, captured| {
                    let group = question.by.of(&series.name, captured);
                    chosen.push(Chosen { group, series });
                    chosen.len() <= most
                })
                .await?;
                if chosen.len() > most {
                    return Err(too_many(most));
                }
                Ok(chosen)
            }
        }
    }

    /// Visits the series that match, by name, with what the labels stand for, until
    /// `visit` says `false`.
    pub(in crate::query) async fn each_matching(
        &self,
        tenant: &Tenant,
        pattern: &Pattern,
        mut visit: impl FnMut(Series, &[&str]) -> bool,
    ) -> Result<(), Failure> {
        let mut after: Option<SeriesName> = None;
        loop {
            let listed = self
                .catalog
                .list(tenant, pattern.prefix(), after.as_ref(), LISTED)
                .await?;
            let is_last = listed.len() < LISTED;
            after = listed.last().map(|series| series.name.clone());
            for series in listed {
                let name = series.name.clone();
                if let Some(captured) = pattern.captures(&name)
                    && !visit(series, &captured)
                {
                    return Ok(());
                }
            }
            if is_last {
                return Ok(());
            }
        }
    }

    /// The groups with what there is of them in a range, and until when to look. Fails
    /// if that is too much.
    pub(super) async fn groups(
        &self,
        tenant: &Tenant,
        question: &AggregateQuestion,
        chosen: Vec<Chosen>,
        range: TimeRange,
    ) -> Result<(Vec<Told>, Timestamp), Failure> {
        let keys: Vec<SeriesKey> = chosen
            .iter()
            .map(|chosen| SeriesKey {
                tenant: tenant.clone(),
                name: chosen.series.name.clone(),
            })
            .collect();
        let extents = self.points.extents(&keys, range).await?;
        let points = extents.iter().flatten().map(|extent| extent.points);
        let points = points.fold(0_u64, u64::saturating_add);
        if points > self.bounds.points {
            return Err(invalid(format!(
                "the series have about {points} points in the range, more than {}: choose a shorter range or fewer series",
                self.bounds.points
            )));
        }
        let mut groups: BTreeMap<Vec<String>, Vec<Member>> = BTreeMap::new();
        // Between two points a series goes on, or is filled, if both ends of the range are
        // told.
        let span = question.span;
        let is_between = question.goes_on() && span.from.is_some() && span.to.is_some();
        let between = is_between.then_some(Extent { range, points: 0 });
        for (chosen, extent) in chosen.into_iter().zip(extents) {
            let extent = extent.or(between);
            let members = groups.entry(chosen.group).or_default();
            members.extend(extent.map(|extent| Member {
                name: chosen.series.name,
                tombstones: chosen.series.tombstones,
                extent,
            }));
        }
        let told = groups.into_iter().filter_map(|(labels, mut members)| {
            // Without slots a group is told though it has no points, and so is a series
            // that goes on between two.
            let is_told =
                question.grid.is_none() || (question.crosses_edges() && !members.is_empty());
            let held = around(&members).or(is_told.then_some(range))?;
            if question.goes_on() {
                for member in &mut members {
                    member.extent.range = question.beyond(member.extent.range, range);
                }
            }
            Some(Told {
                labels,
                members,
                range: question.told(held)?,
                is_begun: false,
            })
        });
        let told: Vec<Told> = told.collect();
        if let Some(grid) = question.grid {
            let slots: u64 = told.iter().map(|group| grid.count(group.range)).sum();
            if slots > MAX_SLOTS {
                return Err(invalid(format!(
                    "`every` cuts the range into {slots} slots for {} groups together, more than {MAX_SLOTS}: choose wider slots, a shorter range or fewer groups",
                    told.len()
                )));
            }
            let answers = question.answers_of_each(&told, grid);
            if answers > MAX_ANSWERS {
                return Err(invalid(format!(
                    "the series together have {answers} answers in the slots that `every` cuts, more than {MAX_ANSWERS}: choose wider slots, a shorter range, or fewer series or statistics"
                )));
            }
        }
        let to = told.iter().map(|group| group.range.to()).max();
        Ok((told, to.unwrap_or(range.to())))
    }
}

impl GroupBy {
    fn of(&self, name: &SeriesName, captured: &[&str]) -> Vec<String> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Series => vec![name.to_string()],
            Self::Labels(labels) => labels
                .iter()
                .filter_map(|&label| captured.get(label))
                .map(|text| (*text).to_owned())
                .collect(),
        }
    }
}

impl AggregateQuestion {
    /// To how many answers the series of these groups are reduced, where each has one for
    /// every slot.
    fn answers_of_each(&self, groups: &[Told], grid: Grid) -> u64 {
        if !self.goes_on() {
            return 0;
        }
        let slots = groups.iter().map(|group| {
            grid.count(group.range)
                .saturating_mul(group.members.len() as u64)
        });
        let slots = slots.fold(0, u64::saturating_add);
        slots.saturating_mul(self.stats.len() as u64)
    }

    /// Where in a range a series may go on, whose points there are in `held`: to an end
    /// of the range that was told, as there may be points beyond.
    fn beyond(&self, held: TimeRange, range: TimeRange) -> TimeRange {
        let from = self.span.from.map_or(held.from(), |_| range.from());
        let to = self.span.to.map_or(held.to(), |_| range.to());
        TimeRange::new(from, to).unwrap_or(held)
    }

    /// Of what a group is told, whose points are in `held`.
    fn told(&self, held: TimeRange) -> Option<TimeRange> {
        if !self.crosses_edges() {
            return Some(held);
        }
        let from = self.span.from.unwrap_or(held.from());
        let to = self.span.to.unwrap_or(held.to());
        TimeRange::new(from, to).ok()
    }
}

/// The shortest range that covers the points of all.
fn around(members: &[Member]) -> Option<TimeRange> {
    let extents = members.iter().map(|member| member.extent);
    let held = extents.filter(|extent| extent.points > 0);
    let range = |a: TimeRange, b: TimeRange| {
        let ends = (a.from().min(b.from()), a.to().max(b.to()));
        TimeRange::new(ends.0, ends.1).unwrap_or(a)
    };
    held.map(|extent| extent.range).reduce(range)
}

fn too_many(most: usize) -> Failure {
    invalid(format!(
        "more than {most} series are meant: narrow the pattern, or ask about them in several requests"
    ))
}
