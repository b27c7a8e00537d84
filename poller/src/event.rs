//! What an invocation asks for: a schedule's tick, a pushed record, or a batch of them from SQS.

use serde_json::Value;
use shared::domain::record;

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Invocation {
    /// `{"tick":"poll"}`: read what is new, then work off what is due.
    Poll,
    /// `{"tick":"sweep"}`: work off what is due.
    Sweep,
    /// EventBridge: one record, in `detail`. Where that is no object, the whole event: it becomes an Unreadable card.
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
    /// Reads an event. Whatever is no push and no known tick asks for both, as EventBridge's own scheduled events do: read
    /// what is new, work off what is due.
    #[must_use]
    pub(crate) fn read(event: &Value) -> Self {
        if let Some(messages) = queued(event) {
            return Self::Batch(messages);
        }
        if let Some(record) = record::pushed(event) {
            return Self::Pushed(record);
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
    if records.is_empty() || !records.iter().all(record::is_queued) {
        return None;
    }
    let message = |message: &Value| {
        let message_id = message.get("messageId").and_then(Value::as_str).unwrap_or_default().to_owned();
        Queued { record: record::queued(message), message_id }
    };
    Some(records.iter().map(message).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_tick_says_what_to_do_and_anything_else_means_both() {
        assert_eq!(Invocation::read(&json!({"tick": "poll"})), Invocation::Poll);
        assert_eq!(Invocation::read(&json!({"tick": "sweep"})), Invocation::Sweep);
        for event in [json!({}), json!(null), json!("x"), json!({"tick": 7}), json!({"Records": []})] {
            assert_eq!(Invocation::read(&event), Invocation::Poll, "{event}");
        }
    }

    #[test]
    fn a_pushed_event_carries_its_record_in_detail() {
        let event = json!({"detail-type": "AWS API Call via CloudTrail", "detail": {"eventName": "X"}});
        assert_eq!(Invocation::read(&event), Invocation::Pushed(r#"{"eventName":"X"}"#.to_owned()));
        let unnamed = json!({"detail": {"eventID": "e"}});
        assert_eq!(Invocation::read(&unnamed), Invocation::Pushed(r#"{"eventID":"e"}"#.to_owned()));
    }

    #[test]
    fn a_target_may_hand_on_the_record_itself() {
        let record = json!({"eventName": "X", "eventSource": "ec2.amazonaws.com"});
        assert_eq!(Invocation::read(&record), Invocation::Pushed(record.to_string()));
        let unnamed = json!({"eventID": "e"});
        assert_eq!(Invocation::read(&unnamed), Invocation::Pushed(unnamed.to_string()));
    }

    #[test]
    fn a_schedule_of_eventbridge_and_what_is_no_record_mean_both() {
        for event in [
            json!({"detail-type": "Scheduled Event", "source": "aws.events", "detail": {}}),
            json!({"detail-type": "Scheduled Event", "source": "aws.events"}),
            json!({"detail-type": "EC2 Instance State-change Notification", "detail": {"state": "running"}}),
            json!({"detail-type": 7, "detail": null}),
            json!({"detail": "eventName"}),
            json!({"detail": {}}),
        ] {
            assert_eq!(Invocation::read(&event), Invocation::Poll, "{event}");
        }
    }

    #[test]
    fn a_push_without_a_record_is_handed_on_whole() {
        for detail in [json!(null), json!("cut off"), json!([]), json!({})] {
            let event = json!({"detail-type": "AWS API Call via CloudTrail", "id": "1", "detail": detail});
            assert_eq!(Invocation::read(&event), Invocation::Pushed(event.to_string()));
        }
        let event = json!({"detail-type": "AWS Service Event via CloudTrail", "id": "2"});
        assert_eq!(Invocation::read(&event), Invocation::Pushed(event.to_string()));
    }

    #[test]
    fn a_batch_keeps_the_ids_of_its_messages() {
        let body = json!({"detail": {"eventName": "X"}}).to_string();
        let event = json!({"Records": [
            {"eventSource": "aws:sqs", "messageId": "m1", "body": body},
            {"eventSource": "aws:sqs", "messageId": "m2", "body": "not JSON"},
            {"eventSource": "aws:sqs", "messageId": "m3", "body": r#"{"id": "1", "detail": null}"#},
            {"eventSource": "aws:sqs", "messageId": "m4", "body": r#"{"eventName": "Y"}"#},
            {"eventSource": "aws:sqs", "messageId": "m5"},
        ]});
        let message = |id: &str, record: &str| Queued { message_id: id.to_owned(), record: record.to_owned() };
        let expected = vec![
            message("m1", r#"{"eventName":"X"}"#),
            message("m2", "not JSON"),
            message("m3", r#"{"id": "1", "detail": null}"#),
            message("m4", r#"{"eventName": "Y"}"#),
            message("m5", r#"{"eventSource":"aws:sqs","messageId":"m5"}"#),
        ];
        assert_eq!(Invocation::read(&event), Invocation::Batch(expected));
    }
}
