//! A request's way through the whole pipeline.

mod bodies;

use std::time::Duration;

use async_trait::async_trait;
use http::header::{self, ALLOW, CONTENT_TYPE};
use http::{Method, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tidemark_access::{AccessSettings, Credential, Denial, Guard};
use tidemark_core::access::Scope;
use tidemark_core::principal::Principal;
use tidemark_ports::deadline;
use tokio::time::{Instant, sleep};
use tower::ServiceExt;

use super::*;
use crate::call::Call;
use crate::problem::Problem;
use crate::route::{Answering, Endpoint, Function};
use crate::routes::ROUTES;

/// How much time there is for a request.
const TIME: Duration = Duration::from_secs(28);
/// The largest body.
const MAX_BODY: usize = 4 << 20;

/// Knows one key.
struct Doorkeeper;

#[async_trait]
impl Guard for Doorkeeper {
    async fn admit(&self, shown: Option<Credential<'_>>) -> Result<Principal, Denial> {
        match shown {
            Some(Credential::Key("tm_reader")) => Ok(Principal {
                scopes: [Scope::Read].into_iter().collect(),
                ..Principal::local()
            }),
            Some(Credential::Key("tm_slow")) => Err(Denial::TooMany(TIME)),
            _ => Err(Denial::Unauthenticated("no".to_owned())),
        }
    }
}

/// Answers the list of series with what was asked, panics at statistics of one series
/// and tells with those of another how much time it has, takes an hour over points; the
/// function of queries, and no other.
struct Queries;

impl UseCases for Queries {
    fn answer<'a>(&'a self, endpoint: &Endpoint, call: Call<'a>) -> Option<Answering<'a>> {
        if endpoint.function != Function::Query {
            return None;
        }
        Some(Box::pin(async move {
            let (uri, body) = (call.request.uri(), call.request.body());
            match uri.path() {
                "/api" => {
                    let text = format!("{} {uri} {}", call.tenant(), body.len());
                    Ok(Response::new(Bytes::from(text)))
                }
                "/api/a" => panic!("at {uri}"),
                "/api/b" => {
                    let left = deadline::current().map(|until| until - Instant::now());
                    Ok(Response::new(Bytes::from(format!("{left:?}"))))
                }
                "/api/a/points" => {
                    sleep(Duration::from_hours(1)).await;
                    Ok(Response::new(Bytes::new()))
                }
                _ => Err(Problem::not_found()),
            }
        }))
    }
}

fn access() -> Access {
    Access {
        guard: Arc::new(Doorkeeper),
        ..Access::public(AccessSettings::default())
    }
}

async fn ask(method: &str, target: &str, body: usize) -> Response<Bytes> {
    ask_with("tm_reader", method, target, body).await
}

async fn ask_with(key: &str, method: &str, target: &str, body: usize) -> Response<Bytes> {
    let mut request = Request::builder()
        .method(method)
        .uri(target)
        .header("x-api-key", key)
        .header(REQUEST_ID, "a stranger's")
        .body(Full::from(vec![b'x'; body]))
        .unwrap();
    let extensions = request.extensions_mut();
    extensions.insert(RequestId("the-id".to_owned()));
    extensions.insert(Deadline(Instant::now() + TIME));
    answer(access(), request).await
}

async fn answer<B>(access: Access, request: Request<B>) -> Response<Bytes>
where
    B: BodyExt<Data = Bytes, Error: Send> + Send + Unpin + 'static,
{
    let settings = PipelineSettings {
        max_body: MAX_BODY,
        lines: Lines::All,
    };
    let pipeline = pipeline(Queries, access, settings);
    let (head, body) = pipeline.oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Response::from_parts(head, body)
}

#[tokio::test]
async fn a_request_reaches_its_handler() {
    let response = ask("GET", "/api?a=%20", 0).await;
    assert_eq!(response.body(), "local /api?a=%20 0");
    assert_eq!(response.headers()[REQUEST_ID], "the-id");
}

#[tokio::test]
async fn an_answer_has_an_id_though_the_host_has_none() {
    let mut ids = Vec::new();
    for _ in 0..2 {
        let request = Request::get("/api").header(REQUEST_ID, "a stranger's");
        let response = answer(access(), request.body(Full::default()).unwrap()).await;
        let id = response.headers()[REQUEST_ID].to_str().unwrap().to_owned();
        assert!(
            id.len() == 16 && id.bytes().all(|b| b.is_ascii_hexdigit()),
            "{id}"
        );
        ids.push(id);
    }
    assert_ne!(ids[0], ids[1]);
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
        assert_eq!(response.headers()[X_CONTENT_TYPE_OPTIONS], "nosniff");
        let is_private = response.headers().contains_key(header::CACHE_CONTROL);
        assert_eq!(is_private, target != "/health", "{target}");
    }
}

