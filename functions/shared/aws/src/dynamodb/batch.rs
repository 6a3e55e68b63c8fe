//! Many items of a table at once: in calls of as many as `DynamoDB` takes. What a
//! call leaves undone, because the table is busy, is asked for again. A call of
//! which nothing was carried out is an error of `DynamoDB`, and no different here.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{Builder, Config};
use aws_sdk_dynamodb::types::{KeysAndAttributes, WriteRequest};
use tidemark_ports::error::{Kind, Result, StoreError};

use crate::calls::{Budget, Done, each, once};
use crate::dynamodb::item::Item;
use crate::error::failed;

/// How many items one call may write.
const WRITTEN_AT_ONCE: usize = 25;
/// How many items one call may read.
const READ_AT_ONCE: usize = 100;
/// How many calls are under way at the same time, if the budget has room.
const CALLS: usize = 8;

/// What is different for a call that is repeated here.
pub(crate) fn tried_once() -> Builder {
    Config::builder().retry_config(once())
}

/// Puts and deletes items, each key at most once. What was carried out before
/// an error stays.
pub(crate) async fn write_all(
    client: &Client,
    budget: &Budget,
    table: &str,
    requests: Vec<WriteRequest>,
) -> Result<()> {
    let call = |requests| async {
        let answer = client
            .batch_write_item()
            .request_items(table, requests)
            .customize()
            .config_override(tried_once())
            .send()
            .await
            .map_err(failed(format!("writing to {table}")))?;
        let left = answer.unprocessed_items.and_then(|mut l| l.remove(table));
        Ok(Done {
            found: Vec::<()>::new(),
            left: left.unwrap_or_default(),
        })
    };
    each(budget, requests, WRITTEN_AT_ONCE, CALLS, call)
        .await
        .map(drop)
}

/// Reads the items of these keys, strongly consistent; `keys` are all
/// different. Those that are there come back, in no particular order.
pub(crate) async fn get_all(
    client: &Client,
    budget: &Budget,
    table: &str,
    keys: Vec<Item>,
) -> Result<Vec<Item>> {
    let context = || format!("reading from {table}");
    let call = |keys| async {
        let wanted = KeysAndAttributes::builder()
            .set_keys(Some(keys))
            .consistent_read(true)
            .build()
            .map_err(|e| StoreError::new(Kind::Internal, context()).because(e))?;
        let answer = client
            .batch_get_item()
            .request_items(table, wanted)
            .customize()
            .config_override(tried_once())
            .send()
            .await
            .map_err(failed(context()))?;
        let found = answer.responses.and_then(|mut f| f.remove(table));
        let left = answer.unprocessed_keys.and_then(|mut l| l.remove(table));
        Ok(Done {
            found: found.unwrap_or_default(),
            left: left.map(|left| left.keys).unwrap_or_default(),
        })
    };
    each(budget, keys, READ_AT_ONCE, CALLS, call).await
}

#[cfg(test)]
mod tests;
