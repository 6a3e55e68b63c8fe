//! A head that HTTP does not allow. Only a host that reads requests from the wire can
//! tell; it is answered here, so that it has an id, a line in the log and a problem
//! document as any other.

use http::header::CONNECTION;
use http::{HeaderValue, Request};
use http_body_util::BodyExt;

use super::body;
use super::stage::{Reply, boxed};
use super::step::{Next, Step};
use crate::problem::Problem;

/// What is wrong with the head of a request, as an extension of it.
#[derive(Debug, Clone)]
pub struct Malformed(pub Problem);

#[derive(Debug, Clone, Copy)]
pub(super) struct Reject;

impl<B, N> Step<Request<B>, N> for Reject
where
    B: BodyExt<Data = bytes::Bytes> + Send + Unpin,
    N: Next<Request<B>, Answer = Reply>,
{
    type Answer = Reply;

    async fn run(self, mut request: Request<B>, next: N) -> Reply {
        let Some(Malformed(problem)) = request.extensions_mut().remove() else {
            return next.answer(request).await;
        };
        let mut answer = body::refuse(request, problem).await;
        // Where such a request ends, others on the way may see otherwise.
        let close = HeaderValue::from_static("close");
        answer.headers_mut().insert(CONNECTION, close);
        answer.map(boxed)
    }
}
