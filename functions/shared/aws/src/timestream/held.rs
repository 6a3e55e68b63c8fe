//! Which writes the points came from that are there: asked about many at once,
//! since a query is billed for half a minute.

use std::collections::{BTreeSet, HashMap};

use tidemark_core::name::SeriesKey;
use tidemark_core::time::Timestamp;
use tidemark_ports::error::Result;

use super::version::Versioned;
use super::{Timestream, query, sql};

/// How many times one query asks for.
const TIMES: usize = 1000;
/// How many series: their names make most of its text.
const SERIES: usize = 300;
/// How many rows it may have. It is answered with all times of all its series.
const ROWS: usize = 10_000;

/// Writes that are there, by what their series is called in the table, and time.
pub(super) struct Held(HashMap<(String, Timestamp), Versioned>);

/// What one query asks for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Asked {
    series: BTreeSet<String>,
    times: BTreeSet<Timestamp>,
}

impl Held {
    pub(super) fn get(&self, key: &SeriesKey, time: Timestamp) -> Option<Versioned> {
        self.0.get(&(sql::series(key), time)).copied()
    }
}

impl Asked {
    /// Takes in a point, unless that were too much.
    fn take(&mut self, series: &String, time: Timestamp) -> bool {
        let all_series = self.series.len() + usize::from(!self.series.contains(series));
        let times = self.times.len() + usize::from(!self.times.contains(&time));
        let fits = all_series <= SERIES && times <= TIMES && all_series * times <= ROWS;
        if fits {
            self.series.insert(series.clone());
            self.times.insert(time);
        }
        fits
    }
}

/// The queries for all of the points, a few.
fn questions<'a>(points: impl Iterator<Item = (&'a SeriesKey, Timestamp)>) -> Vec<Asked> {
    let points: BTreeSet<(String, Timestamp)> =
        points.map(|(key, time)| (sql::series(key), time)).collect();
    let mut questions: Vec<Asked> = Vec::new();
    for (series, time) in &points {
        if !questions
            .last_mut()
            .is_some_and(|last| last.take(series, *time))
        {
            let mut next = Asked::default();
            next.take(series, *time);
            questions.push(next);
        }
    }
    questions
}

impl Timestream {
    /// The writes that these points came from, of those that can be seen.
    pub(super) async fn held<'a>(
        &self,
        points: impl Iterator<Item = (&'a SeriesKey, Timestamp)>,
    ) -> Result<Held> {
        let mut held = HashMap::new();
        for Asked { series, times } in questions(points) {
            let sql = sql::writes(&self.table, &series, &times);
            held.extend(self.rows(&sql, query::written).await?);
        }
        Ok(Held(held))
    }
}

#[cfg(test)]
mod tests {
    use tidemark_core::name::{SeriesName, Tenant};

    use super::*;

    fn asked(series: usize, times: i64) -> Vec<(usize, usize)> {
        let keys: Vec<SeriesKey> = (0..series)
            .map(|i| SeriesKey {
                tenant: Tenant::local(),
                name: SeriesName::new(format!("s{i:04}")).unwrap(),
            })
            .collect();
        let points = keys
            .iter()
            .flat_map(|key| (0..times).map(move |t| (key, Timestamp::from_nanos(t))));
        let points: Vec<_> = points.collect();
        let questions = questions(points.iter().copied());
        for (key, time) in points {
            let has = |q: &Asked| q.series.contains(&sql::series(key)) && q.times.contains(&time);
            assert!(questions.iter().any(has), "{key:?} {time}");
        }
        let size = |q: &Asked| (q.series.len(), q.times.len());
        questions.iter().map(size).collect()
    }

    #[test]
    fn many_series_are_one_question() {
        assert_eq!(asked(0, 0), []);
        assert_eq!(asked(100, 1), [(100, 1)]);
        assert_eq!(asked(100, 100), [(100, 100)]);
        assert_eq!(asked(1, 2500), [(1, 1000), (1, 1000), (1, 500)]);
        assert_eq!(asked(650, 1), [(300, 1), (300, 1), (50, 1)]);
        // Ten are as many as fit, each with a thousand.
        assert_eq!(asked(12, 1000), [(10, 1000), (2, 1000)]);
    }
}
