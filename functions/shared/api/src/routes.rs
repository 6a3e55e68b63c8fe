//! The one table of routes. Hosts match requests against it, the OpenAPI
//! document is generated from it, and tests hold the deployment template
//! against it.
//!
//! What a route does is an enum of enums, one a function: a `match` over it is
//! exhaustive, so that a route without a handler does not compile.

use std::borrow::Cow;

use http::Method;
use tidemark_core::access::Scope;
use tidemark_core::discard::DiscardId;
use tidemark_core::name::SeriesName;

use crate::percent;
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
    Admin,
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
        Self::Admin,
        Self::Health,
        Self::Openapi,
    ];

    /// The name of its folder and package.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Query => "query",
            Self::Eraser => "eraser",
            Self::Admin => "admin",
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
            Self::Discards(_) => Function::Admin,
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
    let segments = segments(path)?;
    let asked = if method == Method::HEAD {
        &Method::GET
    } else {
        method
    };
    let mut routes = ROUTES.iter();
    if let Some(route) = routes.find(|route| route.method == *asked && fits(route, &segments)) {
        let params = template(route)
            .zip(segments)
            .filter_map(|(part, segment)| Some((variable(part)?, segment.into_owned())))
            .collect();
        return Ok(Match { route, params });
    }
    match methods_at(&segments) {
        none if none.is_empty() => Err(Problem::not_found()),
        allowed => Err(Problem::method_not_allowed(&allowed)),
    }
}

/// The methods that a path as sent can be asked with; none where there is nothing.
pub fn methods(path: &str) -> Vec<Method> {
    segments(path).map_or_else(|_| Vec::new(), |segments| methods_at(&segments))
}

fn methods_at(segments: &[Cow<'_, str>]) -> Vec<Method> {
    let mut methods = Vec::new();
    for route in ROUTES.iter().filter(|route| fits(route, segments)) {
        methods.push(route.method.clone());
        if route.method == Method::GET {
            methods.push(Method::HEAD);
        }
    }
    methods
}

/// Whether a path is that of a route.
fn fits(route: &Route, segments: &[Cow<'_, str>]) -> bool {
    template(route).count() == segments.len()
        && template(route)
            .zip(segments)
            .all(|(part, segment)| match variable(part) {
                Some(_) => !segment.is_empty(),
                None => part == segment,
            })
}

fn template(route: &Route) -> impl Iterator<Item = &'static str> {
    route.path.split('/').skip(1)
}

fn variable(part: &'static str) -> Option<&'static str> {
    part.strip_prefix('{')?.strip_suffix('}')
}

fn segments(path: &str) -> Result<Vec<Cow<'_, str>>, Problem> {
    let path = path.strip_prefix('/').ok_or_else(Problem::not_found)?;
    path.split('/')
        .map(percent::decode)
        .collect::<Result<_, _>>()
        .map_err(|_| Problem::invalid_path("the path is not percent-encoded UTF-8"))
}

#[cfg(test)]
mod tests;
