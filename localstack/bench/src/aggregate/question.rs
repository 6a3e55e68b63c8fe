//! What is asked of many series, and of one, and what is to be answered.

use std::time::{Duration, Instant};

use serde::Deserialize;

use super::shape::{Shape, Sum};
use crate::client::{Connection, Failure};

/// A question about all points of a shape.
#[derive(Debug, Clone)]
pub(super) struct Question {
    path: String,
    /// What else there is to the query than statistics.
    query: String,
    expected: Vec<Sum>,
}

/// A row of an answer; what was not asked for is not in it.
#[derive(Debug, Deserialize)]
struct Row {
    count: Option<i64>,
    sum: Option<f64>,
    avg: f64,
}

/// What is asked of many series, and the same of one.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    /// What it is about.
    pub(super) title: String,
    /// Asked of many series.
    pub(super) many: Question,
    /// Asked of one.
    pub(super) one: Question,
}

impl Pair {
    /// Averages by hour.
    pub(super) fn by_hour(many: Shape, one: Shape) -> Self {
        let slots = "&every=1h&limit=50000";
        Self {
            title: format!("{}, by hour", title(many)),
            many: Question {
                path: "/aggregate".to_owned(),
                query: format!("&match={}*{slots}", many.prefix),
                expected: many.by_hour(),
            },
            one: Question {
                path: format!("/api/{}0/buckets", one.prefix),
                query: slots.to_owned(),
                expected: one.by_hour(),
            },
        }
    }

    /// One average of all.
    pub(super) fn whole(many: Shape, one: Shape) -> Self {
        Self {
            title: format!("{}, in one", title(many)),
            many: Question {
                path: "/aggregate".to_owned(),
                query: format!("&match={}*", many.prefix),
                expected: many.whole(),
            },
            one: Question {
                path: format!("/api/{}0", one.prefix),
                query: String::new(),
                expected: one.whole(),
            },
        }
    }
}

fn title(shape: Shape) -> String {
    format!("{} series of {} points", shape.series, shape.each)
}

impl Question {
    /// Asks for statistics, the average among them, and checks the answer. The time ends
    /// with its last byte.
    pub(super) async fn ask(
        &self,
        connection: &mut Connection,
        stats: &str,
    ) -> Result<Duration, Failure> {
        let path = format!("{}?stats={stats}{}", self.path, self.query);
        let begin = Instant::now();
        let reply = connection.get(&path).await?;
        let duration = begin.elapsed();
        // A series is answered with an object, all else with rows.
        let rows: Vec<Row> = match reply.body.first() {
            Some(b'{') => serde_json::from_slice(&reply.body).map(|row| vec![row]),
            Some(_) | None => serde_json::from_slice(&reply.body),
        }
        .map_err(|_| reply.complaint(&path))?;
        let agrees = rows.len() == self.expected.len()
            && rows
                .iter()
                .zip(&self.expected)
                .all(|(row, sum)| row.agrees(sum));
        if !reply.status.is_success() || !agrees {
            return Err(reply.complaint(&path));
        }
        Ok(duration)
    }
}

impl Row {
    fn agrees(&self, expected: &Sum) -> bool {
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-12 * b.abs();
        let sum = expected.thousandths as f64 / 1000.0;
        self.count.is_none_or(|count| count == expected.count)
            && self.sum.is_none_or(|told| near(told, sum))
            && near(self.avg, sum / expected.count as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_rows_are_noticed() {
        let sum = Sum {
            hour: 0,
            count: 4,
            thousandths: 10_000,
        };
        let agrees = |text: &str| serde_json::from_str::<Row>(text).unwrap().agrees(&sum);
        assert!(agrees(r#"{"avg": 2.5}"#));
        assert!(agrees(r#"{"avg": 2.5, "sum": 10, "count": 4}"#));
        assert!(!agrees(r#"{"avg": 2.5000001}"#));
        assert!(!agrees(r#"{"avg": 2.5, "sum": 10.001}"#));
        assert!(!agrees(r#"{"avg": 2.5, "count": 5}"#));
    }
}
