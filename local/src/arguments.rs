//! The command line of `local`.

use std::path::{Path, PathBuf};

/// What `--help` says.
pub(crate) const HELP: &str = "\
Portcullis on one machine, without AWS and without Slack.

local demo [--data DIR] [--port N] [--no-open] [--poller PATH] [--responder PATH]
    Starts everything and a page on the loopback interface; Ctrl-C stops it.
    --data DIR        keep DynamoDB's items and the functions' logs in DIR (default: in memory, no log files)
    --port N          the page's port (default 8080, or any free one where that is in use; 0: any free one)
    --no-open         do not open the page in a browser
    --poller PATH     the poller's binary (default: beside this one)
    --responder PATH  the responder's binary (default: beside this one)

local --help
    Prints this.";

/// The page's port where none is named.
pub(crate) const DEFAULT_PORT: u16 = 8080;

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Arguments {
    /// `--help`.
    Help,
    /// `demo`.
    Demo(Demo),
}

/// The options of `demo`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Demo {
    pub(crate) data: Option<PathBuf>,
    pub(crate) port: u16,
    pub(crate) open: bool,
    pub(crate) poller: PathBuf,
    pub(crate) responder: PathBuf,
}

/// Reads the arguments after the program's name; the error says what is wrong with them.
pub(crate) fn read(arguments: impl IntoIterator<Item = String>) -> Result<Arguments, String> {
    let mut arguments = arguments.into_iter();
    let command = arguments.next().ok_or("a command is missing")?;
    let rest: Vec<String> = arguments.collect();
    if command == "--help" || command == "-h" || rest.iter().any(|argument| argument == "--help") {
        return Ok(Arguments::Help);
    }
    match command.as_str() {
        "demo" => demo(rest.into_iter()).map(Arguments::Demo),
        other => Err(format!("{other} is no command")),
    }
}

fn demo(mut arguments: impl Iterator<Item = String>) -> Result<Demo, String> {
    let here = std::env::current_exe().ok().and_then(|binary| binary.parent().map(Path::to_owned)).unwrap_or_default();
    let mut demo = Demo {
        data: None,
        port: DEFAULT_PORT,
        open: true,
        poller: here.join("poller"),
        responder: here.join("responder"),
    };
    while let Some(option) = arguments.next() {
        if option == "--no-open" {
            demo.open = false;
            continue;
        }
        let value = arguments.next().ok_or_else(|| format!("{option} needs a value"))?;
        match option.as_str() {
            "--data" => demo.data = Some(value.into()),
            "--port" => demo.port = value.parse().map_err(|_| format!("--port {value} is no port"))?,
            "--poller" => demo.poller = value.into(),
            "--responder" => demo.responder = value.into(),
            other => return Err(format!("demo has no option {other}")),
        }
    }
    Ok(demo)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Arguments, String> {
        super::read(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn options_are_read_in_any_order() {
        let Ok(Arguments::Demo(demo)) = read("demo --port 0 --no-open --responder /b --data data --poller /a") else {
            panic!("no demo");
        };
        let expected =
            Demo { data: Some("data".into()), port: 0, open: false, poller: "/a".into(), responder: "/b".into() };
        assert_eq!(demo, expected);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (line, named) in [
            ("", "command"),
            ("dmeo", "dmeo"),
            ("demo --port", "--port"),
            ("demo --port many", "many"),
            ("demo --colour red", "--colour"),
        ] {
            assert!(read(line).unwrap_err().contains(named), "{line}");
        }
        assert_eq!(read("demo --help"), Ok(Arguments::Help));
    }
}
