//! What is measured when: all systems side by side, each from an empty data
//! directory, one after the other for each load, so that what else the machine
//! does falls on all of them.

use std::fs;
use std::path::Path;
use std::time::Duration;

use http::Method;

use crate::client::{Endpoint, Failure, request};
use crate::measure::Subject;
use crate::options::Options;
use crate::process::{Running, Server, find, is_in_memory, occupied, settle};
use crate::query::Kind;
use crate::report::{Metric, Report, Request};
use crate::target::{Influx, Target, Tidemark, Victoria};
use crate::workload::{SERIES, SERIES_PER_REQUEST, Workload};

/// The loads in the order in which they run. What the last leaves is what is
/// asked and weighed: small requests, the harder case for a store.
const ORDER: [(usize, usize); 4] = [(5000, 1), (5000, 4), (1000, 1), (1000, 4)];

/// Runs all there is to measure, with data below `dir`.
pub(crate) fn run(options: &Options, dir: &Path, running: &Running) -> Result<Report, Failure> {
    let plan = Plan {
        options,
        dir,
        running,
        remote: match &options.url {
            Some(url) => Some(Endpoint::parse(url, options.key.clone())?),
            None => None,
        },
    };
    let mut report = Report::new(plan.head(), options.points / SERIES);
    let targets = plan.targets(&mut report);
    if targets.is_empty() {
        return Err("nothing to measure: give --tidemark or --url".into());
    }
    for run in 1..=options.runs {
        for load in ORDER {
            for target in &targets {
                eprintln!(
                    "run {run} of {}: {}, {} points a request, {} at a time",
                    options.runs,
                    target.name(),
                    load.0,
                    load.1
                );
                plan.measure(target.as_ref(), load, &mut report)
                    .map_err(|e| format!("{}: {e}", target.name()))?;
            }
        }
    }
    Ok(report)
}

struct Plan<'a> {
    options: &'a Options,
    dir: &'a Path,
    running: &'a Running,
    remote: Option<Endpoint>,
}

