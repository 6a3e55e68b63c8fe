//! The embedded store with hooks: calls that fail when a test says so, points
//! that are refused, extents that are exaggerated.

use std::num::NonZeroU64;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tidemark_app::validator::Validator;
use tidemark_core::about::AboutChange;
use tidemark_core::batch::{Batch, Source, Write};
use tidemark_core::discard::{Discard, DiscardId};
use tidemark_core::name::{SeriesKey, SeriesName, Tenant};
use tidemark_core::point::Stamp;
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_core::tombstone::Tombstone;
use tidemark_embedded::Embedded;
use tidemark_ports::error::{Kind, Result, StoreError};
use tidemark_ports::{
    Bucket, Catalog, DiscardCount, DiscardFilter, DiscardLog, Extent, Page, PointStore, Queue,
    Refusal, Registration, Scan, Series, Summarize,
};

/// What a failure says about itself; no answer may repeat it.
pub(crate) const INSIDE: &str = "table chunk of /var/lib/tidemark is busy";

/// A call of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Write,
    Read,
    Summarize,
    Extent,
    DeletePoints,
    Register,
    GetSeries,
    ListSeries,
    Tombstone,
    DeleteSeries,
    Describe,
    Put,
    GetDiscard,
    ListDiscards,
    MarkReplayed,
    Send,
}

/// Whether a call that fails was carried out all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Done {
    Not,
    AllTheSame,
}

/// Something that happens meanwhile.
type Event = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What a test wants of the ports.
#[derive(Default)]
pub(crate) struct Hooks {
    faults: Mutex<Vec<(Call, Kind, Done)>>,
    event: Mutex<Option<(Call, Event)>>,
    in_hand: AtomicUsize,
    most_in_hand: AtomicUsize,
    written_from: Mutex<Vec<Source>>,
    refuses: Mutex<Option<f64>>,
    exaggerates: Mutex<Option<u64>>,
    stingy: AtomicBool,
    vague: AtomicBool,
    reads: AtomicU64,
    pub(crate) summarized: AtomicU64,
}

impl Hooks {
    /// Has the next such call fail, once.
    pub(crate) fn fail(&self, call: Call, kind: Kind, done: Done) {
        self.faults.lock().unwrap().push((call, kind, done));
    }

    /// Has something happen between the next such call and its answer, once.
    pub(crate) fn meanwhile(&self, call: Call, event: impl Future<Output = ()> + Send + 'static) {
        *self.event.lock().unwrap() = Some((call, Box::pin(event)));
    }

    /// How many calls were under way at the same time at the most, since the
    /// last time that this was asked.
    pub(crate) fn most_at_once(&self) -> usize {
        self.most_in_hand.swap(0, Ordering::Relaxed)
    }

    /// Where the points of each write came from, since the last time that this
    /// was asked.
    pub(crate) fn written_from(&self) -> Vec<Source> {
        std::mem::take(&mut self.written_from.lock().unwrap())
    }

    /// Has the point store refuse values of at least this.
    pub(crate) fn refuse_from(&self, value: f64) {
        *self.refuses.lock().unwrap() = Some(value);
    }

    /// Has the point store say that there are so many points wherever there are
    /// some; or no longer.
    pub(crate) fn exaggerate(&self, points: impl Into<Option<u64>>) {
        *self.exaggerates.lock().unwrap() = points.into();
    }

    /// Has every read end after three points, and every other one before the
    /// first, as a store may; or no longer.
    pub(crate) fn be_stingy(&self, stingy: bool) {
        self.stingy.store(stingy, Ordering::Relaxed);
    }

    /// Has extents reach three hours further on either side than there are points, as
    /// those of a store may; or no longer.
    pub(crate) fn be_vague(&self, vague: bool) {
        self.vague.store(vague, Ordering::Relaxed);
    }

    /// Whether every failure that was wanted has happened.
    pub(crate) fn all_happened(&self) -> bool {
        self.faults.lock().unwrap().is_empty()
    }

