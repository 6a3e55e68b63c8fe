//! Who may depend on whom. That the mathematics stays free of I/O, that the use
//! cases know no host, that one process is built without the AWS SDK and the
//! functions without SQLite is a matter of these edges, and this test holds them.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should say where"
)]

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId};

/// What the use cases are made of.
const BELOW: &[&str] = &["tidemark-core", "tidemark-ports", "tidemark-formats"];

/// A package of ours, those of ours that it is made of, and those that its tests
/// take besides.
const MAY_NAME: [(&str, &[&str], &[&str]); 21] = [
    ("tidemark-core", &[], &[]),
    ("tidemark-ports", &["tidemark-core"], &[]),
    ("tidemark-columnar", &["tidemark-core"], &[]),
    ("tidemark-formats", &["tidemark-core"], &[]),
    (
        "tidemark-conformance",
        &["tidemark-core", "tidemark-ports"],
        &[],
    ),
    (
        "tidemark-embedded",
        &["tidemark-core", "tidemark-ports", "tidemark-columnar"],
        &["tidemark-conformance"],
    ),
    (
        "tidemark-aws",
        &["tidemark-core", "tidemark-ports", "tidemark-columnar"],
        &["tidemark-conformance", "tidemark-embedded"],
    ),
    ("tidemark-https", &[], &[]),
    ("tidemark-app", BELOW, &["tidemark-embedded"]),
    (
        "tidemark-access",
        &["tidemark-core", "tidemark-ports", "tidemark-https"],
        &[],
    ),
    (
        "tidemark-sources",
        &["tidemark-core", "tidemark-ports", "tidemark-https"],
        &[],
    ),
    (
        "tidemark-api",
        &[
            "tidemark-core",
            "tidemark-ports",
            "tidemark-formats",
            "tidemark-app",
            "tidemark-access",
        ],
        &["tidemark-embedded"],
    ),
    (
        "tidemark-lambda",
        &["tidemark-ports", "tidemark-access", "tidemark-api"],
        &[],
    ),
    (
        "tidemark-keys",
        &["tidemark-core", "tidemark-ports"],
        &["tidemark-embedded"],
    ),
    (
        "tidemark",
        &[
            "tidemark-core",
            "tidemark-ports",
            "tidemark-embedded",
            "tidemark-access",
            "tidemark-sources",
            "tidemark-api",
            "tidemark-app",
            "tidemark-keys",
        ],
        &[],
    ),
    ("tidemark-data-server", &[], &[]),
    (
        "tidemark-deployed-keys",
        &["tidemark-ports", "tidemark-aws", "tidemark-keys"],
        &[],
    ),
    (
        "tidemark-migrate",
        &["tidemark-core", "tidemark-ports", "tidemark-aws"],
        &[],
    ),
    ("tidemark-bench", &[], &[]),
    (EMPTY, &[], &[]),
    (
        "tidemark-power-cut",
        &[],
        &[
            "tidemark-core",
            "tidemark-ports",
            "tidemark-embedded",
            "tidemark-access",
            "tidemark-api",
            "tidemark-app",
        ],
    ),
];

/// The function that does nothing, which is what others are measured against.
const EMPTY: &str = "empty-function";

/// What a Lambda function's package, in `functions/<its name>`, joins.
const A_FUNCTION_MAY_NAME: &[&str] = &[
    "tidemark-app",
    "tidemark-aws",
    "tidemark-lambda",
    "tidemark-sources",
];

