//! What a command of the writing thread works with: the database inside its
//! transaction, and memory as it will be once that is committed. A command that
//! fails is undone alone, on disk by a savepoint, in memory as its changes are
//! kept apart until it has succeeded.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rusqlite::Connection;
use tidemark_core::name::{SeriesKey, SeriesName, Tenant};
use tidemark_ports::error::Result;

use crate::error::failed;
use crate::memory::{Entry, Listing, Memory};

pub(super) struct Transaction<'a> {
    /// The database.
    pub(super) connection: &'a Connection,
    memory: &'a Arc<Memory>,
    /// What the commands before this one will have changed.
    kept: Changes,
    /// What this command will have changed.
    changes: Changes,
}

/// Changes of memory.
#[derive(Default)]
struct Changes {
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
            kept: Changes::default(),
            changes: Changes::default(),
        }
    }

    /// A command begins.
    pub(super) fn mark(&self) -> Result<()> {
        self.run("SAVEPOINT command")
    }

    /// The command has succeeded.
    pub(super) fn keep(&mut self) -> Result<()> {
        let changes = std::mem::take(&mut self.changes);
        self.kept.created.extend(changes.created);
        self.kept.listings.extend(changes.listings);
        self.kept.records += changes.records;
        self.kept.effects.extend(changes.effects);
        self.run("RELEASE command")
    }

    /// The command has failed: it leaves no trace. An error: the transaction is
    /// lost.
    pub(super) fn undo(&mut self) -> Result<()> {
        self.changes = Changes::default();
        self.run("ROLLBACK TO command")?;
        self.run("RELEASE command")
    }

    fn run(&self, sql: &str) -> Result<()> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute([]))
            .map_err(failed("carrying out a command by itself"))?;
        Ok(())
    }

    /// Has `effect` follow once the transaction is on disk, before anyone is
    /// answered.
    pub(super) fn after_commit(&mut self, effect: impl FnOnce(&Memory) + 'static) {
        self.changes.effects.push(Box::new(effect));
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
        for changes in [&self.changes, &self.kept] {
            if let Some(entry) = changes.created.get(&key) {
                return Ok(Arc::clone(entry));
            }
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
        self.changes.created.insert(key.clone(), Arc::clone(&entry));
        let new = Arc::clone(&entry);
        self.after_commit(move |memory| memory.insert(key, new));
        Ok(entry)
    }

    /// The number of the log's next record.
    pub(super) fn next_sequence(&mut self) -> u64 {
        self.changes.records += 1;
        self.memory.sequence.load(Ordering::Relaxed) + self.kept.records + self.changes.records
    }

    /// How a series is listed, with what this transaction has changed.
    pub(super) fn listing(&self, entry: &Entry) -> Listing {
        let changed = [&self.changes, &self.kept]
            .into_iter()
            .find_map(|changes| changes.listings.get(&entry.id));
        match changed {
            Some(listing) => listing.clone(),
            None => entry.listing().clone(),
        }
    }

    /// Changes how a series is listed in memory; the command changes the row.
    pub(super) fn set_listing(&mut self, entry: &Arc<Entry>, listing: Listing) {
        self.changes.listings.insert(entry.id, listing.clone());
        let entry = Arc::clone(entry);
        self.after_commit(move |_| {
            entry.list(|current| {
                let touched = current.live.then_some(current.updated);
                *current = listing;
                // A batch may have come since the command looked.
                if let Some(received) = touched {
                    current.register(received, None);
                }
            });
        });
    }

    /// What is to follow the commit.
    pub(super) fn into_effects(self) -> Effects<'a> {
        Effects {
            memory: self.memory,
            effects: self.kept.effects,
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
