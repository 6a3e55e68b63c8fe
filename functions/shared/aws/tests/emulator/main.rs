//! The ports over AWS, held to the suites that define them. They run against
//! the deployed tables that the environment names, at `AWS_ENDPOINT_URL`, and
//! keep apart by tenants that nobody else uses.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod catalog;
mod compactor;
mod discards;
mod history;
mod keys;
mod points;
mod queue;
mod timestream;

use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::Client;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

/// A client of one's own, to look at items and to do what others do to them.
async fn dynamodb() -> Client {
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let config = aws_config::defaults(BehaviorVersion::latest()).http_client(http);
    Client::new(&config.load().await)
}
