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

/// Those of `infra/` are named by their sentences.
#[test]
fn every_test_of_infra_that_the_threat_model_names_is_there() {
    let quoted = quoted("docs/threat-model.md");
    let tests: Vec<(&str, &str)> = quoted.iter().filter_map(|one| one.split_once(".test.ts::")).collect();
    assert!(!tests.is_empty(), "no test is named");
    for (file, test) in tests {
        let source = fs::read_to_string(root().join(format!("{file}.test.ts"))).unwrap_or_default();
        let is_there = ['\'', '"'].iter().any(|quote| source.contains(&format!("test({quote}{test}{quote}")));
        assert!(is_there, "there is no test {file}.test.ts::{test}");
    }
}

/// Every entry says what remains, and names a test that shows the rest.
#[test]
fn every_entry_of_the_threat_model_says_what_remains_and_names_a_test() {
    let text = fs::read_to_string(root().join("docs/threat-model.md")).unwrap_or_default();
    let sections = text.split("\n## ").filter(|section| section.starts_with("Somebody"));
    let entries: Vec<&str> = sections.flat_map(|section| section.split("\n\n**").skip(1)).collect();
    assert!(entries.len() > 20, "only {} entries", entries.len());
    for entry in entries {
        assert!(entry.contains("\n- Remains: "), "what remains? {entry}");
        assert!(entry.contains(".rs::") || entry.contains(".test.ts::"), "which test shows it? {entry}");
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
