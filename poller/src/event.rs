//! What an invocation asks for: a schedule's tick, a pushed record, or a batch of them from SQS.

use serde_json::Value;

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Invocation {
    /// `{"tick":"poll"}`: read what is new, then work off what is due.
    Poll,
    /// `{"tick":"sweep"}`: work off what is due.
    Sweep,
    /// EventBridge: one record, in `detail`.
    Pushed(String),
    /// SQS: a batch of such events.
    Batch(Vec<Queued>),
}

/// A message of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Queued {
    /// SQS's id of it; named in the answer if the message has to come again.
    pub(crate) message_id: String,
    /// The record as JSON text.
    pub(crate) record: String,
}

impl Invocation {
    /// Reads an event. Whatever is no push and no known tick asks for both: read what is new, work off what is due.
    #[must_use]
    pub(crate) fn read(event: &Value) -> Self {
        if let Some(messages) = queued(event) {
            return Self::Batch(messages);
        }
        // A schedule of EventBridge whose input nobody set: `detail` is there, and is no record.
        let is_scheduled = event.get("source").and_then(Value::as_str) == Some("aws.events");
        if is_scheduled {
            return Self::Poll;
        }
        if event.get("detail-type").is_some() || event.get("detail").is_some_and(Value::is_object) {
            return Self::Pushed(record(event));
        }
        match event.get("tick").and_then(Value::as_str) {
            Some("sweep") => Self::Sweep,
            Some(_) | None => Self::Poll,
        }
    }

    /// Its name in the log.
    #[must_use]
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Poll => "poll",
            Self::Sweep => "sweep",
            Self::Pushed(_) => "push",
            Self::Batch(_) => "batch",
        }
    }
}

fn queued(event: &Value) -> Option<Vec<Queued>> {
    let records = event.get("Records")?.as_array()?;
    let is_sqs = |record: &Value| record.get("eventSource").and_then(Value::as_str) == Some("aws:sqs");
    if records.is_empty() || !records.iter().all(is_sqs) {
        return None;
    }
    let message = |record: &Value| {
        let body = record.get("body").and_then(Value::as_str).unwrap_or_default();
        Queued {
            message_id: record.get("messageId").and_then(Value::as_str).unwrap_or_default().to_owned(),
            // A body that is no event is handed on as it is: it becomes an Unreadable card, never a skip.
            record: serde_json::from_str::<Value>(body).map_or_else(|_| body.to_owned(), |event| record_of(&event)),
        }
    };
    Some(records.iter().map(message).collect())
}

fn record_of(event: &Value) -> String {
    if event.get("detail").is_some() { record(event) } else { event.to_string() }
}

fn record(event: &Value) -> String {
    event.get("detail").unwrap_or(&Value::Null).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_tick_says_what_to_do_and_anything_else_means_both() {
        assert_eq!(Invocation::read(&json!({"tick": "poll"})), Invocation::Poll);
        assert_eq!(Invocation::read(&json!({"tick": "sweep"})), Invocation::Sweep);
        let scheduled = json!({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}});
        for event in [json!({}), json!(null), json!("x"), json!({"tick": 7}), json!({"Records": []}), scheduled] {
            assert_eq!(Invocation::read(&event), Invocation::Poll, "{event}");
        }
    }

    #[test]
    fn a_pushed_event_carries_its_record_in_detail() {
        let event = json!({"detail-type": "AWS API Call via CloudTrail", "detail": {"eventName": "X"}});
        assert_eq!(Invocation::read(&event), Invocation::Pushed(r#"{"eventName":"X"}"#.to_owned()));
        assert_eq!(Invocation::read(&json!({"detail-type": "x"})), Invocation::Pushed("null".to_owned()));
    }

    #[test]
    fn a_batch_keeps_the_ids_of_its_messages() {
        let body = json!({"detail": {"eventName": "X"}}).to_string();
        let event = json!({"Records": [
            {"eventSource": "aws:sqs", "messageId": "m1", "body": body},
            {"eventSource": "aws:sqs", "messageId": "m2", "body": "not JSON"},
        ]});
        let message = |id: &str, record: &str| Queued { message_id: id.to_owned(), record: record.to_owned() };
        let expected = vec![message("m1", r#"{"eventName":"X"}"#), message("m2", "not JSON")];
        assert_eq!(Invocation::read(&event), Invocation::Batch(expected));
    }
}
