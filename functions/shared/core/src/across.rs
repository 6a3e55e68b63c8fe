//! What the same statistic of several series is combined to.

use serde::{Deserialize, Serialize};

use crate::point::Value;
use crate::stat::{Answer, Stat, Unit};
use crate::sum::ExactSum;
use crate::time::Timestamp;

/// How the answers of several series become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Across {
    /// Their sum, exact and rounded once.
    Sum,
    /// Their mean, rounded once.
    Avg,
    /// The least.
    Min,
    /// The greatest.
    Max,
}

impl Across {
    /// The ways to combine, by name.
    pub const CHOICES: [(&'static str, Self); 4] = [
        ("sum", Self::Sum),
        ("avg", Self::Avg),
        ("min", Self::Min),
        ("max", Self::Max),
    ];

    /// Whether answers of a statistic can be combined in this way: instants have no sum.
    pub fn combines(self, stat: Stat) -> bool {
        match (self, stat.unit()) {
            (Self::Sum | Self::Avg, Unit::Instant) => false,
            (Self::Sum | Self::Avg, Unit::Number | Unit::Count)
            | (Self::Min | Self::Max, Unit::Number | Unit::Count | Unit::Instant) => true,
        }
    }
}

/// Answers of several series, in the making. What is undefined does not count.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Combined {
    count: u64,
    sum: ExactSum,
    numbers: Option<(Value, Value)>,
    times: Option<(Timestamp, Timestamp)>,
    overflows: bool,
}

impl Combined {
    /// One answer.
    pub fn of(answer: Answer) -> Self {
        let number = |number: f64| match Value::new(number) {
            Ok(value) => Self {
                count: 1,
                sum: value.into(),
                numbers: Some((value, value)),
                ..Self::default()
            },
            Err(_) => Self {
                overflows: true,
                ..Self::default()
            },
        };
        match answer {
            Answer::Number(value) => number(value),
            Answer::Count(count) => number(count as f64),
            Answer::Time(time) => Self {
                times: Some((time, time)),
                ..Self::default()
            },
            Answer::Undefined => Self::default(),
            Answer::Overflow => Self {
                overflows: true,
                ..Self::default()
            },
        }
    }

    /// Adds the answers of other series.
    pub fn merge(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count);
        self.sum.merge(&other.sum);
        self.numbers = around(self.numbers, other.numbers, |a, b| {
            if a.get() <= b.get() { (a, b) } else { (b, a) }
        });
        self.times = around(self.times, other.times, |a, b| (a.min(b), a.max(b)));
        self.overflows |= other.overflows;
    }

    /// What they come to.
    pub fn answer(&self, across: Across) -> Answer {
        if self.overflows {
            return Answer::Overflow;
        }
        let rounded = |number: Result<f64, _>| number.map_or(Answer::Overflow, Answer::Number);
        let count = std::num::NonZeroU64::new(self.count);
        match (across, count, self.numbers, self.times) {
            (Across::Sum, Some(_), ..) => rounded(self.sum.value()),
            (Across::Avg, Some(count), ..) => rounded(self.sum.mean(count)),
            (Across::Min, _, Some((least, _)), _) => Answer::Number(least.get()),
            (Across::Max, _, Some((_, greatest)), _) => Answer::Number(greatest.get()),
            (Across::Min, _, None, Some((first, _))) => Answer::Time(first),
            (Across::Max, _, None, Some((_, last))) => Answer::Time(last),
            (Across::Sum | Across::Avg, None, ..) | (Across::Min | Across::Max, _, None, None) => {
                Answer::Undefined
            }
        }
    }
}

/// The least and the greatest of both.
fn around<T: Copy>(
    a: Option<(T, T)>,
    b: Option<(T, T)>,
    sort: impl Fn(T, T) -> (T, T),
) -> Option<(T, T)> {
    match (a, b) {
        (Some(a), Some(b)) => Some((sort(a.0, b.0).0, sort(a.1, b.1).1)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn combined(answers: &[Answer]) -> [Answer; 4] {
        let mut all = Combined::default();
        // In any order and any parts.
        for part in answers.rchunks(2) {
            let mut some = Combined::default();
            for answer in part {
                some.merge(&Combined::of(*answer));
            }
            all.merge(&some);
        }
        Across::CHOICES.map(|(_, across)| all.answer(across))
    }

    #[test]
    fn numbers_are_combined() {
        let number = Answer::Number;
        assert_eq!(
            combined(&[
                number(1e16),
                number(1.0),
                Answer::Undefined,
                number(-1e16),
                Answer::Count(3)
            ]),
            [number(4.0), number(1.0), number(-1e16), number(1e16)]
        );
        assert_eq!(combined(&[]), [Answer::Undefined; 4]);
        assert_eq!(combined(&[Answer::Undefined]), [Answer::Undefined; 4]);
        assert_eq!(
            combined(&[number(1.0), Answer::Overflow]),
            [Answer::Overflow; 4]
        );
        let huge = number(f64::MAX);
        assert_eq!(
            combined(&[huge, huge]),
            [Answer::Overflow, huge, huge, huge]
        );
    }

    #[test]
    fn instants_have_ends() {
        let time = |nanos| Answer::Time(Timestamp::from_nanos(nanos));
        let [.., min, max] = combined(&[time(2), time(1), time(3)]);
        assert_eq!((min, max), (time(1), time(3)));
        assert!(!Across::Sum.combines(Stat::FirstTime));
        assert!(Across::Min.combines(Stat::FirstTime));
        assert!(Across::Avg.combines(Stat::Duration));
    }
}
