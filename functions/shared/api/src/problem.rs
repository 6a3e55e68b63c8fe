//! What goes wrong, as the client is told (RFC 9457). Each kind of problem has
//! one status and one title, here and nowhere else; a 5xx says nothing of the
//! inside.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, Method, Response, StatusCode};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use tidemark_core::access::Scope;
use tidemark_core::discard::Reason;
use tidemark_core::name::SeriesName;

use crate::answer::health::Checks;

/// The media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// The kinds of problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A parameter that is unknown, missing, empty, given twice, or of the
    /// wrong form.
    InvalidParameter,
    /// The path names a route, but what stands for a name or an id is none.
    InvalidPath,
    /// Not a cursor of this caller and this query.
    InvalidCursor,
    /// The body as a whole cannot be read, or is empty.
    MalformedBody,
    /// No credentials, or wrong ones.
    Unauthenticated,
    /// The credentials lack a scope.
    Forbidden,
    /// No route has this path.
    NotFound,
    /// The caller has no series of this name.
    UnknownSeries,
    /// The caller has no discard of this id.
    UnknownDiscard,
    /// The path exists, the method does not.
    MethodNotAllowed,
    /// None of the media types that are accepted is offered.
    NotAcceptable,
    /// The discard was replayed before.
    AlreadyReplayed,
    /// More separate ranges of a series are deleted than can be kept.
    TooManyDeletions,
    /// The body is too large, as sent or unpacked.
    BodyTooLarge,
    /// A media type or an encoding that is not read.
    UnsupportedMediaType,
    /// None of the points could be taken, or not all where all were wanted.
    InvalidPoints,
    /// The replayed payload is still invalid.
    StillInvalid,
    /// The tenant asks, sends or keeps more than it may.
    TooManyRequests,
    /// A fault of ours.
    Internal,
    /// What the request needs is not to be had at the moment.
    Unavailable,
    /// The service does not accept data.
    Unhealthy,
}

impl Kind {
    /// Every kind, by status.
    pub const ALL: [Self; 21] = [
        Self::InvalidParameter,
        Self::InvalidPath,
        Self::InvalidCursor,
        Self::MalformedBody,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::UnknownSeries,
        Self::UnknownDiscard,
        Self::MethodNotAllowed,
        Self::NotAcceptable,
        Self::AlreadyReplayed,
        Self::TooManyDeletions,
        Self::BodyTooLarge,
        Self::UnsupportedMediaType,
        Self::InvalidPoints,
        Self::StillInvalid,
        Self::TooManyRequests,
        Self::Internal,
        Self::Unavailable,
        Self::Unhealthy,
    ];

    /// The `type`: a reference to the paragraph of the documentation.
    pub const fn type_uri(self) -> &'static str {
        match self {
            Self::InvalidParameter => "/docs#invalid-parameter",
            Self::InvalidPath => "/docs#invalid-path",
            Self::InvalidCursor => "/docs#invalid-cursor",
            Self::MalformedBody => "/docs#malformed-body",
            Self::Unauthenticated => "/docs#unauthenticated",
            Self::Forbidden => "/docs#forbidden",
            Self::NotFound => "/docs#not-found",
            Self::UnknownSeries => "/docs#unknown-series",
            Self::UnknownDiscard => "/docs#unknown-discard",
            Self::MethodNotAllowed => "/docs#method-not-allowed",
            Self::NotAcceptable => "/docs#not-acceptable",
            Self::AlreadyReplayed => "/docs#already-replayed",
            Self::TooManyDeletions => "/docs#too-many-deletions",
            Self::BodyTooLarge => "/docs#body-too-large",
            Self::UnsupportedMediaType => "/docs#unsupported-media-type",
            Self::InvalidPoints => "/docs#invalid-points",
            Self::StillInvalid => "/docs#still-invalid",
            Self::TooManyRequests => "/docs#too-many-requests",
            Self::Internal => "/docs#internal",
            Self::Unavailable => "/docs#unavailable",
            Self::Unhealthy => "/docs#unhealthy",
        }
    }

    /// The status it is answered with.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::InvalidParameter
            | Self::InvalidPath
            | Self::InvalidCursor
            | Self::MalformedBody => StatusCode::BAD_REQUEST,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound | Self::UnknownSeries | Self::UnknownDiscard => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Self::AlreadyReplayed | Self::TooManyDeletions => StatusCode::CONFLICT,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::InvalidPoints | Self::StillInvalid => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable | Self::Unhealthy => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// What it is, in a few words that never change.
    pub const fn title(self) -> &'static str {
        match self {
            Self::InvalidParameter => "A parameter is wrong",
            Self::InvalidPath => "The path holds what is not a name or an id",
            Self::InvalidCursor => "The cursor does not belong here",
            Self::MalformedBody => "The body cannot be read",
            Self::Unauthenticated => "Credentials are missing or wrong",
            Self::Forbidden => "The credentials do not suffice",
            Self::NotFound => "There is nothing at this path",
            Self::UnknownSeries => "There is no such series",
            Self::UnknownDiscard => "There is no such discard",
            Self::MethodNotAllowed => "The path does not know this method",
            Self::NotAcceptable => "The answer does not come in this media type",
            Self::AlreadyReplayed => "The discard has been replayed before",
            Self::TooManyDeletions => "Too many ranges of the series are deleted",
            Self::BodyTooLarge => "The body is too large",
            Self::UnsupportedMediaType => "The body comes in a form that is not read here",
            Self::InvalidPoints => "The points are wrong",
            Self::StillInvalid => "The point is still invalid",
            Self::TooManyRequests => "This is more than the tenant may",
            Self::Internal => "Something went wrong on our side",
            Self::Unavailable => "The service is not available at the moment",
            Self::Unhealthy => "The service does not accept data at the moment",
        }
    }
}

