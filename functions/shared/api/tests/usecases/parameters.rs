//! Every parameter of every route, held against its schema in the document: what that
//! admits is read, and nothing else.

use http::StatusCode;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use regex_lite::Regex;
use serde_json::{Value as Json, json};
use tidemark_api::openapi::document;
use tidemark_api::routes::ROUTES;

use crate::world::World;

/// How many texts each parameter is asked with.
const TEXTS: usize = 160;

/// Which series `/aggregate` is asked about: `plant.{unit}.temp.{place}`.
const MATCH: &str = "match=plant.%7Bunit%7D.temp.%7Bplace%7D";

/// What a parameter is asked with, where it means nothing by itself.
fn beside(path: &str, parameter: &str) -> &'static [&'static str] {
    match (path, parameter) {
        // Either says which series are meant.
        ("/aggregate", "match" | "series") => &[],
        // Slots are what is filled.
        ("/aggregate", "fill") => &[MATCH, "every=1h"],
        // Many statistics are of one series.
        ("/aggregate", "stats") => &[MATCH, "by=series"],
        ("/aggregate", _) => &[MATCH],
        _ => &[],
    }
}

/// All texts that are read, where what it is asked with leaves fewer than the form.
fn left(path: &str, parameter: &str) -> Option<&'static [&'static str]> {
    match (path, parameter) {
        // Labels of the pattern, each once.
        ("/aggregate", "by") => Some(&["unit", "place", "unit,place", "place,unit", "series"]),
        _ => None,
    }
}

/// Refusals of what was read.
const READ: [&str; 3] = [
    // It is more than can be answered.
    "choose wider slots",
    // Labels have a form, but some are names of columns, and none stands twice.
    "cannot be a label",
    "stands twice",
];

/// One parameter of a route.
struct Case {
    method: http::Method,
    /// The URI with `{}` where the parameter's text stands.
    uri: String,
    name: String,
    is_in_path: bool,
    /// Whether its schema is that of instants.
    is_instant: bool,
    schema: Json,
}

/// A schema, which may be named, as may be that of its items.
fn resolved(document: &Json, schema: &Json) -> Json {
    let mut schema = match schema["$ref"].as_str() {
        Some(name) => document
            .pointer(name.trim_start_matches('#'))
            .unwrap()
            .clone(),
        None => schema.clone(),
    };
    if let Some(items) = schema.get_mut("items") {
        *items = resolved(document, items);
    }
    schema
}

fn cases(document: &Json) -> Vec<Case> {
    let mut cases = Vec::new();
    for route in ROUTES {
        let method = route.verb.method();
        let operation = method.as_str().to_lowercase();
        let parameters = &document["paths"][route.path][operation]["parameters"];
        let parameters = parameters.as_array().cloned().unwrap_or_default();
        let example = |p: &Json| match &p["example"] {
            Json::String(text) => text.clone(),
            Json::Array(items) => {
                let items: Vec<_> = items.iter().map(|item| item.as_str().unwrap()).collect();
                items.join(",")
            }
            other => other.to_string(),
        };
        for asked in &parameters {
            let name = asked["name"].as_str().unwrap().to_owned();
            // A cursor is one only for the query that it was given out for.
            if name == "cursor" {
                continue;
            }
            let is_in_path = asked["in"] == "path";
            let mut path = route.path.to_owned();
            let mut query = Vec::new();
            for p in &parameters {
                let other = p["name"].as_str().unwrap();
                let text = if other == name {
                    "{}".to_owned()
                } else {
                    example(p)
                };
                if p["in"] == "path" {
                    path = path.replace(&format!("{{{other}}}"), &text);
                } else if other == name || p["required"] == true {
                    query.push(format!("{other}={text}"));
                }
            }
            query.extend(beside(route.path, &name).iter().map(|&text| text.into()));
            let form = resolved(document, &asked["schema"]);
            let schema = left(route.path, &name).map_or(form.clone(), |texts| {
                assert!(texts.iter().all(|text| admits(&form, text)), "{name}");
                json!({ "enum": texts })
            });
            cases.push(Case {
                method: method.clone(),
                uri: format!("{path}?{}", query.join("&")),
                name,
                is_in_path,
                is_instant: asked["schema"]["$ref"] == "#/components/schemas/Instant",
                schema,
            });
        }
    }
    cases
}

/// A pattern as the libraries here write it.
fn pattern(schema: &Json) -> Option<String> {
    let pattern = schema["pattern"].as_str()?;
    let pattern = pattern
        .replace(r"\u0000", r"\x00")
        .replace(r"\u001f", r"\x1f");
    Some(
        pattern
            .replace(r"\u007f", r"\x7f")
            .replace(r"\u009f", r"\x{9f}"),
    )
}

