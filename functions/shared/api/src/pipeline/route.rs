//! Where there is no route, or not this method, a request goes no further.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};

use super::body;
use super::stage::Routed;
use super::step::{Next, Step};
use super::trace::Found;
use crate::routes;

#[derive(Debug, Clone, Copy)]
pub(super) struct Find;

impl<B, N> Step<Request<B>, N> for Find
where
    B: BodyExt<Data = Bytes> + Send + Unpin,
    N: Next<Routed<B>, Answer = Response<Full<Bytes>>>,
{
    type Answer = Response<Full<Bytes>>;

    async fn run(self, mut request: Request<B>, next: N) -> Response<Full<Bytes>> {
        let found = match request.extensions_mut().remove::<Found>() {
            Some(Found(found)) => found,
            None => routes::find(request.method(), request.uri().path()),
        };
        match found {
            Ok(matched) => next.answer(Routed { matched, request }).await,
            Err(problem) => body::refuse(request, problem).await,
        }
    }
}
