//! `GET /meterdata/measurement`: what a meter measured, asked and answered as by
//! its own service.

use bytes::Bytes;
use http::Response;
use serde_json::json;
use tidemark_app::query::{self, MeterRowPlace, Query};
use tidemark_core::access::Scope;
use tidemark_core::name::SeriesName;
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_core::zone::Zone;
use tidemark_formats::MAX_PART_BYTES;
use tidemark_formats::write::measurements::{MeterRow, RowWriter};
use utoipa::openapi::Required;
use utoipa::openapi::path::Parameter;
use utoipa::openapi::schema::Type;

use crate::answer::JSON;
use crate::answer::page::PageWriter;
use crate::call::Call;
use crate::cursor::Paging;
use crate::describe::answers::{self, Success};
use crate::describe::parameters::{cursor, instant, limit, query as parameter};
use crate::describe::schemas::part;
use crate::describe::{NamedSchema, Properties, array, closed, date_time, map, named, of};
use crate::params::{DEFAULT_LIMIT, MAX_LIMIT, Params, missing};
use crate::problem::{Problem, ProblemKind};
use crate::route::{Function, Handler, Route, Verb};

pub(super) static ROUTE: Route = Route {
    verb: Verb::Get,
    path: "/meterdata/measurement",
    id: "getMeasurements",
    scope: Some(Scope::Read),
    tag: "Meters",
    summary: "Read the measurements of a meter",
    description: "Rows, the latest first, of which those that came as rows can be posted as they are, one key for each OBIS code that has a value at that time; values with other tags are in a row of their own. A date is taken in UTC.",
    parameters,
    body: None,
    success,
    problems: &[ProblemKind::InvalidCursor],
    schemas,
    function: Function::Query,
};

pub(super) const HANDLER: Handler<Query> =
    |query, call| Box::pin(query.recorded(call.tenant(), call.uri_path(), answer(query, call)));

/// What is asked.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// What was measured.
    measurement: String,
    /// The meter.
    meter: String,
    /// Which rows; `None` for none at all, where `start` is `stop`.
    pub(super) range: Option<TimeRange>,
    /// Which page, the latest first; the position is that of the last row of the
    /// page before: its time, and which of that time it is.
    paging: Paging<(Timestamp, usize)>,
}

impl Asked {
    pub(super) fn read(call: Call<'_>) -> Result<Self, Problem> {
        let mut params = call.params()?;
        let meter = take_part(&mut params, "muid")?;
        let measurement = take_part(&mut params, "measurement")?;
        let start = params.take_instant("start", Zone::UTC)?;
        let stop = params.take_instant("stop", Zone::UTC)?;
        let paging = call.paging(&mut params, DEFAULT_LIMIT, MAX_LIMIT)?;
        params.finish()?;
        let from = start.unwrap_or(Timestamp::MIN);
        if stop.is_some_and(|stop| from > stop) {
            let text = "`start` is later than `stop`";
            return Err(Problem::invalid_parameter(text));
        }
        let range = match stop {
            // `stop` is not part of the range.
            Some(stop) => stop.previous().and_then(|to| TimeRange::new(from, to).ok()),
            None => TimeRange::new(from, Timestamp::MAX).ok(),
        };
        Ok(Self {
            measurement: measurement.ok_or_else(|| missing("measurement"))?,
            meter: meter.ok_or_else(|| missing("muid"))?,
            range,
            paging,
        })
    }

    /// What the names of the series begin with whose points make the rows; the
    /// OBIS code follows.
    pub(super) fn prefix(&self) -> String {
        format!("{}:{}:", self.measurement, self.meter)
    }
}

/// A part of a series' name, the parts being joined by colons.
fn take_part(params: &mut Params, name: &'static str) -> Result<Option<String>, Problem> {
    let expected = format!("1 to {MAX_PART_BYTES} ASCII letters, digits and . _ -");
    params.take(name, expected, |text| {
        let named = SeriesName::check(text).is_ok() && !text.contains(':');
        (named && text.len() <= MAX_PART_BYTES).then(|| text.to_owned())
    })
}

async fn answer(
    query: &Query,
    call: Call<'_>,
) -> Result<(Response<Bytes>, query::QuerySubject), Problem> {
    let asked = Asked::read(call)?;
    let (prefix, paging) = (asked.prefix(), &asked.paging);
    // One more than is shown tells whether there is a next page.
    let (range, limit) = (asked.range, paging.limit + 1);
    let after = paging.after.map(|(time, nth)| MeterRowPlace { time, nth });
    let mut rows = query
        .measurements(call.tenant(), &prefix, range, after, limit)
        .await?;
    let mut page = PageWriter::new(JSON, RowWriter::FRAME, paging.limit);
    let mut writer = RowWriter::new(&asked.measurement, &asked.meter);
    let (mut last, mut more) = (None, false);
    while let Some(row) = rows.next().await? {
        let values = row
            .values
            .iter()
            .map(|(code, value)| (code.as_str(), *value));
        let values: Vec<(&str, f64)> = values.collect();
        let written = MeterRow {
            time: row.place.time,
            tags: &row.tags,
            values: &values,
        };
        more = !page.push(|out| writer.write(&written, out));
        if more {
            break;
        }
        last = Some((row.place.time, row.place.nth));
    }
    let next = last.filter(|_| more);
    let next = next.map(|last| paging.next(&last)).transpose()?;
    let bound =
        |time: fn(TimeRange) -> Timestamp, open| asked.range.map(time).filter(|time| *time != open);
    let about = query::QuerySubject {
        series: None,
        from: bound(TimeRange::from, Timestamp::MIN),
        to: bound(TimeRange::to, Timestamp::MAX),
    };
    Ok((page.finish(next), about))
}

fn parameters() -> Vec<Parameter> {
    vec![
        muid(),
        measurement(),
        instant("start", "Where the range begins, included"),
        instant("stop", "Where the range ends, not included"),
        limit("How many rows a page holds"),
        cursor(),
    ]
}

fn muid() -> Parameter {
    parameter(
        "muid",
        "The meter",
        part(),
        "95ce3367-cbce-4a4d-bbe3-da082831d7bd",
    )
    .required(Required::True)
    .build()
}

fn measurement() -> Parameter {
    parameter("measurement", "What was measured", part(), "energy")
        .required(Required::True)
        .build()
}

fn success() -> Success {
    let example = json!({"data": [{
        "measurement": "energy",
        "timestamp": "2023-02-28T23:45:00.000Z",
        "tags": {"muid": "95ce3367-cbce-4a4d-bbe3-da082831d7bd", "quality": "measured"},
        "0100011D00FF": 0.0117,
    }]});
    let text = "The rows, the latest first";
    let rows = answers::json(text, named("Measurements"), example);
    ("200", answers::paged(rows))
}

fn schemas() -> Vec<NamedSchema> {
    let time = of(Type::String).format(Some(date_time()));
    let row = map(of(Type::Number).that_is("The value under an OBIS code"))
        .with("measurement", of(Type::String))
        .with(
            "timestamp",
            time.that_is("With milliseconds, always, and with more digits where the time has them"),
        )
        .with("tags", map(of(Type::String)).with("muid", of(Type::String)));
    let measurements = closed().with("data", array(named("StoredRow")));
    vec![
        ("StoredRow", row.into()),
        ("Measurements", measurements.into()),
    ]
}
