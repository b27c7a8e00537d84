//! What the documents say of the tests holds: each test and file that the threat model names is there.

use std::{collections::BTreeSet, fs, path::Path};

/// The repository.
fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// What stands in backticks in a document.
fn quoted(document: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(root().join(document)).unwrap_or_default();
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_test_that_the_threat_model_names_is_there() {
    let quoted = quoted("docs/threat-model.md");
    let tests: Vec<(&str, &str)> = quoted.iter().filter_map(|one| one.split_once(".rs::")).collect();
    assert!(tests.len() > 30, "only {} tests are named", tests.len());
    for (file, test) in tests {
        let source = fs::read_to_string(root().join(format!("{file}.rs"))).unwrap_or_default();
        assert!(source.contains(&format!("fn {test}(")), "there is no test {file}.rs::{test}");
    }
}

#[test]
fn every_file_that_the_threat_model_names_is_there() {
    let quoted = quoted("docs/threat-model.md");
    let files: Vec<&String> = quoted.iter().filter(|one| one.contains('/') && one.ends_with(".rs")).collect();
    assert!(!files.is_empty(), "no file is named");
    for file in files {
        assert!(root().join(file).is_file(), "there is no {file}");
    }
}
