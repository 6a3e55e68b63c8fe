//! `GET /history`: the last queries.

use serde::Serialize;
use serde_json::json;
use tidemark_app::query::Query;
use tidemark_core::access::Scope;
use tidemark_core::name::SeriesName;
use tidemark_core::time::Timestamp;
use tidemark_formats::write::number::Number;
use tidemark_formats::write::time::Time;
use tidemark_ports as ports;
use utoipa::openapi::path::Parameter;
use utoipa::openapi::schema::Type;

use crate::answer::page::{PageWriter, shown};
use crate::call::Call;
use crate::cursor::Paging;
use crate::describe::answers::{self, Success};
use crate::describe::parameters::{cursor, limit};
use crate::describe::{NamedSchema, Properties, array, closed, named, of, or_null, time_or_null};
use crate::params::{DEFAULT_LIMIT, MAX_LIMIT};
use crate::problem::{Problem, ProblemKind};
use crate::route::{Answered, Function, Handler, Route, Verb};

pub(super) static ROUTE: Route = Route {
    verb: Verb::Get,
    path: "/history",
    id: "getHistory",
    scope: Some(Scope::Read),
    tag: "Operation",
    summary: "See the last queries",
    description: "The queries that were asked of series, the latest first.",
    parameters,
    body: None,
    success,
    problems: &[ProblemKind::InvalidCursor],
    schemas,
    function: Function::Query,
};

pub(super) const HANDLER: Handler<Query> =
    |query, call| Box::pin(query.measured(answer(query, call)));

/// Which page is asked for. Queries are told apart by their time, and those of one
/// time by a number.
pub(super) fn read(call: Call<'_>) -> Result<Paging<(Timestamp, u64)>, Problem> {
    let mut params = call.params()?;
    let paging = call.paging(&mut params, DEFAULT_LIMIT, MAX_LIMIT)?;
    params.finish()?;
    Ok(paging)
}

async fn answer(query: &Query, call: Call<'_>) -> Answered {
    let paging = read(call)?;
    // One more than is shown tells whether there is a next page.
    let (before, limit) = (paging.after, paging.limit + 1);
    let queries = query.history(call.tenant(), before, limit).await?;
    let mut page = PageWriter::array(paging.limit);
    let last = shown(&queries, false, |query| page.push_json(&Row::from(query)));
    let next = last.map(|last| paging.next(&(last.time, last.sequence)));
    Ok(page.finish(next.transpose()?))
}

#[derive(Serialize)]
struct Row<'a> {
    time: Time,
    series: Option<&'a SeriesName>,
    path: &'a str,
    from: Option<Time>,
    to: Option<Time>,
    duration_ms: Number,
}

impl<'a> From<&'a ports::LoggedQuery> for Row<'a> {
    fn from(query: &'a ports::LoggedQuery) -> Self {
        Self {
            time: Time(query.time),
            series: query.series.as_ref(),
            path: &query.path,
            from: query.from.map(Time),
            to: query.to.map(Time),
            duration_ms: Number::new(query.duration_ms, Some(3)),
        }
    }
}

fn parameters() -> Vec<Parameter> {
    vec![limit("How many queries a page holds"), cursor()]
}

fn success() -> Success {
    let example = json!([{
        "time": "2023-03-01T08:30:00Z", "series": "example1", "path": "/api/example1",
        "from": "2023-02-01T00:00:00Z", "to": null, "duration_ms": 0.29,
    }]);
    let text = "The queries, the latest first";
    let queries = answers::json(text, array(named("HistoryEntry")), example);
    ("200", answers::paged(queries))
}

fn schemas() -> Vec<NamedSchema> {
    let duration = of(Type::Number).minimum(Some(0));
    let entry = closed()
        .with("time", named("Time"))
        .with("series", or_null(Type::String))
        .with("path", of(Type::String))
        .with("from", time_or_null())
        .with("to", time_or_null())
        .with("duration_ms", duration);
    vec![("HistoryEntry", entry.into())]
}

#[cfg(test)]
mod tests {
    use tidemark_core::name::Tenant;

    use super::*;
    use crate::answer::page::text;

    #[test]
    fn an_entry_is_what_was_asked() {
        let mut page = PageWriter::array(2);
        let query = ports::LoggedQuery {
            tenant: Tenant::local(),
            time: Timestamp::from_nanos(0),
            sequence: 1,
            series: SeriesName::new("a").ok(),
            path: "/api/a".to_owned(),
            from: Some(Timestamp::from_nanos(1)),
            to: None,
            duration_ms: 1.234_567,
        };
        assert!(page.push_json(&Row::from(&query)));
        assert!(page.push_json(&Row::from(&ports::LoggedQuery {
            series: None,
            path: "/api".to_owned(),
            from: None,
            duration_ms: 2.0,
            ..query
        })));
        assert_eq!(
            text(&page.finish(None)),
            r#"[{"time":"1970-01-01T00:00:00Z","series":"a","path":"/api/a","from":"1970-01-01T00:00:00.000000001Z","to":null,"duration_ms":1.235},{"time":"1970-01-01T00:00:00Z","series":null,"path":"/api","from":null,"to":null,"duration_ms":2}]"#
        );
    }
}
