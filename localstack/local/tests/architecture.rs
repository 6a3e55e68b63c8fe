//! Who may depend on whom. That the mathematics stays free of I/O, that the use
//! cases know no host, and that one process is built without the AWS SDK is a
//! matter of these edges, and this test holds them.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should say where"
)]

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{Metadata, MetadataCommand, Package};

/// A package of ours, and those of ours that it may name.
const MAY_NAME: [(&str, &[&str]); 15] = [
    ("tidemark-core", &[]),
    ("tidemark-store", &["tidemark-core"]),
    ("tidemark-formats", &["tidemark-core"]),
    ("tidemark-api", &["tidemark-core", "tidemark-formats"]),
    (
        "tidemark-app",
        &[
            "tidemark-core",
            "tidemark-store",
            "tidemark-formats",
            "tidemark-api",
        ],
    ),
    ("tidemark-aws", &["tidemark-core", "tidemark-store"]),
    ("tidemark-lambda", &["tidemark-api"]),
    (
        "tidemark-keys",
        &["tidemark-core", "tidemark-store", "tidemark-app"],
    ),
    (
        "tidemark",
        &[
            "tidemark-core",
            "tidemark-store",
            "tidemark-api",
            "tidemark-app",
            "tidemark-keys",
        ],
    ),
    ("tidemark-data-server", &[]),
    (
        "tidemark-deployed-keys",
        &[
            "tidemark-store",
            "tidemark-app",
            "tidemark-aws",
            "tidemark-keys",
        ],
    ),
    (
        "tidemark-migrate",
        &["tidemark-core", "tidemark-store", "tidemark-aws"],
    ),
    ("tidemark-bench", &[]),
    (EMPTY, &[]),
    (
        "tidemark-power-cut",
        &[
            "tidemark-core",
            "tidemark-store",
            "tidemark-api",
            "tidemark-app",
        ],
    ),
];

/// The function that does nothing, which is what others are measured against.
const EMPTY: &str = "empty-function";

/// What a Lambda function's package, in `functions/<its name>`, joins.
const A_FUNCTION_MAY_NAME: &[&str] = &["tidemark-app", "tidemark-aws", "tidemark-lambda"];

/// Who alone names the crates whose names begin like this.
const ALONE: [(&str, &str); 4] = [
    ("aws-sdk-", "tidemark-aws"),
    ("aws-config", "tidemark-aws"),
    ("lambda_", "tidemark-lambda"),
    ("aws_lambda_", "tidemark-lambda"),
];

/// What compute alone: they do no I/O, do not wait, and do not tell the time.
const PURE: [&str; 2] = ["tidemark-core", "tidemark-formats"];

/// What they would do that with.
const NOT_IN_PURE: [&str; 8] = [
    "tokio",
    "futures-util",
    "async-trait",
    "http",
    "hyper",
    "rusqlite",
    "tracing",
    "fastrand",
];

fn workspace() -> Metadata {
    MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .no_deps()
        .exec()
        .unwrap()
}

/// The packages that a package names, for building, testing or running.
fn named(package: &Package) -> BTreeSet<&str> {
    package
        .dependencies
        .iter()
        .map(|d| d.name.as_str())
        .collect()
}

/// Whether the package is in `functions/`, but not shared.
fn is_function(package: &Package, root: &str) -> bool {
    let path = package.manifest_path.as_str();
    let inside = path.strip_prefix(root).unwrap_or(path);
    inside.starts_with("/functions/") && !inside.starts_with("/functions/shared/")
}

#[test]
fn packages_name_only_those_they_may() {
    let workspace = workspace();
    let root = workspace.workspace_root.as_str();
    let ours: BTreeSet<&str> = workspace.packages.iter().map(|p| p.name.as_str()).collect();
    let rules = BTreeMap::from(MAY_NAME);
    let mut faults = Vec::new();
    for package in &workspace.packages {
        let name = package.name.as_str();
        let may = match rules.get(name) {
            Some(may) => may,
            None if is_function(package, root) => A_FUNCTION_MAY_NAME,
            None => {
                faults.push(format!("{name} has no rule here"));
                continue;
            }
        };
        for other in named(package).intersection(&ours) {
            if !may.contains(other) {
                faults.push(format!("{name} names {other}"));
            }
        }
    }
    assert_eq!(faults, Vec::<String>::new());
    // The rules are about packages that there are.
    for there in [
        "tidemark-core",
        "tidemark-store",
        "tidemark-api",
        "tidemark-app",
        "tidemark-aws",
        "tidemark-lambda",
        "tidemark",
    ] {
        assert!(ours.contains(there), "{there} is not in the workspace");
    }
}

#[test]
fn a_function_only_joins() {
    let workspace = workspace();
    let root = workspace.workspace_root.as_str();
    let functions = || workspace.packages.iter().filter(|p| is_function(p, root));
    let mut faults = Vec::new();
    for package in functions() {
        for other in named(package) {
            if !A_FUNCTION_MAY_NAME.contains(&other) {
                faults.push(format!("{} names {other}", package.name));
            }
        }
    }
    assert_eq!(faults, Vec::<String>::new());
    assert_eq!(functions().count(), 10);
}

#[test]
fn one_process_is_built_without_the_packages_for_aws() {
    let workspace = workspace();
    let packages: BTreeMap<&str, &Package> = workspace
        .packages
        .iter()
        .map(|p| (p.name.as_str(), p))
        .collect();
    let (mut reached, mut next) = (BTreeSet::new(), vec!["tidemark"]);
    while let Some(name) = next.pop() {
        if let Some(package) = packages.get(name)
            && reached.insert(name)
        {
            next.extend(named(package));
        }
    }
    assert!(reached.contains("tidemark-app"));
    assert!(!reached.contains("tidemark-aws"));
    assert!(!reached.contains("tidemark-lambda"));
}

#[test]
fn only_two_packages_know_aws() {
    let mut faults = Vec::new();
    for package in &workspace().packages {
        for other in named(package) {
            for (prefix, alone) in ALONE {
                if other.starts_with(prefix) && ![alone, EMPTY].contains(&package.name.as_str()) {
                    faults.push(format!("{} names {other}", package.name));
                }
            }
        }
    }
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn what_computes_names_nothing_that_waits_or_does_io() {
    let workspace = workspace();
    let mut found = Vec::new();
    for pure in PURE {
        let package = workspace.packages.iter().find(|p| p.name.as_str() == pure);
        let named = named(package.unwrap()).into_iter();
        found.extend(named.filter(|name| NOT_IN_PURE.contains(name)));
    }
    assert_eq!(found, Vec::<&str>::new());
}

#[test]
fn nothing_is_decided_by_features() {
    for package in &workspace().packages {
        let features: Vec<_> = package.features.keys().collect();
        assert!(features.is_empty(), "{}: {features:?}", package.name);
    }
}
