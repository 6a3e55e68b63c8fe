//! The statistics that can be asked of a series, by name, and their answers.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::summary::Parts;

mod answer;
mod percent;
mod table;
#[cfg(test)]
mod tests;

pub use answer::Answer;
pub use percent::Percent;

/// One statistic. Moments are the population's. Written as its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
    /// `last - first`.
    Delta,
    /// By how much the series rose, each fall being a reset to zero.
    Increase,
    /// The increase by second of covered time.
    Rate,
    /// The area under the series, by the unit that is asked for.
    Integral,
    /// The mean over time: the integral divided by the covered time.
    Twa,
    /// The commonest distance between neighbouring points, in seconds.
    ModeStep,
    /// Any other quantile. See [`Stat::quantile`].
    Quantile(Percent),
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

/// Not the name of a statistic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such statistic")]
pub struct UnknownStat;

impl Stat {
    /// Those that `all` answers, in that order.
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

    /// The others that have a name of their own.
    pub const MORE: [Self; 6] = [
        Self::Delta,
        Self::Increase,
        Self::Rate,
        Self::Integral,
        Self::Twa,
        Self::ModeStep,
    ];

    /// All that have a name of their own: all but most quantiles.
    pub fn named() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().chain(Self::MORE)
    }

    /// A quantile. Those that have a name of their own are the same by either
    /// way; the median is not called `p50`.
    pub fn quantile(percent: Percent) -> Self {
        let name = percent.to_string();
        let named = Self::ALL.into_iter().find(|stat| stat.about().name == name);
        named.unwrap_or(Self::Quantile(percent))
    }

    /// Its name in requests and answers.
    pub fn name(self) -> Cow<'static, str> {
        match self {
            Self::Quantile(percent) => percent.to_string().into(),
            named => named.about().name.into(),
        }
    }

    /// What it is counted in.
    pub const fn unit(self) -> Unit {
        self.about().unit
    }

    /// What it means, for people.
    pub const fn meaning(self) -> &'static str {
        self.about().meaning
    }

    /// Whether it takes into account what is between points, and so what reaches
    /// over the edges of a slot.
    pub const fn crosses_edges(self) -> bool {
        matches!(
            self,
            Self::Increase | Self::Rate | Self::Integral | Self::Twa
        )
    }

    /// Whether it is of points one after the other, and has no meaning where those
    /// of several series are mixed.
    pub const fn needs_one_series(self) -> bool {
        self.crosses_edges()
            || matches!(
                self,
                Self::Delta | Self::ModeStep | Self::First | Self::Last | Self::Duration
            )
    }

    /// What a summary must have to answer all of `stats`.
    pub fn parts(stats: &[Self]) -> Parts {
        let parts = stats.iter().map(|stat| stat.about().parts);
        parts.fold(Parts::NONE, Parts::or)
    }
}

impl fmt::Display for Stat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quantile(percent) => percent.fmt(f),
            named => f.write_str(named.about().name),
        }
    }
}

impl FromStr for Stat {
    type Err = UnknownStat;
    fn from_str(name: &str) -> Result<Self, UnknownStat> {
        Self::named()
            .find(|stat| stat.about().name == name)
            .or_else(|| name.parse().ok().map(Self::quantile))
            .ok_or(UnknownStat)
    }
}

impl Serialize for Stat {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Stat {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name = Cow::<str>::deserialize(from)?;
        name.parse().map_err(de::Error::custom)
    }
}
