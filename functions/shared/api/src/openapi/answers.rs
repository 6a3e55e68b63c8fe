//! What an operation can answer: its successes and its problems.

use std::time::Duration;

use serde_json::{Value, json};
use tidemark_core::access::Scope;
use tidemark_core::discard::Reason;
use tidemark_core::name::SeriesName;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::schema::Type;
use utoipa::openapi::{ContentBuilder, Header, Response, ResponseBuilder};

use super::schemas::{AnySchema, array, named, of};
use crate::accept::Media;
use crate::answer::JSON;
use crate::problem::{self, Kind, Problem};
use crate::routes::{Discards, Ingest, Openapi, Operation, Query};

/// The kinds of problem that an operation can answer with.
pub(super) fn problems(operation: Operation) -> Vec<Kind> {
    use Kind::{
        AlreadyReplayed, BodyTooLarge, Forbidden, Internal, InvalidCursor, InvalidParameter,
        InvalidPath, InvalidPoints, MalformedBody, NotAcceptable, StillInvalid, TooManyDeletions,
        TooManyRequests, Unauthenticated, Unavailable, Unhealthy, UnknownDiscard, UnknownSeries,
        UnsupportedMediaType,
    };
    let of_stores = [Internal, Unavailable];
    let of_the_gate = [Unauthenticated, Forbidden, TooManyRequests];
    let mut kinds = vec![InvalidParameter];
    kinds.extend_from_slice(match operation {
        Operation::Ingest(Ingest::Points | Ingest::Measurements) => &[
            MalformedBody,
            BodyTooLarge,
            UnsupportedMediaType,
            InvalidPoints,
        ],
        Operation::Query(Query::Series | Query::Measurements | Query::History)
        | Operation::Discards(Discards::List) => &[InvalidCursor],
        Operation::Query(Query::Stats) => &[InvalidPath, UnknownSeries],
        Operation::Query(Query::Points) => {
            &[InvalidPath, InvalidCursor, UnknownSeries, NotAcceptable]
        }
        Operation::Query(Query::Buckets) => &[InvalidPath, InvalidCursor, UnknownSeries],
        Operation::Erase => &[InvalidPath, UnknownSeries, TooManyDeletions],
        Operation::Discards(Discards::Summary) => &[],
        Operation::Discards(Discards::Replay) => {
            &[InvalidPath, UnknownDiscard, AlreadyReplayed, StillInvalid]
        }
        Operation::Health => return vec![InvalidParameter, Unhealthy],
        Operation::Openapi(_) => return kinds,
    });
    kinds.extend(of_the_gate);
    kinds.extend(of_stores);
    kinds
}

/// One of the problems of a kind.
pub(super) fn example(kind: Kind) -> Problem {
    let error = |pointer: &str, reason, detail: &str| {
        vec![problem::ItemError {
            pointer: pointer.to_owned(),
            reason,
            detail: detail.to_owned(),
        }]
    };
    match kind {
        Kind::InvalidParameter => {
            Problem::invalid_parameter("`limit` must be a whole number from 1 to 50000, not `0`")
        }
        Kind::InvalidPath => Problem::invalid_path(
            "{name}: a name consists of ASCII letters, digits and . _ : - only; byte 3 is something else",
        ),
        Kind::InvalidCursor => Problem::invalid_cursor(),
        Kind::MalformedBody => Problem::malformed_body("expected value at line 1 column 28"),
        Kind::Unauthenticated => Problem::unauthenticated(false),
        Kind::Forbidden => Problem::forbidden(Scope::Read),
        Kind::NotFound => Problem::not_found(),
        Kind::UnknownSeries => match SeriesName::new("example9") {
            Ok(name) => Problem::unknown_series(&name),
            Err(_) => Problem::not_found(),
        },
        Kind::UnknownDiscard => Problem::unknown_discard(),
        Kind::MethodNotAllowed => {
            Problem::method_not_allowed(&[http::Method::GET, http::Method::HEAD])
        }
        Kind::NotAcceptable => Problem::not_acceptable(&Media::ALL.map(Media::essence)),
        Kind::AlreadyReplayed => Problem::already_replayed(),
        Kind::TooManyDeletions => {
            Problem::too_many_deletions("more than 1000 separate ranges of the series are deleted")
        }
        Kind::BodyTooLarge => Problem::body_too_large("the body has more than 4194304 bytes"),
        Kind::UnsupportedMediaType => Problem::unsupported_media_type(
            "text/plain is not read here; send application/json, application/x-ndjson, text/csv",
        ),
        Kind::InvalidPoints => Problem::invalid_points(
            "none of the points can be taken",
            error(
                "/0/v",
                Reason::NotFinite,
                "`v` is beyond what a 64-bit float can hold",
            ),
        ),
        Kind::StillInvalid => {
            Problem::still_invalid(error("", Reason::TooOld, "older than 1 hour at receipt"))
        }
        Kind::TooManyRequests => {
            Problem::too_many_requests("more than 100 requests a second", Duration::from_secs(1))
        }
        Kind::Internal => Problem::internal(),
        Kind::Unavailable => Problem::unavailable(2),
        Kind::Unhealthy => {
            Problem::unhealthy([("points", true), ("queue", false)].into_iter().collect())
        }
    }
}

