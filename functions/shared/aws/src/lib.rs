//! Tidemark's ports over AWS: points, catalog, discards and history in
//! `DynamoDB`, the queue in SQS, calculations in Lambda. The only package that
//! names the AWS SDK.

mod batch;
mod client;
mod error;
pub mod points;
mod settings;

pub use client::Aws;
pub use settings::{SettingError, Settings};
