//! `/admin/discards` and below: shows what was discarded, and replays it.

use std::{process::ExitCode, sync::Arc};

use tidemark_app::{batch_ids::BatchIds, discards::Discards};
use tidemark_aws::Aws;
use tidemark_lambda::{Access, SystemClock, http, start};

fn main() -> ExitCode {
    start(async {
        let (aws, clock) = (Aws::from_env().await, Arc::new(SystemClock::new()));
        let access = Access::from_env(Arc::new(aws.keys()?), clock.clone())?;
        let discards = Discards {
            discards: Arc::new(aws.discards()?),
            points: aws.point_store()?,
            catalog: Arc::new(aws.catalog()?),
            clock,
            ids: Arc::new(BatchIds::new()),
        };
        http(access, discards).await
    })
}
