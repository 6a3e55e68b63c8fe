//! HTTP requests: from an event of the gateway through the table of routes to a
//! handler, and back.

use std::panic::AssertUnwindSafe;

use bytes::Bytes;
use futures_util::FutureExt;
use http::header::{HeaderName, HeaderValue};
use http::{Method, Request, Response};
use lambda_runtime::Context;
use tidemark_api::access::Gate;
use tidemark_api::problem::Problem;
use tidemark_api::requests::Call;
use tidemark_api::routes::{self, Match, Operation};
use tokio::time::{Instant, timeout_at};

use crate::event::{self, HttpEvent};
use crate::invocation::{Error, serve, until};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The largest body taken, in bytes as sent: one that is sent to Lambda in
/// base64 has less than its 6 MB.
const MAX_BODY: usize = 4 << 20;
/// When to ask again what took too long, in seconds.
const RETRY_AFTER: u32 = 1;

/// Answers requests that come in through `gate`, of the routes whose operation `handle` knows; of others it
/// is to say that there is nothing ([`Problem::not_found`]).
///
/// A path that there is not is 404, a method that there is not 405, a handler
/// that panics 500, one that is not done a second before Lambda breaks the
/// invocation off 503. Each answer names the invocation in `x-request-id`, and
/// each request is a line in the log.
pub async fn http<H>(gate: Gate, handle: H) -> Result<(), Error>
where
    H: AsyncFn(Operation, &Call<'_>, &Request<Bytes>) -> Result<Response<Bytes>, Problem>,
{
    serve(async |event: HttpEvent, context: &Context| {
        let (request, id) = (event.request()?, &context.request_id);
        let response = answer(&gate, &handle, &request, id, until(context)).await;
        Ok(event::answer(response))
    })
    .await
}

async fn answer<H>(
    gate: &Gate,
    handle: &H,
    request: &Request<Bytes>,
    id: &str,
    until: Instant,
) -> Response<Bytes>
where
    H: AsyncFn(Operation, &Call<'_>, &Request<Bytes>) -> Result<Response<Bytes>, Problem>,
{
    let started = Instant::now();
    let (method, path) = (request.method(), request.uri().path());
    let found = routes::find(method, path);
    let route = found.as_ref().map_or("-", |found| found.route.path);
    let handled = AssertUnwindSafe(dispatch(gate, handle, &found, request)).catch_unwind();
    let handled = match timeout_at(until, handled).await {
        Ok(Ok(handled)) => handled,
        Ok(Err(_)) => {
            tracing::error!("a handler panicked");
            Err(Problem::internal())
        }
        Err(_) => {
            tracing::error!("the time was up");
            Err(Problem::unavailable(RETRY_AFTER))
        }
    };
    let mut response = handled.unwrap_or_else(Response::from);
    let asked = request.headers();
    gate.mark(found.as_ref().ok(), asked, response.headers_mut());
    if let Ok(id) = HeaderValue::from_str(id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    let status = response.status().as_u16();
    // To the microsecond.
    let ms = (started.elapsed().as_secs_f64() * 1e6).round() / 1e3;
    if response.status().is_server_error() {
        tracing::error!(%method, route, path, status, ms, "answered");
    } else {
        tracing::info!(%method, route, path, status, ms, "answered");
    }
    if method == Method::HEAD {
        // The gateway would send it.
        response.body_mut().clear();
    }
    response
}

async fn dispatch<H>(
    gate: &Gate,
    handle: &H,
    found: &Result<Match, Problem>,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, Problem>
where
    H: AsyncFn(Operation, &Call<'_>, &Request<Bytes>) -> Result<Response<Bytes>, Problem>,
{
    let (method, path, asked) = (request.method(), request.uri().path(), request.headers());
    if let Some(response) = gate.preflight(method, path, asked) {
        return Ok(response);
    }
    let matched = found.as_ref().map_err(Clone::clone)?;
    let principal = gate.admit(matched, asked).await?;
    if request.body().len() > MAX_BODY {
        let detail = format!("a body has at most {MAX_BODY} bytes as sent");
        return Err(Problem::body_too_large(detail));
    }
    let call = Call {
        principal: &principal,
        matched,
        uri: request.uri(),
    };
    handle(matched.route.operation, &call, request).await
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use async_trait::async_trait;
    use http::StatusCode;
    use http::header::{self, ALLOW, CONTENT_TYPE};
    use tidemark_api::access::{Cors, Credential, Guard, Refusal};
    use tidemark_api::principal::{Principal, Scope};
    use tidemark_api::routes::Query;
    use tokio::time::sleep;

    use super::*;

    /// How much time there is for a request.
    const TIME: Duration = Duration::from_secs(28);

    /// Knows one key.
    struct Doorkeeper;

    #[async_trait]
    impl Guard for Doorkeeper {
        async fn admit(&self, shown: Option<Credential<'_>>) -> Result<Principal, Refusal> {
            match shown {
                Some(Credential::Key("tm_reader")) => Ok(Principal {
                    scopes: [Scope::Read].into_iter().collect(),
                    ..Principal::local()
                }),
                Some(Credential::Key("tm_slow")) => Err(Refusal::TooMany(TIME)),
                _ => Err(Refusal::Unauthenticated("no".to_owned())),
            }
        }
    }

    /// Answers the list of series with what was asked, panics at statistics, takes
    /// an hour over points.
    async fn ask(method: &str, target: &str, body: usize) -> Response<Bytes> {
        ask_with("tm_reader", method, target, body).await
    }

    async fn ask_with(key: &str, method: &str, target: &str, body: usize) -> Response<Bytes> {
        let request = Request::builder()
            .method(method)
            .uri(target)
            .header("x-api-key", key)
            .body(Bytes::from(vec![b'x'; body]))
            .unwrap();
        let handle = async |operation, call: &Call<'_>, request: &Request<Bytes>| match operation {
            Operation::Query(Query::Series) => Ok(Response::new(Bytes::from(format!(
                "{} {} {}",
                call.tenant(),
                call.uri,
                request.body().len()
            )))),
            Operation::Query(Query::Stats) => panic!("at {}", call.uri),
            Operation::Query(Query::Points) => {
                sleep(Duration::from_hours(1)).await;
                Ok(Response::new(Bytes::new()))
            }
            _ => Err(Problem::not_found()),
        };
        let gate = Gate::new(Arc::new(Doorkeeper), Cors::default());
        let until = Instant::now() + TIME;
        answer(&gate, &handle, &request, "the-id", until).await
    }

    #[tokio::test]
    async fn a_request_reaches_its_handler() {
        let response = ask("GET", "/api?a=%20", 3).await;
        assert_eq!(response.body(), "local /api?a=%20 3");
        assert_eq!(response.headers()[REQUEST_ID], "the-id");
    }

    #[tokio::test]
    async fn who_is_not_let_in_reaches_no_handler() {
        for (key, method, target, status) in [
            ("tm_other", "GET", "/api", StatusCode::UNAUTHORIZED),
            // Where it would panic.
            ("tm_other", "GET", "/api/a", StatusCode::UNAUTHORIZED),
            ("tm_reader", "POST", "/api", StatusCode::FORBIDDEN),
            ("tm_slow", "GET", "/api", StatusCode::TOO_MANY_REQUESTS),
            // Nobody need show anything here.
            ("tm_other", "GET", "/health", StatusCode::NOT_FOUND),
        ] {
            // Before anybody looks at what they send.
            let body = if target == "/health" { 0 } else { MAX_BODY + 1 };
            let response = ask_with(key, method, target, body).await;
            assert_eq!(response.status(), status, "{key} {method} {target}");
            assert_eq!(
                response.headers()[header::X_CONTENT_TYPE_OPTIONS],
                "nosniff"
            );
            let is_private = response.headers().contains_key(header::CACHE_CONTROL);
            assert_eq!(is_private, target != "/health", "{target}");
        }
    }

    #[tokio::test]
    async fn what_there_is_not_is_a_problem() {
        for (method, target, status) in [
            ("GET", "/nothing", StatusCode::NOT_FOUND),
            // Another function's.
            ("GET", "/health", StatusCode::NOT_FOUND),
            ("PUT", "/api", StatusCode::METHOD_NOT_ALLOWED),
            ("GET", "/api/%FF", StatusCode::BAD_REQUEST),
            ("GET", "/api/a", StatusCode::INTERNAL_SERVER_ERROR),
        ] {
            let response = ask(method, target, 0).await;
            assert_eq!(response.status(), status, "{target}");
            assert_eq!(
                response.headers()[CONTENT_TYPE],
                "application/problem+json",
                "{target}"
            );
            assert_eq!(response.headers()[REQUEST_ID], "the-id");
        }
        assert_eq!(
            ask("PUT", "/api", 0).await.headers()[ALLOW],
            "POST, GET, HEAD"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_done_in_time_is_answered_all_the_same() {
        let asked = Instant::now();
        let response = ask("GET", "/api/a/points", 0).await;
        assert_eq!(asked.elapsed(), TIME);
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
        assert_eq!(response.headers()[REQUEST_ID], "the-id");
    }

    #[tokio::test]
    async fn head_is_get_without_a_body() {
        let (get, head) = (ask("GET", "/api", 0).await, ask("HEAD", "/api", 0).await);
        assert_eq!(head.headers(), get.headers());
        assert!(head.body().is_empty() && !get.body().is_empty());
        let missing = ask("HEAD", "/nothing", 0).await;
        assert_eq!(missing.status(), StatusCode::NOT_FOUND);
        assert!(missing.body().is_empty());
    }

    #[tokio::test]
    async fn a_body_may_have_4_mib() {
        assert_eq!(ask("GET", "/api", MAX_BODY).await.status(), StatusCode::OK);
        let refused = ask("GET", "/api", MAX_BODY + 1).await;
        assert_eq!(refused.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }
}