/// Who alone names the crates whose names begin like this.
const ALONE: [(&str, &[&str]); 5] = [
    ("aws-sdk-", &["tidemark-aws"]),
    ("aws-config", &["tidemark-aws"]),
    ("lambda_", &["tidemark-lambda", EMPTY]),
    ("aws_lambda_", &["tidemark-lambda"]),
    ("rusqlite", &["tidemark-embedded", "tidemark-power-cut"]),
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

/// The packages with all that they are built from, as it is locked.
fn resolved() -> Metadata {
    MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .other_options(vec!["--locked".to_owned()])
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

/// The packages that a package is made of, which those of its tests are not.
fn made_of(package: &Package) -> BTreeSet<&str> {
    package
        .dependencies
        .iter()
        .filter(|d| d.kind != DependencyKind::Development)
        .map(|d| d.name.as_str())
        .collect()
}

/// The names of all packages that a program is made of.
fn reached<'a>(metadata: &'a Metadata, program: &Package) -> BTreeSet<&'a str> {
    let resolve = metadata.resolve.as_ref().unwrap();
    let nodes: BTreeMap<&PackageId, _> = resolve.nodes.iter().map(|n| (&n.id, n)).collect();
    let (mut seen, mut next) = (BTreeSet::new(), vec![&program.id]);
    while let Some(id) = next.pop() {
        if seen.insert(id) {
            let built = nodes[id].deps.iter().filter(|d| {
                let mut kinds = d.dep_kinds.iter();
                kinds.any(|k| k.kind != DependencyKind::Development)
            });
            next.extend(built.map(|d| {
                let known = metadata.packages.iter().find(|p| p.id == d.pkg);
                &known.unwrap().id
            }));
        }
    }
    seen.into_iter()
        .map(|id| metadata[id].name.as_str())
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
    let rules = BTreeMap::from(MAY_NAME.map(|(name, made_of, tests)| (name, (made_of, tests))));
    let mut faults = Vec::new();
    for package in &workspace.packages {
        let name = package.name.as_str();
        let (may, tests_may) = match rules.get(name) {
            Some(&rule) => rule,
            None if is_function(package, root) => (A_FUNCTION_MAY_NAME, &[] as &[&str]),
            None => {
                faults.push(format!("{name} has no rule here"));
                continue;
            }
        };
        let made_of = made_of(package);
        for other in named(package).intersection(&ours) {
            if made_of.contains(other) && !may.contains(other) {
                faults.push(format!("{name} names {other}"));
            } else if !may.contains(other) && !tests_may.contains(other) {
                faults.push(format!("the tests of {name} name {other}"));
            }
        }
    }
    assert_eq!(faults, Vec::<String>::new());
    // The rules are about packages that there are.
    for (there, ..) in MAY_NAME {
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
    let metadata = resolved();
    let process = metadata.packages.iter().find(|p| p.name == "tidemark");
    let reached = reached(&metadata, process.unwrap());
    for there in ["tidemark-app", "tidemark-embedded", "rusqlite"] {
        assert!(reached.contains(there), "{there}");
    }
    let for_aws = |name: &&str| {
        let ours = ["tidemark-aws", "tidemark-lambda"];
        name.starts_with("aws-") || name.starts_with("lambda_") || ours.contains(name)
    };
    let found: Vec<_> = reached.into_iter().filter(for_aws).collect();
    assert_eq!(found, Vec::<&str>::new());
}

/// What use cases would speak HTTP or TLS with.
const NOT_IN_USE_CASES: [&str; 6] = ["http", "hyper", "hyper-util", "rustls", "tower", "ring"];

#[test]
fn use_cases_are_built_without_http_and_tls() {
    let metadata = resolved();
    let find = |name: &str| metadata.packages.iter().find(|p| p.name == name).unwrap();
    let of_use_cases = reached(&metadata, find("tidemark-app"));
    assert!(of_use_cases.contains("tidemark-formats"));
    let found: Vec<_> = of_use_cases
        .into_iter()
        .filter(|name| NOT_IN_USE_CASES.contains(name))
        .collect();
    assert_eq!(found, Vec::<&str>::new());
    // They are found where they are.
    let of_access = reached(&metadata, find("tidemark-access"));
    for there in ["http", "hyper", "hyper-util", "rustls", "ring"] {
        assert!(of_access.contains(there), "{there}");
    }
}

#[test]
fn a_function_is_built_without_the_store_of_one_machine() {
    let metadata = resolved();
    let root = metadata.workspace_root.as_str();
    let members = metadata.workspace_packages();
    let functions = || members.iter().filter(|p| is_function(p, root));
    let mut faults = Vec::new();
    for function in functions() {
        let reached = reached(&metadata, function);
        assert!(reached.contains("tidemark-core"), "{}", function.name);
        for never in ["tidemark-embedded", "rusqlite", "libsqlite3-sys"] {
            if reached.contains(never) {
                faults.push(format!("{} is made of {never}", function.name));
            }
        }
    }
    assert_eq!(faults, Vec::<String>::new());
    assert!(functions().count() > 0);
}

#[test]
fn suites_are_for_tests_alone() {
    let workspace = workspace();
    let users = |of: fn(&Package) -> BTreeSet<&str>| {
        let uses = |p: &&Package| of(p).contains("tidemark-conformance");
        workspace.packages.iter().filter(uses).count()
    };
    assert_eq!(users(made_of), 0);
    assert!(users(named) > 0);
}

#[test]
fn only_few_packages_know_aws_and_sqlite() {
    let mut faults = Vec::new();
    for package in &workspace().packages {
        for other in named(package) {
            for (prefix, alone) in ALONE {
                if other.starts_with(prefix) && !alone.contains(&package.name.as_str()) {
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