/// Whether a schema admits the text of a parameter.
fn admits(schema: &Json, text: &str) -> bool {
    if let Some(choices) = schema["enum"].as_array() {
        return choices.iter().any(|choice| choice == text);
    }
    match schema["type"].as_str().unwrap() {
        "boolean" => ["true", "false"].contains(&text),
        "integer" => text.parse::<u64>().is_ok_and(|number| {
            number.to_string() == text
                && schema["minimum"]
                    .as_u64()
                    .is_none_or(|least| least <= number)
                && schema["maximum"].as_u64().is_none_or(|most| number <= most)
        }),
        "array" => {
            let items = text.split(',').count() as u64;
            text.split(',').all(|item| admits(&schema["items"], item))
                && schema["minItems"]
                    .as_u64()
                    .is_none_or(|least| least <= items)
                && schema["maxItems"].as_u64().is_none_or(|most| items <= most)
        }
        _ => {
            let length = |name: &str| schema[name].as_u64();
            let characters = text.chars().count() as u64;
            let pattern = pattern(schema).map(|pattern| Regex::new(&pattern).unwrap());
            length("minLength").is_none_or(|least| least <= characters)
                && length("maxLength").is_none_or(|most| characters <= most)
                && pattern.is_none_or(|pattern| pattern.is_match(text))
        }
    }
}

/// Texts that a schema admits.
fn admitted(schema: &Json) -> BoxedStrategy<String> {
    if let Some(choices) = schema["enum"].as_array() {
        let choices: Vec<_> = choices
            .iter()
            .map(|choice| choice.as_str().unwrap().to_owned())
            .collect();
        return prop::sample::select(choices).boxed();
    }
    match schema["type"].as_str().unwrap() {
        "boolean" => prop::sample::select(vec!["true".to_owned(), "false".to_owned()]).boxed(),
        "integer" => {
            let least = schema["minimum"].as_u64().unwrap();
            let most = schema["maximum"].as_u64().unwrap();
            prop_oneof![
                Just(least),
                Just(most),
                Just(most + 1),
                least..=most,
                0..least + 1
            ]
            .prop_map(|number| number.to_string())
            .boxed()
        }
        "array" => prop::collection::vec(admitted(&schema["items"]), 1..4)
            .prop_map(|items| items.join(","))
            .boxed(),
        _ => {
            let pattern = pattern(schema).unwrap_or_else(|| r"[^\x00]{1,8}".to_owned());
            let inner = pattern.trim_start_matches('^').trim_end_matches('$');
            prop::string::string_regex(inner).unwrap().boxed()
        }
    }
}

/// The same, or with one character more, less or other.
fn near(schema: &Json) -> impl Strategy<Value = String> {
    let other = "0019+-:.,;/ TtZzeEsmhdqy_A\n\u{2212}\u{661}";
    let other = prop::sample::select(other.chars().collect::<Vec<_>>());
    let change = prop::option::weighted(0.6, (any::<Index>(), prop::option::of(other)));
    (admitted(schema), change).prop_map(|(text, change)| {
        let Some((at, with)) = change else {
            return text;
        };
        let mut characters: Vec<char> = text.chars().collect();
        let at = at.index(characters.len() + 1);
        if with.is_none() && at < characters.len() {
            characters.remove(at);
        }
        characters.splice(at..at, with);
        characters.into_iter().collect()
    })
}

/// Instants that are accepted though the pattern leaves them out, as it says.
fn is_told_in_words(text: &str) -> bool {
    let ends = ["1677-", "2262-", "92", "-92"];
    text.contains(['e', 'E'])
        || text.contains(":60")
        || ends.iter().any(|end| text.starts_with(end))
}

fn encoded(text: &str) -> String {
    let byte = |byte: u8| format!("%{byte:02X}");
    text.bytes().map(byte).collect()
}

#[tokio::test]
async fn what_a_schema_admits_is_read_and_nothing_else() {
    let document = serde_json::to_value(document()).unwrap();
    let world = World::new();
    for series in ["example1", "plant.u1.temp.in", "plant.u2.temp.out"] {
        world.load(series, &[(1, 1.0), (100, 2.0)]).await;
    }
    for case in cases(&document) {
        // Its own, so that no parameter's texts depend on what there is before it.
        let mut runner = TestRunner::deterministic();
        let texts = near(&case.schema);
        let (mut read, mut refused) = (0, 0);
        for _ in 0..TEXTS {
            let text = texts.new_tree(&mut runner).unwrap().current();
            let is_admitted = admits(&case.schema, &text);
            let is_told = case.is_instant && is_told_in_words(&text);
            if text.is_empty() || (!is_admitted && is_told) {
                continue;
            }
            let uri = case.uri.replace("{}", &encoded(&text));
            let answer = world.send(case.method.clone(), &uri).await;
            let kind = if case.is_in_path {
                "invalid-path"
            } else {
                "invalid-parameter"
            };
            let is_read = answer.status != StatusCode::BAD_REQUEST
                || answer.json()["type"] != format!("/docs#{kind}")
                || READ.iter().any(|told| answer.text.contains(told));
            let about = (&case.name, &text, &answer.text);
            assert_eq!(is_read, is_admitted, "{about:?}");
            *if is_read { &mut read } else { &mut refused } += 1;
        }
        assert!(
            read >= 10 && refused >= 5,
            "{}: {read} {refused}",
            case.name
        );
    }
}
