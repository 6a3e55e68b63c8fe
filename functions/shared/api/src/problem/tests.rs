use std::collections::HashSet;

use tidemark_core::discard::Reason;

use super::*;

fn text(problem: Problem) -> (u16, String) {
    let response = Response::from(problem);
    assert_eq!(response.headers()[CONTENT_TYPE], MEDIA_TYPE);
    let body = String::from_utf8(response.body().to_vec()).unwrap();
    (response.status().as_u16(), body)
}

#[test]
fn a_problem_says_what_and_where() {
    let detail = "`v` is beyond what a 64-bit float can hold";
    let error = Fault::at("/3/v", Reason::NotFinite, detail);
    assert_eq!(
        text(Problem::invalid_points("no point is right", vec![error; 101])),
        (422, format!(
            r#"{{"type":"/docs#invalid-points","title":"The points are wrong","status":422,"detail":"no point is right","errors":[{}]}}"#,
            [r#"{"pointer":"/3/v","reason":"not_finite","detail":"`v` is beyond what a 64-bit float can hold"}"#; 100].join(",")
        ))
    );
    assert_eq!(
        text(Problem::unknown_series(&SeriesName::new("a").unwrap())),
        (404, r#"{"type":"/docs#unknown-series","title":"There is no such series","status":404,"detail":"there is no series `a`; `GET /api` lists those that there are"}"#.to_owned())
    );
    assert_eq!(
        text(Problem::internal()),
        (500, r#"{"type":"/docs#internal","title":"Something went wrong on our side","status":500,"detail":"the request was not completed; the log has more under its `x-request-id`"}"#.to_owned())
    );
    let checks = vec![("points", true), ("queue", false)];
    assert_eq!(
        text(Problem::unhealthy(checks)),
        (503, r#"{"type":"/docs#unhealthy","title":"The service does not accept data at the moment","status":503,"detail":"failing: queue","checks":{"points":"ok","queue":"failing"}}"#.to_owned())
    );
}

#[test]
fn headers_tell_what_to_do() {
    let headers = |problem: Problem| Response::from(problem).headers().clone();
    let allowed = Problem::method_not_allowed(&[Method::GET, Method::HEAD]);
    assert_eq!(headers(allowed)[ALLOW], "GET, HEAD");
    assert_eq!(headers(Problem::unavailable(2))[RETRY_AFTER], "2");
    for (is_shown, challenge) in [
        (false, "Bearer realm=\"tidemark\""),
        (true, "Bearer realm=\"tidemark\", error=\"invalid_token\""),
    ] {
        let headers = headers(Problem::unauthenticated(is_shown));
        assert_eq!(headers[WWW_AUTHENTICATE], challenge);
    }
    for (millis, seconds) in [(0, "1"), (1, "1"), (1000, "1"), (1001, "2")] {
        let wait = Duration::from_millis(millis);
        let headers = headers(Problem::too_many_requests("too many", wait));
        assert_eq!(headers[RETRY_AFTER], seconds);
    }
    assert_eq!(
        headers(Problem::unsupported_encoding("br is not read"))[ACCEPT_ENCODING],
        "gzip"
    );
}

#[test]
fn kinds_are_told_apart_and_ordered_by_status() {
    let types: HashSet<_> = ProblemKind::ALL
        .map(ProblemKind::type_uri)
        .into_iter()
        .collect();
    let titles: HashSet<_> = ProblemKind::ALL
        .map(ProblemKind::title)
        .into_iter()
        .collect();
    assert_eq!(
        (types.len(), titles.len()),
        (ProblemKind::ALL.len(), ProblemKind::ALL.len())
    );
    assert!(ProblemKind::ALL.is_sorted_by_key(|kind| kind.status()));
    assert!(types.iter().all(|t| t.starts_with("/docs#")));
}
