//! Invoked by `query`: calculates over a range of a series, in shards that it
//! invokes itself for.

use std::process::ExitCode;
use std::sync::Arc;

use tidemark_app::calculation::{Calculation, InProcess};
use tidemark_aws::{Aws, Reply, Request};
use tidemark_lambda::{Error, invoke, start};

fn main() -> ExitCode {
    start(serve())
}

async fn serve() -> Result<(), Error> {
    let aws = Aws::from_env().await;
    let points = Arc::new(aws.points()?);
    let inline = InProcess {
        points: Arc::clone(&points) as _,
    };
    let calculation = Calculation {
        points,
        shards: Arc::new(aws.calculator(Arc::new(inline))?),
    };
    invoke(async |Request { job }| {
        let buckets = calculation.handle(job.clone()).await?;
        Reply::new(&job, &buckets)
    })
    .await
}
