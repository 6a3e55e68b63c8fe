//! An embedded store that is flushed, closed and opened again, or killed, after
//! each of its changes: whatever it answers must not depend on that.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use rusqlite::Connection;
use tempfile::TempDir;
use tidemark_core::about::AboutChange;
use tidemark_core::batch::{BatchId, SeriesPoints, Source, Write};
use tidemark_core::discard::{Discard, DiscardId};
use tidemark_core::name::{SeriesKey, SeriesName, Tenant};
use tidemark_core::point::Stamp;
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_core::tombstone::Tombstone;
use tidemark_embedded::Embedded;
use tidemark_ports::error::Result;
use tidemark_ports::{
    Bucket, Catalog, DiscardCount, DiscardFilter, DiscardLog, Extent, LoggedQuery, Page,
    PointStore, QueryLog, Refusal, Registration, Scan, Series, Summarize,
};
use tokio::sync::{RwLock, RwLockReadGuard};

/// What happens to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Restart {
    /// Memory is merged into chunks.
    Flush,
    /// It is closed, and opened again.
    Clean,
    /// It is killed, and opened from what was on disk.
    Crash,
}

/// The store, in its folder.
pub(crate) struct Restarting {
    place: RwLock<Option<Place>>,
    after_changes: Option<Restart>,
    changes: AtomicU32,
}

struct Place {
    store: Embedded,
    folder: TempDir,
}

impl Restarting {
    /// A new store, which is restarted after changes, if so asked.
    pub(crate) fn new(after_changes: Option<Restart>) -> Self {
        Self {
            place: RwLock::new(Some(Place::open(super::folder()))),
            after_changes,
            changes: AtomicU32::new(0),
        }
    }

    /// Restarts it now.
    pub(crate) async fn restart(&self, how: Restart) {
        let mut place = self.place.write().await;
        let Place { store, folder } = place.take().unwrap();
        let folder = match how {
            Restart::Flush => {
                store.flush().await.unwrap();
                *place = Some(Place { store, folder });
                return;
            }
            Restart::Clean => {
                store.close().await.unwrap();
                drop(store);
                folder
            }
            Restart::Crash => copy(&folder),
        };
        *place = Some(Place::open(folder));
    }

    /// The store as it is now, which is not restarted while it is held.
    async fn now(&self) -> RwLockReadGuard<'_, Embedded> {
        RwLockReadGuard::map(self.place.read().await, |place| {
            &place.as_ref().unwrap().store
        })
    }

    async fn changed<T>(&self, outcome: T) -> T {
        let count = self.changes.fetch_add(1, Ordering::Relaxed);
        // Every change at first; where there are many, some.
        if let Some(how) = self.after_changes
            && (count < 20 || count.is_multiple_of(50))
        {
            self.restart(how).await;
        }
        outcome
    }
}

impl Place {
    fn open(folder: TempDir) -> Self {
        let store = Embedded::open(folder.path()).unwrap();
        Self { store, folder }
    }
}

/// What a process finds that starts after the last one was killed.
fn copy(folder: &TempDir) -> TempDir {
    let copy = super::folder();
    let path = folder.path().join("tidemark.db");
    // Holds writers back, so that the files belong together.
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch("PRAGMA busy_timeout = 10000; BEGIN IMMEDIATE")
        .unwrap();
    for name in ["tidemark.db", "tidemark.db-wal"] {
        fs::copy(folder.path().join(name), copy.path().join(name)).unwrap();
    }
    copy
}

#[async_trait]
impl PointStore for Restarting {
    async fn write(&self, write: &Arc<Write>) -> Result<Vec<Refusal>> {
        let outcome = self.now().await.write(write).await;
        self.changed(outcome).await
    }

    async fn read(&self, scan: Scan<'_>) -> Result<Page> {
        self.now().await.read(scan).await
    }

    async fn summarize(&self, request: Summarize<'_>) -> Result<Vec<Bucket>> {
        self.now().await.summarize(request).await
    }

