//! What the table holds of a series.

use serde::Deserialize;
use tidemark_core::about::{About, Label, Remark};
use tidemark_core::name::SeriesName;
use tidemark_core::time::Timestamp;
use tidemark_core::tombstone::Tombstones;
use tidemark_ports::Series;
use tidemark_ports::error::Result;

use crate::dynamodb::item::{self, Item};
use crate::error::corrupt;

/// The item of a series.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Listing {
    pub(super) name: SeriesName,
    /// Whether it is listed at all.
    pub(super) live: bool,
    /// Receipt of the latest batch.
    pub(super) updated: Timestamp,
    /// When all of it was deleted last. Of a live series this does not matter:
    /// what brought it to life was received later.
    pub(super) deleted_at: Option<Timestamp>,
    /// There if it was written to and not compacted since.
    pub(super) touched: Option<String>,
    /// When the compactor looked at its large chunks last.
    pub(super) swept: Option<Timestamp>,
    /// Where it goes on looking, if it had to stop.
    pub(super) sweeping: Option<Timestamp>,
    /// When a deletion of it was recorded last, by the time that this bears.
    pub(super) buried: Option<Timestamp>,
    /// What people call it.
    pub(super) title: Option<Label>,
    /// The unit of its values.
    pub(super) unit: Option<Label>,
    /// What else is said of it.
    pub(super) note: Option<Remark>,
}

/// A series, listed or not, and its tombstones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) listing: Listing,
    /// Its tombstones as they are stored.
    pub(super) stored: Option<String>,
}

impl Listing {
    pub(super) fn read(item: Item) -> Result<Self> {
        item::read(item, "a series of the catalog")
    }

    /// Whether a batch received then brings the series, which is not live,
    /// back.
    pub(super) fn is_revived_by(&self, received: Timestamp) -> bool {
        self.deleted_at.is_none_or(|deleted| received > deleted)
    }
}

impl Entry {
    pub(super) fn tombstones(&self) -> Result<Tombstones> {
        let Some(stored) = &self.stored else {
            return Ok(Tombstones::none());
        };
        serde_json::from_str(stored)
            .map_err(|e| corrupt(format!("tombstones of {}", self.listing.name)).because(e))
    }

    /// The series, if it is live.
    pub(super) fn listed(self) -> Result<Option<Series>> {
        if !self.listing.live {
            return Ok(None);
        }
        Ok(Some(Series {
            tombstones: self.tombstones()?,
            name: self.listing.name,
            updated: self.listing.updated,
            about: About {
                title: self.listing.title,
                unit: self.listing.unit,
                note: self.listing.note,
            },
        }))
    }
}

/// Puts entries together from items in the order of their sort keys, in which
/// the tombstones of a series come right after it.
#[derive(Debug, Default)]
pub(super) struct Entries {
    last: Option<Entry>,
}

/// The item of a series' tombstones.
#[derive(Deserialize)]
struct Buried {
    name: String,
    tombstones: String,
}

impl Entries {
    /// Takes the next item, and gives the entry that is complete with it.
    pub(super) fn push(&mut self, item: Item) -> Result<Option<Entry>> {
        if item.contains_key("tombstones") {
            let buried: Buried = item::read(item, "tombstones of the catalog")?;
            if let Some(last) = &mut self.last
                && buried.name.strip_suffix('#') == Some(last.listing.name.as_str())
            {
                last.stored = Some(buried.tombstones);
            }
            return Ok(self.last.take());
        }
        let next = Entry {
            listing: Listing::read(item)?,
            stored: None,
        };
        Ok(self.last.replace(next))
    }

    /// The last entry: no more items follow.
    pub(super) fn finish(self) -> Option<Entry> {
        self.last
    }
}
