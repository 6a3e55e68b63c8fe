//! What the dependencies come under and where they come from.

use cargo_metadata::MetadataCommand;
use spdx::{Expression, Licensee};

/// Licences that ask for no more than to be named.
const ALLOWED: [&str; 10] = [
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Not to be built: one TLS is enough, and these are the slow ones.
const BANNED: [&str; 3] = ["openssl-sys", "aws-lc-sys", "native-tls"];

#[test]
fn dependencies_are_licensed_and_from_the_registry() {
    let metadata = MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .other_options(vec!["--locked".to_owned()])
        .exec()
        .unwrap();
    let allowed: Vec<Licensee> = ALLOWED
        .iter()
        .map(|l| Licensee::parse(l).unwrap())
        .collect();
    let mut faults = Vec::new();
    for package in metadata
        .packages
        .iter()
        .filter(|p| !metadata.workspace_members.contains(&p.id))
    {
        let name = package.name.as_str();
        if BANNED.contains(&name) {
            faults.push(format!("{name} is not to be built"));
        }
        if !package
            .source
            .as_ref()
            .is_some_and(cargo_metadata::Source::is_crates_io)
        {
            faults.push(format!("{name} does not come from crates.io"));
        }
        let licence = package.license.clone().unwrap_or_default();
        let fine = Expression::parse_mode(&licence, spdx::ParseMode::LAX)
            .is_ok_and(|e| e.evaluate(|req| allowed.iter().any(|l| l.satisfies(req))));
        if !fine {
            faults.push(format!("{name} comes under {licence:?}"));
        }
    }
    assert!(metadata.packages.len() > 100, "the tree was not read");
    assert_eq!(faults, Vec::<String>::new());
}
