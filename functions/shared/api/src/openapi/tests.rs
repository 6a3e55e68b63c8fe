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
        let comes_in = route.function() == Function::Ingest;
        assert_eq!(route.body.is_some(), comes_in, "{route:?}");
    }
}

/// The forms in the document are those that are read.
mod forms_and_parsers {
    use proptest::prelude::*;
    use regex_lite::Regex;
    use tidemark_core::discard::DiscardId;
    use tidemark_core::every::Every;
    use tidemark_core::name::SeriesName;
    use tidemark_core::point::Tags;
    use tidemark_core::time::Timestamp;

    use crate::describe::forms;

    /// Texts that a pattern matches.
    fn texts(pattern: &str) -> impl Strategy<Value = String> + use<> {
        // The generator knows neither anchors nor this way to write a character.
        let inner = pattern.trim_start_matches('^').trim_end_matches('$');
        let inner = inner
            .replace(r"\u0000", r"\x00")
            .replace(r"\u001f", r"\x1f");
        let inner = inner
            .replace(r"\u007f", r"\x7f")
            .replace(r"\u009f", r"\x{9f}");
        proptest::string::string_regex(&inner).unwrap()
    }

    proptest! {
        #[test]
        fn names(name in texts(forms::NAME)) {
            prop_assume!(name.len() <= 256);
            prop_assert!(SeriesName::new(name).is_ok());
        }

        #[test]
        fn parts(part in texts(forms::PART)) {
            prop_assume!(part.len() <= 64);
            prop_assert!(SeriesName::new(part.clone()).is_ok() && !part.contains(':'));
        }

        #[test]
        fn instants(text in texts(&forms::instant())) {
            prop_assert!(Timestamp::parse(&text, chrono_tz::Tz::UTC).is_ok(), "{}", text);
        }

        #[test]
        fn widths(text in texts(forms::EVERY)) {
            prop_assert!(text.parse::<Every>().is_ok(), "{}", text);
        }

        #[test]
        fn tags(tag in texts(forms::TAG)) {
            prop_assume!(tag.len() <= Tags::MAX_BYTES);
            prop_assert!(Tags::new([tag]).is_ok());
        }

        #[test]
        fn discards(id in texts(forms::DISCARD)) {
            prop_assert!(id.parse::<DiscardId>().is_ok(), "{}", id);
        }
    }

    /// The other way around, for what can be listed.
    #[test]
    fn every_width_matches() {
        let pattern = Regex::new(forms::EVERY).unwrap();
        for (unit, most) in [("s", 86_400), ("m", 1440), ("h", 24)] {
            for number in 0..most + 20 {
                let text = format!("{number}{unit}");
                assert_eq!(
                    pattern.is_match(&text),
                    text.parse::<Every>().is_ok(),
                    "{text}"
                );
            }
        }
        for text in ["1d", "1w", "1mo", "1q", "1y", "2d", "01h", "1M", "d"] {
            let plain = !text.starts_with('0');
            assert_eq!(
                pattern.is_match(text),
                plain && text.parse::<Every>().is_ok(),
                "{text}"
            );
        }
    }

    #[test]
    fn what_the_contract_shows_matches() {
        let instant = Regex::new(&forms::instant()).unwrap();
        for text in [
            "13515551",
            "1700000000.25",
            "-1",
            "2023-02-01",
            "2023-02-01T00:00:00Z",
            "1970-06-06T10:19:14Z",
            "2023-02-28T23:45:00.000Z",
            "2023-02-01T00:00:00+01:00",
        ] {
            assert!(instant.is_match(text), "{text}");
        }
        for text in [
            "",
            "now",
            "9300000000",
            "2023-02-31",
            "2023-13-01",
            "2023-02-01T00:00:00",
            "1600-01-01",
        ] {
            assert!(!instant.is_match(text), "{text}");
        }
        let name = Regex::new(forms::NAME).unwrap();
        for (text, good) in [
            (".", false),
            ("..", false),
            ("...", true),
            ("..a", true),
            ("a/b", false),
            ("", false),
        ] {
            assert_eq!(name.is_match(text), good, "{text}");
        }
        let obis = Regex::new(forms::OBIS).unwrap();
        for (text, good) in [
            ("0100010800FF", true),
            ("1-0:1.8.0", true),
            ("1-0:1.8.0*255", true),
            ("01-000:199.99.250&0", true),
            ("1-0:1.8.0*256", false),
            ("1-0:1.300.0*255", false),
            ("1.8.0*255", false),
            ("1-0:1.8.0*", false),
            ("..", false),
        ] {
            assert_eq!(obis.is_match(text), good, "{text}");
        }
        let csv = Regex::new(&forms::csv()).unwrap();
        assert!(csv.is_match(
            "name,t,v,tags\nexample1,13515551,1.1,\nexample2,1970-06-06T10:19:14Z,1.5,night;dry\n"
        ));
        assert!(csv.is_match("name,t,v\r\na,1,-2e5"));
        assert!(!csv.is_match("name,t,v\n"));
    }
}
