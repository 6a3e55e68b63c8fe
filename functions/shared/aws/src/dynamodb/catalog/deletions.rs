//! Recording what was deleted: read, change, and write under the condition that
//! nobody wrote meanwhile.
//!
//! Tombstones of a series that is gone stay: batches that were received before
//! may still arrive. Old ones go when the series is compacted.

use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use tidemark_core::name::SeriesKey;
use tidemark_core::tombstone::Tombstone;
use tidemark_ports::error::{Kind, Result, StoreError};

use super::entry::Entry;
use super::register::touched;
use super::{CatalogTable, change, item_key, tombstones_of};
use crate::calls::{Undone, retry};
use crate::dynamodb::item::{number, text};
use crate::dynamodb::transaction::transact;

const DELETING: &str = "recording a deletion";
/// The end of an update's expression by which what was said of a series goes.
const UNSAID: &str = " REMOVE #title, #unit, #note";

/// With the names that [`UNSAID`] has.
fn with_texts(update: UpdateBuilder) -> UpdateBuilder {
    update
        .expression_attribute_names("#title", "title")
        .expression_attribute_names("#unit", "unit")
        .expression_attribute_names("#note", "note")
}

impl CatalogTable {
    /// Records a deletion; where `whole` says so, of the series itself. Whether
    /// there was such a series.
    pub(super) async fn bury(
        &self,
        series: &SeriesKey,
        tombstone: Tombstone,
        whole: bool,
    ) -> Result<bool> {
        let one = async |()| ((), self.try_to_bury(series, tombstone, whole).await);
        retry((), one).await.1
    }

    async fn try_to_bury(
        &self,
        series: &SeriesKey,
        tombstone: Tombstone,
        whole: bool,
    ) -> std::result::Result<bool, Undone> {
        let Some(entry) = self.entry(series).await? else {
            return Ok(false);
        };
        let was_live = entry.listing.live;
        let mut changes: Vec<TransactWriteItem> = Vec::new();
        changes.extend(self.burial(series, &entry, tombstone)?);
        let ending = if whole {
            self.end(series, &entry, tombstone)?
        } else {
            Vec::new()
        };
        if !changes.is_empty() && ending.is_empty() {
            changes.push(self.revisit(series, tombstone, whole)?);
        }
        changes.extend(ending);
        if changes.is_empty() || transact(&self.client, DELETING, changes).await? {
            return Ok(was_live);
        }
        Err(Undone::Contended(StoreError::new(
            Kind::Unavailable,
            DELETING,
        )))
    }

    /// The change of the tombstones, if they change.
    fn burial(
        &self,
        series: &SeriesKey,
        entry: &Entry,
        tombstone: Tombstone,
    ) -> Result<Option<TransactWriteItem>> {
        let mut tombstones = entry.tombstones()?;
        tombstones
            .insert(tombstone)
            .map_err(|e| StoreError::new(Kind::Exhausted, DELETING).because(e))?;
        let new = serde_json::to_string(&tombstones)
            .map_err(|e| StoreError::new(Kind::Internal, DELETING).because(e))?;
        if entry.stored.as_ref() == Some(&new) {
            return Ok(None);
        }
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(item_key(&series.tenant, &tombstones_of(&series.name))))
            .update_expression("SET #tombstones = :new")
            .expression_attribute_names("#tombstones", "tombstones")
            .expression_attribute_values(":new", text(new));
        let update = match &entry.stored {
            None => update.condition_expression("attribute_not_exists(#tombstones)"),
            Some(old) => update
                .condition_expression("#tombstones = :old")
                .expression_attribute_values(":old", text(old)),
        };
        change(update).map(Some)
    }

    /// The change that has a series looked at by the compactor, which forgets
    /// old tombstones. Where the series itself was deleted, and stays as there is
    /// a later batch, what was said of it goes.
    fn revisit(
        &self,
        series: &SeriesKey,
        tombstone: Tombstone,
        whole: bool,
    ) -> Result<TransactWriteItem> {
        let mut update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(item_key(&series.tenant, series.name.as_str())))
            .condition_expression("attribute_exists(#live)")
            .expression_attribute_names("#buried", "buried")
            .expression_attribute_values(":buried", number(tombstone.deleted_at.nanos()))
            .expression_attribute_names("#touched", "touched")
            .expression_attribute_names("#live", "live")
            .expression_attribute_values(":touched", touched(&series.tenant, &series.name));
        let mut expression = "SET #touched = :touched, #buried = :buried".to_owned();
        if whole {
            expression += UNSAID;
            update = with_texts(update);
        }
        change(update.update_expression(expression))
    }

    /// The changes by which a series ends, if it does.
    fn end(
        &self,
        series: &SeriesKey,
        entry: &Entry,
        tombstone: Tombstone,
    ) -> Result<Vec<TransactWriteItem>> {
        let (listing, deleted_at) = (&entry.listing, tombstone.deleted_at);
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(item_key(&series.tenant, series.name.as_str())))
            .expression_attribute_names("#live", "live")
            .expression_attribute_names("#deleted", "deleted_at")
            .expression_attribute_names("#touched", "touched")
            .expression_attribute_names("#buried", "buried")
            .expression_attribute_values(":dead", AttributeValue::Bool(false))
            .expression_attribute_values(":deleted", number(deleted_at.nanos()))
            .expression_attribute_values(":touched", touched(&series.tenant, &series.name));
        if listing.live && listing.updated <= deleted_at {
            let expression =
                "SET #live = :dead, #deleted = :deleted, #buried = :deleted, #touched = :touched";
            let update = with_texts(update)
                .update_expression(format!("{expression}{UNSAID}"))
                .condition_expression("#live = :live AND #updated <= :deleted")
                .expression_attribute_names("#updated", "updated")
                .expression_attribute_values(":live", AttributeValue::Bool(true));
            return Ok(vec![change(update)?, self.counted(&series.tenant, -1)?]);
        }
        if !listing.live && listing.is_revived_by(deleted_at) {
            let update = update
                .update_expression(
                    "SET #deleted = :deleted, #buried = :deleted, #touched = :touched",
                )
                .condition_expression("#live = :dead AND #deleted < :deleted");
            return Ok(vec![change(update)?]);
        }
        Ok(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use tidemark_core::time::{TimeRange, Timestamp};
    use tidemark_core::tombstone::Tombstones;

    use super::*;

    #[test]
    fn the_most_tombstones_fit_an_item() {
        // As long as numbers can be.
        let instant = |nanos| Timestamp::from_nanos(i64::MIN + nanos);
        let mut tombstones = Tombstones::none();
        for i in (0..).take(Tombstones::MAX) {
            let tombstone = Tombstone {
                range: TimeRange::new(instant(3 * i), instant(3 * i + 1)).unwrap(),
                deleted_at: instant(i),
            };
            tombstones.insert(tombstone).unwrap();
        }
        let stored = serde_json::to_string(&tombstones).unwrap();
        assert!(stored.len() > 80_000, "{}", stored.len());
        assert!(stored.len() < 390 * 1024, "{}", stored.len());
    }
}
