//! `GET /aggregate`: statistics across series.

use bytes::Bytes;
use http::{HeaderValue, Response};
use serde_json::json;
use tidemark_app::query::{
    AggregateQuestion, AggregateRow, Fill, GroupBy, Query, QuerySubject, RowPlace, SeriesChoice,
};
use tidemark_core::access::Scope;
use tidemark_core::across::Across;
use tidemark_core::grid::Grid;
use tidemark_core::name::SeriesName;
use tidemark_core::pattern::Pattern;
use tidemark_core::stat::{Answer, Stat};
use tidemark_core::time::Timestamp;
use tidemark_formats::write::json::append;
use tidemark_formats::write::number::Decimals;
use tidemark_formats::write::time::{Precision, TimeWriter};
use utoipa::openapi::path::Parameter;
use utoipa::openapi::schema::{AdditionalProperties, SchemaType, Type};

use super::get_buckets::{every, fill};
use crate::answer;
use crate::answer::page::{PageWriter, shown};
use crate::answer::stats::write_field;
use crate::call::Call;
use crate::cursor::Paging;
use crate::describe::answers::{self, Success};
use crate::describe::parameters::{
    cursor, decimals, from, interpolate, limit, list, matching, query as parameter, stats, to,
    unit, zone,
};
use crate::describe::schemas::with_stats;
use crate::describe::{
    NamedSchema, Properties, array, count, forms, named, of, one_of, or_null, text,
};
use crate::params::{DEFAULT_LIMIT, MAX_LIMIT, Params, invalid, missing};
use crate::problem::{Problem, ProblemKind};
use crate::route::{Handler, Route, Verb};

pub(super) static ROUTE: Route = Route {
    verb: Verb::Get,
    path: "/aggregate",
    id: "aggregate",
    scope: Some(Scope::Read),
    tag: "Analysis",
    summary: "Ask for statistics across series",
    description: "Statistics of groups of series. The series are those whose names match a pattern, or a list; `by` says which belong together. The points of a group are one heap; with `across` each series is reduced (and filled) by itself first, and its results are combined for each slot. The slots of a group span its first to its last point in the range. `delta`, `increase`, `rate`, `integral`, `twa`, `mode_step`, `first`, `last` and `duration` are of one series: they need `across`, or `by=series`. Refused is what is about too many series, points or slots; the answer says what to narrow.",
    parameters,
    body: None,
    success,
    problems: &[ProblemKind::InvalidCursor, ProblemKind::UnknownSeries],
    schemas,
    handler: Handler::Query(|query, call| {
        Box::pin(query.recorded(call.tenant(), call.uri_path(), answer(query, call)))
    }),
};

/// A row's group, the start of its slot, and until when points are looked at.
type Position = (Vec<String>, Option<Timestamp>, Timestamp);

/// What is asked.
#[derive(Debug, Clone)]
struct Asked {
    question: AggregateQuestion,
    /// What the labels of a row are called.
    labels: Vec<String>,
    decimals: Decimals,
    paging: Paging<Position>,
}

impl Asked {
    fn read(call: Call<'_>) -> Result<Self, Problem> {
        let mut params = call.params()?;
        let choice = take_choice(&mut params)?;
        let (by, labels) = take_by(&mut params, &choice)?;
        let zone = params.take_zone()?;
        let span = params.take_span(zone)?;
        let every = params.take_parsed("every")?;
        let stats = params.take_stats()?;
        let ways = params.take_ways()?;
        let fill = params.take_choice("fill", &Fill::CHOICES)?;
        let across = params.take_choice("across", &Across::CHOICES)?;
        let decimals = params.take_decimals()?;
        let paging: Paging<Position> = call.paging(&mut params, DEFAULT_LIMIT, MAX_LIMIT)?;
        params.finish()?;
        if fill.is_some() && every.is_none() {
            return Err(invalid("`fill` is about slots: it needs `every`"));
        }
        check(&stats, across, &by)?;
        let last = paging.after.clone();
        Ok(Self {
            question: AggregateQuestion {
                choice,
                by,
                span,
                grid: every.map(|every| Grid { every, zone }),
                stats,
                ways,
                fill: fill.unwrap_or_default(),
                across,
                last: last.map(|(group, start, to)| RowPlace { group, start, to }),
                // One more than is shown tells whether there is a next page.
                limit: paging.limit + 1,
            },
            labels,
            decimals,
            paging,
        })
    }
}

