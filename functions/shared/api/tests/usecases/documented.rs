//! What the document says of parameters, and what is read.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::Request;
use serde_json::Value;
use tidemark_api::openapi::document;
use tidemark_api::route::Route;
use tidemark_api::routes::ROUTES;
use tidemark_core::name::Tenant;

use crate::world::{Answer, World};

/// Name, where, and example of each parameter in the document.
fn documented(route: &Route) -> Vec<(String, String, Option<String>)> {
    let document = serde_json::to_value(document()).unwrap();
    let method = route.verb.method().as_str().to_lowercase();
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
pub(crate) fn path(route: &Route) -> String {
    let parameters = documented(route);
    let in_path = parameters.iter().filter(|(_, place, _)| place == "path");
    in_path.fold(route.path.to_owned(), |path, (name, _, example)| {
        path.replace(&format!("{{{name}}}"), example.as_deref().unwrap())
    })
}

/// The same with all parameters of the query.
pub(crate) fn uri(route: &Route) -> String {
    let parameters = documented(route);
    let query: Vec<_> = parameters
        .iter()
        .filter(|(_, place, _)| place == "query")
        // In place of which there is `match`.
        .filter(|(name, ..)| (route.path, name.as_str()) != ("/aggregate", "series"))
        .filter_map(|(name, _, example)| Some(format!("{name}={}", example.as_ref()?)))
        .collect();
    format!("{}?{}", path(route), query.join("&"))
}

async fn ask(world: &World, route: &Route, uri: &str) -> Answer {
    let request = Request::builder().method(route.verb.method()).uri(uri);
    let request = request.body(Bytes::new()).unwrap();
    world.ask_as(&Tenant::local(), request).await
}

#[tokio::test]
async fn what_is_documented_is_read() {
    let world = World::new();
    for route in ROUTES {
        let answer = ask(&world, route, &uri(route)).await;
        if answer.status.is_client_error() {
            let problem = answer.json()["type"].as_str().unwrap().to_owned();
            let unread = ["/docs#invalid-parameter", "/docs#invalid-path"];
            assert!(!unread.contains(&problem.as_str()), "{}", answer.text);
        }
    }
}

#[tokio::test]
async fn what_is_read_is_documented() {
    let world = World::new();
    for route in ROUTES {
        let parameters = documented(route);
        // Required ones, so that it is the unknown one that is complained of.
        let required = "every=1h&muid=m&measurement=energy&match=*";
        let needed: Vec<_> = required
            .split('&')
            .filter(|pair| {
                parameters
                    .iter()
                    .any(|(name, ..)| pair.starts_with(&format!("{name}=")))
            })
            .collect();
        let uri = format!("{}?{}&zzz=1", path(route), needed.join("&"));
        let problem = ask(&world, route, &uri).await.json();
        assert_eq!(problem["type"], "/docs#invalid-parameter", "{route:?}");
        let known = problem["detail"].as_str().unwrap();
        let known: BTreeSet<_> = known
            .split_once("; ")
            .unwrap()
            .1
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
