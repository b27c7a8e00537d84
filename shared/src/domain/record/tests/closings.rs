//! `RevokeSecurityGroupIngress`: only what certainly is gone is claimed.

use super::*;

fn revoke(parameters: Value, response: Value) -> Value {
    let mut record = call("RevokeSecurityGroupIngress", parameters);
    record["responseElements"] = response;
    record
}

fn removed(parameters: Value, response: Value) -> String {
    match read_value(&revoke(parameters, response)) {
        Reading::Revocation(revocation) => told_removed(&revocation.removed),
        other @ (Reading::Change(_) | Reading::Ignored(_)) => told(&other),
    }
}

#[test]
fn a_revoke_by_ids_is_read_in_every_nesting() {
    let nestings = [
        json!({"groupId": "sg-1", "securityGroupRuleIds": ["sgr-1", "sgr-2"]}),
        json!({"groupId": "sg-1", "ipPermissions": {}, "securityGroupRuleIds": {"items": ["sgr-1", "sgr-2"]}}),
        json!({"groupId": "sg-1", "securityGroupRuleIds": {"items": [
            {"securityGroupRuleId": "sgr-1"}, {"securityGroupRuleId": "sgr-2"}]}}),
        json!({"RevokeSecurityGroupIngressRequest": {"GroupId": "sg-1", "SecurityGroupRuleId": [
            {"content": "sgr-1", "tag": 1}, {"content": "sgr-2", "tag": 2}]}}),
    ];
    for parameters in nestings {
        assert_eq!(removed(parameters.clone(), json!({"_return": true})), "removed: [] [sgr-1, sgr-2]", "{parameters}");
    }
    let one = json!({"groupId": "sg-1", "securityGroupRuleIds": {"items": {"securityGroupRuleId": "sgr-1"}}});
    assert_eq!(removed(one, Value::Null), "removed: [] [sgr-1]");
}

#[test]
fn a_revoke_by_permissions_is_read_like_an_authorize() {
    let array = json!({"groupId": "sg-1", "ipPermissions": {"items": [
        {"ipProtocol": "tcp", "fromPort": "22", "toPort": 22, "ipRanges": {"items": [{"cidrIp": "10.0.0.0/8"}]},
            "groups": {"items": [{"groupId": "sg-2"}]}},
        {"ipProtocol": "-1", "ipv6Ranges": {"items": [{"cidrIpv6": "::/0"}]}},
    ]}});
    assert_eq!(
        removed(array, json!({"_return": true})),
        "removed: [tcp 22 from 10.0.0.0/8, tcp 22 from sg-2, all traffic from ::/0] []"
    );
}

#[test]
fn what_is_not_understood_is_unknown() {
    let permissions = json!({"groupId": "sg-1", "ipProtocol": "-1", "cidrIp": "10.0.0.0/8"});
    let cases = [
        (Value::Null, json!({"_return": true})),
        (json!({"omitted": true}), json!({"_return": true})),
        (json!({"groupId": "sg-1", "ipPermissions": {}}), json!({"_return": true})),
        (json!({"groupId": "sg-1", "sourceSecurityGroupName": "web"}), json!({"_return": true})),
        (json!({"groupId": "sg-1", "securityGroupRuleIds": ["sgr-1", "?"]}), json!({"_return": true})),
        (json!({"groupId": "sg-1", "securityGroupRuleIds": {"omitted": true}}), json!({"_return": true})),
        (permissions.clone(), json!({"unknownIpPermissionSet": "?"})),
        (
            permissions,
            json!({"unknownIpPermissionSet": {"items": [
                {"ipProtocol": "-1", "groups": {"items": [{"groupName": "web"}]}}]}}),
        ),
    ];
    for (parameters, response) in cases {
        assert_eq!(removed(parameters.clone(), response), "removed: unknown", "{parameters}");
    }
}

#[test]
fn ec2_s_list_of_what_it_removed_is_believed_before_the_request() {
    let set = |items: Value| json!({"_return": true, "revokedSecurityGroupRuleSet": {"items": items}});
    let one = json!({
        "securityGroupRuleId": "sgr-1", "groupId": "sg-1", "isEgress": false, "ipProtocol": "-1",
        "cidrIpv4": "10.0.0.0/8",
    });
    let request = json!({"groupName": "default", "ipPermissions": {"items": [
        {"ipProtocol": "-1", "ipRanges": {"items": [{"cidrIp": "10.0.0.0/8"}, {"cidrIp": "192.0.2.0/24"}]}}]}});
    let record = revoke(request.clone(), set(json!([one])));
    assert_eq!(
        told(&read_value(&record)),
        "111122223333/eu-west-1/sg-1 by bob\nremoved: [all traffic from 10.0.0.0/8] [sgr-1]"
    );
    let without_properties = json!([{"securityGroupRuleId": "sgr-1"}]);
    assert_eq!(
        removed(request, set(without_properties)),
        "removed: [all traffic from 10.0.0.0/8, all traffic from 192.0.2.0/24] [sgr-1]"
    );
}

#[test]
fn a_revoke_that_ec2_says_it_did_not_do_removed_nothing() {
    let parameters = json!({"groupId": "sg-1", "ipProtocol": "-1", "cidrIp": "10.0.0.0/8"});
    assert_eq!(removed(parameters.clone(), json!({"_return": false})), "ignored: failed");
    assert_eq!(removed(parameters, json!({"_return": "false"})), "ignored: failed");
}

#[test]
fn a_revoke_without_a_time_or_a_group_claims_nothing_more() {
    let mut record = revoke(json!({"groupName": "default", "ipProtocol": "-1", "cidrIp": "10.0.0.0/8"}), Value::Null);
    assert_eq!(told(&read_value(&record)), "Some(\"default\") by bob\nremoved: [all traffic from 10.0.0.0/8] []");
    record["eventTime"] = json!("then");
    assert_eq!(told(&read_value(&record)), "Some(\"default\") by bob\nremoved: unknown");
}

#[test]
fn the_role_that_issued_the_session_is_kept() {
    let issuer = |name: &str| match read(recorded(name), now()) {
        Reading::Revocation(revocation) => revocation.issuer_arn,
        other @ (Reading::Change(_) | Reading::Ignored(_)) => panic!("{other:?}"),
    };
    assert_eq!(issuer("revoke_by_rule_ids").as_deref(), Some("arn:aws:iam::111122223333:role/ci/deploy"));
    assert_eq!(issuer("revoke_flat"), None);
}
