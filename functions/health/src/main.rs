//! `GET /health`: tells whether data can be accepted.

use std::process::ExitCode;
use std::sync::Arc;

use tidemark_app::health::Health;
use tidemark_aws::Aws;
use tidemark_lambda::{Access, http, start};

fn main() -> ExitCode {
    start(async {
        let queue = Arc::new(Aws::from_env().await.queue()?);
        http(Access::public_from_env()?, Health { queue }).await
    })
}
