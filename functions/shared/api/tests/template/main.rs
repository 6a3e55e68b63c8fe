//! Holds the deployment's templates against the contract: the gateway has the
//! routes of the table and no others, each leads to the function that answers
//! it, a function is told of what it may use, and may use what it is told of,
//! and the dashboard shows what is measured.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should say where"
)]

mod dashboard;
mod document;

use std::collections::{BTreeMap, BTreeSet};

use document::{keys, read, resources, string};
use http::Method;
use serde_json::{Value, json};
use tidemark_api::route::{Function, Verb};
use tidemark_api::routes::ROUTES;

/// What a function is told of in its environment, and the parameter of
/// `infra/roles.yaml` that its role names for it.
const TOLD: [(&str, &str); 9] = [
    ("TIDEMARK_POINTS_TABLE", "PointsArn"),
    ("TIDEMARK_TIMESTREAM_TABLE", "TimestreamArn"),
    ("TIDEMARK_TIMESTREAM_REPORTS", "ReportsArn"),
    ("TIDEMARK_CATALOG_TABLE", "CatalogArn"),
    ("TIDEMARK_DISCARDS_TABLE", "DiscardsArn"),
    ("TIDEMARK_HISTORY_TABLE", "HistoryArn"),
    ("TIDEMARK_KEYS_TABLE", "KeysArn"),
    ("TIDEMARK_QUEUE_URL", "QueueArn"),
    ("TIDEMARK_CALCULATION_FUNCTION", "CalculationArn"),
];

/// The functions of the template, by their logical ids.
fn functions(template: &Value) -> BTreeMap<&str, &Value> {
    resources(template, "AWS::Serverless::Function")
}

/// The function, by the name of its folder, that an integration calls.
fn called<'a>(api: &Value, template: &'a Value, integration: &str) -> &'a str {
    let properties = &api["Resources"][integration]["Properties"];
    assert_eq!(properties["IntegrationType"], "AWS_PROXY", "{integration}");
    assert_eq!(properties["PayloadFormatVersion"], "2.0", "{integration}");
    let parameter = string(&properties["IntegrationUri"]["Ref"]);
    let given = &template["Resources"]["Api"]["Properties"]["Parameters"][parameter];
    let id = string(&given["Fn::GetAtt"]).strip_suffix(".Arn").unwrap();
    binary(&template["Resources"][id])
}

/// The program that `sam build` builds for a function.
fn binary(function: &Value) -> &str {
    string(&function["Metadata"]["BuildProperties"]["Binary"])
}

#[test]
fn the_gateway_has_the_routes_of_the_table_and_no_others() {
    let mut wanted: BTreeSet<(String, &str)> = ROUTES
        .iter()
        .flat_map(|route| {
            let function = route.function.name();
            let head = (route.verb == Verb::Get).then_some(Method::HEAD);
            [Some(route.verb.method()), head]
                .into_iter()
                .flatten()
                .map(move |method| (format!("{method} {}", route.path), function))
        })
        .collect();
    // What has no route is answered by the table's own 404 and 405.
    wanted.insert(("$default".to_owned(), Function::Openapi.name()));

    let (api, template) = (read("infra/api.yaml"), read("template.yaml"));
    let routes = resources(&api, "AWS::ApiGatewayV2::Route");
    let mut found = BTreeSet::new();
    for (id, route) in &routes {
        let properties = &route["Properties"];
        // Callers would have to show two things in one header.
        assert_eq!(properties["AuthorizationType"], Value::Null, "{id}");
        let target = string(&properties["Target"]["Fn::Sub"]);
        let integration = target
            .strip_prefix("integrations/${")
            .and_then(|rest| rest.strip_suffix('}'))
            .unwrap();
        found.insert((
            string(&properties["RouteKey"]).to_owned(),
            called(&api, &template, integration),
        ));
    }
    assert_eq!(found, wanted);
    assert_eq!(routes.len(), wanted.len(), "a route is there twice");
}

#[test]
fn the_gateway_may_call_what_it_leads_to() {
    let api = read("infra/api.yaml");
    let uris = |kind: &str, property: &str| -> BTreeSet<String> {
        resources(&api, kind)
            .values()
            .map(|resource| string(&resource["Properties"][property]["Ref"]).to_owned())
            .collect()
    };
    let integrated = uris("AWS::ApiGatewayV2::Integration", "IntegrationUri");
    assert_eq!(integrated.len(), Function::ALL.len());
    assert_eq!(integrated, uris("AWS::Lambda::Permission", "FunctionName"));
}

/// Nobody is kept out at the gateway, so each function that answers a route with a
/// scope has to know the keys.
#[test]
fn who_answers_a_route_with_a_scope_knows_the_keys() {
    let (template, roles) = (read("template.yaml"), read("infra/roles.yaml"));
    for (id, function) in functions(&template) {
        let name = binary(function);
        let asks = ROUTES
            .iter()
            .any(|route| route.function.name() == name && route.scope.is_some());
        let told = &function["Properties"]["Environment"]["Variables"]["TIDEMARK_KEYS_TABLE"];
        assert_eq!(!told.is_null(), asks, "{id}");
        let of_keys = |statement: &&&Value| statement["Resource"] == json!({"Ref": "KeysArn"});
        let allowed = document::statements(&roles, id, false);
        let actions: Vec<&Value> = allowed
            .iter()
            .filter(of_keys)
            .map(|statement| &statement["Action"])
            .collect();
        // It reads keys, and makes none.
        let reads = json!(["dynamodb:GetItem"]);
        assert_eq!(actions, if asks { vec![&reads] } else { vec![] }, "{id}");
    }
}

