//! `POST /api` and `POST /meterdata/measurement`: checks the form of points and
//! sends them to the queue.

use std::process::ExitCode;
use std::sync::Arc;

use tidemark_app::access::{Access, Settings};
use tidemark_app::{batch_ids::BatchIds, clock::SystemClock, ingest::Ingest};
use tidemark_aws::Aws;
use tidemark_lambda::{Error, Operation, Problem, http, start};

fn main() -> ExitCode {
    start(serve())
}

async fn serve() -> Result<(), Error> {
    let aws = Aws::from_env().await;
    let clock = Arc::new(SystemClock::new());
    let access = Access::new(Settings::from_env()?, Arc::new(aws.keys()?), clock.clone())?;
    let ingest = Ingest {
        queue: Arc::new(aws.queue()?),
        catalog: Arc::new(aws.catalog()?),
        limiter: access.limiter,
        clock,
        ids: Arc::new(BatchIds::new()),
    };
    http(
        access.gate,
        async |operation, call, request| match operation {
            Operation::Ingest(operation) => ingest.handle(operation, call, request).await,
            _ => Err(Problem::not_found()),
        },
    )
    .await
}
