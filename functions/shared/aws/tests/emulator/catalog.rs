//! The table of series and deletions.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use tidemark_aws::{Aws, CatalogTable};
use tidemark_conformance::Subject;
use tidemark_conformance::conformance_tests;
use tidemark_conformance::material::{name, received, sibling, tenant, within};
use tidemark_core::name::{SeriesKey, SeriesName};
use tidemark_core::tombstone::Tombstone;
use tidemark_ports::{Catalog, deadline};
use tokio::task::JoinSet;
use tokio::time::Instant;

async fn open() -> Subject<CatalogTable> {
    Subject::new(Aws::from_env().await.catalog().unwrap())
}

conformance_tests! {
    #[ignore = "needs an AWS emulator (AWS_ENDPOINT_URL)"]
    mod table: open => catalog, about, listings;
}

/// Batches that overlap bring the same new series, while others delete them:
/// the count is that of the series that are listed.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an AWS emulator (AWS_ENDPOINT_URL)"]
async fn the_count_is_exact_whoever_writes_at_once() {
    let catalog = Arc::new(Aws::from_env().await.catalog().unwrap());
    let tenant = tenant();
    let names: Arc<Vec<SeriesName>> = Arc::new((0..150).map(|i| name(&i.to_string())).collect());
    let mut work = JoinSet::new();
    for task in 0..6 {
        let (catalog, tenant, names) = (Arc::clone(&catalog), tenant.clone(), Arc::clone(&names));
        // They are in each other's way, and the emulator may be slow.
        let patient = Instant::now() + Duration::from_mins(2);
        work.spawn(deadline::within(patient, async move {
            let part: Vec<_> = names.iter().skip(task * 20).map(Into::into).collect();
            let seconds = i64::try_from(task).unwrap();
            catalog
                .register(&tenant, &part, received(seconds))
                .await
                .unwrap();
            for name in names.iter().skip(task).step_by(9) {
                let key = SeriesKey {
                    tenant: tenant.clone(),
                    name: name.clone(),
                };
                catalog.delete(&key, received(3)).await.unwrap();
            }
        }));
    }
    work.join_all().await;
    let listed = catalog.list(&tenant, "", None, 1000).await.unwrap();
    assert_eq!(
        catalog.count(&tenant, "").await.unwrap(),
        listed.len() as u64
    );
    // What was received after the deletions is there.
    for name in names.iter().skip(100) {
        let found = catalog.get(&sibling(&tenant, name.as_str())).await.unwrap();
        assert_eq!(found.map(|series| series.updated), Some(received(5)));
    }
}

/// A series that was written to is in the index of the compactor, also when a
/// late batch comes after it was compacted.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an AWS emulator (AWS_ENDPOINT_URL)"]
async fn what_is_written_to_is_touched() {
    let catalog = Aws::from_env().await.catalog().unwrap();
    let client = crate::dynamodb().await;
    let table = std::env::var("TIDEMARK_CATALOG_TABLE").unwrap();
    let (tenant, name) = (tenant(), name("a"));
    let series = sibling(&tenant, "a");
    // Takes it off, as compacting does.
    let take = async || {
        let answer = client
            .update_item()
            .table_name(&table)
            .key("tenant", AttributeValue::S(tenant.to_string()))
            .key("name", AttributeValue::S(name.to_string()))
            .update_expression("REMOVE touched")
            .return_values(aws_sdk_dynamodb::types::ReturnValue::AllOld)
            .send()
            .await
            .unwrap();
        let touched = answer.attributes.unwrap().remove("touched");
        touched.map(|touched| touched.as_s().unwrap().clone())
    };
    let yes = Some(format!("{tenant}/a"));
    for (seconds, expected) in [(5, &yes), (3, &yes), (5, &yes), (6, &yes)] {
        catalog
            .register(&tenant, &[(&name).into()], received(seconds))
            .await
            .unwrap();
        assert_eq!(take().await, *expected, "received at {seconds}");
    }
    assert_eq!(
        catalog.get(&series).await.unwrap().map(|s| s.updated),
        Some(received(6))
    );
    // A deletion leaves tombstones to be forgotten one day.
    let tombstone = Tombstone {
        range: within(0, 9),
        deleted_at: received(7),
    };
    catalog.tombstone(&series, tombstone).await.unwrap();
    assert_eq!(take().await, yes);
    assert!(catalog.delete(&series, received(8)).await.unwrap());
    assert_eq!(take().await, yes);
    // Of a series that is gone, nothing is to be compacted until it is back.
    for (seconds, expected) in [(7, &None), (9, &yes)] {
        catalog
            .register(&tenant, &[(&name).into()], received(seconds))
            .await
            .unwrap();
        assert_eq!(take().await, *expected, "received at {seconds}");
    }
}

/// Tombstones stay with their series, and those that are gone are passed over,
/// wherever the table's pages end.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an AWS emulator (AWS_ENDPOINT_URL)"]
async fn listing_goes_on_over_pages_of_items() {
    let catalog = Aws::from_env().await.catalog().unwrap();
    let tenant = tenant();
    let names: Vec<SeriesName> = (0..250).map(|i| name(&format!("{i:03}"))).collect();
    let all: Vec<_> = names.iter().map(Into::into).collect();
    catalog.register(&tenant, &all, received(1)).await.unwrap();
    let mut expected = Vec::new();
    for (name, i) in names.iter().zip(0..) {
        let key = sibling(&tenant, name.as_str());
        if i % 3 > 0 {
            let tombstone = Tombstone {
                range: within(i, i),
                deleted_at: received(1),
            };
            catalog.tombstone(&key, tombstone).await.unwrap();
        }
        if i % 5 == 0 || (30..180).contains(&i) {
            assert!(catalog.delete(&key, received(2)).await.unwrap());
        } else {
            expected.push((name.clone(), i % 3 > 0));
        }
    }
    for limit in [1, 7, 100, 101, 1000] {
        let mut listed = Vec::new();
        loop {
            let after = listed.last().map(|(name, _): &(SeriesName, bool)| name);
            let page = catalog.list(&tenant, "", after, limit).await.unwrap();
            assert!(page.len() <= limit);
            if page.is_empty() {
                break;
            }
            listed.extend(page.into_iter().map(|s| (s.name, !s.tombstones.is_empty())));
        }
        assert_eq!(listed, expected, "in pages of {limit}");
    }
    let count = catalog.count(&tenant, "").await.unwrap();
    assert_eq!(count, expected.len() as u64);
}

/// Deletions that are recorded at the same time are all there.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an AWS emulator (AWS_ENDPOINT_URL)"]
async fn no_deletion_is_lost_to_another() {
    let catalog = Arc::new(Aws::from_env().await.catalog().unwrap());
    let series = sibling(&tenant(), "a");
    let names = [(&series.name).into()];
    let registered = catalog.register(&series.tenant, &names, received(1)).await;
    registered.unwrap();
    let mut work = JoinSet::new();
    for i in 0..12 {
        let (catalog, series) = (Arc::clone(&catalog), series.clone());
        work.spawn(async move {
            let tombstone = Tombstone {
                range: within(2 * i, 2 * i),
                deleted_at: received(1),
            };
            catalog.tombstone(&series, tombstone).await.unwrap();
        });
    }
    work.join_all().await;
    let found = catalog.get(&series).await.unwrap().unwrap();
    assert_eq!(found.tombstones.iter().count(), 12);
}
