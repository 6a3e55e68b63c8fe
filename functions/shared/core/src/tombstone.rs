//! What was deleted of a series. A tombstone hides every point of its range
//! that was received no later than the deletion, also one that arrives at the
//! store only afterwards.

use serde::{Deserialize, Serialize};

use crate::time::{TimeRange, Timestamp};

/// The deletions of one series: disjoint ranges in order of time, each with the
/// latest deletion that covers it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tombstones(Vec<Tombstone>);

/// One deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tombstone {
    /// Of these points,
    pub range: TimeRange,
    /// those received up to this instant are gone.
    pub deleted_at: Timestamp,
}

/// More separate deletions than a series may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than {max} separate ranges of the series are deleted", max = Tombstones::MAX)]
pub struct TooMany;

impl Tombstones {
    /// How many separate ranges one series may have, so that a query stays small.
    pub const MAX: usize = 1000;

    /// Nothing was deleted.
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Adds a deletion, joins what can be joined; on error nothing has changed.
    pub fn insert(&mut self, new: Tombstone) -> Result<(), TooMany> {
        let mut parts: Vec<Tombstone> = Vec::with_capacity(self.0.len() + 2);
        // What the new one covers and does not outlive stays as it is; the rest
        // of its range is what lies between those.
        let mut open = Some(new.range.from());
        let fresh =
            |until: Option<Timestamp>, open: &mut Option<Timestamp>, parts: &mut Vec<Tombstone>| {
                if let (Some(from), Some(to)) = (*open, until)
                    && let Ok(range) = TimeRange::new(from, to)
                {
                    parts.push(Tombstone {
                        range,
                        deleted_at: new.deleted_at,
                    });
                }
            };
        for &old in &self.0 {
            let Some(common) = old.range.intersection(new.range) else {
                parts.push(old);
                continue;
            };
            if old.deleted_at > new.deleted_at {
                fresh(common.from().previous(), &mut open, &mut parts);
                parts.push(old);
                open = common.to().next();
                continue;
            }
            let piece = |from: Timestamp, to: Option<Timestamp>| {
                let range = TimeRange::new(from, to?).ok()?;
                Some(Tombstone {
                    range,
                    deleted_at: old.deleted_at,
                })
            };
            parts.extend(piece(old.range.from(), new.range.from().previous()));
            parts.extend(
                new.range
                    .to()
                    .next()
                    .and_then(|from| piece(from, Some(old.range.to()))),
            );
        }
        fresh(Some(new.range.to()), &mut open, &mut parts);
        parts.sort_unstable_by_key(|t| t.range.from());
        let mut joined: Vec<Tombstone> = Vec::with_capacity(parts.len());
        for part in parts {
            match joined.last_mut() {
                Some(last)
                    if last.deleted_at == part.deleted_at
                        && last.range.to().next() == Some(part.range.from()) =>
                {
                    // In order, so this cannot fail.
                    if let Ok(range) = TimeRange::new(last.range.from(), part.range.to()) {
                        last.range = range;
                    }
                }
                _ => joined.push(part),
            }
        }
        if joined.len() > Self::MAX {
            return Err(TooMany);
        }
        self.0 = joined;
        Ok(())
    }

    /// Forgets deletions before `instant`: for stores that have removed the
    /// points and get none that was received so long ago.
    /// They are returned.
    pub fn retire(&mut self, instant: Timestamp) -> Vec<Tombstone> {
        self.0.extract_if(.., |t| t.deleted_at < instant).collect()
    }

    /// Whether a point of this time, received then, is deleted.
    pub fn hides(&self, time: Timestamp, received: Timestamp) -> bool {
        let at = self.0.partition_point(|t| t.range.to() < time);
        self.0
            .get(at)
            .is_some_and(|t| t.range.contains(time) && received <= t.deleted_at)
    }

    /// Those that reach into `range`, in order.
    pub fn within(&self, range: TimeRange) -> &[Tombstone] {
        let start = self.0.partition_point(|t| t.range.to() < range.from());
        let end = self.0.partition_point(|t| t.range.from() <= range.to());
        &self.0[start..end.max(start)]
    }

    /// Whether nothing was deleted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Tombstone> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tombstone(from: i64, to: i64, deleted_at: i64) -> Tombstone {
        let range = TimeRange::new(Timestamp::from_nanos(from), Timestamp::from_nanos(to));
        Tombstone {
            range: range.unwrap(),
            deleted_at: Timestamp::from_nanos(deleted_at),
        }
    }

    #[test]
    fn neighbours_of_one_deletion_join() {
        let mut all = Tombstones::none();
        all.insert(tombstone(0, 9, 5)).unwrap();
        all.insert(tombstone(10, 19, 5)).unwrap();
        assert_eq!(all.0, [tombstone(0, 19, 5)]);
        all.insert(Tombstone {
            range: TimeRange::ALL,
            deleted_at: Timestamp::from_nanos(6),
        })
        .unwrap();
        assert_eq!(all.0.len(), 1);
    }

    #[test]
    fn they_are_bounded() {
        let mut all = Tombstones::none();
        for i in 0..1000 {
            all.insert(tombstone(2 * i, 2 * i, 1)).unwrap();
        }
        let before = all.clone();
        assert_eq!(all.insert(tombstone(5000, 5000, 1)), Err(TooMany));
        assert_eq!(all, before);
        all.insert(tombstone(0, 3000, 2)).unwrap();
        assert!(all.0.len() <= 1000);
        assert_eq!(all.retire(Timestamp::from_nanos(2)), []);
        assert_eq!(all.0, [tombstone(0, 3000, 2)]);
    }

    proptest! {
        /// Held against a list that is searched from end to end.
        #[test]
        fn hides_what_a_list_hides(
            inserts in prop::collection::vec((0i64..40, 0i64..20, 0i64..8), 0..12),
        ) {
            let mut all = Tombstones::none();
            let mut list = Vec::new();
            for (from, length, deleted_at) in inserts {
                let t = tombstone(from, from + length, deleted_at);
                all.insert(t).unwrap();
                list.push(t);
            }
            for time in -1..62 {
                for received in -1..9 {
                    let (time, received) = (Timestamp::from_nanos(time), Timestamp::from_nanos(received));
                    let naive = list.iter().any(|t| t.range.contains(time) && received <= t.deleted_at);
                    prop_assert_eq!(all.hides(time, received), naive);
                }
            }
            prop_assert!(all.0.windows(2).all(|w| w[0].range.to() < w[1].range.from()));
        }
    }
}
