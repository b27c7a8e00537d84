//! EventBridge: what the rule for openings matches is pushed to the poller.
//!
//! Source of the format: "AWS API Call via CloudTrail" in the EventBridge User Guide.

use serde_json::{Value, json};

/// EventBridge drops events that are larger, in bytes.
const EVENT_LIMIT: usize = 256 * 1024;

/// The calls that the rule's pattern names.
const NAMES: [&str; 3] = ["AuthorizeSecurityGroupIngress", "ModifySecurityGroupRules", "RevokeSecurityGroupIngress"];

/// The event that EventBridge makes of a record; `None` where the rule doesn't match, or the event is too large.
pub fn event(record: &Value) -> Option<Value> {
    let text = |key: &str| record.get(key).and_then(Value::as_str).unwrap_or_default();
    if text("eventSource") != "ec2.amazonaws.com" || !NAMES.contains(&text("eventName")) {
        return None;
    }
    let event = json!({
        "version": "0",
        "id": uuid::Uuid::new_v4().to_string(),
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.ec2",
        "account": text("recipientAccountId"),
        "time": text("eventTime"),
        "region": text("awsRegion"),
        "resources": [],
        "detail": record,
    });
    (event.to_string().len() <= EVENT_LIMIT).then_some(event)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::event;

    #[test]
    fn only_what_the_rule_matches_is_pushed() {
        let mut record = json!({
            "eventSource": "ec2.amazonaws.com", "eventName": "AuthorizeSecurityGroupIngress",
            "eventTime": "2026-11-20T10:00:00Z", "recipientAccountId": "111122223333", "awsRegion": "us-east-1",
        });
        let pushed = event(&record).unwrap();
        assert_eq!(pushed["detail-type"], "AWS API Call via CloudTrail");
        assert_eq!((&pushed["account"], &pushed["region"]), (&json!("111122223333"), &json!("us-east-1")));
        assert_eq!(pushed["detail"], record);

        record["padding"] = json!("x".repeat(256 * 1024));
        assert_eq!(event(&record), None);
        assert_eq!(event(&json!({"eventSource": "ec2.amazonaws.com", "eventName": "RunInstances"})), None);
        assert_eq!(event(&json!({"eventSource": "sts.amazonaws.com", "eventName": "AssumeRole"})), None);
    }
}
