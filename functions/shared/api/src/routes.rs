//! The one table of routes. Hosts match requests against it, the OpenAPI
//! document is generated from it, and tests hold the deployment template
//! against it.
//!
//! What a route does is an enum of enums, one a function: a `match` over it is
//! exhaustive, so that a route without a handler does not compile.

use http::Method;
use tidemark_core::discard::DiscardId;
use tidemark_core::name::SeriesName;

use crate::percent;
use crate::principal::Scope;
use crate::problem::Problem;

/// What a request asks for, by the function that answers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Answered by the function `ingest`.
    Ingest(Ingest),
    /// Answered by the function `query`.
    Query(Query),
    /// Answered by the function `eraser`: delete a series or a range of it.
    Erase,
    /// Answered by the function `discards`.
    Discards(Discards),
    /// Answered by the function `health`.
    Health,
    /// Answered by the function `openapi`.
    Openapi(Openapi),
}

/// What comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ingest {
    /// Points in the service's own forms.
    Points,
    /// Measurements of energy meters.
    Measurements,
}

/// What is asked of series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Query {
    /// Which series there are.
    Series,
    /// Statistics over a range.
    Stats,
    /// The points of a range.
    Points,
    /// Statistics by time bucket.
    Buckets,
    /// The measurements of a meter.
    Measurements,
    /// The last queries.
    History,
}

/// What an administrator does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Discards {
    /// See discards.
    List,
    /// Count them.
    Summary,
    /// Have one validated again.
    Replay,
}

/// What describes the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Openapi {
    /// The OpenAPI document.
    Document,
    /// The same as a page.
    Page,
}

/// A function of the deployment, each with a folder of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Function {
    /// Takes points in.
    Ingest,
    /// Answers questions about series.
    Query,
    /// Deletes.
    Eraser,
    /// Serves the administrator.
    Discards,
    /// Tells whether data can be accepted.
    Health,
    /// Serves the contract.
    Openapi,
}

impl Function {
    /// Every function that has routes.
    pub const ALL: [Self; 6] = [
        Self::Ingest,
        Self::Query,
        Self::Eraser,
        Self::Discards,
        Self::Health,
        Self::Openapi,
    ];

    /// The name of its folder and package.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Query => "query",
            Self::Eraser => "eraser",
            Self::Discards => "discards",
            Self::Health => "health",
            Self::Openapi => "openapi",
        }
    }
}

impl Operation {
    /// Its id in the OpenAPI document.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Ingest(Ingest::Points) => "postPoints",
            Self::Ingest(Ingest::Measurements) => "postMeasurements",
            Self::Query(Query::Series) => "listSeries",
            Self::Query(Query::Stats) => "getStats",
            Self::Query(Query::Points) => "getPoints",
            Self::Query(Query::Buckets) => "getBuckets",
            Self::Query(Query::Measurements) => "getMeasurements",
            Self::Query(Query::History) => "getHistory",
            Self::Erase => "deleteSeries",
            Self::Discards(Discards::List) => "listDiscards",
            Self::Discards(Discards::Summary) => "summarizeDiscards",
            Self::Discards(Discards::Replay) => "replayDiscard",
            Self::Health => "getHealth",
            Self::Openapi(Openapi::Document) => "getOpenapi",
            Self::Openapi(Openapi::Page) => "getDocs",
        }
    }

    /// The function that answers it.
    pub const fn function(self) -> Function {
        match self {
            Self::Ingest(_) => Function::Ingest,
            Self::Query(_) => Function::Query,
            Self::Erase => Function::Eraser,
            Self::Discards(_) => Function::Discards,
            Self::Health => Function::Health,
            Self::Openapi(_) => Function::Openapi,
        }
    }

    /// The scope that a caller needs for it.
    pub const fn scope(self) -> Option<Scope> {
        match self {
            Self::Ingest(_) | Self::Erase => Some(Scope::Write),
            Self::Query(_) => Some(Scope::Read),
            Self::Discards(_) => Some(Scope::Admin),
            Self::Health | Self::Openapi(_) => None,
        }
    }
}

/// A method and a path, and what they ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The method. `HEAD` is answered wherever `GET` is.
    pub method: Method,
    /// The path; `{name}` and `{id}` stand for one segment that is not empty.
    pub path: &'static str,
    /// What it asks for.
    pub operation: Operation,
}

impl Route {
    const fn new(method: Method, path: &'static str, operation: Operation) -> Self {
        Self {
            method,
            path,
            operation,
        }
    }
}

/// Every route.
pub static ROUTES: [Route; 15] = [
    Route::new(Method::POST, "/api", Operation::Ingest(Ingest::Points)),
    Route::new(Method::GET, "/api", Operation::Query(Query::Series)),
    Route::new(Method::GET, "/api/{name}", Operation::Query(Query::Stats)),
    Route::new(
        Method::GET,
        "/api/{name}/points",
        Operation::Query(Query::Points),
    ),
    Route::new(
        Method::GET,
        "/api/{name}/buckets",
        Operation::Query(Query::Buckets),
    ),
    Route::new(Method::DELETE, "/api/{name}", Operation::Erase),
    Route::new(
        Method::POST,
        "/meterdata/measurement",
        Operation::Ingest(Ingest::Measurements),
    ),
    Route::new(
        Method::GET,
        "/meterdata/measurement",
        Operation::Query(Query::Measurements),
    ),
    Route::new(Method::GET, "/history", Operation::Query(Query::History)),
    Route::new(
        Method::GET,
        "/admin/discards",
        Operation::Discards(Discards::List),
    ),
    Route::new(
        Method::GET,
        "/admin/discards/summary",
        Operation::Discards(Discards::Summary),
    ),
    Route::new(
        Method::POST,
        "/admin/discards/{id}/replay",
        Operation::Discards(Discards::Replay),
    ),
    Route::new(Method::GET, "/health", Operation::Health),
    Route::new(
        Method::GET,
        "/openapi.json",
        Operation::Openapi(Openapi::Document),
    ),
    Route::new(Method::GET, "/docs", Operation::Openapi(Openapi::Page)),
];

