//! `/admin/discards` and below: what was not kept, and why.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode};
use serde::Serialize;
use tidemark_core::batch::Source;
use tidemark_core::discard::{Discard, Reason};
use tidemark_core::name::SeriesName;

use super::page::Page;
use tidemark_formats::write::number::Number;
use tidemark_formats::write::time::Time;

/// A discard in an answer. The payload is `payload` where it is UTF-8 and
/// `payload_base64` otherwise; of one that was too long to keep, it is the
/// beginning, and its length and digest stand beside it.
#[derive(Debug, Serialize)]
struct Row<'a> {
    id: String,
    received: Time,
    source: Source,
    series: Option<&'a str>,
    time: Option<Time>,
    value: Option<Number>,
    reasons: &'a [Reason],
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload_base64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload_length: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload_sha256: Option<&'a str>,
    detail: &'a str,
    replayed: Option<Time>,
}

impl<'a> From<&'a Discard> for Row<'a> {
    fn from(discard: &'a Discard) -> Self {
        let bytes = discard.payload.bytes();
        let text = std::str::from_utf8(bytes).ok();
        let cut = discard.payload.cut();
        Self {
            id: discard.id().to_string(),
            received: Time(discard.stamp.received),
            source: discard.source,
            series: discard.series.as_ref().map(SeriesName::as_str),
            time: discard.time.map(Time),
            value: discard.value.map(|v| Number::new(v.get(), None)),
            reasons: &discard.reasons,
            payload: text,
            payload_base64: text.is_none().then(|| STANDARD.encode(bytes)),
            payload_length: cut.map(|c| c.length),
            payload_sha256: cut.map(|c| c.sha256.as_str()),
            detail: &discard.detail,
            replayed: discard.replayed.map(Time),
        }
    }
}

/// Discards being written.
#[derive(Debug)]
pub struct DiscardList(Page);

impl DiscardList {
    /// A page of at most `limit` discards.
    pub fn new(limit: usize) -> Self {
        Self(Page::array(limit))
    }

    /// Adds a discard. `false`: the page is full and the discard is not in it.
    pub fn push(&mut self, discard: &Discard) -> bool {
        self.0.push_json(&Row::from(discard))
    }

    /// The answer.
    pub fn finish(self, next: Option<HeaderValue>) -> Response<Bytes> {
        self.0.finish(next)
    }
}

/// How many discards there are. One with several reasons counts for each of
/// them, but once in `count`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Summary {
    /// All of them.
    count: u64,
    by_reason: BTreeMap<Reason, u64>,
    by_source: BTreeMap<Source, OfSource>,
}

/// The discards of one source.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
struct OfSource {
    count: u64,
    by_reason: BTreeMap<Reason, u64>,
}

impl Summary {
    /// Counts `discards` of one source that all have these and only these
    /// `reasons`.
    pub fn add(&mut self, source: Source, reasons: &[Reason], discards: u64) {
        let of_source = self.by_source.entry(source).or_default();
        self.count += discards;
        of_source.count += discards;
        for reason in reasons {
            *self.by_reason.entry(*reason).or_default() += discards;
            *of_source.by_reason.entry(*reason).or_default() += discards;
        }
    }

    /// The answer.
    pub fn answer(&self) -> Response<Bytes> {
        super::json(StatusCode::OK, self)
    }
}

/// The answer to a replay whose point was accepted.
pub fn replayed() -> Response<Bytes> {
    #[derive(Serialize)]
    struct Replayed {
        accepted: bool,
    }
    super::json(StatusCode::OK, &Replayed { accepted: true })
}

#[cfg(test)]
mod tests {
    use serde_json::Value as Json;
    use tidemark_core::batch::BatchId;
    use tidemark_core::discard::Format;
    use tidemark_core::name::Tenant;
    use tidemark_core::payload::Payload;
    use tidemark_core::point::{Stamp, Value};
    use tidemark_core::time::Timestamp;

    use super::super::page::text;
    use super::*;

    fn discard(payload: &[u8]) -> Discard {
        Discard {
            tenant: Tenant::local(),
            source: Source::DataServer,
            stamp: Stamp {
                received: Timestamp::from_nanos(2_000_000_000),
                batch: BatchId::new(1, 2),
                index: 3,
            },
            series: Some(SeriesName::new("data-server").unwrap()),
            time: Some(Timestamp::from_nanos(0)),
            value: Some(Value::new(2.0).unwrap()),
            reasons: vec![Reason::TooOld, Reason::Suspect],
            detail: "older than 1 h".to_owned(),
            payload: Payload::new(payload),
            format: Format::Message,
            replayed: None,
        }
    }

    fn answer(discard: &Discard) -> String {
        let mut list = DiscardList::new(10);
        assert!(list.push(discard));
        text(&list.finish(None))
    }

    #[test]
    fn a_discard_tells_all() {
        assert_eq!(
            answer(&discard(b"{\"time\":0}")),
            r#"[{"id":"00000000000000010000000000000002-3","received":"1970-01-01T00:00:02Z","source":"data-server","series":"data-server","time":"1970-01-01T00:00:00Z","value":2,"reasons":["too_old","suspect"],"payload":"{\"time\":0}","detail":"older than 1 h","replayed":null}]"#
        );
        let unreadable = Discard {
            series: None,
            time: None,
            value: None,
            replayed: Some(Timestamp::from_nanos(1)),
            ..discard(b"\xff\x00")
        };
        assert_eq!(
            answer(&unreadable),
            r#"[{"id":"00000000000000010000000000000002-3","received":"1970-01-01T00:00:02Z","source":"data-server","series":null,"time":null,"value":null,"reasons":["too_old","suspect"],"payload_base64":"/wA=","detail":"older than 1 h","replayed":"1970-01-01T00:00:00.000000001Z"}]"#
        );
    }

    #[test]
    fn a_long_payload_shows_what_it_was() {
        let json: Json = serde_json::from_str(&answer(&discard(&vec![b'a'; 70_000]))).unwrap();
        assert_eq!(json[0]["payload"].as_str().unwrap().len(), 65_536);
        assert_eq!(json[0]["payload_length"], 70_000);
        assert_eq!(json[0]["payload_sha256"].as_str().unwrap().len(), 64);
    }

    #[test]
    fn pages_of_long_payloads_end_at_4_mib() {
        let mut list = DiscardList::new(50_000);
        let long = discard(&vec![0; 65_536]);
        let pushed = (0..100).take_while(|_| list.push(&long)).count();
        assert_eq!(pushed, 10, "each zero takes six bytes");
        let body = list.finish(None).into_body();
        assert!(serde_json::from_slice::<Json>(&body).is_ok());
    }

    #[test]
    fn a_summary_counts_by_reason_and_source() {
        let mut summary = Summary::default();
        summary.add(Source::DataServer, &[Reason::TooOld, Reason::Suspect], 2);
        summary.add(Source::DataServer, &[Reason::TooOld], 3);
        summary.add(Source::Api, &[Reason::Malformed], 1);
        assert_eq!(
            text(&summary.answer()),
            r#"{"count":6,"by_reason":{"too_old":5,"suspect":2,"malformed":1},"by_source":{"api":{"count":1,"by_reason":{"malformed":1}},"data-server":{"count":5,"by_reason":{"too_old":5,"suspect":2}}}}"#
        );
        assert_eq!(
            text(&Summary::default().answer()),
            r#"{"count":0,"by_reason":{},"by_source":{}}"#
        );
        assert_eq!(text(&replayed()), r#"{"accepted":true}"#);
    }
}
