//! A problem of each kind, for the documentation.

use std::time::Duration;

use tidemark_core::access::Scope;
use tidemark_core::discard::Reason;
use tidemark_core::name::SeriesName;
use tidemark_formats::Fault;

use super::{Problem, ProblemKind};

/// One of the problems of a kind.
pub fn example(kind: ProblemKind) -> Problem {
    let fault =
        |pointer: &'static str, reason, detail: &str| vec![Fault::at(pointer, reason, detail)];
    match kind {
        ProblemKind::MalformedHead => {
            Problem::malformed_head("`Host` is missing; HTTP/1.1 wants it once")
        }
        ProblemKind::InvalidParameter => {
            Problem::invalid_parameter("`limit` must be a whole number from 1 to 50000, not `0`")
        }
        ProblemKind::InvalidPath => Problem::invalid_path(
            "{name}: a name consists of ASCII letters, digits and . _ : - only; byte 3 is something else",
        ),
        ProblemKind::InvalidCursor => Problem::invalid_cursor(),
        ProblemKind::MalformedBody => Problem::malformed_body("expected value at line 1 column 28"),
        ProblemKind::InvalidFields => Problem::invalid_fields(fault(
            "/unit",
            Reason::TooLarge,
            "`unit`: a text has at most 256 characters, this one has 257",
        )),
        ProblemKind::Unauthenticated => Problem::unauthenticated(false),
        ProblemKind::Forbidden => Problem::forbidden(Scope::Read),
        ProblemKind::NotFound => Problem::not_found(),
        ProblemKind::UnknownSeries => match SeriesName::new("example9") {
            Ok(name) => Problem::unknown_series(&name),
            Err(_) => Problem::not_found(),
        },
        ProblemKind::UnknownDiscard => Problem::unknown_discard(),
        ProblemKind::MethodNotAllowed => {
            Problem::method_not_allowed(&[http::Method::GET, http::Method::HEAD])
        }
        ProblemKind::NotAcceptable => {
            Problem::not_acceptable(&["application/json", "application/x-ndjson", "text/csv"])
        }
        ProblemKind::AlreadyReplayed => Problem::already_replayed(
            "the discard was replayed and its point accepted; it can be replayed once",
        ),
        ProblemKind::TooManyDeletions => {
            Problem::too_many_deletions("more than 1000 separate ranges of the series are deleted")
        }
        ProblemKind::BodyTooLarge => {
            Problem::body_too_large("the body has more than 4194304 bytes")
        }
        ProblemKind::UnsupportedMediaType => Problem::unsupported_media_type(
            "text/plain is not read here; send application/json, application/x-ndjson, text/csv, application/gzip",
        ),
        ProblemKind::UnsuitableSeries => Problem::unsuitable_series(
            "`every=1m` is finer than the step of `example1`, whose points are mostly 900 s apart: choose `15m` or wider",
        ),
        ProblemKind::InvalidPoints => Problem::invalid_points(
            "none of the points can be taken",
            fault(
                "/0/v",
                Reason::NotFinite,
                "`v` is beyond what a 64-bit float can hold",
            ),
        ),
        ProblemKind::StillInvalid => Problem::still_invalid(
            "the payload was validated again and is still to be discarded",
            fault("", Reason::TooOld, "older than 1 hour at receipt"),
        ),
        ProblemKind::TooManyRequests => {
            Problem::too_many_requests("more than 100 requests a second", Duration::from_secs(1))
        }
        ProblemKind::Internal => Problem::internal(),
        ProblemKind::Unavailable => Problem::unavailable(2),
        ProblemKind::Unhealthy => Problem::unhealthy(vec![("points", true), ("queue", false)]),
    }
}
