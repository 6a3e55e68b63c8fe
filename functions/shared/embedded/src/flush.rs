//! Merges tails into chunks, a series a step, on the writing thread. The chunks
//! of a series stay disjoint: points that fall into a chunk's span, or behind
//! one that is not full, are merged with it, and others make chunks of their own.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension};
use tidemark_columnar::chunk;
use tidemark_columnar::{Columns, merge};
use tidemark_core::time::Timestamp;
use tidemark_ports::error::Result;

use crate::error::{failed, lock};
use crate::memory::{Entry, Memory};
use crate::{chunks, log};

/// Bytes of the log at which all tails are flushed. While that goes on the log
/// grows, the less the more there is in it (see [`Flusher::slice`]); a start may
/// have to replay some four times as much.
const LOG_BYTES: usize = 32 << 20;
/// How long flushing may delay a commit, when nothing is left behind.
const SLICE: Duration = Duration::from_millis(5);
/// How long a point waits in the log at the most.
const AGE: Duration = Duration::from_mins(5);
/// How long flushing rests after a failure.
const REST: Duration = Duration::from_secs(1);

enum Work {
    /// Merge the tail of a series into chunks.
    Flush(Arc<Entry>),
    /// Cut the log up to this record: the points of these bytes of it are in
    /// chunks.
    Cut { sequence: u64, bytes: usize },
}

pub(super) struct Flusher {
    memory: Arc<Memory>,
    queue: VecDeque<Work>,
    /// Done in the transaction that is open.
    uncommitted: Vec<Work>,
    /// Series whose tails could not be merged; the log is not cut meanwhile.
    failing: Vec<Arc<Entry>>,
    /// Bytes of the log whose points are being flushed.
    flushing: usize,
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
            failing: Vec::new(),
            flushing: 0,
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
        self.queue.is_empty() && self.failing.is_empty()
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

    /// How long flushing may delay the next commit: twice as long for each
    /// [`LOG_BYTES`] that are left to flush, and to the end beyond four.
    pub(super) fn slice(&self) -> Duration {
        let left = self.flushing + self.memory.logged.load(Ordering::Relaxed);
        match left / LOG_BYTES {
            behind @ 0..=4 => SLICE * (1 << behind),
            _ => Duration::MAX,
        }
    }

    /// Has all that is in tails now flushed, and the log cut.
    pub(super) fn flush_all(&mut self) {
        let logged = self.memory.logged.swap(0, Ordering::Relaxed);
        if logged == 0 && self.failing.is_empty() {
            return;
        }
        self.flushing += logged;
        self.since = None;
        let dirty = std::mem::take(&mut *lock(&self.memory.dirty));
        let entries = self.failing.drain(..).chain(dirty);
        self.queue.extend(entries.map(Work::Flush));
        let sequence = self.memory.sequence.load(Ordering::Relaxed);
        let bytes = logged;
        self.queue.push_back(Work::Cut { sequence, bytes });
    }

    /// Does the next piece of work inside the open transaction. A tail that
    /// cannot be merged, say with a chunk that is damaged, is left for later
    /// and holds up nothing but the cutting of the log.
    pub(super) fn step(&mut self, connection: &Connection) -> Result<()> {
        let Some(work) = self.queue.pop_front() else {
            return Ok(());
        };
        let outcome = match &work {
            Work::Flush(entry) => attempt(connection, entry),
            // The next cut takes this one along.
            Work::Cut { .. } if !self.failing.is_empty() => Ok(true),
            Work::Cut { sequence, .. } => log::cut(connection, *sequence).map(|()| true),
        };
        match (outcome, work) {
            (Ok(false), Work::Flush(entry)) => self.failing.push(entry),
            (Ok(_), work) => self.uncommitted.push(work),
            (Err(error), work) => {
                self.queue.push_front(work);
                return Err(error);
            }
        }
        Ok(())
    }

