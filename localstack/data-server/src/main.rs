//! Stand-in for the external data server, for development and tests: answers
//! each `GET /` with one message, valid or not, as its flags say.

mod connection;
mod defect;
mod log;
mod message;
mod options;
mod reason;
mod schedule;
mod server;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Parser;
use fastrand::Rng;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::log::Log;
use crate::message::Producer;
use crate::options::Options;
use crate::schedule::Schedule;
use crate::server::Server;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("data-server: {e}");
            ExitCode::FAILURE
        }
    }
}

/// Serves until SIGINT or SIGTERM.
async fn run(options: Options) -> Result<(), Box<dyn std::error::Error>> {
    options.shares.check()?;
    let log = Log::open(options.log.as_deref()).map_err(|e| format!("cannot open the log: {e}"))?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let address = (options.host, options.port);
    let listener = TcpListener::bind(address)
        .await
        .map_err(|e| format!("cannot listen on {}:{}: {e}", options.host, options.port))?;

    let schedule = Schedule::new(now(), options.rate, options.backlog, options.count);
    let producer = Producer::new(schedule, options.shares, options.rate, options.seed);
    let faults = Rng::with_seed(options.seed ^ u64::MAX);
    let server = Arc::new(Server::new(producer, log, options.faults, faults, now));

    println!("listening on http://{}", listener.local_addr()?);
    // Tasks run on this thread alone, so that none is cut short between
    // answering and logging.
    tokio::select! {
        () = server.run(listener) => {}
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Microseconds since 1970 UTC.
#[allow(
    clippy::disallowed_methods,
    reason = "the one place where this program asks for the time"
)]
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |d| i64::try_from(d.as_micros()).unwrap_or(i64::MAX))
}
