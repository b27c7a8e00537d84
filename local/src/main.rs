//! `local demo`: the whole system on one machine, with a page.

mod arguments;

use std::{process::ExitCode, sync::Arc};

use chrono::{TimeDelta, Utc};
use local::{
    page,
    system::{Options, System, config::ConfigFile},
    wire::{Server, dynamodb::Storage, lambda::Code},
};

use crate::arguments::{Arguments, Demo, HELP};

/// The demo's schedules and delays: what takes minutes on AWS, a person at the page waits seconds for.
const SCHEDULES: [(&str, &str); 2] = [("poll_every", "15s"), ("sweep_every", "5s")];
/// What the stand-ins log. dynoxide warns of every condition that did not hold, which is what conditions are for.
const LOGGED: &str = "warn,dynoxide=error";
const DELIVERY_DELAY: TimeDelta = TimeDelta::seconds(5);

#[tokio::main]
async fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| LOGGED.into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let result = match arguments::read(std::env::args().skip(1)) {
        Ok(Arguments::Help) => {
            println!("{HELP}");
            Ok(())
        }
        Ok(Arguments::Demo(demo)) => run_demo(demo).await,
        Err(wrong) => Err(format!("{wrong}\n\n{HELP}").into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("local: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run_demo(demo: Demo) -> Result<(), Box<dyn std::error::Error>> {
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
async fn show(system: &Arc<System>, port: u16) -> Result<(), Box<dyn std::error::Error>> {
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