    async fn extent(&self, series: &SeriesKey, range: TimeRange) -> Result<Option<Extent>> {
        self.now().await.extent(series, range).await
    }

    async fn delete(
        &self,
        series: &SeriesKey,
        range: TimeRange,
        deleted_at: Timestamp,
    ) -> Result<()> {
        let outcome = PointStore::delete(&*self.now().await, series, range, deleted_at).await;
        self.changed(outcome).await
    }
}

#[async_trait]
impl Catalog for Restarting {
    async fn register(
        &self,
        tenant: &Tenant,
        registered: &[Registration<'_>],
        received: Timestamp,
    ) -> Result<()> {
        let outcome = self
            .now()
            .await
            .register(tenant, registered, received)
            .await;
        // A registration comes with its batch: after a restart, the log tells
        // when a series was updated.
        let series = registered
            .iter()
            .map(|series| SeriesPoints::new(series.name.clone()))
            .collect();
        let batch = BatchId::new(0, 0);
        let write = Write {
            tenant: tenant.clone(),
            batch,
            received,
            source: Source::Api,
            series,
        };
        self.now().await.write(&Arc::new(write)).await?;
        self.changed(outcome).await
    }

    async fn get(&self, series: &SeriesKey) -> Result<Option<Series>> {
        Catalog::get(&*self.now().await, series).await
    }

    async fn list(
        &self,
        tenant: &Tenant,
        prefix: &str,
        after: Option<&SeriesName>,
        limit: usize,
    ) -> Result<Vec<Series>> {
        Catalog::list(&*self.now().await, tenant, prefix, after, limit).await
    }

    async fn count(&self, tenant: &Tenant, prefix: &str) -> Result<u64> {
        self.now().await.count(tenant, prefix).await
    }

    async fn tombstone(&self, series: &SeriesKey, tombstone: Tombstone) -> Result<()> {
        let outcome = self.now().await.tombstone(series, tombstone).await;
        self.changed(outcome).await
    }

    async fn describe(&self, series: &SeriesKey, change: &AboutChange) -> Result<bool> {
        let outcome = self.now().await.describe(series, change).await;
        self.changed(outcome).await
    }

    async fn delete(&self, series: &SeriesKey, deleted_at: Timestamp) -> Result<bool> {
        let outcome = Catalog::delete(&*self.now().await, series, deleted_at).await;
        self.changed(outcome).await
    }
}

#[async_trait]
impl DiscardLog for Restarting {
    async fn put(&self, discards: &[Discard]) -> Result<()> {
        let outcome = self.now().await.put(discards).await;
        self.changed(outcome).await
    }

    async fn get(&self, tenant: &Tenant, id: DiscardId) -> Result<Option<Discard>> {
        DiscardLog::get(&*self.now().await, tenant, id).await
    }

    async fn list(
        &self,
        tenant: &Tenant,
        filter: &DiscardFilter,
        before: Option<Stamp>,
        limit: usize,
    ) -> Result<Vec<Discard>> {
        DiscardLog::list(&*self.now().await, tenant, filter, before, limit).await
    }

    async fn counts(&self, tenant: &Tenant, received: TimeRange) -> Result<Vec<DiscardCount>> {
        self.now().await.counts(tenant, received).await
    }

    async fn mark_replayed(&self, tenant: &Tenant, id: DiscardId, at: Timestamp) -> Result<bool> {
        let outcome = self.now().await.mark_replayed(tenant, id, at).await;
        self.changed(outcome).await
    }
}

#[async_trait]
impl QueryLog for Restarting {
    async fn record(&self, query: LoggedQuery) {
        self.now().await.record(query).await;
        self.changed(()).await;
    }

    async fn list(
        &self,
        tenant: &Tenant,
        before: Option<(Timestamp, u64)>,
        limit: usize,
    ) -> Result<Vec<LoggedQuery>> {
        QueryLog::list(&*self.now().await, tenant, before, limit).await
    }
}
