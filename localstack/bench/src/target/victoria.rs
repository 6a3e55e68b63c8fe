//! `VictoriaMetrics`, single node. It acknowledges points before they are
//! synced to disk.

use std::path::{Path, PathBuf};
use std::process::Command;

use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;

use super::{Target, line_protocol, number, percent_encoded};
use crate::query::{Answer, Kind, Query};
use crate::workload::{self, Slice, Workload};

/// `VictoriaMetrics`.
#[derive(Debug)]
pub(crate) struct Victoria {
    /// Its binary.
    pub(crate) binary: PathBuf,
}

impl Target for Victoria {
    fn name(&self) -> &'static str {
        "VictoriaMetrics"
    }

    fn command(&self, dir: &Path, port: u16) -> Option<Command> {
        let mut command = Command::new(&self.binary);
        command
            .arg(format!("-storageDataPath={}", dir.display()))
            .arg(format!("-httpListenAddr=127.0.0.1:{port}"))
            // The points are older than the month that it keeps by default.
            .arg("-retentionPeriod=100y")
            .arg("-loggerLevel=ERROR");
        Some(command)
    }

    fn health(&self) -> &'static str {
        "/health"
    }

    fn ingest_path(&self) -> &'static str {
        "/write?precision=s"
    }

    fn content_type(&self) -> &'static str {
        "text/plain"
    }

    fn body(&self, workload: &Workload, slice: Slice) -> Vec<u8> {
        line_protocol(workload, slice)
    }

    fn took(&self, status: StatusCode, _answer: &[u8], _points: usize) -> bool {
        status == StatusCode::NO_CONTENT
    }

    fn path(&self, workload: &Workload, query: &Query) -> String {
        let series = format!("bench_v{{name=\"{}\"}}", workload.names[query.series]);
        let (from, to) = (workload::time(query.first), workload::time(query.last));
        match query.kind {
            // A window of n seconds ends with the instant and excludes its start.
            Kind::Aggregate(_) => {
                let window = to - from + 1;
                let promql = format!(
                    "aggr_over_time((\"avg_over_time\",\"sum_over_time\"),{series}[{window}s])"
                );
                format!("/api/v1/query?time={to}&query={}", percent_encoded(&promql))
            }
            // A minute is the window that ends with its last second. Without
            // `nocache` the second time would be answered from memory.
            Kind::Minutes => {
                let promql = percent_encoded(&format!("avg_over_time({series}[60s])"));
                let (start, end) = (from + 59, from + (to - from) / 60 * 60 + 59);
                format!(
                    "/api/v1/query_range?start={start}&end={end}&step=60&nocache=1&query={promql}"
                )
            }
            Kind::Raw => format!(
                "/api/v1/export?start={from}&end={to}&match[]={}",
                percent_encoded(&series)
            ),
        }
    }

    fn answer(&self, query: &Query, pages: &[Bytes]) -> Option<Answer> {
        let [page] = pages else { return None };
        if query.kind == Kind::Raw {
            return exported(page);
        }
        let json: Value = serde_json::from_slice(page).ok()?;
        let result = json["data"]["result"].as_array()?;
        if query.kind == Kind::Minutes {
            let [series] = result.as_slice() else {
                return None;
            };
            let rows = series["values"].as_array()?.iter();
            return Some(Answer::Values(
                rows.map(|r| number(&r[1])).collect::<Option<_>>()?,
            ));
        }
        let of = |name: &str| {
            let series = result.iter().find(|s| s["metric"]["rollup"] == name)?;
            number(&series["value"][1])
        };
        Some(Answer::Aggregate {
            avg: of("avg_over_time")?,
            sum: of("sum_over_time")?,
        })
    }
}

/// An export is a line of JSON for each block of points, in the order of time.
fn exported(page: &[u8]) -> Option<Answer> {
    let mut values = Vec::new();
    for line in page.split(|b| *b == b'\n').filter(|l| !l.is_empty()) {
        let json: Value = serde_json::from_slice(line).ok()?;
        for value in json["values"].as_array()? {
            values.push(number(value)?);
        }
    }
    Some(Answer::Values(values))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read() {
        let victoria = Victoria {
            binary: PathBuf::new(),
        };
        let workload = Workload::new("bench", 100_000);
        let read = |kind, page: &'static str| {
            let page = Bytes::from_static(page.as_bytes());
            victoria.answer(&Query::nth(kind, 0, &workload), &[page])
        };
        assert_eq!(
            read(
                Kind::Aggregate(1),
                r#"{"data":{"result":[{"metric":{"rollup":"avg_over_time"},"value":[1,"2.5"]},{"metric":{"rollup":"sum_over_time"},"value":[1,"5"]}]}}"#
            ),
            Some(Answer::Aggregate { avg: 2.5, sum: 5.0 })
        );
        assert_eq!(
            read(
                Kind::Minutes,
                r#"{"data":{"result":[{"values":[[1,"2.5"],[61,"3"]]}]}}"#
            ),
            Some(Answer::Values(vec![2.5, 3.0]))
        );
        assert_eq!(
            read(Kind::Raw, "{\"values\":[1,2]}\n{\"values\":[3]}\n"),
            Some(Answer::Values(vec![1.0, 2.0, 3.0]))
        );
        assert_eq!(read(Kind::Minutes, r#"{"data":{"result":[]}}"#), None);
    }

    #[test]
    fn minutes_end_with_their_last_second() {
        let victoria = Victoria {
            binary: PathBuf::new(),
        };
        let workload = Workload::new("bench", 25_000);
        let query = Query::nth(Kind::Minutes, 0, &workload);
        assert_eq!(query.last, 249);
        let path = victoria.path(&workload, &query);
        assert!(
            path.contains("start=1700000099&end=1700000339&step=60"),
            "{path}"
        );
    }
}
