use http::Request;
use http::header::{LINK, WARNING};
use tidemark_core::compare::{BestLag, Cell};
use tidemark_core::grid::Slot;
use tidemark_core::point::Value;
use tidemark_core::principal::Principal;

use super::*;
use crate::answer::page::text;
use crate::routes::find;

fn read(query: &str) -> Result<Asked, Problem> {
    let uri = format!("/compare?{query}");
    let request = Request::get(&uri).body(Bytes::new()).unwrap();
    let matched = find(request.method(), request.uri().path())?;
    let principal = Principal::local();
    Asked::read(Call {
        principal: &principal,
        path: &matched.path,
        request: &request,
    })
}

fn detail(query: &str) -> String {
    read(query).unwrap_err().detail().to_owned()
}

#[test]
fn two_series_are_named() {
    let asked = read("series=b:1,a&every=15m").unwrap();
    let names = asked.series.each_ref().map(SeriesName::as_str);
    assert_eq!(names, ["b:1", "a"]);
    assert_eq!((asked.question.stat, asked.max_lag), (Stat::Sum, 96));
    assert!(!asked.rows);
    assert!(read("series=a,a&every=1d&stat=p95&max_lag=0").is_ok());
    for wrong in ["a", "a,b,c", ",a", "a,", "a,b%20c"] {
        let said = detail(&format!("series={wrong}&every=15m"));
        let expected =
            "`series` must be the names of two series with a comma between them, as `a,b`, not ";
        assert!(said.starts_with(expected), "{said}");
    }
    assert_eq!(detail("every=15m"), "`series` is missing");
    assert_eq!(detail("series=a,b"), "`every` is missing");
    assert_eq!(
        detail("series=a,b&every=1h&max_lag=1001"),
        "`max_lag` must be a whole number from 0 to 1000, not `1001`"
    );
    // An instant is no number.
    assert!(detail("series=a,b&every=1h&stat=max_time").starts_with("`stat` must be one of `avg`"));
}

fn comparison() -> Comparison {
    Comparison {
        slots: 3,
        both: 2,
        totals: [Answer::Number(7.0), Answer::Number(2.5)],
        overlap: Answer::Number(2.0),
        only: [Answer::Number(5.0), Answer::Number(0.5)],
        shares: [Answer::Number(2.0 / 7.0), Answer::Number(0.8)],
        correlation: Answer::Number(0.25),
        best_lag: Some(BestLag {
            lag: -4,
            correlation: 0.5,
        }),
    }
}

#[test]
fn a_comparison_in_numbers() {
    let asked = read("series=a,b&every=1h&decimals=2").unwrap();
    let response = compared(&comparison(), &asked);
    assert_eq!(
        text(&response),
        r#"{"slots":3,"both":2,"a":{"series":"a","total":7},"b":{"series":"b","total":2.5},"overlap":2,"only_a":5,"only_b":0.5,"overlap_share_a":0.29,"overlap_share_b":0.8,"correlation":0.25,"best_lag":{"lag":-4,"correlation":0.5}}"#
    );
    assert_eq!(response.headers().get(WARNING), None);
}

#[test]
fn what_is_not_defined_is_null_and_what_is_beyond_f64_has_a_warning() {
    let asked = read("series=a,b&every=1h").unwrap();
    let none = Comparison {
        overlap: Answer::Undefined,
        only: [Answer::Undefined; 2],
        shares: [Answer::Undefined; 2],
        correlation: Answer::Undefined,
        best_lag: None,
        ..comparison()
    };
    let response = compared(&none, &asked);
    assert!(text(&response).ends_with(
        r#""overlap":null,"only_a":null,"only_b":null,"overlap_share_a":null,"overlap_share_b":null,"correlation":null,"best_lag":null}"#
    ));
    assert_eq!(response.headers().get(WARNING), None);
    let beyond = Comparison {
        totals: [Answer::Overflow, Answer::Number(1.0)],
        ..none
    };
    assert!(compared(&beyond, &asked).headers().contains_key(WARNING));
}

#[test]
fn slots_in_pages() {
    let asked = read("series=a,b&every=15m&rows=true&limit=2&decimals=1").unwrap();
    let at = |seconds| Timestamp::from_seconds(seconds).unwrap();
    let row = |start: i64, cells| {
        let slot = Slot {
            start: at(start),
            end: at(start + 900),
        };
        (slot, cells)
    };
    let one = || Cell::Number(Value::new(1.25).unwrap().into());
    let rows = [
        row(0, [one(), Cell::Empty]),
        row(900, [Cell::Empty, one()]),
        row(2700, [one(), Cell::Beyond]),
    ];
    let first = page(&rows, &asked).unwrap();
    assert_eq!(
        text(&first),
        r#"[{"start":"1970-01-01T00:00:00Z","end":"1970-01-01T00:15:00Z","a":1.2,"b":null},{"start":"1970-01-01T00:15:00Z","end":"1970-01-01T00:30:00Z","a":null,"b":1.2}]"#
    );
    // What is beyond f64 is on the next page.
    assert_eq!(first.headers().get(WARNING), None);
    let link = first.headers()[LINK].to_str().unwrap();
    let query = link.strip_prefix("</compare?").unwrap();
    let query = query.strip_suffix(">; rel=\"next\"").unwrap();
    assert_eq!(read(query).unwrap().paging.after, Some(at(900)));
    // It belongs to the slots of these series.
    for other in [query.replace("rows=true&", ""), query.replace("a,b", "b,a")] {
        let refused = read(&other).unwrap_err();
        assert_eq!(refused.kind(), ProblemKind::InvalidCursor);
    }
    let last = page(&rows[2..], &asked).unwrap();
    assert_eq!(last.headers().get(LINK), None);
    assert!(last.headers().contains_key(WARNING));
}
