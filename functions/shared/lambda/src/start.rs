//! The beginning of a function: logging, metrics, and a runtime.

use std::process::ExitCode;

use tidemark_ports::error::causes;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::cloudwatch;
use crate::invocation::Error;

/// Runs a function: `serve` reads the environment, builds the ports and serves.
///
/// What is logged, one JSON object a line, is told by `TIDEMARK_LOG`: a level
/// (`info`, the default), or levels by module (`warn,tidemark_app=debug`). If
/// `serve` fails, the reason goes to stderr and the function fails at init.
///
/// The runtime has one thread: most functions have less than one processor.
pub fn start(serve: impl Future<Output = Result<(), Error>>) -> ExitCode {
    log();
    cloudwatch::install();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(serve),
        Err(error) => Err(error.into()),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tidemark: {}", causes(&*error));
            ExitCode::FAILURE
        }
    }
}

fn log() {
    let lines = fmt::layer()
        .json()
        .flatten_event(true)
        .with_span_list(false)
        .with_filter(levels(std::env::var("TIDEMARK_LOG").ok().as_deref()));
    tracing_subscriber::registry().with(lines).init();
}

/// What `TIDEMARK_LOG` asks for; `info` if it is not set or cannot be read. What
/// administrators do is told whatever it says.
fn levels(text: Option<&str>) -> Targets {
    let info = Targets::new().with_default(LevelFilter::INFO);
    let asked = match text {
        None | Some("") => info,
        Some(text) => text.parse().unwrap_or(info),
    };
    asked.with_target("audit", LevelFilter::INFO)
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn levels_are_told_by_module() {
        for (text, app, other) in [
            (None, Some(Level::INFO), Some(Level::INFO)),
            (Some(""), Some(Level::INFO), Some(Level::INFO)),
            (Some("debug"), Some(Level::DEBUG), Some(Level::DEBUG)),
            (
                Some("warn,tidemark_app=debug"),
                Some(Level::DEBUG),
                Some(Level::WARN),
            ),
            (Some("off"), None, None),
            (Some("a=b=c"), Some(Level::INFO), Some(Level::INFO)),
        ] {
            let levels = levels(text);
            let most = |target| {
                [Level::DEBUG, Level::INFO, Level::WARN]
                    .into_iter()
                    .find(|level| levels.would_enable(target, level))
            };
            assert_eq!(most("tidemark_app::ingest"), app, "{text:?}");
            assert_eq!(most("hyper"), other, "{text:?}");
            assert!(levels.would_enable("audit", &Level::INFO), "{text:?}");
        }
    }
}
