//! `GET /admin/discards`: what was not kept, and why.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::json;
use tidemark_app::discards::Discards;
use tidemark_core::access::Scope;
use tidemark_core::batch::Source;
use tidemark_core::discard::{Discard, Reason};
use tidemark_core::name::SeriesName;
use tidemark_core::point::Stamp;
use tidemark_formats::write::number::Number;
use tidemark_formats::write::time::Time;
use tidemark_ports::DiscardFilter;
use utoipa::openapi::path::Parameter;
use utoipa::openapi::schema::Type;

use crate::answer::page::PageWriter;
use crate::call::Call;
use crate::cursor::Paging;
use crate::describe::answers::{self, Success};
use crate::describe::parameters::{cursor, limit, query, received, zone};
use crate::describe::{
    NamedSchema, Properties, array, closed, count, forms, named, of, or_null, text, time_or_null,
};
use crate::params::{DEFAULT_LIMIT, MAX_LIMIT};
use crate::problem::{Problem, ProblemKind};
use crate::route::{Answered, Function, Handler, Route, Verb};

pub(super) static ROUTE: Route = Route {
    verb: Verb::Get,
    path: "/admin/discards",
    id: "listDiscards",
    scope: Some(Scope::Admin),
    tag: "Administration",
    summary: "See the discards",
    description: "Every point that was not kept, with all its reasons and with its payload byte for byte, the latest first.",
    parameters,
    body: None,
    success,
    problems: &[ProblemKind::InvalidCursor],
    schemas,
    function: Function::Admin,
};

pub(super) const HANDLER: Handler<Discards> = |discards, call| Box::pin(answer(discards, call));

/// What is asked.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// Which discards.
    pub(super) filter: DiscardFilter,
    /// Which page, the latest first; the position is the stamp of the last
    /// discard of the page before.
    pub(super) paging: Paging<Stamp>,
}

impl Asked {
    pub(super) fn read(call: Call<'_>) -> Result<Self, Problem> {
        let mut params = call.params()?;
        let reason = params.take_choice("reason", &Reason::ALL.map(|r| (r.as_str(), r)))?;
        let source = params.take_parsed("source")?;
        let series = params.take_series("series")?;
        let zone = params.take_zone()?;
        let received = params.take_span(zone)?.range;
        let paging = call.paging(&mut params, DEFAULT_LIMIT, MAX_LIMIT)?;
        params.finish()?;
        let filter = DiscardFilter {
            reason,
            source,
            series,
            received,
        };
        Ok(Self { filter, paging })
    }
}

async fn answer(discards: &Discards, call: Call<'_>) -> Answered {
    let Asked { filter, paging } = Asked::read(call)?;
    let mut rows = discards.list(call.tenant(), filter, paging.after);
    let mut page = PageWriter::array(paging.limit);
    let mut last = paging.after;
    while let Some(discard) = rows.next().await? {
        if !page.push_json(&Row::from(&discard)) {
            let next = last.map(|last| paging.next(&last)).transpose()?;
            return Ok(page.finish(next));
        }
        last = Some(discard.stamp);
    }
    Ok(page.finish(None))
}

/// A discard in an answer. The payload is `payload` where it is UTF-8 and
/// `payload_base64` otherwise; of one that was too long to keep, it is the
/// beginning, and its length and digest stand beside it.
#[derive(Debug, Serialize)]
struct Row<'a> {
    id: String,
    received: Time,
    source: &'a str,
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
            source: discard.source.as_str(),
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

fn parameters() -> Vec<Parameter> {
    vec![
        reason(),
        source(),
        series(),
        received("from", "start", "earliest"),
        received("to", "end", "latest"),
        zone(),
        limit("How many discards a page holds"),
        cursor(),
    ]
}

fn reason() -> Parameter {
    let text = "One of the reasons that a discard has";
    query("reason", text, named("Reason"), Reason::TooOld.as_str()).build()
}

fn source() -> Parameter {
    let example = Source::DataServer.as_str();
    query("source", "Where it came from", named("Source"), example).build()
}

fn series() -> Parameter {
    let text = "The series that it would have belonged to";
    query("series", text, named("SeriesName"), "data-server").build()
}

fn success() -> Success {
    let example = json!([{
        "id": "5f0c6c1f6f1e4a0b0000000000000007-3",
        "received": "2023-03-01T08:30:00Z",
        "source": "data-server",
        "series": "data-server",
        "time": "2023-03-01T06:00:00Z",
        "value": -0.996_876_001_358_032_2,
        "reasons": ["too_old", "suspect"],
        "payload": "{\"time\":1677650400,\"value\":[68,51,127,191],\"tags\":[\"suspect\"]}",
        "detail": "older than 1 hour at receipt; tagged suspect",
        "replayed": null,
    }]);
    let text = "The discards, the latest first";
    let discards = answers::json(text, array(named("Discard")), example);
    ("200", answers::paged(discards))
}

fn schemas() -> Vec<NamedSchema> {
    let reasons = array(named("Reason")).min_items(Some(1)).unique_items(true);
    let series = or_null(Type::String);
    let base64 = of(Type::String).content_encoding("base64");
    let length = count().that_is("Only of a payload longer than 65536 bytes, of which the beginning is kept: how long it was");
    let discard = closed()
        .with("id", text(forms::DISCARD))
        .with("received", named("Time"))
        .with("source", named("Source"))
        .with(
            "series",
            series.that_is("Null where it could not be read; so are `time` and `value`"),
        )
        .with("time", time_or_null())
        .with("value", or_null(Type::Number))
        .with("reasons", reasons)
        .property("payload", of(Type::String).that_is("What came, verbatim"))
        .property(
            "payload_base64",
            base64.that_is("What came, in place of `payload` where it is not UTF-8"),
        )
        .property("payload_length", length)
        .property(
            "payload_sha256",
            text("^[0-9a-f]{64}$").that_is("Likewise: the SHA-256 of all of it"),
        )
        .with("detail", of(Type::String).that_is("The reasons for people"))
        .with(
            "replayed",
            time_or_null().that_is("When it was replayed and its point accepted"),
        );
    vec![("Discard", discard.into())]
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

    use super::*;
    use crate::answer::page::text;

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
        let mut list = PageWriter::array(10);
        assert!(list.push_json(&Row::from(discard)));
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
        let mut list = PageWriter::array(50_000);
        let long = discard(&vec![0; 65_536]);
        let pushed = (0..100)
            .take_while(|_| list.push_json(&Row::from(&long)))
            .count();
        assert_eq!(pushed, 10, "each zero takes six bytes");
        let body = list.finish(None).into_body();
        assert!(serde_json::from_slice::<Json>(&body).is_ok());
    }
}
