//! `GET /api`: which series there are.

use bytes::Bytes;
use http::{HeaderValue, Response};
use serde_json::json;
use tidemark_app::query::{ListedSeries, Query, SeriesQuestion};
use tidemark_core::access::Scope;
use tidemark_core::name::{NameError, SeriesName};
use tidemark_core::pattern::Pattern;
use tidemark_core::point::Tags;
use tidemark_formats::write::json::append;
use tidemark_formats::write::number::{Decimals, Number};
use tidemark_formats::write::points::write_object;
use tidemark_formats::write::time::{Precision, TimeWriter};
use utoipa::openapi::path::Parameter;
use utoipa::openapi::schema::{AnyOfBuilder, Type};

use crate::answer::JSON;
use crate::answer::page::{PageWriter, shown};
use crate::call::Call;
use crate::cursor::Paging;
use crate::describe::answers::{self, Success};
use crate::describe::parameters::{cursor, decimals, flag, limit, matching, query as parameter};
use crate::describe::{NamedSchema, Properties, array, closed, count, forms, named, of, text};
use crate::params::{DEFAULT_LIMIT, MAX_LIMIT};
use crate::problem::{Problem, ProblemKind};
use crate::route::{Answered, Function, Handler, Route, Verb};

/// The most series of a page with details, each of which costs a look at its
/// points; also how many there are unless it is said.
const MAX_DETAILED: usize = 100;

pub(super) static ROUTE: Route = Route {
    verb: Verb::Get,
    path: "/api",
    id: "listSeries",
    scope: Some(Scope::Read),
    tag: "Series",
    summary: "List the series",
    description: "",
    parameters,
    body: None,
    success,
    problems: &[ProblemKind::InvalidCursor],
    schemas,
    function: Function::Query,
};

pub(super) const HANDLER: Handler<Query> =
    |query, call| Box::pin(query.measured(answer(query, call)));

/// What is asked.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// What the names begin with.
    pub(super) prefix: Option<String>,
    /// What they match.
    pattern: Option<Pattern>,
    /// Whether to tell about the points, too.
    details: bool,
    /// How the values of the details are rounded.
    decimals: Decimals,
    /// Which page; the position is the last name of the page before.
    pub(super) paging: Paging<SeriesName>,
}

impl Asked {
    pub(super) fn read(call: Call<'_>) -> Result<Self, Problem> {
        let mut params = call.params()?;
        let expected = "the beginning of a name: ASCII letters, digits and . _ : -";
        let prefix = params.take("prefix", expected, |text| {
            // `.` and `..` are no names, but names begin with them.
            let begins = matches!(SeriesName::check(text), Ok(()) | Err(NameError::Dots));
            begins.then(|| text.to_owned())
        })?;
        let pattern = params.take_parsed("match")?;
        let details = params.take_flag("details")?;
        let decimals = params.take_decimals()?;
        let (default, max) = if details {
            (MAX_DETAILED, MAX_DETAILED)
        } else {
            (DEFAULT_LIMIT, MAX_LIMIT)
        };
        let paging = call.paging(&mut params, default, max)?;
        params.finish()?;
        Ok(Self {
            prefix,
            pattern,
            details,
            decimals,
            paging,
        })
    }
}

async fn answer(query: &Query, call: Call<'_>) -> Answered {
    let asked = Asked::read(call)?;
    let paging = &asked.paging;
    let question = SeriesQuestion {
        prefix: asked.prefix.as_deref().unwrap_or_default(),
        pattern: asked.pattern.as_ref(),
        after: paging.after.as_ref(),
        limit: paging.limit,
        details: asked.details,
    };
    let found = query.series(call.tenant(), question).await?;
    let mut list = SeriesList::new(found.count, asked.decimals, paging.limit);
    let last = shown(&found.series, found.more, |series| list.push(series));
    let next = last.map(|last| paging.next(&last.name)).transpose()?;
    Ok(list.finish(next))
}

/// Series being written.
struct SeriesList {
    page: PageWriter,
    decimals: Decimals,
    times: TimeWriter,
}

impl SeriesList {
    /// A page of at most `limit` series, of `count` that match in all.
    fn new(count: u64, decimals: Decimals, limit: usize) -> Self {
        let open = format!("{{\"count\":{count},\"series\":[");
        Self {
            page: PageWriter::new(JSON, (&open, ",", "]}"), limit),
            decimals,
            times: TimeWriter::new(Precision::Needed),
        }
    }

