//! The queries that were asked are listed, the latest first.

use tidemark_core::name::Tenant;
use tidemark_core::time::Timestamp;
use tidemark_ports::{LoggedQuery, QueryLog};

use crate::Subject;
use crate::material::{Random, at, name, received, tenant};

/// A query asked so many seconds after the origin.
fn query(tenant: &Tenant, seconds: i64, sequence: u64) -> LoggedQuery {
    LoggedQuery {
        tenant: tenant.clone(),
        time: received(seconds),
        sequence,
        series: Some(name("a")),
        path: "/api/a".to_owned(),
        from: Some(at(0)),
        to: Some(at(9)),
        duration_ms: 0.25,
    }
}

/// What is listed, from end to end, in pages of `limit`.
async fn listed<S: QueryLog + ?Sized>(
    subject: &Subject<S>,
    tenant: &Tenant,
    limit: usize,
) -> Vec<LoggedQuery> {
    let mut all: Vec<LoggedQuery> = Vec::new();
    loop {
        let before = all.last().map(|q| (q.time, q.sequence));
        let page = subject.store.list(tenant, before, limit).await.unwrap();
        assert!(page.len() <= limit);
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

/// A query comes back whole, whatever it holds.
pub async fn a_query_comes_back_whole<S: QueryLog + ?Sized>(subject: &Subject<S>) {
    let tenant = tenant();
    let mut queries: Vec<LoggedQuery> = (0..4).map(|i| query(&tenant, i, 0)).collect();
    queries[1].series = None;
    queries[1].from = None;
    queries[1].to = None;
    queries[2].from = Some(Timestamp::MIN);
    queries[2].to = Some(Timestamp::MAX);
    queries[2].path = "/api/größer 🌊/'points'?\"".to_owned();
    queries[3].duration_ms = 0.1 + 0.2;
    for query in &queries {
        subject.store.record(query.clone()).await;
    }
    queries.reverse();
    let look = async || listed(subject, &tenant, 10).await;
    subject.eventually(&queries, look).await;
}

/// Queries are listed by time and sequence, the latest first, whatever order
/// they were recorded in, in pages of any size.
pub async fn the_latest_comes_first<S: QueryLog + ?Sized>(subject: &Subject<S>) {
    let tenant = tenant();
    assert_eq!(listed(subject, &tenant, 10).await, []);
    let mut queries: Vec<LoggedQuery> = (0..30)
        .map(|i| query(&tenant, i / 4, i.unsigned_abs() % 4 * 5))
        .collect();
    Random::new(8).shuffle(&mut queries);
    for query in &queries {
        subject.store.record(query.clone()).await;
    }
    queries.sort_unstable_by_key(|q| std::cmp::Reverse((q.time, q.sequence)));
    for limit in [1, 3, 29, 30, 31] {
        let look = async || listed(subject, &tenant, limit).await;
        subject.eventually(&queries, look).await;
    }
    // A page goes on before a query that is not there, too.
    let page = subject
        .store
        .list(&tenant, Some((received(3), 7)), 3)
        .await
        .unwrap();
    let expected: Vec<LoggedQuery> = queries
        .iter()
        .filter(|q| (q.time, q.sequence) < (received(3), 7))
        .take(3)
        .cloned()
        .collect();
    assert_eq!(page, expected);
}

/// Sequences are numbers of 63 bits, and are compared as such.
pub async fn sequences_may_be_large<S: QueryLog + ?Sized>(subject: &Subject<S>) {
    let tenant = tenant();
    let sequences = [(1 << 63) - 1, (1 << 63) - 2, 1 << 53 | 1, 1 << 53, 10, 9, 0];
    for sequence in sequences {
        subject.store.record(query(&tenant, 1, sequence)).await;
    }
    for limit in [1, 10] {
        let look = async || {
            listed(subject, &tenant, limit)
                .await
                .iter()
                .map(|q| q.sequence)
                .collect()
        };
        subject.eventually(&sequences.to_vec(), look).await;
    }
}

/// A query that is recorded again is there once.
pub async fn a_query_is_recorded_once<S: QueryLog + ?Sized>(subject: &Subject<S>) {
    let tenant = tenant();
    for sequence in [1, 1, 2, 1] {
        subject.store.record(query(&tenant, 1, sequence)).await;
    }
    let expected = vec![query(&tenant, 1, 2), query(&tenant, 1, 1)];
    let look = async || listed(subject, &tenant, 10).await;
    subject.eventually(&expected, look).await;
    subject.store.record(query(&tenant, 1, 1)).await;
    subject.settle().await;
    assert_eq!(look().await, expected);
}

/// Nobody sees what another tenant asked, even at the same instant.
pub async fn tenants_do_not_see_each_others<S: QueryLog + ?Sized>(subject: &Subject<S>) {
    let (one, other) = (tenant(), tenant());
    subject.store.record(query(&one, 1, 1)).await;
    subject.store.record(query(&other, 1, 1)).await;
    subject.store.record(query(&other, 2, 1)).await;
    let look = async || listed(subject, &one, 10).await;
    subject.eventually(&vec![query(&one, 1, 1)], look).await;
    let look = async || listed(subject, &other, 10).await;
    subject
        .eventually(&vec![query(&other, 2, 1), query(&other, 1, 1)], look)
        .await;
}
