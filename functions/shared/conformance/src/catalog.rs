//! The catalog knows a tenant's series, and remembers what was deleted.

use tidemark_core::name::{SeriesKey, SeriesName, Tenant};
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_core::tombstone::{Tombstone, Tombstones};
use tidemark_ports::error::Kind;
use tidemark_ports::{Catalog, Registration};

use crate::Subject;
use crate::material::{at, name, received, series, sibling, tenant, within};

pub(super) async fn register<S: Catalog + ?Sized>(
    subject: &Subject<S>,
    tenant: &Tenant,
    names: &[&str],
    seconds: i64,
) {
    let names: Vec<SeriesName> = names.iter().map(|n| name(n)).collect();
    let series: Vec<Registration<'_>> = names.iter().map(Registration::from).collect();
    subject
        .store
        .register(tenant, &series, received(seconds))
        .await
        .unwrap();
}

/// The names that are listed, from end to end, in pages of `limit`.
pub(super) async fn listed<S: Catalog + ?Sized>(
    subject: &Subject<S>,
    tenant: &Tenant,
    prefix: &str,
    limit: usize,
) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut after = None;
    loop {
        let page = subject
            .store
            .list(tenant, prefix, after.as_ref(), limit)
            .await
            .unwrap();
        assert!(page.len() <= limit);
        let Some(last) = page.last() else {
            return names;
        };
        after = Some(last.name.clone());
        names.extend(page.iter().map(|s| s.name.to_string()));
    }
}

/// When a series was updated, if it is there.
pub(super) async fn updated<S: Catalog + ?Sized>(
    subject: &Subject<S>,
    series: &SeriesKey,
) -> Option<Timestamp> {
    let found = subject.store.get(series).await.unwrap();
    found.map(|found| {
        assert_eq!(found.name, series.name);
        found.updated
    })
}

async fn tombstones<S: Catalog + ?Sized>(subject: &Subject<S>, series: &SeriesKey) -> Tombstones {
    let found = subject.store.get(series).await.unwrap();
    found.map(|found| found.tombstones).unwrap_or_default()
}

fn deletion(from: i64, to: i64, seconds: i64) -> Tombstone {
    Tombstone {
        range: within(from, to),
        deleted_at: received(seconds),
    }
}

/// What was registered is there, and listed as it is got.
pub async fn a_registered_series_is_there<S: Catalog + ?Sized>(subject: &Subject<S>) {
    let tenant = tenant();
    let (a, b) = (sibling(&tenant, "a"), sibling(&tenant, "b"));
    assert_eq!(subject.store.get(&a).await.unwrap(), None);
    assert_eq!(listed(subject, &tenant, "", 10).await, [""; 0]);
    assert_eq!(subject.store.count(&tenant, "").await.unwrap(), 0);
    register(subject, &tenant, &["a", "b"], 3).await;
    for series in [&a, &b] {
        let look = async || updated(subject, series).await;
        subject.eventually(&Some(received(3)), look).await;
        assert!(tombstones(subject, series).await.is_empty());
    }
    let look = async || {
        subject
            .store
            .list(&tenant, "", None, 10)
            .await
            .unwrap()
            .len()
    };
    subject.eventually(&2, look).await;
    for series in subject.store.list(&tenant, "", None, 10).await.unwrap() {
        let key = sibling(&tenant, series.name.as_str());
        assert_eq!(subject.store.get(&key).await.unwrap(), Some(series));
    }
}

/// A series counts as updated when the latest batch was received, whatever the
/// order of registration.
pub async fn updated_is_the_latest_receipt<S: Catalog + ?Sized>(subject: &Subject<S>) {
    let series = series();
    for (seconds, latest) in [(5, 5), (3, 5), (5, 5), (9, 9), (7, 9)] {
        register(subject, &series.tenant, &["series"], seconds).await;
        let look = async || updated(subject, &series).await;
        subject.eventually(&Some(received(latest)), look).await;
        subject.settle().await;
        assert_eq!(updated(subject, &series).await, Some(received(latest)));
    }
}

