//! `local demo`: the whole system on one machine, with a page.

mod arguments;
mod demo;

use std::process::ExitCode;

use crate::arguments::{Arguments, HELP};

/// What is logged unless `RUST_LOG` says otherwise. dynoxide warns of every condition that did not hold, which is what
/// conditions are for.
const LOGGED: &str = "warn,dynoxide=error";

#[tokio::main]
async fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| LOGGED.into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let result = match arguments::read(std::env::args().skip(1)) {
        Ok(Arguments::Help) => {
            println!("{HELP}");
            Ok(())
        }
        Ok(Arguments::Demo(demo)) => demo::run(demo).await,
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
