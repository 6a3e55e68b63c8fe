//! `/admin/discards` and below: shows the administrator what was discarded, and
//! replays it.

use std::process::ExitCode;
use std::sync::Arc;

use tidemark_app::access::{Access, Settings};
use tidemark_app::{batch_ids::BatchIds, clock::SystemClock, discards::Discards};
use tidemark_aws::Aws;
use tidemark_lambda::{Error, Operation, Problem, http, start};

fn main() -> ExitCode {
    start(serve())
}

async fn serve() -> Result<(), Error> {
    let aws = Aws::from_env().await;
    let clock = Arc::new(SystemClock::new());
    let access = Access::new(Settings::from_env()?, Arc::new(aws.keys()?), clock.clone())?;
    let discards = Discards {
        discards: Arc::new(aws.discards()?),
        points: aws.point_store()?,
        catalog: Arc::new(aws.catalog()?),
        clock,
        ids: Arc::new(BatchIds::new()),
    };
    http(access.gate, async |operation, call, _| match operation {
        Operation::Discards(operation) => discards.handle(operation, call).await,
        _ => Err(Problem::not_found()),
    })
    .await
}
