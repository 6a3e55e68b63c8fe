//! What a handler that panics answers.

use std::any::Any;

use bytes::Bytes;
use http::Response;
use http_body_util::Full;

use crate::problem::Problem;

/// 500; what it panicked with is in the log already.
pub(super) fn answer(_: Box<dyn Any + Send>) -> Response<Full<Bytes>> {
    tracing::error!("a handler panicked");
    Response::<Bytes>::from(Problem::internal()).map(Full::new)
}
