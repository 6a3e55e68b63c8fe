//! The command line: what is measured, and how much of it.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::aggregate::Aggregate;
use crate::flood::Flood;

/// Measures Tidemark beside VictoriaMetrics and InfluxDB 1.x, where these are
/// installed: ingest, bytes on disk, latency of queries, and both at once.
///
/// Every system gets the same points, in requests of the same mix of series,
/// over the same number of connections, and answers the same questions; answers
/// are checked. Systems are started one at a time, on loopback, with an empty
/// data directory for each measurement of ingest.
#[derive(Debug, Clone, Parser)]
#[command(
    name = "tidemark-bench",
    version,
    args_conflicts_with_subcommands = true
)]
pub(crate) struct Options {
    /// What else can be measured.
    #[command(subcommand)]
    pub(crate) other: Option<Measurement>,

    /// The Tidemark binary to start.
    #[arg(long, value_name = "PATH", conflicts_with = "url")]
    pub(crate) tidemark: Option<PathBuf>,

    /// A Tidemark that runs already, such as `http://127.0.0.1:3000`. It gets
    /// series of its own for each measurement, which are deleted afterwards; its
    /// disk is not measured.
    #[arg(long)]
    pub(crate) url: Option<String>,

    /// API key for it.
    #[arg(long, requires = "url")]
    pub(crate) key: Option<String>,

    /// The VictoriaMetrics binary, as a path or as a name in PATH.
    #[arg(long, value_name = "PATH", default_value = "victoria-metrics")]
    pub(crate) victoria_metrics: PathBuf,

    /// The InfluxDB 1.x binary, as a path or as a name in PATH.
    #[arg(long, value_name = "PATH", default_value = "influxd")]
    pub(crate) influxd: PathBuf,

    /// Measure Tidemark alone.
    #[arg(long)]
    pub(crate) no_peers: bool,

    /// Points of a measurement, over 100 series; a multiple of 25000.
    #[arg(long, default_value_t = 10_000_000, value_parser = points)]
    pub(crate) points: usize,

    /// How often all is measured; the table shows medians.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) runs: u32,

    /// Queries of each kind; at least 50, so that there is a 99th percentile to
    /// speak of.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(50..))]
    pub(crate) queries: u32,

    /// Duration of the mixed load in seconds; 0 leaves it out.
    #[arg(long, value_name = "SECONDS", default_value_t = 20)]
    pub(crate) mixed: u64,

    /// A small run to see that everything works: 200000 points, once, with 3
    /// seconds of mixed load.
    #[arg(long, conflicts_with_all = ["points", "runs", "mixed"])]
    pub(crate) quick: bool,

    /// Where the data directories are made [default: the system's directory for
    /// temporary files]. Should be on a real disk: in memory, syncing is free.
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}

/// A measurement of its own.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum Measurement {
    /// How long a tenant waits while another floods.
    Flood(Flood),
    /// How long a question across many series takes, beside the same points in one.
    Aggregate(Aggregate),
}

impl Options {
    /// Reads the command line and applies `--quick`.
    pub(crate) fn read() -> Self {
        let mut options = Self::parse();
        if options.quick {
            options.points = 200_000;
            options.runs = 1;
            options.mixed = 3;
            options.queries = 50;
        }
        options
    }
}

fn points(text: &str) -> Result<usize, String> {
    match text.replace('_', "").parse::<usize>() {
        Ok(points) if points > 0 && points % 25_000 == 0 => Ok(points),
        _ => Err("not a multiple of 25000".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn flags_are_consistent() {
        Options::command().debug_assert();
    }

    #[test]
    fn points_fill_whole_requests() {
        assert_eq!(points("10_000_000"), Ok(10_000_000));
        for bad in ["0", "24999", "-25000", "x"] {
            assert!(points(bad).is_err(), "{bad}");
        }
    }
}
