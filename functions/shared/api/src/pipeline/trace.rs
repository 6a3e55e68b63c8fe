//! A line in the log for each request that was answered. The route is looked up
//! here, for the line and for all that comes after.
//!
//! Not `tower-http`'s, whose line knows the request by its span alone: on Lambda that
//! is the invocation's, and queries of the log look for the route.

use http::{Request, Response};
use tokio::time::Instant;

use super::step::{Next, Step};
use crate::problem::Problem;
use crate::routes::{self, Match};

/// Which requests are lines in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lines {
    /// All of them, at `info`, and at `error` where the answer is a 5xx.
    All,
    /// Those whose answer is a 5xx; others at `debug`.
    Failures,
}

/// What the route of a request was found to be, as an extension of it.
#[derive(Debug, Clone)]
pub(super) struct Found(pub(super) Result<Match, Problem>);

#[derive(Debug, Clone, Copy)]
pub(super) struct Trace(pub(super) Lines);

impl<B, R, N> Step<Request<B>, N> for Trace
where
    B: Send,
    N: Next<Request<B>, Answer = Response<R>>,
{
    type Answer = Response<R>;

    async fn run(self, mut request: Request<B>, next: N) -> Response<R> {
        let started = Instant::now();
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let found = routes::find(&method, uri.path());
        let route = found.as_ref().map_or("-", |found| found.endpoint.path);
        request.extensions_mut().insert(Found(found));
        let response = next.answer(request).await;
        let (path, status) = (uri.path(), response.status().as_u16());
        // To the microsecond.
        let ms = (started.elapsed().as_secs_f64() * 1e6).round() / 1e3;
        if response.status().is_server_error() {
            tracing::error!(%method, route, path, status, ms, "answered");
        } else {
            match self.0 {
                Lines::All => tracing::info!(%method, route, path, status, ms, "answered"),
                Lines::Failures => tracing::debug!(%method, route, path, status, ms, "answered"),
            }
        }
        response
    }
}
