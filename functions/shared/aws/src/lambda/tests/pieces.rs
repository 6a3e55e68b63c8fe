//! Answers that are longer than one reply of a function.

use tidemark_core::fill::Fill;
use tidemark_core::portion::Ways;
use tidemark_core::stat::Stat;
use tidemark_ports::{Group, Member, Reduction};

use super::*;

#[tokio::test]
async fn what_groups_are_reduced_to_comes_in_pieces() {
    let remote = remote(Lambda::Runs(2000)).await;
    fill(&remote.store).await;
    let slots = Slots::Grid(Grid {
        every: "1m".parse().unwrap(),
        zone: Zone::UTC,
    });
    let Job {
        series,
        range,
        tombstones,
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
        members: vec![member.clone(), member],
    };
    let reduction = Reduction {
        asked: range,
        stats: vec![Stat::Sum, Stat::Median],
        ways: Ways::default(),
        fill: Fill::None,
    };
    let job = GroupJob {
        tenant: series.tenant,
        groups: vec![group.clone(), group],
        slots,
        parts,
        reduction: Some(reduction),
        limit: 200,
        is_shard: false,
    };
    let expected = pooled(&remote.store, &job).await.unwrap();
    let found = remote.run_groups(job).await.unwrap();
    assert_eq!(format!("{found:?}"), format!("{expected:?}"));
    assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [200, 200]);
    let pieces = remote.there.load(Ordering::Relaxed);
    assert!(pieces > 10, "{pieces}");
}