/// The answers of an operation by status, in order.
pub(super) fn of_operation(operation: Operation) -> Vec<(String, Response)> {
    let (status, success) = success(operation);
    let mut answers = vec![(status.to_owned(), success)];
    let mut kinds = problems(operation);
    kinds.sort_by_key(|kind| kind.status());
    for of_status in kinds.chunk_by(|a, b| a.status() == b.status()) {
        answers.push((
            of_status[0].status().as_str().to_owned(),
            failure(of_status),
        ));
    }
    answers
}

/// The answer that all these kinds of problem share.
fn failure(kinds: &[Kind]) -> Response {
    let titles: Vec<_> = kinds.iter().map(|kind| kind.title()).collect();
    let examples = kinds.iter().map(|kind| {
        let name = kind.type_uri().trim_start_matches("/docs#");
        let value = serde_json::to_value(example(*kind)).unwrap_or_default();
        let example = utoipa::openapi::example::ExampleBuilder::new().value(Some(value));
        (name, example.build())
    });
    let content = ContentBuilder::new()
        .schema(Some(named("Problem")))
        .examples_from_iter(examples);
    let response = ResponseBuilder::new()
        .description(titles.join("; "))
        .content(problem::MEDIA_TYPE, content.build());
    let waits = [Kind::Unavailable, Kind::TooManyRequests];
    let response = if kinds.iter().any(|kind| waits.contains(kind)) {
        let seconds = of(Type::Integer).minimum(Some(0));
        let text = "After how many seconds to try again";
        response.header("Retry-After", header(seconds, text))
    } else {
        response
    };
    if kinds.contains(&Kind::Unauthenticated) {
        let text = "How to show who is asking (RFC 6750)";
        let challenge = header(of(Type::String), text);
        return response.header("WWW-Authenticate", challenge).build();
    }
    response.build()
}

fn header(schema: impl Into<AnySchema>, description: &str) -> Header {
    let header = HeaderBuilder::new().schema(Some(schema));
    header.description(Some(description)).build()
}

fn json(description: &str, schema: impl Into<AnySchema>, example: Value) -> ResponseBuilder {
    let content = ContentBuilder::new()
        .schema(Some(schema))
        .example(Some(example));
    ResponseBuilder::new()
        .description(description)
        .content(JSON, content.build())
}

fn paged(response: ResponseBuilder) -> Response {
    let text = "Leads to the next page: `<...>; rel=\"next\"`. Absent on the last";
    response
        .header("Link", header(of(Type::String), text))
        .build()
}

fn warning(response: ResponseBuilder) -> ResponseBuilder {
    let text = "Present where a null stands for a number beyond the range of a 64-bit float";
    response.header("Warning", header(of(Type::String), text))
}

