//! Many items of a table at once: in calls of as many as `DynamoDB` takes. What a
//! call leaves undone, because the table is busy, is asked for again.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{KeysAndAttributes, WriteRequest};
use tidemark_ports::error::{Kind, Result, StoreError};

use crate::calls::{Done, each};
use crate::dynamodb::item::Item;
use crate::error::failed;

/// How many items one call may write.
const WRITTEN_AT_ONCE: usize = 25;
/// How many items one call may read.
const READ_AT_ONCE: usize = 100;
/// How many calls are under way at the same time.
const CALLS: usize = 8;

/// Puts and deletes items, each key at most once. What was carried out before
/// an error stays.
pub(crate) async fn write_all(
    client: &Client,
    table: &str,
    requests: Vec<WriteRequest>,
) -> Result<()> {
    let call = |requests| async {
        let answer = client
            .batch_write_item()
            .request_items(table, requests)
            .send()
            .await
            .map_err(failed(format!("writing to {table}")))?;
        let left = answer.unprocessed_items.and_then(|mut l| l.remove(table));
        Ok(Done {
            found: Vec::<()>::new(),
            left: left.unwrap_or_default(),
        })
    };
    each(requests, WRITTEN_AT_ONCE, CALLS, call).await.map(drop)
}

/// Reads the items of these keys, strongly consistent; `keys` are all
/// different. Those that are there come back, in no particular order.
pub(crate) async fn get_all(client: &Client, table: &str, keys: Vec<Item>) -> Result<Vec<Item>> {
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
    each(keys, READ_AT_ONCE, CALLS, call).await
}
