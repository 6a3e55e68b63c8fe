//! Discards are listed by what is known of them, the latest first, and counted.

use tidemark_core::batch::Source;
use tidemark_core::discard::{Discard, Reason};
use tidemark_core::name::Tenant;
use tidemark_core::time::TimeRange;
use tidemark_ports::{DiscardCount, DiscardFilter, DiscardLog};

use crate::Subject;
use crate::discards::{ANY, discard, listed, sources};
use crate::material::{Random, name, received, tenant};

/// Sixty discards that differ in all that filters ask for, and in all that
/// stamps are compared by.
fn assorted(tenant: &Tenant) -> Vec<Discard> {
    let mut random = Random::new(6);
    let discard = |i: u32| {
        let batch = u64::from(i / 3 % 7 + 4);
        let mut discard = discard(tenant, batch, i64::from(i / 10), i);
        discard.source = sources()[random.below(4)].clone();
        discard.series =
            [None, Some(name("a")), Some(name("a.b")), Some(name("b"))][random.below(4)].clone();
        // All reasons, in their order, that a random number names.
        let chosen = random.below(7) + 1;
        let reasons = [Reason::TooOld, Reason::System, Reason::Suspect];
        discard.reasons = (0..3)
            .filter(|bit| chosen >> bit & 1 == 1)
            .map(|bit| reasons[bit])
            .collect();
        discard
    };
    (0..60).map(discard).collect()
}

/// Puts them in pieces, out of order.
async fn put_assorted<S: DiscardLog + ?Sized>(
    subject: &Subject<S>,
    tenant: &Tenant,
) -> Vec<Discard> {
    let mut discards = assorted(tenant);
    Random::new(7).shuffle(&mut discards);
    for part in discards.chunks(13) {
        subject.store.put(part).await.unwrap();
    }
    discards.sort_unstable_by_key(|d| std::cmp::Reverse(d.stamp));
    let look = async || listed(subject, tenant, &ANY, 100).await == discards;
    subject.eventually(&true, look).await;
    discards
}

/// Every filter, alone and with the others, in pages of every size.
pub async fn filters_combine<S: DiscardLog + ?Sized>(subject: &Subject<S>) {
    let tenant = tenant();
    let discards = put_assorted(subject, &tenant).await;
    let ranges = [
        TimeRange::ALL,
        TimeRange::new(received(1), received(3)).unwrap(),
        TimeRange::new(received(2), received(2)).unwrap(),
        TimeRange::new(received(7), received(9)).unwrap(),
    ];
    let series = [None, Some(name("a")), Some(name("b")), Some(name("c"))];
    let sources = [
        None,
        Some(Source::Api),
        Some(Source::DataServer),
        sources().pop(),
    ];
    let reasons = [
        None,
        Some(Reason::TooOld),
        Some(Reason::Suspect),
        Some(Reason::Malformed),
    ];
    for range in ranges {
        for series in &series {
            for source in &sources {
                for reason in reasons {
                    let filter = DiscardFilter {
                        reason,
                        source: source.clone(),
                        series: series.clone(),
                        received: range,
                    };
                    let matches = |d: &&Discard| {
                        reason.is_none_or(|r| d.reasons.contains(&r))
                            && source.as_ref().is_none_or(|s| d.source == *s)
                            && series.as_ref().is_none_or(|s| d.series.as_ref() == Some(s))
                            && range.contains(d.stamp.received)
                    };
                    let expected: Vec<Discard> = discards.iter().filter(matches).cloned().collect();
                    for limit in [2, 60] {
                        let look =
                            async || listed(subject, &tenant, &filter, limit).await == expected;
                        assert!(look().await, "{filter:?} in pages of {limit}");
                    }
                }
            }
        }
    }
}

/// A page goes on after any stamp: those of one receipt, and of one batch, are
/// neither missed nor repeated.
pub async fn pages_go_on_at_any_stamp<S: DiscardLog + ?Sized>(subject: &Subject<S>) {
    let tenant = tenant();
    let discards = put_assorted(subject, &tenant).await;
    for limit in [1, 7, 59, 60, 61] {
        assert!(
            listed(subject, &tenant, &ANY, limit).await == discards,
            "pages of {limit}"
        );
    }
    let filter = DiscardFilter {
        reason: Some(Reason::System),
        ..ANY
    };
    for discard in discards.iter().step_by(5) {
        // Also from stamps that are not there.
        for off in [0, 1, 1000] {
            let mut before = discard.stamp;
            before.index += off;
            let expected: Vec<Discard> = discards
                .iter()
                .filter(|d| d.stamp < before)
                .cloned()
                .collect();
            let page = subject
                .store
                .list(&tenant, &ANY, Some(before), 5)
                .await
                .unwrap();
            assert!(
                page == expected[..expected.len().min(5)],
                "before {before:?}"
            );
            let page = subject
                .store
                .list(&tenant, &filter, Some(before), 100)
                .await
                .unwrap();
            let expected: Vec<Discard> = expected
                .into_iter()
                .filter(|d| d.reasons.contains(&Reason::System))
                .collect();
            assert!(page == expected, "before {before:?}, filtered");
        }
    }
}

/// Counts are exact, by source and set of reasons, over a range of receipt with
/// both ends.
pub async fn counts_are_exact<S: DiscardLog + ?Sized>(subject: &Subject<S>) {
    let tenant = tenant();
    let discards = put_assorted(subject, &tenant).await;
    let key = |c: &DiscardCount| (c.source.clone(), c.reasons.clone());
    for (from, to) in [(0, 5), (1, 3), (2, 2), (8, 9)] {
        let range = TimeRange::new(received(from), received(to)).unwrap();
        let mut expected: Vec<DiscardCount> = Vec::new();
        for discard in discards.iter().filter(|d| range.contains(d.stamp.received)) {
            let same =
                |c: &&mut DiscardCount| c.source == discard.source && c.reasons == discard.reasons;
            match expected.iter_mut().find(same) {
                Some(found) => found.count += 1,
                None => expected.push(DiscardCount {
                    source: discard.source.clone(),
                    reasons: discard.reasons.clone(),
                    count: 1,
                }),
            }
        }
        expected.sort_unstable_by_key(key);
        let look = async || {
            let mut counts = subject.store.counts(&tenant, range).await.unwrap();
            counts.sort_unstable_by_key(key);
            counts
        };
        subject.eventually(&expected, look).await;
    }
}

/// Many discards of one batch are put at once.
pub async fn many_discards_are_put_at_once<S: DiscardLog + ?Sized>(subject: &Subject<S>) {
    let tenant = tenant();
    let mut discards: Vec<Discard> = (0..500).map(|i| discard(&tenant, 1, 1, i)).collect();
    subject.store.put(&discards).await.unwrap();
    discards.reverse();
    for limit in [100, 500] {
        let look = async || listed(subject, &tenant, &ANY, limit).await == discards;
        subject.eventually(&true, look).await;
    }
}