/// Takes `match` or `series`.
fn take_choice(params: &mut Params) -> Result<SeriesChoice, Problem> {
    let pattern = params.take_parsed::<Pattern>("match")?;
    let names = params.take_list::<SeriesName>("series")?;
    match (pattern, names) {
        (Some(pattern), None) => Ok(SeriesChoice::Matching(pattern)),
        (None, Some(mut names)) => {
            names.sort_unstable();
            names.dedup();
            Ok(SeriesChoice::Named(names))
        }
        (Some(_), Some(_)) => Err(invalid(
            "`match` and `series` both say which series are meant: give one of them",
        )),
        (None, None) => Err(missing("match` or `series")),
    }
}

/// Takes `by`: the groups, and what their labels are called.
fn take_by(params: &mut Params, choice: &SeriesChoice) -> Result<(GroupBy, Vec<String>), Problem> {
    let Some(text) = params.take_text("by") else {
        return Ok((GroupBy::Nothing, Vec::new()));
    };
    if text == "series" {
        return Ok((GroupBy::Series, vec![text]));
    }
    let known = match choice {
        SeriesChoice::Matching(pattern) => pattern.labels(),
        SeriesChoice::Named(_) => &[],
    };
    let mut positions = Vec::new();
    let mut labels = Vec::new();
    for label in text.split(',') {
        let Some(position) = known.iter().position(|known| known == label) else {
            return Err(unknown_label(label, known));
        };
        if positions.contains(&position) {
            return Err(invalid(format!("`by` names `{label}` twice")));
        }
        positions.push(position);
        labels.push(label.to_owned());
    }
    Ok((GroupBy::Labels(positions), labels))
}

fn unknown_label(label: &str, known: &[String]) -> Problem {
    let known = match known {
        [] => "there are none".to_owned(),
        known => format!("there are `{}`", known.join("`, `")),
    };
    let label: String = label.chars().take(64).collect();
    invalid(format!(
        "`by` must be `series`, or labels of `match` with commas between them; `{label}` is no label of it, {known}"
    ))
}

/// 400 for statistics that the groups do not have.
fn check(stats: &[Stat], across: Option<Across>, by: &GroupBy) -> Result<(), Problem> {
    let is_pooled = across.is_none() && *by != GroupBy::Series;
    if let Some(stat) = stats
        .iter()
        .find(|stat| is_pooled && stat.needs_one_series())
    {
        return Err(invalid(format!(
            "`{stat}` is of one series: say with `across` how those of several series are combined, or ask for each with `by=series`"
        )));
    }
    let uncombined = |stat: &&Stat| across.is_some_and(|across| !across.combines(**stat));
    match stats.iter().find(uncombined) {
        Some(stat) => Err(invalid(format!(
            "`{stat}` is an instant, of which there is no sum and no average: `across` must be `min` or `max`"
        ))),
        None => Ok(()),
    }
}

async fn answer(query: &Query, call: Call<'_>) -> Result<(Response<Bytes>, QuerySubject), Problem> {
    let asked = Asked::read(call)?;
    let (question, paging) = (&asked.question, &asked.paging);
    let found = query.aggregate(call.tenant(), question).await?;
    let mut page = Rows::new(asked.labels, asked.decimals, paging.limit);
    let last = shown(&found.rows, false, |row| page.push(row));
    let next = last
        .map(|row| {
            let start = row.slot.map(|slot| slot.start);
            paging.next(&(row.group.clone(), start, found.to))
        })
        .transpose()?;
    let about = QuerySubject {
        series: None,
        from: question.span.from,
        to: question.span.to,
    };
    Ok((page.finish(next), about))
}

/// Rows being written.
#[derive(Debug)]
struct Rows {
    page: PageWriter,
    labels: Vec<String>,
    decimals: Decimals,
    times: TimeWriter,
    overflow: bool,
}

