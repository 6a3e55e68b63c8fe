//! `GET /compare`: two series, slot by slot.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde::Serialize;
use serde_json::json;
use tidemark_app::query::{self, AlignedRow, ComparisonQuestion, Query};
use tidemark_core::access::Scope;
use tidemark_core::compare::{Comparison, FEWEST_PAIRS};
use tidemark_core::grid::Grid;
use tidemark_core::name::SeriesName;
use tidemark_core::stat::{Answer, Stat, Unit};
use tidemark_core::time::Timestamp;
use tidemark_formats::write::number::{Decimals, Number};
use tidemark_formats::write::time::{Precision, TimeWriter};
use utoipa::openapi::Required;
use utoipa::openapi::path::Parameter;
use utoipa::openapi::schema::{AnyOfBuilder, Type};

use crate::answer;
use crate::answer::page::{PageWriter, shown};
use crate::call::Call;
use crate::cursor::Paging;
use crate::describe::answers::{self, Success};
use crate::describe::parameters::{
    cursor, decimals, flag, from, limit, list, query as parameter, to, zone,
};
use crate::describe::{
    NamedSchema, Properties, array, closed, count, forms, named, of, one_of, or_null, text,
};
use crate::params::{DEFAULT_LIMIT, MAX_LIMIT, Params, missing};
use crate::problem::{Problem, ProblemKind};
use crate::route::{Function, Handler, Route, Verb};

/// The most slots that series are moved against each other, and how many unless it
/// is said: a day of quarter-hours.
const MAX_LAG: usize = 1000;
const DEFAULT_LAG: usize = 96;

pub(super) static ROUTE: Route = Route {
    verb: Verb::Get,
    path: "/compare",
    id: "getComparison",
    scope: Some(Scope::Read),
    tag: "Series",
    summary: "Compare two series",
    description: "Puts two series on one grid, from the first point of either to the last: what each has in all, what both have in common, slot by slot, and how they correlate, at once and moved against each other. For what a house draws and what its roof gives, the shares of the overlap are self-sufficiency and self-consumption. A slot without points counts as zero in the sums, and not at all in correlations. Slots that are narrower than the step of either series, the commonest distance between its points in the range, are refused (422), as few of them would hold a point of both; so are more than 1000000 slots from the first to the last, and more than 200000000 pairs of slots at all lags together (400). A series may be compared with itself.",
    parameters,
    body: None,
    success,
    problems: &[
        ProblemKind::InvalidCursor,
        ProblemKind::UnknownSeries,
        ProblemKind::UnsuitableSeries,
    ],
    schemas,
    function: Function::Query,
};

pub(super) const HANDLER: Handler<Query> =
    |query, call| Box::pin(query.recorded(call.tenant(), call.uri_path(), answer(query, call)));

/// What is asked.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// Of which series.
    pub(super) series: [SeriesName; 2],
    /// How they are put side by side.
    pub(super) question: ComparisonQuestion,
    /// How far they are moved against each other, in slots.
    pub(super) max_lag: usize,
    /// Whether the slots themselves are wanted.
    rows: bool,
    /// How numbers are rounded.
    decimals: Decimals,
    /// Which page of the slots; the position is the start of the last one of the page
    /// before.
    paging: Paging<Timestamp>,
}

impl Asked {
    pub(super) fn read(call: Call<'_>) -> Result<Self, Problem> {
        let mut params = call.params()?;
        let series = take_pair(&mut params)?;
        let zone = params.take_zone()?;
        let span = params.take_span(zone)?;
        let every = params
            .take_parsed("every")?
            .ok_or_else(|| missing("every"))?;
        let names: Vec<_> = numeric().map(|stat| (stat.name(), stat)).collect();
        let choices: Vec<_> = names.iter().map(|(name, stat)| (&**name, *stat)).collect();
        // Sums alone add up to what the series have in all.
        let stat = params.take_choice("stat", &choices)?.unwrap_or(Stat::Sum);
        let max_lag = params.take_integer("max_lag", 0, MAX_LAG)?;
        let rows = params.take_flag("rows")?;
        let decimals = params.take_decimals()?;
        let paging = call.paging(&mut params, DEFAULT_LIMIT, MAX_LIMIT)?;
        params.finish()?;
        Ok(Self {
            series,
            question: ComparisonQuestion {
                span,
                grid: Grid { every, zone },
                stat,
            },
            max_lag: max_lag.unwrap_or(DEFAULT_LAG),
            rows,
            decimals,
            paging,
        })
    }
}

fn take_pair(params: &mut Params) -> Result<[SeriesName; 2], Problem> {
    let expected = "the names of two series with a comma between them, as `a,b`";
    let pair = params.take("series", expected, |text| {
        let (one, other) = text.split_once(',')?;
        let name = |text| SeriesName::new(text).ok();
        Some([name(one)?, name(other)?])
    })?;
    pair.ok_or_else(|| missing("series"))
}

