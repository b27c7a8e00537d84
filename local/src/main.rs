//! `local demo`: the whole system on one machine, with a page. `local replay`: what would have been asked about a history.

mod arguments;
mod demo;

use std::{error::Error, io::Write, process::ExitCode};

use local::replay::{self, Complete, ReplayError};

use crate::arguments::Arguments;

/// What is logged unless `RUST_LOG` says otherwise. dynoxide warns of every condition that did not hold, which is what
/// conditions are for.
const LOGGED: &str = "warn,dynoxide=error";

/// The command line is wrong.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let arguments = match arguments::read(std::env::args_os().skip(1)) {
        Ok(arguments) => arguments,
        Err(wrong) => {
            eprintln!("local: {wrong}");
            return ExitCode::from(USAGE);
        }
    };
    let done = match arguments {
        Arguments::Help(text) => say(text),
        Arguments::Version => say(concat!("local ", env!("CARGO_PKG_VERSION"))),
        Arguments::Demo(demo) => start_demo(demo),
        Arguments::Replay(options) => return run_replay(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("local: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints a text; whoever closes the pipe has read enough.
fn say(text: &str) -> Result<(), Box<dyn Error>> {
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn log(default: &str) {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| default.into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}

fn start_demo(demo: arguments::Demo) -> Result<(), Box<dyn Error>> {
    log(LOGGED);
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(demo::run(demo))
}

/// Its runtime is one of its own, which can't open a socket.
fn run_replay(options: &replay::Options) -> ExitCode {
    // What the flows log of a replay (that EC2 was not asked) is in its rows.
    log("off");
    match replay::run(options) {
        Ok(Complete::All) => ExitCode::SUCCESS,
        Ok(Complete::Partly) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("local replay: {error}");
            match error {
                ReplayError::PageIsInput(_) => ExitCode::from(USAGE),
                ReplayError::Runtime(_) | ReplayError::Broken(_) | ReplayError::Page { .. } | ReplayError::Print(_) => {
                    ExitCode::FAILURE
                }
            }
        }
    }
}
