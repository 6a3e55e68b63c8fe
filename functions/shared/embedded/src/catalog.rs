//! The catalog: kept in memory, and in the table `series`.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use tidemark_core::about::{About, AboutChange, Label, Remark};
use tidemark_core::name::{SeriesKey, SeriesName, Tenant};
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_core::tombstone::Tombstone;
use tidemark_ports::error::{Kind, Result, StoreError};
use tidemark_ports::{Catalog, Registration, Series};

use crate::error::{corrupt, failed};
use crate::memory::{Entry, Listing};
use crate::transaction::Transaction;
use crate::{Embedded, points};

/// How long a tombstone outlives its deletion: longer than any batch may be
/// under way. The points themselves are removed at once.
const TOMBSTONES_KEPT: i64 = 15 * 24 * 3600 * 1_000_000_000;

fn series(name: &SeriesName, listing: Listing) -> Series {
    Series {
        name: name.clone(),
        updated: listing.updated,
        tombstones: listing.tombstones,
        about: listing
            .about
            .map_or_else(About::default, Arc::unwrap_or_clone),
    }
}

#[async_trait]
impl Catalog for Embedded {
    async fn register(
        &self,
        tenant: &Tenant,
        series: &[Registration<'_>],
        received: Timestamp,
    ) -> Result<()> {
        let memory = &self.0.memory;
        // A live series is only touched: the log brings that back after a crash.
        let unlisted: Vec<(SeriesName, Option<Label>)> = series
            .iter()
            .filter(|series| {
                memory.entry(tenant, series.name).is_none_or(|entry| {
                    entry.list(|listing| {
                        if listing.live {
                            listing.register(received, None);
                        }
                        !listing.live
                    })
                })
            })
            .map(|series| (series.name.clone(), series.unit.clone()))
            .collect();
        if unlisted.is_empty() {
            return Ok(());
        }
        let tenant = tenant.clone();
        self.0
            .writer
            .commit(move |transaction| {
                for (name, unit) in unlisted {
                    let entry = transaction.entry(&tenant, &name)?;
                    let _: Result<()> = change(transaction, &entry, |listing| {
                        listing.register(received, unit.as_ref());
                        Ok(())
                    })?;
                }
                Ok(())
            })
            .await
    }

    async fn get(&self, key: &SeriesKey) -> Result<Option<Series>> {
        let Some(entry) = self.0.memory.entry(&key.tenant, &key.name) else {
            return Ok(None);
        };
        let listing = entry.listing().clone();
        Ok(listing.live.then(|| series(&key.name, listing)))
    }

    async fn list(
        &self,
        tenant: &Tenant,
        prefix: &str,
        after: Option<&SeriesName>,
        limit: usize,
    ) -> Result<Vec<Series>> {
        Ok(self.0.memory.listed(tenant, prefix, after, |listed| {
            listed
                .take(limit)
                .map(|(name, listing)| series(name, listing))
                .collect()
        }))
    }

    async fn count(&self, tenant: &Tenant, prefix: &str) -> Result<u64> {
        let memory = &self.0.memory;
        // Asked with every batch, however many there are.
        if prefix.is_empty() {
            return Ok(memory.live(tenant).load(Ordering::Relaxed));
        }
        Ok(memory.listed(tenant, prefix, None, |listed| listed.count() as u64))
    }

    async fn tombstone(&self, key: &SeriesKey, tombstone: Tombstone) -> Result<()> {
        let Some(entry) = self.0.memory.entry(&key.tenant, &key.name) else {
            return Ok(());
        };
        self.0
            .writer
            .commit(move |transaction| {
                retire(transaction, &entry, tombstone.deleted_at)?;
                change(transaction, &entry, |listing| bury(listing, tombstone))
            })
            .await?
    }

    async fn describe(&self, key: &SeriesKey, edit: &AboutChange) -> Result<bool> {
        let Some(entry) = self.0.memory.entry(&key.tenant, &key.name) else {
            return Ok(false);
        };
        let edit = edit.clone();
        self.0
            .writer
            .commit(move |transaction| {
                let listing = transaction.listing(&entry);
                if !listing.live || edit.is_empty() {
                    return Ok(Ok(listing.live));
                }
                let outcome = change(transaction, &entry, |listing| {
                    let mut about = listing.about.as_deref().cloned().unwrap_or_default();
                    edit.apply(&mut about);
                    listing.say(about);
                    Ok(())
                })?;
                Ok(outcome.map(|()| true))
            })
            .await?
    }

    async fn delete(&self, key: &SeriesKey, deleted_at: Timestamp) -> Result<bool> {
        let Some(entry) = self.0.memory.entry(&key.tenant, &key.name) else {
            return Ok(false);
        };
        self.0
            .writer
            .commit(move |transaction| {
                retire(transaction, &entry, deleted_at)?;
                let was_live = transaction.listing(&entry).live;
                let outcome = change(transaction, &entry, |listing| {
                    bury(
                        listing,
                        Tombstone {
                            range: TimeRange::ALL,
                            deleted_at,
                        },
                    )?;
                    listing.deleted_at = listing.deleted_at.max(deleted_at);
                    listing.live &= listing.updated > deleted_at;
                    listing.about = None;
                    Ok(())
                })?;
                Ok(outcome.map(|()| was_live))
            })
            .await?
    }
}

fn bury(listing: &mut Listing, tombstone: Tombstone) -> Result<()> {
    listing
        .tombstones
        .insert(tombstone)
        .map_err(|e| StoreError::new(Kind::Exhausted, "recording a deletion").because(e))
}

/// Forgets old tombstones, once more removing what they hide: what removed it
/// at the time may have failed.
fn retire(transaction: &mut Transaction<'_>, entry: &Arc<Entry>, now: Timestamp) -> Result<()> {
    let mut listing = transaction.listing(entry);
    let retired = listing.tombstones.retire(now.plus(-TOMBSTONES_KEPT));
    if retired.is_empty() {
        return Ok(());
    }
    for tombstone in retired {
        points::remove(transaction, entry, tombstone)?;
    }
    transaction.set_listing(entry, listing);
    Ok(())
}

/// Changes how a series is listed, on disk and then in memory. The inner result
/// is the change's own: a refusal, which gives up nothing else.
fn change(
    transaction: &mut Transaction<'_>,
    entry: &Arc<Entry>,
    change: impl FnOnce(&mut Listing) -> Result<()>,
) -> Result<Result<()>> {
    let mut listing = transaction.listing(entry);
    if let Err(refusal) = change(&mut listing) {
        return Ok(Err(refusal));
    }
    let tombstones = serde_json::to_string(&listing.tombstones)
        .map_err(|e| corrupt("encoding tombstones").because(e))?;
    let about = listing.about.as_deref();
    transaction
        .connection
        .prepare_cached(
            "UPDATE series SET live = ?2, updated = ?3, deleted_at = ?4, tombstones = ?5,
                 title = ?6, unit = ?7, note = ?8 WHERE id = ?1",
        )
        .and_then(|mut statement| {
            statement.execute((
                entry.id,
                listing.live,
                listing.updated.nanos(),
                listing.deleted_at.nanos(),
                tombstones,
                about
                    .and_then(|about| about.title.as_ref())
                    .map(Label::as_str),
                about
                    .and_then(|about| about.unit.as_ref())
                    .map(Label::as_str),
                about
                    .and_then(|about| about.note.as_ref())
                    .map(Remark::as_str),
            ))
        })
        .map_err(failed("changing the catalog"))?;
    transaction.set_listing(entry, listing);
    Ok(Ok(()))
}
