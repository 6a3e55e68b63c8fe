//! Jobs over many series that are longer than one request or one reply of a function.

use tidemark_core::fill::Fill;
use tidemark_core::portion::Ways;
use tidemark_core::stat::Stat;
use tidemark_core::tombstone::Tombstone;
use tidemark_ports::{Group, Member, Reduction};

use super::*;

/// Minutes, of two groups of one series that is in each of them so often.
async fn minutes(remote: &Remote, members: usize, tombstones: Tombstones) -> GroupJob {
    let slots = Slots::Grid(Grid {
        every: "1m".parse().unwrap(),
        zone: Zone::UTC,
    });
    let Job {
        series,
        range,
        parts,
        ..
    } = job(slots);
    let extent = remote.extent(&series, range).await.unwrap().unwrap();
    let member = Member {
        name: series.name,
        tombstones,
        extent,
    };
    let group = Group {
        range: extent.range,
        members: vec![member; members],
    };
    let reduction = Reduction {
        asked: range,
        stats: vec![Stat::Sum, Stat::Median],
        ways: Ways::default(),
        fill: Fill::None,
    };
    GroupJob {
        tenant: series.tenant,
        groups: vec![group.clone(), group],
        slots,
        parts,
        reduction: Some(reduction),
        limit: 200,
        is_shard: false,
    }
}

#[tokio::test]
async fn what_groups_are_reduced_to_comes_in_pieces() {
    let remote = remote(Lambda::Runs(2000)).await;
    fill(&remote.store).await;
    let job = minutes(&remote, 2, Tombstones::none()).await;
    let expected = pooled(&remote.store, &job).await.unwrap();
    let found = remote.run_groups(job).await.unwrap();
    assert_eq!(format!("{found:?}"), format!("{expected:?}"));
    assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [200, 200]);
    let pieces = remote.there.load(Ordering::Relaxed);
    assert!(pieces > 10, "{pieces}");
}

/// Lambda would refuse it.
#[tokio::test]
async fn a_request_that_is_too_long_is_done_here() {
    let remote = remote(Lambda::Runs(LONG)).await;
    fill(&remote.store).await;
    let mut tombstones = Tombstones::none();
    for number in 0..900 {
        // Of nothing that is there.
        let from = Timestamp::from_nanos(-2 * (number + 1) * SECOND);
        tombstones
            .insert(Tombstone {
                range: TimeRange::new(from, from.plus(1)).unwrap(),
                deleted_at: Timestamp::from_nanos(number),
            })
            .unwrap();
    }
    for (members, is_here) in [(2, false), (100, true)] {
        let mut job = minutes(&remote, members, tombstones.clone()).await;
        // What is calculated is small.
        job.groups.iter_mut().for_each(|group| {
            let range = group.range;
            group.range = TimeRange::new(range.from(), range.from().plus(60 * SECOND)).unwrap();
        });
        let expected = pooled(&remote.store, &job).await.unwrap();
        let found = remote.run_groups(job).await.unwrap();
        assert_eq!(format!("{found:?}"), format!("{expected:?}"));
        let here = remote.here.runs.swap(0, Ordering::Relaxed);
        let there = remote.there.swap(0, Ordering::Relaxed);
        assert_eq!((here > 0, there > 0), (is_here, !is_here), "{members}");
    }
}
