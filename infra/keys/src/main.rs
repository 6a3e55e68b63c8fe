//! Makes, lists and revokes the API keys of a deployment, in the table that
//! `TIDEMARK_KEYS_TABLE` names. `./deploy.sh keys` starts it.

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;
use tidemark_aws::Aws;
use tidemark_keys::Command;
use tidemark_ports::SystemClock;
use tidemark_ports::error::causes;

/// Makes, lists and revokes API keys.
#[derive(Parser)]
#[command(name = "tidemark-deployed-keys")]
struct Line {
    #[command(subcommand)]
    command: Command,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Line { command } = Line::parse();
    // What is done to keys is told as the functions tell what is done to series.
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_writer(std::io::stderr)
        .init();
    match run(command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tidemark-deployed-keys: {}", causes(&*error));
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<(), Box<dyn Error>> {
    let keys = Aws::from_env().await.keys()?;
    let (mut out, mut told) = (std::io::stdout(), std::io::stderr());
    tidemark_keys::run(command, &keys, &SystemClock::new(), &mut out, &mut told).await?;
    Ok(())
}
