//! One invocation: take in, then work off. What is due is worked off even where nothing could be taken in.

use std::collections::BTreeSet;

use adapters::{lake::Lake, start::Portcullis};
use serde_json::{Value, json};
use shared::{
    clock::Deadline,
    flows::{
        due::{oldest_without_card, work_off},
        ingest::take,
        report::Report,
        watch::watch,
    },
};

use crate::event::{Invocation, Queued};

/// The watermark's name.
const LAKE: &str = "lake";

/// What an invocation came to.
pub(crate) struct Outcome {
    /// What it did.
    pub(crate) report: Report,
    /// What it could not do.
    pub(crate) errors: Vec<String>,
    /// What it answers.
    pub(crate) answer: Value,
    /// Whether the invocation as a whole has to be reported as failed: it is then repeated, or raises an alarm.
    pub(crate) failed: bool,
}

/// Does what an invocation asks for.
pub(crate) async fn run(
    portcullis: &Portcullis,
    lake: Option<&Lake>,
    invocation: &Invocation,
    deadline: Deadline,
) -> Outcome {
    let mut outcome = Outcome { report: Report::default(), errors: Vec::new(), answer: json!({}), failed: false };
    match invocation {
        Invocation::Poll => poll(portcullis, lake, deadline, &mut outcome).await,
        Invocation::Sweep => {}
        Invocation::Pushed(record) => pushed(portcullis, record, deadline, &mut outcome).await,
        Invocation::Batch(messages) => batch(portcullis, messages, deadline, &mut outcome).await,
    }
    if let Err(error) = work_off(portcullis, deadline, &mut outcome.report).await {
        outcome.errors.push(error.to_string());
        // A batch that was taken in must not come again for that; the next sweep goes on.
        outcome.failed |= !matches!(invocation, Invocation::Batch(_));
    }
    match oldest_without_card(portcullis).await {
        Ok(seconds) => outcome.report.oldest_without_card_seconds = seconds,
        Err(error) => outcome.errors.push(error.to_string()),
    }
    outcome
}

async fn poll(portcullis: &Portcullis, lake: Option<&Lake>, deadline: Deadline, outcome: &mut Outcome) {
    let Some(lake) = lake else { return };
    if let Err(error) = watch(portcullis, LAKE, lake, deadline, &mut outcome.report).await {
        tracing::error!(alarm = "not_read", %error, "the source was not read to the end; the watermark stays");
        outcome.errors.push(error.to_string());
        outcome.failed = true;
    }
}

async fn pushed(portcullis: &Portcullis, record: &str, deadline: Deadline, outcome: &mut Outcome) {
    let taken = take(portcullis, &[record.to_owned()], deadline.for_taking_in(portcullis.clock.now())).await;
    outcome.report.add(&taken.report);
    if !taken.failed.is_empty() {
        outcome.errors.push("the pushed record was not stored".to_owned());
        outcome.failed = true;
    }
}

/// Partial batch failures: only the messages that were not stored come again.
async fn batch(portcullis: &Portcullis, messages: &[Queued], deadline: Deadline, outcome: &mut Outcome) {
    let records: Vec<String> = messages.iter().map(|message| message.record.clone()).collect();
    // Killed at the deadline it could not say which messages are to come again: all would, and later.
    let taken = take(portcullis, &records, deadline.for_taking_in(portcullis.clock.now())).await;
    outcome.report.add(&taken.report);
    let failed: BTreeSet<&str> = taken
        .failed
        .iter()
        .filter_map(|failed| messages.get(failed.place))
        .map(|message| message.message_id.as_str())
        .collect();
    if !failed.is_empty() {
        outcome.errors.push(format!(
            "{} of {} messages were not stored; they come again",
            failed.len(),
            messages.len()
        ));
    }
    let failures: Vec<Value> = failed.iter().map(|id| json!({ "itemIdentifier": id })).collect();
    outcome.answer = json!({ "batchItemFailures": failures });
}
