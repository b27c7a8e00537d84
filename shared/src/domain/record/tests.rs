//! Records as CloudTrail writes them, and what each becomes.

mod actors;
mod closings;
mod damage;
mod modifications;
mod openings;
mod pushes;

use chrono::{TimeZone, Utc};
use serde_json::{Value, json};

use super::*;
use crate::domain::{
    change::{Lookup, ModifiedRule, OpenedRule},
    ids::AccountId,
};

macro_rules! recorded {
    ($name:literal) => {
        ($name, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/records/", $name, ".json")))
    };
}

/// Every record in `shared/tests/records`: its name and its text.
pub(in crate::domain) const RECORDS: [(&str, &str); 18] = [
    recorded!("cli_flat_world"),
    recorded!("cloudformation_all_traffic"),
    recorded!("console_all_sources"),
    recorded!("default_vpc_by_names"),
    recorded!("dry_run"),
    recorded!("failed_duplicate"),
    recorded!("identity_center_icmp"),
    recorded!("modify_one"),
    recorded!("modify_several"),
    recorded!("null_request"),
    recorded!("omitted_request"),
    recorded!("omitted_request_with_ids"),
    recorded!("revoke_by_rule_ids"),
    recorded!("revoke_default_vpc_miss"),
    recorded!("revoke_flat"),
    recorded!("root_before_2021"),
    recorded!("service_peered_group"),
    recorded!("terraform_one_rule"),
];

fn recorded(name: &str) -> &'static str {
    RECORDS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text).expect(name)
}

/// An hour after the records were written.
fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 20, 17, 0, 0).single().expect("a time")
}

fn read_value(record: &Value) -> Reading {
    read(&record.to_string(), now())
}

fn change_of(reading: Reading) -> Change {
    match reading {
        Reading::Change(change) => change,
        Reading::Revocation(_) | Reading::Ignored(_) => panic!("no change: {reading:?}"),
    }
}

/// A reading in words, as a test wants to see it.
fn told(reading: &Reading) -> String {
    match reading {
        Reading::Ignored(reason) => format!("ignored: {reason}"),
        Reading::Change(change) => {
            format!("{} by {}\n{}", told_place(&change.place), change.actor.name(), told_opening(&change.opening))
        }
        Reading::Revocation(revocation) => {
            format!(
                "{} by {}\n{}",
                told_place(&revocation.place),
                revocation.actor.name(),
                told_removed(&revocation.removed)
            )
        }
    }
}

fn told_place(place: &Place) -> String {
    place.group_key().map_or_else(|| format!("{:?}", place.group_name), |key| key.to_string())
}

fn told_opening(opening: &Opening) -> String {
    match opening {
        Opening::Authorized { rules } => rules.iter().map(told_rule).collect::<Vec<_>>().join("\n"),
        Opening::Unresolved(Lookup::Modified { rules }) => {
            let told = |rule: &ModifiedRule| match (&rule.to, rule.description_only) {
                (Some(to), _) => format!("{} -> {to}", rule.id),
                (None, true) => format!("{} -> description", rule.id),
                (None, false) => format!("{} -> ?", rule.id),
            };
            rules.iter().map(told).collect::<Vec<_>>().join("\n")
        }
        Opening::Unresolved(Lookup::Authorized { ids, why }) => format!("look up {ids:?}: {why}"),
        Opening::Unreadable { why } => format!("unreadable: {why}"),
        Opening::Modified { .. } | Opening::Gap { .. } => panic!("no record says this: {opening:?}"),
    }
}

fn told_rule(opened: &OpenedRule) -> String {
    let id = opened
        .id
        .as_ref()
        .map_or_else(String::new, |id| format!(" {}", id.as_str().trim_start_matches("sgr-0000000000")));
    let description = opened.description.as_ref().map_or_else(String::new, |description| format!(" \"{description}\""));
    format!("{}{id}{description}", opened.rule)
}

fn told_removed(removed: &RemovedRules) -> String {
    match removed {
        RemovedRules::Unknown => "removed: unknown".to_owned(),
        RemovedRules::Named { rules, ids } => {
            let rules: Vec<_> = rules.iter().map(ToString::to_string).collect();
            format!("removed: [{}] {ids:?}", rules.join(", "))
        }
    }
}

