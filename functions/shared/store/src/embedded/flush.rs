//! Merges tails into chunks, a series a step, on the writing thread. The chunks
//! of a series stay disjoint: points that fall into a chunk's span, or behind
//! one that is not full, are merged with it, and others make chunks of their own.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension};
use tidemark_core::time::Timestamp;

use super::memory::{Entry, Memory};
use super::{chunks, failed, lock, log};
use crate::chunk;
use crate::columns::{Columns, merge};
use crate::error::Result;

/// Bytes of the log at which all tails are flushed: what a start may have to
/// replay, and some three times that in memory.
const LOG_BYTES: usize = 32 << 20;
/// Points of one tail at which it is flushed by itself.
pub(super) const TAIL_POINTS: usize = 4 * chunk::TARGET_POINTS;
/// How long a point waits in the log at the most.
const AGE: Duration = Duration::from_secs(300);
/// How long flushing rests after a failure.
const REST: Duration = Duration::from_secs(1);

enum Work {
    /// Merge the tail of a series into chunks.
    Flush(Arc<Entry>),
    /// Cut the log up to a record whose points are all in chunks.
    Cut(u64),
}

pub(super) struct Flusher {
    memory: Arc<Memory>,
    queue: VecDeque<Work>,
    /// Done in the transaction that is open.
    uncommitted: Vec<Work>,
    /// Since when there are points in tails.
    since: Option<Instant>,
    resting_until: Option<Instant>,
}

impl Flusher {
    pub(super) const fn new(memory: Arc<Memory>) -> Self {
        Self {
            memory,
            queue: VecDeque::new(),
            uncommitted: Vec::new(),
            since: None,
            resting_until: None,
        }
    }

    /// Whether there is something to do now.
    pub(super) fn is_busy(&self) -> bool {
        !self.queue.is_empty()
            && self
                .resting_until
                .is_none_or(|until| Instant::now() >= until)
    }

    /// Whether there is nothing to do, now or later.
    pub(super) fn is_done(&self) -> bool {
        self.queue.is_empty()
    }

    /// Finds out what is due.
    pub(super) fn look_around(&mut self) {
        for entry in lock(&self.memory.large).drain(..) {
            self.queue.push_back(Work::Flush(entry));
        }
        let logged = self.memory.logged.load(Ordering::Relaxed);
        if logged == 0 {
            self.since = None;
            return;
        }
        let since = *self.since.get_or_insert_with(Instant::now);
        if logged >= LOG_BYTES || since.elapsed() >= AGE {
            self.flush_all();
        }
    }

    /// Has all that is in tails now flushed, and the log cut.
    pub(super) fn flush_all(&mut self) {
        if self.memory.logged.swap(0, Ordering::Relaxed) == 0 {
            return;
        }
        self.since = None;
        let dirty = std::mem::take(&mut *lock(&self.memory.dirty));
        self.queue.extend(dirty.into_iter().map(Work::Flush));
        self.queue
            .push_back(Work::Cut(self.memory.sequence.load(Ordering::Relaxed)));
    }

    /// Does the next piece of work inside the open transaction.
    pub(super) fn step(&mut self, connection: &Connection) -> Result<()> {
        let Some(work) = self.queue.pop_front() else {
            return Ok(());
        };
        let outcome = match &work {
            Work::Flush(entry) => flush(connection, entry),
            Work::Cut(sequence) => log::cut(connection, *sequence),
        };
        self.uncommitted.push(work);
        outcome
    }

    /// What was done is on disk. True if it has left free pages behind.
    pub(super) fn committed(&mut self) -> bool {
        let mut freed = false;
        for work in self.uncommitted.drain(..) {
            match work {
                Work::Flush(entry) => lock(&entry.tail).frozen = None,
                Work::Cut(_) => freed = true,
            }
        }
        freed
    }

    /// What was done is undone; it will be tried again.
    pub(super) fn failed(&mut self) {
        while let Some(work) = self.uncommitted.pop() {
            self.queue.push_front(work);
        }
        self.resting_until = Some(Instant::now() + REST);
    }
}

/// Merges the tail of one series into its chunks.
fn flush(connection: &Connection, entry: &Entry) -> Result<()> {
    let tail = freeze(entry);
    let mut done = 0;
    while done < tail.len() {
        done = merge_group(connection, entry.id, &tail, done)?;
    }
    let (live, updated) = {
        let listing = lock(&entry.listing);
        (listing.live, listing.updated)
    };
    connection
        .prepare_cached("UPDATE series SET live = ?2, updated = ?3 WHERE id = ?1")
        .and_then(|mut statement| statement.execute((entry.id, live, updated.nanos())))
        .map_err(failed("updating the catalog"))?;
    Ok(())
}

/// Sets aside what is in the tail, but for what was deleted: a batch may come
/// later than the deletion that covers it, and tombstones do not last.
fn freeze(entry: &Entry) -> Arc<Columns> {
    let tombstones = lock(&entry.listing).tombstones.clone();
    let mut tail = lock(&entry.tail);
    let mut active = std::mem::take(&mut tail.active);
    active.normalize();
    if !tombstones.is_empty() {
        active.retain(|time, received| !tombstones.hides(time, received));
    }
    let frozen = match tail.frozen.take() {
        // Left from a transaction that failed.
        Some(left) => Arc::new(merge([&left, &active])),
        None => Arc::new(active),
    };
    tail.frozen = Some(Arc::clone(&frozen));
    frozen
}

/// A chunk as the flusher sees it.
struct Neighbour {
    id: i64,
    last: Timestamp,
    points: usize,
}

/// Stores the points of the tail from position `start` on, up to where the next
/// chunk begins; returns that position.
fn merge_group(
    connection: &Connection,
    series: i64,
    tail: &Columns,
    start: usize,
) -> Result<usize> {
    let time = tail.times()[start];
    let searching = "searching for chunks to merge with";
    let before = connection
        .prepare_cached(
            "SELECT id, last, points FROM chunk WHERE series = ?1 AND first <= ?2
             ORDER BY first DESC LIMIT 1",
        )
        .and_then(|mut statement| {
            statement
                .query_row((series, time.nanos()), |row| {
                    let last = Timestamp::from_nanos(row.get(1)?);
                    Ok(Neighbour {
                        id: row.get(0)?,
                        last,
                        points: row.get(2)?,
                    })
                })
                .optional()
        })
        .map_err(failed(searching))?;
    let next: Option<i64> = connection
        .prepare_cached("SELECT min(first) FROM chunk WHERE series = ?1 AND first > ?2")
        .and_then(|mut statement| statement.query_row((series, time.nanos()), |row| row.get(0)))
        .map_err(failed(searching))?;
    let rest = &tail.times()[start..];
    let up_to = |end: Option<Timestamp>| {
        start + end.map_or(rest.len(), |end| rest.partition_point(|&t| t < end))
    };
    let end = up_to(next.map(Timestamp::from_nanos));
    let Some(before) = before else {
        chunks::store(connection, series, &tail.cut(start..end))?;
        return Ok(end);
    };
    let merged_to = if before.points < chunk::TARGET_POINTS {
        end
    } else {
        up_to(before.last.next())
    };
    if merged_to > start {
        let chunk = chunks::load(connection, before.id)?;
        chunks::remove(connection, before.id)?;
        chunks::store(
            connection,
            series,
            &merge([&chunk, &tail.cut(start..merged_to)]),
        )?;
    }
    if merged_to < end {
        chunks::store(connection, series, &tail.cut(merged_to..end))?;
    }
    Ok(end)
}