/// Registering nothing, or a series twice at once, is no error.
pub async fn registering_repeats_and_nothing<S: Catalog + ?Sized>(subject: &Subject<S>) {
    let tenant = tenant();
    register(subject, &tenant, &[], 1).await;
    register(subject, &tenant, &["a", "b", "a", "a"], 1).await;
    let look = async || listed(subject, &tenant, "", 10).await;
    subject
        .eventually(&vec!["a".to_owned(), "b".to_owned()], look)
        .await;
    assert_eq!(subject.store.count(&tenant, "").await.unwrap(), 2);
}

/// A deleted series is gone from every answer; deleting it again says so.
pub async fn a_deleted_series_is_gone<S: Catalog + ?Sized>(subject: &Subject<S>) {
    let tenant = tenant();
    let a = sibling(&tenant, "a");
    assert!(
        !subject
            .store
            .delete(&sibling(&tenant, "never"), received(9))
            .await
            .unwrap()
    );
    register(subject, &tenant, &["a", "b"], 1).await;
    subject.settle().await;
    assert!(subject.store.delete(&a, received(5)).await.unwrap());
    let look = async || updated(subject, &a).await;
    subject.eventually(&None, look).await;
    let look = async || listed(subject, &tenant, "", 10).await;
    subject.eventually(&vec!["b".to_owned()], look).await;
    let look = async || subject.store.count(&tenant, "").await.unwrap();
    subject.eventually(&1, look).await;
    assert!(!subject.store.delete(&a, received(6)).await.unwrap());
}

/// A batch that was received no later than the deletion and is registered after
/// it does not bring the series back.
pub async fn a_late_registration_does_not_revive<S: Catalog + ?Sized>(subject: &Subject<S>) {
    let series = series();
    register(subject, &series.tenant, &["series"], 1).await;
    subject.settle().await;
    assert!(subject.store.delete(&series, received(5)).await.unwrap());
    for seconds in [2, 5] {
        register(subject, &series.tenant, &["series", "other"], seconds).await;
        subject.settle().await;
        assert_eq!(
            updated(subject, &series).await,
            None,
            "received at {seconds}"
        );
        assert_eq!(listed(subject, &series.tenant, "", 10).await, ["other"]);
    }
}

/// A batch that was received after the deletion does, and the tombstone stays,
/// for batches that are still to come.
pub async fn a_newer_batch_revives_and_the_tombstone_stays<S: Catalog + ?Sized>(
    subject: &Subject<S>,
) {
    let series = series();
    register(subject, &series.tenant, &["series"], 1).await;
    subject.settle().await;
    assert!(subject.store.delete(&series, received(5)).await.unwrap());
    register(subject, &series.tenant, &["series"], 6).await;
    let look = async || updated(subject, &series).await;
    subject.eventually(&Some(received(6)), look).await;
    let tombstones = tombstones(subject, &series).await;
    for time in [Timestamp::MIN, at(0), Timestamp::MAX] {
        assert!(tombstones.hides(time, received(5)));
        assert!(!tombstones.hides(time, received(6)));
    }
    // Now it can be deleted again.
    assert!(subject.store.delete(&series, received(7)).await.unwrap());
    let look = async || updated(subject, &series).await;
    subject.eventually(&None, look).await;
}

/// A deletion that is carried out late takes what was received up to its
/// instant; a series with a later batch stays listed.
pub async fn a_late_deletion_spares_a_newer_series<S: Catalog + ?Sized>(subject: &Subject<S>) {
    let series = series();
    register(subject, &series.tenant, &["series"], 1).await;
    register(subject, &series.tenant, &["series"], 8).await;
    subject.settle().await;
    assert!(subject.store.delete(&series, received(5)).await.unwrap());
    let look = async || tombstones(subject, &series).await.hides(at(0), received(5));
    subject.eventually(&true, look).await;
    assert_eq!(updated(subject, &series).await, Some(received(8)));
    assert!(!tombstones(subject, &series).await.hides(at(0), received(6)));
}

