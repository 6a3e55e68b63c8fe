//! What every request goes through, whatever host it comes from: the layers are
//! listed in [`pipeline`], the outermost first.
//!
//! A host turns an event or a socket into requests. What it knows of a single one it
//! puts into its extensions: a [`RequestId`] of its own, a [`Deadline`], that it is
//! [`Malformed`].

mod body;
mod compress;
mod cors;
mod gate;
mod handler;
mod headers;
mod malformed;
mod panic;
mod request_id;
mod route;
mod stage;
mod step;
#[cfg(test)]
mod tests;
mod time_limit;
mod trace;

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::header::X_CONTENT_TYPE_OPTIONS;
use http::{HeaderValue, Request};
use tidemark_access::Access;
use tower::{Service, ServiceBuilder};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::use_cases::UseCases;

pub use body::BODY_TIME;
pub use malformed::Malformed;
pub use request_id::{REQUEST_ID, RequestId};
pub use stage::Reply;
use step::Around;
pub use time_limit::Deadline;
pub use trace::Lines;

/// In what hosts differ.
#[derive(Debug, Clone, Copy)]
pub struct PipelineSettings {
    /// The largest body taken, in bytes as sent.
    pub max_body: usize,
    /// Which requests are lines in the log.
    pub lines: Lines,
}

/// The pipeline, at whose end the use cases answer those who may ask.
///
/// Request id, log line, headers and CORS surround the rest, so that a panic and a 503
/// carry them as well. Compression surrounds the handler alone: no other answer is
/// long. What `tower-http` has is taken from there if it does what the contract says;
/// a layer of ours tells why it does not.
pub fn pipeline<B>(
    use_cases: impl UseCases,
    access: Access,
    settings: PipelineSettings,
) -> impl Service<Request<B>, Response = Reply, Error = Infallible, Future: Send> + Clone + Send
where
    B: http_body_util::BodyExt<Data = Bytes, Error: Send> + Send + Unpin + 'static,
{
    let Access { guard, origins, .. } = access;
    let nosniff = HeaderValue::from_static("nosniff");
    ServiceBuilder::new()
        .layer(Around(request_id::Identify))
        .layer(Around(trace::Trace(settings.lines)))
        .layer(SetResponseHeaderLayer::overriding(
            X_CONTENT_TYPE_OPTIONS,
            nosniff,
        ))
        .layer(Around(headers::Secure))
        .layer(Around(malformed::Reject))
        .layer(Around(cors::Cors(Arc::new(origins.clone()))))
        .layer(CatchPanicLayer::custom(panic::answer))
        .layer(Around(time_limit::Limit))
        .layer(Around(route::Find))
        .layer(Around(gate::Gate::new(guard, origins)))
        .layer(Around(body::Collect {
            limit: settings.max_body,
        }))
        .layer(Around(compress::Compress))
        .service(handler::of(use_cases))
}
