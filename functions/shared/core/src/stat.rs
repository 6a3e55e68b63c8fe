//! The statistics that can be asked of a series, by name, and their answers.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::summary::{Parts, Summary};
use crate::time::Timestamp;

/// One statistic. Moments are the population's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stat {
    /// The mean, rounded once: see [`Summary::mean`].
    Avg,
    /// The exact sum, rounded once.
    Sum,
    /// How many points.
    Count,
    /// The least value.
    Min,
    /// The greatest value.
    Max,
    /// `max - min`.
    Range,
    /// The value of the earliest point.
    First,
    /// The value of the latest point.
    Last,
    /// The quantile 0.5. Of quantiles see [`crate::quantile::Quantiles::at`].
    Median,
    /// The quantile 0.9.
    P90,
    /// The quantile 0.95.
    P95,
    /// The quantile 0.99.
    P99,
    /// The mean of the squared deviations from the mean.
    Variance,
    /// The square root of the variance.
    Stddev,
    /// The square root of the mean of the squares, sqrt(avg² + variance).
    Rms,
    /// The largest magnitude.
    Peak,
    /// `max - min`, by the name that goes with `peak`.
    PeakToPeak,
    /// `peak / rms`.
    CrestFactor,
    /// The mean of the cubed deviations, by stddev³.
    Skewness,
    /// The mean of the fourth powers of the deviations, by stddev⁴: 3 for a
    /// normal distribution.
    Kurtosis,
    /// When the least value was, first.
    MinTime,
    /// When the greatest value was, first.
    MaxTime,
    /// When the earliest point was.
    FirstTime,
    /// When the latest point was.
    LastTime,
    /// From the earliest to the latest point, in seconds.
    Duration,
}

/// What a statistic is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// A number, of the values' kind or of none.
    Number,
    /// A whole number.
    Count,
    /// An instant.
    Instant,
}

struct About {
    name: &'static str,
    unit: Unit,
    parts: Parts,
    meaning: &'static str,
}

const fn about(name: &'static str, unit: Unit, parts: Parts, meaning: &'static str) -> About {
    About {
        name,
        unit,
        parts,
        meaning,
    }
}

const MOMENTS: Parts = Parts {
    moments: true,
    quantiles: false,
};
const QUANTILES: Parts = Parts {
    moments: false,
    quantiles: true,
};

/// Not the name of a statistic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such statistic")]
pub struct UnknownStat;

/// What a statistic is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Answer {
    /// A finite number.
    Number(f64),
    /// A whole number.
    Count(u64),
    /// An instant.
    Time(Timestamp),
    /// There is none: no points, no variance, an rms of zero; or the summary
    /// lacks the part that this takes.
    Undefined,
    /// There is one, but beyond the range of f64.
    Overflow,
}

impl Stat {
    /// Every statistic, in the order in which `all` answers them.
    pub const ALL: [Self; 25] = [
        Self::Avg,
        Self::Sum,
        Self::Count,
        Self::Min,
        Self::Max,
        Self::Range,
        Self::First,
        Self::Last,
        Self::Median,
        Self::P90,
        Self::P95,
        Self::P99,
        Self::Variance,
        Self::Stddev,
        Self::Rms,
        Self::Peak,
        Self::PeakToPeak,
        Self::CrestFactor,
        Self::Skewness,
        Self::Kurtosis,
        Self::MinTime,
        Self::MaxTime,
        Self::FirstTime,
        Self::LastTime,
        Self::Duration,
    ];

    /// All that there is to know about it, but for how it is worked out
    /// ([`Stat::of`]).
    #[expect(clippy::too_many_lines, reason = "a table")]
    const fn about(self) -> About {
        match self {
            Self::Avg => about("avg", Unit::Number, Parts::NONE, "The mean"),
            Self::Sum => about(
                "sum",
                Unit::Number,
                Parts::NONE,
                "The correctly rounded sum of the values, whatever their order (with points in Timestream, its sum: within 1e-12 of that of the magnitudes); 0 without points; null, with a header `Warning`, beyond the range of a 64-bit float",
            ),
            Self::Count => about("count", Unit::Count, Parts::NONE, "How many points"),
            Self::Min => about("min", Unit::Number, Parts::NONE, "The least value"),
            Self::Max => about("max", Unit::Number, Parts::NONE, "The greatest value"),
            Self::Range => about("range", Unit::Number, Parts::NONE, "`max - min`"),
            Self::First => about(
                "first",
                Unit::Number,
                Parts::NONE,
                "The value of the earliest point",
            ),
            Self::Last => about(
                "last",
                Unit::Number,
                Parts::NONE,
                "The value of the latest point",
            ),
            Self::Median => about(
                "median",
                Unit::Number,
                QUANTILES,
                "The quantile 0.5; quantiles are interpolated linearly",
            ),
            Self::P90 => about("p90", Unit::Number, QUANTILES, "The quantile 0.9"),
            Self::P95 => about("p95", Unit::Number, QUANTILES, "The quantile 0.95"),
            Self::P99 => about("p99", Unit::Number, QUANTILES, "The quantile 0.99"),
            Self::Variance => about(
                "variance",
                Unit::Number,
                MOMENTS,
                "The population's variance",
            ),
            Self::Stddev => about(
                "stddev",
                Unit::Number,
                MOMENTS,
                "The square root of the variance",
            ),
            Self::Rms => about(
                "rms",
                Unit::Number,
                MOMENTS,
                "The square root of the mean of the squares",
            ),
            Self::Peak => about("peak", Unit::Number, Parts::NONE, "The largest magnitude"),
            Self::PeakToPeak => about(
                "peak_to_peak",
                Unit::Number,
                Parts::NONE,
                "`max - min`, by the name that goes with `peak`",
            ),
            Self::CrestFactor => about("crest_factor", Unit::Number, MOMENTS, "`peak / rms`"),
            Self::Skewness => about(
                "skewness",
                Unit::Number,
                MOMENTS,
                "The third standardised moment",
            ),
            Self::Kurtosis => about(
                "kurtosis",
                Unit::Number,
                MOMENTS,
                "The fourth standardised moment, not in excess: 3 for a normal distribution",
            ),
            Self::MinTime => about(
                "min_time",
                Unit::Instant,
                Parts::NONE,
                "When the least value was, first",
            ),
            Self::MaxTime => about(
                "max_time",
                Unit::Instant,
                Parts::NONE,
                "When the greatest value was, first",
            ),
            Self::FirstTime => about(
                "first_time",
                Unit::Instant,
                Parts::NONE,
                "When the earliest point was",
            ),
            Self::LastTime => about(
                "last_time",
                Unit::Instant,
                Parts::NONE,
                "When the latest point was",
            ),
            Self::Duration => about(
                "duration",
                Unit::Number,
                Parts::NONE,
                "From the earliest to the latest point, in seconds",
            ),
        }
    }

