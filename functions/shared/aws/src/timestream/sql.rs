//! The queries, made from typed values alone: Timestream has no parameters.
//! Names are quoted or of characters that need no quoting, numbers are numbers,
//! and the one text that others chose, the series, is a literal.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display};
use std::str::FromStr;

use tidemark_core::name::SeriesKey;
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_core::tombstone::Tombstones;
use tidemark_ports::Order;

/// The name of a database or a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name(String);

/// What is no such name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a name has 3 to 256 letters, digits, and any of _ . -")]
pub(super) struct NameError;

/// The table that is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) database: Name,
    pub(super) name: Name,
}

/// Which records are meant.
#[derive(Debug, Clone, Copy)]
pub(super) struct Selection<'a> {
    pub(super) series: &'a SeriesKey,
    pub(super) range: TimeRange,
    pub(super) tombstones: &'a Tombstones,
}

/// A text as SQL has it.
struct Literal<'a>(&'a str);

/// An instant.
struct At(Timestamp);

/// A range, as a condition.
struct Within(TimeRange);

impl FromStr for Name {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"_.-".contains(&b);
        if (3..=256).contains(&text.len()) && text.bytes().all(fits) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameError)
        }
    }
}

impl Name {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\".\"{}\"", self.database.0, self.name.0)
    }
}

impl Display for Literal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}'", self.0.replace('\'', "''"))
    }
}

impl Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "from_nanoseconds({})", self.0.nanos())
    }
}

impl Display for Within {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = (At(self.0.from()), At(self.0.to()));
        write!(f, "time BETWEEN {from} AND {to}")
    }
}

/// As a condition.
impl Display for Selection<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let series = series(self.series);
        write!(
            f,
            "series = {} AND {}",
            Literal(&series),
            Within(self.range)
        )?;
        for (hidden, until) in self.hidden() {
            write!(f, " AND NOT ({hidden} AND received <= {until})")?;
        }
        Ok(())
    }
}

impl Selection<'_> {
    /// What is hidden of it, and up to which receipt.
    fn hidden(&self) -> impl Iterator<Item = (Within, i64)> {
        let tombstones = self.tombstones.within(self.range).iter();
        tombstones.filter_map(|tombstone| {
            // No number is below that one, and nothing was received by then.
            let until = tombstone.deleted_at.nanos().max(-i64::MAX);
            let hidden = tombstone.range.intersection(self.range)?;
            Some((Within(hidden), until))
        })
    }
}

/// What a series is called in the table.
pub(super) fn series(series: &SeriesKey) -> String {
    crate::dynamodb::points::item::series_key(series)
}

/// Points, from either end.
pub(super) fn points(table: &Table, selected: Selection<'_>, order: Order, limit: usize) -> String {
    let order = match order {
        Order::Ascending => "ASC",
        Order::Descending => "DESC",
    };
    format!(
        "SELECT to_nanoseconds(time) AS t, value, tags FROM {table} WHERE {selected} \
         ORDER BY time {order} LIMIT {limit}"
    )
}

/// All points, ascending, without their tags.
pub(super) fn samples(table: &Table, selected: Selection<'_>) -> String {
    format!(
        "SELECT to_nanoseconds(time) AS t, value FROM {table} WHERE {selected} ORDER BY time ASC"
    )
}

/// The first and the last time, and how many points there are.
pub(super) fn extent(table: &Table, selected: Selection<'_>) -> String {
    format!(
        "SELECT to_nanoseconds(min(time)) AS first, to_nanoseconds(max(time)) AS last, \
         count(*) AS points FROM {table} WHERE {selected}"
    )
}

/// The writes that the points of these series and times came from.
pub(super) fn writes(
    table: &Table,
    series: &BTreeSet<String>,
    times: &BTreeSet<Timestamp>,
) -> String {
    let series: Vec<String> = series.iter().map(|s| Literal(s).to_string()).collect();
    let times: Vec<String> = times.iter().map(|&time| At(time).to_string()).collect();
    format!(
        "SELECT series, to_nanoseconds(time) AS t, received, batch, place FROM {table} \
         WHERE series IN ({}) AND time IN ({})",
        series.join(", "),
        times.join(", ")
    )
}

