//! `POST /api` and `POST /meterdata/measurement`: checks the form of points and
//! sends them to the queue.

use std::process::ExitCode;
use std::sync::Arc;

use tidemark_app::{batch_ids::BatchIds, clock::SystemClock, ingest::Ingest};
use tidemark_aws::Aws;
use tidemark_lambda::{Error, Operation, Problem, http, start};

fn main() -> ExitCode {
    start(serve())
}

async fn serve() -> Result<(), Error> {
    let aws = Aws::from_env().await;
    let ingest = Ingest {
        queue: Arc::new(aws.queue()?),
        clock: Arc::new(SystemClock::new()),
        ids: Arc::new(BatchIds::new()),
    };
    http(async |operation, call, request| match operation {
        Operation::Ingest(operation) => ingest.handle(operation, call, request).await,
        _ => Err(Problem::not_found()),
    })
    .await
}
