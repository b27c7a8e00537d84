//! Every way in which a rule can be opened.

use super::*;

/// The call's rules, each in words, when EC2's answer is not in the record.
fn opened(parameters: Value) -> String {
    told_opening(&change_of(read_value(&authorize(parameters))).opening)
}

fn permission(fields: Value) -> Value {
    json!({"groupId": "sg-1", "ipPermissions": {"items": [fields]}})
}

#[test]
fn every_shape_of_a_request_is_read() {
    let v4 = json!({"items": [{"cidrIp": "10.0.0.0/8"}]});
    let cases = [
        (
            "tcp",
            permission(json!({"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "ipRanges": v4})),
            "tcp 22 from 10.0.0.0/8",
        ),
        (
            "udp, ports as strings",
            permission(json!({"ipProtocol": "udp", "fromPort": "500", "toPort": "4500", "ipRanges": v4})),
            "udp 500-4500 from 10.0.0.0/8",
        ),
        (
            "icmp by name",
            permission(json!({"ipProtocol": "icmp", "fromPort": 8, "toPort": -1, "ipRanges": v4})),
            "icmp type 8 from 10.0.0.0/8",
        ),
        (
            "icmp with code",
            permission(json!({"ipProtocol": "icmp", "fromPort": 3, "toPort": 4, "ipRanges": v4})),
            "icmp type 3 code 4 from 10.0.0.0/8",
        ),
        (
            "icmpv6 by number",
            permission(
                json!({"ipProtocol": "58", "fromPort": -1, "toPort": -1, "ipv6Ranges": {"items": [{"cidrIpv6": "::/0"}]}}),
            ),
            "icmpv6 all from ::/0",
        ),
        ("all traffic", permission(json!({"ipProtocol": "-1", "ipRanges": v4})), "all traffic from 10.0.0.0/8"),
        (
            "all traffic, sent ports are ignored",
            permission(json!({"ipProtocol": "-1", "fromPort": 22, "toPort": 22, "ipRanges": v4})),
            "all traffic from 10.0.0.0/8",
        ),
        (
            "tcp by number",
            permission(json!({"ipProtocol": "6", "fromPort": 22, "toPort": 22, "ipRanges": v4})),
            "tcp 22 from 10.0.0.0/8",
        ),
        (
            "a protocol as a JSON number",
            permission(json!({"ipProtocol": 17, "fromPort": 53.0, "toPort": 53, "ipRanges": v4})),
            "udp 53 from 10.0.0.0/8",
        ),
        (
            "another protocol opens all ports",
            permission(json!({"ipProtocol": "50", "fromPort": 1, "toPort": 2, "ipRanges": v4})),
            "protocol 50 from 10.0.0.0/8",
        ),
        (
            "host bits are dropped",
            permission(json!({"ipProtocol": "-1", "ipRanges": {"items": [{"cidrIp": "100.68.0.18/18"}]}})),
            "all traffic from 100.68.0.0/18",
        ),
        (
            "v6",
            permission(
                json!({"ipProtocol": "tcp", "fromPort": 1, "toPort": 1, "ipv6Ranges": {"items": [{"cidrIpv6": "2001:DB8::/32"}]}}),
            ),
            "tcp 1 from 2001:db8::/32",
        ),
        (
            "prefix list",
            permission(
                json!({"ipProtocol": "tcp", "fromPort": 1, "toPort": 1, "prefixListIds": {"items": [{"prefixListId": "pl-6da54004"}]}}),
            ),
            "tcp 1 from pl-6da54004",
        ),
        (
            "group",
            permission(
                json!({"ipProtocol": "tcp", "fromPort": 1, "toPort": 1, "groups": {"items": [{"groupId": "sg-2", "userId": "111122223333"}]}}),
            ),
            "tcp 1 from sg-2",
        ),
        (
            "group with its name",
            permission(
                json!({"ipProtocol": "tcp", "fromPort": 1, "toPort": 1, "groups": {"items": [{"groupId": "sg-2", "groupName": "web"}]}}),
            ),
            "tcp 1 from sg-2",
        ),
        (
            "peered group",
            permission(
                json!({"ipProtocol": "tcp", "fromPort": 1, "toPort": 1, "groups": {"items": [{"groupId": "sg-2", "userId": "444455556666", "vpcPeeringConnectionId": "pcx-1"}]}}),
            ),
            "tcp 1 from sg-2",
        ),
        (
            "description",
            permission(
                json!({"ipProtocol": "-1", "ipRanges": {"items": [{"cidrIp": "10.0.0.0/8", "description": "a \"b\""}]}}),
            ),
            "all traffic from 10.0.0.0/8 \"a \"b\"\"",
        ),
        (
            "items as an object",
            json!({"groupId": "sg-1", "ipPermissions": {"items": {"ipProtocol": "-1", "ipRanges": {"items": {"cidrIp": "10.0.0.0/8"}}}}}),
            "all traffic from 10.0.0.0/8",
        ),
        (
            "bare lists",
            json!({"groupId": "sg-1", "ipPermissions": [{"ipProtocol": "-1", "ipRanges": [{"cidrIp": "10.0.0.0/8"}]}]}),
            "all traffic from 10.0.0.0/8",
        ),
        (
            "nulls for what is empty",
            permission(
                json!({"ipProtocol": "-1", "fromPort": null, "toPort": null, "groups": null, "ipv6Ranges": {"items": null}, "prefixListIds": {}, "ipRanges": v4}),
            ),
            "all traffic from 10.0.0.0/8",
        ),
        (
            "wrapped, in PascalCase",
            json!({"AuthorizeSecurityGroupIngressRequest": {"GroupId": "sg-1", "IpPermissions": {"tag": 1, "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": {"tag": 1, "CidrIp": "10.0.0.0/8", "Description": "x"}}}}),
            "tcp 22 from 10.0.0.0/8 \"x\"",
        ),
        (
            "flat",
            json!({"groupId": "sg-1", "ipPermissions": {}, "ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "cidrIp": "10.0.0.0/8"}),
            "tcp 22 from 10.0.0.0/8",
        ),
        (
            "flat, all traffic",
            json!({"groupId": "sg-1", "ipProtocol": "-1", "cidrIp": "10.0.0.0/8"}),
            "all traffic from 10.0.0.0/8",
        ),
        (
            "flat and array",
            json!({"groupId": "sg-1", "ipPermissions": {"items": [{"ipProtocol": "-1", "ipRanges": v4}]}, "ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "cidrIp": "10.0.0.0/8"}),
            "all traffic from 10.0.0.0/8\ntcp 22 from 10.0.0.0/8",
        ),
        (
            "the same rule twice",
            json!({"groupId": "sg-1", "ipPermissions": {"items": [{"ipProtocol": "6", "fromPort": 22, "toPort": 22, "ipRanges": v4}]}, "ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "cidrIp": "10.0.0.1/8"}),
            "tcp 22 from 10.0.0.0/8",
        ),
        (
            "one permission with all four sources",
            permission(
                json!({"ipProtocol": "tcp", "fromPort": 1, "toPort": 2, "ipRanges": v4, "ipv6Ranges": {"items": [{"cidrIpv6": "::/0"}]}, "prefixListIds": {"items": [{"prefixListId": "pl-1"}]}, "groups": {"items": [{"groupId": "sg-2"}]}}),
            ),
            "tcp 1-2 from 10.0.0.0/8\ntcp 1-2 from ::/0\ntcp 1-2 from pl-1\ntcp 1-2 from sg-2",
        ),
    ];
    for (name, parameters, expected) in cases {
        assert_eq!(opened(parameters), expected, "{name}");
    }
}

#[test]
fn what_is_not_certain_is_unreadable_and_says_what_is_known() {
    let v4 = json!({"items": [{"cidrIp": "10.0.0.0/8"}]});
    let cases = [
        (
            "nothing",
            json!({"groupId": "sg-1", "ipPermissions": {}}),
            "unreadable: The request in CloudTrail's record names no rule.",
        ),
        (
            "a source group by name",
            json!({"groupId": "sg-1", "ipPermissions": {}, "sourceSecurityGroupName": "web"}),
            "unreadable: CloudTrail's record names the source group only by its name (web); its id is nowhere in it.",
        ),
        (
            "one of two",
            json!({"groupId": "sg-1", "ipPermissions": {"items": [{"ipProtocol": "-1", "ipRanges": v4, "groups": {"items": [{"groupName": "web"}]}}]}}),
            "unreadable: CloudTrail's record names the source group only by its name (web); its id is nowhere in it. \
             This much is known to be opened: all traffic from 10.0.0.0/8.",
        ),
        (
            "no source",
            permission(json!({"ipProtocol": "tcp", "fromPort": 1, "toPort": 1})),
            "unreadable: A part of the request in CloudTrail's record is not understood: {\"ipProtocol\":\"tcp\",\"fromPort\":1,\"toPort\":1}.",
        ),
        (
            "no such port",
            permission(json!({"ipProtocol": "tcp", "fromPort": 1, "toPort": 70000, "ipRanges": v4})),
            "unreadable: A part of the request in CloudTrail's record is not understood: \
             {\"ipProtocol\":\"tcp\",\"fromPort\":1,\"toPort\":70000,\"ipRanges\":{\"items\":[{\"cidrIp\":\"10.0.0.0/8\"}]}}.",
        ),
        (
            "a hole in the list",
            json!({"groupId": "sg-1", "ipPermissions": {"items": [{"ipProtocol": "-1", "ipRanges": v4}, null]}}),
            "unreadable: A part of the request in CloudTrail's record is not understood: null. \
             This much is known to be opened: all traffic from 10.0.0.0/8.",
        ),
        (
            "omitted, its size unknown",
            json!({"omitted": true}),
            "unreadable: CloudTrail left the request out of its record.",
        ),
    ];
    for (name, parameters, expected) in cases {
        assert_eq!(opened(parameters), expected, "{name}");
    }
}

#[test]
fn a_group_that_is_named_without_its_id_can_not_be_denied() {
    let parameters =
        json!({"groupName": "default", "ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "cidrIp": "0.0.0.0/0"});
    let change = change_of(read_value(&authorize(parameters)));
    assert_eq!(change.place.group_name.as_deref(), Some("default"));
    assert_eq!(
        told_opening(&change.opening),
        "unreadable: CloudTrail's record names the security group only by its name (default); its id is nowhere in it. \
         This much is known to be opened: tcp 22 from 0.0.0.0/0."
    );
}

#[test]
fn a_record_without_account_or_region_can_not_be_denied() {
    let parameters = json!({"groupId": "sg-1", "ipProtocol": "-1", "cidrIp": "0.0.0.0/0"});
    for (name, missing) in [("recipientAccountId", "account"), ("awsRegion", "region")] {
        let mut record = authorize(parameters.clone());
        record[name] = Value::Null;
        let expected = format!(
            "unreadable: CloudTrail's record does not say which {missing} the security group is in. \
             This much is known to be opened: all traffic from 0.0.0.0/0."
        );
        assert_eq!(told_opening(&change_of(read_value(&record)).opening), expected);
    }
}

#[test]
fn the_account_is_the_group_s_not_the_caller_s() {
    let mut record: Value = serde_json::from_str(recorded("terraform_one_rule")).expect("JSON");
    record["userIdentity"]["accountId"] = json!("999900001111");
    let account = |record: &Value| change_of(read_value(record)).place.account.map(|account| account.to_string());
    assert_eq!(account(&record).as_deref(), Some("111122223333"));
    record["recipientAccountId"] = Value::Null;
    record["responseElements"]["securityGroupRuleSet"]["items"][0]["groupOwnerId"] = json!("444455556666");
    assert_eq!(account(&record).as_deref(), Some("444455556666"));
}

#[test]
fn ec2_s_answer_is_believed_before_the_request() {
    let mut record: Value = serde_json::from_str(recorded("console_all_sources")).expect("JSON");
    let whole = change_of(read_value(&record)).opening;
    for parameters in [Value::Null, json!({"omitted": "true", "originalSize": 300_000}), json!("?"), json!({})] {
        record["requestParameters"] = parameters;
        let opening = change_of(read_value(&record)).opening;
        let rules = |opening: &Opening| opening.rules().iter().map(|opened| opened.rule.clone()).collect::<Vec<_>>();
        assert_eq!(rules(&opening), rules(&whole));
    }
}

#[test]
fn egress_rules_in_an_answer_are_none_of_ours() {
    let mut record: Value = serde_json::from_str(recorded("console_all_sources")).expect("JSON");
    record["requestParameters"] = Value::Null;
    let items = &mut record["responseElements"]["securityGroupRuleSet"]["items"];
    items[0]["isEgress"] = json!("true");
    items[1]["isEgress"] = json!(true);
    items[2]["isEgress"] = json!("false");
    assert_eq!(
        told_opening(&change_of(read_value(&record)).opening),
        "tcp 20-22 from pl-6da54004 0000003 \"s3\"\n\
         tcp 20-22 from sg-0feedface 0000004\n\
         all traffic from ::/0 0000005"
    );
}

#[test]
fn an_answer_that_was_cut_does_not_hide_what_was_asked_for() {
    let mut record: Value = serde_json::from_str(recorded("console_all_sources")).expect("JSON");
    let items = record["responseElements"]["securityGroupRuleSet"]["items"].as_array_mut().expect("a list");
    items.truncate(2);
    assert_eq!(
        told_opening(&change_of(read_value(&record)).opening),
        "tcp 20-22 from 100.68.0.0/18 0000001 \"vpn\"\n\
         tcp 20-22 from 2001:db8::/64 0000002\n\
         tcp 20-22 from pl-6da54004 \"s3\"\n\
         tcp 20-22 from sg-0feedface\n\
         all traffic from ::/0"
    );
}

#[test]
fn a_rule_in_the_answer_that_is_not_understood_is_looked_up_by_its_id() {
    let mut record: Value = serde_json::from_str(recorded("default_vpc_by_names")).expect("JSON");
    record["responseElements"]["securityGroupRuleSet"]["items"][1]["ipProtocol"] = json!("quic");
    assert_eq!(
        told_opening(&change_of(read_value(&record)).opening),
        "look up [sgr-00000000000000001, sgr-00000000000000002, sgr-00000000000000003]: \
         CloudTrail's record names the source group only by its name (web); its id is nowhere in it."
    );
    record["responseElements"]["securityGroupRuleSet"]["items"][1]["securityGroupRuleId"] = Value::Null;
    assert_eq!(
        told_opening(&change_of(read_value(&record)).opening),
        "unreadable: CloudTrail's record names the source group only by its name (web); its id is nowhere in it. \
         This much is known to be opened: tcp 0-65535 from sg-0feedface, icmp all from sg-0feedface."
    );
}
