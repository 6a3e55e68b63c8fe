//! What keeps the code readable: files that hold one thing, functions that only
//! wire, and one meaning for a name.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should say where"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A longer file holds two things.
const LONGEST_FILE: usize = 400;
/// A function's `main.rs` only wires.
const LONGEST_MAIN: usize = 25;

/// All Rust files below the folders that hold code, with their text.
fn files() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let root = root.canonicalize().unwrap();
    let mut folders: Vec<PathBuf> = ["functions", "infra", "localstack"]
        .map(|folder| root.join(folder))
        .into();
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && !name.starts_with('.') {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                files.push((path.strip_prefix(&root).unwrap().to_owned(), text));
            }
        }
    }
    assert!(files.len() > 300, "{} files", files.len());
    files
}

/// Whether this is `functions/<name>/src/main.rs`.
fn is_main(path: &Path) -> bool {
    path.starts_with("functions") && path.ends_with("src/main.rs")
}

/// The public types that a file defines for others.
fn public_types(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let (kind, rest) = line.strip_prefix("pub ")?.split_once(' ')?;
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        ["struct", "enum", "trait", "type", "union"]
            .contains(&kind)
            .then(|| &rest[..rest.find(|c| !is_name(c)).unwrap_or(rest.len())])
    })
}

#[test]
fn no_file_is_too_long() {
    let too_long: Vec<String> = files()
        .iter()
        .filter_map(|(path, text)| {
            let lines = text.lines().count();
            let most = if is_main(path) {
                LONGEST_MAIN
            } else {
                LONGEST_FILE
            };
            (lines > most).then(|| format!("{}: {lines} lines", path.display()))
        })
        .collect();
    assert_eq!(too_long, Vec::<String>::new());
}

#[test]
fn no_public_type_has_the_name_of_another() {
    let files = files();
    let mut places: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (path, text) in &files {
        for name in public_types(text) {
            let place = path.display().to_string();
            places.entry(name).or_default().push(place);
        }
    }
    assert!(places.contains_key("Timestamp") && places.contains_key("PointStore"));
    places.retain(|_, places| places.len() > 1);
    assert_eq!(places, BTreeMap::new());
}
