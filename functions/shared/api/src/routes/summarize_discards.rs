//! `GET /admin/discards/summary`: how much was not kept, and why.

use std::collections::BTreeMap;

use http::StatusCode;
use serde::Serialize;
use serde_json::json;
use tidemark_app::discards::Discards;
use tidemark_core::access::Scope;
use tidemark_core::batch::Source;
use tidemark_core::discard::Reason;
use tidemark_core::time::TimeRange;
use utoipa::openapi::path::Parameter;

use crate::answer;
use crate::call::Call;
use crate::describe::answers::{self, Success};
use crate::describe::parameters::{received, zone};
use crate::describe::schemas::{reasons, source_name};
use crate::describe::{NamedSchema, Properties, closed, count, map, named, one_of};
use crate::problem::Problem;
use crate::route::{Answered, Function, Handler, Route, Verb};

pub(super) static ROUTE: Route = Route {
    verb: Verb::Get,
    path: "/admin/discards/summary",
    id: "summarizeDiscards",
    scope: Some(Scope::Admin),
    tag: "Administration",
    summary: "Count the discards",
    description: "",
    parameters,
    body: None,
    success,
    problems: &[],
    schemas,
    function: Function::Admin,
};

pub(super) const HANDLER: Handler<Discards> = |discards, call| Box::pin(answer(discards, call));

/// When they were received.
pub(super) fn read(call: Call<'_>) -> Result<TimeRange, Problem> {
    let mut params = call.params()?;
    let zone = params.take_zone()?;
    let span = params.take_span(zone)?;
    params.finish()?;
    Ok(span.range)
}

async fn answer(discards: &Discards, call: Call<'_>) -> Answered {
    let counts = discards.counts(call.tenant(), read(call)?).await?;
    let mut summary = Summary::default();
    for count in &counts {
        summary.add(&count.source, &count.reasons, count.count);
    }
    Ok(answer::json(StatusCode::OK, &summary))
}

/// How many discards there are. One with several reasons counts for each of
/// them, but once in `count`.
#[derive(Debug, Default, Serialize)]
struct Summary {
    /// All of them.
    count: u64,
    by_reason: BTreeMap<Reason, u64>,
    by_source: BTreeMap<Source, OfSource>,
}

/// The discards of one source.
#[derive(Debug, Default, Serialize)]
struct OfSource {
    count: u64,
    by_reason: BTreeMap<Reason, u64>,
}

impl Summary {
    /// Counts `discards` of one source that all have these and only these
    /// `reasons`.
    fn add(&mut self, source: &Source, reasons: &[Reason], discards: u64) {
        let of_source = self.by_source.entry(source.clone()).or_default();
        self.count += discards;
        of_source.count += discards;
        for reason in reasons {
            *self.by_reason.entry(*reason).or_default() += discards;
            *of_source.by_reason.entry(*reason).or_default() += discards;
        }
    }
}

fn parameters() -> Vec<Parameter> {
    vec![
        received("from", "start", "earliest"),
        received("to", "end", "latest"),
        zone(),
    ]
}

fn success() -> Success {
    let example = json!({
        "count": 6,
        "by_reason": {"too_old": 5, "suspect": 2, "malformed": 1},
        "by_source": {
            "api": {"count": 1, "by_reason": {"malformed": 1}},
            "data-server": {"count": 5, "by_reason": {"too_old": 5, "suspect": 2}},
        },
    });
    let text = "How many discards there are, by reason and source";
    let summary = answers::json(text, named("DiscardSummary"), example);
    ("200", summary.build())
}

fn schemas() -> Vec<NamedSchema> {
    let by_reason = || map(count()).keys(one_of(reasons()));
    let of_source = closed()
        .with("count", count())
        .with("by_reason", by_reason());
    let summary = closed()
        .with("count", count().that_is("How many discards"))
        .with(
            "by_reason",
            by_reason().that_is("One with several reasons counts for each"),
        )
        .with("by_source", map(of_source).keys(source_name()));
    vec![("DiscardSummary", summary.into())]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(summary: &Summary) -> String {
        serde_json::to_string(summary).unwrap()
    }

    #[test]
    fn a_summary_counts_by_reason_and_source() {
        let mut summary = Summary::default();
        summary.add(&Source::DataServer, &[Reason::TooOld, Reason::Suspect], 2);
        summary.add(&Source::DataServer, &[Reason::TooOld], 3);
        summary.add(&Source::Api, &[Reason::Malformed], 1);
        assert_eq!(
            text(&summary),
            r#"{"count":6,"by_reason":{"too_old":5,"suspect":2,"malformed":1},"by_source":{"api":{"count":1,"by_reason":{"malformed":1}},"data-server":{"count":5,"by_reason":{"too_old":5,"suspect":2}}}}"#
        );
        assert_eq!(
            text(&Summary::default()),
            r#"{"count":0,"by_reason":{},"by_source":{}}"#
        );
    }
}
