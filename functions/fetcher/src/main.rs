//! At each tick of a schedule, drains the data server into the queue. Half of
//! the time that Lambda gives is kept for what is in hand then: the data server
//! has forgotten it.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tidemark_app::fetcher::{Backoff, Fetcher, HttpDataServer};
use tidemark_app::{batch_ids::BatchIds, clock::SystemClock};
use tidemark_aws::{Aws, Settings};
use tidemark_lambda::{Error, start, ticks};

/// The longest wait between two tries while the data server fails.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

fn main() -> ExitCode {
    start(serve())
}

async fn serve() -> Result<(), Error> {
    let (aws, settings) = (Aws::from_env().await, Settings::from_env());
    let fetcher = Fetcher {
        server: Arc::new(HttpDataServer::new(
            &settings.required("TIDEMARK_SOURCE_URL")?,
        )?),
        queue: Arc::new(aws.queue()?),
        clock: Arc::new(SystemClock::new()),
        ids: Arc::new(BatchIds::new()),
        tenant: settings.parsed("TIDEMARK_SOURCE_TENANT")?,
        series: settings.parsed("TIDEMARK_SOURCE_SERIES")?,
        backoff: Backoff::new(LONGEST_WAIT).into(),
    };
    ticks(async |left| Ok::<_, Error>(fetcher.tick(left / 2).await)).await
}
