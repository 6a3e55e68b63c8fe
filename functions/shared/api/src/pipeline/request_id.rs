//! Every answer has an id, under which the log tells more.
//!
//! Not `tower-http`'s, which takes over an id that the client sends: two requests
//! could have the same, and a log would hold what strangers write.

use http::{HeaderName, HeaderValue, Request, Response};
use tracing::Instrument;

use super::step::{Next, Step};

/// Where an answer has its id.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// An id that a host has for a request, as an extension of it. The host has a span
/// for it, too; where there is none, the request gets both here.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

#[derive(Debug, Clone, Copy)]
pub(super) struct Identify;

impl<B, R, N> Step<Request<B>, N> for Identify
where
    B: Send,
    N: Next<Request<B>, Answer = Response<R>>,
{
    type Answer = Response<R>;

    async fn run(self, mut request: Request<B>, next: N) -> Response<R> {
        let (id, span) = if let Some(RequestId(id)) = request.extensions_mut().remove::<RequestId>()
        {
            (id, tracing::Span::none())
        } else {
            let id = format!("{:016x}", fastrand::u64(..));
            let span = tracing::info_span!("request", id);
            (id, span)
        };
        let mut response = next.answer(request).instrument(span).await;
        if let Ok(id) = HeaderValue::try_from(id) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        response
    }
}
