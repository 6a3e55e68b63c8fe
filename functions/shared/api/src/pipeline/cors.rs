//! Pages of other origins (CORS, as the Fetch standard has it).
//!
//! Not `tower-http`'s, which answers every `OPTIONS`, with the same methods for every
//! path: here a browser is told those of the path it asks about, and where there is
//! nothing, or the page may not ask, the request is one like others.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
    VARY,
};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tidemark_access::Origins;
use tower::BoxError;

use super::stage::{Reply, boxed};
use super::step::{Next, Step};
use crate::routes;

/// What a page may send beside what any may.
const SENT: HeaderValue =
    HeaderValue::from_static("authorization, x-api-key, content-type, content-encoding");
/// What a page may see beside what any may.
const SEEN: HeaderValue =
    HeaderValue::from_static("link, retry-after, warning, www-authenticate, x-request-id");
/// For how many seconds a browser need not ask again.
const AGE: HeaderValue = HeaderValue::from_static("600");

/// Lets pages of these origins ask, and see what is answered.
#[derive(Debug, Clone)]
pub(super) struct Cors(pub(super) Arc<Origins>);

impl<B, R, N> Step<Request<B>, N> for Cors
where
    B: Send,
    R: BodyExt<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    N: Next<Request<B>, Answer = Response<R>>,
{
    type Answer = Reply;

    async fn run(self, request: Request<B>, next: N) -> Reply {
        let origin = self.admitted(request.headers()).cloned();
        let preflight = origin.as_ref().and_then(|_| {
            let (method, path) = (request.method(), request.uri().path());
            preflight(method, path, request.headers())
        });
        let mut answer = match preflight {
            Some(answer) => answer.map(boxed),
            None => next.answer(request).await.map(boxed),
        };
        self.mark(origin, answer.headers_mut());
        answer
    }
}

impl Cors {
    /// The origin of a request, if its pages may ask.
    fn admitted<'a>(&self, headers: &'a HeaderMap) -> Option<&'a HeaderValue> {
        let origin = headers.get(ORIGIN)?;
        self.0.contains(origin.as_bytes()).then_some(origin)
    }

    /// Lets the page see the answer, if it may.
    fn mark(&self, admitted: Option<HeaderValue>, answer: &mut HeaderMap) {
        if self.0.is_empty() {
            return;
        }
        // A cache must not give one origin what was answered to another.
        answer.append(VARY, HeaderValue::from_static("origin"));
        if let Some(origin) = admitted {
            answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            answer.insert(ACCESS_CONTROL_EXPOSE_HEADERS, SEEN);
        }
    }
}

/// The answer to a browser that asks whether a page may ask; None where nobody does,
/// or there is nothing to ask for.
fn preflight(method: &Method, path: &str, headers: &HeaderMap) -> Option<Response<Full<Bytes>>> {
    if method != Method::OPTIONS || !headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
        return None;
    }
    let methods = routes::methods(path);
    if methods.is_empty() {
        return None;
    }
    let list: Vec<&str> = methods.iter().map(Method::as_str).collect();
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let answer = response.headers_mut();
    answer.insert(
        ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_str(&list.join(", ")).ok()?,
    );
    answer.insert(ACCESS_CONTROL_ALLOW_HEADERS, SENT);
    answer.insert(ACCESS_CONTROL_MAX_AGE, AGE);
    Some(response)
}
