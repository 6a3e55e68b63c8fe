//! The one list of routes. The pipeline matches requests against it, the OpenAPI
//! document is generated from it, and tests hold the deployment template against it.

mod aggregate;
mod delete_series;
mod get_buckets;
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
mod replay_discard;
mod summarize_discards;

use std::borrow::Cow;

use http::Method;

use crate::call::PathParams;
use crate::percent;
use crate::problem::Problem;
use crate::route::{Route, Verb};

/// Every route, in the order of the documentation.
pub static ROUTES: [&Route; 16] = [
    &post_points::ROUTE,
    &list_series::ROUTE,
    &get_stats::ROUTE,
    &get_points::ROUTE,
    &get_buckets::ROUTE,
    &delete_series::ROUTE,
    &post_measurements::ROUTE,
    &get_measurements::ROUTE,
    &aggregate::ROUTE,
    &get_history::ROUTE,
    &list_discards::ROUTE,
    &summarize_discards::ROUTE,
    &replay_discard::ROUTE,
    &get_health::ROUTE,
    &get_openapi::ROUTE,
    &get_docs::ROUTE,
];

/// A request's route, and what its path holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    /// The route.
    pub route: &'static Route,
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
    let mut routes = ROUTES.iter();
    let is_asked = |route: &Route| route.verb.method() == *asked && fits(route, &segments);
    if let Some(route) = routes.find(|route| is_asked(route)) {
        let params = route
            .template()
            .zip(segments)
            .filter_map(|(part, segment)| Some((variable(part)?, segment.into_owned())))
            .collect();
        let path = PathParams(params);
        return Ok(Match { route, path });
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
        methods.push(route.verb.method());
        if route.verb == Verb::Get {
            methods.push(Method::HEAD);
        }
    }
    methods
}

/// Whether a path is that of a route.
fn fits(route: &Route, segments: &[Cow<'_, str>]) -> bool {
    route.template().count() == segments.len()
        && route
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
