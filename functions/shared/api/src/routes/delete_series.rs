//! `DELETE /api/{name}`: a series, or a range of it.

use tidemark_app::eraser::Eraser;
use tidemark_core::access::Scope;
use tidemark_core::name::SeriesName;
use tidemark_core::time::Span;
use utoipa::openapi::ResponseBuilder;

use crate::answer;
use crate::call::Call;
use crate::describe::answers::Success;
use crate::describe::parameters::{from, name, to, zone};
use crate::problem::{Problem, ProblemKind};
use crate::route::{Answered, Function, Handler, Route, Verb};

pub(super) static ROUTE: Route = Route {
    verb: Verb::Delete,
    path: "/api/{name}",
    id: "deleteSeries",
    scope: Some(Scope::Write),
    tag: "Series",
    summary: "Delete a series, or a range of it",
    description: "Without `from` and `to`, the series and all its points go: asked again, it is unknown. With one of them or both, only the points of that range go, and it is no problem if there are none.",
    parameters: || vec![name(), from(), to(), zone()],
    body: None,
    success,
    problems: &[ProblemKind::UnknownSeries, ProblemKind::TooManyDeletions],
    schemas: Vec::new,
    function: Function::Eraser,
};

pub(super) const HANDLER: Handler<Eraser> = |eraser, call| Box::pin(answer(eraser, call));

/// Which series, and which points of it; without an end on either side, the series
/// itself.
pub(super) fn read(call: Call<'_>) -> Result<(SeriesName, Span), Problem> {
    let mut params = call.params()?;
    let series = call.path.series()?;
    let zone = params.take_zone()?;
    let span = params.take_span(zone)?;
    params.finish()?;
    Ok((series, span))
}

async fn answer(eraser: &Eraser, call: Call<'_>) -> Answered {
    let (series, span) = read(call)?;
    eraser.delete(call.principal, series, span).await?;
    Ok(answer::no_content())
}

fn success() -> Success {
    let response = ResponseBuilder::new().description("The points are gone");
    ("204", response.build())
}
