//! Tidemark, started from its binary or running already.

use std::path::{Path, PathBuf};
use std::process::Command;

use bytes::Bytes;
use http::header::LINK;
use http::{HeaderMap, StatusCode, Uri};
use serde::Deserialize;

use super::Target;
use crate::query::{Answer, Kind, Query};
use crate::workload::{self, Slice, Workload};

/// Tidemark.
#[derive(Debug, Default)]
pub(crate) struct Tidemark {
    /// Its binary, unless it runs already.
    pub(crate) binary: Option<PathBuf>,
    /// Whether its callers show who they are.
    pub(crate) is_authenticated: bool,
}

#[derive(Deserialize)]
struct Receipt {
    accepted: usize,
    rejected: usize,
}

#[derive(Deserialize)]
struct Statistics {
    avg: f64,
    sum: f64,
}

#[derive(Deserialize)]
struct Minute {
    avg: f64,
}

#[derive(Deserialize)]
struct Point {
    value: f64,
}

impl Target for Tidemark {
    fn name(&self) -> &'static str {
        "Tidemark"
    }

    fn command(&self, dir: &Path, port: u16) -> Option<Command> {
        let mut command = Command::new(self.binary.as_ref()?);
        // Nothing of the caller's own configuration shall be measured.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("TIDEMARK_") {
                command.env_remove(name);
            }
        }
        command
            .env("PORT", port.to_string())
            .env("TIDEMARK_DATA", dir)
            .env("TIDEMARK_SOURCE_URL", "none")
            .env(
                "TIDEMARK_AUTH",
                if self.is_authenticated { "on" } else { "off" },
            );
        Some(command)
    }

    fn health(&self) -> &'static str {
        "/health"
    }

    fn ingest_path(&self) -> &'static str {
        "/api"
    }

    fn content_type(&self) -> &'static str {
        "application/json"
    }

    fn body(&self, workload: &Workload, slice: Slice) -> Vec<u8> {
        let mut body = Vec::with_capacity(slice.points() * 56);
        for (series, i) in slice.iter() {
            body.push(if body.is_empty() { b'[' } else { b',' });
            body.extend(b"{\"name\":\"");
            body.extend(workload.names[series].bytes());
            body.extend(b"\",\"t\":");
            body.extend(itoa::Buffer::new().format(workload::time(i)).bytes());
            body.extend(b",\"v\":");
            workload::push_value(&mut body, series, workload::thousandths(series, i));
            body.push(b'}');
        }
        body.push(b']');
        body
    }

    fn took(&self, status: StatusCode, answer: &[u8], points: usize) -> bool {
        let receipt = serde_json::from_slice::<Receipt>(answer);
        status == StatusCode::CREATED
            && receipt.is_ok_and(|r| r.accepted == points && r.rejected == 0)
    }

    fn path(&self, workload: &Workload, query: &Query) -> String {
        let name = &workload.names[query.series];
        let range = format!(
            "from={}&to={}",
            workload::time(query.first),
            workload::time(query.last)
        );
        match query.kind {
            Kind::Aggregate(_) => format!("/api/{name}?{range}"),
            Kind::Minutes => {
                format!("/api/{name}/buckets?{range}&every=1m&stats=avg&limit=50000")
            }
            Kind::Raw => format!("/api/{name}/points?{range}&limit=50000"),
        }
    }

    fn next_page(&self, headers: &HeaderMap) -> Option<String> {
        let links = headers.get_all(LINK).into_iter();
        links
            .filter_map(|link| link.to_str().ok())
            .find_map(next_link)
    }

    fn answer(&self, query: &Query, pages: &[Bytes]) -> Option<Answer> {
        match query.kind {
            Kind::Aggregate(_) => {
                let [page] = pages else { return None };
                let Statistics { avg, sum } = serde_json::from_slice(page).ok()?;
                Some(Answer::Aggregate { avg, sum })
            }
            Kind::Minutes => {
                let minutes = rows::<Minute>(pages)?;
                Some(Answer::Values(minutes.iter().map(|m| m.avg).collect()))
            }
            Kind::Raw => {
                let points = rows::<Point>(pages)?;
                Some(Answer::Values(points.iter().map(|p| p.value).collect()))
            }
        }
    }
}

fn rows<T: for<'de> Deserialize<'de>>(pages: &[Bytes]) -> Option<Vec<T>> {
    let mut all = Vec::new();
    for page in pages {
        all.append(&mut serde_json::from_slice::<Vec<T>>(page).ok()?);
    }
    Some(all)
}

/// Path and query of the link that says `rel="next"`.
fn next_link(header: &str) -> Option<String> {
    let link = header.split(',').find(|l| l.contains("rel=\"next\""))?;
    let (address, _) = link.trim().strip_prefix('<')?.split_once('>')?;
    let address: Uri = address.parse().ok()?;
    Some(address.path_and_query()?.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const TIDEMARK: Tidemark = Tidemark {
        binary: None,
        is_authenticated: false,
    };

    #[test]
    fn bodies_are_json() {
        let workload = Workload::new("bench", 100_000);
        let body = TIDEMARK.body(&workload, Slice::of_request(6, 1000));
        let points: Vec<Value> = serde_json::from_slice(&body).unwrap();
        assert_eq!(points.len(), 1000);
        let value = workload::thousandths(21, 51) as f64 / 1000.0;
        assert_eq!(
            points[51],
            json!({"name": "bench-s21", "t": 1_700_000_091, "v": value})
        );
    }

    #[test]
    fn only_a_full_receipt_counts() {
        let took = |status, text: &str| TIDEMARK.took(status, text.as_bytes(), 5);
        let full = r#"{"batch": "1", "accepted": 5, "rejected": 0}"#;
        assert!(took(StatusCode::CREATED, full));
        assert!(!took(StatusCode::OK, full));
        assert!(!took(
            StatusCode::CREATED,
            r#"{"batch": "1", "accepted": 4, "rejected": 1}"#
        ));
        assert!(!took(StatusCode::CREATED, ""));
    }

    #[test]
    fn pages_are_followed() {
        let link = |text: &str| next_link(text);
        let next = Some("/api/a/points?limit=5&cursor=x".to_owned());
        assert_eq!(link("</api/a/points?limit=5&cursor=x>; rel=\"next\""), next);
        assert_eq!(
            link("<http://127.0.0.1:3000/api/a/points?limit=5&cursor=x>; rel=\"next\""),
            next
        );
        assert_eq!(link("</api>; rel=\"first\""), None);
    }

    #[test]
    fn answers_are_read() {
        let workload = Workload::new("bench", 100_000);
        let read = |kind, pages: &[&str]| {
            let pages: Vec<_> = pages.iter().map(|p| Bytes::from((*p).to_owned())).collect();
            TIDEMARK.answer(&Query::nth(kind, 0, &workload), &pages)
        };
        assert_eq!(
            read(Kind::Aggregate(1), &[r#"{"avg": 2.5, "sum": 7}"#]),
            Some(Answer::Aggregate { avg: 2.5, sum: 7.0 })
        );
        assert_eq!(
            read(
                Kind::Raw,
                &[
                    r#"[{"time": "x", "value": 1}]"#,
                    r#"[{"time": "y", "value": 2}]"#
                ]
            ),
            Some(Answer::Values(vec![1.0, 2.0]))
        );
        assert_eq!(read(Kind::Minutes, &["{}"]), None);
    }
}
