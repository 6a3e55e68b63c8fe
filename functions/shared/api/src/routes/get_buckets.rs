//! `GET /api/{name}/buckets`: statistics by time bucket.

use bytes::Bytes;
use http::{HeaderValue, Response};
use serde_json::json;
use tidemark_app::query::{self, BucketQuestion, Fill, Query};
use tidemark_core::access::Scope;
use tidemark_core::grid::Grid;
use tidemark_core::name::SeriesName;
use tidemark_core::stat::{Answer, Stat};
use tidemark_core::time::Timestamp;
use tidemark_formats::write::number::Decimals;
use tidemark_formats::write::time::{Precision, TimeWriter};
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder};

use crate::answer;
use crate::answer::page::{PageWriter, shown};
use crate::answer::stats::write_field;
use crate::call::Call;
use crate::cursor::Paging;
use crate::describe::answers::{self, Success};
use crate::describe::parameters::{
    cursor, decimals, from, interpolate, limit, name, query as parameter, stats, to, unit, zone,
};
use crate::describe::schemas::with_stats;
use crate::describe::{NamedSchema, Properties, array, closed, forms, named, one_of, text};
use crate::params::{DEFAULT_LIMIT, MAX_LIMIT, missing};
use crate::problem::{Problem, ProblemKind};
use crate::route::{Function, Handler, Route, Verb};

pub(super) static ROUTE: Route = Route {
    verb: Verb::Get,
    path: "/api/{name}/buckets",
    id: "getBuckets",
    scope: Some(Scope::Read),
    tag: "Series",
    summary: "Ask for statistics by time bucket",
    description: "The same as the statistics of the series, by buckets of a fixed width or of the calendar: in a zone with summer time a day in spring has 23 hours. The range is cut to the first and the last point of the series, also where no point is in the range; more than 1000000 buckets in it are refused. Where `increase`, `rate`, `integral` or `twa` is asked for, buckets without points that lie between points are answered as well, with `count` 0.",
    parameters,
    body: None,
    success,
    problems: &[ProblemKind::InvalidCursor, ProblemKind::UnknownSeries],
    schemas,
    function: Function::Query,
};

pub(super) const HANDLER: Handler<Query> =
    |query, call| Box::pin(query.recorded(call.tenant(), call.uri_path(), answer(query, call)));

/// What is asked.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// Of which series.
    series: SeriesName,
    /// What of it.
    pub(super) question: BucketQuestion,
    /// How numbers are rounded.
    decimals: Decimals,
    /// Which page; the position is the start of the last bucket of the page
    /// before.
    paging: Paging<Timestamp>,
}

impl Asked {
    pub(super) fn read(call: Call<'_>) -> Result<Self, Problem> {
        let mut params = call.params()?;
        let series = call.path.series()?;
        let zone = params.take_zone()?;
        let span = params.take_span(zone)?;
        let every = params
            .take_parsed("every")?
            .ok_or_else(|| missing("every"))?;
        let stats = params.take_stats()?;
        let ways = params.take_ways()?;
        let fill = params
            .take_choice("fill", &Fill::CHOICES)?
            .unwrap_or_default();
        let decimals = params.take_decimals()?;
        let paging: Paging<Timestamp> = call.paging(&mut params, DEFAULT_LIMIT, MAX_LIMIT)?;
        params.finish()?;
        Ok(Self {
            series,
            question: BucketQuestion {
                span,
                grid: Grid { every, zone },
                stats,
                ways,
                fill,
                last: paging.after,
                // One more than is shown tells whether there is a next page.
                limit: paging.limit + 1,
            },
            decimals,
            paging,
        })
    }
}

async fn answer(
    query: &Query,
    call: Call<'_>,
) -> Result<(Response<Bytes>, query::QuerySubject), Problem> {
    let asked = Asked::read(call)?;
    let (series, paging) = (call.key(&asked.series), &asked.paging);
    let rows = query.buckets(series, &asked.question).await?;
    let mut page = Buckets::new(asked.decimals, paging.limit);
    let last = shown(&rows, false, |(slot, answers)| {
        page.push(slot.start, slot.end, answers)
    });
    let next = last.map(|(last, _)| paging.next(&last.start)).transpose()?;
    let about = query::QuerySubject {
        series: Some(asked.series),
        from: asked.question.span.from,
        to: asked.question.span.to,
    };
    Ok((page.finish(next), about))
}

/// Buckets being written.
#[derive(Debug)]
struct Buckets {
    page: PageWriter,
    decimals: Decimals,
    times: TimeWriter,
    overflow: bool,
}

