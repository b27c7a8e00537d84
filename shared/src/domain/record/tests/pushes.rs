//! What carries a record on its way: events of EventBridge and messages of SQS. Nothing that may be a record is dropped.

use super::*;

fn event(kind: &str, detail: Value) -> Value {
    json!({"version": "0", "detail-type": kind, "source": "aws.ec2", "detail": detail})
}

const PUSH: &str = "AWS API Call via CloudTrail";

#[test]
fn a_push_brings_the_record_alone() {
    let record = authorize(json!({"groupId": "sg-1"}));
    for kind in [PUSH, "AWS Service Event via CloudTrail", "of our own making"] {
        assert_eq!(pushed(&event(kind, record.clone())), Some(record.to_string()), "{kind}");
    }
}

#[test]
fn a_call_or_an_event_id_makes_a_record_whatever_the_event_is_called() {
    for detail in [json!({"eventName": "AuthorizeSecurityGroupIngress"}), json!({"eventID": "1f0a2b3c"})] {
        assert_eq!(pushed(&event("else", detail.clone())), Some(detail.to_string()));
    }
}

#[test]
fn a_push_without_a_record_is_handed_on_whole() {
    for detail in [json!({}), json!("cut off"), Value::Null] {
        let event = event(PUSH, detail);
        assert_eq!(pushed(&event), Some(event.to_string()));
    }
}

#[test]
fn an_event_of_a_schedule_is_no_push() {
    assert_eq!(pushed(&event("Scheduled Event", json!({}))), None);
    assert_eq!(pushed(&json!({})), None);
}

#[test]
fn only_a_message_of_sqs_is_queued() {
    assert!(is_queued(&json!({"eventSource": "aws:sqs", "body": "{}"})));
    assert!(!is_queued(&json!({"eventSource": "aws:kinesis", "body": "{}"})));
    assert!(!is_queued(&json!({"body": "{}"})));
}

#[test]
fn a_queued_event_brings_the_record_alone_and_anything_else_is_handed_on() {
    let record = authorize(json!({"groupId": "sg-1"}));
    let message = |body: &str| json!({"eventSource": "aws:sqs", "body": body});
    assert_eq!(queued(&message(&event(PUSH, record.clone()).to_string())), record.to_string());
    for body in ["", "no JSON", "{\"detail\":{}}", "{\"eventName\":\"AuthorizeSecurityGroupIngress\"}"] {
        assert_eq!(queued(&message(body)), body);
    }
    let bodiless = json!({"eventSource": "aws:sqs", "messageId": "1"});
    assert_eq!(queued(&bodiless), bodiless.to_string());
}
