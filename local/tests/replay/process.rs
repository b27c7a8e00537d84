//! The binary: its streams, its exit codes, and what it leaves alone.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;

use crate::{
    records::{authorize, file, revoke},
    support::Folder,
};

fn local() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
    // Whatever the tests' own environment says about colour, width and logs.
    command.env_clear().stdin(Stdio::null());
    command
}

fn said(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn history() -> String {
    file(&[authorize("10:00:00", "alice", "sgr-1", 22, "0.0.0.0/0"), revoke("10:04:00", "bob", 22, "0.0.0.0/0")])
}

#[test]
fn exit_codes_tell_whether_all_was_read() {
    let folder = Folder::new();
    let (whole, cut) = (folder.file("a.json", history()), folder.file("b.json", &history()[..1_000]));
    let (code, out, err) = said(&local().arg("replay").arg(&whole).output().unwrap());
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(out.contains("withdrawn: removed by bob 4 min later"), "{out}");
    let (code, out, err) = said(&local().args(["replay", "--json"]).args([&whole, &cut]).output().unwrap());
    assert_eq!(code, Some(1));
    assert!(err.starts_with(&format!("{}:1:1001: ", cut.display())), "{err}");
    let document: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&document["schema"], &document["summary"]["withdrawn"]), (&Value::from(1), &Value::from(1)));
    assert_eq!(document["problems"][0]["column"], 1001);
    for wrong in [&["replay"][..], &["replay", "--jsn", "x"], &["rplay"], &[]] {
        let (code, out, err) = said(&local().args(wrong).output().unwrap());
        assert_eq!((code, out.as_str()), (Some(2), ""), "{wrong:?}");
        assert!(err.starts_with("local: ") && err.ends_with(" --help` says more\n"), "{err}");
    }
}

#[test]
fn help_goes_to_standard_output() {
    for arguments in [&["--help"][..], &["help", "replay"], &["replay", "--help"], &["demo", "--help"]] {
        let (code, out, err) = said(&local().args(arguments).output().unwrap());
        assert_eq!((code, err.as_str()), (Some(0), ""), "{arguments:?}");
        assert!(out.contains("Usage: local ") && out.contains("Exit codes:"), "{out}");
    }
}

#[test]
fn standard_input_is_read_where_it_is_named() {
    let mut child = local().args(["replay", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(history().as_bytes()).unwrap();
    let (code, out, _) = said(&child.wait_with_output().unwrap());
    assert_eq!(code, Some(0));
    assert!(out.contains("withdrawn: removed by bob"), "{out}");
}

#[test]
fn whoever_closes_the_pipe_has_read_enough() {
    let folder = Folder::new();
    let records: Vec<Value> = (0..2_000)
        .map(|at| {
            let mut record = authorize("10:00:00", "alice", "sgr-1", 22, "0.0.0.0/0");
            record["requestID"] = Value::from(format!("r{at}"));
            record
        })
        .collect();
    let path = folder.file("a.json", file(&records));
    let mut child = local().arg("replay").arg(&path).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let (code, _, err) = said(&child.wait_with_output().unwrap());
    assert_eq!((code, err.as_str()), (Some(0), ""));
}

#[test]
fn the_page_replaces_an_older_one_and_never_an_input() {
    let folder = Folder::new();
    let (input, page) = (folder.file("a.json", history()), folder.file("page.html", "an older one"));
    let replay = |page: &Path| said(&local().arg("replay").arg(&input).arg("--html").arg(page).output().unwrap());
    assert_eq!(replay(&page).0, Some(0));
    assert!(fs::read_to_string(&page).unwrap().starts_with("<!doctype html>"));
    let (code, out, err) = replay(&input);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(err.contains("is one of the files to read"), "{err}");
    assert_eq!(fs::read_to_string(&input).unwrap(), history());
    let (code, _, err) = replay(&folder.path().join("no/such/folder.html"));
    assert_eq!(code, Some(1));
    assert!(err.contains("can't be written"), "{err}");
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "nothing is left behind: {names:?}");
}

/// Every file of a folder, with its content.
fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.insert(path.clone(), Vec::new());
            found.extend(tree(&path));
        } else {
            found.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    found
}

#[test]
fn nothing_is_written_anywhere() {
    let (home, work) = (Folder::new(), Folder::new());
    let input = work.file("logs/a.json", history());
    let before = (tree(home.path()), tree(work.path()));
    let mut command = local();
    command.arg("replay").arg(&input).current_dir(work.path());
    for variable in ["HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"] {
        command.env(variable, home.path());
    }
    assert_eq!(said(&command.output().unwrap()).0, Some(0));
    assert_eq!((tree(home.path()), tree(work.path())), before);
}

/// The code of the replay names nothing that could open a socket, and its runtime has no driver for one. Where Linux lets
/// us, it runs without any network.
#[test]
fn no_network_is_touched() {
    for (path, text) in tree(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/replay")) {
        let text = String::from_utf8(text).unwrap();
        for forbidden in ["reqwest", "std::net", "tokio::net", "enable_all", "enable_io", "UnixStream", "crate::wire"] {
            assert!(!text.contains(forbidden), "{} names {forbidden}", path.display());
        }
    }
    let folder = Folder::new();
    let input = folder.file("a.json", history());
    let alone = |program: &str| Command::new("unshare").args(["-rn", program]).arg("replay").arg(&input).output();
    let can_be_alone = Command::new("unshare").args(["-rn", "true"]).output().is_ok_and(|done| done.status.success());
    let done =
        if can_be_alone { alone(env!("CARGO_BIN_EXE_local")) } else { local().arg("replay").arg(&input).output() };
    assert_eq!(said(&done.unwrap()).0, Some(0));
}
