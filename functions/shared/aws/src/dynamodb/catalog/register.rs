//! Making series known. One that is live already costs one small write; one
//! that is new or was deleted comes to life in a transaction with the count.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use futures_util::{StreamExt, stream};
use tidemark_core::about::Label;
use tidemark_core::name::{SeriesName, Tenant};
use tidemark_core::time::Timestamp;
use tidemark_ports::Registration;
use tidemark_ports::error::{Kind, Result, StoreError};

use super::entry::Listing;
use super::{CatalogTable, change, item_key};
use crate::calls::{Undone, retry};
use crate::dynamodb::batch::tried_once;
use crate::dynamodb::item::{Item, number, text};
use crate::dynamodb::transaction::{CHANGED_AT_ONCE, transact};
use crate::error::failed;

const REGISTERING: &str = "registering series";

/// How many series are written at the same time, if the budget has room.
const WRITES: usize = 32;
/// How many series come to life in one transaction, which changes the count,
/// too.
const REVIVED_AT_ONCE: usize = CHANGED_AT_ONCE - 1;

/// Series that are not registered yet, and the unit of each if it is new.
type Unregistered = BTreeMap<SeriesName, Option<Label>>;

/// What a try to register a live series has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// It is registered, or was deleted later.
    Done,
    /// It has to come to life.
    Unlisted,
    /// Others changed it meanwhile.
    Again,
}

/// What the index of touched series has a series under.
pub(super) fn touched(tenant: &Tenant, name: &SeriesName) -> AttributeValue {
    text(format!("{tenant}/{name}"))
}

impl CatalogTable {
    pub(super) async fn make_known(
        &self,
        tenant: &Tenant,
        series: &[Registration<'_>],
        received: Timestamp,
    ) -> Result<()> {
        let series: Unregistered = series
            .iter()
            .map(|series| (series.name.clone(), series.unit.clone()))
            .collect();
        let one = async |mut series| {
            let outcome = self.try_to_register(tenant, &mut series, received).await;
            (series, outcome)
        };
        retry(series, one).await.1
    }

    /// Leaves of the series those that are not registered.
    async fn try_to_register(
        &self,
        tenant: &Tenant,
        series: &mut Unregistered,
        received: Timestamp,
    ) -> std::result::Result<(), Undone> {
        let mut busy = None;
        let outcomes: Vec<_> = stream::iter(std::mem::take(series))
            .map(|(name, unit)| async {
                let touch = self.touch(tenant, &name, received);
                let outcome = self.calls.turn(touch).await;
                (name, unit, outcome)
            })
            .buffer_unordered(WRITES)
            .collect()
            .await;
        let mut unlisted: Vec<(SeriesName, Option<Label>)> = Vec::new();
        for (name, unit, outcome) in outcomes {
            match outcome {
                Ok(Outcome::Done) => {}
                Ok(Outcome::Unlisted) => unlisted.push((name, unit)),
                Ok(Outcome::Again) => drop(series.insert(name, unit)),
                // The others are registered, and not asked for again.
                Err(error) if error.kind() == Kind::Unavailable => {
                    series.insert(name, unit);
                    busy = Some(error);
                }
                Err(error) => return Err(error.into()),
            }
        }
        // One after the other: each changes the count.
        for part in unlisted.chunks(REVIVED_AT_ONCE) {
            let revival = Box::pin(self.revive(tenant, part, received));
            match self.calls.turn(revival).await {
                Ok(true) => {}
                Ok(false) => series.extend(part.iter().cloned()),
                Err(error) if error.kind() == Kind::Unavailable => {
                    series.extend(part.iter().cloned());
                    busy = Some(error);
                }
                Err(error) => return Err(error.into()),
            }
        }
        if series.is_empty() {
            return Ok(());
        }
        let contended = || StoreError::new(Kind::Unavailable, REGISTERING);
        Err(Undone::Contended(busy.unwrap_or_else(contended)))
    }

    /// Registers a series that is live.
    async fn touch(
        &self,
        tenant: &Tenant,
        name: &SeriesName,
        received: Timestamp,
    ) -> Result<Outcome> {
        let update = self
            .update(tenant, name)
            .update_expression("SET #updated = :received, #touched = :touched")
            .condition_expression("#live = :live AND #updated < :received")
            .expression_attribute_names("#updated", "updated")
            .expression_attribute_values(":received", number(received.nanos()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let update = update.customize().config_override(tried_once());
        let old = match update.send().await {
            Ok(_) => return Ok(Outcome::Done),
            Err(error) => match refused(error, REGISTERING)? {
                Refused::Conflict => return Ok(Outcome::Again),
                Refused::Condition(None) => return Ok(Outcome::Unlisted),
                Refused::Condition(Some(item)) => Listing::read(item)?,
            },
        };
        if !old.live {
            return Ok(if old.is_revived_by(received) {
                Outcome::Unlisted
            } else {
                Outcome::Done
            });
        }
        if old.touched.is_some() {
            return Ok(Outcome::Done);
        }
        // A late batch has new points all the same.
        let update = self
            .update(tenant, name)
            .update_expression("SET #touched = :touched")
            .condition_expression("#live = :live");
        let update = update.customize().config_override(tried_once());
        match update.send().await {
            Ok(_) => Ok(Outcome::Done),
            Err(error) => refused(error, REGISTERING).map(|_| Outcome::Again),
        }
    }

    fn update(&self, tenant: &Tenant, name: &SeriesName) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item_key(tenant, name.as_str())))
            .expression_attribute_names("#live", "live")
            .expression_attribute_names("#touched", "touched")
            .expression_attribute_values(":live", AttributeValue::Bool(true))
            .expression_attribute_values(":touched", touched(tenant, name))
    }

