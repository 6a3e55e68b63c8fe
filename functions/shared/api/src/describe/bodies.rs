//! Bodies of requests.

use serde_json::Value;
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::Type;
use utoipa::openapi::{Content, ContentBuilder, Required};

use super::{AnySchema, of};

pub(crate) fn body(description: &str) -> RequestBodyBuilder {
    RequestBodyBuilder::new()
        .required(Some(Required::True))
        .description(Some(description))
}

/// One of the other forms as gzip; `what` tells how it is known which.
pub(crate) fn gzip(what: &str) -> Content {
    let packed = of(Type::String).description(Some(format!(
        "Gzip (RFC 1952), as with `Content-Encoding: gzip`, which is not sent beside it. {what}"
    )));
    Content::new(Some(packed))
}

pub(crate) fn content(schema: impl Into<AnySchema>, example: Value) -> ContentBuilder {
    ContentBuilder::new()
        .schema(Some(schema))
        .example(Some(example))
}
