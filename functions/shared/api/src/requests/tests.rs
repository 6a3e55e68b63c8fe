use std::collections::BTreeSet;

use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue, Method, Uri};
use serde_json::Value;
use tidemark_core::batch::Source;
use tidemark_core::discard::Reason;
use tidemark_core::name::SeriesName;
use tidemark_core::stat::Stat;
use tidemark_core::time::TimeRange;

use super::discards::Replay;
use super::measurements::Measurements;
use super::series::{Buckets, Delete, Fill, List, Points, Stats};
use super::*;
use crate::accept::Media;
use crate::openapi::document;
use crate::params::Order;
use crate::problem::Kind;
use crate::routes::{Discards, Operation, Query, ROUTES, Route, find};

/// Reads a request with `then`.
fn ask<T>(
    method: &Method,
    uri: &str,
    then: impl FnOnce(&Call<'_>) -> Result<T, Problem>,
) -> Result<T, Problem> {
    let uri: Uri = uri.parse().unwrap();
    let matched = find(method, uri.path())?;
    let principal = Principal::local();
    then(&Call {
        principal: &principal,
        matched: &matched,
        uri: &uri,
    })
}

fn get<T>(uri: &str, then: impl FnOnce(&Call<'_>) -> Result<T, Problem>) -> Result<T, Problem> {
    ask(&Method::GET, uri, then)
}

fn detail<T: std::fmt::Debug>(result: Result<T, Problem>) -> String {
    result.unwrap_err().detail().to_owned()
}

/// Reads a request as its operation does.
fn read(route: &Route, uri: &str) -> Result<(), Problem> {
    ask(&route.method, uri, |call| match route.operation {
        Operation::Ingest(_) => Ingest::read(call).map(drop),
        Operation::Query(Query::Series) => List::read(call).map(drop),
        Operation::Query(Query::Stats) => Stats::read(call).map(drop),
        Operation::Query(Query::Points) => Points::read(call, &HeaderMap::new()).map(drop),
        Operation::Query(Query::Buckets) => Buckets::read(call).map(drop),
        Operation::Query(Query::Measurements) => Measurements::read(call).map(drop),
        Operation::Query(Query::History) => History::read(call).map(drop),
        Operation::Erase => Delete::read(call).map(drop),
        Operation::Discards(Discards::List) => discards::List::read(call).map(drop),
        Operation::Discards(Discards::Summary) => discards::Summary::read(call).map(drop),
        Operation::Discards(Discards::Replay) => Replay::read(call).map(drop),
        Operation::Health | Operation::Openapi(_) => call.no_params(),
    })
}

/// Name, where, and example of each parameter in the document.
fn documented(route: &Route) -> Vec<(String, String, Option<String>)> {
    let document = serde_json::to_value(document()).unwrap();
    let method = route.method.as_str().to_lowercase();
    let parameters = document["paths"][route.path][method]["parameters"].clone();
    let text = |value: &Value| match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => Some(
            items
                .iter()
                .map(|item| item.as_str().unwrap())
                .collect::<Vec<_>>()
                .join(","),
        ),
        other => Some(other.to_string()),
    };
    let parameters = parameters.as_array().cloned().unwrap_or_default();
    parameters
        .iter()
        .map(|p| {
            (
                text(&p["name"]).unwrap(),
                text(&p["in"]).unwrap(),
                text(&p["example"]),
            )
        })
        .collect()
}

/// The path of a route with the document's examples.
fn path(route: &Route) -> String {
    let parameters = documented(route);
    let in_path = parameters.iter().filter(|(_, place, _)| place == "path");
    in_path.fold(route.path.to_owned(), |path, (name, _, example)| {
        path.replace(&format!("{{{name}}}"), example.as_deref().unwrap())
    })
}

#[test]
fn what_is_documented_is_read() {
    for route in &ROUTES {
        let parameters = documented(route);
        let query: Vec<_> = parameters
            .iter()
            .filter(|(_, place, _)| place == "query")
            .filter_map(|(name, _, example)| Some(format!("{name}={}", example.as_ref()?)))
            .collect();
        let uri = format!("{}?{}", path(route), query.join("&"));
        assert_eq!(read(route, &uri), Ok(()), "{uri}");
    }
}

#[test]
fn what_is_read_is_documented() {
    for route in &ROUTES {
        let parameters = documented(route);
        // Required ones, so that it is the unknown one that is complained of.
        let required = "every=1h&muid=m&measurement=energy";
        let needed: Vec<_> = required
            .split('&')
            .filter(|pair| {
                parameters
                    .iter()
                    .any(|(name, ..)| pair.starts_with(&format!("{name}=")))
            })
            .collect();
        let uri = format!("{}?{}&zzz=1", path(route), needed.join("&"));
        let problem = read(route, &uri).unwrap_err();
        assert_eq!(problem.kind(), Kind::InvalidParameter);
        let known = problem.detail().split_once("; ").unwrap().1;
        let known: BTreeSet<_> = known
            .split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect();
        let mut expected: BTreeSet<_> = parameters
            .into_iter()
            .filter(|(_, place, _)| place == "query")
            .map(|(name, ..)| name)
            .collect();
        // The synonyms are told in words.
        if expected.contains("from") {
            expected.extend(["start", "end"].map(str::to_owned));
        }
        assert_eq!(known, expected, "{route:?}");
    }
}

#[test]
fn statistics_in_the_order_asked() {
    let stats = |query: &str| get(&format!("/api/a?{query}"), Stats::read).map(|s| s.stats);
    assert_eq!(stats(""), Ok(vec![Stat::Avg, Stat::Sum]));
    assert_eq!(
        stats("stats=sum,count,sum"),
        Ok(vec![Stat::Sum, Stat::Count])
    );
    assert_eq!(stats("stats=all"), Ok(Stat::ALL.to_vec()));
    let count_first = stats("stats=count,all").unwrap();
    assert_eq!(
        (count_first[0], count_first[1], count_first.len()),
        (Stat::Count, Stat::Avg, 25)
    );
    assert!(
        detail(stats("stats=sum,mean"))
            .starts_with("`stats` must be a list, with commas, of any of `avg`, `sum`, `count`, ")
    );
    assert!(detail(stats("stats=sum,mean")).ends_with(", `all`, not `mean`"));
    assert!(stats("stats=sum,").is_err());
}

#[test]
fn a_whole_request() {
    let asked = get("/api/a%3Ab?from=1&to=2&decimals=3", Stats::read).unwrap();
    assert_eq!(asked.series.as_str(), "a:b");
    assert_eq!(asked.decimals, Some(3));
    assert_eq!(asked.span.from.map(Timestamp::nanos), Some(1_000_000_000));
    assert_eq!(
        detail(get("/api/a%20b", Stats::read)),
        "{name}: a name consists of ASCII letters, digits and . _ : - only; byte 1 is something else"
    );
}

#[test]
fn points_are_negotiated() {
    let read = |uri: &str, accept: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        get(uri, |call| Points::read(call, &headers))
    };
    let points = read("/api/a/points?order=desc&limit=50000", "text/csv").unwrap();
    assert_eq!(
        (points.media, points.order),
        (Media::Csv, Order::Descending)
    );
    assert_eq!((points.paging.limit, points.paging.after), (50_000, None));
    let refused = read("/api/a/points", "image/png").unwrap_err();
    assert_eq!(refused.kind(), Kind::NotAcceptable);
    assert_eq!(
        detail(read("/api/a/points?limit=50001", "*/*")),
        "`limit` must be a whole number from 1 to 50000, not `50001`"
    );
}