    async fn around<T>(&self, call: Call, work: impl Future<Output = Result<T>>) -> Result<T> {
        let in_hand = self.in_hand.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_in_hand.fetch_max(in_hand, Ordering::Relaxed);
        // However fast the store is, whoever calls at the same time has a turn.
        tokio::task::yield_now().await;
        let outcome = self.perhaps(call, work).await;
        let event = self.event.lock().unwrap().take_if(|(at, _)| *at == call);
        if let Some((_, event)) = event {
            event.await;
        }
        self.in_hand.fetch_sub(1, Ordering::Relaxed);
        outcome
    }

    /// Does `work`, unless it is to fail.
    async fn perhaps<T>(&self, call: Call, work: impl Future<Output = Result<T>>) -> Result<T> {
        let fault = {
            let mut faults = self.faults.lock().unwrap();
            let at = faults.iter().position(|(failing, ..)| *failing == call);
            at.map(|at| faults.remove(at))
        };
        let Some((_, kind, done)) = fault else {
            return work.await;
        };
        if done == Done::AllTheSame {
            work.await?;
        }
        Err(StoreError::new(kind, INSIDE).because(std::io::Error::other(INSIDE)))
    }
}

/// Of so many points the store with hooks has a shard.
pub(crate) const SHARD: u64 = 400_000;

/// The embedded store with hooks.
#[derive(Clone)]
pub(crate) struct Hooked {
    pub(crate) store: Embedded,
    pub(crate) hooks: Arc<Hooks>,
}

#[async_trait]
impl PointStore for Hooked {
    async fn write(&self, write: &Arc<Write>) -> Result<Vec<Refusal>> {
        let source = write.source.clone();
        self.hooks.written_from.lock().unwrap().push(source);
        let refused = *self.hooks.refuses.lock().unwrap();
        let work = async {
            let Some(limit) = refused else {
                return self.store.write(write).await;
            };
            let (taken, refusals) = sift(write, limit);
            self.store.write(&Arc::new(taken)).await?;
            Ok(refusals)
        };
        self.hooks.around(Call::Write, work).await
    }

    async fn read(&self, scan: Scan<'_>) -> Result<Page> {
        let scan = if self.hooks.stingy.load(Ordering::Relaxed) {
            if self
                .hooks
                .reads
                .fetch_add(1, Ordering::Relaxed)
                .is_multiple_of(2)
            {
                return Ok(Page {
                    points: Vec::new(),
                    rest: Some(scan.range),
                });
            }
            Scan {
                limit: scan.limit.min(3),
                ..scan
            }
        } else {
            scan
        };
        self.hooks.around(Call::Read, self.store.read(scan)).await
    }

    async fn summarize(&self, request: Summarize<'_>) -> Result<Vec<Bucket>> {
        self.hooks.summarized.fetch_add(1, Ordering::Relaxed);
        self.hooks
            .around(Call::Summarize, self.store.summarize(request))
            .await
    }

    async fn extent(&self, series: &SeriesKey, range: TimeRange) -> Result<Option<Extent>> {
        let extent = self
            .hooks
            .around(Call::Extent, self.store.extent(series, range))
            .await?;
        let points = *self.hooks.exaggerates.lock().unwrap();
        let further = if self.hooks.vague.load(Ordering::Relaxed) {
            3 * 3600 * 1_000_000_000
        } else {
            0
        };
        let held = |extent: Extent| {
            let (from, to) = (extent.range.from(), extent.range.to());
            let wider = TimeRange::new(from.plus(-further), to.plus(further));
            wider.ok()?.intersection(range)
        };
        Ok(extent.map(|extent| Extent {
            points: points.unwrap_or(extent.points),
            range: held(extent).unwrap_or(extent.range),
        }))
    }

    fn shard_points(&self) -> NonZeroU64 {
        NonZeroU64::new(SHARD).unwrap()
    }

    async fn delete(
        &self,
        series: &SeriesKey,
        range: TimeRange,
        deleted_at: Timestamp,
    ) -> Result<()> {
        let work = PointStore::delete(&self.store, series, range, deleted_at);
        self.hooks.around(Call::DeletePoints, work).await
    }
}

