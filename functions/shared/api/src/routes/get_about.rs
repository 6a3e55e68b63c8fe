//! `GET /api/{name}/about`: what is said of a series.

use http::StatusCode;
use serde_json::{Value, json};
use tidemark_app::query::Query;
use tidemark_core::about::MAX_CHARACTERS;
use tidemark_core::access::Scope;
use tidemark_core::name::SeriesName;
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};

use crate::answer;
use crate::call::Call;
use crate::describe::answers::{self, Success};
use crate::describe::parameters::name;
use crate::describe::{AnySchema, Properties, closed, forms, named, text};
use crate::problem::{Problem, ProblemKind};
use crate::route::{Answered, Function, Handler, Route, Verb};

pub(super) static ROUTE: Route = Route {
    verb: Verb::Get,
    path: "/api/{name}/about",
    id: "getAbout",
    scope: Some(Scope::Read),
    tag: "Series",
    summary: "Ask what is said of a series",
    description: "Its title, its unit and a note; null where nothing is said. Also in `GET /api?details=true`.",
    parameters: || vec![name()],
    body: None,
    success,
    problems: &[ProblemKind::UnknownSeries],
    schemas: || vec![("About", schema())],
    function: Function::Query,
};

pub(super) const HANDLER: Handler<Query> =
    |query, call| Box::pin(query.measured(answer(query, call)));

/// Which series.
pub(super) fn read(call: Call<'_>) -> Result<SeriesName, Problem> {
    call.no_params()?;
    call.path.series()
}

async fn answer(query: &Query, call: Call<'_>) -> Answered {
    let series = call.key(&read(call)?);
    let about = query.about(&series).await?;
    Ok(answer::json(StatusCode::OK, &about))
}

pub(super) fn example() -> Value {
    json!({"title": "Main meter", "unit": "kWh", "note": "In the cellar.\nReplaced in 2023."})
}

/// A text, or null.
fn text_or_null(form: &str) -> ObjectBuilder {
    text(form)
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .min_length(Some(1))
        .max_length(Some(MAX_CHARACTERS))
}

/// The texts, by name.
pub(super) fn texts() -> [(&'static str, ObjectBuilder); 3] {
    let title = text_or_null(forms::LABEL).that_is("What people call it");
    let unit = text_or_null(forms::LABEL).that_is("The unit of its values");
    let note =
        text_or_null(forms::REMARK).that_is("What else there is to know, in lines if need be");
    [("title", title), ("unit", unit), ("note", note)]
}

fn success() -> Success {
    let answer = answers::json("What is said of it", named("About"), example());
    ("200", answer.build())
}

fn schema() -> AnySchema {
    let all = texts().into_iter();
    let about = all.fold(closed(), |about, (name, text)| about.with(name, text));
    about
        .that_is("What is said of a series; null where nothing is")
        .into()
}
