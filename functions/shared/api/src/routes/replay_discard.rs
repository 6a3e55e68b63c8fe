//! `POST /admin/discards/{id}/replay`: has a discard validated again.

use http::StatusCode;
use serde::Serialize;
use serde_json::json;
use tidemark_app::discards::Discards;
use tidemark_core::access::Scope;
use tidemark_core::discard::{DiscardId, Reason};
use utoipa::openapi::path::Parameter;
use utoipa::openapi::schema::Type;

use crate::answer;
use crate::call::Call;
use crate::describe::answers::{self, Success};
use crate::describe::parameters::{in_path, list, query};
use crate::describe::{NamedSchema, Properties, array, closed, forms, named, of, one_of, text};
use crate::problem::{Problem, ProblemKind};
use crate::route::{Answered, Function, Handler, Route, Verb};

pub(super) static ROUTE: Route = Route {
    verb: Verb::Post,
    path: "/admin/discards/{id}/replay",
    id: "replayDiscard",
    scope: Some(Scope::Admin),
    tag: "Administration",
    summary: "Replay a discard",
    description: "Validates the payload again as if it were received now, overlooking the reasons that are waived. If it is accepted, the point is stored, and the discard stays, marked as replayed.",
    parameters: || vec![id(), waive()],
    body: None,
    success,
    problems: &[
        ProblemKind::UnknownDiscard,
        ProblemKind::AlreadyReplayed,
        ProblemKind::StillInvalid,
    ],
    schemas,
    function: Function::Admin,
};

pub(super) const HANDLER: Handler<Discards> = |discards, call| Box::pin(answer(discards, call));

/// Which discard, and the reasons to overlook.
pub(super) fn read(call: Call<'_>) -> Result<(DiscardId, Vec<Reason>), Problem> {
    let mut params = call.params()?;
    let id = call.path.discard()?;
    let waive = params.take_choices("waive", &waivable())?;
    params.finish()?;
    Ok((id, waive.unwrap_or_default()))
}

/// The reasons that can be waived, by name.
fn waivable() -> Vec<(&'static str, Reason)> {
    let reasons = Reason::ALL.into_iter().filter(|r| r.can_be_waived());
    reasons.map(|r| (r.as_str(), r)).collect()
}

#[derive(Serialize)]
struct Replayed {
    accepted: bool,
}

async fn answer(discards: &Discards, call: Call<'_>) -> Answered {
    let (id, waive) = read(call)?;
    discards.replay(call.principal, id, &waive).await?;
    let replayed = Replayed { accepted: true };
    Ok(answer::json(StatusCode::OK, &replayed))
}

fn id() -> Parameter {
    let example = "5f0c6c1f6f1e4a0b0000000000000007-3";
    in_path(
        "id",
        "The id of the discard",
        text(forms::DISCARD).into(),
        example,
    )
}

fn waive() -> Parameter {
    let schema = array(one_of(waivable().into_iter().map(|(name, _)| name))).min_items(Some(1));
    let text = "The reasons to overlook; only those of the rules can be";
    list(query("waive", text, schema, json!(["too_old"])))
}

fn success() -> Success {
    let text = "The point was accepted. The discard stays, marked as replayed";
    let example = json!({"accepted": true});
    let replayed = answers::json(text, named("Replayed"), example);
    ("200", replayed.build())
}

fn schemas() -> Vec<NamedSchema> {
    let accepted = of(Type::Boolean).enum_values(Some([true]));
    let replayed = closed().with("accepted", accepted);
    vec![("Replayed", replayed.into())]
}