impl Plan<'_> {
    fn targets(&self, report: &mut Report) -> Vec<Box<dyn Target>> {
        let options = self.options;
        let mut targets: Vec<Box<dyn Target>> = Vec::new();
        let binary = options.tidemark.clone();
        let tidemark = Tidemark {
            binary,
            is_authenticated: false,
        };
        if options.tidemark.is_some() || self.remote.is_some() {
            report.add_system(tidemark.name(), None);
            targets.push(Box::new(tidemark));
        } else {
            report.add_system(tidemark.name(), Some("neither --tidemark nor --url given"));
        }
        if options.no_peers {
            return targets;
        }
        let victoria = find(&options.victoria_metrics)
            .map(|binary| Box::new(Victoria { binary }) as Box<dyn Target>);
        let influx =
            find(&options.influxd).map(|binary| Box::new(Influx { binary }) as Box<dyn Target>);
        for (name, peer) in [("VictoriaMetrics", victoria), ("InfluxDB", influx)] {
            let absent = peer.is_none().then_some("not installed");
            report.add_system(name, absent);
            targets.extend(peer);
        }
        targets
    }

    /// One load of one system, and after the last all the rest.
    fn measure(
        &self,
        target: &dyn Target,
        load: (usize, usize),
        report: &mut Report,
    ) -> Result<(), Failure> {
        let data = tempfile::Builder::new().tempdir_in(self.dir)?;
        let is_last = Some(&load) == ORDER.last();
        let (size, connections) = load;
        let Some(server) = Server::start(target, data.path(), self.running)? else {
            return self.measure_remote(target, load, report);
        };
        if let Some(path) = target.preparation() {
            let reply = request(&server.endpoint, Method::POST, path)?;
            if !reply.status.is_success() {
                return Err(reply.complaint(path));
            }
        }
        let workload = Workload::new("bench", self.options.points);
        let subject = Subject {
            target,
            endpoint: &server.endpoint,
            workload: &workload,
        };
        let rate = subject.ingest(size, connections)?;
        report.add(target.name(), Metric::Ingest(size, connections), rate);
        if is_last {
            let quiet = Duration::from_secs(if self.options.quick { 3 } else { 8 });
            settle(data.path(), quiet)?;
            server.stop()?;
            let bytes = occupied(data.path())?;
            report.add(
                target.name(),
                Metric::Disk,
                bytes as f64 / workload.points() as f64,
            );
            let server = Server::start(target, data.path(), self.running)?
                .ok_or("it was started before, and now cannot be")?;
            let subject = Subject {
                target,
                endpoint: &server.endpoint,
                workload: &workload,
            };
            self.ask(&subject, report)?;
        }
        // Its log lies beside the data.
        fs::remove_file(data.path().with_extension("log"))?;
        Ok(())
    }

    /// The same of a deployment that is not ours to stop or to weigh.
    fn measure_remote(
        &self,
        target: &dyn Target,
        load: (usize, usize),
        report: &mut Report,
    ) -> Result<(), Failure> {
        let Some(endpoint) = &self.remote else {
            return Err("it can be neither started nor reached".into());
        };
        let data = tempfile::Builder::new()
            .prefix("bench-")
            .tempdir_in(self.dir)?;
        // As unique as the name of a temporary directory.
        let prefix = data.path().file_name().unwrap_or_default();
        let workload = Workload::new(&prefix.to_string_lossy(), self.options.points);
        let subject = Subject {
            target,
            endpoint,
            workload: &workload,
        };
        let (size, connections) = load;
        let measured = subject.ingest(size, connections).and_then(|rate| {
            report.add(target.name(), Metric::Ingest(size, connections), rate);
            if Some(&load) == ORDER.last() {
                self.ask(&subject, report)?;
            }
            Ok(())
        });
        for name in &workload.names {
            request(endpoint, Method::DELETE, &format!("/api/{name}"))?;
        }
        measured
    }

    fn ask(&self, subject: &Subject<'_>, report: &mut Report) -> Result<(), Failure> {
        let name = subject.target.name();
        for kind in Kind::ALL {
            let latencies = subject.latencies(kind, self.options.queries)?;
            for p in [500, 990] {
                if let Some(ms) = latencies.per_mille(p) {
                    report.add(name, Metric::Query(kind, p), ms);
                }
            }
        }
        if self.options.mixed == 0 {
            return Ok(());
        }
        let mixed = subject.mixed(Duration::from_secs(self.options.mixed))?;
        report.add(name, Metric::MixedIngest, mixed.points_per_second);
        eprintln!(
            "  mixed load: {} writes, {} queries",
            mixed.writes.len(),
            mixed.queries.len()
        );
        let all = mixed.writes.merged(&mixed.queries);
        for (request, latencies) in [
            (Request::Write, &mixed.writes),
            (Request::Query, &mixed.queries),
            (Request::Any, &all),
        ] {
            for p in [500, 990, 999, 1000] {
                if let Some(ms) = latencies.per_mille(p) {
                    report.add(name, Metric::Mixed(request, p), ms);
                }
            }
        }
        Ok(())
    }

    /// What was measured, and what is to be known about it.
    fn head(&self) -> String {
        let options = self.options;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let memory = if is_in_memory(self.dir) {
            " (in memory: syncing is free there, which flatters who syncs)"
        } else {
            ""
        };
        format!(
            "{} points: {SERIES} series of {}, 1 s apart, 2 to 3 decimals; a request holds points \
             of {SERIES_PER_REQUEST} series.\n\
             Load and server share {cores} cores; data in {}{memory}.\n\
             Medians of {} run(s); {} queries of each kind, each of another series, answers checked.\n\
             Tidemark and InfluxDB answer a write when it is synced to disk, VictoriaMetrics before.\n\
             Ratio: Tidemark's number by the other's.\n",
            options.points,
            options.points / SERIES,
            self.dir.parent().unwrap_or(self.dir).display(),
            options.runs,
            options.queries,
        )
    }
}