impl Buckets {
    /// A page of at most `limit` buckets.
    fn new(decimals: Decimals, limit: usize) -> Self {
        Self {
            page: PageWriter::array(limit),
            decimals,
            times: TimeWriter::new(Precision::Needed),
            overflow: false,
        }
    }

    /// Adds the bucket from `start` up to, but without, `end`. `false`: the
    /// page is full and the bucket is not in it.
    fn push(&mut self, start: Timestamp, end: Timestamp, stats: &[(Stat, Answer)]) -> bool {
        let (times, decimals) = (&mut self.times, self.decimals);
        let pushed = self.page.push(|out| {
            out.extend_from_slice(b"{\"start\":\"");
            times.write(start, out);
            out.extend_from_slice(b"\",\"end\":\"");
            times.write(end, out);
            out.push(b'"');
            for (stat, answer) in stats {
                out.push(b',');
                write_field(out, times, *stat, *answer, decimals);
            }
            out.push(b'}');
        });
        self.overflow |= pushed && stats.iter().any(|(_, a)| matches!(a, Answer::Overflow));
        pushed
    }

    /// The answer.
    fn finish(self, next: Option<HeaderValue>) -> Response<Bytes> {
        let mut response = self.page.finish(next);
        if self.overflow {
            answer::warn_of_overflow(&mut response);
        }
        response
    }
}

fn parameters() -> Vec<Parameter> {
    vec![
        name(),
        every().required(Required::True).build(),
        from(),
        to(),
        zone(),
        stats(),
        interpolate(),
        unit(),
        fill(),
        decimals(),
        limit("How many buckets a page holds"),
        cursor(),
    ]
}

pub(super) fn every() -> ParameterBuilder {
    let width = "How wide a bucket is: `1s` to `24h` (any number of `s`, `m` or `h`), or, by the calendar in `tz`, `1d`, `1w` (from Monday), `1mo`, `1q`, `1y`";
    parameter("every", width, text(forms::EVERY), "15m")
}

pub(super) fn fill() -> Parameter {
    let schema = one_of(Fill::CHOICES.map(|(name, _)| name)).default(Some(json!("none")));
    let text = "What stands in a bucket without points, but for what is known there (`increase`, `rate`, `integral`, `twa`): with `none` there is no such bucket; `null`; the `previous` bucket's; what lies on the line (`linear`) between the buckets on either side; `zero`. The nearest buckets before and after the range count as well. `count` stays 0, and with `linear` and `zero` an instant is null";
    parameter("fill", text, schema, "null").build()
}

fn success() -> Success {
    let example = json!([{"start": "2023-02-01T00:00:00Z", "end": "2023-02-01T00:15:00Z", "avg": 0.15, "sum": 0.61}]);
    let buckets = answers::json("The buckets", array(named("Bucket")), example);
    ("200", answers::paged(answers::warning(buckets)))
}

fn schemas() -> Vec<NamedSchema> {
    let ends = closed()
        .with("start", named("Time"))
        .with("end", named("Time"));
    let bucket = with_stats(ends).that_is("A bucket from `start` up to, but without, `end`");
    vec![("Bucket", bucket.into())]
}

#[cfg(test)]
mod tests {
    use http::header::WARNING;

    use super::*;
    use crate::answer::page::text;

    #[test]
    fn buckets_have_a_start_and_an_end() {
        let at = |seconds| Timestamp::from_seconds(seconds).unwrap();
        let mut buckets = Buckets::new(Some(2), 2);
        let stats = [
            (Stat::Sum, Answer::Number(0.614)),
            (Stat::Avg, Answer::Undefined),
        ];
        assert!(buckets.push(at(0), at(900), &stats));
        assert!(buckets.push(at(900), at(1800), &[]));
        assert!(!buckets.push(at(1800), at(2700), &[(Stat::Sum, Answer::Overflow)]));
        let response = buckets.finish(None);
        assert_eq!(
            text(&response),
            r#"[{"start":"1970-01-01T00:00:00Z","end":"1970-01-01T00:15:00Z","sum":0.61,"avg":null},{"start":"1970-01-01T00:15:00Z","end":"1970-01-01T00:30:00Z"}]"#
        );
        assert_eq!(response.headers().get(WARNING), None);
    }

    #[test]
    fn an_overflow_is_told() {
        let mut buckets = Buckets::new(None, 2);
        buckets.push(
            Timestamp::MIN,
            Timestamp::MAX,
            &[(Stat::Sum, Answer::Overflow)],
        );
        let response = buckets.finish(None);
        assert!(response.headers().contains_key(WARNING));
    }
}
