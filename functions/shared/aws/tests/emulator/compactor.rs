//! The compactor changes no answer: a table of points that is compacted after
//! every write is held to the same suites, and pages are read while it works.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, BillingMode, GlobalSecondaryIndex};
use tidemark_aws::{Aws, CatalogTable, Compactor, Points, Settings};
use tidemark_conformance::conformance_tests;
use tidemark_conformance::material::{
    Draft, Random, SECOND, all, assert_same, at, deliver, plain, received, series, tenant,
};
use tidemark_conformance::{Subject, Traits};
use tidemark_core::batch::Write;
use tidemark_core::name::SeriesKey;
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_core::tombstone::Tombstones;
use tidemark_ports::error::Result;
use tidemark_ports::{Bucket, Catalog, Extent, Order, Page, PointStore, Refusal, Scan, Summarize};

/// Long enough for everything to be due that waits.
const LONG: i64 = 2 * 24 * 3600 * SECOND;

/// A table of points that is compacted after every write and every deletion.
struct Compacted {
    points: Points,
    catalog: CatalogTable,
    compactor: Compactor,
    now: AtomicI64,
    client: Client,
    catalog_table: String,
}

impl Compacted {
    async fn new() -> Self {
        Self::over(Aws::from_env().await).await
    }

    async fn over(aws: Aws) -> Self {
        Self {
            points: aws.points().unwrap(),
            catalog: aws.catalog().unwrap(),
            compactor: aws.compactor().unwrap(),
            now: AtomicI64::new(received(1_000_000).nanos()),
            client: crate::dynamodb().await,
            catalog_table: std::env::var("TIDEMARK_CATALOG_TABLE").unwrap(),
        }
    }

    /// How many chunks a series has, replaced ones included, but no notes.
    async fn chunks(&self, series: &SeriesKey) -> usize {
        let key = format!("{}/{}", series.tenant.as_str(), series.name.as_str());
        let answer = self
            .client
            .query()
            .table_name(std::env::var("TIDEMARK_POINTS_TABLE").unwrap())
            .key_condition_expression("series = :series")
            .expression_attribute_values(":series", AttributeValue::S(key))
            .filter_expression("attribute_exists(points)")
            .send()
            .await
            .unwrap();
        answer.items().len()
    }

    /// Whether the catalog has the series compacted.
    async fn is_touched(&self, series: &SeriesKey) -> bool {
        let answer = self
            .client
            .get_item()
            .table_name(&self.catalog_table)
            .key(
                "tenant",
                AttributeValue::S(series.tenant.as_str().to_owned()),
            )
            .key("name", AttributeValue::S(series.name.as_str().to_owned()))
            .send()
            .await
            .unwrap();
        answer.item.unwrap().contains_key("touched")
    }

    /// Compacts a series as if a long time had gone by.
    async fn compact(&self, series: &SeriesKey) {
        let now = self.now.fetch_add(LONG, Ordering::Relaxed);
        self.compactor
            .series(series, Timestamp::from_nanos(now))
            .await
            .unwrap();
    }
}

#[async_trait]
impl PointStore for Compacted {
    async fn write(&self, write: &Arc<Write>) -> Result<Vec<Refusal>> {
        let refusals = self.points.write(write).await?;
        let names = || write.series.iter().map(|s| &s.name);
        let series: Vec<_> = names().map(Into::into).collect();
        self.catalog
            .register(&write.tenant, &series, write.received)
            .await?;
        for name in names() {
            let series = SeriesKey {
                tenant: write.tenant.clone(),
                name: name.clone(),
            };
            self.compact(&series).await;
        }
        Ok(refusals)
    }

    async fn read(&self, scan: Scan<'_>) -> Result<Page> {
        self.points.read(scan).await
    }

    async fn summarize(&self, request: Summarize<'_>) -> Result<Vec<Bucket>> {
        self.points.summarize(request).await
    }

