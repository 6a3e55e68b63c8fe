//! The OpenAPI 3.1 document, generated from the list of routes, which describe
//! themselves. `openapi.json` beside this file is the reviewed
//! result; `UPDATE_OPENAPI=1 cargo test -p tidemark-api` accepts changes to it.

#[cfg(test)]
mod tests;

use bytes::Bytes;
use utoipa::openapi::path::{Operation, OperationBuilder, PathItem};
use utoipa::openapi::schema::ComponentsBuilder;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, PathsBuilder, Response, Server,
};

use crate::describe::{answers, schemas};
use crate::route::Route;
use crate::routes::ROUTES;

/// The parts of the document, in order, and what they are about.
const TAGS: [(&str, &str); 5] = [
    ("Series", "Points in, answers out."),
    ("Analysis", "Questions across series."),
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

**Answers** over 1 KiB come as `gzip` where `Accept-Encoding` allows it. `Vary` names the headers of the request that an answer depends on.

**Numbers** are written in full precision unless `decimals` asks for rounding; a whole number has no fraction.

**Problems** are answered as `application/problem+json` (RFC 9457). A parameter that is unknown, empty or given twice is a problem, never ignored.

**What was written is seen** by the next request on one machine, and on AWS usually within a second. With points in Timestream, those that are older than its memory store keeps them may take up to 6 hours.

`HEAD` is answered wherever `GET` is.";

/// The document, as JSON.
pub(crate) fn json() -> Bytes {
    // Its keys are strings, so it cannot fail to be JSON.
    Bytes::from(serde_json::to_vec(&document()).unwrap_or_default())
}

/// The document.
pub fn document() -> OpenApi {
    let mut paths = PathsBuilder::new();
    let mut components = ComponentsBuilder::new();
    for route in ROUTES {
        let item = PathItem::new(route.verb.in_document(), operation(route));
        paths = paths.path(route.path, item);
    }
    let own = ROUTES.iter().flat_map(|route| (route.schemas)());
    for (name, schema) in schemas::all().into_iter().chain(own) {
        components = components.schema(name, schema);
    }
    for (name, scheme) in security_schemes() {
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

/// A route as the document has it.
fn operation(route: &Route) -> Operation {
    let description = route.description;
    let mut operation = OperationBuilder::new()
        .tag(route.tag)
        .operation_id(Some(route.id))
        .summary(Some(route.summary))
        .description((!description.is_empty()).then_some(description))
        .request_body(route.body.map(|body| body()));
    for requirement in security(route) {
        operation = operation.security(requirement);
    }
    for parameter in (route.parameters)() {
        operation = operation.parameter(parameter);
    }
    for (status, answer) in responses(route) {
        operation = operation.response(status, answer);
    }
    operation.build()
}

/// The answers of a route by status, in order.
fn responses(route: &Route) -> Vec<(String, Response)> {
    let (status, success) = (route.success)();
    let mut responses = vec![(status.to_owned(), success)];
    let mut kinds = route.all_problems();
    kinds.sort_by_key(|kind| kind.status());
    for of_status in kinds.chunk_by(|a, b| a.status() == b.status()) {
        let status = of_status[0].status().as_str().to_owned();
        responses.push((status, answers::failure(of_status)));
    }
    responses
}

const KEY: &str = "apiKey";
const BEARER: &str = "bearer";

/// How callers show who they are.
fn security_schemes() -> [(&'static str, SecurityScheme); 2] {
    let key = ApiKeyValue::with_description("X-Api-Key", "An API key, `tm_...`");
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "An API key, or a JWT of the issuer that the deployment trusts",
        ));
    [
        (KEY, SecurityScheme::ApiKey(ApiKey::Header(key))),
        (BEARER, SecurityScheme::Http(bearer.build())),
    ]
}

/// Either of them, with the scope that a route wants; none where it wants none.
fn security(route: &Route) -> Vec<SecurityRequirement> {
    route.scope.map_or_else(Vec::new, |scope| {
        [KEY, BEARER]
            .map(|scheme| SecurityRequirement::new(scheme, [scope.as_str()]))
            .into()
    })
}
