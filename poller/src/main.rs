//! The scheduled function: reads openings, stores them, posts cards, and works off what is due.

mod event;
mod metrics;
mod tick;

use std::{process::ExitCode, sync::Arc};

use adapters::start::{Needs, Parts, start_log};
use chrono::Utc;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::Value;
use shared::clock::Deadline;

use crate::event::Invocation;

#[tokio::main]
async fn main() -> ExitCode {
    start_log();
    let parts = match Parts::load(Needs::Writing).await {
        Ok(parts) => parts,
        Err(error) => {
            tracing::error!(%error, "the poller can't start");
            eprintln!("the poller can't start:\n{error}");
            return ExitCode::FAILURE;
        }
    };
    let portcullis = Arc::new(parts.unhurried());
    let lake = Arc::new(parts.lake());
    let handler = service_fn(move |event: LambdaEvent<Value>| {
        let (portcullis, lake) = (Arc::clone(&portcullis), Arc::clone(&lake));
        async move {
            let invocation = Invocation::read(&event.payload);
            let outcome = tick::run(
                &portcullis,
                lake.as_ref().as_ref(),
                &invocation,
                Deadline::at_epoch_ms(event.context.deadline),
            )
            .await;
            let error = (!outcome.errors.is_empty()).then(|| outcome.errors.join("; "));
            println!("{}", metrics::line(Utc::now(), invocation.name(), &outcome.report, error.as_deref()));
            match error {
                Some(error) if outcome.failed => {
                    Err(Diagnostic { error_type: "Portcullis.NotDone".to_owned(), error_message: error })
                }
                Some(_) | None => Ok(outcome.answer),
            }
        }
    });
    match lambda_runtime::run(handler).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the runtime ended");
            ExitCode::FAILURE
        }
    }
}
