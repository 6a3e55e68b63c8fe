//! API keys: an item each under its id, as plain attributes for the console.

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::ReturnValue;
use serde::{Deserialize, Serialize};
use tidemark_core::access::{Overrides, Scopes};
use tidemark_core::key::{ApiKey, KeyId};
use tidemark_core::name::Tenant;
use tidemark_core::time::Timestamp;
use tidemark_ports::KeyStore;
use tidemark_ports::error::Result;

use crate::client::Aws;
use crate::dynamodb::item::{self, Item, text};
use crate::dynamodb::times::{self, sortable};
use crate::error::{corrupt, failed};
use crate::settings::SettingError;

/// The table of keys.
#[derive(Debug, Clone)]
pub struct KeysTable {
    client: Client,
    table: String,
}

impl Aws {
    /// The keys in the table `TIDEMARK_KEYS_TABLE`.
    pub fn keys(&self) -> std::result::Result<KeysTable, SettingError> {
        Ok(KeysTable {
            client: self.dynamodb(),
            table: self.settings.required("TIDEMARK_KEYS_TABLE")?,
        })
    }
}

#[derive(Serialize, Deserialize)]
struct Row {
    id: KeyId,
    hash: String,
    tenant: Tenant,
    scopes: Scopes,
    name: String,
    created: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revoked: Option<String>,
    #[serde(flatten)]
    overrides: Overrides,
}

fn row(key: &ApiKey) -> Result<Item> {
    let row = Row {
        id: key.id(),
        hash: key.hash.to_string(),
        tenant: key.tenant.clone(),
        scopes: key.scopes,
        name: key.name.clone(),
        created: sortable(key.created),
        expires: key.expires.map(sortable),
        revoked: key.revoked.map(sortable),
        overrides: key.overrides,
    };
    item::write(&row, "writing a key")
}

fn key(item: Item) -> Result<ApiKey> {
    let row: Row = item::read(item, "a key")?;
    let wrong = || corrupt(format!("the hash of the key {}", row.id));
    let time = |text: Option<&str>| text.map(|t| times::read(t, "time of a key")).transpose();
    let key = ApiKey {
        hash: row.hash.parse().map_err(|e| wrong().because(e))?,
        created: times::read(&row.created, "time of a key")?,
        expires: time(row.expires.as_deref())?,
        revoked: time(row.revoked.as_deref())?,
        tenant: row.tenant,
        scopes: row.scopes,
        name: row.name,
        overrides: row.overrides,
    };
    // Else whoever can write an item could have one key pass for another.
    if key.id() == row.id {
        Ok(key)
    } else {
        Err(corrupt(format!("the hash of the key {}", row.id)))
    }
}

impl KeysTable {
    fn item_key(id: KeyId) -> Item {
        Item::from([("id".to_owned(), text(id))])
    }
}

#[async_trait]
impl KeyStore for KeysTable {
    async fn create(&self, key: &ApiKey) -> Result<bool> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(row(key)?))
            .condition_expression("attribute_not_exists(id)")
            .send()
            .await;
        match put {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(false),
                _ => Err(failed("keeping a key")(error)),
            },
        }
    }

    async fn get(&self, id: KeyId) -> Result<Option<ApiKey>> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(Self::item_key(id)))
            .consistent_read(true)
            .send()
            .await
            .map_err(failed("reading a key"))?;
        answer.item.map(key).transpose()
    }

    async fn list(&self, tenant: Option<&Tenant>) -> Result<Vec<ApiKey>> {
        let mut pages = self
            .client
            .scan()
            .table_name(&self.table)
            .consistent_read(true)
            .into_paginator()
            .send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            for item in page
                .map_err(failed("listing keys"))?
                .items
                .unwrap_or_default()
            {
                let key = key(item)?;
                if tenant.is_none_or(|tenant| *tenant == key.tenant) {
                    keys.push(key);
                }
            }
        }
        keys.sort_by_key(|key| (key.created, key.id()));
        Ok(keys)
    }

    async fn revoke(&self, id: KeyId, at: Timestamp) -> Result<Option<ApiKey>> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(Self::item_key(id)))
            .condition_expression("attribute_exists(id)")
            .update_expression("SET revoked = if_not_exists(revoked, :at)")
            .expression_attribute_values(":at", text(sortable(at)))
            .return_values(ReturnValue::AllNew)
            .send()
            .await;
        match update {
            Ok(answer) => answer.attributes.map(key).transpose(),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(None),
                _ => Err(failed("revoking a key")(error)),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use tidemark_core::key::KeyHash;

    use super::*;

    fn made() -> ApiKey {
        ApiKey {
            hash: KeyHash::of("a"),
            tenant: Tenant::local(),
            scopes: "read write".parse().unwrap(),
            name: "a".to_owned(),
            created: Timestamp::from_nanos(0),
            expires: None,
            revoked: None,
            overrides: Overrides {
                series: Some(3),
                ..Overrides::default()
            },
        }
    }

    #[test]
    fn an_item_is_readable_in_the_console() {
        let item = row(&made()).unwrap();
        assert_eq!(item["scopes"], text("read write"));
        assert_eq!(item["created"], text("1970-01-01T00:00:00.000000000Z"));
        assert_eq!(item["series"], item::number(3));
        assert!(!item.contains_key("expires") && !item.contains_key("points_per_second"));
        assert_eq!(key(item).unwrap(), made());
    }

    #[test]
    fn an_item_of_another_id_is_corrupt() {
        let mut item = row(&made()).unwrap();
        item.insert("id".to_owned(), text("0000000000000000"));
        assert!(key(item).is_err());
    }
}
