//! Percentiles of latencies and medians of runs.

use std::time::Duration;

/// Durations in ascending order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    /// Takes them in any order.
    pub(crate) fn new(mut durations: Vec<Duration>) -> Self {
        durations.sort_unstable();
        Self(durations)
    }

    /// The smallest that is not less than `per_mille` thousandths of all (the
    /// nearest rank), in milliseconds; `None` of none.
    pub(crate) fn per_mille(&self, per_mille: usize) -> Option<f64> {
        let rank = (self.0.len() * per_mille).div_ceil(1000).max(1);
        self.0.get(rank - 1).map(|d| d.as_secs_f64() * 1000.0)
    }

    /// All of both.
    pub(crate) fn merged(&self, other: &Self) -> Self {
        Self::new([self.0.as_slice(), &other.0].concat())
    }

    /// How many.
    pub(crate) const fn len(&self) -> usize {
        self.0.len()
    }
}

/// The middle one, or the mean of the two in the middle; `None` of none.
pub(crate) fn median(numbers: &[f64]) -> Option<f64> {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    if sorted.len().is_multiple_of(2) {
        Some(f64::midpoint(*sorted.get(middle - 1)?, upper))
    } else {
        Some(upper)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_ranks() {
        let latencies = Latencies::new((1..=100).rev().map(Duration::from_millis).collect());
        assert_eq!(latencies.len(), 100);
        assert_eq!(latencies.per_mille(500), Some(50.0));
        assert_eq!(latencies.per_mille(990), Some(99.0));
        assert_eq!(latencies.per_mille(999), Some(100.0));
        assert_eq!(latencies.per_mille(0), Some(1.0));
        assert_eq!(latencies.per_mille(1000), Some(100.0));
        assert_eq!(Latencies::default().per_mille(500), None);
    }

    #[test]
    fn merging_keeps_all() {
        let of =
            |ms: &[u64]| Latencies::new(ms.iter().copied().map(Duration::from_millis).collect());
        assert_eq!(of(&[3, 1]).merged(&of(&[2])), of(&[1, 2, 3]));
    }

    #[test]
    fn medians() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0]), Some(2.5));
    }
}