/// Tombstones are kept, joined where they can be, and listed with the series.
pub async fn tombstones_are_kept_and_joined<S: Catalog + ?Sized>(subject: &Subject<S>) {
    let series = series();
    register(subject, &series.tenant, &["series"], 1).await;
    let deletions = [
        deletion(0, 9, 5),
        deletion(10, 19, 5),
        deletion(30, 39, 5),
        deletion(35, 50, 7),
    ];
    let mut expected = Tombstones::none();
    for tombstone in deletions {
        subject.store.tombstone(&series, tombstone).await.unwrap();
        expected.insert(tombstone).unwrap();
        let look = async || tombstones(subject, &series).await;
        subject.eventually(&expected, look).await;
    }
    let look = async || {
        let list = subject
            .store
            .list(&series.tenant, "", None, 10)
            .await
            .unwrap();
        list.into_iter().map(|s| s.tombstones).collect()
    };
    subject.eventually(&vec![expected], look).await;
    // Neither the series nor its batches are affected.
    assert_eq!(updated(subject, &series).await, Some(received(1)));
    // A wider deletion takes the others in.
    subject
        .store
        .tombstone(&series, deletion(-100, 100, 9))
        .await
        .unwrap();
    let look = async || tombstones(subject, &series).await.iter().count();
    subject.eventually(&1, look).await;
}

/// Tombstones belong to one series of one tenant.
pub async fn tombstones_belong_to_one_series<S: Catalog + ?Sized>(subject: &Subject<S>) {
    let a = series();
    let others = [sibling(&a.tenant, "other"), series()];
    register(subject, &a.tenant, &["series", "other"], 1).await;
    register(subject, &others[1].tenant, &["series"], 1).await;
    subject.settle().await;
    subject
        .store
        .tombstone(&a, deletion(0, 9, 5))
        .await
        .unwrap();
    let look = async || tombstones(subject, &a).await.is_empty();
    subject.eventually(&false, look).await;
    assert!(subject.store.delete(&a, received(6)).await.unwrap());
    subject.settle().await;
    for other in &others {
        assert_eq!(updated(subject, other).await, Some(received(1)));
        assert!(tombstones(subject, other).await.is_empty());
    }
}

/// A tombstone of a series that is not there does not make one.
pub async fn a_tombstone_makes_no_series<S: Catalog + ?Sized>(subject: &Subject<S>) {
    let series = series();
    subject
        .store
        .tombstone(&series, deletion(0, 9, 5))
        .await
        .unwrap();
    subject.settle().await;
    assert_eq!(updated(subject, &series).await, None);
    assert_eq!(subject.store.count(&series.tenant, "").await.unwrap(), 0);
}

/// More separate deletions than a series may have are refused, as such; what
/// was recorded before stays, and one deletion of all makes room.
pub async fn too_many_separate_deletions_are_refused<S: Catalog + ?Sized>(subject: &Subject<S>) {
    let series = series();
    register(subject, &series.tenant, &["series"], 1).await;
    let max = Tombstones::MAX as i64;
    for i in 0..max {
        subject
            .store
            .tombstone(&series, deletion(i * 2, i * 2, 5))
            .await
            .unwrap();
    }
    let refused = subject
        .store
        .tombstone(&series, deletion(max * 2, max * 2, 5))
        .await;
    assert_eq!(refused.unwrap_err().kind(), Kind::Exhausted);
    let look = async || tombstones(subject, &series).await.iter().count();
    subject.eventually(&Tombstones::MAX, look).await;
    assert!(
        !tombstones(subject, &series)
            .await
            .hides(at(max * 2), received(5))
    );
    let everything = Tombstone {
        range: TimeRange::ALL,
        deleted_at: received(6),
    };
    subject.store.tombstone(&series, everything).await.unwrap();
    let look = async || tombstones(subject, &series).await.iter().count();
    subject.eventually(&1, look).await;
}
