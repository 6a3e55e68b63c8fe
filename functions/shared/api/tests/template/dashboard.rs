//! The dashboard shows what there is to see: its metrics are those that the
//! functions measure, its alarms all that are deployed.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::document::{read, resources, root, string};

/// What precedes the name of each metric in the sources.
const MEASURED: [&str; 2] = ["counter!(\"", "timed(\""];

fn dashboard() -> Value {
    let alarms = read("infra/alarms.yaml");
    let body = &alarms["Resources"]["Dashboard"]["Properties"]["DashboardBody"];
    serde_json::from_str(string(&body["Fn::Sub"])).unwrap()
}

fn widgets<'a>(dashboard: &'a Value, kind: &str) -> impl Iterator<Item = &'a Value> {
    let widgets = dashboard["widgets"].as_array().unwrap();
    widgets.iter().filter(move |widget| widget["type"] == kind)
}

/// What stands in quotes after each `prefix`.
fn quoted<'a>(text: &'a str, prefix: &str) -> impl Iterator<Item = &'a str> {
    text.split(prefix)
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
}

/// The metrics that are looked for among those of the functions.
fn searched(dashboard: &Value) -> BTreeSet<&str> {
    widgets(dashboard, "metric")
        .flat_map(|widget| widget["properties"]["metrics"].as_array().unwrap())
        .filter_map(|metric| metric[0]["expression"].as_str())
        .filter(|expression| expression.contains("{Tidemark,"))
        .flat_map(|expression| {
            let (_, names) = expression.split_once("MetricName=").unwrap();
            // One name, or several: `("a" OR "b")`.
            let end = if names.starts_with('(') { ')' } else { ' ' };
            let names = names.split(end).next().unwrap();
            names.split('"').skip(1).step_by(2)
        })
        .collect()
}

/// The sources in a folder, one after the other.
fn sources(folder: &Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            text += &sources(&path);
        } else {
            text += &std::fs::read_to_string(path).unwrap();
        }
    }
    text
}

#[test]
fn metrics_are_those_that_are_measured() {
    let dashboard = dashboard();
    let app = sources(&root().join("functions/shared/app/src"));
    let measured: BTreeSet<&str> = MEASURED
        .iter()
        .flat_map(|prefix| quoted(&app, prefix))
        .collect();
    assert!(!measured.is_empty());
    assert_eq!(searched(&dashboard), measured);
}

#[test]
fn all_alarms_are_shown() {
    let (dashboard, alarms) = (dashboard(), read("infra/alarms.yaml"));
    let shown: BTreeSet<&str> = widgets(&dashboard, "alarm")
        .flat_map(|widget| widget["properties"]["alarms"].as_array().unwrap())
        .map(|arn| {
            let id = string(arn).strip_prefix("${").unwrap();
            id.strip_suffix(".Arn}").unwrap()
        })
        .collect();
    assert_eq!(
        shown,
        resources(&alarms, "AWS::CloudWatch::Alarm")
            .into_keys()
            .collect()
    );
}
