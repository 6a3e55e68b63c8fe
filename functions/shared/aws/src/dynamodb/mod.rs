//! Tables of `DynamoDB`: points as chunks, the catalog, discards, the queries
//! that were asked, API keys; and what they share.

pub(crate) mod batch;
pub(crate) mod catalog;
pub(crate) mod discards;
pub(crate) mod history;
pub(crate) mod item;
pub(crate) mod keys;
pub(crate) mod points;
mod times;
mod transaction;
