//! What is not done in time is answered all the same. What does it knows how long it
//! has.
//!
//! Not `tower-http`'s, which has one limit for all requests and no problem document:
//! here the host says of each until when there is time.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tidemark_ports::deadline;
use tokio::time::{Instant, timeout_at};

use super::step::{Next, Step};
use crate::problem::Problem;

/// When to ask again what took too long, in seconds.
const RETRY_AFTER: u32 = 1;

/// Until when a request is to be answered, as an extension of it; for ever where
/// there is none.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(pub Instant);

#[derive(Debug, Clone, Copy)]
pub(super) struct Limit;

impl<B, N> Step<Request<B>, N> for Limit
where
    B: Send,
    N: Next<Request<B>, Answer = Response<Full<Bytes>>>,
{
    type Answer = Response<Full<Bytes>>;

    async fn run(self, request: Request<B>, next: N) -> Response<Full<Bytes>> {
        let deadline = request.extensions().get::<Deadline>().copied();
        let answer = next.answer(request);
        let Some(Deadline(until)) = deadline else {
            return answer.await;
        };
        timeout_at(until, deadline::within(until, answer))
            .await
            .unwrap_or_else(|_| {
                tracing::error!("the time was up");
                Response::<Bytes>::from(Problem::unavailable(RETRY_AFTER)).map(Full::new)
            })
    }
}
