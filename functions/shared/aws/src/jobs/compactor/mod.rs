//! Merges small chunks into large ones, so that a series is read in few units,
//! and chunks that lie over each other. Runs on a schedule, one at a time, and
//! looks only at series that were written to since.
//!
//! What it does changes no answer: see [how chunks are
//! replaced](crate::dynamodb::points::replaced).

mod plan;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::try_join_all;
use futures_util::{StreamExt, stream};
use tidemark_core::name::SeriesKey;
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_core::tombstone::Tombstone;
use tidemark_ports::error::{Result, causes};
use tidemark_ports::{Order, deadline};
use tokio::time::Instant;

use crate::client::Aws;
use crate::dynamodb::catalog::{CatalogTable, Touched};
use crate::dynamodb::item::key;
use crate::dynamodb::points::item::{self, Stored, series_key};
use crate::dynamodb::points::replaced::Note;
use crate::dynamodb::points::window::{SMALL, Size, Strand};
use crate::dynamodb::points::{Points, Reading};
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
/// How long after its time a deletion is recorded at the latest.
const RECORDED_WITHIN: i64 = 60 * 1_000_000_000;
/// How many small chunks are merged at a time: what notes their keys is far
/// smaller than an item may be.
const MERGED_AT_ONCE: usize = 1000;
/// How long one series may hold up others.
const A_SERIES_MAY_TAKE: Duration = Duration::from_mins(1);
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
    /// spent; `now` tells the time. Returns how many were looked at. What fails
    /// is logged and tried again by the next run.
    pub async fn run(&self, now: impl Fn() -> Timestamp + Sync, budget: Duration) -> Result<usize> {
        let deadline = Instant::now() + budget;
        let seen = AtomicUsize::new(0);
        let mut segments: Vec<i32> = (0..Touched::SEGMENTS).collect();
        // So that none is always the last.
        fastrand::shuffle(&mut segments);
        for segment in segments {
            let mut pages = Touched::new(&self.catalog, segment);
            while let Some(mut page) = pages.next().await? {
                fastrand::shuffle(&mut page);
                stream::iter(page)
                    .take_while(|_| std::future::ready(Instant::now() < deadline))
                    .for_each_concurrent(SERIES_AT_ONCE, |series| {
                        seen.fetch_add(1, Ordering::Relaxed);
                        self.try_series(series, now(), deadline)
                    })
                    .await;
                if Instant::now() >= deadline {
                    return Ok(seen.into_inner());
                }
            }
        }
        Ok(seen.into_inner())
    }

    async fn try_series(&self, series: SeriesKey, now: Timestamp, end: Instant) {
        // What was begun in the last moment may take as long again.
        let until = Instant::now() + 2 * A_SERIES_MAY_TAKE;
        let upkeep = deadline::within(until, self.upkeep(&series, now, end));
        if let Err(error) = upkeep.await {
            let error = causes(&error);
            tracing::warn!(
                error,
                series = series.name.as_str(),
                "a series was not compacted"
            );
        }
    }

    /// Compacts one series as far as is worth it.
    pub async fn series(&self, series: &SeriesKey, now: Timestamp) -> Result<()> {
        let deadline = Instant::now() + A_SERIES_MAY_TAKE;
        self.upkeep(series, now, deadline).await
    }

    async fn upkeep(&self, key: &SeriesKey, now: Timestamp, deadline: Instant) -> Result<()> {
        let Some(state) = self.catalog.upkeep(key).await? else {
            return Ok(());
        };
        let series = &series_key(key);
        let deadline = deadline.min(Instant::now() + A_SERIES_MAY_TAKE);
        let mut notes = self.points.notes(series).await?;
        for note in notes.extract_if(.., |note| note.is_due(now)) {
            self.points.remove_replaced(series, &note).await?;
        }
        let replaced: HashSet<&str> = notes.iter().flat_map(Note::replaced).collect();
        let settled = now.since(state.updated) > SETTLED;
        let mut idle = replaced.is_empty();
        idle &= !self
            .merge_small(series, settled, now, &replaced, deadline)
            .await?;
        let since_sweep = state.swept.map(|swept| now.since(swept));
        let never_since = state.swept.is_none_or(|swept| swept < state.updated);
        if since_sweep.is_none_or(|since| since > SWEPT) || (settled && never_since) {
            let from = state.sweeping.unwrap_or(Timestamp::MIN);
            let swept = self.sweep(series, from, now, &replaced, deadline).await?;
            idle &= !swept.merged && swept.rest.is_none();
            let news = |t: &&Tombstone| !is_erased(t, state.swept);
            if let Some(rest) = swept.rest {
                self.catalog.sweeping(key, rest).await?;
            } else if self
                .erase(key, state.tombstones.iter().filter(news), deadline)
                .await?
            {
                self.catalog.swept(key, now).await?;
            }
        }
        let kept_since = now.plus(-TOMBSTONES_KEPT);
        let old = || {
            state
                .tombstones
                .iter()
                .filter(|t| t.deleted_at < kept_since)
        };
        // What removed their points at the time may have failed.
        if old().next().is_some() && self.erase(key, old(), deadline).await? {
            self.catalog.retire(key, kept_since).await?;
        }
        // Old tombstones wait for the next write: what they hide is gone.
        let erased = |t: &Tombstone| is_erased(t, state.swept);
        if idle && settled && state.tombstones.iter().all(erased) {
            self.catalog.settle(key, &state).await?;
        }
        Ok(())
    }

    /// Removes what deletions hide; false if the time was not enough.
    async fn erase(
        &self,
        series: &SeriesKey,
        tombstones: impl Iterator<Item = &Tombstone>,
        deadline: Instant,
    ) -> Result<bool> {
        for Tombstone { range, deleted_at } in tombstones {
            let removing = self.points.remove(series, *range, *deleted_at, deadline);
            if !removing.await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Merges small chunks, but for those that were replaced, where there are
    /// enough of them; of a series that has settled, a few. Whether there were.
    async fn merge_small(
        &self,
        series: &str,
        settled: bool,
        now: Timestamp,
        replaced: &HashSet<&str>,
        deadline: Instant,
    ) -> Result<bool> {
        let enough = if settled { 2 } else { ENOUGH };
        let mut merged = false;
        let mut waiting: Vec<Stored> = Vec::new();
        let mut after = None;
        loop {
            let (chunks, last) = self.points.small(series, after).await?;
            let fresh = |chunk: &Stored| !replaced.contains(chunk.key.as_str());
            waiting.extend(chunks.into_iter().filter(fresh));
            after = last;
            let ended = after.is_none() || Instant::now() >= deadline;
            while waiting.len() >= MERGED_AT_ONCE || (ended && waiting.len() >= enough) {
                let most = waiting.len().min(MERGED_AT_ONCE);
                let chunks = waiting.drain(..most).collect();
                self.merge(series, chunks, now, replaced).await?;
                merged = true;
            }
            if ended {
                return Ok(merged);
            }
        }
    }

    /// Merges small chunks with each other, and with the large one before them
    /// if it has room.
    async fn merge(
        &self,
        series: &str,
        mut small: Vec<Stored>,
        now: Timestamp,
        replaced: &HashSet<&str>,
    ) -> Result<()> {
        small.sort_by_key(|chunk| chunk.span.from());
        if let Some(before) = small.first().map(|chunk| chunk.span.from())
            && let Some(neighbour) = self.with_room(series, before, replaced).await?
        {
            small.insert(0, neighbour);
        }
        self.points.replace(series, &small, now).await
    }

    /// The large chunk right before `time`, if it has room.
    async fn with_room(
        &self,
        series: &str,
        time: Timestamp,
        replaced: &HashSet<&str>,
    ) -> Result<Option<Stored>> {
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
                let before = head.span.to() < time && !replaced.contains(head.key.as_str());
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

    /// Merges large chunks that lie over each other, from an instant on. Their
    /// heads are read a stretch of time after the other: those of a long series
    /// take longer than there is time.
    async fn sweep(
        &self,
        series: &str,
        from: Timestamp,
        now: Timestamp,
        replaced: &HashSet<&str>,
        deadline: Instant,
    ) -> Result<Swept> {
        let mut gone: HashSet<String> = replaced.iter().map(|&key| key.to_owned()).collect();
        let mut swept = Swept {
            merged: false,
            rest: Some(from),
        };
        while let Some(from) = swept.rest
            && (from == Timestamp::MIN || Instant::now() < deadline)
        {
            let strands = Strand::of_size(Size::Large);
            let parts = strands.map(|strand| self.heads(series, strand, from));
            let (heads, ends): (Vec<_>, Vec<_>) = try_join_all(parts).await?.into_iter().unzip();
            let end = ends.into_iter().flatten().min();
            let known = |head: &Head| end.is_none_or(|end| head.span.from() < end);
            let heads = heads.into_iter().flatten().filter(known);
            let heads = heads.filter(|head| !gone.contains(&head.key)).collect();
            for group in plan::over_each_other(heads) {
                gone.extend(group.iter().map(|head| head.key.clone()));
                let chunks = self.load(series, group).await?;
                self.points.replace(series, &chunks, now).await?;
                swept.merged = true;
            }
            swept.rest = end;
        }
        Ok(swept)
    }

    /// The heads of a strand's chunks that reach beyond an instant: all of them,
    /// or all that begin before another instant, if there are more than are read
    /// at once.
    async fn heads(
        &self,
        series: &str,
        strand: Strand,
        from: Timestamp,
    ) -> Result<(Vec<Head>, Option<Timestamp>)> {
        let range = TimeRange::new(from, Timestamp::MAX).unwrap_or(TimeRange::ALL);
        let reading = Reading {
            series,
            range,
            order: Order::Ascending,
            limit: None,
            heads: true,
        };
        let mut heads = Vec::new();
        let mut after = None;
        loop {
            let part = self.points.part(strand, reading, after).await?;
            for head in part.items.iter().map(Head::read) {
                heads.extend(Some(head?).filter(|head| head.span.to() >= from));
            }
            after = part.last;
            let Some(last) = &after else {
                return Ok((heads, None));
            };
            // Of the window where reading stopped, chunks may be missing.
            let end = strand.window(item::key(last)?).map(|w| w.span().from());
            if end.is_some_and(|end| end > from) {
                return Ok((heads, end));
            }
        }
    }

    /// Reads the points of chunks; those that are gone are left out.
    async fn load(&self, series: &str, heads: Vec<Head>) -> Result<Vec<Stored>> {
        let keys = heads
            .iter()
            .map(|head| key([("series", series), ("chunk", &head.key)]))
            .collect();
        let items = self.points.find(keys).await?;
        items.into_iter().map(Stored::read).collect()
    }
}

/// What a sweep came to.
struct Swept {
    /// Whether anything was merged.
    merged: bool,
    /// Where it goes on; None if it came to the end.
    rest: Option<Timestamp>,
}

/// Whether what a deletion hides was removed by a sweep. One may be recorded a
/// moment after the time that it bears.
fn is_erased(tombstone: &Tombstone, swept: Option<Timestamp>) -> bool {
    swept.is_some_and(|swept| swept.plus(-RECORDED_WITHIN) > tombstone.deleted_at)
}

// A compacted chunk is never a small one, so that these are all there are.
const _: () = assert!(SMALL > ENOUGH);
