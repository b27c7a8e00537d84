//! `ModifySecurityGroupRules` in every wrapping.

use super::*;

const NEW: &str = r#"{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIpv4": "0.0.0.0/0"}"#;

fn new() -> Value {
    serde_json::from_str(NEW).expect("JSON")
}

fn modified(parameters: Value) -> String {
    told_opening(&change_of(read_value(&call("ModifySecurityGroupRules", parameters))).opening)
}

#[test]
fn a_modified_rule_is_found_in_whatever_wrapping() {
    let one = json!({"SecurityGroupRuleId": "sgr-1", "tag": 1, "SecurityGroupRule": new()});
    let wrappings = [
        json!({"ModifySecurityGroupRulesRequest": {"GroupId": "sg-1", "SecurityGroupRule": one}}),
        json!({"ModifySecurityGroupRulesRequest": {"GroupId": "sg-1", "SecurityGroupRule": [one]}}),
        json!({"ModifySecurityGroupRulesRequest": {"GroupId": "sg-1", "SecurityGroupRule": {"SecurityGroupRule": one}}}),
        json!({"ModifySecurityGroupRulesRequest": {"GroupId": "sg-1", "SecurityGroupRule": {"items": [one]}}}),
        json!({"ModifySecurityGroupRulesRequest": {"GroupId": "sg-1", "SecurityGroupRule": {
            "SecurityGroupRuleId": "sgr-1", "SecurityGroupRule": {"SecurityGroupRule": new()}}}}),
        json!({"modifySecurityGroupRulesRequest": {"groupId": "sg-1", "securityGroupRules": {"items": {
            "securityGroupRuleId": "sgr-1",
            "securityGroupRule": {"ipProtocol": "6", "fromPort": "22", "toPort": "22", "cidrIpv4": "0.0.0.0/0"}}}}}),
        json!({"groupId": "sg-1", "securityGroupRule": one}),
    ];
    for wrapped in wrappings {
        assert_eq!(modified(wrapped.clone()), "sgr-1 -> tcp 22 from 0.0.0.0/0", "{wrapped}");
    }
}

#[test]
fn a_new_value_is_every_kind_of_source_or_unknown() {
    let to = |new: Value| {
        modified(
            json!({"GroupId": "sg-1", "SecurityGroupRule": {"SecurityGroupRuleId": "sgr-1", "SecurityGroupRule": new}}),
        )
    };
    assert_eq!(to(json!({"IpProtocol": "-1", "CidrIpv6": "::/0"})), "sgr-1 -> all traffic from ::/0");
    assert_eq!(
        to(json!({"IpProtocol": "-1", "PrefixListId": "pl-1", "Description": "x"})),
        "sgr-1 -> all traffic from pl-1"
    );
    assert_eq!(to(json!({"IpProtocol": "-1", "ReferencedGroupId": "sg-2"})), "sgr-1 -> all traffic from sg-2");
    assert_eq!(to(json!({"IpProtocol": "-1"})), "sgr-1 -> ?");
    assert_eq!(to(json!({"IpProtocol": "-1", "CidrIpv4": "10.0.0.0/8", "CidrIpv6": "::/0"})), "sgr-1 -> ?");
    assert_eq!(to(Value::Null), "sgr-1 -> ?");
    assert_eq!(to(json!({})), "sgr-1 -> ?");
}

#[test]
fn only_a_description_alone_is_a_description_alone() {
    let to = |new: Value| {
        modified(
            json!({"GroupId": "sg-1", "SecurityGroupRule": {"SecurityGroupRuleId": "sgr-1", "SecurityGroupRule": new}}),
        )
    };
    assert_eq!(to(json!({"Description": "x"})), "sgr-1 -> description");
    assert_eq!(to(json!({"Description": "", "CidrIpv4": null})), "sgr-1 -> description");
    assert_eq!(to(json!({"Description": "x", "CidrIpv4": "0.0.0.0/0"})), "sgr-1 -> ?");
    assert_eq!(to(json!({"Description": "x", "Somewhere": "else"})), "sgr-1 -> ?");
}

#[test]
fn a_rule_that_is_changed_twice_in_a_call_is_not_certain() {
    let twice = json!({"GroupId": "sg-1", "SecurityGroupRule": [
        {"SecurityGroupRuleId": "sgr-1", "SecurityGroupRule": new()},
        {"SecurityGroupRuleId": "sgr-1", "SecurityGroupRule": {"Description": "x"}},
    ]});
    assert_eq!(modified(twice), "sgr-1 -> ?");
}

#[test]
fn a_modification_that_names_no_rule_is_unreadable() {
    assert_eq!(modified(Value::Null), "unreadable: CloudTrail's record holds no request.");
    assert_eq!(
        modified(json!({"omitted": true, "originalSize": 1_200_000})),
        "unreadable: CloudTrail left the request out of its record (1,200,000 bytes)."
    );
    assert_eq!(modified(json!({"GroupId": "sg-1"})), "unreadable: The request in CloudTrail's record names no rule.");
    let nameless = json!({"GroupId": "sg-1", "SecurityGroupRule": [
        {"SecurityGroupRuleId": "sgr-1", "SecurityGroupRule": new()},
        {"SecurityGroupRuleId": 7},
    ]});
    assert_eq!(
        modified(nameless),
        "unreadable: A part of the request in CloudTrail's record is not understood: `{\"SecurityGroupRuleId\":7}`. \
         It also changed `sgr-1`."
    );
    let only_a_value = json!({"GroupId": "sg-1", "SecurityGroupRule": {"CidrIpv4": "0.0.0.0/0"}});
    assert_eq!(
        modified(only_a_value),
        "unreadable: A part of the request in CloudTrail's record is not understood: `{\"CidrIpv4\":\"0.0.0.0/0\"}`."
    );
    let no_group = json!({"SecurityGroupRule": {"SecurityGroupRuleId": "sgr-1", "SecurityGroupRule": new()}});
    assert_eq!(modified(no_group), "unreadable: CloudTrail's record does not say which security group this is about.");
}
