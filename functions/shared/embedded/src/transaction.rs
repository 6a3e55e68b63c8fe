//! What a command of the writing thread works with: the database inside its
//! transaction, and memory as it will be once that is committed.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rusqlite::Connection;
use tidemark_core::name::{SeriesKey, SeriesName, Tenant};

use crate::failed;
use crate::memory::{Entry, Listing, Memory};
use tidemark_ports::error::Result;

pub(super) struct Transaction<'a> {
    /// The database.
    pub(super) connection: &'a Connection,
    memory: &'a Arc<Memory>,
    created: HashMap<SeriesKey, Arc<Entry>>,
    listings: HashMap<i64, Listing>,
    /// Records added to the log.
    records: u64,
    effects: Vec<Effect>,
}

type Effect = Box<dyn FnOnce(&Memory)>;

impl<'a> Transaction<'a> {
    pub(super) fn new(connection: &'a Connection, memory: &'a Arc<Memory>) -> Self {
        Self {
            connection,
            memory,
            created: HashMap::new(),
            listings: HashMap::new(),
            records: 0,
            effects: Vec::new(),
        }
    }

    /// Has `effect` follow once the transaction is on disk, before anyone is
    /// answered.
    pub(super) fn after_commit(&mut self, effect: impl FnOnce(&Memory) + 'static) {
        self.effects.push(Box::new(effect));
    }

    /// A series; where there is none it gets its row, unlisted.
    pub(super) fn entry(&mut self, tenant: &Tenant, name: &SeriesName) -> Result<Arc<Entry>> {
        if let Some(entry) = self.memory.entry(tenant, name) {
            return Ok(entry);
        }
        let key = SeriesKey {
            tenant: tenant.clone(),
            name: name.clone(),
        };
        if let Some(entry) = self.created.get(&key) {
            return Ok(Arc::clone(entry));
        }
        let listing = Listing::unlisted();
        self.connection
            .prepare_cached(
                "INSERT INTO series (tenant, name, live, updated, deleted_at, tombstones)
                 VALUES (?1, ?2, ?3, ?4, ?5, '[]')",
            )
            .and_then(|mut statement| {
                statement.execute((
                    key.tenant.as_str(),
                    key.name.as_str(),
                    listing.live,
                    listing.updated.nanos(),
                    listing.deleted_at.nanos(),
                ))
            })
            .map_err(failed("adding a series"))?;
        let id = self.connection.last_insert_rowid();
        let entry = Arc::new(Entry::new(id, listing, self.memory.live(tenant)));
        self.created.insert(key.clone(), Arc::clone(&entry));
        let new = Arc::clone(&entry);
        self.after_commit(move |memory| memory.insert(key, new));
        Ok(entry)
    }

    /// The number of the log's next record.
    pub(super) fn next_sequence(&mut self) -> u64 {
        self.records += 1;
        self.memory.sequence.load(Ordering::Relaxed) + self.records
    }

    /// How a series is listed, with what this transaction has changed.
    pub(super) fn listing(&self, entry: &Entry) -> Listing {
        self.listings
            .get(&entry.id)
            .cloned()
            .unwrap_or_else(|| entry.listing().clone())
    }

    /// Changes how a series is listed in memory; the command changes the row.
    pub(super) fn set_listing(&mut self, entry: &Arc<Entry>, listing: Listing) {
        self.listings.insert(entry.id, listing.clone());
        let entry = Arc::clone(entry);
        self.after_commit(move |_| {
            entry.list(|current| {
                let touched = current.live.then_some(current.updated);
                *current = listing;
                // A batch may have come since the command looked.
                if let Some(received) = touched {
                    current.register(received);
                }
            });
        });
    }

    /// What is to follow the commit.
    pub(super) fn into_effects(self) -> Effects<'a> {
        Effects {
            memory: self.memory,
            effects: self.effects,
        }
    }
}

/// Changes of memory that follow a commit.
pub(super) struct Effects<'a> {
    memory: &'a Memory,
    effects: Vec<Effect>,
}

impl Effects<'_> {
    pub(super) fn apply(self) {
        for effect in self.effects {
            effect(self.memory);
        }
    }
}
