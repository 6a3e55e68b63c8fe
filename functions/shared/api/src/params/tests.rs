use proptest::prelude::*;
use tidemark_core::time::TimeRange;

use super::*;

fn params(query: &str) -> Params {
    Params::parse(Some(query)).unwrap()
}

fn detail<T: std::fmt::Debug>(result: Result<T, Problem>) -> String {
    let problem = result.unwrap_err();
    assert_eq!(problem.kind().status(), 400);
    problem.detail().to_owned()
}

#[test]
fn the_query_string_itself() {
    for (query, expected) in [
        ("a", "`a` is empty"),
        ("a=", "`a` is empty"),
        ("a=1&b=2&%61=3", "`a` is given twice"),
        ("a=%zz", "the query is not percent-encoded UTF-8"),
        ("%ff=1", "the query is not percent-encoded UTF-8"),
        (
            &format!("{}=", "ä".repeat(70)),
            &format!("`{}...` is empty", "ä".repeat(64)),
        ),
    ] {
        assert_eq!(detail(Params::parse(Some(query))), expected, "{query}");
    }
    for nothing in [None, Some(""), Some("&")] {
        assert_eq!(Params::parse(nothing).unwrap().finish(), Ok(()));
    }
    let mut decoded = params("a=b+c%2Bd%3D=e");
    assert_eq!(decoded.take_text("a").as_deref(), Some("b c+d==e"));
}

#[test]
fn what_nobody_takes_is_unknown() {
    let mut some = params("limit=5&lim=5&foo=1");
    some.take_integer("limit", 1, 9).unwrap();
    some.take_flag("strict").unwrap();
    assert_eq!(
        detail(some.finish()),
        "unknown parameter `lim`, `foo`; this path knows `limit`, `strict`"
    );
    assert_eq!(
        detail(params("x=1").finish()),
        "unknown parameter `x`; this path has no parameters"
    );
}

#[test]
fn each_type_says_what_it_expects() {
    type Take = fn(&mut Params) -> Result<(), Problem>;
    let cases: [(&str, Take, &str); 12] = [
        (
            "limit=0",
            |p| p.take_integer("limit", 1, 9).map(drop),
            "`limit` must be a whole number from 1 to 9, not `0`",
        ),
        (
            "limit=10",
            |p| p.take_integer("limit", 1, 9).map(drop),
            "`limit` must be a whole number from 1 to 9, not `10`",
        ),
        (
            "limit=%2B1",
            |p| p.take_integer("limit", 1, 9).map(drop),
            "`limit` must be a whole number from 1 to 9, not `+1`",
        ),
        (
            "limit=99999999999999999999999",
            |p| p.take_integer("limit", 1, 9).map(drop),
            "`limit` must be a whole number from 1 to 9, not `99999999999999999999999`",
        ),
        (
            "decimals=16",
            |p| p.take_decimals().map(drop),
            "`decimals` must be a whole number from 0 to 15, not `16`",
        ),
        (
            "strict=yes",
            |p| p.take_flag("strict").map(drop),
            "`strict` must be one of `true`, `false`, not `yes`",
        ),
        (
            "order=up",
            |p| p.take_order().map(drop),
            "`order` must be one of `asc`, `desc`, not `up`",
        ),
        (
            "tz=Mars/Olympus",
            |p| p.take_zone().map(drop),
            "`tz` must be the name of a time zone, as `Europe/Zurich`, not `Mars/Olympus`",
        ),
        (
            "series=a/b",
            |p| p.take_series("series").map(drop),
            "`series` is `a/b`: a name consists of ASCII letters, digits and . _ : - only; byte 1 is something else",
        ),
        (
            "from=now",
            |p| p.take_span(Zone::UTC).map(drop),
            "`from` is `now`: not a time: write epoch seconds, RFC 3339 with an offset, or a date",
        ),
        (
            "to=2023-02-01T00:00:00+01:00",
            |p| p.take_span(Zone::UTC).map(drop),
            "`to` is `2023-02-01T00:00:00 01:00`: not a time: write epoch seconds, RFC 3339 with an offset, or a date (in a query a `+` is written `%2B`)",
        ),
        (
            "x=a,,b",
            |p| p.take_choices("x", &[("a", 1), ("b", 2)]).map(drop),
            "`x` must be a list, with commas, of any of `a`, `b`, not ``",
        ),
    ];
    for (query, take, expected) in cases {
        assert_eq!(detail(take(&mut params(query))), expected);
    }
}

