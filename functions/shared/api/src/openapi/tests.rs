use std::collections::{BTreeSet, HashSet};
use std::path::Path;

use serde_json::Value;

use super::*;
use crate::problem::{self, ProblemKind};
use crate::route::Function;

fn value() -> Value {
    serde_json::to_value(document()).unwrap()
}

/// The document is reviewed as it is, not only as it is made.
#[test]
fn the_document_is_the_reviewed_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/openapi/openapi.json");
    let generated = document().to_pretty_json().unwrap() + "\n";
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(&path, &generated).unwrap();
    }
    let reviewed = std::fs::read_to_string(&path).unwrap();
    let differs = generated
        .lines()
        .zip(reviewed.lines())
        .position(|(a, b)| a != b);
    assert!(
        generated == reviewed,
        "openapi.json differs from line {} on; accept with UPDATE_OPENAPI=1 cargo test -p tidemark-api",
        differs.unwrap_or_default() + 1,
    );
}

#[test]
fn routes_and_document_cover_each_other() {
    let document = value();
    let mut documented = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap().to_owned();
            documented.insert((method.to_uppercase(), path.clone(), id));
        }
    }
    let routes: BTreeSet<_> = ROUTES
        .iter()
        .map(|route| {
            let (method, path) = (route.verb.method().to_string(), route.path.to_owned());
            (method, path, route.id.to_owned())
        })
        .collect();
    assert_eq!(documented, routes);
}

#[test]
fn path_parameters_are_those_of_the_path() {
    let document = value();
    for (path, item) in document["paths"].as_object().unwrap() {
        for operation in item.as_object().unwrap().values() {
            let none = Vec::new();
            let parameters = operation["parameters"].as_array().unwrap_or(&none);
            let in_path: Vec<_> = parameters
                .iter()
                .filter(|p| p["in"] == "path")
                .map(|p| format!("{{{}}}", p["name"].as_str().unwrap()))
                .collect();
            let in_template: Vec<_> = path.split('/').filter(|s| s.starts_with('{')).collect();
            assert_eq!(in_path, in_template, "{path}");
        }
    }
}

/// Every reference leads somewhere, and every schema is referred to.
#[test]
fn references_hold() {
    fn refs(value: &Value, found: &mut HashSet<String>) {
        match value {
            Value::Object(map) => {
                if let Some(target) = map.get("$ref") {
                    found.insert(target.as_str().unwrap().to_owned());
                }
                map.values().for_each(|v| refs(v, found));
            }
            Value::Array(items) => items.iter().for_each(|v| refs(v, found)),
            _ => {}
        }
    }
    let document = value();
    let mut found = HashSet::new();
    refs(&document, &mut found);
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let defined: HashSet<_> = schemas
        .keys()
        .map(|name| format!("#/components/schemas/{name}"))
        .collect();
    assert_eq!(found, defined);
}

#[test]
fn each_operation_says_what_can_go_wrong() {
    for route in ROUTES {
        let kinds = route.all_problems();
        let unique: HashSet<_> = kinds.iter().collect();
        assert_eq!(unique.len(), kinds.len(), "{route:?}");
        assert_eq!(
            kinds.contains(&ProblemKind::InvalidPath),
            route.path.contains('{')
        );
        let described = operation(route);
        let statuses: Vec<_> = described.responses.responses.keys().cloned().collect();
        assert!(
            statuses[0].starts_with('2') && statuses.is_sorted(),
            "{statuses:?}"
        );
        assert!(described.summary.is_some_and(|s| !s.is_empty()));
    }
    for kind in ProblemKind::ALL {
        assert_eq!(problem::example(kind).kind(), kind);
    }
}

#[test]
fn a_body_is_described_where_points_come_in() {
    for route in ROUTES {
        let comes_in = route.function == Function::Ingest;
        assert_eq!(route.body.is_some(), comes_in, "{route:?}");
        // Else it would be kept for anyone.
        assert!(route.body.is_none() || route.scope.is_some(), "{route:?}");
    }
}