    /// What was done is on disk. True if it has left free pages behind.
    pub(super) fn committed(&mut self) -> bool {
        let mut freed = false;
        for work in self.uncommitted.drain(..) {
            match work {
                Work::Flush(entry) => lock(&entry.tail).frozen = None,
                Work::Cut { bytes, .. } => {
                    freed = true;
                    self.flushing -= bytes;
                }
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

/// Merges the tail of one series into its chunks; false if that failed and left
/// no trace. An error: the transaction is lost.
fn attempt(connection: &Connection, entry: &Entry) -> Result<bool> {
    let run = |sql| connection.execute_batch(sql).map_err(failed("flushing"));
    run("SAVEPOINT flush")?;
    let merged = flush(connection, entry);
    if let Err(error) = &merged {
        tracing::error!(
            %error, cause = ?std::error::Error::source(error), series = entry.id,
            "points could not be merged into chunks; the log has them"
        );
        run("ROLLBACK TO flush")?;
    }
    run("RELEASE flush")?;
    Ok(merged.is_ok())
}

/// Merges the tail of one series into its chunks.
fn flush(connection: &Connection, entry: &Entry) -> Result<()> {
    let tail = freeze(entry);
    let mut done = 0;
    while done < tail.len() {
        done = merge_group(connection, entry.id, &tail, done)?;
    }
    let (live, updated) = {
        let listing = entry.listing();
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
    let tombstones = entry.listing().tombstones.clone();
    let mut tail = lock(&entry.tail);
    let mut points = std::mem::take(&mut tail.active);
    // Left from a transaction that failed.
    if let Some(left) = tail.frozen.take() {
        points = merge([&*left, &points]);
    }
    points.normalize();
    if !tombstones.is_empty() {
        points.retain(|time, received| !tombstones.hides(time, received));
    }
    let frozen = Arc::new(points);
    tail.frozen = Some(Arc::clone(&frozen));
    frozen
}

/// A chunk as the flusher sees it.
struct Neighbour {
    id: i64,
    first: Timestamp,
    last: Timestamp,
    points: usize,
}

impl Neighbour {
    /// Whether points beside it are merged with it rather than stored apart.
    const fn has_room(&self) -> bool {
        self.points < chunk::TARGET_POINTS
    }
}

/// The chunk that `sql` selects for a series and a time, if there is one.
fn neighbour(
    connection: &Connection,
    sql: &str,
    series: i64,
    time: Timestamp,
) -> Result<Option<Neighbour>> {
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| {
            statement
                .query_row((series, time.nanos()), |row| {
                    Ok(Neighbour {
                        id: row.get(0)?,
                        first: Timestamp::from_nanos(row.get(1)?),
                        last: Timestamp::from_nanos(row.get(2)?),
                        points: row.get(3)?,
                    })
                })
                .optional()
        })
        .map_err(failed("searching for chunks to merge with"))
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
    let before = neighbour(
        connection,
        "SELECT id, first, last, points FROM chunk WHERE series = ?1 AND first <= ?2
         ORDER BY first DESC LIMIT 1",
        series,
        time,
    )?;
    let next = neighbour(
        connection,
        "SELECT id, first, last, points FROM chunk WHERE series = ?1 AND first > ?2
         ORDER BY first LIMIT 1",
        series,
        time,
    )?;
    let rest = &tail.times()[start..];
    let up_to = |end: Option<Timestamp>| {
        start + end.map_or(rest.len(), |end| rest.partition_point(|&t| t < end))
    };
    let end = up_to(next.as_ref().map(|next| next.first));
    // What lies inside the chunk before has to be merged with it.
    let inside = match &before {
        Some(before) if before.has_room() => end,
        Some(before) => up_to(before.last.next()),
        None => start,
    };
    if let Some(before) = before
        && inside > start
    {
        merge_with(connection, series, before.id, &tail.cut(start..inside))?;
    }
    if inside < end {
        let apart = tail.cut(inside..end);
        match next {
            // A series that is loaded backwards is not to end in crumbs.
            Some(next) if next.has_room() => merge_with(connection, series, next.id, &apart)?,
            _ => chunks::store(connection, series, &apart)?,
        }
    }
    Ok(end)
}

/// Puts points and those of a chunk in its place.
fn merge_with(connection: &Connection, series: i64, id: i64, points: &Columns) -> Result<()> {
    let chunk = chunks::load(connection, id)?;
    chunks::remove(connection, id)?;
    chunks::store(connection, series, &merge([&chunk, points]))
}
