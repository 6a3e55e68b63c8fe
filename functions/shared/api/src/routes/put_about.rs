//! `PUT /api/{name}/about`: saying something of a series.

use tidemark_app::ingest::Ingest;
use tidemark_core::about::AboutChange;
use tidemark_core::access::Scope;
use tidemark_core::name::SeriesName;
use utoipa::openapi::ResponseBuilder;
use utoipa::openapi::request_body::RequestBody;

use super::get_about;
use crate::answer;
use crate::body;
use crate::call::Call;
use crate::describe::answers::Success;
use crate::describe::bodies::{body as described, content, gzip};
use crate::describe::parameters::name;
use crate::describe::{AnySchema, Properties, closed, named};
use crate::problem::{Problem, ProblemKind};
use crate::route::{Answered, Function, Handler, Route, Verb};

pub(super) static ROUTE: Route = Route {
    verb: Verb::Put,
    path: "/api/{name}/about",
    id: "putAbout",
    scope: Some(Scope::Write),
    tag: "Series",
    summary: "Say something of a series",
    description: "Its title, its unit, a note: what stands in the body is replaced, what is null is cleared, and the rest stays. All of it goes when the series is deleted.\n\nSeries of `POST /meterdata/measurement` with active energy begin with a unit, which is replaced or cleared like any other and does not come back.",
    parameters: || vec![name()],
    body: Some(texts),
    success,
    problems: &[
        ProblemKind::MalformedBody,
        ProblemKind::InvalidFields,
        ProblemKind::UnknownSeries,
        ProblemKind::BodyTooLarge,
        ProblemKind::UnsupportedMediaType,
    ],
    schemas: || vec![("AboutChange", schema())],
    function: Function::Ingest,
};

pub(super) const HANDLER: Handler<Ingest> = |ingest, call| Box::pin(answer(ingest, call));

/// Which series, and what is to be said of it.
pub(super) fn read(call: Call<'_>) -> Result<(SeriesName, AboutChange), Problem> {
    call.no_params()?;
    let series = call.path.series()?;
    let change = body::read_about(call.headers(), call.request.body())?;
    Ok((series, change.map_err(Problem::invalid_fields)?))
}

async fn answer(ingest: &Ingest, call: Call<'_>) -> Answered {
    let (series, change) = read(call)?;
    ingest.describe(&call.key(&series), &change).await?;
    Ok(answer::no_content())
}

fn texts() -> RequestBody {
    described("What is said, up to 4 MiB as sent and 1 MiB unpacked. Each text has at most 256 characters (Unicode scalar values), not only white space, and no control characters, but for line feeds in the note; null clears it. `Content-Encoding: gzip` is understood, and a byte order mark skipped")
        .content("application/json", content(named("AboutChange"), get_about::example()))
        .content("application/gzip", gzip("What is inside is `application/json`, which the parameter `type` may tell"))
        .build()
}

fn success() -> Success {
    let response = ResponseBuilder::new().description("It is said");
    ("204", response.build())
}

fn schema() -> AnySchema {
    let all = get_about::texts().into_iter();
    let change = all.fold(closed(), |change, (name, text)| change.property(name, text));
    change
        .that_is("What is to be said of a series: what is not there stays as it is")
        .into()
}
