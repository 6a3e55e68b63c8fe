//! Which chunks are worth merging.

use tidemark_columnar::chunk::TARGET_POINTS;
use tidemark_core::time::TimeRange;
use tidemark_ports::error::Result;

use crate::dynamodb::item::Item;
use crate::dynamodb::points::item;

/// How many small chunks are worth merging.
pub(super) const ENOUGH: usize = 16;
/// A large chunk of fewer points has room for more.
pub(super) const ROOM: u64 = TARGET_POINTS as u64 / 2;
/// How many chunks, and points, are merged at once.
const MOST_CHUNKS: usize = 64;
const MOST_POINTS: u64 = 32 * TARGET_POINTS as u64;

/// A large chunk, but for its points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) key: String,
    pub(super) span: TimeRange,
    pub(super) points: u64,
}

impl Head {
    pub(super) fn read(item: &Item) -> Result<Self> {
        Ok(Self {
            key: item::key(item)?.to_owned(),
            span: item::span(item)?,
            points: item::len(item)?,
        })
    }
}

/// Groups of chunks of which at least a quarter lies over the rest: merging
/// them writes each point that was written over, or came late, four times at
/// the most.
pub(super) fn over_each_other(mut heads: Vec<Head>) -> Vec<Vec<Head>> {
    heads.sort_by_key(|head| head.span.from());
    let mut groups: Vec<Vec<Head>> = Vec::new();
    let mut hull: Option<TimeRange> = None;
    for head in heads {
        let last = groups.last_mut().filter(|group| {
            let points: u64 = group.iter().map(|h| h.points).sum();
            let room = group.len() < MOST_CHUNKS && points + head.points <= MOST_POINTS;
            room && hull.is_some_and(|h| h.overlaps(head.span))
        });
        if let Some(group) = last {
            let to = hull.map_or(head.span.to(), |h| h.to().max(head.span.to()));
            hull = hull.and_then(|h| TimeRange::new(h.from(), to).ok());
            group.push(head);
        } else {
            hull = Some(head.span);
            groups.push(vec![head]);
        }
    }
    groups.retain(|group| is_worth_it(group));
    groups
}

fn is_worth_it(group: &[Head]) -> bool {
    let mut by_size: Vec<&Head> = group.iter().collect();
    by_size.sort_by_key(|head| std::cmp::Reverse(head.points));
    let mut base: Vec<&Head> = Vec::new();
    let (mut all, mut over) = (0, 0);
    for head in by_size {
        all += head.points;
        if base.iter().any(|other| other.span.overlaps(head.span)) {
            over += head.points;
        } else {
            base.push(head);
        }
    }
    over > 0 && over * 4 >= all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tidemark_core::time::Timestamp;

    use super::*;

    fn head(from: i64, to: i64, points: u64) -> Head {
        let time = Timestamp::from_nanos;
        Head {
            key: format!("{from}-{to}-{points}"),
            span: TimeRange::new(time(from), time(to)).unwrap(),
            points,
        }
    }

    #[test]
    fn chunks_one_after_the_other_stay() {
        let row = (0..100).map(|i| head(i * 10, i * 10 + 9, 4096)).collect();
        assert_eq!(over_each_other(row), Vec::<Vec<Head>>::new());
    }

    #[test]
    fn chunks_written_again_are_merged() {
        let twice = vec![head(0, 9, 1000), head(20, 29, 1000), head(0, 9, 1000)];
        assert_eq!(
            over_each_other(twice),
            [vec![head(0, 9, 1000), head(0, 9, 1000)]]
        );
    }

    #[test]
    fn a_few_late_points_wait_for_more() {
        let mut heads: Vec<Head> = (0..10).map(|i| head(i * 10, i * 10 + 9, 4096)).collect();
        heads.push(head(0, 99, 512));
        assert_eq!(over_each_other(heads.clone()), Vec::<Vec<Head>>::new());
        heads.extend((0..30).map(|i| head(i, 99, 512)));
        assert!(!over_each_other(heads).is_empty());
    }

    proptest! {
        /// No chunk is merged twice, and no group is too large to be read.
        #[test]
        fn groups_are_disjoint_and_bounded(
            spans in prop::collection::vec((0i64..1000, 0i64..100, 1u64..8192), 0..300),
        ) {
            let heads: Vec<Head> = spans
                .iter()
                .enumerate()
                .map(|(i, &(from, length, points))| Head {
                    key: i.to_string(),
                    ..head(from, from + length, points)
                })
                .collect();
            let groups = over_each_other(heads);
            let mut keys: Vec<&str> = groups.iter().flatten().map(|h| h.key.as_str()).collect();
            let count = keys.len();
            keys.sort_unstable();
            keys.dedup();
            prop_assert_eq!(keys.len(), count);
            for group in &groups {
                prop_assert!(group.len() >= 2 && group.len() <= MOST_CHUNKS);
                prop_assert!(group.iter().map(|h| h.points).sum::<u64>() <= MOST_POINTS);
            }
        }
    }
}
