//! Merges small chunks into large ones, so that a series is read in few units,
//! and chunks that lie over each other. Runs on a schedule, one at a time, and
//! looks only at series that were written to since.
//!
//! What it does changes no answer: see [how chunks are
//! replaced](crate::points::replaced).

mod plan;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tidemark_core::name::SeriesKey;
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_store::columns::Columns;
use tidemark_store::error::Result;
use tidemark_store::port::{Order, PointStore};
use tokio::time::Instant;

use crate::batch::get_all;
use crate::catalog::{CatalogTable, Touched};
use crate::client::Aws;
use crate::item::key;
use crate::points::item::{self, series_key};
use crate::points::replaced::Chunk;
use crate::points::window::{SMALL, Size, Strand};
use crate::points::{Points, Reading};
use crate::settings::SettingError;
use plan::{ENOUGH, Head};

/// A series that was not written to for so long is compacted to the end, and
/// then left alone.
const SETTLED: i64 = 3600 * 1_000_000_000;
/// How often the large chunks of a series are looked at.
const SWEPT: i64 = 24 * 3600 * 1_000_000_000;
/// How long a tombstone outlives its deletion: longer than any batch may be
/// under way, which is as long as two queues keep it.
const TOMBSTONES_KEPT: i64 = 29 * 24 * 3600 * 1_000_000_000;
/// How many notes and small chunks are read of a series at a time.
const READ_AT_ONCE: usize = 1000;
/// How many series are compacted at the same time.
const SERIES_AT_ONCE: usize = 8;

/// The compactor.
#[derive(Clone)]
pub struct Compactor {
    points: Points,
    catalog: Arc<CatalogTable>,
}

impl Aws {
    /// The compactor (`TIDEMARK_POINTS_TABLE`, `TIDEMARK_CATALOG_TABLE`).
    pub fn compactor(&self) -> std::result::Result<Compactor, SettingError> {
        Ok(Compactor {
            points: self.points()?,
            catalog: Arc::new(self.catalog()?),
        })
    }
}

impl Compactor {
    /// Compacts series that were written to, until none is left or `budget` is
    /// spent; `now` is the time. Returns how many were looked at. What fails is
    /// logged and tried again by the next run.
    pub async fn run(&self, now: Timestamp, budget: Duration) -> Result<usize> {
        let deadline = Instant::now() + budget;
        let seen = AtomicUsize::new(0);
        let mut segments: Vec<i32> = (0..Touched::SEGMENTS).collect();
        // So that none is always the last.
        fastrand::shuffle(&mut segments);
        for segment in segments {
            let mut pages = Touched::new(&self.catalog, segment);
            while let Some(page) = pages.next().await? {
                stream::iter(page)
                    .take_while(|_| std::future::ready(Instant::now() < deadline))
                    .for_each_concurrent(SERIES_AT_ONCE, |series| {
                        seen.fetch_add(1, Ordering::Relaxed);
                        self.try_series(series, now)
                    })
                    .await;
                if Instant::now() >= deadline {
                    return Ok(seen.into_inner());
                }
            }
        }
        Ok(seen.into_inner())
    }

    async fn try_series(&self, series: SeriesKey, now: Timestamp) {
        if let Err(error) = self.series(&series, now).await {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::warn!(%error, cause, series = series.name.as_str(), "a series was not compacted");
        }
    }

    /// Compacts one series as far as is worth it.
    pub async fn series(&self, series: &SeriesKey, now: Timestamp) -> Result<()> {
        let Some(state) = self.catalog.upkeep(series).await? else {
            return Ok(());
        };
        let settled = now.since(state.updated) > SETTLED;
        let mut idle = self.merge_small(series, settled, now).await?;
        let since_sweep = state.swept.map(|swept| now.since(swept));
        let never_since = state.swept.is_none_or(|swept| swept < state.updated);
        if since_sweep.is_none_or(|since| since > SWEPT) || (settled && never_since) {
            idle &= !self.sweep(series, now).await?;
            self.catalog.swept(series, now).await?;
        }
        let kept_since = now.plus(-TOMBSTONES_KEPT);
        for tombstone in state.tombstones.iter() {
            if tombstone.deleted_at < kept_since {
                // What removed the points at the time may have failed.
                self.points
                    .delete(series, tombstone.range, tombstone.deleted_at)
                    .await?;
            }
        }
        self.catalog.retire(series, kept_since).await?;
        if idle && settled && state.tombstones.is_empty() {
            self.catalog.settle(series, state.updated).await?;
        }
        Ok(())
    }

