//! `GET /health`: tells whether data can be accepted.

use std::process::ExitCode;
use std::sync::Arc;

use tidemark_app::access::{Access, Settings};
use tidemark_app::health::Health;
use tidemark_aws::Aws;
use tidemark_lambda::{Error, Operation, Problem, http, start};

fn main() -> ExitCode {
    start(serve())
}

async fn serve() -> Result<(), Error> {
    let queue = Arc::new(Aws::from_env().await.queue()?);
    let health = Health { queue };
    let gate = Access::public(Settings::from_env()?);
    http(gate, async |operation, call, _| match operation {
        Operation::Health => health.handle(call).await,
        _ => Err(Problem::not_found()),
    })
    .await
}