    async fn summarize_at_once(&self, request: Summarize<'_>) -> Result<Option<Vec<Bucket>>> {
        self.points.summarize_at_once(request).await
    }

    async fn extent(&self, series: &SeriesKey, range: TimeRange) -> Result<Option<Extent>> {
        self.points.extent(series, range).await
    }

    async fn delete(
        &self,
        series: &SeriesKey,
        range: TimeRange,
        deleted_at: Timestamp,
    ) -> Result<()> {
        self.points.delete(series, range, deleted_at).await?;
        self.compact(series).await;
        Ok(())
    }
}

async fn open_compacted() -> Subject<Compacted> {
    let traits = Traits {
        many: 12_000,
        ..Traits::default()
    };
    Subject::new(Compacted::new().await).with(traits)
}

conformance_tests! {
    #[ignore = "needs an AWS emulator (AWS_ENDPOINT_URL)"]
    mod dynamodb_compacted: open_compacted => points, scans, upserts, deletions, summaries, slots;
}

/// Small writes of one point each, at random times of which some repeat, and
/// what is to be read then.
async fn write_crumbs(store: &Points, catalog: &CatalogTable, key: &SeriesKey, count: u64) {
    let mut random = Random::new(7);
    for batch in 0..count {
        let seconds = i64::try_from(batch).unwrap();
        let time = i64::try_from(random.below(200)).unwrap();
        let draft = Draft::new(&key.tenant, batch, seconds);
        let write = draft
            .point(&key.name, at(time * SECOND), seconds as f64)
            .done();
        deliver(store, &write).await;
    }
    let updated = received(i64::try_from(count).unwrap());
    catalog
        .register(&key.tenant, &[(&key.name).into()], updated)
        .await
        .unwrap();
}

