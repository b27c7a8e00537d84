//! The scripts fail when what they run fails.

#![allow(clippy::expect_used, reason = "a test ends where its story breaks")]

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output},
};

const FUZZ: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/fuzz");

fn script(path: &Path, text: &str) {
    fs::write(path, text).expect("a script");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("a mode");
}

/// `scripts/fuzz` in a tree of its own, where `cargo fuzz run` does this.
fn fuzz(run: &str) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |path: &str| folder.path().join(path);
    for path in ["scripts", "tests/fuzz", "bin"] {
        fs::create_dir_all(at(path)).expect("a folder");
    }
    fs::copy(FUZZ, at("scripts/fuzz")).expect("the script");
    script(&at("bin/cargo-fuzz"), "#!/bin/sh\n");
    script(&at("bin/cargo"), &format!("#!/bin/sh\n[ \"$2\" = build ] && exit 0\n{run}\n"));
    let path = format!("{}:{}", at("bin").display(), std::env::var("PATH").expect("a PATH"));
    Command::new("bash").arg(at("scripts/fuzz")).env("PATH", path).output().expect("bash")
}

#[test]
fn a_fuzz_run_that_finds_nothing_passes_and_shows_its_figures_only() {
    let output = fuzz("echo 'INFO: Seed: 1'; echo '#9 DONE cov: 7'");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(said.contains("#9 DONE cov: 7") && said.contains("== config") && !said.contains("INFO"), "{said}");
}

#[test]
fn a_fuzz_run_without_a_line_to_show_passes() {
    assert!(fuzz("exit 0").status.success());
}

#[test]
fn a_fuzz_run_that_fails_without_an_input_fails() {
    let output = fuzz("echo 'error: could not compile'; exit 101");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success(), "{output:?}");
    assert!(said.contains("signature failed") && said.contains("could not compile"), "{said}");
    assert!(!said.contains("== interaction"), "nothing runs after it: {said}");
}

#[test]
fn an_input_that_an_earlier_run_left_fails() {
    let output = fuzz("touch \"artifacts/$7/crash-1\"");
    assert!(!output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("the input lies in"), "{output:?}");
}
