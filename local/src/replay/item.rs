//! What a JSON value is: a CloudTrail record, something that carries one, or neither.
//!
//! Formats: CloudTrail's user guide ("log file examples", "digest file structure", "Insights events"), EventBridge's event
//! structure, Lambda's SQS event.

use serde_json::Value;
use shared::domain::record;

use super::problem::Skipped;

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
        if record::is_queued(&value) {
            return Self::carried(record::queued(&value));
        }
        if has("detail-type") || value.get("detail").is_some_and(Value::is_object) {
            return record::pushed(&value).map_or(Self::Skipped(Skipped::OtherEvent), Self::carried);
        }
        if listed || FIELDS.iter().any(|field| has(field)) {
            Self::Record { text, value }
        } else {
            Self::Skipped(Skipped::NoRecord)
        }
    }

    /// A record that came with something else, as the poller hands it on.
    fn carried(text: String) -> Self {
        let value = serde_json::from_str(&text).unwrap_or_default();
        Self::Record { text, value }
    }
}

/// Whether ingest would certainly ignore the record as another event: it names its call, and that is none of ours. Cheap,
/// and never wrong; a record that is not certain goes the whole way.
pub(super) fn is_another_event(record: &Value) -> bool {
    let named = |field| record.get(field).and_then(Value::as_str).filter(|name| !name.trim().is_empty());
    named("eventSource").is_some_and(|source| source != "ec2.amazonaws.com")
        || named("eventName").is_some_and(|name| !record::CALLS.contains(&name))
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use chrono::DateTime;
    use serde_json::json;
    use shared::domain::change::{Ignored, Reading};

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
