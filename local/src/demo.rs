//! `local demo`: the whole system on one machine, with a page.

mod browser;

use std::{
    error::Error,
    io::{ErrorKind, IsTerminal, Write},
    sync::Arc,
};

use axum::Router;
use chrono::{TimeDelta, Utc};
use local::{
    page,
    system::{Options, System, config::ConfigFile},
    wire::{Server, dynamodb::Storage, lambda::Code},
};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::arguments::{DEFAULT_PORT, Demo};

/// The demo's schedules and delays: what takes minutes on AWS, a person at the page waits seconds for.
const SCHEDULES: [(&str, &str); 2] = [("poll_every", "15s"), ("sweep_every", "5s")];
const DELIVERY_DELAY: TimeDelta = TimeDelta::seconds(5);

/// Runs until Ctrl-C, SIGTERM or the terminal's end; a second one while it stops ends it at once.
///
/// # Errors
/// A binary is missing, the data folder is in use, the port is; or it was stopped for the second time.
pub(crate) async fn run(demo: Demo) -> Result<(), Box<dyn Error>> {
    let mut stops = Stops::listen()?;
    let system = start(&demo).await?;
    let shown = show(&system, &demo, &mut stops).await;
    tokio::select! {
        () = system.stop() => shown,
        () = stops.next() => Err("ended at once, before everything had stopped".into()),
    }
}

async fn start(demo: &Demo) -> Result<Arc<System>, Box<dyn Error>> {
    for binary in [&demo.poller, &demo.responder] {
        if !binary.is_file() {
            let missing = binary.display();
            return Err(format!("{missing} is not there: run `cargo build --workspace`, or name another path").into());
        }
    }
    if let Some(folder) = &demo.data {
        std::fs::create_dir_all(folder).map_err(|error| format!("the data folder {}: {error}", folder.display()))?;
    }
    let system = System::start(Options {
        storage: demo.data.clone().map_or(Storage::Memory, Storage::Folder),
        logs: demo.data.clone(),
        // The table may outlive the run: old request ids must not come again.
        seed: Utc::now().timestamp_micros().unsigned_abs(),
        scheduled: true,
        config: ConfigFile {
            timing: SCHEDULES.map(|(key, every)| (key.to_owned(), every.to_owned())).into(),
            ..ConfigFile::default()
        },
        push: true,
        delivery_delay: DELIVERY_DELAY,
        ..Options::new(Code::Binary(demo.poller.clone()), Code::Binary(demo.responder.clone()))
    });
    Ok(system.await?)
}

/// Serves the page until the run is to stop.
async fn show(system: &Arc<System>, demo: &Demo, stops: &mut Stops) -> Result<(), Box<dyn Error>> {
    let page = serve(page::router(Arc::clone(system)), demo.port).await?;
    let url = format!("{}/", page.url());
    say("Portcullis runs on this machine: no AWS account, no Slack workspace. Its page:");
    say(&url);
    say("Ctrl-C stops it.");
    if demo.open && std::io::stdout().is_terminal() {
        browser::open(&url);
    }
    stops.next().await;
    say("Stopping; Ctrl-C again ends it at once.");
    Ok(())
}

/// The page on its port. Where somebody else has the default one, it is any free one; where somebody else has one that was
/// named, that is an error.
async fn serve(router: Router, port: u16) -> Result<Server, String> {
    let failed = |error: std::io::Error| {
        format!(
            "the page can't be served on port {port} ({error}): name another one with --port, or 0 for any free one"
        )
    };
    match Server::start_on(router.clone(), port).await {
        Err(error) if error.kind() == ErrorKind::AddrInUse && port == DEFAULT_PORT => {
            say(&format!("Port {port} is in use, so the page has another one this time; --port N names one."));
            Server::start_on(router, 0).await.map_err(failed)
        }
        served => served.map_err(failed),
    }
}

/// Prints a line. That nobody reads it (any more) is no reason to stop.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// What asks the demo to stop.
struct Stops([Signal; 3]);

impl Stops {
    fn listen() -> std::io::Result<Self> {
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let [interrupt, terminate, hangup] = kinds.map(signal);
        Ok(Self([interrupt?, terminate?, hangup?]))
    }

    /// Resolves when it is asked to stop, for each time once.
    async fn next(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};

    use super::*;

    #[tokio::test]
    async fn the_default_port_gives_way_and_a_named_one_is_an_error() {
        // Held by this test, or by somebody else: either way it is in use.
        let _held = TcpListener::bind((Ipv4Addr::LOCALHOST, DEFAULT_PORT));
        let served = serve(Router::new(), DEFAULT_PORT).await.unwrap();
        assert_ne!(served.address().port(), DEFAULT_PORT);

        let refused = serve(Router::new(), served.address().port()).await.unwrap_err();
        assert!(refused.contains(&served.address().port().to_string()) && refused.contains("--port"), "{refused}");
    }
}
