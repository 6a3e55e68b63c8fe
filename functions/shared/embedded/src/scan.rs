//! Reads a series: walks its chunks in order of time and merges the tail in.
//!
//! The tail is looked at before the database, and the flusher removes a point
//! from the tail only once its chunk is committed, so a point that is being
//! flushed is seen in at least one of them; merged, twice is once. A deletion
//! that runs at the same time may be seen half done.

use std::ops::ControlFlow;

use rusqlite::{Connection, Row};
use tidemark_columnar::chunk::Chunk;
use tidemark_columnar::{Columns, merge};
use tidemark_core::summary::{Parts, StoredSummary};
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_core::tombstone::Tombstones;
use tidemark_ports::error::Result;
use tidemark_ports::slots::Buckets;
use tidemark_ports::{Bucket, Extent, Order, Page, Slots};

use crate::chunks;
use crate::error::{corrupt, failed};
use crate::memory::Entry;

const READING: &str = "reading chunks";

/// Selects the chunks of series ?1 that reach into ?2 to ?3. They are disjoint,
/// so of those that begin earlier only the last one can.
macro_rules! chunks_within {
    () => {
        "SELECT id, first, last, min_received, summary FROM chunk
         WHERE series = ?1 AND first <= ?3 AND last >= ?2 AND first >= coalesce(
             (SELECT max(first) FROM chunk WHERE series = ?1 AND first <= ?2), ?2)"
    };
}

/// A walk over what a series holds in a range.
pub(super) struct Walk<'a> {
    series: i64,
    range: TimeRange,
    tombstones: &'a Tombstones,
    tail: Columns,
}

/// A part of a series; the parts of a walk are disjoint and in order.
enum Stretch {
    /// The part of a chunk inside this range, with nothing hidden and nothing
    /// to merge in.
    Chunk(Header, TimeRange),
    /// Points; some at least.
    Points(Columns),
}

/// A chunk, but for its points.
struct Header {
    id: i64,
    span: TimeRange,
    min_received: Timestamp,
    summary: Vec<u8>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(entry: &Entry, range: TimeRange, tombstones: &'a Tombstones) -> Self {
        Self {
            series: entry.id,
            range,
            tombstones,
            tail: entry.tail_within(range),
        }
    }

    /// Reads up to `limit` points, from one state of the database.
    pub(super) fn read(&self, connection: &Connection, order: Order, limit: usize) -> Result<Page> {
        let mut points = Vec::new();
        let mut full = false;
        self.stretches(connection, order, |connection, stretch| {
            if points.len() == limit {
                full = true;
                return Ok(ControlFlow::Break(()));
            }
            let columns = match stretch {
                Stretch::Points(columns) => columns,
                Stretch::Chunk(header, within) => {
                    let columns = chunks::load(connection, header.id)?;
                    columns.cut(columns.positions(within))
                }
            };
            let (n, room) = (columns.len(), limit - points.len());
            full = n > room;
            match order {
                Order::Ascending => points.extend(columns.points(0..n.min(room))),
                Order::Descending => points.extend(columns.points(n.saturating_sub(room)..n).rev()),
            }
            Ok(if full {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            })
        })?;
        let rest = points.last().filter(|_| full).and_then(|last| match order {
            Order::Ascending => TimeRange::new(last.time.next()?, self.range.to()).ok(),
            Order::Descending => TimeRange::new(self.range.from(), last.time.previous()?).ok(),
        });
        Ok(Page { points, rest })
    }

