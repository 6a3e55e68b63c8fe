//! The one list of routes. The pipeline matches requests against it, the OpenAPI
//! document is generated from it, and tests hold the deployment template against it.
//! Beside it, the handlers of each function.

mod delete_series;
mod get_about;
mod get_aggregate;
mod get_buckets;
mod get_compare;
mod get_docs;
mod get_health;
mod get_history;
mod get_measurements;
mod get_openapi;
mod get_points;
mod get_stats;
mod ingested;
mod list_discards;
mod list_series;
mod post_measurements;
mod post_points;
mod put_about;
mod replay_discard;
mod summarize_discards;

use std::borrow::Cow;

use http::Method;
use tidemark_app::discards::Discards;
use tidemark_app::eraser::Eraser;
use tidemark_app::health::Health;
use tidemark_app::ingest::Ingest;
use tidemark_app::query::Query;

use crate::call::PathParams;
use crate::contract::Contract;
use crate::percent;
use crate::problem::Problem;
use crate::route::{Endpoint, Handler, Route, Verb};

/// Every route, in the order of the documentation.
pub static ROUTES: [&Route; 19] = [
    &post_points::ROUTE,
    &list_series::ROUTE,
    &get_stats::ROUTE,
    &get_points::ROUTE,
    &get_buckets::ROUTE,
    &get_about::ROUTE,
    &put_about::ROUTE,
    &get_compare::ROUTE,
    &delete_series::ROUTE,
    &post_measurements::ROUTE,
    &get_measurements::ROUTE,
    &get_aggregate::ROUTE,
    &get_history::ROUTE,
    &list_discards::ROUTE,
    &summarize_discards::ROUTE,
    &replay_discard::ROUTE,
    &get_health::ROUTE,
    &get_openapi::ROUTE,
    &get_docs::ROUTE,
];

/// The ids of a function's routes, each with what answers it there.
pub(crate) type Handlers<U> = &'static [(&'static str, Handler<U>)];

macro_rules! handlers {
    ($($route:ident),+ $(,)?) => { &[$(($route::ROUTE.id, $route::HANDLER)),+] };
}

// One list a function: it links no other.
pub(crate) static INGEST: Handlers<Ingest> = handlers![post_points, put_about, post_measurements];
pub(crate) static QUERY: Handlers<Query> = handlers![
    list_series,
    get_stats,
    get_points,
    get_buckets,
    get_about,
    get_compare,
    get_measurements,
    get_aggregate,
    get_history,
];
pub(crate) static ERASER: Handlers<Eraser> = handlers![delete_series];
pub(crate) static ADMIN: Handlers<Discards> =
    handlers![list_discards, summarize_discards, replay_discard];
pub(crate) static HEALTH: Handlers<Health> = handlers![get_health];
pub(crate) static OPENAPI: Handlers<Contract> = handlers![get_openapi, get_docs];

/// What of [`ROUTES`] every function knows.
static ENDPOINTS: [Endpoint; ROUTES.len()] = {
    let mut all = [ROUTES[0].endpoint(); ROUTES.len()];
    let mut i = 1;
    while i < all.len() {
        all[i] = ROUTES[i].endpoint();
        i += 1;
    }
    all
};

/// What answers a request, and what its path holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    /// What of its route every function knows.
    pub endpoint: &'static Endpoint,
    /// What the variables of its path stand for.
    pub path: PathParams,
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
    let mut endpoints = ENDPOINTS.iter();
    let is_asked = |it: &Endpoint| it.verb.method() == *asked && fits(it, &segments);
    if let Some(endpoint) = endpoints.find(|it| is_asked(it)) {
        let params = endpoint
            .template()
            .zip(segments)
            .filter_map(|(part, segment)| Some((variable(part)?, segment.into_owned())))
            .collect();
        let path = PathParams(params);
        return Ok(Match { endpoint, path });
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
    for endpoint in ENDPOINTS.iter().filter(|it| fits(it, segments)) {
        methods.push(endpoint.verb.method());
        if endpoint.verb == Verb::Get {
            methods.push(Method::HEAD);
        }
    }
    methods
}

/// Whether a path is that of an endpoint.
fn fits(endpoint: &Endpoint, segments: &[Cow<'_, str>]) -> bool {
    endpoint.template().count() == segments.len()
        && endpoint
            .template()
            .zip(segments)
            .all(|(part, segment)| match variable(part) {
                Some(_) => !segment.is_empty(),
                None => part == segment,
            })
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