fn success(operation: Operation) -> (&'static str, Response) {
    match operation {
        Operation::Ingest(Ingest::Points | Ingest::Measurements) => ("201", ingested()),
        Operation::Query(query) => ("200", answered(query)),
        Operation::Erase => (
            "204",
            ResponseBuilder::new()
                .description("The points are gone")
                .build(),
        ),
        Operation::Discards(Discards::List) => ("200", discards()),
        Operation::Discards(Discards::Summary) => {
            let example = json!({
                "count": 6,
                "by_reason": {"too_old": 5, "suspect": 2, "malformed": 1},
                "by_source": {
                    "api": {"count": 1, "by_reason": {"malformed": 1}},
                    "data-server": {"count": 5, "by_reason": {"too_old": 5, "suspect": 2}},
                },
            });
            let text = "How many discards there are, by reason and source";
            ("200", json(text, named("DiscardSummary"), example).build())
        }
        Operation::Discards(Discards::Replay) => {
            let text = "The point was accepted. The discard stays, marked as replayed";
            let example = json!({"accepted": true});
            ("200", json(text, named("Replayed"), example).build())
        }
        Operation::Health => {
            let example = json!({"status": "ok", "checks": {"points": "ok", "queue": "ok"}});
            (
                "200",
                json("Data can be accepted", named("Health"), example).build(),
            )
        }
        Operation::Openapi(Openapi::Document) => {
            let content = ContentBuilder::new().schema(Some(of(Type::Object)));
            let response = ResponseBuilder::new().description("The OpenAPI document");
            ("200", response.content(JSON, content.build()).build())
        }
        Operation::Openapi(Openapi::Page) => {
            let content = ContentBuilder::new().schema(Some(of(Type::String)));
            let response = ResponseBuilder::new().description("The page");
            let html = crate::docs::MEDIA_TYPE;
            ("200", response.content(html, content.build()).build())
        }
    }
}

fn ingested() -> Response {
    let example =
        json!({"batch": "5f0c6c1f6f1e4a0b0000000000000007", "accepted": 5, "rejected": 0});
    let text = "The points are stored for good, or will be even if the service fails. Those that are wrong in themselves are not among them: they are kept as discards";
    json(text, named("Ingested"), example).build()
}

fn answered(query: Query) -> Response {
    match query {
        Query::Series => {
            let example = json!({"count": 2, "series": [
                {"name": "example1", "updated": "2023-03-01T08:30:00Z"},
                {"name": "example2", "updated": "2023-03-01T08:30:00Z"},
            ]});
            paged(json("The series, by name", named("SeriesList"), example))
        }
        Query::Stats => {
            let example = json!({"avg": 2.333_333_333_333_333_5, "sum": 7});
            warning(json("The statistics", named("Stats"), example)).build()
        }
        Query::Points => {
            let example =
                json!([{"time": "2023-02-01T00:00:00Z", "value": 0.0117, "tags": ["night"]}]);
            let text = |text| of(Type::String).description(Some(text));
            let content = |schema, example: &str| {
                let content = ContentBuilder::new().schema(Some(schema));
                content.example(Some(Value::from(example))).build()
            };
            let lines = text("A point a line, each as in `application/json`");
            let rows = text("A header and a row a point; `;` between tags");
            let response = json("The points", array(named("StoredPoint")), example)
                .content(Media::Ndjson.essence(), content(lines, "{\"time\":\"2023-02-01T00:00:00Z\",\"value\":0.0117,\"tags\":[\"night\"]}\n"))
                .content(Media::Csv.essence(), content(rows, "time,value,tags\r\n2023-02-01T00:00:00Z,0.0117,night\r\n"));
            paged(response)
        }
        Query::Buckets => {
            let example = json!([{"start": "2023-02-01T00:00:00Z", "end": "2023-02-01T00:15:00Z", "avg": 0.15, "sum": 0.61}]);
            paged(warning(json(
                "The buckets",
                array(named("Bucket")),
                example,
            )))
        }
        Query::Measurements => {
            let example = json!({"data": [{
                "measurement": "energy",
                "timestamp": "2023-02-28T23:45:00.000Z",
                "tags": {"muid": "95ce3367-cbce-4a4d-bbe3-da082831d7bd", "quality": "measured"},
                "0100011D00FF": 0.0117,
            }]});
            paged(json(
                "The rows, the latest first",
                named("Measurements"),
                example,
            ))
        }
        Query::History => {
            let example = json!([{
                "time": "2023-03-01T08:30:00Z", "series": "example1", "path": "/api/example1",
                "from": "2023-02-01T00:00:00Z", "to": null, "duration_ms": 0.29,
            }]);
            paged(json(
                "The queries, the latest first",
                array(named("HistoryEntry")),
                example,
            ))
        }
    }
}

fn discards() -> Response {
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
    paged(json(
        "The discards, the latest first",
        array(named("Discard")),
        example,
    ))
}
