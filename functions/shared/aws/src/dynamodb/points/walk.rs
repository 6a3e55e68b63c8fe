//! Reads a series in order of time, a stretch after the other.
//!
//! All strands are read at once. As far as each of them is known, what they hold
//! is merged and given out; then those that are known least far are read on.

use futures_util::{TryStreamExt, stream};
use tidemark_columnar::{Columns, merge};
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_core::tombstone::Tombstones;
use tidemark_ports::Order;
use tidemark_ports::error::Result;

use super::window::{Size, Strand};
use super::{Points, Reading, item};
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
    chunks: Vec<Columns>,
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
            self.rest = match self.reading.order {
                Order::Ascending => known
                    .to()
                    .next()
                    .and_then(|from| TimeRange::new(from, rest.to()).ok()),
                Order::Descending => known
                    .from()
                    .previous()
                    .and_then(|to| TimeRange::new(rest.from(), to).ok()),
            };
            let mut columns = self.take(known);
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

    /// Takes out what the strands hold of a range.
    fn take(&mut self, range: TimeRange) -> Columns {
        let mut parts = Vec::new();
        for strand in &mut self.strands {
            for chunk in &strand.chunks {
                let positions = chunk.positions(range);
                if positions.len() == chunk.len() {
                    parts.push(chunk.clone());
                } else if !positions.is_empty() {
                    parts.push(chunk.cut(positions));
                }
            }
            let order = self.reading.order;
            strand.chunks.retain(|chunk| match order {
                Order::Ascending => chunk.times().last().is_some_and(|&t| t > range.to()),
                Order::Descending => chunk.times().first().is_some_and(|&t| t < range.from()),
            });
        }
        merge(&parts)
    }
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
        let chunks = part.items.iter().map(item::columns);
        let chunks = chunks.collect::<Result<Vec<_>>>()?;
        let reaches = |chunk: &Columns| chunk.span().is_some_and(|s| s.overlaps(reading.range));
        self.chunks.extend(chunks.into_iter().filter(reaches));
        Ok(())
    }
}
