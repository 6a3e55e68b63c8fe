//! The questions that every system is asked, and what they must answer.

use crate::workload::{SERIES, Workload, thousandths};

/// A question about one series, about its points `first` to `last`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Query {
    /// What is asked.
    pub(crate) kind: Kind,
    /// Number of the series.
    pub(crate) series: usize,
    /// Number of its first point in question.
    pub(crate) first: usize,
    /// Number of the last.
    pub(crate) last: usize,
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Average and sum of this many percent of the points.
    Aggregate(usize),
    /// The average of each minute of the whole series.
    Minutes,
    /// The whole series' points.
    Raw,
}

/// What came back.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answer {
    /// Average and sum.
    Aggregate {
        /// The average.
        avg: f64,
        /// The sum.
        sum: f64,
    },
    /// Values in the order of time: averages of minutes, or points.
    Values(Vec<f64>),
}

impl Kind {
    /// Every kind that is measured.
    pub(crate) const ALL: [Self; 5] = [
        Self::Aggregate(1),
        Self::Aggregate(10),
        Self::Aggregate(100),
        Self::Minutes,
        Self::Raw,
    ];
}

impl Query {
    /// Query number `n` of a kind: each of another series, and at another place
    /// of it, so that no answer can come from a cache of answers.
    pub(crate) const fn nth(kind: Kind, n: usize, workload: &Workload) -> Self {
        let length = match kind {
            Kind::Aggregate(percent) => workload.per_series * percent / 100,
            Kind::Minutes | Kind::Raw => workload.per_series,
        };
        let first = n * 7919 % (workload.per_series - length + 1);
        Self {
            kind,
            series: (n * 37 + 11) % SERIES,
            first,
            last: first + length - 1,
        }
    }

    /// The right answer.
    pub(crate) fn expected(&self) -> Answer {
        let values: Vec<i64> = (self.first..=self.last)
            .map(|i| thousandths(self.series, i))
            .collect();
        let sum = |values: &[i64]| values.iter().sum::<i64>() as f64 / 1000.0;
        let avg = |values: &[i64]| sum(values) / values.len() as f64;
        match self.kind {
            Kind::Aggregate(_) => Answer::Aggregate {
                avg: avg(&values),
                sum: sum(&values),
            },
            Kind::Minutes => Answer::Values(values.chunks(60).map(avg).collect()),
            Kind::Raw => Answer::Values(values.iter().map(|&v| v as f64 / 1000.0).collect()),
        }
    }
}

impl Answer {
    /// Whether the numbers are the same but for the rounding of double
    /// arithmetic in whatever order.
    pub(crate) fn agrees(&self, other: &Self) -> bool {
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * a.abs().max(b.abs());
        match (self, other) {
            (Self::Aggregate { avg: a, sum: s }, Self::Aggregate { avg, sum }) => {
                near(*a, *avg) && near(*s, *sum)
            }
            (Self::Values(a), Self::Values(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| near(*a, *b))
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_stay_within_the_series() {
        let workload = Workload::new("bench", 200_000);
        for kind in Kind::ALL {
            for n in 0..500 {
                let query = Query::nth(kind, n, &workload);
                assert!(query.first <= query.last && query.last < workload.per_series);
                assert!(query.series < SERIES);
            }
        }
        let tenth = Query::nth(Kind::Aggregate(10), 3, &workload);
        assert_eq!(tenth.last - tenth.first + 1, 200);
    }

    #[test]
    fn wrong_answers_do_not_agree() {
        let right = Answer::Aggregate { avg: 2.0, sum: 4.0 };
        let agrees = |avg, sum| right.agrees(&Answer::Aggregate { avg, sum });
        assert!(agrees(2.0 + 1e-12, 4.0));
        assert!(!agrees(2.0 + 1e-6, 4.0));
        assert!(!agrees(2.0, 4.1));
        assert!(!agrees(2.0, f64::NAN));
        let values = Answer::Values(vec![1.0, 2.0]);
        assert!(!values.agrees(&Answer::Values(vec![1.0])));
        assert!(!values.agrees(&Answer::Values(vec![2.0, 1.0])));
        assert!(!values.agrees(&right));
    }

    #[test]
    fn minutes_are_averaged_to_the_last_that_is_not_full() {
        let query = Query {
            kind: Kind::Minutes,
            series: 1,
            first: 0,
            last: 99,
        };
        let Answer::Values(minutes) = query.expected() else {
            panic!("not values");
        };
        assert_eq!(minutes.len(), 2);
        let last: i64 = (60..100).map(|i| thousandths(1, i)).sum();
        assert_eq!(minutes[1], last as f64 / 1000.0 / 40.0);
    }
}
