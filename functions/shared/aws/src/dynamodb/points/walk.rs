//! Reads a series in order of time, a stretch after the other.
//!
//! All strands are read at once. As far as each of them is known, what they hold
//! is merged and given out; then those that are known least far are read on.
//! Chunks stay encoded until their points are given out, some at a time: all that
//! a page decodes to may be more than a function has memory for.

use std::cmp::Reverse;

use futures_util::{TryStreamExt, stream};
use tidemark_columnar::{Columns, merge};
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_core::tombstone::Tombstones;
use tidemark_ports::Order;
use tidemark_ports::error::Result;

use super::item::{self, Stored};
use super::window::{Size, Strand};
use super::{Points, Reading};
use crate::dynamodb::item::Item;

/// A walk over what a series holds in a range.
pub(super) struct Walk<'a> {
    points: &'a Points,
    reading: Reading<'a>,
    tombstones: &'a Tombstones,
    /// What has not been given out.
    rest: Option<TimeRange>,
    strands: Vec<Reached>,
}

/// How far a strand is known.
struct Reached {
    strand: Strand,
    /// Up to here (or down to here, where the order is descending); None if not
    /// at all.
    until: Option<Timestamp>,
    /// Where reading goes on.
    after: Option<Item>,
    /// Chunks some of whose points have not been given out.
    chunks: Vec<Stored>,
    /// How many chunks are read next at the most.
    limit: Option<i32>,
}

/// How many points a small chunk and a large one have at least, or thereabouts.
const POINTS: [(Size, usize); 2] = [(Size::Small, 64), (Size::Large, 2048)];
/// How many strands are read at the same time: each takes a connection, which
/// a function that has just started has yet to open.
const STRANDS: usize = 5;
/// How many chunks are read first at least.
const FEW: i32 = 4;
/// How many points are in hand at the most, 24 bytes each, and the same again and
/// more while they are merged. All points of one time are, however many.
const IN_HAND: usize = 1 << 19;

impl<'a> Walk<'a> {
    pub(super) fn new(
        points: &'a Points,
        series: &'a str,
        range: TimeRange,
        tombstones: &'a Tombstones,
        order: Order,
    ) -> Self {
        let reading = Reading {
            series,
            range,
            order,
            limit: None,
            heads: false,
        };
        let strand = |strand| Reached {
            strand,
            until: None,
            after: None,
            chunks: Vec::new(),
            limit: None,
        };
        Self {
            points,
            reading,
            tombstones,
            rest: Some(range),
            strands: Strand::every().map(strand).collect(),
        }
    }

    /// The same, reading few chunks first where that may be enough.
    pub(super) fn looking_for(mut self, points: usize) -> Self {
        for reached in &mut self.strands {
            let size = POINTS.iter().find(|(size, _)| *size == reached.strand.size);
            let chunks = size.map_or(points, |(_, in_each)| points / in_each);
            let chunks = i32::try_from(chunks).unwrap_or(i32::MAX);
            reached.limit = Some(chunks.max(FEW));
        }
        self
    }

    /// The next points that are not hidden, sorted; at least one. None at the
    /// end.
    pub(super) async fn next(&mut self) -> Result<Option<Columns>> {
        while let Some(rest) = self.rest {
            let Some(known) = self.known(rest) else {
                self.read_on().await?;
                continue;
            };
            let (given, mut columns) = self.take(known)?;
            self.rest = after(given, rest, self.reading.order);
            if !self.tombstones.is_empty() {
                columns.retain(|time, received| !self.tombstones.hides(time, received));
            }
            if !columns.is_empty() {
                return Ok(Some(columns));
            }
        }
        Ok(None)
    }

    /// Reads as much as one call gives of each strand; whether that is all.
    pub(super) async fn is_read_at_once(&mut self) -> Result<bool> {
        self.read_on().await?;
        Ok(self.strands.iter().all(|strand| strand.after.is_none()))
    }

    /// Reads all of a series of few chunks in one query, and nothing of one that has more.
    pub(super) async fn read_few(&mut self) -> Result<()> {
        let Some(items) = self.points.few(self.reading).await? else {
            return Ok(());
        };
        let end = match self.reading.order {
            Order::Ascending => self.reading.range.to(),
            Order::Descending => self.reading.range.from(),
        };
        for strand in &mut self.strands {
            strand.until = Some(end);
        }
        // Of which strand they are makes no difference any more.
        if let Some(strand) = self.strands.first_mut() {
            strand.take_in(items, self.reading.range)?;
        }
        Ok(())
    }

    /// The part of what is left that all strands are known of.
    fn known(&self, rest: TimeRange) -> Option<TimeRange> {
        let reached = self.least()?;
        match self.reading.order {
            Order::Ascending => TimeRange::new(rest.from(), reached.min(rest.to())).ok(),
            Order::Descending => TimeRange::new(reached.max(rest.from()), rest.to()).ok(),
        }
    }

    /// How far the strand that is known least is known; None if not at all.
    fn least(&self) -> Option<Timestamp> {
        let known = self.strands.iter().map(|s| s.until);
        let known: Option<Vec<Timestamp>> = known.collect();
        match self.reading.order {
            Order::Ascending => known?.into_iter().min(),
            Order::Descending => known?.into_iter().max(),
        }
    }

    /// Reads the strands on that are known least.
    async fn read_on(&mut self) -> Result<()> {
        let least = self.least();
        let (points, reading) = (self.points, self.reading);
        let behind = self.strands.iter_mut().filter(|s| s.until == least);
        stream::iter(behind.map(Ok))
            .try_for_each_concurrent(STRANDS, |strand| strand.read(points, reading))
            .await
    }

