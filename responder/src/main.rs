//! The function behind Slack's buttons: verifies, decides, answers; then takes a denied opening back.

mod after_answer;
mod http;
mod respond;

use std::{process::ExitCode, sync::Arc};

use adapters::start::{Needs, Parts, start_log};
use lambda_runtime::{Error, LambdaEvent, Runtime, service_fn};
use serde_json::Value;
use shared::{clock::Deadline, flows::decide::Members};

use crate::{after_answer::AfterAnswer, respond::Responder};

#[tokio::main]
async fn main() -> ExitCode {
    start_log();
    let parts = match Parts::load(Needs::WritingAndVerifying).await {
        Ok(parts) => parts,
        Err(error) => {
            tracing::error!(%error, "the responder can't start");
            eprintln!("the responder can't start:\n{error}");
            return ExitCode::FAILURE;
        }
    };
    let responder = Arc::new(Responder {
        before: parts.before_answer(),
        after: parts.unhurried(),
        signing_secrets: parts.signing_secrets,
        members: Members::default(),
    });
    let after = AfterAnswer::default();
    let leave = after.clone();
    let handler = service_fn(move |event: LambdaEvent<Value>| {
        let (responder, leave) = (Arc::clone(&responder), leave.clone());
        async move {
            let (answer, left) = responder.respond(event.payload).await;
            if let Some(left) = left {
                let deadline = Deadline::at_epoch_ms(event.context.deadline);
                leave.leave(Box::pin(async move { responder.after(left, deadline).await }));
            }
            Ok::<Value, Error>(answer.event())
        }
    });
    match Runtime::new(handler).layer(after).run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the runtime ended");
            ExitCode::FAILURE
        }
    }
}
