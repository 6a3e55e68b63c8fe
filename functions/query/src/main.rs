//! Every `GET` about series, and the history of such questions.

use std::{process::ExitCode, sync::Arc};

use tidemark_app::{calculation::InProcess, query::Query};
use tidemark_aws::Aws;
use tidemark_lambda::{Access, SystemClock, http, start};

fn main() -> ExitCode {
    start(async {
        let (aws, clock) = (Aws::from_env().await, Arc::new(SystemClock::new()));
        let access = Access::from_env(Arc::new(aws.keys()?), clock.clone())?;
        let points = aws.point_store()?;
        let query = Query {
            bounds: aws.bounds()?,
            catalog: Arc::new(aws.catalog()?),
            // Where Lambda refuses: there is memory for two shards.
            calculator: Arc::new(aws.calculator(Arc::new(InProcess::new(points.clone(), 2)))?),
            points,
            history: Arc::new(aws.history()?),
            clock,
        };
        http(access, query).await
    })
}
