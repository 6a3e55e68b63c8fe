//! The catalog: a series is an item under the tenant and its name, and what was
//! deleted of it one beside that, under the name and `#`, so that registering
//! writes little. How many series are live is counted in the item `#`, in the
//! transactions that change it. No name contains `#`, which sorts before all
//! that names consist of.

mod deletions;
mod describe;
mod entry;
mod listing;
mod register;
mod upkeep;

pub(crate) use upkeep::Touched;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use tidemark_core::about::AboutChange;
use tidemark_core::name::{SeriesKey, SeriesName, Tenant};
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_core::tombstone::Tombstone;
use tidemark_ports::error::{Kind, Result, StoreError};
use tidemark_ports::{Catalog, Registration, Series};

use crate::calls::Budget;
use crate::client::Aws;
use crate::dynamodb::item::{Item, key, number};
use crate::settings::SettingError;

/// The table of series and deletions.
#[derive(Debug, Clone)]
pub struct CatalogTable {
    client: Client,
    calls: Budget,
    table: String,
}

impl Aws {
    /// The catalog in the table `TIDEMARK_CATALOG_TABLE`.
    pub fn catalog(&self) -> std::result::Result<CatalogTable, SettingError> {
        Ok(CatalogTable {
            client: self.dynamodb(),
            calls: self.table_calls.clone(),
            table: self.settings.required("TIDEMARK_CATALOG_TABLE")?,
        })
    }
}

/// The sort key of the item that counts a tenant's live series.
const COUNTER: &str = "#";

fn item_key(tenant: &Tenant, name: &str) -> Item {
    key([("tenant", tenant.as_str()), ("name", name)])
}

/// The sort key of a series' tombstones.
fn tombstones_of(name: &SeriesName) -> String {
    format!("{name}#")
}

/// One change of a transaction.
fn change(update: UpdateBuilder) -> Result<TransactWriteItem> {
    let update = update
        .build()
        .map_err(|e| StoreError::new(Kind::Internal, "changing the catalog").because(e))?;
    Ok(TransactWriteItem::builder().update(update).build())
}

impl CatalogTable {
    /// So many more live series.
    fn counted(&self, tenant: &Tenant, more: i64) -> Result<TransactWriteItem> {
        change(
            Update::builder()
                .table_name(&self.table)
                .set_key(Some(item_key(tenant, COUNTER)))
                .update_expression("ADD #count :more")
                .expression_attribute_names("#count", "count")
                .expression_attribute_values(":more", number(more)),
        )
    }
}

#[async_trait]
impl Catalog for CatalogTable {
    async fn register(
        &self,
        tenant: &Tenant,
        series: &[Registration<'_>],
        received: Timestamp,
    ) -> Result<()> {
        self.make_known(tenant, series, received).await
    }

    async fn get(&self, series: &SeriesKey) -> Result<Option<Series>> {
        match self.entry(series).await? {
            Some(entry) => entry.listed(),
            None => Ok(None),
        }
    }

    async fn list(
        &self,
        tenant: &Tenant,
        prefix: &str,
        after: Option<&SeriesName>,
        limit: usize,
    ) -> Result<Vec<Series>> {
        self.page(tenant, prefix, after, limit).await
    }

    async fn count(&self, tenant: &Tenant, prefix: &str) -> Result<u64> {
        if prefix.is_empty() {
            self.count_all(tenant).await
        } else {
            self.count_those(tenant, prefix).await
        }
    }

    async fn tombstone(&self, series: &SeriesKey, tombstone: Tombstone) -> Result<()> {
        self.bury(series, tombstone, false).await.map(drop)
    }

    async fn describe(&self, series: &SeriesKey, change: &AboutChange) -> Result<bool> {
        self.say(series, change).await
    }

    async fn delete(&self, series: &SeriesKey, deleted_at: Timestamp) -> Result<bool> {
        let everything = Tombstone {
            range: TimeRange::ALL,
            deleted_at,
        };
        self.bury(series, everything, true).await
    }
}
