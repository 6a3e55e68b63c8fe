//! Templates as JSON, in which `!Ref x` is `{"Ref": "x"}` as `CloudFormation`
//! reads it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Value, json};

/// The folder of the workspace.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.."))
}

/// Reads a template.
pub(crate) fn read(path: &str) -> Value {
    let text = std::fs::read_to_string(root().join(path)).unwrap();
    let documents = Yaml::load_from_str(&text).unwrap();
    assert_eq!(documents.len(), 1, "{path}");
    value(&documents[0])
}

fn value(yaml: &Yaml<'_>) -> Value {
    match yaml {
        Yaml::Value(scalar) => match scalar {
            Scalar::Null => Value::Null,
            Scalar::Boolean(flag) => json!(flag),
            Scalar::Integer(number) => json!(number),
            Scalar::FloatingPoint(number) => json!(number.0),
            Scalar::String(text) => json!(text),
        },
        Yaml::Sequence(items) => items.iter().map(value).collect(),
        Yaml::Mapping(entries) => entries
            .iter()
            .map(|(key, entry)| (key.as_str().unwrap().to_owned(), value(entry)))
            .collect::<Map<_, _>>()
            .into(),
        Yaml::Tagged(tag, node) => {
            let name = match tag.suffix.as_str() {
                plain @ ("Ref" | "Condition") => plain.to_owned(),
                function => format!("Fn::{function}"),
            };
            json!({ name: value(node) })
        }
        other => panic!("{other:?}"),
    }
}

/// A value that must be text.
pub(crate) fn string(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
}

/// The keys of an object; none where there is none.
pub(crate) fn keys(value: &Value) -> BTreeSet<&str> {
    let object = value.as_object();
    object
        .into_iter()
        .flat_map(|entries| entries.keys().map(String::as_str))
        .collect()
}

/// The resources of one type, by their logical ids; there must be some.
pub(crate) fn resources<'a>(template: &'a Value, kind: &str) -> BTreeMap<&'a str, &'a Value> {
    let all = template["Resources"].as_object().unwrap();
    let found: BTreeMap<_, _> = all
        .iter()
        .filter(|(_, resource)| resource["Type"] == kind)
        .map(|(id, resource)| (id.as_str(), resource))
        .collect();
    assert!(!found.is_empty(), "no {kind}");
    found
}

/// What a role allows with points in Timestream, or in `DynamoDB`.
pub(crate) fn statements<'a>(roles: &'a Value, id: &str, in_timestream: bool) -> Vec<&'a Value> {
    let policies = roles["Resources"][id]["Properties"]["Policies"].as_array();
    policies
        .unwrap()
        .iter()
        .flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array().unwrap())
        .map(|statement| match statement["Fn::If"].as_array() {
            None => statement,
            Some(parts) => {
                assert_eq!(parts[0], "InTimestream", "{id}");
                &parts[if in_timestream { 1 } else { 2 }]
            }
        })
        .filter(|statement| statement["Ref"] != "AWS::NoValue")
        .collect()
}
