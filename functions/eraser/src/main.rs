//! `DELETE /api/{name}`: deletes a series, or a range of it.

use std::process::ExitCode;
use std::sync::Arc;

use tidemark_app::eraser::Eraser;
use tidemark_aws::Aws;
use tidemark_lambda::{Access, SystemClock, http, start};

fn main() -> ExitCode {
    start(async {
        let (aws, clock) = (Aws::from_env().await, Arc::new(SystemClock::new()));
        let access = Access::from_env(Arc::new(aws.keys()?), clock.clone())?;
        let eraser = Eraser {
            catalog: Arc::new(aws.catalog()?),
            points: aws.point_store()?,
            clock,
        };
        http(access, eraser).await
    })
}
