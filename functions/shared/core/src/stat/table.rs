//! What there is to know of each statistic, but for how it is worked out.

use super::{Percent, Unit};
use crate::summary::Parts;

/// One statistic. Moments are the population's. Written as its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stat {
    /// The mean, rounded once: see [`crate::summary::Summary::mean`].
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

pub(super) struct About {
    pub(super) name: &'static str,
    pub(super) unit: Unit,
    pub(super) parts: Parts,
    pub(super) meaning: &'static str,
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
    ..Parts::NONE
};
const QUANTILES: Parts = Parts {
    quantiles: true,
    ..Parts::NONE
};
const SEGMENTS: Parts = Parts {
    segments: true,
    ..Parts::NONE
};
const DISTANCES: Parts = Parts {
    distances: true,
    ..Parts::NONE
};

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

    #[expect(clippy::too_many_lines, reason = "a table")]
    pub(super) const fn about(self) -> About {
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
            Self::Delta => about("delta", Unit::Number, Parts::NONE, "`last - first`"),
            Self::Increase => about(
                "increase",
                Unit::Number,
                SEGMENTS,
                "By how much the series rose. A fall is a reset of a counter, and adds the new value; what a segment rises is spread evenly over its time. 0 of a single point",
            ),
            Self::Rate => about(
                "rate",
                Unit::Number,
                SEGMENTS,
                "The increase by second of covered time; null of a single point",
            ),
            Self::Integral => about(
                "integral",
                Unit::Number,
                SEGMENTS,
                "The area under the series, with time in `unit` and values between points by `interpolate`; 0 of a single point",
            ),
            Self::Twa => about(
                "twa",
                Unit::Number,
                SEGMENTS,
                "The time-weighted average: the integral by covered time; null of a single point",
            ),
            Self::ModeStep => about(
                "mode_step",
                Unit::Number,
                DISTANCES,
                "The commonest distance between neighbouring points in seconds, of equally common ones the shortest; null of less than two points, or beyond 4096 different distances",
            ),
            Self::Quantile(_) => about(
                "",
                Unit::Number,
                QUANTILES,
                "The quantile of so many per cent, interpolated linearly",
            ),
        }
    }
}
