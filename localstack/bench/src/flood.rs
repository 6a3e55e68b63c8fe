//! A tenant that floods, beside one that does not: how long the other waits.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use clap::Args;
use http::{Method, StatusCode};
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::client::{Connection, Endpoint, Failure, runtime};
use crate::process::{Running, Server};
use crate::statistics::{Latencies, median};
use crate::target::{Target, Tidemark};
use crate::workload::{Slice, Workload};

/// What a request of the flood holds.
const POINTS: usize = 1000;
/// What the other tenant sends, and how often it asks or sends.
const OTHER_POINTS: usize = 100;
const OTHER_PAUSE: Duration = Duration::from_millis(25);
/// The 99th percentile may be this, in milliseconds.
const MOST: f64 = 350.0;

/// Two tenants of one Tidemark: one sends as fast as it can, over many
/// connections, whatever it is answered; the other sends and asks 40 times a second
/// in turn. Tells how long the other waits, with the flood and without, and what
/// became of the flood. Fails if the 99th percentile is above 350 ms, if the flood
/// met no 429, or if anything of the other was refused.
#[derive(Debug, Clone, Args)]
pub(crate) struct Flood {
    /// The Tidemark binary to start.
    #[arg(long, value_name = "PATH", required_unless_present = "url")]
    tidemark: Option<PathBuf>,

    /// A Tidemark that runs already.
    #[arg(long, requires = "key", requires = "other_key")]
    url: Option<String>,

    /// API key of the tenant that floods.
    #[arg(long)]
    key: Option<String>,

    /// API key of the other.
    #[arg(long)]
    other_key: Option<String>,

    /// Connections of the flood.
    #[arg(long, default_value_t = 16)]
    connections: usize,

    /// Seconds with the flood, and as many without.
    #[arg(long, default_value_t = 10)]
    seconds: u64,

    /// How often all is measured; the table shows medians.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
}

/// What one run found.
struct Found {
    quiet: Latencies,
    flooded: Latencies,
    taken: u64,
    refused: u64,
}

/// What all of them found.
pub(crate) struct Report {
    found: Vec<Found>,
    seconds: u64,
    connections: usize,
}

/// Floods, with data below `dir`.
pub(crate) fn run(flood: &Flood, dir: &Path, running: &Running) -> Result<Report, Failure> {
    let mut found = Vec::new();
    for run in 1..=flood.runs {
        eprintln!("run {run} of {}", flood.runs);
        let dir = dir.join(run.to_string());
        let (server, flooder, other) = flood.tenants(&dir, running)?;
        let quiet = ask(&other, flood.seconds)?;
        let (taken, refused, flooded) = flood.measure(&flooder, &other)?;
        if let Some(server) = server {
            server.stop()?;
        }
        found.push(Found {
            quiet,
            flooded,
            taken,
            refused,
        });
    }
    Ok(Report {
        found,
        seconds: flood.seconds,
        connections: flood.connections,
    })
}

impl Flood {
    /// The server, if it is started here, and both tenants' ways to it.
    fn tenants(
        &self,
        dir: &Path,
        running: &Running,
    ) -> Result<(Option<Server>, Endpoint, Endpoint), Failure> {
        if let Some(url) = &self.url {
            let endpoint = |key: &Option<String>| Endpoint::parse(url, key.clone());
            return Ok((None, endpoint(&self.key)?, endpoint(&self.other_key)?));
        }
        let binary = self.tidemark.clone().ok_or("give --tidemark or --url")?;
        let keys = [
            make_key(&binary, dir, "flooder")?,
            make_key(&binary, dir, "other")?,
        ];
        let target = Tidemark {
            binary: Some(binary),
            is_authenticated: true,
        };
        let server = Server::start(&target, dir, running)?.ok_or("it cannot be started")?;
        let [flooder, other] = keys.map(|key| Endpoint {
            key: Some(key),
            ..server.endpoint.clone()
        });
        Ok((Some(server), flooder, other))
    }

    /// How many requests of the flood were taken and refused, and how long the
    /// other tenant waited meanwhile.
    fn measure(
        &self,
        flooder: &Endpoint,
        other: &Endpoint,
    ) -> Result<(u64, u64, Latencies), Failure> {
        let over = Arc::new(AtomicBool::new(false));
        let counts = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
        let (ends, count, endpoint) = (Arc::clone(&over), Arc::clone(&counts), flooder.clone());
        let connections = self.connections;
        let flooding = thread::spawn(move || {
            runtime()?.block_on(async {
                let each = (0..connections).map(|n| {
                    let (ends, count) = (Arc::clone(&ends), Arc::clone(&count));
                    let endpoint = endpoint.clone();
                    tokio::spawn(async move { pour(&endpoint, n, &ends, &count).await })
                });
                for poured in each.collect::<Vec<_>>() {
                    poured.await??;
                }
                Ok::<(), Failure>(())
            })
        });
        // It is in full flow when the measurement begins.
        thread::sleep(Duration::from_secs(1));
        let waited = ask(other, self.seconds);
        over.store(true, Ordering::Relaxed);
        flooding.join().map_err(|_| "the flood broke off")??;
        let [taken, refused] = [0, 1].map(|n: usize| counts[n].load(Ordering::Relaxed));
        Ok((taken, refused, waited?))
    }
}

