//! What a route can answer.

use serde_json::Value;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::schema::Type;
use utoipa::openapi::{ContentBuilder, Header, Response, ResponseBuilder};

use super::{AnySchema, named, of};
use crate::problem::{self, ProblemKind};

/// A status below 300, and what is answered with it.
pub type Success = (&'static str, Response);

/// The answer that all these kinds of problem share.
pub(crate) fn failure(kinds: &[ProblemKind]) -> Response {
    let titles: Vec<_> = kinds.iter().map(|kind| kind.title()).collect();
    let examples = kinds.iter().map(|kind| {
        let name = kind.type_uri().trim_start_matches("/docs#");
        let value = serde_json::to_value(problem::example(*kind)).unwrap_or_default();
        let example = utoipa::openapi::example::ExampleBuilder::new().value(Some(value));
        (name, example.build())
    });
    let content = ContentBuilder::new()
        .schema(Some(named("Problem")))
        .examples_from_iter(examples);
    let response = ResponseBuilder::new()
        .description(titles.join("; "))
        .content(problem::MEDIA_TYPE, content.build());
    let waits = [ProblemKind::Unavailable, ProblemKind::TooManyRequests];
    let response = if kinds.iter().any(|kind| waits.contains(kind)) {
        let seconds = of(Type::Integer).minimum(Some(0));
        let text = "After how many seconds to try again";
        response.header("Retry-After", header(seconds, text))
    } else {
        response
    };
    if kinds.contains(&ProblemKind::Unauthenticated) {
        let text = "How to show who is asking (RFC 6750)";
        let challenge = header(of(Type::String), text);
        return response.header("WWW-Authenticate", challenge).build();
    }
    response.build()
}

fn header(schema: impl Into<AnySchema>, description: &str) -> Header {
    let header = HeaderBuilder::new().schema(Some(schema));
    header.description(Some(description)).build()
}

pub(crate) fn json(
    description: &str,
    schema: impl Into<AnySchema>,
    example: Value,
) -> ResponseBuilder {
    let content = ContentBuilder::new()
        .schema(Some(schema))
        .example(Some(example));
    ResponseBuilder::new()
        .description(description)
        .content("application/json", content.build())
}

pub(crate) fn paged(response: ResponseBuilder) -> Response {
    let text = "Leads to the next page: `<...>; rel=\"next\"`. Absent on the last";
    response
        .header("Link", header(of(Type::String), text))
        .build()
}

pub(crate) fn warning(response: ResponseBuilder) -> ResponseBuilder {
    let text = "Present where a null stands for a number beyond the range of a 64-bit float";
    response.header("Warning", header(of(Type::String), text))
}
