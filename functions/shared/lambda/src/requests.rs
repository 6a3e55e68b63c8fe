//! HTTP requests: from an event of the gateway through the pipeline, and back.

use std::convert::Infallible;

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use lambda_runtime::Context;
use tidemark_access::Access;
use tidemark_api::pipeline::{Deadline, Lines, PipelineSettings, Reply, RequestId, pipeline};
use tidemark_api::use_cases::UseCases;
use tower::{Service, ServiceExt};

use crate::event::{self, HttpEvent};
use crate::invocation::{Error, serve, until};

/// The largest body taken, in bytes as sent: one that is sent to Lambda in
/// base64 has less than its 6 MB.
const MAX_BODY: usize = 4 << 20;

/// Answers requests that come in as `access` lets them, of the routes that are those
/// of `use_cases`. One that is not done a second before Lambda breaks the invocation
/// off is 503. Each answer names the invocation in `x-request-id`.
pub async fn http(access: Access, use_cases: impl UseCases) -> Result<(), Error> {
    let settings = PipelineSettings {
        max_body: MAX_BODY,
        lines: Lines::All,
    };
    let pipeline = pipeline(use_cases, access, settings);
    serve(async |event: HttpEvent, context: &Context| {
        let mut request = event.request()?.map(Full::new);
        let extensions = request.extensions_mut();
        extensions.insert(RequestId(context.request_id.clone()));
        extensions.insert(Deadline(until(context)));
        Ok(event::answer(answer(pipeline.clone(), request).await?))
    })
    .await
}

/// The pipeline's answer, whole.
async fn answer(
    pipeline: impl Service<Request<Full<Bytes>>, Response = Reply, Error = Infallible>,
    request: Request<Full<Bytes>>,
) -> Result<Response<Bytes>, Error> {
    let is_head = request.method() == Method::HEAD;
    let (head, body) = pipeline.oneshot(request).await?.into_parts();
    // The gateway would send it.
    let body = if is_head {
        Bytes::new()
    } else {
        body.collect().await?.to_bytes()
    };
    Ok(Response::from_parts(head, body))
}

#[cfg(test)]
mod tests;
