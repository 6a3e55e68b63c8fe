//! The OpenAPI 3.1 document, generated from the table of routes and the types
//! that requests are read into. `openapi.json` beside this file is the reviewed
//! result; `UPDATE_OPENAPI=1 cargo test -p tidemark-api` accepts changes to it.

mod answers;
mod bodies;
mod forms;
mod operations;
mod parameters;
mod schemas;
mod security;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use bytes::Bytes;
use http::{Response, StatusCode};
use utoipa::openapi::path::{HttpMethod, PathItem};
use utoipa::openapi::schema::ComponentsBuilder;
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, PathsBuilder, Server};

use crate::answer;
use crate::problem::{Kind, Problem};
use crate::routes::ROUTES;

/// The parts of the document, in order, and what they are about.
const TAGS: [(&str, &str); 4] = [
    ("Series", "Points in, answers out."),
    (
        "Meters",
        "Measurements of energy meters, in the form of their own service.",
    ),
    (
        "Administration",
        "The points that were not kept, each with its reasons.",
    ),
    ("Operation", "How the service is, and what it does."),
];

const DESCRIPTION: &str = "A time-series service: it takes points, checks every one against stated rules, keeps what is valid and every discard with its reasons, and answers questions about a series.

**Callers** send an API key or a JWT, as `Authorization: Bearer <key or token>` or `X-Api-Key: <key>`. It stands for one tenant and some of the scopes `read`, `write` and `admin`; series of others do not exist. Where a tenant asks or sends more than it may, the answer is 429. On one machine that only itself can reach, nobody need show anything.

**Instants** are epoch seconds (`13515551`, `1700000000.25`), RFC 3339 with an offset (`2023-02-01T00:00:00Z`) or a date (`2023-02-01`) when they come in, and RFC 3339 in UTC when they go out. Ranges include both of their ends.

**Pages** end at `limit` rows or 4 MiB. The header `Link` leads to the next page; the last page has none.

**Numbers** are written in full precision unless `decimals` asks for rounding; a whole number has no fraction.

**Problems** are answered as `application/problem+json` (RFC 9457). A parameter that is unknown, empty or given twice is a problem, never ignored.

**What was written is seen** by the next request on one machine, and on AWS usually within a second. With points in Timestream, those that are older than its memory store keeps them may take up to 6 hours.

`HEAD` is answered wherever `GET` is.";

static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| {
    // Its keys are strings, so it cannot fail to be JSON.
    Bytes::from(serde_json::to_vec(&document()).unwrap_or_default())
});

/// The document.
pub fn document() -> OpenApi {
    let mut paths = PathsBuilder::new();
    for route in &ROUTES {
        let operation = operations::describe(route.operation);
        let method = match route.method.as_str() {
            "POST" => HttpMethod::Post,
            "DELETE" => HttpMethod::Delete,
            _ => HttpMethod::Get,
        };
        paths = paths.path(route.path, PathItem::new(method, operation));
    }
    let mut components = ComponentsBuilder::new();
    for (name, schema) in schemas::all() {
        components = components.schema(name, schema);
    }
    for (name, scheme) in security::schemes() {
        components = components.security_scheme(name, scheme);
    }
    let license = LicenseBuilder::new()
        .name("Apache-2.0")
        .identifier(Some("Apache-2.0"));
    let info = InfoBuilder::new()
        .title("Tidemark")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .license(Some(license.build()));
    let tags = TAGS.map(|(name, text)| {
        let tag = TagBuilder::new().name(name).description(Some(text));
        tag.build()
    });
    OpenApiBuilder::new()
        .info(info)
        .servers(Some([Server::new("/")]))
        .tags(Some(tags))
        .paths(paths)
        .components(Some(components.build()))
        .build()
}

/// The answer of `GET /openapi.json`.
pub fn answer() -> Response<Bytes> {
    answer::body(StatusCode::OK, answer::JSON, DOCUMENT.clone())
}

/// One of the problems of a kind, for the documentation.
pub fn example(kind: Kind) -> Problem {
    answers::example(kind)
}