#[test]
fn every_folder_of_a_function_is_deployed_under_its_name() {
    let template = read("template.yaml");
    let deployed: BTreeSet<&str> = functions(&template)
        .iter()
        .map(|(id, function)| {
            let (name, properties) = (id.to_lowercase(), &function["Properties"]);
            // All from the workspace, so that what they share is built once.
            assert_eq!(properties["CodeUri"], ".");
            assert_eq!(binary(function), name);
            assert_eq!(
                properties["FunctionName"],
                json!({"Fn::Sub": format!("${{AWS::StackName}}-{name}")})
            );
            assert_eq!(
                properties["Role"],
                json!({"Fn::GetAtt": format!("Roles.Outputs.{id}")})
            );
            assert_eq!(function["Metadata"]["BuildMethod"], "rust-cargolambda");
            binary(function)
        })
        .collect();
    let folders = std::fs::read_dir(document::root().join("functions")).unwrap();
    for folder in folders {
        let name = folder.unwrap().file_name().into_string().unwrap();
        assert!(
            name == "shared" || deployed.contains(name.as_str()),
            "functions/{name}"
        );
    }
}

/// Whether something is used with points in `DynamoDB` alone, or in Timestream;
/// None if with both.
fn of_timestream(arn: &str) -> Option<bool> {
    match arn {
        "PointsArn" => Some(false),
        "TimestreamArn" | "ReportsArn" => Some(true),
        _ => None,
    }
}

/// The parameter for what a statement allows the use of, by itself, by one of
/// its indexes or by what is in it; none for the function's own log, and for what
/// is asked of no resource.
fn table_or_queue(id: &str, resource: &Value) -> Option<String> {
    if resource == "*" {
        return None;
    }
    if let Some(own) = resource["Fn::GetAtt"].as_str() {
        assert_eq!(own, format!("{id}Log.Arn"));
        return None;
    }
    if let Some(arn) = resource["Ref"].as_str() {
        return Some(arn.to_owned());
    }
    let index = string(&resource["Fn::Sub"]);
    if index == "${ReportsArn}/*" {
        return Some("ReportsArn".to_owned());
    }
    let (arn, index) = index
        .strip_prefix("${")
        .and_then(|rest| rest.split_once("}/index/"))
        .unwrap_or_else(|| panic!("{id}: {index}"));
    assert!(!index.contains('*'), "{id}: {index}");
    Some(arn.to_owned())
}

#[test]
fn a_function_may_use_what_it_is_told_of_and_nothing_else() {
    let (template, roles) = (read("template.yaml"), read("infra/roles.yaml"));
    let functions = functions(&template);
    let named: BTreeSet<&str> = resources(&roles, "AWS::IAM::Role").into_keys().collect();
    assert_eq!(named, functions.keys().copied().collect());
    for (id, function) in functions {
        for in_timestream in [false, true] {
            let wanted = wanted(id, function, in_timestream);
            let used = used(id, &roles, in_timestream);
            assert_eq!(used, wanted, "{id}, in Timestream: {in_timestream}");
        }
    }
}

/// What a function is told of with a store.
fn wanted(id: &str, function: &Value, in_timestream: bool) -> BTreeSet<String> {
    let told = keys(&function["Properties"]["Environment"]["Variables"]);
    let mut wanted: BTreeSet<String> = TOLD
        .iter()
        .filter(|(_, arn)| of_timestream(arn).is_none_or(|of| of == in_timestream))
        .filter_map(|(variable, arn)| told.contains(variable).then_some((*arn).to_owned()))
        .collect();
    if function["Properties"]["Events"]["Batches"].is_object() {
        wanted.insert("QueueArn".to_owned());
    }
    match id {
        // Timestream deletes nothing, and has nothing to merge.
        "Eraser" if in_timestream => drop(wanted.remove("TimestreamArn")),
        "Compactor" if in_timestream => wanted.clear(),
        // It writes reports with the rights of who writes records.
        "Admin" if in_timestream => drop(wanted.insert("ReportsArn".to_owned())),
        _ => {}
    }
    wanted
}

/// What the role of a function allows the use of with a store.
fn used(id: &str, roles: &Value, in_timestream: bool) -> BTreeSet<String> {
    let mut used: BTreeSet<String> = BTreeSet::new();
    for statement in document::statements(roles, id, in_timestream) {
        for action in statement["Action"].as_array().unwrap() {
            let action = string(action);
            assert!(!action.contains('*'), "{id}: {action}");
            let is_of_all = statement["Resource"] == "*";
            assert_eq!(is_of_all, action == "timestream:DescribeEndpoints", "{id}");
        }
        let resource = &statement["Resource"];
        for resource in resource.as_array().unwrap_or(&vec![resource.clone()]) {
            used.extend(table_or_queue(id, resource));
        }
    }
    used
}

#[test]
fn an_outage_of_an_hour_makes_no_dead_letters() {
    let parameters = &read("template.yaml")["Parameters"];
    let default = |name: &str| parameters[name]["Default"].as_u64().unwrap();
    // The first try is at once, and this much later the last.
    assert!(default("VisibilityTimeout") * (default("MaxReceives") - 1) > 3600);
}