#[test]
fn each_type_is_read() {
    let mut all = params("limit=7&decimals=15&strict=true&order=desc&tz=Europe/Zurich&x=b,a");
    assert_eq!(all.take_integer("limit", 1, 7), Ok(Some(7)));
    assert_eq!(all.take_decimals(), Ok(Some(15)));
    assert_eq!(all.take_flag("strict"), Ok(true));
    assert_eq!(all.take_order(), Ok(Order::Descending));
    assert_eq!(all.take_zone(), Ok("Europe/Zurich".parse().unwrap()));
    assert_eq!(
        all.take_choices("x", &[("a", 1), ("b", 2)]),
        Ok(Some(vec![2, 1]))
    );
    assert_eq!(all.finish(), Ok(()));
    let mut none = params("");
    assert_eq!(none.take_decimals(), Ok(None));
    assert_eq!(none.take_flag("strict"), Ok(false));
    assert_eq!(none.take_order(), Ok(Order::Ascending));
    assert_eq!(none.take_zone(), Ok(Zone::UTC));
}

#[test]
fn spans() {
    let span = |query: &str, zone| params(query).take_span(zone);
    let at = |seconds| Timestamp::from_seconds(seconds).unwrap();
    let whole = span("", Zone::UTC).unwrap();
    assert_eq!(
        (whole.from, whole.to, whole.range),
        (None, None, TimeRange::ALL)
    );
    let both = span("from=13515551&end=1970-06-06T10:19:14Z", Zone::UTC).unwrap();
    assert_eq!(
        both.range,
        TimeRange::new(at(13_515_551), at(13_515_554)).unwrap()
    );
    let local = span("start=2023-02-01", "Europe/Zurich".parse::<Zone>().unwrap()).unwrap();
    assert_eq!(local.from, Some(at(1_675_206_000)));
    assert!(span("from=5&to=5", Zone::UTC).is_ok());
    assert_eq!(
        detail(span("from=6&to=5", Zone::UTC)),
        "`from` is later than `to`"
    );
    assert_eq!(
        detail(span("from=1&start=1", Zone::UTC)),
        "`from` and `start` mean the same: give one of them"
    );
    assert_eq!(
        detail(span("to=1&end=2", Zone::UTC)),
        "`to` and `end` mean the same: give one of them"
    );
}

#[test]
fn pages() {
    let paging = |query: &str| {
        let mut params = params(query);
        params.take_span(Zone::UTC)?;
        let paging = params.take_paging::<u64>(&Tenant::local(), "/api/a", 10, 20)?;
        params.finish()?;
        Ok(paging)
    };
    let first = paging("from=1").unwrap();
    assert_eq!((first.limit, first.after), (10, None));
    let link = first.next(&99).unwrap();
    let link = link.to_str().unwrap();
    let query = link.strip_prefix("</api/a?").unwrap();
    let query = query.strip_suffix(">; rel=\"next\"").unwrap();
    assert_eq!(paging(query).unwrap().after, Some(99));
    assert_eq!(paging(&format!("{query}&limit=20")).unwrap().limit, 20);
    assert_eq!(
        detail(paging("limit=21")),
        "`limit` must be a whole number from 1 to 20, not `21`"
    );
    assert_eq!(
        detail(paging(&format!("{query}&to=5"))),
        "`cursor` is not one that was answered to this query: take it from the header `Link` of the page before, and keep all other parameters but `limit`"
    );
}

proptest! {
    #[test]
    fn any_query_is_answered(query in "[a-z&=%+0-9]{0,40}|\\PC{0,40}") {
        if let Ok(params) = Params::parse(Some(&query)) {
            let _ = params.finish();
        }
    }
}