    /// Merges small chunks, if there are enough of them; of a series that has
    /// settled, a few. Whether nothing is left to be done.
    async fn merge_small(&self, key: &SeriesKey, settled: bool, now: Timestamp) -> Result<bool> {
        let series = &series_key(key);
        let (notes, mut small) = self.points.notes_and_small(series, READ_AT_ONCE).await?;
        for note in notes.iter().filter(|note| note.is_due(now)) {
            self.points.remove_replaced(series, note).await?;
        }
        small.retain(|chunk| !notes.iter().any(|note| note.names(&chunk.key)));
        let enough = if settled { 2 } else { ENOUGH };
        if small.len() < enough {
            return Ok(notes.is_empty());
        }
        small.sort_by_key(|chunk| chunk.columns.times().first().copied());
        let noted = |key: &str| notes.iter().any(|note| note.names(key));
        if let Some(before) = small.first().and_then(first)
            && let Some(neighbour) = self.with_room(series, before, noted).await?
        {
            small.insert(0, neighbour);
        }
        self.points.replace(series, &small, now).await?;
        Ok(false)
    }

    /// The large chunk right before `time`, if it has room.
    async fn with_room(
        &self,
        series: &str,
        time: Timestamp,
        noted: impl Fn(&str) -> bool,
    ) -> Result<Option<Chunk>> {
        let Some(range) = time
            .previous()
            .and_then(|to| TimeRange::new(Timestamp::MIN, to).ok())
        else {
            return Ok(None);
        };
        let reading = Reading {
            series,
            range,
            order: Order::Descending,
            limit: Some(4),
            heads: true,
        };
        let mut last: Option<Head> = None;
        for strand in Strand::of_size(Size::Large) {
            let part = self.points.part(strand, reading, None).await?;
            for head in part.items.iter().map(Head::read) {
                let head = head?;
                let before = head.span.to() < time && !noted(&head.key);
                if before && last.as_ref().is_none_or(|l| l.span.to() < head.span.to()) {
                    last = Some(head);
                }
            }
        }
        match last {
            Some(head) if head.points < plan::ROOM => {
                let chunks = self.load(series, vec![head]).await?;
                Ok(chunks.into_iter().next())
            }
            _ => Ok(None),
        }
    }

    /// Merges large chunks that lie over each other, if there are any.
    async fn sweep(&self, key: &SeriesKey, now: Timestamp) -> Result<bool> {
        let series = &series_key(key);
        let (notes, _) = self.points.notes_and_small(series, READ_AT_ONCE).await?;
        let reading = Reading {
            series,
            range: TimeRange::ALL,
            order: Order::Ascending,
            limit: None,
            heads: true,
        };
        let mut heads = Vec::new();
        for strand in Strand::of_size(Size::Large) {
            let mut after = None;
            loop {
                let part = self.points.part(strand, reading, after).await?;
                for head in part.items.iter().map(Head::read) {
                    heads.extend(Some(head?).filter(|h| !notes.iter().any(|n| n.names(&h.key))));
                }
                after = part.last;
                if after.is_none() {
                    break;
                }
            }
        }
        let mut merged = false;
        for group in plan::over_each_other(heads) {
            let chunks = self.load(series, group).await?;
            self.points.replace(series, &chunks, now).await?;
            merged = true;
        }
        Ok(merged)
    }

    /// Reads the points of chunks; those that are gone are left out.
    async fn load(&self, series: &str, heads: Vec<Head>) -> Result<Vec<Chunk>> {
        let keys = heads
            .iter()
            .map(|head| key([("series", series), ("chunk", &head.key)]))
            .collect();
        let items = get_all(self.points.client(), self.points.table(), keys).await?;
        let chunk = |stored| {
            Ok(Chunk {
                key: item::key(stored)?.to_owned(),
                columns: item::columns(stored)?,
            })
        };
        items.iter().map(chunk).collect()
    }
}

fn first(chunk: &Chunk) -> Option<Timestamp> {
    let columns: &Columns = &chunk.columns;
    columns.times().first().copied()
}

// A compacted chunk is never a small one, so that these are all there are.
const _: () = assert!(SMALL > ENOUGH);
