//! `GET /api/{name}/points`: the points of a range.

use bytes::Bytes;
use http::Response;
use serde_json::{Value, json};
use tidemark_app::query::{self, Query};
use tidemark_core::access::Scope;
use tidemark_core::name::SeriesName;
use tidemark_core::time::{Span, Timestamp};
use tidemark_formats::write::number::Decimals;
use tidemark_formats::write::points::PointWriter;
use tidemark_ports::Order;
use utoipa::openapi::ContentBuilder;
use utoipa::openapi::path::Parameter;
use utoipa::openapi::schema::Type;

use crate::accept::{self, Media};
use crate::answer::page::{PageWriter, shown};
use crate::call::Call;
use crate::cursor::Paging;
use crate::describe::answers::{self, Success};
use crate::describe::parameters::{
    cursor, decimals, from, limit, name, query as parameter, to, zone,
};
use crate::describe::{array, named, of, one_of};
use crate::params::{DEFAULT_LIMIT, MAX_LIMIT};
use crate::problem::{Problem, ProblemKind};
use crate::route::{Function, Handler, Route, Verb};

pub(super) static ROUTE: Route = Route {
    verb: Verb::Get,
    path: "/api/{name}/points",
    id: "getPoints",
    scope: Some(Scope::Read),
    tag: "Series",
    summary: "Read the points of a series",
    description: "`Accept` chooses between JSON, NDJSON and CSV.",
    parameters,
    body: None,
    success,
    problems: &[
        ProblemKind::InvalidCursor,
        ProblemKind::UnknownSeries,
        ProblemKind::NotAcceptable,
    ],
    schemas: Vec::new,
    function: Function::Query,
};

pub(super) const HANDLER: Handler<Query> = |query, call| {
    Box::pin(async move {
        let answer = answer(query, call);
        accept::varied(query.recorded(call.tenant(), call.uri_path(), answer).await)
    })
};

/// What is asked.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// Which series.
    series: SeriesName,
    /// Which points of it.
    span: Span,
    /// In which order.
    pub(super) order: Order,
    /// How values are rounded.
    decimals: Decimals,
    /// Which page; the position is the time of the last point of the page before.
    pub(super) paging: Paging<Timestamp>,
    /// What the answer is written in.
    pub(super) media: Media,
}

impl Asked {
    /// Reads the request and its header `Accept`.
    pub(super) fn read(call: Call<'_>) -> Result<Self, Problem> {
        let mut params = call.params()?;
        let series = call.path.series()?;
        let zone = params.take_zone()?;
        let span = params.take_span(zone)?;
        let order = params.take_order()?;
        let decimals = params.take_decimals()?;
        let paging = call.paging(&mut params, DEFAULT_LIMIT, MAX_LIMIT)?;
        params.finish()?;
        Ok(Self {
            series,
            span,
            order,
            decimals,
            paging,
            media: Media::negotiate(call.headers())?,
        })
    }
}

async fn answer(
    query: &Query,
    call: Call<'_>,
) -> Result<(Response<Bytes>, query::QuerySubject), Problem> {
    let asked = Asked::read(call)?;
    let (series, paging) = (call.key(&asked.series), &asked.paging);
    // One more than is shown tells whether there is a next page.
    let (range, limit) = (asked.span.range, paging.limit + 1);
    let points = query
        .points(series, range, asked.order, paging.after, limit)
        .await?;
    let (media, syntax) = (asked.media, asked.media.syntax());
    let frame = PointWriter::frame(syntax);
    let mut page = PageWriter::new(media.content_type(), frame, paging.limit);
    let mut writer = PointWriter::new(syntax, asked.decimals);
    let last = shown(&points, false, |point| {
        page.push(|out| writer.write(point.time, point.value.get(), &point.tags, out))
    });
    let next = last.map(|last| paging.next(&last.time)).transpose()?;
    let about = query::QuerySubject {
        series: Some(asked.series),
        from: asked.span.from,
        to: asked.span.to,
    };
    Ok((page.finish(next), about))
}

fn parameters() -> Vec<Parameter> {
    vec![
        name(),
        from(),
        to(),
        zone(),
        order(),
        decimals(),
        limit("How many points a page holds"),
        cursor(),
    ]
}

fn order() -> Parameter {
    let schema = one_of(["asc", "desc"]).default(Some(json!("asc")));
    parameter(
        "order",
        "Whether the earliest or the latest comes first",
        schema,
        "desc",
    )
    .build()
}

fn success() -> Success {
    let example = json!([{"time": "2023-02-01T00:00:00Z", "value": 0.0117, "tags": ["night"]}]);
    let text = |text| of(Type::String).description(Some(text));
    let content = |schema, example: &str| {
        let content = ContentBuilder::new().schema(Some(schema));
        content.example(Some(Value::from(example))).build()
    };
    let lines = text("A point a line, each as in `application/json`");
    let rows = text("A header and a row a point; `;` between tags");
    let response = answers::json("The points", array(named("StoredPoint")), example)
        .content(
            Media::Ndjson.essence(),
            content(
                lines,
                "{\"time\":\"2023-02-01T00:00:00Z\",\"value\":0.0117,\"tags\":[\"night\"]}\n",
            ),
        )
        .content(
            Media::Csv.essence(),
            content(
                rows,
                "time,value,tags\r\n2023-02-01T00:00:00Z,0.0117,night\r\n",
            ),
        );
    ("200", answers::paged(response))
}
