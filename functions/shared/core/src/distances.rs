//! How far apart the points of a series are, and which distance is commonest.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// How many neighbours are how far apart, unless there are too many different
/// distances. Whether there are depends on the points alone, not on how they were
/// cut into parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Distances(Option<BTreeMap<u64, u64>>);

impl Distances {
    /// Up to so many different distances are counted.
    pub const MOST: usize = 4096;

    /// Between points in the order of their times.
    pub fn of(times: &[Timestamp]) -> Self {
        let mut counts = Self(Some(BTreeMap::new()));
        let distance = |pair: &[Timestamp]| pair[1].nanos().abs_diff(pair[0].nanos());
        let mut run = (0, 0);
        for distance in times.windows(2).map(distance) {
            // Mostly it is that of the pair before.
            if run.0 == distance {
                run.1 += 1;
            } else {
                counts.add(run.0, run.1);
                run = (distance, 1);
            }
        }
        counts.add(run.0, run.1);
        counts
    }

    fn add(&mut self, distance: u64, times: u64) {
        let Some(counts) = self.0.as_mut().filter(|_| times > 0) else {
            return;
        };
        let count = counts.entry(distance).or_default();
        *count = count.saturating_add(times);
        if counts.len() > Self::MOST {
            self.0 = None;
        }
    }

    /// Adds those between other points, none of which lies between these, and
    /// the distance from the one set to the other.
    pub(crate) fn merge(&mut self, other: &Self, bridge: (Timestamp, Timestamp)) {
        match &other.0 {
            None => self.0 = None,
            Some(counts) => {
                for (&distance, &times) in counts {
                    self.add(distance, times);
                }
            }
        }
        self.add(bridge.1.nanos().abs_diff(bridge.0.nanos()), 1);
    }

    /// The commonest distance in nanoseconds, of several equally common ones the
    /// shortest. None of less than two points, or of too many distances.
    pub fn commonest(&self) -> Option<u64> {
        let counts = self.0.as_ref()?.iter();
        let commonest = counts.min_by_key(|(distance, times)| (u64::MAX - **times, **distance));
        commonest.map(|(distance, _)| *distance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(times: &[i64]) -> Vec<Timestamp> {
        times.iter().map(|&t| Timestamp::from_nanos(t)).collect()
    }

    #[test]
    fn of_equally_common_distances_the_shortest() {
        assert_eq!(Distances::of(&at(&[])).commonest(), None);
        assert_eq!(Distances::of(&at(&[5])).commonest(), None);
        assert_eq!(Distances::of(&at(&[0, 7, 10, 13, 20])).commonest(), Some(3));
        assert_eq!(
            Distances::of(&at(&[0, 3, 10, 17, 20, 27])).commonest(),
            Some(7)
        );
        let ends = at(&[i64::MIN, i64::MAX]);
        assert_eq!(Distances::of(&ends).commonest(), Some(u64::MAX));
    }

    #[test]
    fn too_many_distances_are_too_many_in_parts_as_well() {
        let mut time = 0;
        let apart = |distance: i64| {
            time += distance;
            Timestamp::from_nanos(time)
        };
        let times: Vec<_> = (0..=4097).map(apart).collect();
        assert_eq!(Distances::of(&times[..4097]).commonest(), Some(1));
        assert_eq!(Distances::of(&times).commonest(), None);
        for cut in [1, 2000, 4096, 4097] {
            let (early, late) = times.split_at(cut);
            let mut both = Distances::of(late);
            both.merge(&Distances::of(early), (early[cut - 1], late[0]));
            assert_eq!(both, Distances::of(&times), "{cut}");
        }
    }
}