/// A request's route, and what its path holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// The route.
    pub route: &'static Route,
    params: Vec<(&'static str, String)>,
}

impl Match {
    fn param(&self, name: &str) -> Option<&str> {
        let mut params = self.params.iter();
        params.find(|(n, _)| *n == name).map(|(_, v)| v.as_str())
    }

    /// The series that `{name}` stands for; 400 if that is not a name.
    pub fn series(&self) -> Result<SeriesName, Problem> {
        // A route without a name is asked for it by mistake only: no series.
        let text = self.param("name").ok_or_else(Problem::not_found)?;
        SeriesName::new(text).map_err(|e| Problem::invalid_path(format!("{{name}}: {e}")))
    }

    /// The discard that `{id}` stands for; 400 if that is not an id.
    pub fn discard(&self) -> Result<DiscardId, Problem> {
        let text = self.param("id").ok_or_else(Problem::not_found)?;
        text.parse()
            .map_err(|e| Problem::invalid_path(format!("{{id}}: {e}")))
    }
}

/// Finds the route of a request by its method and its path as sent, which is
/// percent-decoded segment by segment. 404 for a path, 405 for a method that
/// there is not.
pub fn find(method: &Method, path: &str) -> Result<Match, Problem> {
    let Some(path) = path.strip_prefix('/') else {
        return Err(Problem::not_found());
    };
    let segments = path
        .split('/')
        .map(percent::decode)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| Problem::invalid_path("the path is not percent-encoded UTF-8"))?;
    let asked = if method == Method::HEAD {
        &Method::GET
    } else {
        method
    };
    let mut allowed = Vec::new();
    for route in &ROUTES {
        let template = || route.path.split('/').skip(1);
        let variable = |part: &'static str| part.strip_prefix('{')?.strip_suffix('}');
        let fits = template().count() == segments.len()
            && template()
                .zip(&segments)
                .all(|(part, segment)| match variable(part) {
                    Some(_) => !segment.is_empty(),
                    None => part == segment,
                });
        if !fits {
            continue;
        }
        if route.method == *asked {
            let params = template()
                .zip(segments)
                .filter_map(|(part, segment)| Some((variable(part)?, segment.into_owned())))
                .collect();
            return Ok(Match { route, params });
        }
        allowed.push(route.method.clone());
        if route.method == Method::GET {
            allowed.push(Method::HEAD);
        }
    }
    if allowed.is_empty() {
        Err(Problem::not_found())
    } else {
        Err(Problem::method_not_allowed(&allowed))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use bytes::Bytes;
    use http::Response;
    use http::header::ALLOW;
    use proptest::prelude::*;

    use super::*;
    use crate::problem::Kind;

    fn operation(method: &Method, path: &str) -> Result<Operation, Kind> {
        find(method, path)
            .map(|m| m.route.operation)
            .map_err(|p| p.kind())
    }

    #[test]
    fn each_route_finds_itself() {
        for route in &ROUTES {
            let path = route
                .path
                .replace("{name}", "example1")
                .replace("{id}", "00000000000000010000000000000002-3");
            let found = find(&route.method, &path).unwrap();
            assert_eq!(found.route, route);
            if route.path.contains("{name}") {
                assert_eq!(found.series().unwrap().as_str(), "example1");
            } else {
                assert_eq!(found.series().unwrap_err().kind(), Kind::NotFound);
            }
            assert_eq!(found.discard().is_ok(), route.path.contains("{id}"));
        }
    }

    #[test]
    fn the_table_is_unambiguous() {
        let ids: HashSet<_> = ROUTES.iter().map(|r| r.operation.id()).collect();
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
                assert!(!overlap || a.method != b.method, "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn names_are_decoded_and_checked() {
        let series = |path: &str| find(&Method::GET, path)?.series();
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
        let id = find(&Method::POST, "/admin/discards/7/replay").unwrap();
        assert_eq!(
            id.discard().unwrap_err().detail(),
            "{id}: not the id of a discard"
        );
    }

    #[test]
    fn paths_are_taken_as_they_are() {
        assert_eq!(
            operation(&Method::GET, "/%61pi"),
            Ok(Operation::Query(Query::Series))
        );
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
                operation(&Method::GET, unknown),
                Err(Kind::NotFound),
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
        assert_eq!(
            operation(&Method::HEAD, "/api/a"),
            Ok(Operation::Query(Query::Stats))
        );
        let head = find(&Method::HEAD, "/admin/discards/7/replay").unwrap_err();
        assert_eq!(head.kind(), Kind::MethodNotAllowed);
    }

    proptest! {
        #[test]
        fn any_path_is_answered(path in "\\PC{0,40}") {
            let _ = find(&Method::GET, &path);
        }
    }
}
