//! A question across many series, beside the same points in one series.

mod question;
mod shape;

use std::fmt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use clap::Args;
use question::Pair;
use shape::Shape;

use crate::client::{Connection, Endpoint, Failure, runtime};
use crate::process::{Running, Server, settle};
use crate::statistics::{Latencies, median};
use crate::target::Tidemark;

/// Questions of each kind that are asked first and not counted.
const WARM_UP: usize = 3;
/// How long the disk has to rest before the store has flushed.
const QUIET: Duration = Duration::from_secs(8);
/// By hour, many series may take so many times as long as one.
const MOST: f64 = 3.0;

/// Loads points in many series, the same points in one, and many short series. Then
/// asks for averages by hour of all series with `GET /aggregate`, of the one with
/// `GET /api/{name}/buckets`, and for one average of all, in turn; answers are checked.
/// Fails if averages by hour of many series take more than 3 times as long as of one.
#[derive(Debug, Clone, Args)]
pub(crate) struct Aggregate {
    /// The Tidemark binary to start.
    #[arg(long, value_name = "PATH")]
    tidemark: PathBuf,

    /// How many series there are; the server takes up to 10000 in a question.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    series: u32,

    /// Points of each.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    points: u32,

    /// Questions of each kind in a run.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..))]
    questions: u32,

    /// How often all is loaded and asked; the table shows medians.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
}

/// How long both took.
#[derive(Debug)]
struct Found {
    many: Latencies,
    one: Latencies,
}

/// What all runs found, pair by pair.
pub(crate) struct Report {
    aggregate: Aggregate,
    titles: Vec<String>,
    runs: Vec<Vec<Found>>,
}

/// Loads and asks, with data below `dir`.
pub(crate) fn run(aggregate: &Aggregate, dir: &Path, running: &Running) -> Result<Report, Failure> {
    let [many, one, small, few] = aggregate.shapes();
    let pairs = [
        Pair::by_hour(many, one),
        Pair::whole(many, one),
        Pair::by_hour(small, few),
    ];
    let target = Tidemark {
        binary: Some(aggregate.tidemark.clone()),
        is_authenticated: false,
    };
    let start = |dir: &Path| -> Result<Server, Failure> {
        Server::start(&target, dir, running)?.ok_or_else(|| "it cannot be started".into())
    };
    let mut runs = Vec::new();
    for run in 1..=aggregate.runs {
        eprintln!("run {run} of {}", aggregate.runs);
        let data = tempfile::Builder::new().tempdir_in(dir)?;
        let server = start(data.path())?;
        for shape in [many, one, small, few] {
            shape.load(&server.endpoint)?;
        }
        settle(data.path(), QUIET)?;
        // What is in memory yet is flushed when it stops.
        server.stop()?;
        let server = start(data.path())?;
        runs.push(ask(&server.endpoint, &pairs, aggregate.questions as usize)?);
        server.stop()?;
    }
    Ok(Report {
        aggregate: aggregate.clone(),
        titles: pairs.map(|pair| pair.title).to_vec(),
        runs,
    })
}

/// Asks each pair in turn.
fn ask(endpoint: &Endpoint, pairs: &[Pair], questions: usize) -> Result<Vec<Found>, Failure> {
    runtime()?.block_on(async {
        let mut connection = Connection::open(endpoint).await?;
        let mut found = Vec::new();
        for pair in pairs {
            let mut waited = [Vec::new(), Vec::new()];
            for n in 0..WARM_UP + questions {
                for (question, waited) in [&pair.many, &pair.one].into_iter().zip(&mut waited) {
                    // The first answer tells counts and sums, too.
                    let stats = if n == 0 { "avg,count,sum" } else { "avg" };
                    let duration = question.ask(&mut connection, stats).await?;
                    if n >= WARM_UP {
                        waited.push(duration);
                    }
                }
            }
            let [many, one] = waited.map(Latencies::new);
            found.push(Found { many, one });
        }
        Ok(found)
    })
}

impl Aggregate {
    /// Many series, the same points in one, many short series, and theirs in one.
    const fn shapes(&self) -> [Shape; 4] {
        const SMALL: (usize, usize) = (10_000, 10);
        let (series, points) = (self.series as usize, self.points as usize);
        let many = Shape {
            prefix: "bench.",
            series,
            each: points,
            cut: points,
        };
        let small = Shape {
            prefix: "small.",
            series: SMALL.0,
            each: SMALL.1,
            cut: SMALL.1,
        };
        [many, many.in_one("one."), small, small.in_one("few.")]
    }
}

impl Report {
    /// The medians of a pair, in milliseconds, and of the ratios of the runs.
    fn medians(&self, pair: usize) -> Option<[f64; 3]> {
        let of = |found: &Found| {
            let [many, one] = [&found.many, &found.one].map(|all| all.per_mille(500));
            Some([many?, one?, many? / one?])
        };
        let runs: Vec<[f64; 3]> = self
            .runs
            .iter()
            .filter_map(|run| of(run.get(pair)?))
            .collect();
        let middle = |n: usize| median(&runs.iter().map(|run| run[n]).collect::<Vec<_>>());
        Some([middle(0)?, middle(1)?, middle(2)?])
    }

    /// Fails if many series take too long.
    pub(crate) fn verdict(&self) -> Result<(), Failure> {
        match self.medians(0) {
            Some([_, _, ratio]) if ratio <= MOST => Ok(()),
            Some([_, _, ratio]) => {
                let told = format!("many series take {ratio:.2} times as long: more than {MOST}");
                Err(told.into())
            }
            None => Err("nothing was measured".into()),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        writeln!(
            f,
            "Averages of many series, and of the same points in one; load and server share {cores} \
             cores;\nmedians of {} run(s) of {} questions each, asked in turn, answers checked.\n",
            self.aggregate.runs, self.aggregate.questions,
        )?;
        writeln!(f, "| | many series, ms | one series, ms | ratio |")?;
        writeln!(f, "|---|---|---|---|")?;
        for (pair, title) in self.titles.iter().enumerate() {
            let [many, one, ratio] = self.medians(pair).unwrap_or([f64::NAN; 3]);
            writeln!(f, "| {title} | {many:.1} | {one:.1} | {ratio:.2} |")?;
        }
        Ok(())
    }
}
