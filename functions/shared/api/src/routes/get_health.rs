//! `GET /health`: whether data can be accepted.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde::Serialize;
use serde_json::json;
use tidemark_app::health::Health;

use crate::answer;
use crate::call::Call;
use crate::describe::answers::{self, Success};
use crate::describe::{NamedSchema, Properties, closed, named, one_of};
use crate::problem::faults::Checks;
use crate::problem::{Problem, ProblemKind};
use crate::route::{Answered, Function, Handler, Route, Verb};

pub(super) static ROUTE: Route = Route {
    verb: Verb::Get,
    path: "/health",
    id: "getHealth",
    scope: None,
    tag: "Operation",
    summary: "Ask whether data can be accepted",
    description: "",
    parameters: Vec::new,
    body: None,
    success,
    problems: &[ProblemKind::Unhealthy],
    schemas,
    function: Function::Health,
};

pub(super) const HANDLER: Handler<Health> = |health, call| Box::pin(answer(health, call));

async fn answer(health: &Health, call: Call<'_>) -> Answered {
    call.no_params()?;
    told(health.check().await)
}

/// 200 if all is well, else the problem that names what fails.
fn told(checks: Vec<(&'static str, bool)>) -> Result<Response<Bytes>, Problem> {
    #[derive(Serialize)]
    struct Body<'a> {
        status: &'static str,
        checks: Checks<'a>,
    }
    if checks.iter().any(|(_, ok)| !ok) {
        return Err(Problem::unhealthy(checks));
    }
    let body = Body {
        status: "ok",
        checks: Checks(&checks),
    };
    Ok(answer::json(StatusCode::OK, &body))
}

fn success() -> Success {
    let example = json!({"status": "ok", "checks": {"points": "ok", "queue": "ok"}});
    let health = answers::json("Data can be accepted", named("Health"), example);
    ("200", health.build())
}

fn schemas() -> Vec<NamedSchema> {
    let health = closed()
        .with("status", one_of(["ok"]))
        .with("checks", named("Checks"));
    vec![("Health", health.into())]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::page::text;

    #[test]
    fn all_is_well_or_something_is_not() {
        let well = told(vec![("points", true), ("queue", true)]).unwrap();
        assert_eq!(well.status(), 200);
        assert_eq!(
            text(&well),
            r#"{"status":"ok","checks":{"points":"ok","queue":"ok"}}"#
        );
        let failing = told(vec![("points", true), ("queue", false)]).unwrap_err();
        assert_eq!(failing.kind().status(), 503);
    }
}