#[test]
fn buckets_need_a_width() {
    let read = |query: &str| get(&format!("/api/a/buckets?{query}"), Buckets::read);
    let asked = read("every=15m&tz=Europe/Zurich&fill=linear").unwrap();
    assert_eq!(asked.grid.every.to_string(), "15m");
    assert_eq!(asked.grid.zone.name(), "Europe/Zurich");
    assert_eq!(asked.fill, Fill::Linear);
    assert_eq!(read("every=1d").unwrap().fill, Fill::None);
    assert_eq!(detail(read("")), "`every` is missing");
    assert_eq!(
        detail(read("every=2d")),
        "`every` is `2d`: a width is a number of `s`, `m` or `h`, as `15m`, or one of `1d 1w 1mo 1q 1y`"
    );
    assert_eq!(
        detail(read("every=1h&fill=next")),
        "`fill` must be one of `none`, `null`, `previous`, `linear`, `zero`, not `next`"
    );
}

#[test]
fn a_deletion_is_of_all_or_of_a_range() {
    let whole = |query: &str| {
        let uri = format!("/api/a?{query}");
        ask(&Method::DELETE, &uri, Delete::read).map(|d| d.is_whole())
    };
    assert_eq!(whole(""), Ok(true));
    assert_eq!(whole("from=1"), Ok(false));
    assert_eq!(whole("end=1"), Ok(false));
}

