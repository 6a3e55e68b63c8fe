//! Correlation of two series that lie on one grid, at one lag after another.
//!
//! The coefficient is Pearson's, of the pairs that both series have: the means
//! first, then the products of the deviations from them, corrected for what the
//! rounded means leave (T. F. Chan et al., "Algorithms for computing the sample
//! variance", The American Statistician 37 (1983), equation 1.7). Each lag has
//! means of its own, of its own pairs. A Fourier transform would be faster for
//! many lags, but what its rounding leaves is measured by the largest values of a
//! series: where these are not among the pairs of a lag, nothing but noise remains.

use std::num::NonZeroU64;

use crate::moments::{power_of_two, unit};
use crate::point::Value;
use crate::sum::ExactSum;

/// Terms are added up in blocks, so that the rounding errors of a long series do
/// not add up as well.
const BLOCK: usize = 256;

/// So many terms are added up at the same time.
const LANES: usize = 4;

/// The numbers of a series by their position on a grid, around their mean and in
/// a unit near their spread, so that no product leaves the range of f64.
#[derive(Debug, Clone)]
pub(crate) struct Deviations {
    /// Zero where there is no number.
    values: Vec<f64>,
    /// One where there is a number, else zero.
    held: Vec<f64>,
}

/// How two series go together at a lag.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Correlated {
    /// How many positions both have a number at.
    pub(crate) pairs: usize,
    /// Pearson's coefficient; none with fewer than two pairs or no variance.
    pub(crate) coefficient: Option<f64>,
}

impl Deviations {
    /// Of numbers by position.
    pub(crate) fn of(numbers: &[Option<Value>]) -> Self {
        let all: Vec<Value> = numbers.iter().copied().flatten().collect();
        let mut sum = ExactSum::new();
        sum.add_all(&all);
        let mean = NonZeroU64::new(all.len() as u64).and_then(|n| sum.mean_in_two(n).ok());
        let (mean, rest) = mean.unwrap_or_default();
        let ends = (f64::INFINITY, f64::NEG_INFINITY);
        let (least, greatest) = all.iter().fold(ends, |(least, greatest), value| {
            (least.min(value.get()), greatest.max(value.get()))
        });
        let deviation = |value: Value| {
            if least == greatest {
                return 0.0;
            }
            let scale = power_of_two(-i32::from(unit(least, greatest)));
            value.get() * scale - mean * scale - rest * scale
        };
        Self {
            values: numbers.iter().map(|n| n.map_or(0.0, deviation)).collect(),
            held: numbers.iter().map(|n| f64::from(n.is_some())).collect(),
        }
    }

    /// How many positions there are.
    pub(crate) const fn len(&self) -> usize {
        self.values.len()
    }

    /// Of the pairs of this series at a position and the other `lag` positions later.
    pub(crate) fn correlated(&self, other: &Self, lag: isize) -> Correlated {
        let later = lag.unsigned_abs();
        let (mine, others) = if lag < 0 { (later, 0) } else { (0, later) };
        let length = self.len().saturating_sub(mine);
        let length = length.min(other.len().saturating_sub(others));
        Pairs {
            x: part(&self.values, mine, length),
            y: part(&other.values, others, length),
            has_x: part(&self.held, mine, length),
            has_y: part(&other.held, others, length),
        }
        .correlated()
    }
}

fn part(numbers: &[f64], from: usize, length: usize) -> &[f64] {
    numbers.get(from..from + length).unwrap_or_default()
}

/// Two series, one beside the other.
struct Pairs<'a> {
    x: &'a [f64],
    y: &'a [f64],
    has_x: &'a [f64],
    has_y: &'a [f64],
}

impl Pairs<'_> {
    fn correlated(&self) -> Correlated {
        let [count, x, y] = self.add_up(|x, y, is_pair| [is_pair, is_pair * x, is_pair * y]);
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count"
        )]
        let pairs = count as usize;
        // Equal numbers differ from their rounded mean, too, but not from each other.
        if !self.vary() {
            return Correlated {
                pairs,
                coefficient: None,
            };
        }
        let (mean_x, mean_y) = (x / count, y / count);
        let [x, y, xx, yy, xy] = self.add_up(|x, y, is_pair| {
            let (x, y) = (is_pair * (x - mean_x), is_pair * (y - mean_y));
            [x, y, x * x, y * y, x * y]
        });
        let covariance = xy - x * y / count;
        // Of the product, not of each: so a series correlates with itself at exactly 1.
        let spread = ((xx - x * x / count) * (yy - y * y / count)).sqrt();
        let coefficient = covariance / spread;
        Correlated {
            pairs,
            // So near to each other that their squares are below f64: none can be told.
            coefficient: coefficient
                .is_finite()
                .then(|| coefficient.clamp(-1.0, 1.0)),
        }
    }

    /// Whether both have different numbers among the pairs; mostly the first few tell.
    fn vary(&self) -> bool {
        let numbers = self.x.iter().zip(self.y);
        let held = self.has_x.iter().zip(self.has_y);
        let pairs = numbers.zip(held);
        let mut pairs = pairs.filter_map(|(pair, (x, y))| (x * y > 0.0).then_some(pair));
        let Some((first_x, first_y)) = pairs.next() else {
            return false;
        };
        let (mut x_varies, mut y_varies) = (false, false);
        pairs.any(|(x, y)| {
            x_varies |= x != first_x;
            y_varies |= y != first_y;
            x_varies && y_varies
        })
    }

    /// Adds up what `terms` makes of each x and y and of one where both are there, else
    /// zero.
    fn add_up<const N: usize>(&self, terms: impl Fn(f64, f64, f64) -> [f64; N]) -> [f64; N] {
        let mut sums = [0.0; N];
        let blocks = self.x.chunks(BLOCK).zip(self.y.chunks(BLOCK));
        let held = self.has_x.chunks(BLOCK).zip(self.has_y.chunks(BLOCK));
        for ((x, y), (has_x, has_y)) in blocks.zip(held) {
            let mut lanes = [[0.0; LANES]; N];
            let (x, x_rest) = x.as_chunks::<LANES>();
            let (y, y_rest) = y.as_chunks::<LANES>();
            let (has_x, has_x_rest) = has_x.as_chunks::<LANES>();
            let (has_y, has_y_rest) = has_y.as_chunks::<LANES>();
            for ((x, y), (has_x, has_y)) in x.iter().zip(y).zip(has_x.iter().zip(has_y)) {
                for lane in 0..LANES {
                    let terms = terms(x[lane], y[lane], has_x[lane] * has_y[lane]);
                    for (lanes, term) in lanes.iter_mut().zip(terms) {
                        lanes[lane] += term;
                    }
                }
            }
            let rest = x_rest.iter().zip(y_rest);
            for ((x, y), (has_x, has_y)) in rest.zip(has_x_rest.iter().zip(has_y_rest)) {
                for (lanes, term) in lanes.iter_mut().zip(terms(*x, *y, has_x * has_y)) {
                    lanes[0] += term;
                }
            }
            for (sum, lanes) in sums.iter_mut().zip(lanes) {
                *sum += lanes.iter().sum::<f64>();
            }
        }
        sums
    }
}

#[cfg(test)]
mod tests;
