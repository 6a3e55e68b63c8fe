//! Points: written to the log and the tails, deleted from tails and chunks.

use std::slice;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use futures_util::{StreamExt, TryStreamExt, stream};
use rusqlite::Connection;
use tidemark_columnar::BatchStamp;
use tidemark_core::batch::Write;
use tidemark_core::name::SeriesKey;
use tidemark_core::summary::Parts;
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_core::tombstone::{Tombstone, Tombstones};
use tidemark_ports::error::Result;
use tidemark_ports::{Bucket, Extent, Page, PointStore, Refusal, Scan, Slots, Summarize};

use crate::error::{failed, lock};
use crate::memory::Entry;
use crate::readers::blocking;
use crate::transaction::Transaction;
use crate::{Embedded, chunks, log, scan};

/// How many series are summarized, and looked at, in one go on a thread of its own: so
/// many that starting it and a transaction cost little beside.
const SUMMARIES: usize = 8;
const EXTENTS: usize = 128;
/// How many of these are under way at the same time, for one question.
const TASKS: usize = 4;

/// What is to be summarized, and how.
struct Asked {
    /// None of a series that was never written.
    entry: Option<Arc<Entry>>,
    range: TimeRange,
    tombstones: Tombstones,
    slots: Slots,
    parts: Parts,
    limit: usize,
}

impl Asked {
    fn walk(&self) -> Option<scan::Walk<'_>> {
        let entry = self.entry.as_ref()?;
        Some(scan::Walk::new(entry, self.range, &self.tombstones))
    }
}

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
        let Some(entry) = self.entry(scan.series) else {
            return Ok(Page::default());
        };
        let store = self.clone();
        let (range, order, limit) = (scan.range, scan.order, scan.limit.max(1));
        let tombstones = scan.tombstones.clone();
        blocking(move || {
            let walk = scan::Walk::new(&entry, range, &tombstones);
            store.read(|connection| walk.read(connection, order, limit))
        })
        .await
    }

    async fn summarize(&self, request: Summarize<'_>) -> Result<Vec<Bucket>> {
        let found = self.summarize_many(&[request]).await?;
        Ok(found.into_iter().next().unwrap_or_default())
    }

    async fn summarize_many(&self, requests: &[Summarize<'_>]) -> Result<Vec<Vec<Bucket>>> {
        let asked = |request: &Summarize<'_>| Asked {
            entry: self.entry(request.series),
            range: request.range,
            tombstones: request.tombstones.clone(),
            slots: request.slots,
            parts: request.parts,
            limit: request.limit.max(1),
        };
        let tasks: Vec<_> = requests
            .chunks(SUMMARIES)
            .map(|requests| {
                let asked: Vec<Asked> = requests.iter().map(asked).collect();
                let store = self.clone();
                blocking(move || store.summaries(&asked))
            })
            .collect();
        let found: Vec<_> = stream::iter(tasks).buffered(TASKS).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn extent(&self, series: &SeriesKey, range: TimeRange) -> Result<Option<Extent>> {
        let found = self.extents(slice::from_ref(series), range).await?;
        Ok(found.into_iter().next().flatten())
    }

    async fn extents(&self, series: &[SeriesKey], range: TimeRange) -> Result<Vec<Option<Extent>>> {
        let tasks: Vec<_> = series
            .chunks(EXTENTS)
            .map(|series| {
                let entries: Vec<_> = series.iter().map(|key| self.entry(key)).collect();
                let store = self.clone();
                blocking(move || store.extents_of(&entries, range))
            })
            .collect();
        let found: Vec<_> = stream::iter(tasks).buffered(TASKS).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn delete(
        &self,
        series: &SeriesKey,
        range: TimeRange,
        deleted_at: Timestamp,
    ) -> Result<()> {
        let Some(entry) = self.entry(series) else {
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

impl Embedded {
    fn entry(&self, series: &SeriesKey) -> Option<Arc<Entry>> {
        self.0.memory.entry(&series.tenant, &series.name)
    }

    /// Reads one state of the database.
    fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let readers = &self.0.readers;
        readers.read(|connection| scan::in_one_state(connection, read))
    }

    fn summaries(&self, asked: &[Asked]) -> Result<Vec<Vec<Bucket>>> {
        let walks: Vec<_> = asked.iter().map(Asked::walk).collect();
        self.read(|connection| {
            let each = walks.iter().zip(asked).map(|(walk, asked)| match walk {
                Some(walk) => walk.summarize(connection, asked.slots, asked.parts, asked.limit),
                None => Ok(Vec::new()),
            });
            each.collect()
        })
    }

    fn extents_of(
        &self,
        entries: &[Option<Arc<Entry>>],
        range: TimeRange,
    ) -> Result<Vec<Option<Extent>>> {
        let tail = |entry: &Arc<Entry>| (entry.id, entry.tail_within(range));
        let tails: Vec<_> = entries
            .iter()
            .map(|entry| entry.as_ref().map(tail))
            .collect();
        self.read(|connection| {
            let each = tails.iter().map(|tail| match tail {
                Some((series, tail)) => scan::extent(connection, *series, tail, range),
                None => Ok(None),
            });
            each.collect()
        })
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
