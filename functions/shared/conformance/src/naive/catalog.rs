//! Its catalog.

use async_trait::async_trait;
use tidemark_core::about::{About, AboutChange};
use tidemark_core::name::{SeriesKey, SeriesName, Tenant};
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_core::tombstone::{Tombstone, Tombstones};
use tidemark_ports::error::{Kind, Result, StoreError};
use tidemark_ports::{Catalog, Registration, Series};

use super::{Listing, Naive};
use crate::faults::Flaw;

#[async_trait]
impl Catalog for Naive {
    async fn register(
        &self,
        tenant: &Tenant,
        all: &[Registration<'_>],
        received: Timestamp,
    ) -> Result<()> {
        let mut catalog = self.catalog.lock().unwrap();
        for series in all {
            let key = self.key(&SeriesKey {
                tenant: tenant.clone(),
                name: series.name.clone(),
            });
            let unlisted = Listing {
                live: false,
                updated: received,
                deleted_at: None,
                tombstones: Tombstones::none(),
                about: About::default(),
            };
            let listing = catalog.entry(key).or_insert(unlisted);
            let unit = series.unit.clone();
            let unit = unit.filter(|_| !self.has(Flaw::SeriesBeginWithoutUnit));
            let last_come = self.has(Flaw::UpdatedIsTheLastCome);
            if listing.live && !last_come {
                listing.updated = listing.updated.max(received);
                if self.has(Flaw::UnitsComeBack) && listing.about.unit.is_none() {
                    listing.about.unit = unit;
                }
                if self.has(Flaw::BatchesUnsay) {
                    listing.about = About::default();
                }
            } else if listing.deleted_at.is_none_or(|at| received > at)
                || self.has(Flaw::LateBatchesRevive)
            {
                listing.live = true;
                listing.updated = received;
                if !self.has(Flaw::WhatIsSaidIsKept) {
                    listing.about = About::default();
                }
                listing.about.unit = unit.or(listing.about.unit.take());
            }
        }
        Ok(())
    }

    async fn get(&self, series: &SeriesKey) -> Result<Option<Series>> {
        let catalog = self.catalog.lock().unwrap();
        let listing = catalog.get(&self.key(series)).filter(|l| l.live);
        Ok(listing.map(|listing| described(&series.name, listing)))
    }

    async fn list(
        &self,
        tenant: &Tenant,
        prefix: &str,
        after: Option<&SeriesName>,
        limit: usize,
    ) -> Result<Vec<Series>> {
        if self.has(Flaw::PrefixesMustBeNames)
            && !prefix.is_empty()
            && SeriesName::check(prefix).is_err()
        {
            return Ok(Vec::new());
        }
        let repeat = self.has(Flaw::ListsRepeat);
        let catalog = self.catalog.lock().unwrap();
        let listed = catalog
            .iter()
            .filter(|(key, listing)| {
                listing.live && (key.tenant == *tenant || self.has(Flaw::TenantsMix))
            })
            .filter(|(key, _)| key.name.as_str().starts_with(prefix))
            .filter(|(key, _)| {
                after.is_none_or(|after| {
                    key.name > *after || repeat && limit > 1 && key.name == *after
                })
            })
            .take(limit);
        Ok(listed
            .map(|(key, listing)| described(&key.name, listing))
            .collect())
    }

    async fn count(&self, tenant: &Tenant, prefix: &str) -> Result<u64> {
        let prefix = if self.has(Flaw::CountsIgnoreThePrefix) {
            ""
        } else {
            prefix
        };
        if self.has(Flaw::CountsIncludeTheDeleted) {
            let catalog = self.catalog.lock().unwrap();
            return Ok(catalog.keys().filter(|key| key.tenant == *tenant).count() as u64);
        }
        Ok(self.list(tenant, prefix, None, usize::MAX).await?.len() as u64)
    }

    async fn tombstone(&self, series: &SeriesKey, tombstone: Tombstone) -> Result<()> {
        let mut catalog = self.catalog.lock().unwrap();
        let Some(listing) = catalog.get_mut(&self.key(series)).filter(|l| l.live) else {
            return Ok(());
        };
        match listing.tombstones.insert(tombstone) {
            Err(_) if !self.has(Flaw::TombstonesAreUnbounded) => {
                Err(StoreError::new(Kind::Exhausted, "recording a deletion"))
            }
            _ => Ok(()),
        }
    }

    async fn describe(&self, series: &SeriesKey, change: &AboutChange) -> Result<bool> {
        let mut catalog = self.catalog.lock().unwrap();
        let listing = catalog.get_mut(&self.key(series));
        let Some(listing) = listing.filter(|l| l.live || self.has(Flaw::TheGoneAreDescribed))
        else {
            return Ok(false);
        };
        let before = listing.about.clone();
        if self.has(Flaw::ChangesReplaceAll) {
            listing.about = About::default();
        }
        change.apply(&mut listing.about);
        match self.fault {
            Flaw::WhatIsSaidIsLost => listing.about = before,
            Flaw::NothingIsCleared => {
                let About { title, unit, note } = &mut listing.about;
                *title = title.take().or(before.title);
                *unit = unit.take().or(before.unit);
                *note = note.take().or(before.note);
            }
            _ => {}
        }
        Ok(true)
    }

    async fn delete(&self, series: &SeriesKey, deleted_at: Timestamp) -> Result<bool> {
        let mut catalog = self.catalog.lock().unwrap();
        let Some(listing) = catalog.get_mut(&self.key(series)) else {
            return Ok(false);
        };
        let existed = listing.live;
        let tombstone = Tombstone {
            range: TimeRange::ALL,
            deleted_at,
        };
        listing.tombstones.insert(tombstone).unwrap();
        listing.deleted_at = listing.deleted_at.max(Some(deleted_at));
        listing.live &= listing.updated > deleted_at;
        if !self.has(Flaw::WhatIsSaidIsKept) {
            listing.about = About::default();
        }
        if self.has(Flaw::TombstonesAreForgotten) {
            listing.tombstones = Tombstones::none();
        }
        Ok(existed)
    }
}

fn described(name: &SeriesName, listing: &Listing) -> Series {
    Series {
        name: name.clone(),
        updated: listing.updated,
        tombstones: listing.tombstones.clone(),
        about: listing.about.clone(),
    }
}