    /// Summarizes the range into slots, from one state of the database.
    pub(super) fn summarize(
        &self,
        connection: &Connection,
        slots: Slots,
        parts: Parts,
        limit: usize,
    ) -> Result<Vec<Bucket>> {
        let mut buckets = Buckets::new(slots, self.range, parts, limit);
        self.stretches(connection, Order::Ascending, |connection, stretch| {
            match stretch {
                Stretch::Points(columns) => buckets.add(columns.times(), columns.values()),
                Stretch::Chunk(header, within) => {
                    if Parts::STORED.cover(parts)
                        && within == header.span
                        && buckets.is_one_slot(header.span)
                    {
                        let summary: StoredSummary = postcard::from_bytes(&header.summary)
                            .map_err(|e| {
                                corrupt(format!("summary of chunk {}", header.id)).because(e)
                            })?;
                        buckets.add_summary(header.span.from(), summary.into());
                    } else {
                        let samples = chunks::read(connection, header.id, |bytes| {
                            Chunk::open(bytes)?.samples()
                        })?;
                        let inside = samples.positions(within);
                        buckets.add(&samples.times[inside.clone()], &samples.values[inside]);
                    }
                }
            }
            Ok(if buckets.is_full() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            })
        })?;
        Ok(buckets.finish())
    }

    fn stretches(
        &self,
        connection: &Connection,
        order: Order,
        mut visit: impl FnMut(&Connection, Stretch) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        let mut statement = connection
            .prepare_cached(match order {
                Order::Ascending => concat!(chunks_within!(), " ORDER BY first"),
                Order::Descending => concat!(chunks_within!(), " ORDER BY first DESC"),
            })
            .map_err(failed(READING))?;
        let mut rows = statement
            .query((
                self.series,
                self.range.from().nanos(),
                self.range.to().nanos(),
            ))
            .map_err(failed(READING))?;
        // What has not been walked yet.
        let mut rest = Some(self.range);
        while let Some(row) = rows.next().map_err(failed(READING))? {
            let header = header(row)?;
            let (Some(within), Some(ahead)) = (header.span.intersection(self.range), rest) else {
                continue;
            };
            let gap = match order {
                Order::Ascending => {
                    rest = between(within.to().next(), Some(ahead.to()));
                    between(Some(ahead.from()), within.from().previous())
                }
                Order::Descending => {
                    rest = between(Some(ahead.from()), within.from().previous());
                    between(within.to().next(), Some(ahead.to()))
                }
            };
            for stretch in [
                self.tail_stretch(gap),
                self.chunk_stretch(connection, header, within)?,
            ] {
                if let Some(stretch) = stretch
                    && visit(connection, stretch)?.is_break()
                {
                    return Ok(());
                }
            }
        }
        if let Some(stretch) = self.tail_stretch(rest) {
            // The last one; whether to go on makes no difference.
            let _ = visit(connection, stretch)?;
        }
        Ok(())
    }

    /// What the tail holds between chunks.
    fn tail_stretch(&self, gap: Option<TimeRange>) -> Option<Stretch> {
        let positions = self.tail.positions(gap?);
        if positions.is_empty() {
            return None;
        }
        self.visible(self.tail.cut(positions))
    }

    fn chunk_stretch(
        &self,
        connection: &Connection,
        header: Header,
        within: TimeRange,
    ) -> Result<Option<Stretch>> {
        let written_over = self.tail.positions(within);
        let hidden = self
            .tombstones
            .within(within)
            .iter()
            .any(|t| t.deleted_at >= header.min_received);
        if written_over.is_empty() && !hidden {
            return Ok(Some(Stretch::Chunk(header, within)));
        }
        let chunk = chunks::load(connection, header.id)?;
        let columns = merge([
            &chunk.cut(chunk.positions(within)),
            &self.tail.cut(written_over),
        ]);
        Ok(self.visible(columns))
    }

    fn visible(&self, mut columns: Columns) -> Option<Stretch> {
        if !self.tombstones.is_empty() {
            columns.retain(|time, received| !self.tombstones.hides(time, received));
        }
        (!columns.is_empty()).then_some(Stretch::Points(columns))
    }
}

fn between(from: Option<Timestamp>, to: Option<Timestamp>) -> Option<TimeRange> {
    TimeRange::new(from?, to?).ok()
}

fn header(row: &Row<'_>) -> Result<Header> {
    let (id, first, last, min_received, summary): (i64, i64, i64, i64, Vec<u8>) =
        row.try_into().map_err(failed(READING))?;
    let span = TimeRange::new(Timestamp::from_nanos(first), Timestamp::from_nanos(last))
        .map_err(|e| corrupt(format!("the span of chunk {id}")).because(e))?;
    Ok(Header {
        id,
        span,
        min_received: Timestamp::from_nanos(min_received),
        summary,
    })
}

/// Reads one state of the database. Tails are to be looked at before.
pub(super) fn in_one_state<T>(
    connection: &mut Connection,
    read: impl FnOnce(&Connection) -> Result<T>,
) -> Result<T> {
    let transaction = connection.transaction().map_err(failed(READING))?;
    read(&transaction)
}

/// What the tail and the chunks of a series hold of a range, roughly.
pub(super) fn extent(
    connection: &Connection,
    series: i64,
    tail: &Columns,
    range: TimeRange,
) -> Result<Option<Extent>> {
    let (first, last, points): (Option<i64>, Option<i64>, u64) = connection
        .prepare_cached(
            "SELECT min(first), max(last), coalesce(sum(points), 0) FROM chunk
             WHERE series = ?1 AND first <= ?3 AND last >= ?2",
        )
        .and_then(|mut statement| {
            statement.query_row((series, range.from().nanos(), range.to().nanos()), |row| {
                row.try_into()
            })
        })
        .map_err(failed(READING))?;
    let chunks = between(
        first.map(Timestamp::from_nanos),
        last.map(Timestamp::from_nanos),
    )
    .and_then(|span| span.intersection(range));
    let spans = [tail.span(), chunks];
    let from = spans.iter().flatten().map(|s| s.from()).min();
    let to = spans.iter().flatten().map(|s| s.to()).max();
    Ok(between(from, to).map(|range| Extent {
        range,
        points: points + tail.len() as u64,
    }))
}