/// Divides a write into what is below `limit` and what is refused.
fn sift(write: &Write, limit: f64) -> (Write, Vec<Refusal>) {
    let mut taken = Write {
        series: Vec::new(),
        ..write.clone()
    };
    let mut refusals = Vec::new();
    for (series, points) in write.series.iter().enumerate() {
        let mut good = tidemark_core::batch::SeriesPoints::new(points.name.clone());
        for position in 0..points.len() {
            let value = points.values[position];
            if value.get() < limit {
                let tags = points.tags_at(position).clone();
                good.push(points.index[position], points.times[position], value, tags);
            } else {
                refusals.push(Refusal {
                    series,
                    position,
                    detail: "greater than is stored here".to_owned(),
                });
            }
        }
        taken.series.push(good);
    }
    (taken, refusals)
}

#[async_trait]
impl Catalog for Hooked {
    async fn register(
        &self,
        tenant: &Tenant,
        series: &[Registration<'_>],
        received: Timestamp,
    ) -> Result<()> {
        let work = self.store.register(tenant, series, received);
        self.hooks.around(Call::Register, work).await
    }

    async fn get(&self, series: &SeriesKey) -> Result<Option<Series>> {
        let work = Catalog::get(&self.store, series);
        self.hooks.around(Call::GetSeries, work).await
    }

    async fn list(
        &self,
        tenant: &Tenant,
        prefix: &str,
        after: Option<&SeriesName>,
        limit: usize,
    ) -> Result<Vec<Series>> {
        let work = Catalog::list(&self.store, tenant, prefix, after, limit);
        self.hooks.around(Call::ListSeries, work).await
    }

    async fn count(&self, tenant: &Tenant, prefix: &str) -> Result<u64> {
        self.store.count(tenant, prefix).await
    }

    async fn tombstone(&self, series: &SeriesKey, tombstone: Tombstone) -> Result<()> {
        let work = self.store.tombstone(series, tombstone);
        self.hooks.around(Call::Tombstone, work).await
    }

    async fn describe(&self, series: &SeriesKey, change: &AboutChange) -> Result<bool> {
        let work = self.store.describe(series, change);
        self.hooks.around(Call::Describe, work).await
    }

    async fn delete(&self, series: &SeriesKey, deleted_at: Timestamp) -> Result<bool> {
        let work = Catalog::delete(&self.store, series, deleted_at);
        self.hooks.around(Call::DeleteSeries, work).await
    }
}

#[async_trait]
impl DiscardLog for Hooked {
    async fn put(&self, discards: &[Discard]) -> Result<()> {
        self.hooks.around(Call::Put, self.store.put(discards)).await
    }

    async fn get(&self, tenant: &Tenant, id: DiscardId) -> Result<Option<Discard>> {
        let work = DiscardLog::get(&self.store, tenant, id);
        self.hooks.around(Call::GetDiscard, work).await
    }

    async fn list(
        &self,
        tenant: &Tenant,
        filter: &DiscardFilter,
        before: Option<Stamp>,
        limit: usize,
    ) -> Result<Vec<Discard>> {
        let work = DiscardLog::list(&self.store, tenant, filter, before, limit);
        self.hooks.around(Call::ListDiscards, work).await
    }

    async fn counts(&self, tenant: &Tenant, received: TimeRange) -> Result<Vec<DiscardCount>> {
        self.store.counts(tenant, received).await
    }

    async fn mark_replayed(&self, tenant: &Tenant, id: DiscardId, at: Timestamp) -> Result<bool> {
        let work = self.store.mark_replayed(tenant, id, at);
        self.hooks.around(Call::MarkReplayed, work).await
    }
}

/// The queue without a queue: the validator is called.
pub(crate) struct Direct {
    pub(crate) validator: Validator,
    pub(crate) hooks: Arc<Hooks>,
}

#[async_trait]
impl Queue for Direct {
    async fn send(&self, batch: Batch) -> Result<()> {
        let work = self.validator.handle(batch);
        self.hooks.around(Call::Send, work).await
    }

    async fn check(&self) -> Result<()> {
        self.hooks.around(Call::Send, async { Ok(()) }).await
    }
}
