//! What a request is on its way: routed, then admitted, then answered.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use tidemark_core::principal::Principal;
use tower::BoxError;

use crate::routes::Match;

/// A request whose route was found.
pub(super) struct Routed<B> {
    pub(super) matched: Match,
    pub(super) request: Request<B>,
}

/// A request that was let in.
pub(super) struct Admitted<B> {
    pub(super) principal: Principal,
    pub(super) matched: Match,
    pub(super) request: Request<B>,
}

/// An answer on its way to the client.
pub type Reply = Response<UnsyncBoxBody<Bytes, BoxError>>;

/// A body as a [`Reply`] has it.
pub(super) fn boxed<R>(body: R) -> UnsyncBoxBody<Bytes, BoxError>
where
    R: BodyExt<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    body.map_err(Into::into).boxed_unsync()
}
