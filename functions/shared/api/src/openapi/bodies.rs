//! The bodies of requests, in each of their media types.

use serde_json::{Value, json};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::{AnyOfBuilder, Type};
use utoipa::openapi::{Content, ContentBuilder, Required};

use super::forms;
use super::schemas::{AnySchema, Properties, array, closed, named, of, text};
use crate::routes::{Ingest, Operation};

/// The body of an operation, if it has one.
pub(super) fn of_operation(operation: Operation) -> Option<RequestBody> {
    match operation {
        Operation::Ingest(Ingest::Points) => Some(points()),
        Operation::Ingest(Ingest::Measurements) => Some(measurements()),
        _ => None,
    }
}

fn body(description: &str) -> RequestBodyBuilder {
    RequestBodyBuilder::new()
        .required(Some(Required::True))
        .description(Some(description))
}

fn content(schema: impl Into<AnySchema>, example: Value) -> ContentBuilder {
    ContentBuilder::new()
        .schema(Some(schema))
        .example(Some(example))
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
    let csv = text(forms::csv()).description(Some("A header `name,t,v` or `name,t,v,tags`, and a row a point; `;` between tags. Fields may be quoted (RFC 4180), which the pattern leaves out"));
    let rows =
        "name,t,v,tags\nexample1,13515551,1.1,\nexample2,1970-06-06T10:19:14Z,1.5,night;dry\n";
    body("Points, up to 4 MiB as sent, 64 MiB unpacked, and 1 MiB each. `Content-Encoding: gzip` is understood. A point that is there already is replaced")
        .content("application/json", content(json, example))
        .content("application/x-ndjson", Content::new(Some(ndjson)))
        .content("text/csv", content(csv, Value::from(rows)))
        .build()
}

fn measurements() -> RequestBody {
    let rows = || array(named("MeasurementRow")).min_items(Some(1));
    let envelope = closed().with("data", rows());
    let schema = AnyOfBuilder::new()
        .item(envelope)
        .item(rows())
        .description(Some(
            "Rows of meters, in an envelope or as they are, with at least one value among them",
        ));
    let example = json!({"data": [{
        "measurement": "energy",
        "timestamp": "2023-02-28T23:45:00.000Z",
        "tags": {"muid": "95ce3367-cbce-4a4d-bbe3-da082831d7bd", "quality": "measured"},
        "0100011D00FF": 0.0117,
    }]});
    body("Measurements, up to 4 MiB as sent, 64 MiB unpacked, and 1 MiB a row. `Content-Encoding: gzip` is understood")
        .content("application/json", content(schema, example))
        .build()
}
