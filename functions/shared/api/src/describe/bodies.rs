//! Bodies of requests.

use serde_json::Value;
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::{ContentBuilder, Required};

use super::AnySchema;

pub(crate) fn body(description: &str) -> RequestBodyBuilder {
    RequestBodyBuilder::new()
        .required(Some(Required::True))
        .description(Some(description))
}

pub(crate) fn content(schema: impl Into<AnySchema>, example: Value) -> ContentBuilder {
    ContentBuilder::new()
        .schema(Some(schema))
        .example(Some(example))
}