fn make_key(binary: &Path, dir: &Path, tenant: &str) -> Result<String, Failure> {
    let made = Command::new(binary)
        .args([
            "keys",
            "create",
            "--scopes",
            "read,write",
            "--tenant",
            tenant,
        ])
        .env("TIDEMARK_DATA", dir)
        .output()?;
    if !made.status.success() {
        return Err(String::from_utf8_lossy(&made.stderr).into());
    }
    Ok(String::from_utf8(made.stdout)?.trim().to_owned())
}

/// Sends bodies of a thousand points until it is over.
async fn pour(
    endpoint: &Endpoint,
    connection: usize,
    over: &AtomicBool,
    counts: &[AtomicU64; 2],
) -> Result<(), Failure> {
    let workload = Workload::new(&format!("flood-{connection}"), 10_000_000);
    let target = Tidemark::default();
    let mut sender = Connection::open(endpoint).await?;
    for n in 0.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let body = target.body(&workload, Slice::of_request(n, POINTS));
        let body = Some((target.content_type(), Bytes::from(body)));
        let reply = sender
            .send(Method::POST, target.ingest_path(), body)
            .await?;
        match reply.status {
            StatusCode::CREATED => counts[0].fetch_add(1, Ordering::Relaxed),
            StatusCode::TOO_MANY_REQUESTS => counts[1].fetch_add(1, Ordering::Relaxed),
            _ => return Err(reply.complaint("the flood")),
        };
    }
    Ok(())
}

/// How long a tenant waits that sends and asks in turn.
fn ask(endpoint: &Endpoint, seconds: u64) -> Result<Latencies, Failure> {
    let workload = Workload::new("other", 10_000_000);
    let target = Tidemark::default();
    runtime()?.block_on(async {
        let mut sender = Connection::open(endpoint).await?;
        let mut ticks = interval(OTHER_PAUSE);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (begin, mut waited) = (Instant::now(), Vec::new());
        for n in 0.. {
            ticks.tick().await;
            if begin.elapsed().as_secs() >= seconds {
                break;
            }
            let (asked, is_question) = (Instant::now(), n % 2 == 1);
            let reply = if is_question {
                sender
                    .get(&format!("/api/{}?stats=all", workload.names[0]))
                    .await?
            } else {
                let body = target.body(&workload, Slice::of_request(n / 2 * 5, OTHER_POINTS));
                let body = Some((target.content_type(), Bytes::from(body)));
                sender
                    .send(Method::POST, target.ingest_path(), body)
                    .await?
            };
            waited.push(asked.elapsed());
            if !reply.status.is_success() {
                return Err(reply.complaint("the other tenant"));
            }
        }
        Ok(Latencies::new(waited))
    })
}

impl Report {
    fn median(&self, of: impl Fn(&Found) -> Option<f64>) -> f64 {
        let numbers: Vec<f64> = self.found.iter().filter_map(of).collect();
        median(&numbers).unwrap_or(f64::NAN)
    }

    /// Fails if a flood was not what it should be.
    pub(crate) fn verdict(&self) -> Result<(), Failure> {
        if self.found.iter().any(|found| found.refused == 0) {
            return Err("the flood met no 429".into());
        }
        let waited = self.median(|found| found.flooded.per_mille(990));
        if waited > MOST {
            return Err(
                format!("the other tenant's p99 is {waited:.1} ms: more than {MOST}").into(),
            );
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            found,
            seconds,
            connections,
        } = self;
        let runs = found.len();
        writeln!(
            f,
            "One tenant floods over {connections} connections, {POINTS} points a request; another asks and"
        )?;
        writeln!(
            f,
            "sends 40 times a second; {seconds} s each, medians of {runs}.\n"
        )?;
        writeln!(f, "| the other tenant waits, ms | p50 | p99 | longest |")?;
        writeln!(f, "|---|---|---|---|")?;
        let row = |f: &mut fmt::Formatter<'_>, name, of: &dyn Fn(&Found) -> &Latencies| {
            let [p50, p99, most] = [500, 990, 1000]
                .map(|per_mille| self.median(|found| of(found).per_mille(per_mille)));
            writeln!(f, "| {name} | {p50:.2} | {p99:.2} | {most:.2} |")
        };
        row(f, "without the flood", &|found| &found.quiet)?;
        row(f, "with the flood", &|found| &found.flooded)?;
        let per_second = |count: u64| count as f64 / (*seconds + 1) as f64;
        let taken = self.median(|found| Some(per_second(found.taken)));
        let refused = self.median(|found| Some(per_second(found.refused)));
        writeln!(
            f,
            "\nOf the flood, {taken:.0} requests a second were taken and {refused:.0} answered 429."
        )
    }
}
