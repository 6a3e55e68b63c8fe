//! `POST /meterdata/measurement`: rows of energy meters.

use serde_json::json;
use tidemark_app::ingest::Ingest;
use tidemark_core::access::Scope;
use tidemark_core::batch::Source;
use tidemark_core::point::Tags;
use tidemark_formats::{MAX_PART_BYTES, MAX_TAG_CHARACTERS};
use utoipa::openapi::request_body::RequestBody;
use utoipa::openapi::schema::{AnyOfBuilder, Type};

use super::ingested;
use crate::body::{self, BodyLimits};
use crate::call::Call;
use crate::describe::bodies::{body as described, content, gzip};
use crate::describe::schemas::part;
use crate::describe::{
    AnySchema, NamedSchema, Properties, array, closed, forms, map, named, or_null, text,
};
use crate::problem::Problem;
use crate::route::{Answered, Function, Handler, Route, Verb};

pub(super) static ROUTE: Route = Route {
    verb: Verb::Post,
    path: "/meterdata/measurement",
    id: "postMeasurements",
    scope: Some(Scope::Write),
    tag: "Meters",
    summary: "Post measurements",
    description: "Takes rows of energy meters as `GET` answers them. Each value becomes a point of the series `{measurement}:{muid}:{OBIS code}`; the answer counts points.",
    parameters: ingested::parameters,
    body: Some(measurements),
    success: ingested::success,
    problems: ingested::PROBLEMS,
    schemas,
    function: Function::Ingest,
};

pub(super) const HANDLER: Handler<Ingest> = |ingest, call| Box::pin(answer(ingest, call));

async fn answer(ingest: &Ingest, call: Call<'_>) -> Answered {
    let strict = ingested::is_strict(call)?;
    let read = || {
        let parsed =
            body::read_measurements(call.headers(), call.request.body(), BodyLimits::default());
        parsed.map_err(Problem::from)
    };
    let taken = ingest
        .take(call.principal, Source::Meterdata, strict, read)
        .await?;
    Ok(ingested::created(&taken))
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
    described("Measurements, up to 4 MiB as sent, 64 MiB unpacked, and 1 MiB a row. `Content-Encoding: gzip` is understood, and a byte order mark skipped")
        .content("application/json", content(schema, example))
        .content("application/gzip", gzip("What is inside is `application/json`, which the parameter `type` may tell"))
        .build()
}

fn schemas() -> Vec<NamedSchema> {
    vec![("MeasurementRow", measurement_row())]
}

fn measurement_row() -> AnySchema {
    // Together a tag of at most 128 bytes, in whatever script.
    let key = text(r"^[^\u0000-\u001f\u007f-\u009f;=]+$").max_length(Some(MAX_TAG_CHARACTERS));
    let value = text(forms::TAG).max_length(Some(MAX_TAG_CHARACTERS));
    let tags = map(value)
        .keys(key)
        .with("muid", part().that_is("The meter"))
        .max_properties(Some(Tags::MAX))
        .that_is("The meter's id, and further tags, which stay with the points as `key=value`");
    map(or_null(Type::Number).that_is("The value under an OBIS code; null is no value"))
        .keys(text(forms::OBIS).max_length(Some(MAX_PART_BYTES)))
        .with("measurement", part().that_is("What was measured"))
        .with("timestamp", named("Instant"))
        .with("tags", tags)
        .min_properties(Some(4))
        .that_is("What a meter measured at one time: any number of values, each under its OBIS code. The points go to the series `{measurement}:{muid}:{OBIS code}`. A code as meters print it, with medium and channel, is read as its hexadecimal form: `1-0:1.8.0*255` (or `&255`, or without it) as `0100010800FF`")
        .into()
}
