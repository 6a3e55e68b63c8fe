//! Items and their attributes.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tidemark_ports::error::{Kind, Result, StoreError};

use crate::error::corrupt;

/// What is stored under a key; also a key alone.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// An attribute of text.
pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// An attribute that is a number.
pub(crate) fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// The key of an item in a table whose keys have two parts.
pub(crate) fn key<const N: usize>(parts: [(&str, &str); N]) -> Item {
    parts
        .map(|(name, value)| (name.to_owned(), text(value)))
        .into()
}

/// Makes an item of a row; `what` is for the error.
pub(crate) fn write(row: &impl Serialize, what: &str) -> Result<Item> {
    serde_dynamo::to_item(row).map_err(|e| StoreError::new(Kind::Internal, what).because(e))
}

/// Reads a row from an item; `what` is for the error.
pub(crate) fn read<T: DeserializeOwned>(item: Item, what: &str) -> Result<T> {
    serde_dynamo::from_item(item).map_err(|e| corrupt(what).because(e))
}
