//! The bodies of answers. What has rows is written straight into bytes, page by
//! page; what is small goes through serde.

pub mod page;
pub(crate) mod stats;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, WARNING};
use http::{HeaderValue, Response, StatusCode};
use serde::Serialize;

use crate::problem::Problem;

/// The media type of most answers.
pub const JSON: &str = "application/json";

/// An answer of `status` with `body`, which is of the media type `content_type`.
pub fn body(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let value = HeaderValue::from_static(content_type);
    response.headers_mut().insert(CONTENT_TYPE, value);
    response
}

/// `content` as JSON.
pub fn json(status: StatusCode, content: &impl Serialize) -> Response<Bytes> {
    match serde_json::to_vec(content) {
        Ok(bytes) => body(status, JSON, bytes),
        // Only maps with keys that are not strings fail, and there are none.
        Err(_) => Problem::internal().into(),
    }
}

/// 204: done, and nothing to say.
pub fn no_content() -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// Tells that a number is beyond the range of f64 and null stands for it.
pub fn warn_of_overflow(response: &mut Response<Bytes>) {
    let text = "199 - \"a null stands for a number beyond the range of a 64-bit float\"";
    let value = HeaderValue::from_static(text);
    response.headers_mut().insert(WARNING, value);
}
