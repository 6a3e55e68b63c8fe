//! The table: a row for each measurement, a column for each system, and how
//! Tidemark compares with each of its peers.

use std::fmt::{self, Write};

use crate::query::Kind;
use crate::statistics::median;

/// Points a request and connections of the measurements of ingest.
pub(crate) const LOADS: [(usize, usize); 4] = [(1000, 1), (1000, 4), (5000, 1), (5000, 4)];

/// One measurement: a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Metric {
    /// Points per second, by points a request and connections.
    Ingest(usize, usize),
    /// Bytes a point.
    Disk,
    /// Milliseconds; the percentile is in thousandths.
    Query(Kind, usize),
    /// Points per second in the mixed load.
    MixedIngest,
    /// Milliseconds in the mixed load, likewise.
    Mixed(Request, usize),
}

/// A kind of request in the mixed load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Request {
    /// Points.
    Write,
    /// A question.
    Query,
    /// Either.
    Any,
}

impl Metric {
    /// All rows, in order.
    pub(crate) fn all() -> Vec<Self> {
        let mut all = LOADS.map(|(size, n)| Self::Ingest(size, n)).to_vec();
        all.push(Self::Disk);
        for kind in Kind::ALL {
            all.extend([500, 990].map(|p| Self::Query(kind, p)));
        }
        all.push(Self::MixedIngest);
        for request in [Request::Write, Request::Query, Request::Any] {
            all.extend([500, 990, 999, 1000].map(|p| Self::Mixed(request, p)));
        }
        all
    }

    const fn section(self) -> &'static str {
        match self {
            Self::Ingest(..) => "Ingest, million points/s (more is better)",
            Self::Disk => "On disk, bytes a point (less is better)",
            Self::Query(..) => "Queries, ms (less is better)",
            Self::MixedIngest => {
                "4 connections write 1000 points a request, 2 ask all of the above"
            }
            Self::Mixed(..) => "The same: requests, ms (less is better)",
        }
    }

    fn label(self, per_series: usize) -> String {
        match self {
            Self::Ingest(size, connections) => {
                let s = if connections == 1 { "" } else { "s" };
                format!("{size} a request, {connections} connection{s}")
            }
            Self::Disk => "at rest, after a clean stop".to_owned(),
            Self::Query(kind, p) => {
                let what = match kind {
                    Kind::Aggregate(percent) => {
                        format!("avg, sum of {}", per_series * percent / 100)
                    }
                    Kind::Minutes => format!("minute averages of {per_series}"),
                    Kind::Raw => format!("{per_series} raw points"),
                };
                format!("{what}, {}", percentile(p))
            }
            Self::MixedIngest => "million points/s (more is better)".to_owned(),
            Self::Mixed(request, p) => {
                let what = match request {
                    Request::Write => "writes",
                    Request::Query => "queries",
                    Request::Any => "all",
                };
                format!("{what}, {}", percentile(p))
            }
        }
    }

    fn show(self, value: f64) -> String {
        match self {
            Self::Ingest(..) | Self::MixedIngest => format!("{:.3}", value / 1e6),
            Self::Disk => format!("{value:.2}"),
            Self::Query(..) | Self::Mixed(..) if value < 10.0 => format!("{value:.2}"),
            Self::Query(..) | Self::Mixed(..) => format!("{value:.0}"),
        }
    }
}

fn percentile(per_mille: usize) -> String {
    match per_mille {
        1000 => "max".to_owned(),
        p if p % 10 == 0 => format!("p{}", p / 10),
        p => format!("p{}.{}", p / 10, p % 10),
    }
}

/// What was measured of the systems.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    /// Points of each series.
    pub(crate) per_series: usize,
    /// What stands above the table.
    pub(crate) head: String,
    columns: Vec<Column>,
}

#[derive(Debug, Clone)]
struct Column {
    name: &'static str,
    /// Why there is nothing to see, if so.
    absent: Option<&'static str>,
    cells: Vec<(Metric, f64)>,
}

impl Report {
    /// Nothing yet.
    pub(crate) const fn new(head: String, per_series: usize) -> Self {
        Self {
            per_series,
            head,
            columns: Vec::new(),
        }
    }

    /// Adds a system, the first of which the others are compared with; `absent`
    /// says why it is not measured.
    pub(crate) fn add_system(&mut self, name: &'static str, absent: Option<&'static str>) {
        self.columns.push(Column {
            name,
            absent,
            cells: Vec::new(),
        });
    }

    /// Adds what one run showed of the system of this name.
    pub(crate) fn add(&mut self, name: &str, metric: Metric, value: f64) {
        for column in self.columns.iter_mut().filter(|c| c.name == name) {
            column.cells.push((metric, value));
        }
    }
}

impl Column {
    fn median(&self, metric: Metric) -> Option<f64> {
        let cells = self.cells.iter().filter(|(m, _)| *m == metric);
        median(&cells.map(|(_, value)| *value).collect::<Vec<_>>())
    }

    fn show(&self, metric: Metric) -> String {
        match self.median(metric) {
            Some(value) => metric.show(value),
            None => "-".to_owned(),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LABEL: usize = 38;
        f.write_str(&self.head)?;
        let Some((first, peers)) = self.columns.split_first() else {
            return Ok(());
        };
        for column in self.columns.iter().filter(|c| c.absent.is_some()) {
            writeln!(f, "{}: {}", column.name, column.absent.unwrap_or_default())?;
        }
        let shown: Vec<_> = peers.iter().filter(|c| c.absent.is_none()).collect();
        let mut heading = format!("{:LABEL$}{:>16}", "", first.name);
        for peer in &shown {
            write!(heading, "{:>17}{:>8}", peer.name, "ratio")?;
        }
        writeln!(f, "\n{heading}")?;
        let mut section = "";
        for metric in Metric::all() {
            if self.columns.iter().all(|c| c.median(metric).is_none()) {
                continue;
            }
            if metric.section() != section {
                section = metric.section();
                writeln!(f, "\n{section}")?;
            }
            let label = format!("  {}", metric.label(self.per_series));
            write!(f, "{label:LABEL$}{:>16}", first.show(metric))?;
            for peer in &shown {
                let ratio = match (first.median(metric), peer.median(metric)) {
                    (Some(own), Some(theirs)) if theirs > 0.0 => format!("{:.2}", own / theirs),
                    _ => "-".to_owned(),
                };
                write!(f, "{:>17}{ratio:>8}", peer.show(metric))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_ratios() {
        let mut report = Report::new("head\n".to_owned(), 100_000);
        report.add_system("Tidemark", None);
        report.add_system("Peer", None);
        report.add_system("Other", Some("not installed"));
        for value in [1e6, 3e6, 2e6] {
            report.add("Tidemark", Metric::Ingest(1000, 4), value);
        }
        report.add("Peer", Metric::Ingest(1000, 4), 4e6);
        report.add("Peer", Metric::Query(Kind::Aggregate(1), 990), 12.34);
        assert_eq!(
            report.to_string(),
            "head
Other: not installed

                                              Tidemark             Peer   ratio

Ingest, million points/s (more is better)
  1000 a request, 4 connections                  2.000            4.000    0.50

Queries, ms (less is better)
  avg, sum of 1000, p99                              -               12       -
"
        );
    }

    #[test]
    fn every_row_is_another() {
        let all = Metric::all();
        let labels: std::collections::HashSet<_> = all
            .iter()
            .map(|m| (m.section(), m.label(100_000)))
            .collect();
        assert_eq!(labels.len(), all.len());
        assert_eq!(percentile(999), "p99.9");
    }
}
