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
pub use table::Stat;

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
