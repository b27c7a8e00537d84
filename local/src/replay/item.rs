//! What a JSON value is: a CloudTrail record, something that carries one, or neither.
//!
//! Formats: CloudTrail's user guide ("log file examples", "digest file structure", "Insights events"), EventBridge's event
//! structure, Lambda's SQS event.

use serde_json::Value;

use super::problem::Skipped;

/// The calls that may open or close ingress; a record of any other is nothing to Portcullis.
const CALLS: [&str; 3] = ["AuthorizeSecurityGroupIngress", "ModifySecurityGroupRules", "RevokeSecurityGroupIngress"];

/// The fields that tell a CloudTrail record that stands by itself from other JSON.
const FIELDS: [&str; 6] =
    ["eventName", "eventID", "eventSource", "userIdentity", "requestParameters", "recipientAccountId"];

/// What a value holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Item {
    /// A record: its text, and the same as a value.
    Record { text: String, value: Value },
    /// Something else.
    Skipped(Skipped),
}

impl Item {
    /// Recognizes a value by its content. `listed`: it is an element of `Records`.
    ///
    /// What should be a record and is none is one all the same: ingest makes an Unreadable card of it, never a skip.
    pub(super) fn of(text: String, value: Value, listed: bool) -> Self {
        let has = |field: &str| value.get(field).is_some();
        if has("digestStartTime") || has("digestS3Object") {
            return Self::Skipped(Skipped::Digest);
        }
        if has("insightDetails") {
            return Self::Skipped(Skipped::Insights);
        }
        if let Some(body) = queued(&value) {
            return Self::in_body(body);
        }
        if has("detail-type") || value.get("detail").is_some_and(Value::is_object) {
            return Self::pushed(text, &value);
        }
        if listed || FIELDS.iter().any(|field| has(field)) {
            Self::Record { text, value }
        } else {
            Self::Skipped(Skipped::NoRecord)
        }
    }

    /// An event of EventBridge, as the poller reads it: one that comes via CloudTrail and has no record is handed on whole.
    fn pushed(text: String, event: &Value) -> Self {
        let detail = event.get("detail").filter(|detail| detail.as_object().is_some_and(|fields| !fields.is_empty()));
        let via_cloudtrail =
            event.get("detail-type").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("via CloudTrail"));
        let is_record = |detail: &Value| detail.get("eventName").is_some() || detail.get("eventID").is_some();
        match detail {
            Some(detail) if via_cloudtrail || is_record(detail) => {
                Self::Record { text: detail.to_string(), value: detail.clone() }
            }
            None if via_cloudtrail => Self::Record { text, value: event.clone() },
            Some(_) | None => Self::Skipped(Skipped::OtherEvent),
        }
    }

    /// The record in the body of an SQS message, as the poller reads it: a body without one is handed on as it is.
    fn in_body(body: &str) -> Self {
        match serde_json::from_str::<Value>(body) {
            Ok(event) if event.get("detail").is_some() => Self::pushed(body.to_owned(), &event),
            Ok(value) => Self::Record { text: body.to_owned(), value },
            Err(_) => Self::Record { text: body.to_owned(), value: Value::Null },
        }
    }
}

fn queued(message: &Value) -> Option<&str> {
    let is_sqs = message.get("eventSource").and_then(Value::as_str) == Some("aws:sqs");
    message.get("body").filter(|_| is_sqs).and_then(Value::as_str)
}

/// Whether ingest would certainly ignore the record as another event: it names its call, and that is none of ours. Cheap,
/// and never wrong; a record that is not certain goes the whole way.
pub(super) fn is_another_event(record: &Value) -> bool {
    let named = |field| record.get(field).and_then(Value::as_str).filter(|name| !name.trim().is_empty());
    named("eventSource").is_some_and(|source| source != "ec2.amazonaws.com")
        || named("eventName").is_some_and(|name| !CALLS.contains(&name))
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use chrono::DateTime;
    use serde_json::json;
    use shared::domain::{
        change::{Ignored, Reading},
        record,
    };

    use super::*;

    /// The domain's own records, and each of them with every field replaced by everything that was ever seen there.
    fn records() -> Vec<Value> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/tests/records");
        let mut records = Vec::new();
        for entry in fs::read_dir(folder).unwrap() {
            let record: Value = serde_json::from_str(&fs::read_to_string(entry.unwrap().path()).unwrap()).unwrap();
            for field in ["eventName", "eventSource", "errorCode", "EventName", "EventSource"] {
                for value in [
                    json!(null),
                    json!(" "),
                    json!(7),
                    json!([]),
                    json!("DescribeInstances"),
                    json!("AuthorizeSecurityGroupEgress"),
                    json!(" ModifySecurityGroupRules"),
                    json!("RevokeSecurityGroupIngress"),
                    json!("ec2.amazonaws.com"),
                    json!("s3.amazonaws.com"),
                    json!("Client.DryRunOperation"),
                ] {
                    let mut changed = record.clone();
                    changed[field] = value;
                    records.push(changed);
                }
                let mut without = record.clone();
                without.as_object_mut().unwrap().remove(field);
                records.push(without);
            }
            records.push(record);
        }
        records
    }

    #[test]
    fn what_is_dropped_early_is_what_ingest_ignores_as_another_event() {
        let read = |record: &Value| record::read(&record.to_string(), DateTime::UNIX_EPOCH);
        let is_ignored = |record: &&Value| read(record) == Reading::Ignored(Ignored::OtherEvent);
        let records = records();
        let (dropped, kept): (Vec<&Value>, Vec<&Value>) = records.iter().partition(|record| is_another_event(record));
        assert!(dropped.iter().all(is_ignored));
        // Of what is kept, only what is spelled as nobody does is ignored later.
        let late: Vec<&&Value> = kept.iter().filter(|record| is_ignored(record)).collect();
        assert!(late.iter().all(|record| record.get("EventName").is_some() || record.get("EventSource").is_some()));
        assert!(dropped.len() > 200 && kept.len() > 200, "{} {}", dropped.len(), kept.len());
    }
}
