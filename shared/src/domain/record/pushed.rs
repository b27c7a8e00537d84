//! What carries a record on its way: an event of EventBridge, and a message of SQS with such an event in its body.
//!
//! Formats: EventBridge's event structure; Lambda's SQS event. Nothing that may be a record is dropped: what carries none
//! is handed on as it came, and becomes an Unreadable card.

use serde_json::Value;

/// The record, as text, that an event of EventBridge pushes; the whole event where it should carry one and does not, and where
/// it is the record itself, as a target with the input path `$.detail` hands it on. `None` for an event that is no push: a
/// schedule's has an empty `detail`.
#[must_use]
pub fn pushed(event: &Value) -> Option<String> {
    let via_cloudtrail =
        event.get("detail-type").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("via CloudTrail"));
    let is_record = |detail: &Value| detail.get("eventName").is_some() || detail.get("eventID").is_some();
    let is_push = via_cloudtrail || event.get("detail").is_some_and(is_record) || is_record(event);
    is_push.then(|| detail(event).unwrap_or_else(|| event.to_string()))
}

/// Whether this is a message of SQS, as an element of Lambda's `Records`.
#[must_use]
pub fn is_queued(message: &Value) -> bool {
    message.get("eventSource").and_then(Value::as_str) == Some("aws:sqs")
}

/// The record, as text, in a message's body. A body without one is handed on as it is, and a message without a body as a
/// whole. The text is one of its own, since its hash is the card's key.
#[must_use]
pub fn queued(message: &Value) -> String {
    let Some(body) = message.get("body").and_then(Value::as_str) else { return message.to_string() };
    let event = serde_json::from_str::<Value>(body).ok();
    event.as_ref().and_then(detail).unwrap_or_else(|| body.to_owned())
}

/// A `detail` that is no object, or an empty one, is no record.
fn detail(event: &Value) -> Option<String> {
    let detail = event.get("detail")?;
    detail.as_object().filter(|fields| !fields.is_empty())?;
    Some(detail.to_string())
}
