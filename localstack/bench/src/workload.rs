//! The points, the same for every system: 100 series, a point a second each, a
//! daily curve with noise, in two decimals (even series) or three (odd ones).
//! Any of them can be computed at any time, so that none has to be kept.

use std::f64::consts::TAU;

/// How many series there are.
pub(crate) const SERIES: usize = 100;
/// How many of them have points in one request.
pub(crate) const SERIES_PER_REQUEST: usize = 20;
/// Time of each series' first point, in epoch seconds: the beginning of a minute.
pub(crate) const START: i64 = 1_700_000_040;

/// The points of a measurement.
#[derive(Debug, Clone)]
pub(crate) struct Workload {
    /// The names of the series.
    pub(crate) names: Vec<String>,
    /// How many points each series has.
    pub(crate) per_series: usize,
}

/// The points of one request: those numbered `first` to `first + length - 1` of
/// each of the [`SERIES_PER_REQUEST`] series from `series` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slice {
    /// The first series.
    pub(crate) series: usize,
    /// The first point of each.
    pub(crate) first: usize,
    /// How many points of each.
    pub(crate) length: usize,
}

impl Workload {
    /// `points` points in series whose names begin with `prefix`.
    pub(crate) fn new(prefix: &str, points: usize) -> Self {
        Self {
            names: (0..SERIES).map(|s| format!("{prefix}-s{s:02}")).collect(),
            per_series: points / SERIES,
        }
    }

    /// How many points there are in all.
    pub(crate) const fn points(&self) -> usize {
        self.per_series * SERIES
    }

    /// How many requests of `size` points they make.
    pub(crate) const fn requests(&self, size: usize) -> usize {
        self.points() / size
    }
}

impl Slice {
    /// Request number `n` of those of `size` points: in the order of time, and
    /// within the same stretch of time one group of series after the other.
    pub(crate) const fn of_request(n: usize, size: usize) -> Self {
        const GROUPS: usize = SERIES / SERIES_PER_REQUEST;
        let length = size / SERIES_PER_REQUEST;
        Self {
            series: n % GROUPS * SERIES_PER_REQUEST,
            first: n / GROUPS * length,
            length,
        }
    }

    /// How many points these are.
    pub(crate) const fn points(&self) -> usize {
        self.length * SERIES_PER_REQUEST
    }

    /// Each point's series and number.
    pub(crate) fn iter(self) -> impl Iterator<Item = (usize, usize)> {
        (self.series..self.series + SERIES_PER_REQUEST)
            .flat_map(move |s| (self.first..self.first + self.length).map(move |i| (s, i)))
    }
}

/// The time of point number `i` of any series, in epoch seconds.
#[allow(clippy::cast_possible_wrap, reason = "far fewer points than 2^63")]
pub(crate) const fn time(i: usize) -> i64 {
    START + i as i64
}

/// The value of point number `i` of a series, in thousandths; from 14 to 36.
#[allow(
    clippy::cast_possible_truncation,
    reason = "small numbers, bounded by the sum of their terms"
)]
pub(crate) fn thousandths(series: usize, i: usize) -> i64 {
    let day = i as f64 / 86_400.0 + series as f64 / SERIES as f64;
    let level = 20.0 + (series % 10) as f64 + 5.0 * (TAU * day).sin();
    let noise = 0.4 * (unit(((series as u64) << 40) | i as u64) - 0.5);
    let value = level + noise;
    if series.is_multiple_of(2) {
        (value * 100.0).round() as i64 * 10
    } else {
        (value * 1000.0).round() as i64
    }
}

/// A number from 0 to 1 that looks random: the finaliser of `SplitMix64`
/// (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
fn unit(seed: u64) -> f64 {
    let mut z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

/// Appends a value with the decimals of its series.
pub(crate) fn push_value(out: &mut Vec<u8>, series: usize, thousandths: i64) {
    let (whole, rest) = (thousandths / 1000, thousandths % 1000);
    out.extend(itoa::Buffer::new().format(whole).bytes());
    out.push(b'.');
    let mut unit = 100;
    let decimals = if series.is_multiple_of(2) { 2 } else { 3 };
    for _ in 0..decimals {
        out.extend(itoa::Buffer::new().format(rest / unit % 10).bytes());
        unit /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn requests_cover_every_point_once() {
        let workload = Workload::new("bench", 50_000);
        for size in [1000, 5000] {
            let mut seen = HashSet::new();
            for n in 0..workload.requests(size) {
                let slice = Slice::of_request(n, size);
                assert_eq!(slice.points(), size);
                assert_eq!(slice.iter().count(), size);
                assert!(slice.iter().all(|point| seen.insert(point)));
            }
            assert_eq!(seen.len(), workload.points());
            assert!(
                seen.iter()
                    .all(|&(s, i)| s < SERIES && i < workload.per_series)
            );
        }
    }

    #[test]
    fn values_are_written_exactly() {
        let text = |series, thousandths| {
            let mut out = Vec::new();
            push_value(&mut out, series, thousandths);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(text(0, 20_050), "20.05");
        assert_eq!(text(1, 20_050), "20.050");
        assert_eq!(text(1, 20_007), "20.007");
        for series in 0..SERIES {
            for i in 0..100 {
                let t = thousandths(series, i);
                assert!((14_000..36_000).contains(&t));
                let parsed: f64 = text(series, t).parse().unwrap();
                assert_eq!(parsed, t as f64 / 1000.0);
            }
        }
    }

    #[test]
    fn noise_is_spread_evenly() {
        let mean = (0..10_000).map(unit).sum::<f64>() / 10_000.0;
        assert!((0.48..0.52).contains(&mean), "{mean}");
    }

    #[test]
    fn minutes_begin_with_the_data() {
        assert_eq!(time(0) % 60, 0);
    }
}
