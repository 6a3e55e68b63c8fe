//! Making series known. One that is live already costs one small write; one
//! that is new or was deleted comes to life in a transaction with the count.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use futures_util::{StreamExt, stream};
use tidemark_core::name::{SeriesName, Tenant};
use tidemark_core::time::Timestamp;
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
        names: &[&SeriesName],
        received: Timestamp,
    ) -> Result<()> {
        let names: BTreeSet<SeriesName> = names.iter().map(|&name| name.clone()).collect();
        let one = async |mut names| {
            let outcome = self.try_to_register(tenant, &mut names, received).await;
            (names, outcome)
        };
        retry(names, one).await.1
    }

    /// Leaves of the names those that are not registered.
    async fn try_to_register(
        &self,
        tenant: &Tenant,
        names: &mut BTreeSet<SeriesName>,
        received: Timestamp,
    ) -> std::result::Result<(), Undone> {
        let mut busy = None;
        let outcomes: Vec<(SeriesName, Result<Outcome>)> = stream::iter(std::mem::take(names))
            .map(|name| async {
                let touch = self.touch(tenant, &name, received);
                let outcome = self.calls.turn(touch).await;
                (name, outcome)
            })
            .buffer_unordered(WRITES)
            .collect()
            .await;
        let mut unlisted: Vec<SeriesName> = Vec::new();
        for (name, outcome) in outcomes {
            match outcome {
                Ok(Outcome::Done) => {}
                Ok(Outcome::Unlisted) => unlisted.push(name),
                Ok(Outcome::Again) => drop(names.insert(name)),
                // The others are registered, and not asked for again.
                Err(error) if error.kind() == Kind::Unavailable => {
                    names.insert(name);
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
                Ok(false) => names.extend(part.iter().cloned()),
                Err(error) if error.kind() == Kind::Unavailable => {
                    names.extend(part.iter().cloned());
                    busy = Some(error);
                }
                Err(error) => return Err(error.into()),
            }
        }
        if names.is_empty() {
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
            Err(error) => match refused(error)? {
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
            Err(error) => refused(error).map(|_| Outcome::Again),
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
        names: &[SeriesName],
        received: Timestamp,
    ) -> Result<bool> {
        let mut changes: Vec<TransactWriteItem> = names
            .iter()
            .map(|name| self.revival(tenant, name, received))
            .collect::<Result<_>>()?;
        changes.push(self.counted(tenant, i64::try_from(names.len()).unwrap_or(i64::MAX))?);
        transact(&self.client, REGISTERING, changes).await
    }

    fn revival(
        &self,
        tenant: &Tenant,
        name: &SeriesName,
        received: Timestamp,
    ) -> Result<TransactWriteItem> {
        change(
            Update::builder()
                .table_name(&self.table)
                .set_key(Some(item_key(tenant, name.as_str())))
                .update_expression("SET #live = :live, #updated = :received, #touched = :touched")
                .condition_expression(
                    "attribute_not_exists(#live) OR (#live = :dead AND #deleted < :received)",
                )
                .expression_attribute_names("#live", "live")
                .expression_attribute_names("#updated", "updated")
                .expression_attribute_names("#touched", "touched")
                .expression_attribute_names("#deleted", "deleted_at")
                .expression_attribute_values(":live", AttributeValue::Bool(true))
                .expression_attribute_values(":dead", AttributeValue::Bool(false))
                .expression_attribute_values(":received", number(received.nanos()))
                .expression_attribute_values(":touched", touched(tenant, name)),
        )
    }
}

/// Why an update was not made, where that is no failure.
enum Refused {
    /// The item, if there is one, is not as the update wants it.
    Condition(Option<Item>),
    /// A transaction is changing the item.
    Conflict,
}

fn refused<R>(error: SdkError<UpdateItemError, R>) -> Result<Refused>
where
    R: std::fmt::Debug + Send + Sync + 'static,
{
    match error.as_service_error() {
        Some(UpdateItemError::ConditionalCheckFailedException(failure)) => {
            Ok(Refused::Condition(failure.item().cloned()))
        }
        Some(UpdateItemError::TransactionConflictException(_)) => Ok(Refused::Conflict),
        _ => Err(failed(REGISTERING)(error)),
    }
}
