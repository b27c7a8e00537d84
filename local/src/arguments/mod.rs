//! The command line of `local`.

mod help;
mod line;

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use local::replay::{Input, Options};

use self::line::{Given, Kind, Line, Wrong};

/// The page's port where none is named.
pub(crate) const DEFAULT_PORT: u16 = 8080;

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Arguments {
    /// `--help`: this text.
    Help(&'static str),
    /// `--version`.
    Version,
    /// `demo`.
    Demo(Demo),
    /// `replay`.
    Replay(Options),
}

/// The options of `demo`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Demo {
    pub(crate) data: Option<PathBuf>,
    pub(crate) port: u16,
    /// Whether to open a browser.
    pub(crate) open: bool,
    pub(crate) poller: PathBuf,
    pub(crate) responder: PathBuf,
}

/// A command.
#[derive(Clone, Copy)]
enum Command {
    Demo,
    Replay,
    Help,
}

const COMMANDS: [(&str, Command); 3] = [("demo", Command::Demo), ("replay", Command::Replay), ("help", Command::Help)];

const DEMO: [(&str, Kind); 5] = [
    ("--data", Kind::Value),
    ("--port", Kind::Value),
    ("--no-open", Kind::Switch),
    ("--poller", Kind::Value),
    ("--responder", Kind::Value),
];

const REPLAY: [(&str, Kind); 2] = [("--json", Kind::Switch), ("--html", Kind::Value)];

/// Reads the arguments after the program's name; the error says what is wrong with them and where to read on.
pub(crate) fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Arguments, String> {
    let mut arguments = arguments.into_iter();
    let Some(first) = arguments.next() else { return Err(Wrong::new("a command is missing").said("local")) };
    let rest: Vec<OsString> = arguments.collect();
    match first.to_str() {
        Some("--help" | "-h") => return Ok(Arguments::Help(help::LOCAL)),
        Some("--version" | "-V") => return Ok(Arguments::Version),
        Some(_) | None => {}
    }
    match command(&first).map_err(|wrong| wrong.said("local"))? {
        Command::Help => match rest.first() {
            None => Ok(Arguments::Help(help::LOCAL)),
            Some(name) => Ok(Arguments::Help(command(name).map_err(|wrong| wrong.said("local"))?.help())),
        },
        Command::Demo => demo(rest).map_err(|wrong| wrong.said("local demo")),
        Command::Replay => replay(rest).map_err(|wrong| wrong.said("local replay")),
    }
}

impl Command {
    fn help(self) -> &'static str {
        match self {
            Self::Demo => help::DEMO,
            Self::Replay => help::REPLAY,
            Self::Help => help::LOCAL,
        }
    }
}

fn command(name: &OsString) -> Result<Command, Wrong> {
    let name = name.to_string_lossy();
    let found = COMMANDS.iter().find(|(known, _)| *known == name).map(|(_, command)| *command);
    found.ok_or_else(|| Wrong::unknown("command", &name, COMMANDS.iter().map(|(name, _)| *name)))
}

fn demo(arguments: Vec<OsString>) -> Result<Arguments, Wrong> {
    let here = std::env::current_exe().ok().and_then(|binary| binary.parent().map(Path::to_owned)).unwrap_or_default();
    let mut demo = Demo {
        data: None,
        port: DEFAULT_PORT,
        open: true,
        poller: here.join("poller"),
        responder: here.join("responder"),
    };
    for given in Line::read(arguments, &DEMO)? {
        match given {
            Given::Help => return Ok(Arguments::Help(help::DEMO)),
            Given::Option("--data", value) => demo.data = Some(value.into()),
            Given::Option("--poller", value) => demo.poller = value.into(),
            Given::Option("--responder", value) => demo.responder = value.into(),
            Given::Option("--no-open", _) => demo.open = false,
            Given::Option(_, port) => demo.port = self::port(&port)?,
            Given::Operand(operand) => {
                return Err(Wrong::new(format!("demo takes options only, not {}", operand.to_string_lossy())));
            }
        }
    }
    Ok(Arguments::Demo(demo))
}

fn port(value: &OsString) -> Result<u16, Wrong> {
    let value = value.to_string_lossy();
    value.parse().map_err(|_| Wrong::new(format!("--port {value} is no port: a number from 0 to 65535 is")))
}

