//! `local demo`: the whole system on one machine, with a page. `local replay`: what would have been asked about a history.

mod arguments;

use std::{error::Error, io::Write, process::ExitCode, sync::Arc};

use chrono::{TimeDelta, Utc};
use local::{
    page,
    replay::{self, Complete, ReplayError},
    system::{Options, System, config::ConfigFile},
    wire::{Server, dynamodb::Storage, lambda::Code},
};

use crate::arguments::{Arguments, Demo};

/// The demo's schedules and delays: what takes minutes on AWS, a person at the page waits seconds for.
const SCHEDULES: [(&str, &str); 2] = [("poll_every", "15s"), ("sweep_every", "5s")];
const DELIVERY_DELAY: TimeDelta = TimeDelta::seconds(5);

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

fn start_demo(demo: Demo) -> Result<(), Box<dyn Error>> {
    log("warn");
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(run_demo(demo))
}

async fn run_demo(demo: Demo) -> Result<(), Box<dyn Error>> {
    for binary in [&demo.poller, &demo.responder] {
        if !binary.is_file() {
            let missing = binary.display();
            return Err(format!("{missing} is not there: run `cargo build --workspace`, or name another path").into());
        }
    }
    let storage = demo.data.clone().map_or(Storage::Memory, Storage::Folder);
    if let Some(folder) = &demo.data {
        std::fs::create_dir_all(folder)?;
    }
    let system = System::start(Options {
        storage,
        logs: demo.data,
        // The table may outlive the run: old request ids must not come again.
        seed: Utc::now().timestamp_micros().unsigned_abs(),
        scheduled: true,
        config: ConfigFile {
            timing: SCHEDULES.map(|(key, every)| (key.to_owned(), every.to_owned())).into(),
            ..ConfigFile::default()
        },
        push: true,
        delivery_delay: DELIVERY_DELAY,
        ..Options::new(Code::Binary(demo.poller), Code::Binary(demo.responder))
    })
    .await?;
    let shown = show(&system, demo.port).await;
    system.stop().await;
    shown
}

/// Serves the page until the run is to stop.
async fn show(system: &Arc<System>, port: u16) -> Result<(), Box<dyn Error>> {
    let page = Server::start_on(page::router(Arc::clone(system)), port).await.map_err(|error| {
        format!("the page can't be served on port {port} ({error}): name another with --port, or 0 for any free one")
    })?;
    println!("Portcullis runs. Open {}/ and stop with Ctrl-C.", page.url());
    stopped().await?;
    println!("Stopping.");
    Ok(())
}

/// Resolves on Ctrl-C and on SIGTERM.
async fn stopped() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}
