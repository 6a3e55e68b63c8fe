//! What the embedded store holds in memory: the catalog, and of each series the
//! tail that is not in chunks yet. The writing thread alone changes it.

use std::collections::{BTreeMap, HashMap};
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tidemark_columnar::{BatchStamp, Columns, chunk, merge};
use tidemark_core::about::{About, Label};
use tidemark_core::batch::SeriesPoints;
use tidemark_core::name::{SeriesKey, SeriesName, Tenant};
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_core::tombstone::Tombstones;

use crate::error::lock;

/// Points of one tail at which it is flushed by itself.
const TAIL_POINTS: usize = 4 * chunk::TARGET_POINTS;

/// A tenant's series.
#[derive(Default)]
struct Names {
    entries: BTreeMap<SeriesName, Arc<Entry>>,
    /// How many of them are listed.
    live: Arc<AtomicU64>,
}

/// All series, and what the flusher has to know.
#[derive(Default)]
pub(super) struct Memory {
    tenants: RwLock<HashMap<Tenant, Names>>,
    /// Series whose tail is not empty.
    pub(super) dirty: Mutex<Vec<Arc<Entry>>>,
    /// Series whose tail has grown large.
    pub(super) large: Mutex<Vec<Arc<Entry>>>,
    /// Bytes of the log whose points nobody has begun to flush.
    pub(super) logged: AtomicUsize,
    /// The last record of the log.
    pub(super) sequence: AtomicU64,
}

/// A series.
pub(super) struct Entry {
    /// Its row in the table `series`.
    pub(super) id: i64,
    listing: Mutex<Listing>,
    /// How many of its tenant are listed.
    live: Arc<AtomicU64>,
    /// Its points that are not in chunks yet.
    pub(super) tail: Mutex<Tail>,
}

/// How the catalog lists a series.
#[derive(Clone)]
pub(super) struct Listing {
    /// Whether it is listed at all.
    pub(super) live: bool,
    /// Receipt of the latest batch.
    pub(super) updated: Timestamp,
    /// When all of it was deleted last.
    pub(super) deleted_at: Timestamp,
    /// What was deleted of it.
    pub(super) tombstones: Tombstones,
    /// What is said of it. None if nothing is, as of most series: in memory that
    /// is a pointer.
    pub(super) about: Option<Arc<About>>,
}

impl Listing {
    /// A series that nobody has registered.
    pub(super) const fn unlisted() -> Self {
        Self {
            live: false,
            updated: Timestamp::MIN,
            deleted_at: Timestamp::MIN,
            tombstones: Tombstones::none(),
            about: None,
        }
    }

    /// Registers a batch received then; a series that begins with it has this
    /// unit. Nothing happens where the series was deleted no earlier.
    pub(super) fn register(&mut self, received: Timestamp, unit: Option<&Label>) {
        if self.live {
            self.updated = self.updated.max(received);
        } else if received > self.deleted_at {
            self.live = true;
            self.updated = received;
            self.say(About {
                unit: unit.cloned(),
                ..About::default()
            });
        }
    }

    /// From now on this is said of it.
    pub(super) fn say(&mut self, about: About) {
        self.about = (!about.is_empty()).then(|| Arc::new(about));
    }
}

/// The points of a series that are not in chunks yet.
#[derive(Default)]
pub(super) struct Tail {
    /// Those that came since the last flush, in the order they came.
    pub(super) active: Columns,
    /// Those that are being flushed, sorted.
    pub(super) frozen: Option<Arc<Columns>>,
}

impl Entry {
    /// A series of the tenant that has so many listed.
    pub(super) fn new(id: i64, listing: Listing, live: Arc<AtomicU64>) -> Self {
        let entry = Self {
            id,
            listing: Mutex::new(Listing::unlisted()),
            live,
            tail: Mutex::default(),
        };
        entry.list(|current| *current = listing);
        entry
    }

    /// How the catalog lists it.
    pub(super) fn listing(&self) -> impl Deref<Target = Listing> {
        lock(&self.listing)
    }