    /// Takes out what the strands hold of the beginning of a range, as much as may
    /// be in hand; and tells which part of the range that is.
    fn take(&mut self, range: TimeRange) -> Result<(TimeRange, Columns)> {
        let order = self.reading.order;
        let chunks = self.strands.iter().flat_map(|strand| &strand.chunks);
        let (given, mut parts) = beginning(chunks, range, order, IN_HAND)?;
        for strand in &mut self.strands {
            strand.chunks.retain(|chunk| match order {
                Order::Ascending => chunk.span.to() > given.to(),
                Order::Descending => chunk.span.from() < given.from(),
            });
        }
        let columns = match parts.pop() {
            Some(mut one) if parts.is_empty() => {
                one.normalize();
                one
            }
            last => {
                parts.extend(last);
                merge(&parts)
            }
        };
        Ok((given, columns))
    }
}

/// What is left of `rest` behind its beginning.
fn after(beginning: TimeRange, rest: TimeRange, order: Order) -> Option<TimeRange> {
    let (from, to) = match order {
        Order::Ascending => (beginning.to().next()?, rest.to()),
        Order::Descending => (rest.from(), beginning.from().previous()?),
    };
    TimeRange::new(from, to).ok()
}

/// What chunks hold of the beginning of a range (its end, where the order is
/// descending): at most so many points, if they are not all of one time. Also
/// which part of the range that is.
fn beginning<'a>(
    chunks: impl Iterator<Item = &'a Stored>,
    range: TimeRange,
    order: Order,
    most: usize,
) -> Result<(TimeRange, Vec<Columns>)> {
    let mut chunks: Vec<&Stored> = chunks.filter(|c| c.span.overlaps(range)).collect();
    match order {
        Order::Ascending => chunks.sort_by_key(|chunk| chunk.span.from()),
        Order::Descending => chunks.sort_by_key(|chunk| Reverse(chunk.span.to())),
    }
    let mut given = before_chunk(&chunks, range, order, most);
    let mut parts: Vec<Columns> = Vec::new();
    let mut points = 0;
    for chunk in chunks {
        if !chunk.span.overlaps(given) {
            continue;
        }
        if let Some(part) = within(chunk.columns()?, given) {
            points += part.len();
            parts.push(part);
        }
        // Of chunks that lie over each other, each is decoded again for what is
        // given out later.
        while points > most
            && let Some(less) = less(&parts, given, order)
        {
            given = less;
            parts = parts.into_iter().filter_map(|p| within(p, given)).collect();
            points = parts.iter().map(Columns::len).sum();
        }
    }
    Ok((given, parts))
}

/// The beginning of a range that ends where a chunk begins: so that what is given
/// out before it is not more than may be, and chunks that do not lie over each
/// other are decoded once.
fn before_chunk(chunks: &[&Stored], range: TimeRange, order: Order, most: usize) -> TimeRange {
    let mut points = 0;
    for chunk in chunks {
        points += chunk.points;
        let before = match order {
            Order::Ascending => chunk
                .span
                .from()
                .previous()
                .and_then(|to| TimeRange::new(range.from(), to).ok()),
            Order::Descending => chunk
                .span
                .to()
                .next()
                .and_then(|from| TimeRange::new(from, range.to()).ok()),
        };
        if points > most
            && let Some(before) = before
        {
            return before;
        }
    }
    range
}

/// The beginning of a range that has about half the points of these; None if they
/// are all of one time.
fn less(parts: &[Columns], range: TimeRange, order: Order) -> Option<TimeRange> {
    let spans = || parts.iter().filter_map(Columns::span);
    let first = spans().map(TimeRange::from).min()?.nanos();
    let last = spans().map(TimeRange::to).max()?.nanos();
    if first == last {
        return None;
    }
    // Rounded down, and thus before the last.
    let middle = Timestamp::from_nanos((first & last) + ((first ^ last) >> 1));
    match order {
        Order::Ascending => TimeRange::new(range.from(), middle).ok(),
        Order::Descending => TimeRange::new(middle.next()?, range.to()).ok(),
    }
}

/// The part of columns inside a range, if there is one.
fn within(columns: Columns, range: TimeRange) -> Option<Columns> {
    let positions = columns.positions(range);
    if positions.len() == columns.len() {
        return Some(columns);
    }
    (!positions.is_empty()).then(|| columns.cut(positions))
}

impl Reached {
    async fn read(&mut self, points: &Points, mut reading: Reading<'_>) -> Result<()> {
        reading.limit = self.limit;
        self.limit = self.limit.and_then(|limit| limit.checked_mul(8));
        let part = points.part(self.strand, reading, self.after.take()).await?;
        let window = match &part.last {
            Some(key) => self.strand.window(item::key(key)?),
            None => None,
        };
        // Of the window where reading stopped, chunks may be missing.
        self.until = match (window, reading.order) {
            (Some(window), Order::Ascending) => window.span().from().previous(),
            (Some(window), Order::Descending) => window.span().to().next(),
            (None, Order::Ascending) => Some(reading.range.to()),
            (None, Order::Descending) => Some(reading.range.from()),
        };
        self.after = part.last;
        self.take_in(part.items, reading.range)
    }

    /// Takes in those chunks that reach into the range.
    fn take_in(&mut self, items: Vec<Item>, range: TimeRange) -> Result<()> {
        for item in items {
            let chunk = Stored::read(item)?;
            if chunk.span.overlaps(range) {
                self.chunks.push(chunk);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
