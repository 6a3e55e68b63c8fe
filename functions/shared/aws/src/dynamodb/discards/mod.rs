//! Discards, as items that an administrator can read: under the tenant and the
//! discard's id, in the indexes under the stamp. An item is found by one reason;
//! for each further reason there is an item of its own, `<id>#<reason>`, which
//! points to it and holds no payload.
//!
//! Where `TIDEMARK_DISCARD_DAYS` says so, items expire so long after they were put:
//! not after they were received, since what was a dead letter for long would never
//! be seen then. `DynamoDB` deletes within days what has expired; until then it is
//! left out here.

mod listing;
mod row;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{PutRequest, ReturnValuesOnConditionCheckFailure, WriteRequest};
use tidemark_core::discard::{Discard, DiscardId};
use tidemark_core::name::Tenant;
use tidemark_core::point::Stamp;
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_ports::error::{Kind, Result, StoreError};
use tidemark_ports::{Clock, DiscardCount, DiscardFilter, DiscardLog, SystemClock};

use crate::calls::{Budget, for_each};
use crate::client::Aws;
use crate::dynamodb::batch::{tried_once, write_all};
use crate::dynamodb::item::{Item, key, text};
use crate::dynamodb::times::sortable;
use crate::error::failed;
use crate::settings::SettingError;

const KEEPING: &str = "keeping a discard";
const MARKING: &str = "marking a discard as replayed";

/// How many discards are put at the same time, if the budget has room.
const PUTS: usize = 32;

/// How long discards are kept, in days; 0, or unset, is for good.
const DAYS: &str = "TIDEMARK_DISCARD_DAYS";
const SECONDS_PER_DAY: i64 = 24 * 3600;
const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// The table of discards.
#[derive(Clone)]
pub struct DiscardsTable {
    client: Client,
    calls: Budget,
    table: String,
    /// How long what is put is kept, in seconds; None is for good.
    kept: Option<i64>,
    clock: Arc<dyn Clock>,
}

impl Aws {
    /// The discards in the table `TIDEMARK_DISCARDS_TABLE`, which expire after
    /// `TIDEMARK_DISCARD_DAYS`.
    pub fn discards(&self) -> std::result::Result<DiscardsTable, SettingError> {
        let days: u16 = match self.settings.optional(DAYS) {
            None => 0,
            Some(_) => self.settings.parsed(DAYS)?,
        };
        Ok(DiscardsTable {
            client: self.dynamodb(),
            calls: self.table_calls.clone(),
            table: self.settings.required("TIDEMARK_DISCARDS_TABLE")?,
            kept: (days > 0).then(|| i64::from(days) * SECONDS_PER_DAY),
            clock: Arc::new(SystemClock::new()),
        })
    }
}

fn item_key(tenant: &Tenant, id: &str) -> Item {
    key([("tenant", tenant.as_str()), ("id", id)])
}

impl DiscardsTable {
    /// Now, in seconds since 1970, as items expire.
    fn now(&self) -> i64 {
        self.clock.now().nanos().div_euclid(NANOS_PER_SECOND)
    }

    /// Puts an item unless there is one already.
    async fn put_new(&self, item: Item) -> Result<()> {
        let answer = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(#id)")
            .expression_attribute_names("#id", "id")
            .customize()
            .config_override(tried_once())
            .send()
            .await;
        match answer {
            Ok(_) => Ok(()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(PutItemError::is_conditional_check_failed_exception) =>
            {
                Ok(())
            }
            Err(error) => Err(failed(KEEPING)(error)),
        }
    }
}

#[async_trait]
impl DiscardLog for DiscardsTable {
    async fn put(&self, discards: &[Discard]) -> Result<()> {
        let expires = self.kept.map(|kept| self.now() + kept);
        let mut ids = HashSet::new();
        let mut items = Vec::with_capacity(discards.len());
        let mut pointers = Vec::new();
        for discard in discards {
            if ids.insert((&discard.tenant, discard.id())) {
                let item = row::item(discard, expires)?;
                for pointer in row::pointers(discard, &item) {
                    let put = PutRequest::builder()
                        .set_item(Some(pointer))
                        .build()
                        .map_err(|e| StoreError::new(Kind::Internal, KEEPING).because(e))?;
                    pointers.push(WriteRequest::builder().put_request(put).build());
                }
                items.push(item);
            }
        }
        // First, so that nothing that is kept can lack them: pointers to
        // nothing are passed over.
        write_all(&self.client, &self.calls, &self.table, pointers).await?;
        for_each(&self.calls, items, PUTS, |item| self.put_new(item)).await
    }

    async fn get(&self, tenant: &Tenant, id: DiscardId) -> Result<Option<Discard>> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(item_key(tenant, &id.to_string())))
            .consistent_read(true)
            .send()
            .await
            .map_err(failed("reading a discard"))?;
        let now = self.now();
        let item = answer.item.filter(|item| !row::has_expired(item, now));
        item.map(row::discard).transpose()
    }

    async fn list(
        &self,
        tenant: &Tenant,
        filter: &DiscardFilter,
        before: Option<Stamp>,
        limit: usize,
    ) -> Result<Vec<Discard>> {
        self.page(tenant, filter, before, limit).await
    }

    async fn counts(&self, tenant: &Tenant, received: TimeRange) -> Result<Vec<DiscardCount>> {
        self.count(tenant, received).await
    }

    async fn mark_replayed(&self, tenant: &Tenant, id: DiscardId, at: Timestamp) -> Result<bool> {
        let at = text(sortable(at));
        let answer = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item_key(tenant, &id.to_string())))
            .update_expression("SET #replayed = :at")
            .condition_expression("attribute_exists(#id) AND attribute_not_exists(#replayed)")
            .expression_attribute_names("#id", "id")
            .expression_attribute_names("#replayed", "replayed")
            .expression_attribute_values(":at", at.clone())
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let Err(error) = answer else {
            return Ok(true);
        };
        match error.as_service_error() {
            // The same call made again, because its first answer was lost, has
            // the same instant.
            Some(UpdateItemError::ConditionalCheckFailedException(failure)) => Ok(failure
                .item()
                .is_some_and(|item| item.get("replayed") == Some(&at))),
            _ => Err(failed(MARKING)(error)),
        }
    }
}
