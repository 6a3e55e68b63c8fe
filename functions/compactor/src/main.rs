//! At each tick of a schedule, merges small chunks of points into large ones.

use std::{process::ExitCode, time::Duration};

use tidemark_aws::Aws;
use tidemark_lambda::{Clock, SystemClock, start, ticks};

/// How long what was begun may take to end.
const MARGIN: Duration = Duration::from_mins(1);

fn main() -> ExitCode {
    start(async {
        let compactor = Aws::from_env().await.upkeep()?;
        let clock = SystemClock::new();
        ticks(async |left| {
            let budget = left.saturating_sub(MARGIN);
            match &compactor {
                // Boxed: so many futures in each other are too deep for the compiler.
                Some(compactor) => Box::pin(compactor.run(|| clock.now(), budget)).await,
                None => Ok(0),
            }
        })
        .await
    })
}