async fn page(points: &Points, series: &SeriesKey, range: TimeRange, order: Order) -> Page {
    let scan = Scan {
        series,
        range,
        tombstones: &Tombstones::none(),
        order,
        limit: 7,
    };
    points.read(scan).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an AWS emulator (AWS_ENDPOINT_URL)"]
async fn pages_neither_miss_nor_repeat_while_chunks_are_merged() {
    let store = Compacted::new().await;
    for order in [Order::Ascending, Order::Descending] {
        let series = series();
        write_crumbs(&store.points, &store.catalog, &series, 120).await;
        let expected = all(&store.points, &series).await;
        let mut seen = Vec::new();
        let mut rest = Some(TimeRange::ALL);
        let mut now = received(10_000);
        while let Some(range) = rest {
            // Small chunks are merged while the page is read; what they
            // replaced is deleted between pages, since that waits for longer
            // than any page takes.
            let (page, merged) = tokio::join!(
                page(&store.points, &series, range, order),
                store.compactor.series(&series, now)
            );
            merged.unwrap();
            seen.extend(page.points.iter().map(Into::into));
            rest = page.rest;
            now = now.plus(LONG);
            store.compactor.series(&series, now).await.unwrap();
            write_crumb_again(&store, &series).await;
        }
        if order == Order::Descending {
            seen.reverse();
        }
        assert_same(&seen, &expected);
    }
}

/// Delivers a batch again whose chunk was merged.
async fn write_crumb_again(store: &Compacted, key: &SeriesKey) {
    let mut random = Random::new(7);
    let time = i64::try_from(random.below(200)).unwrap();
    let write = Draft::new(&key.tenant, 0, 0)
        .point(&key.name, at(time * SECOND), 0.0)
        .done();
    deliver(&store.points, &write).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an AWS emulator (AWS_ENDPOINT_URL)"]
async fn many_small_chunks_become_few() {
    let store = Compacted::new().await;
    let series = series();
    write_crumbs(&store.points, &store.catalog, &series, 60).await;
    let before = all(&store.points, &series).await;
    assert_eq!(store.chunks(&series).await, 60);
    let now = received(70);
    store.compactor.series(&series, now).await.unwrap();
    // What was replaced stays until nobody can be reading it.
    assert!(store.chunks(&series).await > 60);
    store
        .compactor
        .series(&series, now.plus(60 * SECOND))
        .await
        .unwrap();
    assert!(store.chunks(&series).await > 60);
    store
        .compactor
        .series(&series, now.plus(700 * SECOND))
        .await
        .unwrap();
    let after = store.chunks(&series).await;
    assert!(after <= 3, "{after}");
    assert_same(&all(&store.points, &series).await, &before);
}

/// A table like the deployed one, where nobody else has series to compact.
async fn catalog_of_ones_own() -> String {
    let client = crate::dynamodb().await;
    let deployed = std::env::var("TIDEMARK_CATALOG_TABLE").unwrap();
    let described = client.describe_table().table_name(deployed).send().await;
    let table = described.unwrap().table.unwrap();
    let name = tenant().as_str().to_owned();
    let mut copy = client
        .create_table()
        .table_name(&name)
        .set_attribute_definitions(table.attribute_definitions)
        .set_key_schema(table.key_schema)
        .billing_mode(BillingMode::PayPerRequest);
    for index in table.global_secondary_indexes.unwrap() {
        let index = GlobalSecondaryIndex::builder()
            .set_index_name(index.index_name)
            .set_key_schema(index.key_schema)
            .set_projection(index.projection)
            .build();
        copy = copy.global_secondary_indexes(index.unwrap());
    }
    copy.send().await.unwrap();
    name
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an AWS emulator (AWS_ENDPOINT_URL)"]
async fn a_run_looks_at_what_was_written_to_and_then_no_more() {
    let catalog = catalog_of_ones_own().await;
    let tables = catalog.clone();
    let settings = Settings::new(move |name| match name {
        "TIDEMARK_CATALOG_TABLE" => Some(tables.clone()),
        name => std::env::var(name).ok(),
    });
    let mut store = Compacted::over(Aws::new(settings).await).await;
    store.catalog_table = catalog;
    let series = series();
    write_crumbs(&store.points, &store.catalog, &series, 20).await;
    let expected = all(&store.points, &series).await;
    let budget = std::time::Duration::from_mins(1);
    let now = received(10_000);
    let mut looked_at = Vec::new();
    for run in 0..5 {
        let now = now.plus(run * LONG);
        looked_at.push(store.compactor.run(|| now, budget).await.unwrap());
    }
    assert_eq!((looked_at[0], looked_at[4]), (1, 0), "{looked_at:?}");
    assert!(!store.is_touched(&series).await);
    assert!(store.chunks(&series).await <= 3);
    assert_same(&all(&store.points, &series).await, &expected);
    // A late batch is noticed.
    let late = Draft::new(&series.tenant, 1000, 1).point(&series.name, at(-1), 5.0);
    deliver(&store.points, &late.done()).await;
    store
        .catalog
        .register(&series.tenant, &[(&series.name).into()], received(1))
        .await
        .unwrap();
    assert!(store.is_touched(&series).await);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an AWS emulator (AWS_ENDPOINT_URL)"]
async fn what_was_posted_again_and_again_is_kept_once() {
    let store = Compacted::new().await;
    let series = series();
    let points = || (0..1000).map(|i| (at(i * SECOND), i as f64));
    for batch in 0..10 {
        let draft = Draft::new(&series.tenant, batch, 0).points(&series.name, points());
        deliver(&store.points, &draft.done()).await;
    }
    store
        .catalog
        .register(&series.tenant, &[(&series.name).into()], received(1))
        .await
        .unwrap();
    let before = store.chunks(&series).await;
    store.compact(&series).await;
    store.compact(&series).await;
    let after = store.chunks(&series).await;
    assert!(before >= 10 && after <= 2, "{before} chunks, then {after}");
    assert_same(&all(&store.points, &series).await, &plain(points()));
}
