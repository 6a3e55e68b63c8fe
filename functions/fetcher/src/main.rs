//! At each tick, drains the data server into the queue. Half of the time is kept
//! for what is in hand then: the data server has forgotten it.

use std::{process::ExitCode, sync::Arc, time::Duration};

use tidemark_app::{batch_ids::BatchIds, fetcher};
use tidemark_aws::{Aws, Settings};
use tidemark_lambda::{Error, SystemClock, start, ticks};
use tidemark_sources::HttpDataServer;

fn main() -> ExitCode {
    start(async {
        let (aws, settings) = (Aws::from_env().await, Settings::from_env());
        let fetcher = fetcher::Fetcher {
            server: Arc::new(settings.parsed::<HttpDataServer>("TIDEMARK_SOURCE_URL")?),
            queue: Arc::new(aws.queue()?),
            clock: Arc::new(SystemClock::new()),
            ids: Arc::new(BatchIds::new()),
            tenant: settings.parsed("TIDEMARK_SOURCE_TENANT")?,
            series: settings.parsed("TIDEMARK_SOURCE_SERIES")?,
            backoff: fetcher::Backoff::new(Duration::from_secs(30)).into(),
        };
        ticks(async |left| Ok::<_, Error>(fetcher.tick(left / 2).await)).await
    })
}