/// A record of a call that succeeded, without an answer from EC2.
fn call(name: &str, parameters: Value) -> Value {
    json!({
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/bob", "userName": "bob"},
        "eventTime": "2026-11-20T15:53:20Z",
        "eventSource": "ec2.amazonaws.com",
        "eventName": name,
        "awsRegion": "eu-west-1",
        "requestParameters": parameters,
        "responseElements": {"_return": true},
        "requestID": "59dbff89-35bd-4eac-99ed-be587EXAMPLE",
        "recipientAccountId": "111122223333",
    })
}

fn authorize(parameters: Value) -> Value {
    call("AuthorizeSecurityGroupIngress", parameters)
}

#[test]
fn every_recorded_call_becomes_what_it_was() {
    let expected = [
        (
            "terraform_one_rule",
            "111122223333/eu-west-1/sg-0123456789abcdef0 by bob
             tcp 443 from 203.0.113.0/24 0000001 \"office\"",
        ),
        (
            "console_all_sources",
            "111122223333/eu-west-1/sg-0123456789abcdef0 by alice@example.com
             tcp 20-22 from 100.68.0.0/18 0000001 \"vpn\"
             tcp 20-22 from 2001:db8::/64 0000002
             tcp 20-22 from pl-6da54004 0000003 \"s3\"
             tcp 20-22 from sg-0feedface 0000004
             all traffic from ::/0 0000005",
        ),
        (
            "cli_flat_world",
            "111122223333/eu-west-1/sg-0123456789abcdef0 by deploy/alice@example.com
             tcp 22 from 0.0.0.0/0 0000001",
        ),
        (
            "default_vpc_by_names",
            "111122223333/eu-west-1/sg-0123456789abcdef0 by bob
             tcp 0-65535 from sg-0feedface 0000001
             udp 0-65535 from sg-0feedface 0000002
             icmp all from sg-0feedface 0000003",
        ),
        (
            "cloudformation_all_traffic",
            "111122223333/eu-west-1/sg-0123456789abcdef0 by deploy/AWSCloudFormation
             all traffic from 10.0.0.0/8 0000001",
        ),
        (
            "service_peered_group",
            "111122223333/eu-west-1/sg-0123456789abcdef0 by quicksight.amazonaws.com
             tcp 5432 from sg-0feedface 0000001",
        ),
        (
            "root_before_2021",
            "111122223333/eu-west-1/sg-0123456789abcdef0 by root
             tcp 8080-8081 from 10.1.0.0/16",
        ),
        (
            "identity_center_icmp",
            "111122223333/eu-west-1/sg-0123456789abcdef0 by 90678f2d-1001-7000-0000-000000000000
             icmp type 8 from 0.0.0.0/0 0000001
             icmpv6 all from ::/0 0000002
             protocol 50 from 10.0.0.0/8 0000003",
        ),
        ("failed_duplicate", "ignored: failed"),
        ("dry_run", "ignored: dry_run"),
        (
            "omitted_request",
            "None by alice@example.com
             unreadable: CloudTrail left the request out of its record (149,893 bytes).",
        ),
        (
            "omitted_request_with_ids",
            "111122223333/eu-west-1/sg-0123456789abcdef0 by alice@example.com
             look up [sgr-00000000000000001, sgr-00000000000000002]: \
             CloudTrail left the request out of its record (149,893 bytes).",
        ),
        (
            "null_request",
            "None by bob
             unreadable: CloudTrail's record holds no request.",
        ),
        (
            "modify_one",
            "111122223333/eu-west-1/sg-0123456789abcdef0 by alice@example.com
             sgr-00000000000000001 -> tcp 22 from 0.0.0.0/0",
        ),
        (
            "modify_several",
            "111122223333/eu-west-1/sg-0123456789abcdef0 by bob
             sgr-00000000000000001 -> all traffic from ::/0
             sgr-00000000000000002 -> description
             sgr-00000000000000003 -> tcp 443 from sg-0feedface",
        ),
        (
            "revoke_flat",
            "111122223333/eu-west-1/sg-0123456789abcdef0 by bob
             removed: [tcp 22 from 0.0.0.0/0] []",
        ),
        (
            "revoke_by_rule_ids",
            "111122223333/eu-west-1/sg-0123456789abcdef0 by deploy/alice@example.com
             removed: [tcp 22 from 0.0.0.0/0] [sgr-00000000000000001]",
        ),
        (
            "revoke_default_vpc_miss",
            "111122223333/eu-west-1/sg-0123456789abcdef0 by bob
             removed: [tcp 22 from 10.0.0.0/8] []",
        ),
    ];
    assert_eq!(expected.len(), RECORDS.len(), "every record has its expectation");
    for (name, expected) in expected {
        let expected: Vec<_> = expected.lines().map(str::trim_start).collect();
        assert_eq!(told(&read(recorded(name), now())), expected.join("\n"), "{name}");
    }
}

