//! Points: written to the log and the tails, deleted from tails and chunks.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use rusqlite::Connection;
use tidemark_columnar::BatchStamp;
use tidemark_core::batch::Write;
use tidemark_core::name::SeriesKey;
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_core::tombstone::Tombstone;
use tidemark_ports::error::Result;
use tidemark_ports::{Bucket, Extent, Page, PointStore, Refusal, Scan, Summarize};

use crate::error::{failed, lock};
use crate::memory::Entry;
use crate::readers::blocking;
use crate::transaction::Transaction;
use crate::{Embedded, chunks, log, scan};

#[async_trait]
impl PointStore for Embedded {
    async fn write(&self, write: &Arc<Write>) -> Result<Vec<Refusal>> {
        let record = log::encode(write)?;
        let write = Arc::clone(write);
        self.0
            .writer
            .commit(move |transaction| {
                let sequence = transaction.next_sequence();
                log::append(transaction.connection, sequence, &record)?;
                let mut entries = Vec::with_capacity(write.series.len());
                for points in &write.series {
                    entries.push(transaction.entry(&write.tenant, &points.name)?);
                }
                transaction.after_commit(move |memory| {
                    let batch = BatchStamp {
                        received: write.received,
                        id: write.batch,
                    };
                    for (entry, points) in entries.iter().zip(&write.series) {
                        memory.append(entry, batch, points);
                    }
                    memory.logged.fetch_add(record.len(), Ordering::Relaxed);
                    memory.sequence.store(sequence, Ordering::Relaxed);
                });
                Ok(Vec::new())
            })
            .await
    }

    async fn read(&self, scan: Scan<'_>) -> Result<Page> {
        let Some(entry) = self.0.memory.entry(&scan.series.tenant, &scan.series.name) else {
            return Ok(Page::default());
        };
        let store = self.clone();
        let (range, order, limit) = (scan.range, scan.order, scan.limit.max(1));
        let tombstones = scan.tombstones.clone();
        blocking(move || {
            store.0.readers.read(|connection| {
                scan::Walk::new(&entry, range, &tombstones).read(connection, order, limit)
            })
        })
        .await
    }

    async fn summarize(&self, request: Summarize<'_>) -> Result<Vec<Bucket>> {
        let key = request.series;
        let Some(entry) = self.0.memory.entry(&key.tenant, &key.name) else {
            return Ok(Vec::new());
        };
        let store = self.clone();
        let (range, slots, parts, limit) = (
            request.range,
            request.slots,
            request.parts,
            request.limit.max(1),
        );
        let tombstones = request.tombstones.clone();
        blocking(move || {
            store.0.readers.read(|connection| {
                scan::Walk::new(&entry, range, &tombstones)
                    .summarize(connection, slots, parts, limit)
            })
        })
        .await
    }

    async fn extent(&self, series: &SeriesKey, range: TimeRange) -> Result<Option<Extent>> {
        let Some(entry) = self.0.memory.entry(&series.tenant, &series.name) else {
            return Ok(None);
        };
        let store = self.clone();
        blocking(move || {
            store
                .0
                .readers
                .read(|connection| scan::extent(connection, &entry, range))
        })
        .await
    }

    async fn delete(
        &self,
        series: &SeriesKey,
        range: TimeRange,
        deleted_at: Timestamp,
    ) -> Result<()> {
        let Some(entry) = self.0.memory.entry(&series.tenant, &series.name) else {
            return Ok(());
        };
        self.0
            .writer
            .commit(move |transaction| {
                let tombstone = Tombstone { range, deleted_at };
                remove(transaction, &entry, tombstone)
            })
            .await
    }
}

/// Removes from chunks and tail what a tombstone hides.
pub(super) fn remove(
    transaction: &mut Transaction<'_>,
    entry: &Arc<Entry>,
    tombstone: Tombstone,
) -> Result<()> {
    let Tombstone { range, deleted_at } = tombstone;
    delete_chunks(transaction.connection, entry.id, range, deleted_at)?;
    let entry = Arc::clone(entry);
    transaction.after_commit(move |_| {
        let stays = |time, received| !(range.contains(time) && received <= deleted_at);
        let mut tail = lock(&entry.tail);
        tail.active.retain(stays);
        if let Some(frozen) = &mut tail.frozen {
            Arc::make_mut(frozen).retain(stays);
        }
    });
    Ok(())
}

/// Removes points from chunks: whole ones at a stroke, others by rewriting them.
fn delete_chunks(
    connection: &Connection,
    series: i64,
    range: TimeRange,
    deleted_at: Timestamp,
) -> Result<()> {
    let deleting = "deleting points";
    let (from, to, until) = (range.from().nanos(), range.to().nanos(), deleted_at.nanos());
    connection
        .prepare_cached(
            "DELETE FROM chunk WHERE series = ?1 AND first >= ?2 AND first <= ?3 AND last <= ?3
             AND max_received <= ?4",
        )
        .and_then(|mut statement| statement.execute((series, from, to, until)))
        .map_err(failed(deleting))?;
    let touched: Vec<i64> = connection
        .prepare_cached(
            "SELECT id FROM chunk WHERE series = ?1 AND first <= ?3 AND last >= ?2 AND min_received <= ?4",
        )
        .and_then(|mut statement| {
            statement.query_map((series, from, to, until), |row| row.get(0))?.collect()
        })
        .map_err(failed(deleting))?;
    for id in touched {
        let mut columns = chunks::load(connection, id)?;
        let before = columns.len();
        columns.retain(|time, received| !(range.contains(time) && received <= deleted_at));
        if columns.len() == before {
            continue;
        }
        chunks::remove(connection, id)?;
        chunks::store(connection, series, &columns)?;
    }
    Ok(())
}
