//! `GET /api/{name}/buckets`: statistics by time bucket.

use bytes::Bytes;
use http::{HeaderValue, Response};
use tidemark_core::stat::{Answer, Stat};
use tidemark_core::time::Timestamp;

use super::page::Page;
use super::stats::write_field;
use tidemark_formats::write::number::Decimals;
use tidemark_formats::write::time::{Precision, TimeWriter};

/// Buckets being written.
#[derive(Debug)]
pub struct Buckets {
    page: Page,
    decimals: Decimals,
    times: TimeWriter,
    overflow: bool,
}

impl Buckets {
    /// A page of at most `limit` buckets.
    pub fn new(decimals: Decimals, limit: usize) -> Self {
        Self {
            page: Page::array(limit),
            decimals,
            times: TimeWriter::new(Precision::Needed),
            overflow: false,
        }
    }

    /// Adds the bucket from `start` up to, but without, `end`. `false`: the
    /// page is full and the bucket is not in it.
    pub fn push(&mut self, start: Timestamp, end: Timestamp, stats: &[(Stat, Answer)]) -> bool {
        let (times, decimals) = (&mut self.times, self.decimals);
        let pushed = self.page.push(|out| {
            out.extend_from_slice(b"{\"start\":\"");
            times.write(start, out);
            out.extend_from_slice(b"\",\"end\":\"");
            times.write(end, out);
            out.push(b'"');
            for (stat, answer) in stats {
                out.push(b',');
                write_field(out, times, *stat, *answer, decimals);
            }
            out.push(b'}');
        });
        self.overflow |= pushed && stats.iter().any(|(_, a)| matches!(a, Answer::Overflow));
        pushed
    }

    /// The answer.
    pub fn finish(self, next: Option<HeaderValue>) -> Response<Bytes> {
        let mut response = self.page.finish(next);
        if self.overflow {
            super::warn_of_overflow(&mut response);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use http::header::WARNING;

    use super::super::page::text;
    use super::*;

    #[test]
    fn buckets_have_a_start_and_an_end() {
        let at = |seconds| Timestamp::from_seconds(seconds).unwrap();
        let mut buckets = Buckets::new(Some(2), 2);
        let stats = [
            (Stat::Sum, Answer::Number(0.614)),
            (Stat::Avg, Answer::Undefined),
        ];
        assert!(buckets.push(at(0), at(900), &stats));
        assert!(buckets.push(at(900), at(1800), &[]));
        assert!(!buckets.push(at(1800), at(2700), &[(Stat::Sum, Answer::Overflow)]));
        let response = buckets.finish(None);
        assert_eq!(
            text(&response),
            r#"[{"start":"1970-01-01T00:00:00Z","end":"1970-01-01T00:15:00Z","sum":0.61,"avg":null},{"start":"1970-01-01T00:15:00Z","end":"1970-01-01T00:30:00Z"}]"#
        );
        assert_eq!(response.headers().get(WARNING), None);
    }

    #[test]
    fn an_overflow_is_told() {
        let mut buckets = Buckets::new(None, 2);
        buckets.push(
            Timestamp::MIN,
            Timestamp::MAX,
            &[(Stat::Sum, Answer::Overflow)],
        );
        let response = buckets.finish(None);
        assert!(response.headers().contains_key(WARNING));
    }
}