/// The statistics that are numbers, and of a slot's own points.
fn numeric() -> impl Iterator<Item = Stat> {
    Stat::named().filter(|stat| stat.unit() != Unit::Instant && !stat.crosses_edges())
}

async fn answer(
    query: &Query,
    call: Call<'_>,
) -> Result<(Response<Bytes>, query::QuerySubject), Problem> {
    let asked = Asked::read(call)?;
    let series = [call.key(&asked.series[0]), call.key(&asked.series[1])];
    let response = if asked.rows {
        // One more than is shown tells whether there is a next page.
        let (last, limit) = (asked.paging.after, asked.paging.limit + 1);
        let rows = query.aligned(series, &asked.question, last, limit).await?;
        page(&rows, &asked)?
    } else {
        let found = query
            .compare(series, &asked.question, asked.max_lag)
            .await?;
        compared(&found, &asked)
    };
    let about = query::QuerySubject {
        // It is about two.
        series: None,
        from: asked.question.span.from,
        to: asked.question.span.to,
    };
    Ok((response, about))
}

#[derive(Serialize)]
struct Compared<'a> {
    slots: u64,
    both: u64,
    a: Side<'a>,
    b: Side<'a>,
    overlap: Option<Number>,
    only_a: Option<Number>,
    only_b: Option<Number>,
    overlap_share_a: Option<Number>,
    overlap_share_b: Option<Number>,
    correlation: Option<Number>,
    best_lag: Option<Lag>,
}

#[derive(Serialize)]
struct Side<'a> {
    series: &'a SeriesName,
    total: Option<Number>,
}

#[derive(Serialize)]
struct Lag {
    lag: isize,
    correlation: Number,
}

fn compared(found: &Comparison, asked: &Asked) -> Response<Bytes> {
    let [a, b] = &asked.series;
    let number = |answer| number(answer, asked.decimals);
    let best_lag = found.best_lag.map(|best| Lag {
        lag: best.lag,
        correlation: Number::new(best.correlation, asked.decimals),
    });
    let content = Compared {
        slots: found.slots,
        both: found.both,
        a: Side {
            series: a,
            total: number(found.totals[0]),
        },
        b: Side {
            series: b,
            total: number(found.totals[1]),
        },
        overlap: number(found.overlap),
        only_a: number(found.only[0]),
        only_b: number(found.only[1]),
        overlap_share_a: number(found.shares[0]),
        overlap_share_b: number(found.shares[1]),
        correlation: number(found.correlation),
        best_lag,
    };
    let mut response = answer::json(StatusCode::OK, &content);
    let sums = [found.totals, found.only, found.shares];
    let mut answers = sums
        .as_flattened()
        .iter()
        .chain([&found.overlap, &found.correlation]);
    if answers.any(|answer| *answer == Answer::Overflow) {
        answer::warn_of_overflow(&mut response);
    }
    response
}

fn number(answer: Answer, decimals: Decimals) -> Option<Number> {
    match answer {
        Answer::Number(number) => Some(Number::new(number, decimals)),
        Answer::Count(count) => Some(Number::new(count as f64, decimals)),
        Answer::Time(_) | Answer::Undefined | Answer::Overflow => None,
    }
}

fn page(rows: &[AlignedRow], asked: &Asked) -> Result<Response<Bytes>, Problem> {
    let mut page = PageWriter::array(asked.paging.limit);
    let mut times = TimeWriter::new(Precision::Needed);
    let mut overflow = false;
    let last = shown(rows, false, |(slot, cells)| {
        let answers = [cells[0].answer(), cells[1].answer()];
        let pushed = page.push(|out| {
            out.extend_from_slice(b"{\"start\":\"");
            times.write(slot.start, out);
            out.extend_from_slice(b"\",\"end\":\"");
            times.write(slot.end, out);
            out.push(b'"');
            for (key, answer) in [(&b",\"a\":"[..], answers[0]), (b",\"b\":", answers[1])] {
                out.extend_from_slice(key);
                match number(answer, asked.decimals) {
                    Some(number) => number.write(out),
                    None => out.extend_from_slice(b"null"),
                }
            }
            out.push(b'}');
        });
        overflow |= pushed && answers.contains(&Answer::Overflow);
        pushed
    });
    let next = last.map(|(slot, _)| asked.paging.next(&slot.start));
    let mut response = page.finish(next.transpose()?);
    if overflow {
        answer::warn_of_overflow(&mut response);
    }
    Ok(response)
}