    /// Adds a series. `false`: the page is full and the series is not in it.
    fn push(&mut self, series: &ListedSeries) -> bool {
        let (times, decimals) = (&mut self.times, self.decimals);
        self.page.push(|out| {
            out.extend_from_slice(b"{\"name\":");
            append(out, &series.name);
            out.extend_from_slice(b",\"updated\":\"");
            times.write(series.updated, out);
            out.push(b'"');
            if let Some(details) = &series.details {
                out.extend_from_slice(b",\"points\":");
                out.extend_from_slice(itoa::Buffer::new().format(details.points).as_bytes());
                let (first, last) = details.ends.unzip();
                for (key, end) in [("first", first), ("last", last)] {
                    out.extend_from_slice(b",\"");
                    out.extend_from_slice(key.as_bytes());
                    out.extend_from_slice(b"\":");
                    match end {
                        Some(end) => {
                            let number = Number::new(end.value.get(), decimals);
                            write_object(out, times, end.time, number, &Tags::none());
                        }
                        None => out.extend_from_slice(b"null"),
                    }
                }
                out.extend_from_slice(b",\"about\":");
                append(out, &details.about);
            }
            out.push(b'}');
        })
    }

    fn finish(self, next: Option<HeaderValue>) -> Response<Bytes> {
        self.page.finish(next)
    }
}

fn parameters() -> Vec<Parameter> {
    let schema = text(forms::PREFIX)
        .min_length(Some(1))
        .max_length(Some(256));
    let prefix = parameter("prefix", "What the names begin with", schema, "example").build();
    let details = "Whether to tell how many points a series has, the first and the last of them, and what is said of it";
    let limited =
        "How many series a page holds; with `details=true` at most 100, which is then the default";
    vec![
        prefix,
        matching("Which names, of those that begin with `prefix` if that is given"),
        flag("details", details),
        decimals(),
        limit(limited),
        cursor(),
    ]
}

fn success() -> Success {
    let example = json!({"count": 2, "series": [
        {"name": "example1", "updated": "2023-03-01T08:30:00Z"},
        {"name": "example2", "updated": "2023-03-01T08:30:00Z"},
    ]});
    let list = answers::json("The series, by name", named("SeriesList"), example);
    ("200", answers::paged(list))
}

fn schemas() -> Vec<NamedSchema> {
    let point_or_null = AnyOfBuilder::new()
        .item(named("StoredPoint"))
        .item(of(Type::Null));
    let points =
        count().that_is("With `details=true`, as `first`, `last` and `about`: how many points");
    let series = closed()
        .with("name", named("SeriesName"))
        .with("updated", named("Time"))
        .property("points", points)
        .property("first", named("PointOrNull"))
        .property("last", named("PointOrNull"))
        .property("about", named("About"));
    let list = closed()
        .with("count", count().that_is("How many match, on all pages"))
        .with("series", array(named("Series")));
    vec![
        ("PointOrNull", point_or_null.into()),
        ("Series", series.into()),
        ("SeriesList", list.into()),
    ]
}

#[cfg(test)]
mod tests {
    use tidemark_app::query::SeriesDetails;
    use tidemark_core::about::About;
    use tidemark_core::point::Value;
    use tidemark_core::summary::Reading;
    use tidemark_core::time::Timestamp;

    use super::*;
    use crate::answer::page::text;

    fn series(name: &str, nanos: i64, details: Option<SeriesDetails>) -> ListedSeries {
        ListedSeries {
            name: SeriesName::new(name).unwrap(),
            updated: Timestamp::from_nanos(nanos),
            details,
        }
    }

    #[test]
    fn series_by_name() {
        let mut list = SeriesList::new(7, None, 2);
        assert!(list.push(&series("a", 0, None)));
        assert!(list.push(&series("b", 1, None)));
        assert!(!list.push(&series("c", 1, None)));
        assert_eq!(
            text(&list.finish(None)),
            r#"{"count":7,"series":[{"name":"a","updated":"1970-01-01T00:00:00Z"},{"name":"b","updated":"1970-01-01T00:00:00.000000001Z"}]}"#
        );
        assert_eq!(
            text(&SeriesList::new(0, None, 2).finish(None)),
            r#"{"count":0,"series":[]}"#
        );
    }

    #[test]
    fn details_show_the_ends() {
        let end = Reading {
            time: Timestamp::from_nanos(0),
            value: Value::new(1.25).unwrap(),
        };
        let details = |points, ends| {
            let about = About::default();
            Some(SeriesDetails {
                points,
                ends,
                about,
            })
        };
        let mut list = SeriesList::new(2, Some(1), 2);
        list.push(&series("a", 0, details(1, Some((end, end)))));
        list.push(&series("b", 0, details(0, None)));
        assert_eq!(
            text(&list.finish(None)),
            r#"{"count":2,"series":[{"name":"a","updated":"1970-01-01T00:00:00Z","points":1,"first":{"time":"1970-01-01T00:00:00Z","value":1.2},"last":{"time":"1970-01-01T00:00:00Z","value":1.2},"about":{"title":null,"unit":null,"note":null}},{"name":"b","updated":"1970-01-01T00:00:00Z","points":0,"first":null,"last":null,"about":{"title":null,"unit":null,"note":null}}]}"#
        );
    }
}
