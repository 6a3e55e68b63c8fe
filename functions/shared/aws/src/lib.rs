//! Tidemark's ports over AWS: points in `DynamoDB` or Timestream, catalog,
//! discards and history in `DynamoDB`, the queue in SQS, calculations in Lambda: a
//! module for each service. The only package that names the AWS SDK.

mod calls;
mod client;
mod dynamodb;
mod error;
#[cfg(test)]
mod fake;
mod in_time;
mod jobs;
mod lambda;
mod s3;
mod settings;
mod sqs;
mod stores;
mod timestream;
mod trust;

pub use client::Aws;
pub use dynamodb::catalog::CatalogTable;
pub use dynamodb::discards::DiscardsTable;
pub use dynamodb::history::HistoryTable;
pub use dynamodb::keys::KeysTable;
pub use dynamodb::points::Points;
pub use jobs::compactor::Compactor;
pub use jobs::migration::{Migration, Moved};
pub use lambda::LambdaCalculator;
pub use settings::{SettingError, Settings};
pub use sqs::SqsQueue;
pub use timestream::{Reports, Timestream};