/// What is wrong with one item of a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ItemError {
    /// Where: a JSON pointer (RFC 6901), or `/<line>/<field>` in NDJSON and CSV.
    pub pointer: String,
    /// What kind of fault.
    pub reason: Reason,
    /// The same for people.
    pub detail: String,
}

/// A problem to be answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    kind: Kind,
    detail: String,
    errors: Vec<ItemError>,
    checks: Option<Checks>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// How many errors of items are listed.
    pub const MAX_ERRORS: usize = tidemark_formats::MAX_LISTED;

    fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            errors: Vec::new(),
            checks: None,
            headers: Vec::new(),
        }
    }

    fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The first [`Problem::MAX_ERRORS`] of `errors`.
    fn errors(mut self, mut errors: Vec<ItemError>) -> Self {
        errors.truncate(Self::MAX_ERRORS);
        self.errors = errors;
        self
    }

    /// 400: a parameter of the query; `detail` names it and what was expected.
    pub fn invalid_parameter(detail: impl Into<String>) -> Self {
        Self::new(Kind::InvalidParameter, detail)
    }

    /// 400: a name or an id in the path.
    pub fn invalid_path(detail: impl Into<String>) -> Self {
        Self::new(Kind::InvalidPath, detail)
    }

    /// 400: a cursor that was not given out for this query.
    pub fn invalid_cursor() -> Self {
        Self::new(
            Kind::InvalidCursor,
            "`cursor` is not one that was answered to this query: take it from the header `Link` of the page before, and keep all other parameters but `limit`",
        )
    }

    /// 400: the body as a whole.
    pub fn malformed_body(detail: impl Into<String>) -> Self {
        Self::new(Kind::MalformedBody, detail)
    }

    /// 401, the same whatever is wrong; RFC 6750 (3.1) tells apart only whether
    /// anything was shown.
    pub fn unauthenticated(is_shown: bool) -> Self {
        let challenge = if is_shown {
            "Bearer realm=\"tidemark\", error=\"invalid_token\""
        } else {
            "Bearer realm=\"tidemark\""
        };
        Self::new(
            Kind::Unauthenticated,
            "send one valid API key or token: `Authorization: Bearer <key or token>`, or `X-Api-Key: <key>`",
        )
        .header(WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
    }

    /// 403.
    pub fn forbidden(scope: Scope) -> Self {
        Self::new(
            Kind::Forbidden,
            format!("this needs the scope `{scope}`, which the credentials do not have"),
        )
    }

    /// 403: a page that a browser on this machine has open.
    pub fn foreign_page() -> Self {
        Self::new(
            Kind::Forbidden,
            "where nobody shows who is asking, only this machine may: ask at a loopback address, and from no page of another origin but those in TIDEMARK_CORS_ORIGINS",
        )
    }

    /// 404: no route.
    pub fn not_found() -> Self {
        Self::new(Kind::NotFound, "`/docs` lists the paths that there are")
    }

    /// 404: no series.
    pub fn unknown_series(name: &SeriesName) -> Self {
        Self::new(
            Kind::UnknownSeries,
            format!("there is no series `{name}`; `GET /api` lists those that there are"),
        )
    }

    /// 404: no discard.
    pub fn unknown_discard() -> Self {
        Self::new(
            Kind::UnknownDiscard,
            "there is no discard of this id; `GET /admin/discards` lists those that there are",
        )
    }

    /// 405, with the methods that the path knows.
    pub fn method_not_allowed(allowed: &[Method]) -> Self {
        let list = allowed
            .iter()
            .map(Method::as_str)
            .collect::<Vec<_>>()
            .join(", ");
        let problem = Self::new(
            Kind::MethodNotAllowed,
            format!("this path can be asked with {list}"),
        );
        match HeaderValue::from_str(&list) {
            Ok(value) => problem.header(ALLOW, value),
            Err(_) => problem,
        }
    }

    /// 406, with the media types that are offered.
    pub fn not_acceptable(offered: &[&str]) -> Self {
        Self::new(
            Kind::NotAcceptable,
            format!("`Accept` admits none of {}", offered.join(", ")),
        )
    }

    /// 409: replayed before.
    pub fn already_replayed() -> Self {
        Self::new(
            Kind::AlreadyReplayed,
            "the discard was replayed and its point accepted; it can be replayed once",
        )
    }

    /// 409: too many deletions of ranges.
    pub fn too_many_deletions(detail: impl Into<String>) -> Self {
        Self::new(Kind::TooManyDeletions, detail)
    }

    /// 413.
    pub fn body_too_large(detail: impl Into<String>) -> Self {
        Self::new(Kind::BodyTooLarge, detail)
    }

    /// 415: the media type.
    pub fn unsupported_media_type(detail: impl Into<String>) -> Self {
        Self::new(Kind::UnsupportedMediaType, detail)
    }

    /// 415: the content coding, with the one that is read (RFC 9110, 15.5.16).
    pub fn unsupported_encoding(detail: impl Into<String>) -> Self {
        Self::new(Kind::UnsupportedMediaType, detail)
            .header(ACCEPT_ENCODING, HeaderValue::from_static("gzip"))
    }

    /// 422: points that are wrong in themselves, of which the first are listed.
    pub fn invalid_points(detail: impl Into<String>, errors: Vec<ItemError>) -> Self {
        Self::new(Kind::InvalidPoints, detail).errors(errors)
    }

    /// 422: a replay that came to nothing, with the reasons.
    pub fn still_invalid(errors: Vec<ItemError>) -> Self {
        Self::new(
            Kind::StillInvalid,
            "the payload was validated again and is still to be discarded",
        )
        .errors(errors)
    }

    /// 429, to be tried again after that time; `detail` says what was too much.
    pub fn too_many_requests(detail: impl Into<String>, wait: Duration) -> Self {
        // Up, so that there is room then.
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        Self::new(Kind::TooManyRequests, detail)
            .header(RETRY_AFTER, HeaderValue::from(seconds.max(1)))
    }

    /// 500. What happened belongs into the log.
    pub fn internal() -> Self {
        Self::new(
            Kind::Internal,
            "the request was not completed; the log has more under its `x-request-id`",
        )
    }

    /// 503, to be tried again after so many seconds.
    pub fn unavailable(retry_after_seconds: u32) -> Self {
        Self::new(
            Kind::Unavailable,
            format!("try again in {retry_after_seconds} s"),
        )
        .header(RETRY_AFTER, HeaderValue::from(retry_after_seconds))
    }

    /// 503: the answer of `GET /health` when a check fails.
    pub fn unhealthy(checks: Checks) -> Self {
        let failing: Vec<_> = checks.failing().collect();
        Self {
            checks: Some(checks),
            ..Self::new(Kind::Unhealthy, format!("failing: {}", failing.join(", ")))
        }
    }

    /// Its kind.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// What is wrong in this case.
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", self.kind.type_uri())?;
        map.serialize_entry("title", self.kind.title())?;
        map.serialize_entry("status", &self.kind.status().as_u16())?;
        map.serialize_entry("detail", &self.detail)?;
        if !self.errors.is_empty() {
            map.serialize_entry("errors", &self.errors)?;
        }
        if let Some(checks) = &self.checks {
            map.serialize_entry("checks", checks)?;
        }
        map.end()
    }
}

impl From<Problem> for Response<Bytes> {
    fn from(problem: Problem) -> Self {
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = Self::new(Bytes::from(body));
        *response.status_mut() = problem.kind.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        headers.extend(problem.headers);
        response
    }
}

#[cfg(test)]
mod tests;
