//! Records as CloudTrail writes them, by hand.

use serde_json::{Value, json};

/// A record of a call to EC2 that succeeded, on 2026-11-20 at this time.
pub(crate) fn call(name: &str, at: &str, by: &str, parameters: Value, response: Value) -> Value {
    json!({
        "eventVersion": "1.10",
        "userIdentity": {"type": "IAMUser", "arn": format!("arn:aws:iam::111122223333:user/{by}"), "userName": by},
        "eventTime": format!("2026-11-20T{at}Z"),
        "eventSource": "ec2.amazonaws.com",
        "eventName": name,
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "198.51.100.7",
        "userAgent": "aws-cli/2.31.0",
        "requestParameters": parameters,
        "responseElements": response,
        // Only a digest of what it is: two different calls have two.
        "requestID": format!("{name}-{}-{by}", at.replace(':', "")),
        "recipientAccountId": "111122223333",
    })
}

/// tcp on one port, in EC2's array form, answered with the rule's id.
pub(crate) fn authorize(at: &str, by: &str, rule: &str, port: u16, cidr: &str) -> Value {
    let asked = json!({"ipProtocol": "tcp", "fromPort": port, "toPort": port, "groups": {}, "ipv6Ranges": {},
        "prefixListIds": {}, "ipRanges": {"items": [{"cidrIp": cidr, "description": "for a while"}]}});
    let answered = json!({"groupOwnerId": "111122223333", "groupId": GROUP, "securityGroupRuleId": rule, "isEgress": false,
        "ipProtocol": "tcp", "fromPort": port, "toPort": port, "cidrIpv4": cidr, "description": "for a while"});
    call(
        "AuthorizeSecurityGroupIngress",
        at,
        by,
        json!({"groupId": GROUP, "ipPermissions": {"items": [asked]}}),
        json!({"_return": true, "securityGroupRuleSet": {"items": [answered]}}),
    )
}

/// An egress rule.
pub(crate) fn authorize_egress(at: &str, by: &str, rule: &str) -> Value {
    let answered = json!({"groupOwnerId": "111122223333", "groupId": GROUP, "securityGroupRuleId": rule, "isEgress": true,
        "ipProtocol": "-1", "fromPort": -1, "toPort": -1, "cidrIpv4": "0.0.0.0/0"});
    call(
        "AuthorizeSecurityGroupEgress",
        at,
        by,
        json!({"groupId": GROUP, "ipPermissions": {"items": []}}),
        json!({"_return": true, "securityGroupRuleSet": {"items": [answered]}}),
    )
}

/// A rule's new value; `None` changes its description alone.
pub(crate) fn modify(at: &str, by: &str, rule: &str, to: Option<(u16, &str)>) -> Value {
    let new = match to {
        Some((port, cidr)) => json!({"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "CidrIpv4": cidr}),
        None => json!({"Description": "new words"}),
    };
    let asked = json!({"GroupId": GROUP,
        "SecurityGroupRule": {"SecurityGroupRuleId": rule, "tag": 1, "SecurityGroupRule": new}});
    call(
        "ModifySecurityGroupRules",
        at,
        by,
        json!({"ModifySecurityGroupRulesRequest": asked}),
        json!({"ModifySecurityGroupRulesResponse": {"return": true}}),
    )
}

/// By properties, in the flat form.
pub(crate) fn revoke(at: &str, by: &str, port: u16, cidr: &str) -> Value {
    let asked = json!({"groupId": GROUP, "ipPermissions": {}, "ipProtocol": "tcp", "fromPort": port, "toPort": port,
        "cidrIp": cidr});
    call("RevokeSecurityGroupIngress", at, by, asked, json!({"_return": true}))
}

/// A revoke whose request CloudTrail left out.
pub(crate) fn revoke_cut_off(at: &str, by: &str) -> Value {
    let mut record = call("RevokeSecurityGroupIngress", at, by, json!({"groupId": GROUP}), json!({"_return": true}));
    record["requestParameters"]["omitted"] = json!("true");
    record
}

/// The group goes, with all its rules.
pub(crate) fn delete_group(at: &str, by: &str) -> Value {
    call("DeleteSecurityGroup", at, by, json!({"groupId": GROUP}), json!({"_return": true}))
}

/// A record that has nothing to do with security groups.
pub(crate) fn other(at: &str) -> Value {
    call("DescribeInstances", at, "bob", json!({"instancesSet": {}, "filterSet": {}}), Value::Null)
}

/// A file as it lies in S3.
pub(crate) fn file(records: &[Value]) -> String {
    json!({"Records": records}).to_string()
}

/// An event of EventBridge that carries a record.
pub(crate) fn event(record: &Value) -> Value {
    json!({"version": "0", "id": "1f0a2b3c-0000-4000-8000-000000000001", "source": "aws.ec2",
        "detail-type": "AWS API Call via CloudTrail", "account": "111122223333", "detail": record})
}

/// The security group of every record.
pub(crate) const GROUP: &str = "sg-0123456789abcdef0";