#[tokio::test]
async fn what_is_private_is_kept_nowhere_on_the_way() {
    for route in ROUTES {
        let path = route.path.replace("{name}", "a").replace("{id}", "b");
        let response = ask_with("tm_other", route.verb.method().as_str(), &path, 0).await;
        let stored = response.headers().get(header::CACHE_CONTROL);
        let no_store = route.scope.map(|_| HeaderValue::from_static("no-store"));
        assert_eq!(stored, no_store.as_ref(), "{path}");
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
        assert_eq!(response.headers()[X_CONTENT_TYPE_OPTIONS], "nosniff");
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
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
    assert_eq!(response.headers()[REQUEST_ID], "the-id");
}

/// Whatever comes of it, an answer has an id, tells browsers what they may do with it,
/// and is seen by a page that may see answers.
#[tokio::test(start_paused = true)]
async fn refusals_and_failures_have_the_headers_of_all_answers() {
    for (key, target, body, status) in [
        ("tm_reader", "/api", 0, StatusCode::OK),
        ("tm_other", "/api", 0, StatusCode::UNAUTHORIZED),
        (
            "tm_reader",
            "/api",
            MAX_BODY + 1,
            StatusCode::PAYLOAD_TOO_LARGE,
        ),
        ("tm_slow", "/api", 0, StatusCode::TOO_MANY_REQUESTS),
        ("tm_reader", "/api/a", 0, StatusCode::INTERNAL_SERVER_ERROR),
        (
            "tm_reader",
            "/api/a/points",
            0,
            StatusCode::SERVICE_UNAVAILABLE,
        ),
    ] {
        let access = Access {
            origins: PAGE.parse().unwrap(),
            ..access()
        };
        let mut request = Request::get(target)
            .header("origin", PAGE)
            .header("x-api-key", key)
            .body(Full::from(vec![b'x'; body]))
            .unwrap();
        let deadline = Deadline(Instant::now() + TIME);
        request.extensions_mut().insert(deadline);
        let response = answer(access, request).await;
        assert_eq!(response.status(), status, "{key} {target}");
        let headers = response.headers();
        assert!(headers.contains_key(REQUEST_ID), "{status}");
        assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff", "{status}");
        assert_eq!(headers[header::CACHE_CONTROL], "no-store", "{status}");
        assert_eq!(
            headers[header::ACCESS_CONTROL_ALLOW_ORIGIN],
            PAGE,
            "{status}"
        );
    }
}

/// What tries again below has as much time as the request has.
#[tokio::test(start_paused = true)]
async fn what_answers_a_request_knows_its_deadline() {
    let told = ask("GET", "/api/b", 0).await;
    assert_eq!(told.body(), format!("{:?}", Some(TIME)).as_str());
    let request = Request::get("/api/b").header("x-api-key", "tm_reader");
    let told = answer(access(), request.body(Full::from("")).unwrap()).await;
    assert_eq!(told.body(), "None");
}

#[tokio::test]
async fn a_malformed_head_is_a_problem_whatever_it_asks_for() {
    for (method, target) in [("GET", "/api"), ("GET", "/nothing"), ("OPTIONS", "/api")] {
        let request = Request::builder().method(method).uri(target);
        let request = request
            .header("origin", PAGE)
            .header("access-control-request-method", "GET")
            .extension(Malformed(Problem::malformed_head("`Host` is missing")));
        let response = answer(access(), request.body(Full::from("body")).unwrap()).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{target}");
        let headers = response.headers();
        assert_eq!(headers[CONTENT_TYPE], "application/problem+json");
        assert_eq!(headers[header::CONNECTION], "close");
        assert!(headers.contains_key(REQUEST_ID));
        assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
    }
}

/// What a page of an origin is answered.
async fn ask_from(page: &str, method: Method, path: &str) -> Response<Bytes> {
    let access = Access {
        origins: "http://localhost:1,https://charts.example.org"
            .parse()
            .unwrap(),
        ..access()
    };
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("origin", page)
        .header("access-control-request-method", "DELETE")
        .header("x-api-key", "tm_reader");
    answer(access, request.body(Full::default()).unwrap()).await
}

const PAGE: &str = "https://charts.example.org";

#[tokio::test]
async fn only_pages_of_named_origins_see_answers() {
    // What goes wrong, too.
    for path in ["/api", "/api/a", "/nothing"] {
        let seen = ask_from(PAGE, Method::GET, path).await;
        assert_eq!(seen.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], PAGE);
        assert!(
            seen.headers()
                .contains_key(header::ACCESS_CONTROL_EXPOSE_HEADERS)
        );
        assert_eq!(seen.headers()[header::VARY], "origin");
        for other in [
            "https://charts.example.org.evil.net",
            "http://charts.example.org",
            "null",
        ] {
            let seen = ask_from(other, Method::GET, path).await;
            let allowed = seen.headers().get(header::ACCESS_CONTROL_ALLOW_ORIGIN);
            assert_eq!(allowed, None, "{other}");
            assert_eq!(seen.headers()[header::VARY], "origin");
        }
    }
    let none = ask("GET", "/api", 0).await;
    assert_eq!(none.headers().get(header::VARY), None);
    // Where no origin is named, no page sees anything, or may ask first.
    for method in [Method::GET, Method::OPTIONS] {
        let request = Request::builder().method(&method).uri("/api");
        let request = request
            .header("origin", PAGE)
            .header("x-api-key", "tm_reader");
        let request = request.header("access-control-request-method", "GET");
        let seen = answer(access(), request.body(Full::default()).unwrap()).await;
        let allowed = seen.headers().get(header::ACCESS_CONTROL_ALLOW_ORIGIN);
        assert_eq!(allowed, None);
        assert_eq!(seen.status().is_success(), method == Method::GET);
    }
}

#[tokio::test]
async fn a_browser_may_ask_first() {
    let told = ask_from(PAGE, Method::OPTIONS, "/api/a").await;
    assert_eq!(told.status(), StatusCode::NO_CONTENT);
    let methods = &told.headers()[header::ACCESS_CONTROL_ALLOW_METHODS];
    assert_eq!(methods, "GET, HEAD, DELETE");
    assert_eq!(told.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], PAGE);
    let nothing = ask_from(PAGE, Method::OPTIONS, "/nothing").await;
    assert_eq!(nothing.status(), StatusCode::NOT_FOUND);
    let other = ask_from("https://evil.net", Method::OPTIONS, "/api/a").await;
    assert_eq!(other.status(), StatusCode::METHOD_NOT_ALLOWED);
    let methods = other.headers().get(header::ACCESS_CONTROL_ALLOW_METHODS);
    assert_eq!(methods, None);
}
