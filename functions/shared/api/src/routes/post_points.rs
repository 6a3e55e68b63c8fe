//! `POST /api`: points of any mix of series.

use serde_json::{Value, json};
use tidemark_app::ingest::Ingest;
use tidemark_core::access::Scope;
use tidemark_core::batch::Source;
use tidemark_core::point::Tags;
use utoipa::openapi::Content;
use utoipa::openapi::request_body::RequestBody;
use utoipa::openapi::schema::{AnyOfBuilder, Type};

use super::ingested;
use crate::body::{self, BodyLimits};
use crate::call::Call;
use crate::describe::bodies::{body as described, content, gzip};
use crate::describe::{AnySchema, NamedSchema, Properties, array, closed, forms, named, of, text};
use crate::problem::Problem;
use crate::route::{Answered, Function, Handler, Route, Verb};

pub(super) static ROUTE: Route = Route {
    verb: Verb::Post,
    path: "/api",
    id: "postPoints",
    scope: Some(Scope::Write),
    tag: "Series",
    summary: "Post points",
    description: "Takes points of any mix of series. Each is judged alone: one that is wrong in itself (a value that is a string, a time that does not parse, an unknown field) is rejected and kept as a discard, the others are taken. If all are wrong, the answer is 422. A body that is no JSON, NDJSON or CSV at all is refused as a whole.\n\nPosting a point again replaces it; posting a body twice changes nothing.",
    parameters: ingested::parameters,
    body: Some(points),
    success: ingested::success,
    problems: ingested::PROBLEMS,
    schemas,
    function: Function::Ingest,
};

pub(super) const HANDLER: Handler<Ingest> = |ingest, call| Box::pin(answer(ingest, call));

async fn answer(ingest: &Ingest, call: Call<'_>) -> Answered {
    let strict = ingested::is_strict(call)?;
    let read = || {
        let parsed = body::read_points(call.headers(), call.request.body(), BodyLimits::default());
        parsed.map_err(Problem::from)
    };
    let taken = ingest
        .take(call.principal, Source::Api, strict, read)
        .await?;
    Ok(ingested::created(&taken))
}

fn points() -> RequestBody {
    let json = array(named("Point")).min_items(Some(1)).description(Some(
        "Points of any mix of series. A comma before the closing bracket is tolerated",
    ));
    let example = json!([
        {"name": "example1", "t": 13_515_551, "v": 1.1},
        {"name": "example2", "t": "1970-06-06T10:19:14Z", "v": 1.5, "tags": ["night"]},
    ]);
    let line = r#"`{"name":"example1","t":13515551,"v":1.1}`"#;
    let lines = format!("A point a line, each as in `application/json`: {line}");
    let ndjson = of(Type::String).description(Some(lines));
    let csv = text(forms::csv()).description(Some("A header that names the columns `name`, `t`, `v` and perhaps `tags`, in any order, and a record a point; `;` between tags. Fields may be quoted (RFC 4180), and hold line ends then. The pattern leaves out quotes and other orders"));
    let rows =
        "name,t,v,tags\nexample1,13515551,1.1,\nexample2,1970-06-06T10:19:14Z,1.5,night;dry\n";
    described("Points, up to 4 MiB as sent, 64 MiB unpacked, and 1 MiB each. `Content-Encoding: gzip` is understood, and a byte order mark skipped. A point that is there already is replaced")
        .content("application/json", content(json, example))
        .content("application/x-ndjson", Content::new(Some(ndjson)))
        .content("text/csv", content(csv, Value::from(rows)))
        .content("application/gzip", gzip("What is inside is told by the parameter `type`, as in `application/gzip; type=\"text/csv\"`; without it what begins with `[` is JSON, with `{` NDJSON, and all else CSV"))
        .build()
}

fn schemas() -> Vec<NamedSchema> {
    vec![("Point", point())]
}

fn point() -> AnySchema {
    // Seconds that 64-bit nanoseconds can name, but for the last fraction.
    const LAST: isize = 9_223_372_036;
    let seconds = of(Type::Number).minimum(Some(-LAST)).maximum(Some(LAST));
    let time = AnyOfBuilder::new()
        .item(seconds)
        .item(named("Instant"))
        .description(Some("When: epoch seconds as a number, or text"));
    let value = of(Type::Number).that_is("How much: what a 64-bit float can hold");
    let tags = array(named("Tag"))
        .max_items(Some(Tags::MAX))
        .description(Some("A set of strings that stay with the point"));
    closed()
        .with("name", named("SeriesName"))
        .with("t", time)
        .with("v", value)
        .property("tags", tags)
        .that_is("A point of a series")
        .into()
}