#[test]
fn series_with_details_come_in_small_pages() {
    let read = |query: &str| get(&format!("/api?{query}"), List::read);
    let limit = |query: &str| read(query).map(|list| list.paging.limit);
    assert_eq!(limit(""), Ok(10_000));
    assert_eq!(limit("details=true"), Ok(100));
    assert_eq!(limit("details=false&limit=50000"), Ok(50_000));
    assert_eq!(
        detail(limit("details=true&limit=101")),
        "`limit` must be a whole number from 1 to 100, not `101`"
    );
    assert_eq!(read("prefix=..").unwrap().prefix.as_deref(), Some(".."));
    assert_eq!(
        detail(read("prefix=a/")),
        "`prefix` must be the beginning of a name: ASCII letters, digits and . _ : -, not `a/`"
    );
}

#[test]
fn meters_are_asked_in_their_own_words() {
    let ask = |query: &str| {
        get(
            &format!("/meterdata/measurement?{query}"),
            Measurements::read,
        )
    };
    let read = |query: &str| ask(&format!("measurement=energy&{query}"));
    let asked = read("muid=95ce3367&start=2023-02-01&stop=1675209601").unwrap();
    assert_eq!(asked.prefix(), "energy:95ce3367:");
    let at = Timestamp::from_nanos;
    let range = TimeRange::new(at(1_675_209_600_000_000_000), at(1_675_209_600_999_999_999));
    assert_eq!(asked.range, range.ok());
    assert_eq!(read("muid=m").unwrap().range, Some(TimeRange::ALL));
    assert_eq!(read("muid=m&start=5&stop=5").unwrap().range, None);
    assert_eq!(
        detail(read("muid=m&start=6&stop=5")),
        "`start` is later than `stop`"
    );
    assert_eq!(detail(read("")), "`muid` is missing");
    assert_eq!(detail(ask("muid=m")), "`measurement` is missing");
    assert_eq!(
        detail(read("muid=a:b")),
        "`muid` must be 1 to 80 ASCII letters, digits and . _ -, not `a:b`"
    );
    assert_eq!(
        detail(read("muid=m&from=5")),
        "unknown parameter `from`; this path knows `muid`, `measurement`, `start`, `stop`, `limit`, `cursor`"
    );
}

#[test]
fn discards_are_filtered() {
    let read = |query: &str| get(&format!("/admin/discards?{query}"), discards::List::read);
    let asked = read("reason=suspect&source=data-server&series=a&from=1&limit=1").unwrap();
    assert_eq!(asked.reason, Some(Reason::Suspect));
    assert_eq!(
        asked.source.as_ref().map(Source::as_str),
        Some("data-server")
    );
    assert_eq!(asked.series, SeriesName::new("a").ok());
    assert_eq!(asked.paging.limit, 1);
    assert_eq!(
        detail(read("source=The+server")),
        "`source` is `The server`: a source has 1 to 64 lower-case ASCII letters, digits and . _ : -"
    );
}

#[test]
fn rules_can_be_waived_and_nothing_else() {
    let read = |query: &str| {
        let uri = format!("/admin/discards/{:032x}-3/replay?{query}", 7);
        ask(&Method::POST, &uri, Replay::read).map(|r| r.waive)
    };
    assert_eq!(read(""), Ok(vec![]));
    assert_eq!(
        read("waive=too_old,suspect"),
        Ok(vec![Reason::TooOld, Reason::Suspect])
    );
    assert_eq!(
        detail(read("waive=malformed")),
        "`waive` must be a list, with commas, of any of `too_old`, `too_far_ahead`, `system`, `suspect`, not `malformed`"
    );
}

#[test]
fn a_page_leads_to_the_next() {
    let first = get("/history?limit=10", History::read).unwrap();
    let link = first.paging.next(&(Timestamp::from_nanos(5), 3)).unwrap();
    let link = link.to_str().unwrap();
    let uri = link.strip_prefix('<').unwrap().split('>').next().unwrap();
    let second = get(uri, History::read).unwrap();
    assert_eq!(second.paging.after, Some((Timestamp::from_nanos(5), 3)));
    let elsewhere = uri.replace("/history", "/admin/discards");
    let refused = get(&elsewhere, discards::List::read).unwrap_err();
    assert_eq!(refused.kind(), Kind::InvalidCursor);
}