impl Rows {
    fn new(labels: Vec<String>, decimals: Decimals, limit: usize) -> Self {
        Self {
            page: PageWriter::array(limit),
            labels,
            decimals,
            times: TimeWriter::new(Precision::Needed),
            overflow: false,
        }
    }

    /// Adds a row. `false`: the page is full and the row is not in it.
    fn push(&mut self, row: &AggregateRow) -> bool {
        let (times, decimals, labels) = (&mut self.times, self.decimals, &self.labels);
        let pushed = self.page.push(|out| {
            out.push(b'{');
            for (label, value) in labels.iter().zip(&row.group) {
                append(out, label);
                out.push(b':');
                append(out, value);
                out.push(b',');
            }
            if let Some(slot) = row.slot {
                out.extend_from_slice(b"\"start\":\"");
                times.write(slot.start, out);
                out.extend_from_slice(b"\",\"end\":\"");
                times.write(slot.end, out);
                out.extend_from_slice(b"\",");
            }
            out.extend_from_slice(b"\"contributing\":");
            out.extend_from_slice(itoa::Buffer::new().format(row.contributing).as_bytes());
            for (stat, answer) in &row.answers {
                out.push(b',');
                write_field(out, times, *stat, *answer, decimals);
            }
            out.push(b'}');
        });
        let answers = row.answers.iter();
        self.overflow |= pushed && answers.clone().any(|(_, a)| matches!(a, Answer::Overflow));
        pushed
    }

    fn finish(self, next: Option<HeaderValue>) -> Response<Bytes> {
        let mut response = self.page.finish(next);
        if self.overflow {
            answer::warn_of_overflow(&mut response);
        }
        response
    }
}

fn parameters() -> Vec<Parameter> {
    let names = array(
        text(forms::NAME)
            .min_length(Some(1))
            .max_length(Some(SeriesName::MAX_BYTES)),
    );
    let series = parameter(
        "series",
        "The series, with commas between their names, in place of `match`. One that there is not is 404",
        names,
        json!(["example1", "example2"]),
    );
    let labels = array(text(forms::LABEL)).min_items(Some(1));
    let by = parameter(
        "by",
        "Which series belong together: those for which these labels of `match` stand for the same; or `series`: each for itself. All of them unless it is said",
        labels,
        json!(["unit"]),
    );
    let across = parameter(
        "across",
        "How the results of the series of a group are combined. Without it their points are one heap",
        one_of(Across::CHOICES.map(|(name, _)| name)),
        "max",
    );
    vec![
        matching("Which series are meant"),
        list(series),
        list(by),
        every().build(),
        from(),
        to(),
        zone(),
        stats(),
        interpolate(),
        unit(),
        fill(),
        across.build(),
        decimals(),
        limit("How many rows a page holds"),
        cursor(),
    ]
}

fn success() -> Success {
    let example = json!([{"unit": "u1", "start": "2023-02-01T00:00:00Z", "end": "2023-02-01T01:00:00Z", "contributing": 12, "avg": 20.5, "max": 31}]);
    let rows = answers::json(
        "The rows, by group, then by time",
        array(named("AggregateRow")),
        example,
    );
    ("200", answers::paged(answers::warning(rows)))
}

fn schemas() -> Vec<NamedSchema> {
    // Labels are texts, and a quantile may have any number in its name.
    let others = SchemaType::from_iter([Type::String, Type::Number, Type::Null]);
    let others = of(Type::String)
        .schema_type(others)
        .that_is("A label of `by`, which is a text; or a quantile, by its name, as `p99.9`");
    let row = with_stats(of(Type::Object))
        .additional_properties(Some(AdditionalProperties::RefOr(others.into())))
        // The mean of several counts is no whole number.
        .property("count", or_null(Type::Number).that_is(Stat::Count.meaning()))
        .property("start", named("Time"))
        .property("end", named("Time"))
        .with("contributing", count().that_is("How many series have a point there"))
        .that_is("What stands in a slot of a group, with `every`; else in all of its range. The labels of `by` come first");
    vec![("AggregateRow", row.into())]
}
