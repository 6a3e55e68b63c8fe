//! `GET /api/{name}`: statistics over a range.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::json;
use tidemark_app::query::{self, Query};
use tidemark_core::access::Scope;
use tidemark_core::name::SeriesName;
use tidemark_core::portion::Ways;
use tidemark_core::stat::{Answer, Stat};
use tidemark_core::time::Span;
use tidemark_formats::write::number::Decimals;
use tidemark_formats::write::time::{Precision, TimeWriter};
use utoipa::openapi::path::Parameter;

use crate::answer::stats::write_field;
use crate::answer::{self, JSON};
use crate::call::Call;
use crate::describe::answers::{self, Success};
use crate::describe::parameters::{decimals, from, interpolate, name, stats, to, unit, zone};
use crate::describe::schemas::with_stats;
use crate::describe::{NamedSchema, Properties, closed, named};
use crate::problem::{Problem, ProblemKind};
use crate::route::{Function, Handler, Route, Verb};

pub(super) static ROUTE: Route = Route {
    verb: Verb::Get,
    path: "/api/{name}",
    id: "getStats",
    scope: Some(Scope::Read),
    tag: "Series",
    summary: "Ask for statistics of a series",
    description: "The average and the sum of the points in a range, or whatever `stats` names. `increase`, `rate`, `integral` and `twa` take into account what is between points, from `from` to `to`, also of a segment that crosses these; so the parts of a range add up to the whole. Of several equal extremes the earliest counts.",
    parameters,
    body: None,
    success,
    problems: &[ProblemKind::UnknownSeries],
    schemas,
    function: Function::Query,
};

pub(super) const HANDLER: Handler<Query> =
    |query, call| Box::pin(query.recorded(call.tenant(), call.uri_path(), answer(query, call)));

/// What is asked.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// Which series.
    pub(super) series: SeriesName,
    /// Which points of it.
    pub(super) span: Span,
    /// What of them, in this order.
    pub(super) stats: Vec<Stat>,
    /// How what takes time into account is worked out.
    pub(super) ways: Ways,
    /// How numbers are rounded.
    pub(super) decimals: Decimals,
}

impl Asked {
    pub(super) fn read(call: Call<'_>) -> Result<Self, Problem> {
        let mut params = call.params()?;
        let series = call.path.series()?;
        let zone = params.take_zone()?;
        let span = params.take_span(zone)?;
        let stats = params.take_stats()?;
        let ways = params.take_ways()?;
        let decimals = params.take_decimals()?;
        params.finish()?;
        Ok(Self {
            series,
            span,
            stats,
            ways,
            decimals,
        })
    }
}

async fn answer(
    query: &Query,
    call: Call<'_>,
) -> Result<(Response<Bytes>, query::QuerySubject), Problem> {
    let asked = Asked::read(call)?;
    let series = call.key(&asked.series);
    let answers = query
        .stats(series, asked.span.range, &asked.stats, asked.ways)
        .await?;
    let about = query::QuerySubject {
        series: Some(asked.series),
        from: asked.span.from,
        to: asked.span.to,
    };
    Ok((written(&answers, asked.decimals), about))
}

/// The statistics that were asked for, in that order, as one JSON object.
fn written(stats: &[(Stat, Answer)], decimals: Decimals) -> Response<Bytes> {
    let mut out = Vec::with_capacity(32 * stats.len() + 2);
    let mut times = TimeWriter::new(Precision::Needed);
    out.push(b'{');
    for (i, (stat, answer)) in stats.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        write_field(&mut out, &mut times, *stat, *answer, decimals);
    }
    out.push(b'}');
    let mut response = answer::body(StatusCode::OK, JSON, out);
    if stats.iter().any(|(_, a)| matches!(a, Answer::Overflow)) {
        answer::warn_of_overflow(&mut response);
    }
    response
}

fn parameters() -> Vec<Parameter> {
    vec![
        name(),
        from(),
        to(),
        zone(),
        stats(),
        interpolate(),
        unit(),
        decimals(),
    ]
}

fn success() -> Success {
    let example = json!({"avg": 2.333_333_333_333_333_5, "sum": 7});
    let stats = answers::json("The statistics", named("Stats"), example);
    ("200", answers::warning(stats).build())
}

fn schemas() -> Vec<NamedSchema> {
    let stats = with_stats(closed()).that_is("The statistics that were asked for, in that order. Null is what is not defined, for want of points, of variance, of an rms that is not zero, of time");
    vec![("Stats", stats.into())]
}

#[cfg(test)]
mod tests {
    use http::header::WARNING;
    use tidemark_core::time::Timestamp;

    use super::*;
    use crate::answer::page::text;

    #[test]
    fn statistics_come_in_the_order_asked() {
        let stats = [
            (Stat::Sum, Answer::Number(7.0)),
            (Stat::Avg, Answer::Number(7.0 / 3.0)),
            (Stat::Count, Answer::Count(3)),
            (Stat::MinTime, Answer::Time(Timestamp::from_nanos(0))),
            (Stat::Skewness, Answer::Undefined),
        ];
        let all = written(&stats, None);
        assert_eq!(
            text(&all),
            r#"{"sum":7,"avg":2.3333333333333335,"count":3,"min_time":"1970-01-01T00:00:00Z","skewness":null}"#
        );
        assert_eq!(all.headers().get(WARNING), None);
        assert_eq!(
            text(&written(&[stats[1], stats[0]], Some(2))),
            r#"{"avg":2.33,"sum":7}"#
        );
        assert_eq!(text(&written(&[], None)), "{}");
    }

    #[test]
    fn an_overflow_is_null_with_a_warning() {
        let response = written(&[(Stat::Sum, Answer::Overflow)], None);
        assert_eq!(text(&response), r#"{"sum":null}"#);
        assert_eq!(
            response.headers()[WARNING],
            "199 - \"a null stands for a number beyond the range of a 64-bit float\""
        );
    }
}
