//! Tidemark's ports over AWS: points in `DynamoDB` or Timestream, catalog,
//! discards and history in `DynamoDB`, the queue in SQS, calculations in Lambda.
//! The only package that names the AWS SDK.

mod batch;
mod bucket;
mod calculator;
mod catalog;
mod client;
mod compactor;
mod discards;
mod error;
#[cfg(test)]
mod fake;
mod history;
mod item;
mod keys;
mod migration;
mod points;
mod queue;
mod settings;
mod stores;
mod times;
mod timestream;
mod transaction;
mod trust;

pub use calculator::LambdaCalculator;
pub use catalog::CatalogTable;
pub use client::Aws;
pub use compactor::Compactor;
pub use discards::DiscardsTable;
pub use history::HistoryTable;
pub use keys::KeysTable;
pub use migration::{Migration, Moved};
pub use points::Points;
pub use queue::SqsQueue;
pub use settings::{SettingError, Settings};
pub use timestream::{Reports, Timestream};
