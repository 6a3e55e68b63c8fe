//! Tidemark as one process. Reads the environment, opens the store, wires the
//! use cases, serves until it is told to stop.

mod config;
mod host;
mod ports;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use config::Config;
use tidemark_embedded::{Embedded, Keys};
use tidemark_ports::SystemClock;
use tidemark_ports::error::causes;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// A time-series service in one process. Without a command it serves; the
/// environment says how.
#[derive(Parser)]
#[command(name = "tidemark", version)]
struct Line {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Make, list and revoke API keys, also while a process serves.
    #[command(subcommand)]
    Keys(tidemark_keys::Command),
}

fn main() -> ExitCode {
    let line = Line::parse();
    tracing_subscriber::fmt()
        .with_env_filter(config::log_filter())
        .with_writer(std::io::stderr)
        .init();
    let done = match line.command {
        None => run(),
        Some(Command::Keys(command)) => keys(command),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tidemark: {}", causes(&*error));
            ExitCode::FAILURE
        }
    }
}

fn keys(command: tidemark_keys::Command) -> Result<(), Box<dyn std::error::Error>> {
    let keys = Keys::open(&config::data(|name| std::env::var(name).ok()))?;
    let clock = SystemClock::new();
    let (mut out, mut told) = (std::io::stdout(), std::io::stderr());
    let done = tidemark_keys::run(command, &keys, &clock, &mut out, &mut told);
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    Ok(runtime.block_on(done)?)
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let config = Config::read(|name| std::env::var(name).ok())?;
    let store = Embedded::open(&config.data)?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(async {
            let mut wired = ports::wire(&store, &config)?;
            let stop = host::stop()?;
            // First: what is fetched before the start fails would be lost.
            let listener = host::listen(config.address).await?;
            eprintln!("tidemark: listening on http://{}", listener.local_addr()?);
            let (stopping, stopped) = oneshot::channel();
            let fetching = wired
                .fetcher
                .take()
                .map(|fetcher| tokio::spawn(ports::tick(fetcher, stopped)));
            host::serve(listener, wired.pipeline(), stop).await;
            drop(stopping);
            if let Some(fetching) = fetching
                && timeout(host::GRACE, fetching).await.is_err()
            {
                tracing::warn!("fetching was broken off");
            }
            store.close().await?;
            Ok(())
        })
}
