//! Every `GET` about series: points, statistics, buckets, measurements, and the
//! history of such questions.

use std::process::ExitCode;
use std::sync::Arc;

use tidemark_app::access::{Access, Settings};
use tidemark_app::{calculation::InProcess, clock::SystemClock, query::Query};
use tidemark_aws::Aws;
use tidemark_lambda::{Error, Operation, Problem, http, start};

/// How many shards are calculated here at once, where Lambda refuses: there is
/// memory for so many.
const INLINE: usize = 2;

fn main() -> ExitCode {
    start(serve())
}

async fn serve() -> Result<(), Error> {
    let aws = Aws::from_env().await;
    let clock = Arc::new(SystemClock::new());
    let access = Access::new(Settings::from_env()?, Arc::new(aws.keys()?), clock.clone())?;
    let points = aws.point_store()?;
    let inline = InProcess::new(Arc::clone(&points), INLINE);
    let query = Query {
        catalog: Arc::new(aws.catalog()?),
        calculator: Arc::new(aws.calculator(Arc::new(inline))?),
        points,
        history: Arc::new(aws.history()?),
        clock,
    };
    http(
        access.gate,
        async |operation, call, request| match operation {
            Operation::Query(operation) => query.handle(operation, call, request).await,
            _ => Err(Problem::not_found()),
        },
    )
    .await
}