    /// Brings series to life. False if one of them, or the count, was being
    /// changed.
    async fn revive(
        &self,
        tenant: &Tenant,
        series: &[(SeriesName, Option<Label>)],
        received: Timestamp,
    ) -> Result<bool> {
        let mut changes: Vec<TransactWriteItem> = series
            .iter()
            .map(|(name, unit)| self.revival(tenant, name, unit.as_ref(), received))
            .collect::<Result<_>>()?;
        changes.push(self.counted(tenant, i64::try_from(series.len()).unwrap_or(i64::MAX))?);
        transact(&self.client, REGISTERING, changes).await
    }

    fn revival(
        &self,
        tenant: &Tenant,
        name: &SeriesName,
        unit: Option<&Label>,
        received: Timestamp,
    ) -> Result<TransactWriteItem> {
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(item_key(tenant, name.as_str())))
            .condition_expression(
                "attribute_not_exists(#live) OR (#live = :dead AND #deleted < :received)",
            )
            .expression_attribute_names("#live", "live")
            .expression_attribute_names("#updated", "updated")
            .expression_attribute_names("#touched", "touched")
            .expression_attribute_names("#deleted", "deleted_at")
            .expression_attribute_names("#title", "title")
            .expression_attribute_names("#unit", "unit")
            .expression_attribute_names("#note", "note")
            .expression_attribute_values(":live", AttributeValue::Bool(true))
            .expression_attribute_values(":dead", AttributeValue::Bool(false))
            .expression_attribute_values(":received", number(received.nanos()))
            .expression_attribute_values(":touched", touched(tenant, name));
        // Nothing else is said of it: who deleted it may not have known of the texts.
        let set = "SET #live = :live, #updated = :received, #touched = :touched";
        change(match unit {
            None => update.update_expression(format!("{set} REMOVE #title, #unit, #note")),
            Some(unit) => update
                .update_expression(format!("{set}, #unit = :unit REMOVE #title, #note"))
                .expression_attribute_values(":unit", text(unit.as_str())),
        })
    }
}

/// Why an update was not made, where that is no failure.
pub(super) enum Refused {
    /// The item, if there is one, is not as the update wants it.
    Condition(Option<Item>),
    /// A transaction is changing the item.
    Conflict,
}

pub(super) fn refused<R>(error: SdkError<UpdateItemError, R>, context: &str) -> Result<Refused>
where
    R: std::fmt::Debug + Send + Sync + 'static,
{
    match error.as_service_error() {
        Some(UpdateItemError::ConditionalCheckFailedException(failure)) => {
            Ok(Refused::Condition(failure.item().cloned()))
        }
        Some(UpdateItemError::TransactionConflictException(_)) => Ok(Refused::Conflict),
        _ => Err(failed(context)(error)),
    }
}
