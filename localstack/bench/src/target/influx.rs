//! `InfluxDB` 1.x. It syncs its log before it acknowledges points.

use std::path::{Path, PathBuf};
use std::process::Command;

use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;

use super::{Target, line_protocol, number, percent_encoded};
use crate::query::{Answer, Kind, Query};
use crate::workload::{self, Slice, Workload};

/// `InfluxDB`.
#[derive(Debug)]
pub(crate) struct Influx {
    /// Its binary.
    pub(crate) binary: PathBuf,
}

impl Target for Influx {
    fn name(&self) -> &'static str {
        "InfluxDB"
    }

    fn command(&self, dir: &Path, port: u16) -> Option<Command> {
        let mut command = Command::new(&self.binary);
        command
            // Defaults, whatever stands in /etc.
            .args(["run", "-config", "/dev/null"])
            .env("INFLUXDB_META_DIR", dir.join("meta"))
            .env("INFLUXDB_DATA_DIR", dir.join("data"))
            .env("INFLUXDB_DATA_WAL_DIR", dir.join("wal"))
            .env("INFLUXDB_HTTP_BIND_ADDRESS", format!("127.0.0.1:{port}"))
            .env("INFLUXDB_BIND_ADDRESS", "127.0.0.1:0")
            .env("INFLUXDB_REPORTING_DISABLED", "true")
            .env("INFLUXDB_MONITOR_STORE_ENABLED", "false")
            .env("INFLUXDB_HTTP_LOG_ENABLED", "false")
            .env("INFLUXDB_DATA_QUERY_LOG_ENABLED", "false")
            .env("INFLUXDB_LOGGING_LEVEL", "error")
            // What is idle is compacted after seconds rather than hours, or its
            // log would be measured instead of its data. While points keep
            // coming this changes nothing.
            .env("INFLUXDB_DATA_CACHE_SNAPSHOT_WRITE_COLD_DURATION", "2s")
            .env("INFLUXDB_DATA_COMPACT_FULL_WRITE_COLD_DURATION", "4s");
        Some(command)
    }

    fn health(&self) -> &'static str {
        "/ping"
    }

    fn preparation(&self) -> Option<&'static str> {
        Some("/query?q=CREATE%20DATABASE%20bench")
    }

    fn ingest_path(&self) -> &'static str {
        "/write?db=bench&precision=s"
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
        let (select, group) = match query.kind {
            Kind::Aggregate(_) => ("mean(v), sum(v)", ""),
            Kind::Minutes => ("mean(v)", " GROUP BY time(1m)"),
            Kind::Raw => ("v", ""),
        };
        let influxql = format!(
            "SELECT {select} FROM bench WHERE \"name\" = '{}' AND time >= {}s AND time <= {}s{group}",
            workload.names[query.series],
            workload::time(query.first),
            workload::time(query.last),
        );
        // Times as numbers are quicker to write than RFC 3339.
        format!("/query?db=bench&epoch=s&q={}", percent_encoded(&influxql))
    }

    fn answer(&self, query: &Query, pages: &[Bytes]) -> Option<Answer> {
        let [page] = pages else { return None };
        let json: Value = serde_json::from_slice(page).ok()?;
        let rows = json["results"][0]["series"][0]["values"].as_array()?;
        match query.kind {
            Kind::Aggregate(_) => Some(Answer::Aggregate {
                avg: number(&rows.first()?[1])?,
                sum: number(&rows.first()?[2])?,
            }),
            Kind::Minutes | Kind::Raw => {
                let values = rows.iter().map(|row| number(&row[1]));
                Some(Answer::Values(values.collect::<Option<_>>()?))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read() {
        let influx = Influx {
            binary: PathBuf::new(),
        };
        let workload = Workload::new("bench", 100_000);
        let read = |kind, page: &'static str| {
            let page = Bytes::from_static(page.as_bytes());
            influx.answer(&Query::nth(kind, 0, &workload), &[page])
        };
        let rows = r#"{"results":[{"series":[{"values":[[1,2.5,5],[2,3,4]]}]}]}"#;
        assert_eq!(
            read(Kind::Aggregate(1), rows),
            Some(Answer::Aggregate { avg: 2.5, sum: 5.0 })
        );
        assert_eq!(read(Kind::Raw, rows), Some(Answer::Values(vec![2.5, 3.0])));
        assert_eq!(read(Kind::Raw, r#"{"results":[{"error":"x"}]}"#), None);
    }
}
