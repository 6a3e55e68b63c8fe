use std::collections::HashSet;

use bytes::Bytes;
use http::Response;
use http::header::ALLOW;
use proptest::prelude::*;

use super::*;
use crate::problem::ProblemKind;
use crate::route::Function;

mod reading;

fn id(method: &Method, path: &str) -> Result<&'static str, ProblemKind> {
    find(method, path)
        .map(|m| m.endpoint.id)
        .map_err(|p| p.kind())
}

#[test]
fn each_route_finds_itself() {
    for route in ROUTES {
        let path = route
            .path
            .replace("{name}", "example1")
            .replace("{id}", "00000000000000010000000000000002-3");
        let found = find(&route.verb.method(), &path).unwrap();
        assert_eq!(*found.endpoint, route.endpoint());
        if route.path.contains("{name}") {
            assert_eq!(found.path.series().unwrap().as_str(), "example1");
        } else {
            assert_eq!(
                found.path.series().unwrap_err().kind(),
                ProblemKind::NotFound
            );
        }
        assert_eq!(found.path.discard().is_ok(), route.path.contains("{id}"));
    }
}

#[test]
fn the_table_is_unambiguous() {
    let ids: HashSet<_> = ROUTES.iter().map(|r| r.id).collect();
    assert_eq!(ids.len(), ROUTES.len());
    // A literal segment and a variable never compete for one path.
    for (i, a) in ROUTES.iter().enumerate() {
        for b in &ROUTES[i + 1..] {
            let (one, other): (Vec<_>, Vec<_>) =
                (a.path.split('/').collect(), b.path.split('/').collect());
            let overlap = one.len() == other.len()
                && one
                    .iter()
                    .zip(&other)
                    .all(|(x, y)| x == y || x.starts_with('{') || y.starts_with('{'));
            assert!(!overlap || a.verb != b.verb, "{a:?} {b:?}");
        }
    }
}

#[test]
fn each_route_has_one_handler_in_the_list_of_its_function() {
    fn ids<U>(handlers: Handlers<U>) -> Vec<&'static str> {
        handlers.iter().map(|(id, _)| *id).collect()
    }
    let mut answered = Vec::new();
    for function in Function::ALL {
        let ids = match function {
            Function::Ingest => ids(INGEST),
            Function::Query => ids(QUERY),
            Function::Eraser => ids(ERASER),
            Function::Admin => ids(ADMIN),
            Function::Health => ids(HEALTH),
            Function::Openapi => ids(OPENAPI),
        };
        answered.extend(ids.into_iter().map(|id| (id, function.name())));
    }
    let described = ROUTES.iter().map(|r| (r.id, r.function.name()));
    let mut described: Vec<_> = described.collect();
    described.sort_unstable();
    answered.sort_unstable();
    assert_eq!(answered, described);
}

#[test]
fn names_are_decoded_and_checked() {
    let series = |path: &str| find(&Method::GET, path)?.path.series();
    assert_eq!(
        series("/api/energy%3a1:0100011D00FF/points")
            .unwrap()
            .as_str(),
        "energy:1:0100011D00FF"
    );
    assert_eq!(
        series("/api/a%2Fb").unwrap_err().detail(),
        "{name}: a name consists of ASCII letters, digits and . _ : - only; byte 1 is something else"
    );
    assert_eq!(
        series("/api/%2e%2e").unwrap_err().detail(),
        "{name}: `.` and `..` are not names"
    );
    assert_eq!(
        series(&format!("/api/{}", "x".repeat(257)))
            .unwrap_err()
            .detail(),
        "{name}: a name has at most 256 bytes, this one has 257"
    );
    for bad in ["/api/%ff", "/api/%2", "/%zz"] {
        let problem = series(bad).unwrap_err();
        assert_eq!(problem.detail(), "the path is not percent-encoded UTF-8");
    }
    let found = find(&Method::POST, "/admin/discards/7/replay").unwrap();
    assert_eq!(
        found.path.discard().unwrap_err().detail(),
        "{id}: not the id of a discard"
    );
}

#[test]
fn paths_are_taken_as_they_are() {
    assert_eq!(id(&Method::GET, "/%61pi"), Ok("listSeries"));
    for unknown in [
        "",
        "/",
        "api",
        "/api/",
        "//api",
        "/API",
        "/api/a/",
        "/api//points",
        "/api/a/b",
        "/admin/discards/7",
        "/docs/",
        "/api?x",
        "*",
    ] {
        assert_eq!(
            id(&Method::GET, unknown),
            Err(ProblemKind::NotFound),
            "{unknown}"
        );
    }
}

#[test]
fn methods_that_are_not_there_are_named() {
    let allow = |method: &Method, path: &str| {
        let response = Response::<Bytes>::from(find(method, path).unwrap_err());
        assert_eq!(response.status(), 405);
        response.headers()[ALLOW].to_str().unwrap().to_owned()
    };
    assert_eq!(allow(&Method::PUT, "/api"), "POST, GET, HEAD");
    assert_eq!(allow(&Method::OPTIONS, "/api/a"), "GET, HEAD, DELETE");
    assert_eq!(allow(&Method::GET, "/admin/discards/7/replay"), "POST");
    assert_eq!(id(&Method::HEAD, "/api/a"), Ok("getStats"));
    let head = find(&Method::HEAD, "/admin/discards/7/replay").unwrap_err();
    assert_eq!(head.kind(), ProblemKind::MethodNotAllowed);
}

proptest! {
    #[test]
    fn any_path_is_answered(path in "\\PC{0,40}") {
        let _ = find(&Method::GET, &path);
    }
}
