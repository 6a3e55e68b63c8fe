//! `DELETE /api/{name}`: deletes a series, or a range of it.

use std::process::ExitCode;
use std::sync::Arc;

use tidemark_app::access::{Access, Settings};
use tidemark_app::{clock::SystemClock, eraser::Eraser};
use tidemark_aws::Aws;
use tidemark_lambda::{Error, Operation, Problem, http, start};

fn main() -> ExitCode {
    start(serve())
}

async fn serve() -> Result<(), Error> {
    let aws = Aws::from_env().await;
    let clock = Arc::new(SystemClock::new());
    let access = Access::new(Settings::from_env()?, Arc::new(aws.keys()?), clock.clone())?;
    let eraser = Eraser {
        catalog: Arc::new(aws.catalog()?),
        points: aws.point_store()?,
        clock,
    };
    http(access.gate, async |operation, call, _| match operation {
        Operation::Erase => eraser.handle(call).await,
        _ => Err(Problem::not_found()),
    })
    .await
}
