//! Tidemark's ports over AWS: points, catalog, discards and history in
//! `DynamoDB`, the queue in SQS, calculations in Lambda. The only package that
//! names the AWS SDK.

mod client;
mod error;
#[cfg(test)]
mod fake;
mod queue;
mod settings;

pub use client::Aws;
pub use queue::SqsQueue;
pub use settings::{SettingError, Settings};