fn replay(arguments: Vec<OsString>) -> Result<Arguments, Wrong> {
    let mut options = Options { inputs: Vec::new(), json: false, html: None };
    for given in Line::read(arguments, &REPLAY)? {
        match given {
            Given::Help => return Ok(Arguments::Help(help::REPLAY)),
            Given::Option("--json", _) => options.json = true,
            Given::Option(_, page) => options.html = Some(page.into()),
            Given::Operand(operand) if operand == "-" => options.inputs.push(Input::Stdin),
            Given::Operand(operand) => options.inputs.push(Input::Path(operand.into())),
        }
    }
    if options.inputs.is_empty() {
        return Err(Wrong::new("name the files or folders to read, or - for standard input"));
    }
    Ok(Arguments::Replay(options))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Arguments, String> {
        super::read(line.split_whitespace().map(OsString::from))
    }

    fn demo() -> Demo {
        let Ok(Arguments::Demo(demo)) = read("demo") else { panic!("no demo") };
        demo
    }

    #[test]
    fn options_are_read_in_any_order_and_in_both_spellings() {
        let expected =
            Demo { data: Some("data".into()), port: 0, open: false, poller: "/a".into(), responder: "/b".into() };
        for line in [
            "demo --port 0 --responder /b --data data --no-open --poller /a",
            "demo --poller=/a --no-open --port=0 --data=data --responder=/b",
        ] {
            let Ok(Arguments::Demo(demo)) = read(line) else { panic!("no demo: {line}") };
            assert_eq!(demo, expected, "{line}");
        }
        assert!(demo().open);
        assert_eq!(demo().port, DEFAULT_PORT);
    }

    #[test]
    fn a_replay_takes_files_folders_and_standard_input() {
        let path = |path: &str| Input::Path(path.into());
        let options = Options {
            inputs: vec![path("a.json.gz"), Input::Stdin, path("--json")],
            json: true,
            html: Some("page.html".into()),
        };
        assert_eq!(read("replay a.json.gz --html page.html - --json -- --json"), Ok(Arguments::Replay(options)));
    }

    #[test]
    fn every_command_has_its_help() {
        for line in ["--help", "-h", "help"] {
            assert_eq!(read(line), Ok(Arguments::Help(help::LOCAL)), "{line}");
        }
        for line in ["replay --help", "replay -h", "help replay", "replay a b --json --help"] {
            assert_eq!(read(line), Ok(Arguments::Help(help::REPLAY)), "{line}");
        }
        for line in ["demo --help", "help demo", "demo --port=0 -h"] {
            assert_eq!(read(line), Ok(Arguments::Help(help::DEMO)), "{line}");
        }
        for text in [help::LOCAL, help::DEMO, help::REPLAY] {
            assert!(text.contains("Exit codes:"));
            assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        }
        for (name, options) in [(help::DEMO, &DEMO[..]), (help::REPLAY, &REPLAY[..])] {
            assert!(options.iter().all(|(option, _)| name.contains(option)), "{name}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_and_what_was_meant_too() {
        for (line, said) in [
            ("", "a command is missing. `local --help` says more"),
            ("dmeo", "there is no command dmeo; did you mean demo? `local --help` says more"),
            ("help rplay", "there is no command rplay; did you mean replay? `local --help` says more"),
            ("fly", "there is no command fly. `local --help` says more"),
            ("demo --port", "--port needs a value. `local demo --help` says more"),
            ("demo --port many", "--port many is no port: a number from 0 to 65535 is. `local demo --help` says more"),
            ("demo --colour red", "there is no option --colour. `local demo --help` says more"),
            ("demo --prot=1", "there is no option --prot; did you mean --port? `local demo --help` says more"),
            ("demo --no-open=yes", "--no-open takes no value. `local demo --help` says more"),
            ("demo here", "demo takes options only, not here. `local demo --help` says more"),
            ("replay", "name the files or folders to read, or - for standard input. `local replay --help` says more"),
            ("replay a --htm p", "there is no option --htm; did you mean --html? `local replay --help` says more"),
            ("replay a --html", "--html needs a value. `local replay --help` says more"),
            ("replay a --html=", "--html needs a value. `local replay --help` says more"),
        ] {
            assert_eq!(read(line), Err(said.to_owned()), "{line}");
        }
    }
}
