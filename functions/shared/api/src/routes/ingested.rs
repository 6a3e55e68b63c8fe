//! What the routes that take points in have in common.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde::Serialize;
use serde_json::json;
use tidemark_app::ingest::Taken;
use tidemark_formats::MAX_LISTED;
use utoipa::openapi::path::Parameter;

use crate::answer;
use crate::call::Call;
use crate::describe::answers::{self, Success};
use crate::describe::{named, parameters};
use crate::problem::faults::Faults;
use crate::problem::{Problem, ProblemKind};

pub(super) const PROBLEMS: &[ProblemKind] = &[
    ProblemKind::MalformedBody,
    ProblemKind::BodyTooLarge,
    ProblemKind::UnsupportedMediaType,
    ProblemKind::InvalidPoints,
];

pub(super) fn parameters() -> Vec<Parameter> {
    let text = "Whether one wrong point refuses them all. Otherwise those that are right are taken";
    vec![parameters::flag("strict", text)]
}

/// Reads whether one wrong point refuses them all.
pub(super) fn is_strict(call: Call<'_>) -> Result<bool, Problem> {
    let mut params = call.params()?;
    let strict = params.take_flag("strict")?;
    params.finish()?;
    Ok(strict)
}

pub(super) fn success() -> Success {
    let example =
        json!({"batch": "5f0c6c1f6f1e4a0b0000000000000007", "accepted": 5, "rejected": 0});
    let text = "The points are stored for good, or will be even if the service fails. Those that are wrong in themselves are not among them: they are kept as discards";
    let answer = answers::json(text, named("Ingested"), example);
    ("201", answer.build())
}

/// 201.
pub(super) fn created(taken: &Taken) -> Response<Bytes> {
    #[derive(Serialize)]
    struct Body<'a> {
        batch: String,
        accepted: usize,
        rejected: usize,
        #[serde(skip_serializing_if = "Option::is_none")]
        errors: Option<Faults<'a>>,
    }
    let listed = taken.errors.len().min(MAX_LISTED);
    let errors = &taken.errors[..listed];
    let body = Body {
        batch: taken.batch.to_string(),
        accepted: taken.accepted,
        rejected: taken.rejected,
        errors: (!errors.is_empty()).then_some(Faults(errors)),
    };
    answer::json(StatusCode::CREATED, &body)
}

#[cfg(test)]
mod tests {
    use tidemark_core::batch::BatchId;
    use tidemark_core::discard::Reason;
    use tidemark_formats::Fault;

    use super::*;
    use crate::answer::page::text;

    #[test]
    fn what_was_taken_and_what_not() {
        let taken = Taken {
            batch: BatchId::new(1, 2),
            accepted: 5,
            rejected: 0,
            errors: Vec::new(),
        };
        let answer = created(&taken);
        assert_eq!(answer.status(), StatusCode::CREATED);
        assert_eq!(
            text(&answer),
            r#"{"batch":"00000000000000010000000000000002","accepted":5,"rejected":0}"#
        );
        let fault = Fault::at("/3/v", Reason::NotFinite, "`v` is too large");
        let some = Taken {
            rejected: 101,
            errors: vec![fault; 101],
            ..taken
        };
        let listed =
            [r#"{"pointer":"/3/v","reason":"not_finite","detail":"`v` is too large"}"#; 100];
        assert_eq!(
            text(&created(&some)),
            format!(
                r#"{{"batch":"00000000000000010000000000000002","accepted":5,"rejected":101,"errors":[{}]}}"#,
                listed.join(",")
            )
        );
    }
}