fn parameters() -> Vec<Parameter> {
    let pair = array(named("SeriesName"))
        .min_items(Some(2))
        .max_items(Some(2));
    let which = "The two series, `a` and `b` in the answer";
    let series = parameter("series", which, pair, json!(["example1", "example2"]));
    let width = "How wide a slot is, as for buckets: `1s` to `24h`, or, by the calendar in `tz`, `1d`, `1w`, `1mo`, `1q`, `1y`. Not narrower than the step of either series";
    let every = parameter("every", width, text(forms::EVERY), "15m").required(Required::True);
    let names: Vec<_> = numeric().map(Stat::name).collect();
    let stats = one_of(names.iter().map(AsRef::as_ref)).default(Some(json!("sum")));
    let what = "What of the points of a slot is compared. With `sum`, unless it is said: of the statistics it is the one that adds up to what a series has in all. Those of what lies between points, which reaches over the edges of slots, are not among them";
    let lags = of(Type::Integer)
        .minimum(Some(0))
        .maximum(Some(MAX_LAG))
        .default(Some(json!(DEFAULT_LAG)));
    let far = "How many slots the series are moved against each other at most, either way";
    vec![
        list(series.required(Required::True)),
        every.build(),
        from(),
        to(),
        zone(),
        parameter("stat", what, stats, "sum").build(),
        parameter("max_lag", far, lags, 96).build(),
        flag(
            "rows",
            "Whether to answer the slots themselves, in pages: those in which at least one of the series has a number",
        ),
        decimals(),
        limit("How many slots a page holds, with `rows=true`"),
        cursor(),
    ]
}

fn success() -> Success {
    let example = json!({
        "slots": 2688, "both": 2688,
        "a": {"series": "example1", "total": 91.3049},
        "b": {"series": "example2", "total": 53.537},
        "overlap": 25.0201, "only_a": 66.2848, "only_b": 28.5169,
        "overlap_share_a": 0.274, "overlap_share_b": 0.4673,
        "correlation": -0.0005, "best_lag": {"lag": 84, "correlation": 0.0458},
    });
    let schema = AnyOfBuilder::new()
        .item(named("Comparison"))
        .item(array(named("ComparedSlot")));
    let text = "How the series compare; with `rows=true` the slots, ascending";
    let answer = answers::json(text, schema, example);
    ("200", answers::paged(answers::warning(answer)))
}

fn schemas() -> Vec<NamedSchema> {
    let number = |text: &str| or_null(Type::Number).that_is(text);
    let share = |text: &str| number(text).minimum(Some(0)).maximum(Some(1));
    let side = closed()
        .with("series", named("SeriesName"))
        .with("total", number("The sum of what it has in its slots"))
        .that_is("One of the two series");
    let slots = "In how many slots at least one of the series has a number";
    let overlap = "The sum of the lesser number of each slot, one that is missing being zero. Null, as are the four that follow, where the number of a slot is negative";
    let correlation = "Pearson's coefficient over the slots in which both have a number. Null with fewer than two of them, or where either does not vary in them";
    let best = format!(
        "The lag with the greatest coefficient, over the pairs of a slot of `a` and the slot of `b` that is so much later. A lag counts if there are {FEWEST_PAIRS} such pairs and half as many as at the lag with most; of coefficients within 1e-12 of the greatest, that of the least lag counts, and of two as great the positive. Null where there is none"
    );
    let later = "How many slots `b` follows `a`; negative where it is ahead";
    let coefficient = |text: &str| {
        let number = of(Type::Number).minimum(Some(-1)).maximum(Some(1));
        number.that_is(text)
    };
    let lag = of(Type::Integer)
        .minimum(Some(-1000))
        .maximum(Some(MAX_LAG));
    let best_lag = closed()
        .with("lag", lag.that_is(later))
        .with("correlation", coefficient("Pearson's coefficient there"))
        .that_is("Where two series correlate best");
    let best_lag_or_null = AnyOfBuilder::new()
        .item(named("BestLag"))
        .item(of(Type::Null))
        .description(Some(best));
    let comparison = closed()
        .with("slots", count().that_is(slots))
        .with("both", count().that_is("In how many slots both have one"))
        .with("a", named("ComparedSeries"))
        .with("b", named("ComparedSeries"))
        .with("overlap", number(overlap))
        .with("only_a", number("The total of `a` without the overlap"))
        .with("only_b", number("The total of `b` without the overlap"))
        .with(
            "overlap_share_a",
            share("The overlap by the total of `a`; null where that is zero"),
        )
        .with(
            "overlap_share_b",
            share("The overlap by the total of `b`; null where that is zero"),
        )
        .with(
            "correlation",
            number(correlation).minimum(Some(-1)).maximum(Some(1)),
        )
        .with("best_lag", best_lag_or_null)
        .that_is("How two series compare");
    let slot = closed()
        .with("start", named("Time"))
        .with("end", named("Time"))
        .with("a", number("What the first series has; null if nothing"))
        .with("b", number("What the second has; null if nothing"))
        .that_is("A slot from `start` up to, but without, `end`");
    vec![
        ("Comparison", comparison.into()),
        ("BestLag", best_lag.into()),
        ("ComparedSeries", side.into()),
        ("ComparedSlot", slot.into()),
    ]
}

#[cfg(test)]
mod tests;
