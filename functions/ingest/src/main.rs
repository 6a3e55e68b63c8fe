//! `POST /api` and `POST /meterdata/measurement`, which send points to the queue, and
//! `PUT /api/{name}/about`.

use std::process::ExitCode;
use std::sync::Arc;

use tidemark_app::{batch_ids::BatchIds, ingest::Ingest};
use tidemark_aws::Aws;
use tidemark_lambda::{Access, SystemClock, http, start};

fn main() -> ExitCode {
    start(async {
        let (aws, clock) = (Aws::from_env().await, Arc::new(SystemClock::new()));
        let access = Access::from_env(Arc::new(aws.keys()?), clock.clone())?;
        let ingest = Ingest {
            queue: Arc::new(aws.queue()?),
            catalog: Arc::new(aws.catalog()?),
            allowance: access.limiter.clone(),
            clock,
            ids: Arc::new(BatchIds::new()),
        };
        http(access, ingest).await
    })
}
