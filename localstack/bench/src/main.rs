//! The load generator and query timer behind `./deploy.sh bench`: Tidemark
//! beside its peers, in one run, on one machine.

mod aggregate;
mod client;
mod flood;
mod measure;
mod options;
mod plan;
mod process;
mod query;
mod report;
mod statistics;
mod target;
mod workload;

use std::io::{self, Write};
use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

use crate::client::Failure;
use crate::options::{Measurement, Options};
use crate::process::Running;

fn main() -> ExitCode {
    let outcome = client::runtime().and_then(|runtime| {
        let outcome = runtime.block_on(run(Options::read()));
        // An interrupted measurement is not waited for.
        runtime.shutdown_background();
        outcome
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("tidemark-bench: {e}");
            ExitCode::FAILURE
        }
    }
}

/// Measures, unless SIGINT or SIGTERM comes; leaves neither process nor file.
async fn run(options: Options) -> Result<(), Failure> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let parent = options.dir.clone().unwrap_or_else(std::env::temp_dir);
    let dir = tempfile::Builder::new()
        .prefix("tidemark-bench-")
        .tempdir_in(&parent)
        .map_err(|e| format!("cannot make a directory in {}: {e}", parent.display()))?;
    let running = Running::default();
    let (path, processes) = (dir.path().to_owned(), running.clone());
    let measurement = tokio::task::spawn_blocking(move || match &options.other {
        None => {
            let report = plan::run(&options, &path, &processes)?;
            Ok(write!(io::stdout(), "{report}")?)
        }
        Some(Measurement::Flood(flood)) => {
            let report = flood::run(flood, &path, &processes)?;
            write!(io::stdout(), "{report}")?;
            report.verdict()
        }
        Some(Measurement::Aggregate(aggregate)) => {
            let report = aggregate::run(aggregate, &path, &processes)?;
            write!(io::stdout(), "{report}")?;
            report.verdict()
        }
    });
    tokio::select! {
        ended = measurement => return ended?,
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    running.kill();
    Err("interrupted".into())
}