    /// Changes how the catalog lists it.
    pub(super) fn list<T>(&self, change: impl FnOnce(&mut Listing) -> T) -> T {
        let mut listing = lock(&self.listing);
        let was_live = listing.live;
        let outcome = change(&mut listing);
        match (was_live, listing.live) {
            (false, true) => self.live.fetch_add(1, Ordering::Relaxed),
            (true, false) => self.live.fetch_sub(1, Ordering::Relaxed),
            _ => 0,
        };
        outcome
    }

    /// What the tail holds of a range, sorted.
    pub(super) fn tail_within(&self, range: TimeRange) -> Columns {
        let mut tail = lock(&self.tail);
        tail.active.normalize();
        let active = tail.active.cut(tail.active.positions(range));
        let Some(frozen) = tail.frozen.clone() else {
            return active;
        };
        drop(tail);
        merge([&frozen.cut(frozen.positions(range)), &active])
    }
}

impl Memory {
    /// A series, listed or not.
    pub(super) fn entry(&self, tenant: &Tenant, name: &SeriesName) -> Option<Arc<Entry>> {
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        tenants.get(tenant)?.entries.get(name).cloned()
    }

    /// How many series of a tenant are listed.
    pub(super) fn live(&self, tenant: &Tenant) -> Arc<AtomicU64> {
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(names) = tenants.get(tenant) {
            return Arc::clone(&names.live);
        }
        drop(tenants);
        let mut tenants = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&tenants.entry(tenant.clone()).or_default().live)
    }

    /// Takes in a series.
    pub(super) fn insert(&self, key: SeriesKey, entry: Arc<Entry>) {
        let mut tenants = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
        tenants
            .entry(key.tenant)
            .or_default()
            .entries
            .insert(key.name, entry);
    }

    /// When the latest batch was received or series deleted.
    pub(super) fn latest(&self) -> Timestamp {
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        let entries = tenants.values().flat_map(|names| names.entries.values());
        entries
            .map(|entry| {
                let listing = entry.listing();
                let deleted = listing.tombstones.iter().map(|t| t.deleted_at).max();
                listing.updated.max(deleted.unwrap_or(listing.deleted_at))
            })
            .max()
            .unwrap_or(Timestamp::MIN)
    }

    /// Looks at the listed series whose names begin with `prefix`, those after
    /// `after`, in the order of their names.
    pub(super) fn listed<T>(
        &self,
        tenant: &Tenant,
        prefix: &str,
        after: Option<&SeriesName>,
        look: impl FnOnce(&mut dyn Iterator<Item = (&SeriesName, Listing)>) -> T,
    ) -> T {
        use std::ops::Bound;
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        let none = BTreeMap::new();
        let names = tenants.get(tenant).map_or(&none, |names| &names.entries);
        let prefix_start = SeriesName::new(prefix).ok();
        let start = match (after, &prefix_start) {
            (Some(after), Some(start)) if after < start => Bound::Included(start),
            (Some(after), _) => Bound::Excluded(after),
            (None, Some(start)) => Bound::Included(start),
            (None, None) => Bound::Unbounded,
        };
        let mut listed = names
            .range::<SeriesName, _>((start, Bound::Unbounded))
            // `.` and `..` are prefixes of names but no names, so these start
            // from the beginning.
            .skip_while(|(name, _)| name.as_str() < prefix)
            .take_while(|(name, _)| name.as_str().starts_with(prefix))
            .map(|(name, entry)| (name, entry.listing().clone()))
            .filter(|(_, listing)| listing.live);
        look(&mut listed)
    }

    /// Puts points of a batch into the tail of their series.
    pub(super) fn append(&self, entry: &Arc<Entry>, batch: BatchStamp, points: &SeriesPoints) {
        let mut tail = lock(&entry.tail);
        let before = tail.active.len();
        tail.active.append(batch, points);
        let after = tail.active.len();
        drop(tail);
        if before == 0 {
            lock(&self.dirty).push(Arc::clone(entry));
        }
        if before < TAIL_POINTS && after >= TAIL_POINTS {
            lock(&self.large).push(Arc::clone(entry));
        }
    }
}