#[test]
fn a_change_is_keyed_by_its_request_then_by_its_event_then_by_its_text() {
    let mut record = authorize(json!({"groupId": "sg-1"}));
    record["eventID"] = json!("1f0a2b3c-0000-4000-8000-000000000001");
    let key = |record: &Value| change_of(read_value(record)).id.to_string();
    assert_eq!(key(&record), "59dbff89-35bd-4eac-99ed-be587EXAMPLE");
    record["requestID"] = json!("#watermark/lake");
    assert_eq!(key(&record), "1f0a2b3c-0000-4000-8000-000000000001");
    record["eventID"] = Value::Null;
    let hashed = key(&record);
    assert_eq!((hashed.len(), &hashed[..7]), (39, "record-"));
    assert_eq!(hashed, key(&record), "the same text has the same key");
    record["awsRegion"] = json!("eu-west-2");
    assert_ne!(hashed, key(&record));
}

#[test]
fn a_time_is_read_to_the_second_or_is_the_reading_s_own() {
    let at = |time: Value| {
        let mut record = authorize(json!({}));
        record["eventTime"] = time;
        change_of(read_value(&record)).at.to_rfc3339()
    };
    assert_eq!(at(json!("2026-11-20T10:00:00Z")), "2026-11-20T10:00:00+00:00");
    assert_eq!(at(json!("2026-11-20T11:00:00.750+01:00")), "2026-11-20T10:00:00+00:00");
    assert_eq!(at(json!("2026-11-20 10:00:00.000")), "2026-11-20T10:00:00+00:00");
    for unreadable in [json!("yesterday"), json!(1_795_190_000), Value::Null] {
        assert_eq!(at(unreadable), "2026-11-20T17:00:00+00:00");
    }
}

#[test]
fn only_an_error_code_says_that_a_call_failed() {
    let told_with = |code: Value| {
        let mut record = authorize(
            json!({"groupId": "sg-1", "ipProtocol": "tcp", "fromPort": 1, "toPort": 1, "cidrIp": "10.0.0.0/8"}),
        );
        record["errorCode"] = code;
        told(&read_value(&record))
    };
    assert_eq!(told_with(json!("Client.UnauthorizedOperation")), "ignored: failed");
    assert_eq!(told_with(json!("InvalidPermission.Duplicate")), "ignored: failed");
    assert_eq!(told_with(json!("Client.DryRunOperation")), "ignored: dry_run");
    assert_eq!(told_with(json!("DryRunOperation")), "ignored: dry_run");
    for none in [Value::Null, json!(""), json!(false), json!({})] {
        assert_eq!(told_with(none), "111122223333/eu-west-1/sg-1 by bob\ntcp 1 from 10.0.0.0/8");
    }
}

#[test]
fn other_events_are_ignored_and_an_unnamed_one_is_not() {
    for name in ["AuthorizeSecurityGroupEgress", "DescribeSecurityGroups", "UpdateSecurityGroupRuleDescriptionsIngress"]
    {
        assert_eq!(read_value(&call(name, json!({}))), Reading::Ignored(Ignored::OtherEvent), "{name}");
    }
    let mut record = authorize(json!({"groupId": "sg-1"}));
    record["eventSource"] = json!("example.amazonaws.com");
    assert_eq!(read_value(&record), Reading::Ignored(Ignored::OtherEvent));
    record["eventSource"] = Value::Null;
    record["eventName"] = Value::Null;
    assert_eq!(
        told(&read_value(&record)),
        "111122223333/eu-west-1/sg-1 by bob\n\
         unreadable: CloudTrail's record does not say which call it is about; it may have opened something."
    );
}

#[test]
fn a_text_that_is_no_record_is_an_unreadable_change() {
    let deep = "[".repeat(100_000);
    for text in
        ["", "  ", "null", "[]", "\"text\"", "{\"eventName\": \"Authorize", "\u{0}", "{}", "1e999", deep.as_str()]
    {
        let change = change_of(read(text, now()));
        assert!(matches!(change.opening, Opening::Unreadable { .. }), "{change:?}");
        assert_eq!((change.place, change.at), (Place::default(), now()));
    }
    assert_eq!(
        told(&read("{\"eventName\": \"Authorize", now())),
        "None by Unknown\n\
         unreadable: CloudTrail's record is not JSON that is understood. It begins: `{\"eventName\": \"Authorize`."
    );
}
