//! `local demo` as a person at a terminal runs it: the address, and Ctrl-C.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    io::{BufRead, BufReader, Read},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

/// A demo whose functions never answer, in a process group of its own as a terminal gives it.
struct Demo {
    child: Child,
    out: BufReader<ChildStdout>,
    started: PathBuf,
    _folder: tempfile::TempDir,
}

impl Demo {
    fn start(options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let started = folder.path().join("started");
        assert!(Command::new("mkfifo").arg(&started).status().unwrap().success());
        let function = function(folder.path(), &started);
        let mut child = Command::new(env!("CARGO_BIN_EXE_local"))
            .args(["demo", "--data"])
            .arg(folder.path().join("data"))
            .args(options)
            .args(["--poller".as_ref(), function.as_os_str(), "--responder".as_ref(), function.as_os_str()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out, started, _folder: folder }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        line.trim_end_matches('\n').to_owned()
    }

    /// Waits for a function's process, and gives its id.
    fn function(&self) -> String {
        let ids = std::fs::read_to_string(&self.started).unwrap();
        ids.lines().next().unwrap().to_owned()
    }

    fn signal(&self, signal: &str) {
        shell(&format!("kill -s {signal} -- -{}", self.child.id())).unwrap();
    }

    /// The exit code, and what was printed to standard error.
    fn end(&mut self) -> (Option<i32>, String) {
        let mut errors = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
        (self.child.wait().unwrap().code(), errors)
    }
}

impl Drop for Demo {
    /// A test that failed leaves nothing behind.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An executable that says that it was started, and then does not speak the Runtime API at all.
fn function(folder: &Path, started: &Path) -> PathBuf {
    let path = folder.join("function");
    std::fs::write(&path, format!("#!/bin/sh\necho $$ > '{}'\nexec sleep 1000\n", started.display())).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn shell(line: &str) -> Result<(), i32> {
    let status = Command::new("sh").args(["-c", line]).stderr(Stdio::null()).status().unwrap();
    if status.success() { Ok(()) } else { Err(status.code().unwrap_or_default()) }
}

#[test]
fn ctrl_c_ends_the_demo_and_its_functions_without_a_word_of_error() {
    for signal in ["INT", "TERM", "HUP"] {
        let mut demo = Demo::start(&["--port", "0"]);
        demo.line();
        let url = demo.line();
        let port = url.strip_prefix("http://127.0.0.1:").and_then(|rest| rest.strip_suffix('/'));
        assert!(port.is_some_and(|port| port.parse::<u16>().is_ok()), "the address has a line of its own: {url}");
        let function = demo.function();
        assert_eq!(shell(&format!("kill -0 {function}")), Ok(()));

        demo.signal(signal);

        let (code, errors) = demo.end();
        assert_eq!((code, errors.as_str()), (Some(0), ""), "{signal}");
        assert_ne!(shell(&format!("kill -0 {function}")), Ok(()), "{signal}: the function's process is gone");
    }
}

#[test]
fn a_port_that_was_named_and_is_in_use_is_an_error_that_says_what_to_do() {
    let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = held.local_addr().unwrap().port().to_string();
    let (code, errors) = Demo::start(&["--port", &port]).end();
    assert_eq!(code, Some(1), "{errors}");
    assert!(errors.contains(&port) && errors.contains("--port"), "{errors}");
}