    /// Its name in requests and answers.
    pub const fn as_str(self) -> &'static str {
        self.about().name
    }

    /// What it is counted in.
    pub const fn unit(self) -> Unit {
        self.about().unit
    }

    /// What it means, for people.
    pub const fn meaning(self) -> &'static str {
        self.about().meaning
    }

    /// What a summary must have to answer all of `stats`.
    pub fn parts(stats: &[Self]) -> Parts {
        let parts = stats.iter().map(|stat| stat.about().parts);
        parts.fold(Parts::NONE, Parts::or)
    }

    /// The answer for the points that were summarised; without any, count and
    /// sum are 0 and everything else is undefined.
    pub fn of(self, points: Option<&Summary>) -> Answer {
        let Some(points) = points else {
            return match self {
                Self::Count => Answer::Count(0),
                Self::Sum => Answer::Number(0.0),
                _ => Answer::Undefined,
            };
        };
        let (min, max) = (points.min(), points.max());
        let (first, last) = (points.first(), points.last());
        let count = points.count();
        let moments = points.moments();
        match self {
            Self::Avg => points.mean().map_or(Answer::Overflow, Answer::Number),
            Self::Sum => points
                .sum()
                .value()
                .map_or(Answer::Overflow, Answer::Number),
            Self::Count => Answer::Count(count.get()),
            Self::Min => Answer::Number(min.value.get()),
            Self::Max => Answer::Number(max.value.get()),
            Self::Range | Self::PeakToPeak => number(max.value.get() - min.value.get()),
            Self::First => Answer::Number(first.value.get()),
            Self::Last => Answer::Number(last.value.get()),
            Self::Median => quantile(points, 0.5),
            Self::P90 => quantile(points, 0.9),
            Self::P95 => quantile(points, 0.95),
            Self::P99 => quantile(points, 0.99),
            Self::Variance => match moments {
                Some(moments) => moments
                    .variance(count)
                    .map_or(Answer::Overflow, Answer::Number),
                None => Answer::Undefined,
            },
            Self::Stddev => defined(moments.map(|m| m.stddev(count))),
            Self::Rms => defined(rms(points)),
            Self::Peak => Answer::Number(peak(points)),
            Self::CrestFactor => {
                let rms = rms(points).filter(|&rms| rms > 0.0);
                defined(rms.map(|rms| peak(points) / rms))
            }
            Self::Skewness => defined(moments.and_then(|m| m.skewness(count))),
            Self::Kurtosis => defined(moments.and_then(|m| m.kurtosis(count))),
            Self::MinTime => Answer::Time(min.time),
            Self::MaxTime => Answer::Time(max.time),
            Self::FirstTime => Answer::Time(first.time),
            Self::LastTime => Answer::Time(last.time),
            Self::Duration => {
                let nanos = i128::from(last.time.nanos()) - i128::from(first.time.nanos());
                Answer::Number(nanos as f64 / 1e9)
            }
        }
    }
}

fn number(number: f64) -> Answer {
    if number.is_finite() {
        Answer::Number(number)
    } else {
        Answer::Overflow
    }
}

fn defined(answer: Option<f64>) -> Answer {
    answer.map_or(Answer::Undefined, number)
}

/// A quantile, which lies within the extremes even if it is estimated.
fn quantile(points: &Summary, q: f64) -> Answer {
    let (min, max) = (points.min().value.get(), points.max().value.get());
    let quantile = points.quantiles().and_then(|all| all.at(q));
    // Not `clamp`, which panics where the two are the wrong way around, as they
    // could be in a summary that was stored by others.
    defined(quantile.map(|q| q.max(min).min(max)))
}

fn peak(points: &Summary) -> f64 {
    let (min, max) = (points.min().value.get(), points.max().value.get());
    min.abs().max(max.abs())
}

/// No more than the peak, though rounding could make it so.
fn rms(points: &Summary) -> Option<f64> {
    let stddev = points.moments()?.stddev(points.count());
    let mean = points.mean().ok()?;
    Some(mean.hypot(stddev).min(peak(points)))
}

impl fmt::Display for Stat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Stat {
    type Err = UnknownStat;
    fn from_str(name: &str) -> Result<Self, UnknownStat> {
        Self::ALL
            .into_iter()
            .find(|stat| stat.as_str() == name)
            .ok_or(UnknownStat)
    }
}

#[cfg(test)]
mod tests;
