//! How each statistic is worked out.

use super::Stat;
use crate::distances::Distances;
use crate::portion::{Portion, Ways};
use crate::quantile::Quantiles;
use crate::sum::Overflow;
use crate::summary::Summary;
use crate::time::Timestamp;

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
    /// The answer for the points that were summarised, and nothing around them;
    /// without any, count and sum are 0 and everything else is undefined.
    pub fn of(self, points: Option<&Summary>) -> Answer {
        self.of_portion(&Portion::of(points), Ways::default())
    }

    /// The answer for what a slot owns of a series.
    pub fn of_portion(self, portion: &Portion<'_>, ways: Ways) -> Answer {
        match self {
            Self::Integral => rounded(portion.integral(ways)),
            Self::Twa => rounded(portion.mean(ways)),
            Self::Increase => rounded(portion.increase()),
            Self::Rate => rounded(portion.rate()),
            _ => match portion.points {
                Some(points) => self.of_points(points),
                None => self.of_nothing(),
            },
        }
    }

    const fn of_nothing(self) -> Answer {
        match self {
            Self::Count => Answer::Count(0),
            Self::Sum => Answer::Number(0.0),
            _ => Answer::Undefined,
        }
    }

    fn of_points(self, points: &Summary) -> Answer {
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
            Self::Delta => number(last.value.get() - first.value.get()),
            Self::ModeStep => {
                let distance = points.distances().and_then(Distances::commonest);
                defined(distance.map(|nanos| nanos as f64 / 1e9))
            }
            Self::Quantile(percent) => quantile(points, percent.part()),
            Self::Increase | Self::Rate | Self::Integral | Self::Twa => {
                self.of_portion(&Portion::of(Some(points)), Ways::default())
            }
        }
    }
}

fn rounded(answer: Option<Result<f64, Overflow>>) -> Answer {
    match answer {
        None => Answer::Undefined,
        Some(Ok(number)) => Answer::Number(number),
        Some(Err(Overflow)) => Answer::Overflow,
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
    let at = |all: &Quantiles| match q {
        0.0 => Some(min),
        1.0 => Some(max),
        _ => all.at(q),
    };
    let quantile = points.quantiles().and_then(at);
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
