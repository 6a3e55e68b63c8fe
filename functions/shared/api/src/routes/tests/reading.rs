//! What each route is asked, in types.

use bytes::Bytes;
use http::header::ACCEPT;
use http::{HeaderValue, Request};
use tidemark_app::query::Fill;
use tidemark_core::batch::Source;
use tidemark_core::discard::Reason;
use tidemark_core::name::SeriesName;
use tidemark_core::portion::{TimeUnit, Ways};
use tidemark_core::principal::Principal;
use tidemark_core::segments::Interpolation;
use tidemark_core::stat::Stat;
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_ports::Order;

use super::super::{
    delete_series, get_buckets, get_history, get_measurements, get_points, get_stats,
    list_discards, list_series, replay_discard,
};
use super::*;
use crate::accept::Media;
use crate::call::Call;

/// Reads a request with `then`.
fn read<T>(
    request: &Request<Bytes>,
    then: impl FnOnce(Call<'_>) -> Result<T, Problem>,
) -> Result<T, Problem> {
    let matched = find(request.method(), request.uri().path())?;
    let principal = Principal::local();
    then(Call {
        principal: &principal,
        path: &matched.path,
        request,
    })
}

fn ask<T>(
    method: &Method,
    uri: &str,
    then: impl FnOnce(Call<'_>) -> Result<T, Problem>,
) -> Result<T, Problem> {
    let request = Request::builder().method(method).uri(uri);
    read(&request.body(Bytes::new()).unwrap(), then)
}

fn get<T>(uri: &str, then: impl FnOnce(Call<'_>) -> Result<T, Problem>) -> Result<T, Problem> {
    ask(&Method::GET, uri, then)
}

fn detail<T: std::fmt::Debug>(result: Result<T, Problem>) -> String {
    result.unwrap_err().detail().to_owned()
}

#[test]
fn statistics_in_the_order_asked() {
    let stats =
        |query: &str| get(&format!("/api/a?{query}"), get_stats::Asked::read).map(|s| s.stats);
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
    assert!(detail(stats("stats=sum,mean")).ends_with(
        ", `mode_step`, `all`, or a quantile as `p99.9`, of 0 to 100 per cent with up to 9 decimals, not `mean`"
    ));
    assert_eq!(
        stats("stats=p99.90,integral,p99.9,p99,p99.0"),
        Ok(vec!["p99.9".parse().unwrap(), Stat::Integral, Stat::P99])
    );
    assert!(detail(stats("stats=p100.1")).ends_with("not `p100.1`"));
    assert!(stats("stats=sum,").is_err());
}

#[test]
fn ways_to_work_it_out() {
    let ways =
        |query: &str| get(&format!("/api/a?{query}"), get_stats::Asked::read).map(|s| s.ways);
    assert_eq!(ways(""), Ok(Ways::default()));
    let asked = Ways {
        interpolate: Interpolation::Previous,
        unit: TimeUnit::Hour,
    };
    assert_eq!(ways("interpolate=previous&unit=h"), Ok(asked));
    assert_eq!(
        detail(ways("unit=hour")),
        "`unit` must be one of `s`, `m`, `h`, not `hour`"
    );
    assert!(detail(ways("interpolate=step")).starts_with("`interpolate` must be one of "));
}

#[test]
fn a_whole_request() {
    let asked = get("/api/a%3Ab?from=1&to=2&decimals=3", get_stats::Asked::read).unwrap();
    assert_eq!(asked.series.as_str(), "a:b");
    assert_eq!(asked.decimals, Some(3));
    assert_eq!(asked.span.from.map(Timestamp::nanos), Some(1_000_000_000));
    assert_eq!(
        detail(get("/api/a%20b", get_stats::Asked::read)),
        "{name}: a name consists of ASCII letters, digits and . _ : - only; byte 1 is something else"
    );
}

#[test]
fn points_are_negotiated() {
    let read = |uri: &str, accept: &'static str| {
        let request = Request::get(uri).header(ACCEPT, HeaderValue::from_static(accept));
        read(
            &request.body(Bytes::new()).unwrap(),
            get_points::Asked::read,
        )
    };
    let points = read("/api/a/points?order=desc&limit=50000", "text/csv").unwrap();
    assert_eq!(
        (points.media, points.order),
        (Media::Csv, Order::Descending)
    );
    assert_eq!((points.paging.limit, points.paging.after), (50_000, None));
    let refused = read("/api/a/points", "image/png").unwrap_err();
    assert_eq!(refused.kind(), ProblemKind::NotAcceptable);
    assert_eq!(
        detail(read("/api/a/points?limit=50001", "*/*")),
        "`limit` must be a whole number from 1 to 50000, not `50001`"
    );
}

#[test]
fn buckets_need_a_width() {
    let read = |query: &str| get(&format!("/api/a/buckets?{query}"), get_buckets::Asked::read);
    let asked = read("every=15m&tz=Europe/Zurich&fill=linear").unwrap();
    assert_eq!(asked.question.grid.every.to_string(), "15m");
    assert_eq!(asked.question.grid.zone.name(), "Europe/Zurich");
    assert_eq!(asked.question.fill, Fill::Linear);
    assert_eq!(read("every=1d").unwrap().question.fill, Fill::None);
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
        ask(&Method::DELETE, &uri, delete_series::read).map(|(_, span)| span.is_open())
    };
    assert_eq!(whole(""), Ok(true));
    assert_eq!(whole("from=1"), Ok(false));
    assert_eq!(whole("end=1"), Ok(false));
}

#[test]
fn series_with_details_come_in_small_pages() {
    let read = |query: &str| get(&format!("/api?{query}"), list_series::Asked::read);
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
            get_measurements::Asked::read,
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
    let read = |query: &str| {
        get(
            &format!("/admin/discards?{query}"),
            list_discards::Asked::read,
        )
    };
    let asked = read("reason=suspect&source=data-server&series=a&from=1&limit=1").unwrap();
    assert_eq!(asked.filter.reason, Some(Reason::Suspect));
    assert_eq!(
        asked.filter.source.as_ref().map(Source::as_str),
        Some("data-server")
    );
    assert_eq!(asked.filter.series, SeriesName::new("a").ok());
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
        ask(&Method::POST, &uri, replay_discard::read).map(|(_, waive)| waive)
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
    let first = get("/history?limit=10", get_history::read).unwrap();
    let link = first.next(&(Timestamp::from_nanos(5), 3)).unwrap();
    let link = link.to_str().unwrap();
    let uri = link.strip_prefix('<').unwrap().split('>').next().unwrap();
    let second = get(uri, get_history::read).unwrap();
    assert_eq!(second.after, Some((Timestamp::from_nanos(5), 3)));
    let elsewhere = uri.replace("/history", "/admin/discards");
    let refused = get(&elsewhere, list_discards::Asked::read).unwrap_err();
    assert_eq!(refused.kind(), ProblemKind::InvalidCursor);
}