/// Points with the writes that they came from, ascending.
pub(super) fn whole(table: &Table, selected: Selection<'_>, limit: usize) -> String {
    format!(
        "SELECT to_nanoseconds(time) AS t, value, tags, received, batch, place FROM {table} \
         WHERE {selected} ORDER BY time ASC LIMIT {limit}"
    )
}

/// The records of several series, as a condition.
pub(super) struct Selections<'a>(pub(super) &'a [Selection<'a>]);

impl Display for Selections<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [one] = self.0 {
            return one.fmt(f);
        }
        let mut ranges: BTreeMap<(Timestamp, Timestamp), Vec<&Selection<'_>>> = BTreeMap::new();
        for selection in self.0 {
            let range = (selection.range.from(), selection.range.to());
            ranges.entry(range).or_default().push(selection);
        }
        // By itself, whatever the ranges are: it is the key that the table is divided by.
        write!(f, "series IN ({})", names(self.0))?;
        let is_one = ranges.len() == 1;
        for (position, selections) in ranges.values().enumerate() {
            let within = Within(selections[0].range);
            match (is_one, position) {
                (true, _) => write!(f, " AND {within}")?,
                (false, 0) => write!(f, " AND (({within}")?,
                (false, _) => write!(f, " OR ({within}")?,
            }
            if !is_one {
                write!(f, " AND series IN ({})", names(selections.iter().copied()))?;
            }
            for selection in selections {
                let series = series(selection.series);
                let name = Literal(&series);
                for (hidden, until) in selection.hidden() {
                    write!(
                        f,
                        " AND NOT (series = {name} AND {hidden} AND received <= {until})"
                    )?;
                }
            }
            if !is_one {
                f.write_str(")")?;
            }
        }
        if is_one { Ok(()) } else { f.write_str(")") }
    }
}

/// What these series are called in the table, as a list.
fn names<'a>(selections: impl IntoIterator<Item = &'a Selection<'a>>) -> String {
    let names = selections.into_iter().map(|selection| {
        let series = series(selection.series);
        Literal(&series).to_string()
    });
    names.collect::<Vec<_>>().join(", ")
}

/// What there is of each series: the first and the last time, and how many points.
pub(super) fn extents(table: &Table, selected: &Selections<'_>) -> String {
    format!(
        "SELECT series, to_nanoseconds(min(time)) AS first, to_nanoseconds(max(time)) AS last, \
         count(*) AS points FROM {table} WHERE {selected} GROUP BY series"
    )
}

/// Summaries by slot, and by series where there are several: `slot` is what tells it, of
/// `to_nanoseconds(time)`. The columns are in the order in which `summary` reads them.
///
/// `min_by` names any of equal values, so the extremes of a slot are found first
/// and then the first point that has them.
pub(super) fn summary(
    table: &Table,
    selected: &Selections<'_>,
    slot: &str,
    moments: bool,
    limit: usize,
) -> String {
    let series = if selected.0.len() > 1 { "series, " } else { "" };
    let (mean, deviations) = if moments {
        (
            format!(", avg(value) OVER (PARTITION BY {series}slot) AS mean"),
            ", sum(value - mean) AS first_power, \
             sum((value - mean) * (value - mean)) AS second_power, \
             sum((value - mean) * (value - mean) * (value - mean)) AS third_power, \
             sum((value - mean) * (value - mean) * (value - mean) * (value - mean)) AS fourth_power",
        )
    } else {
        (String::new(), "")
    };
    format!(
        "WITH points AS (SELECT {series}to_nanoseconds(time) AS t, value, {slot} AS slot \
         FROM {table} WHERE {selected}), \
         slots AS (SELECT {series}slot, t, value, min(value) OVER (PARTITION BY {series}slot) AS least, \
         max(value) OVER (PARTITION BY {series}slot) AS greatest{mean} FROM points) \
         SELECT {series}slot, count(*) AS points, sum(value) AS total, \
         min(CASE WHEN value = least THEN t END) AS min_time, \
         min_by(value, CASE WHEN value = least THEN t END) AS min_value, \
         min(CASE WHEN value = greatest THEN t END) AS max_time, \
         min_by(value, CASE WHEN value = greatest THEN t END) AS max_value, \
         min(t) AS first_time, min_by(value, t) AS first_value, \
         max(t) AS last_time, max_by(value, t) AS last_value{deviations} \
         FROM slots GROUP BY {series}slot ORDER BY {series}slot ASC LIMIT {limit}"
    )
}

#[cfg(test)]
mod tests;
