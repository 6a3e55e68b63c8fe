//! Headers that keep answers to whom they are for: what is private is kept nowhere
//! on the way, and what is a page is nobody's frame.
//!
//! Not `tower-http`'s, which sees the answer without the route.

use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_FRAME_OPTIONS};
use http::{HeaderValue, Request, Response};

use super::step::{Next, Step};
use super::trace::Found;

#[derive(Debug, Clone, Copy)]
pub(super) struct Secure;

impl<B, R, N> Step<Request<B>, N> for Secure
where
    B: Send,
    N: Next<Request<B>, Answer = Response<R>>,
{
    type Answer = Response<R>;

    async fn run(self, request: Request<B>, next: N) -> Response<R> {
        let found = request.extensions().get::<Found>();
        // What is not known to be for anyone is not.
        let is_private = found.is_none_or(|Found(found)| {
            found
                .as_ref()
                .is_ok_and(|found| found.endpoint.scope.is_some())
        });
        let mut response = next.answer(request).await;
        let headers = response.headers_mut();
        if is_private {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        if headers.contains_key(CONTENT_SECURITY_POLICY) {
            headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
            headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        }
        response
    }
}
