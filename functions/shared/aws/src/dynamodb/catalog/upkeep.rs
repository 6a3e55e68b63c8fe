//! What the compactor asks of the catalog: which series were written to since
//! they were compacted (the sparse index `touched`), and what to note of them.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use serde::Deserialize;
use tidemark_core::name::{SeriesKey, SeriesName, Tenant};
use tidemark_core::time::Timestamp;
use tidemark_core::tombstone::Tombstones;
use tidemark_ports::error::{Kind, Result, StoreError};

use super::{CatalogTable, item_key, tombstones_of};
use crate::dynamodb::item::{self, Item, number, text};
use crate::error::failed;

const INDEX: &str = "touched";
const NOTING: &str = "noting that a series was compacted";

/// What the compactor has to know of a series.
pub(crate) struct Upkeep {
    /// Receipt of the latest batch.
    pub(crate) updated: Timestamp,
    /// When its large chunks were looked at last.
    pub(crate) swept: Option<Timestamp>,
    /// Up to where they were looked at since.
    pub(crate) sweeping: Option<Timestamp>,
    /// The latest deletion.
    buried: Option<Timestamp>,
    /// What was deleted of it.
    pub(crate) tombstones: Tombstones,
}

/// Walks through a segment of the series that were written to.
pub(crate) struct Touched<'a> {
    catalog: &'a CatalogTable,
    segment: i32,
    /// Where the walk goes on; None at the beginning.
    start: Option<Item>,
    ended: bool,
}

#[derive(Deserialize)]
struct Key {
    tenant: Tenant,
    name: SeriesName,
}

impl<'a> Touched<'a> {
    /// How many segments there are.
    pub(crate) const SEGMENTS: i32 = 8;

    pub(crate) const fn new(catalog: &'a CatalogTable, segment: i32) -> Self {
        Self {
            catalog,
            segment,
            start: None,
            ended: false,
        }
    }

    /// The next series; None at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<SeriesKey>>> {
        if self.ended {
            return Ok(None);
        }
        let page = self
            .catalog
            .client
            .scan()
            .table_name(&self.catalog.table)
            .index_name(INDEX)
            .segment(self.segment)
            .total_segments(Self::SEGMENTS)
            .set_exclusive_start_key(self.start.take())
            .send()
            .await
            .map_err(failed("looking for series to compact"))?;
        self.start = page.last_evaluated_key;
        self.ended = self.start.is_none();
        let series = |found| {
            let Key { tenant, name } = item::read(found, "a touched series")?;
            Ok(SeriesKey { tenant, name })
        };
        let items = page.items.unwrap_or_default();
        items
            .into_iter()
            .map(series)
            .collect::<Result<_>>()
            .map(Some)
    }
}

impl CatalogTable {
    /// What there is to know of a series; None if there is no such series.
    pub(crate) async fn upkeep(&self, series: &SeriesKey) -> Result<Option<Upkeep>> {
        let Some(entry) = self.entry(series).await? else {
            return Ok(None);
        };
        Ok(Some(Upkeep {
            updated: entry.listing.updated,
            swept: entry.listing.swept,
            sweeping: entry.listing.sweeping,
            buried: entry.listing.buried,
            tombstones: entry.tombstones()?,
        }))
    }

    /// Notes when all large chunks of a series had been looked at.
    pub(crate) async fn swept(&self, series: &SeriesKey, at: Timestamp) -> Result<()> {
        self.note(series, "SET swept = :at REMOVE sweeping", at)
            .await
    }

    /// Notes up to where the large chunks of a series were looked at.
    pub(crate) async fn sweeping(&self, series: &SeriesKey, at: Timestamp) -> Result<()> {
        self.note(series, "SET sweeping = :at", at).await
    }

    async fn note(&self, series: &SeriesKey, update: &str, at: Timestamp) -> Result<()> {
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item_key(&series.tenant, series.name.as_str())))
            .update_expression(update)
            .condition_expression("attribute_exists(#name)")
            .expression_attribute_names("#name", "name")
            .expression_attribute_values(":at", number(at.nanos()))
            .send()
            .await
            .map_err(failed(NOTING))?;
        Ok(())
    }

    /// Notes that nothing is left to be done for a series, unless a batch that
    /// was received later, or a deletion, came since it was looked at. (A late
    /// batch may be overlooked: its chunks stay small until the next.)
    pub(crate) async fn settle(&self, series: &SeriesKey, seen: &Upkeep) -> Result<()> {
        let mut update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item_key(&series.tenant, series.name.as_str())))
            .update_expression("REMOVE #touched")
            .expression_attribute_names("#touched", "touched")
            .expression_attribute_names("#updated", "updated")
            .expression_attribute_names("#buried", "buried")
            .expression_attribute_values(":updated", number(seen.updated.nanos()));
        update = match seen.buried {
            None => {
                update.condition_expression("#updated = :updated AND attribute_not_exists(#buried)")
            }
            Some(buried) => update
                .condition_expression("#updated = :updated AND #buried = :buried")
                .expression_attribute_values(":buried", number(buried.nanos())),
        };
        unless_changed(update.send().await, NOTING)
    }

    /// Forgets the tombstones of a series from before `instant`, if there are
    /// any and nobody changes them meanwhile.
    pub(crate) async fn retire(&self, series: &SeriesKey, instant: Timestamp) -> Result<()> {
        const RETIRING: &str = "forgetting old deletions";
        let Some(entry) = self.entry(series).await? else {
            return Ok(());
        };
        let mut left = entry.tombstones()?;
        let Some(old) = entry.stored.filter(|_| !left.retire(instant).is_empty()) else {
            return Ok(());
        };
        let left = serde_json::to_string(&left)
            .map_err(|e| StoreError::new(Kind::Internal, RETIRING).because(e))?;
        let answer = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item_key(&series.tenant, &tombstones_of(&series.name))))
            .update_expression("SET #tombstones = :left")
            .condition_expression("#tombstones = :old")
            .expression_attribute_names("#tombstones", "tombstones")
            .expression_attribute_values(":left", text(left))
            .expression_attribute_values(":old", text(old))
            .send()
            .await;
        unless_changed(answer, RETIRING)
    }
}

/// Whoever changed the item meanwhile has the last word.
fn unless_changed<T>(
    answer: std::result::Result<T, SdkError<UpdateItemError>>,
    context: &str,
) -> Result<()> {
    match answer {
        Err(error)
            if error
                .as_service_error()
                .is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
        {
            Ok(())
        }
        answer => answer.map(drop).map_err(failed(context)),
    }
}
