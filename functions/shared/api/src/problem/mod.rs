//! What goes wrong, as the client is told (RFC 9457). Each kind of problem has one
//! status and one title, which stand in `kind.rs` alone; a 5xx says nothing of the
//! inside.

mod example;
mod failure;
pub(crate) mod faults;
mod kind;

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, Method, Response};
use serde::ser::{Serialize, SerializeMap, Serializer};
use tidemark_core::access::Scope;
use tidemark_core::name::SeriesName;
use tidemark_formats::{Fault, MAX_LISTED};

use faults::{Checks, Faults};

pub use example::example;
pub use kind::ProblemKind;

/// The media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// A problem to be answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    kind: ProblemKind,
    detail: String,
    errors: Vec<Fault>,
    checks: Option<Vec<(&'static str, bool)>>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
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

    /// The first [`MAX_LISTED`] of `errors`.
    fn errors(mut self, mut errors: Vec<Fault>) -> Self {
        errors.truncate(MAX_LISTED);
        self.errors = errors;
        self
    }

    /// 400: the head, before anybody looks at what it asks for.
    pub fn malformed_head(detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::MalformedHead, detail)
    }

    /// 400: a parameter of the query; `detail` names it and what was expected.
    pub fn invalid_parameter(detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::InvalidParameter, detail)
    }

    /// 400: a name or an id in the path.
    pub fn invalid_path(detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::InvalidPath, detail)
    }

    /// 400: a cursor that was not given out for this query.
    pub fn invalid_cursor() -> Self {
        Self::new(
            ProblemKind::InvalidCursor,
            "`cursor` is not one that was answered to this query: take it from the header `Link` of the page before, and keep all other parameters but `limit`",
        )
    }

    /// 400: the body as a whole.
    pub fn malformed_body(detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::MalformedBody, detail)
    }

    /// 400: fields of the body, of which the first are listed.
    pub fn invalid_fields(errors: Vec<Fault>) -> Self {
        let detail = match errors.as_slice() {
            [one] => one.detail.clone(),
            several => format!("{} fields are wrong, so nothing was changed", several.len()),
        };
        Self::new(ProblemKind::InvalidFields, detail).errors(errors)
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
            ProblemKind::Unauthenticated,
            "send one valid API key or token: `Authorization: Bearer <key or token>`, or `X-Api-Key: <key>`",
        )
        .header(WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
    }

    /// 403.
    pub fn forbidden(scope: Scope) -> Self {
        Self::new(
            ProblemKind::Forbidden,
            format!("this needs the scope `{scope}`, which the credentials do not have"),
        )
    }

    /// 403: a page that a browser on this machine has open.
    pub fn foreign_page() -> Self {
        Self::new(
            ProblemKind::Forbidden,
            "where nobody shows who is asking, only this machine may: ask at a loopback address, and from no page of another origin but those in TIDEMARK_CORS_ORIGINS",
        )
    }

    /// 404: no route.
    pub fn not_found() -> Self {
        Self::new(
            ProblemKind::NotFound,
            "`/docs` lists the paths that there are",
        )
    }

    /// 404: no series.
    pub fn unknown_series(name: &SeriesName) -> Self {
        Self::new(
            ProblemKind::UnknownSeries,
            format!("there is no series `{name}`; `GET /api` lists those that there are"),
        )
    }

    /// 404: no discard.
    pub fn unknown_discard() -> Self {
        Self::new(
            ProblemKind::UnknownDiscard,
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
            ProblemKind::MethodNotAllowed,
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
            ProblemKind::NotAcceptable,
            format!("`Accept` admits none of {}", offered.join(", ")),
        )
    }

    /// 409: replayed before.
    pub fn already_replayed(detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::AlreadyReplayed, detail)
    }

    /// 409: too many deletions of ranges.
    pub fn too_many_deletions(detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::TooManyDeletions, detail)
    }

    /// 413.
    pub fn body_too_large(detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::BodyTooLarge, detail)
    }

    /// 415: the media type.
    pub fn unsupported_media_type(detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::UnsupportedMediaType, detail)
    }

    /// 415: the content coding, with the one that is read (RFC 9110, 15.5.16).
    pub fn unsupported_encoding(detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::UnsupportedMediaType, detail)
            .header(ACCEPT_ENCODING, HeaderValue::from_static("gzip"))
    }

    /// 422: a question that does not go with what a series holds; `detail` says what does.
    pub fn unsuitable_series(detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::UnsuitableSeries, detail)
    }

    /// 422: points that are wrong in themselves, of which the first are listed.
    pub fn invalid_points(detail: impl Into<String>, errors: Vec<Fault>) -> Self {
        Self::new(ProblemKind::InvalidPoints, detail).errors(errors)
    }

    /// 422: a replay that came to nothing, with the reasons.
    pub fn still_invalid(detail: impl Into<String>, errors: Vec<Fault>) -> Self {
        Self::new(ProblemKind::StillInvalid, detail).errors(errors)
    }

    /// 429, to be tried again after that time; `detail` says what was too much.
    pub fn too_many_requests(detail: impl Into<String>, wait: Duration) -> Self {
        // Up, so that there is room then.
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        Self::new(ProblemKind::TooManyRequests, detail)
            .header(RETRY_AFTER, HeaderValue::from(seconds.max(1)))
    }

    /// 500. What happened belongs into the log.
    pub fn internal() -> Self {
        Self::new(
            ProblemKind::Internal,
            "the request was not completed; the log has more under its `x-request-id`",
        )
    }

    /// 503, to be tried again after so many seconds.
    pub fn unavailable(retry_after_seconds: u32) -> Self {
        Self::new(
            ProblemKind::Unavailable,
            format!("try again in {retry_after_seconds} s"),
        )
        .header(RETRY_AFTER, HeaderValue::from(retry_after_seconds))
    }

    /// 503: the answer of `GET /health` when a check fails.
    pub fn unhealthy(checks: Vec<(&'static str, bool)>) -> Self {
        let failing = checks.iter().filter(|(_, ok)| !ok);
        let failing: Vec<_> = failing.map(|(name, _)| *name).collect();
        Self {
            checks: Some(checks),
            ..Self::new(
                ProblemKind::Unhealthy,
                format!("failing: {}", failing.join(", ")),
            )
        }
    }

    /// Its kind.
    pub const fn kind(&self) -> ProblemKind {
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
            map.serialize_entry("errors", &Faults(&self.errors))?;
        }
        if let Some(checks) = &self.checks {
            map.serialize_entry("checks", &Checks(checks))?;
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
