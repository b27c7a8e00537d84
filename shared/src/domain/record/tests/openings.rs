//! Every way in which a rule can be opened.

use super::*;

/// The call's rules, each in words, when EC2's answer is not in the record.
fn opened(parameters: Value) -> String {
    told_opening(&change_of(read_value(&authorize(parameters))).opening)
}

/// A request in array form with one permission.
fn permission(fields: Value) -> Value {
    json!({"groupId": "sg-1", "ipPermissions": {"items": [fields]}})
}

/// A request in array form for one IPv4 range.
fn from_10(protocol: Value, from: Value, to: Value) -> Value {
    let ranges = json!({"items": [{"cidrIp": "10.0.0.0/8"}]});
    permission(json!({"ipProtocol": protocol, "fromPort": from, "toPort": to, "ipRanges": ranges}))
}

/// A request in array form for TCP port 22, with these lists of sources.
fn ssh(sources: Value) -> Value {
    let mut fields = json!({"ipProtocol": "tcp", "fromPort": 22, "toPort": 22});
    for (name, list) in sources.as_object().expect("lists by name") {
        fields[name.as_str()] = list.clone();
    }
    permission(fields)
}

#[test]
fn every_protocol_and_port_is_read() {
    let cases = [
        (json!("tcp"), json!(22), json!(22), "tcp 22"),
        (json!("tcp"), json!(0), json!(65535), "tcp 0-65535"),
        (json!("udp"), json!("500"), json!("4500"), "udp 500-4500"),
        (json!("6"), json!(22), json!(22), "tcp 22"),
        (json!(17), json!(53.0), json!(53), "udp 53"),
        (json!("icmp"), json!(8), json!(-1), "icmp type 8"),
        (json!("icmp"), json!(3), json!(4), "icmp type 3 code 4"),
        (json!("1"), json!("-1"), json!("-1"), "icmp all"),
        (json!("58"), json!(-1), json!(-1), "icmpv6 all"),
        (json!("-1"), Value::Null, Value::Null, "all traffic"),
        (json!(-1), json!(22), json!(22), "all traffic"),
        (json!("50"), json!(1), json!(2), "protocol 50"),
    ];
    for (protocol, from, to, expected) in cases {
        assert_eq!(opened(from_10(protocol, from, to)), format!("{expected} from 10.0.0.0/8"));
    }
}

#[test]
fn every_kind_of_source_is_read() {
    let group = |fields: Value| ssh(json!({"groups": {"items": [fields]}}));
    let cases = [
        (ssh(json!({"ipRanges": {"items": [{"cidrIp": "100.68.0.18/18"}]}})), "100.68.0.0/18"),
        (ssh(json!({"ipv6Ranges": {"items": [{"cidrIpv6": "2001:DB8::1/32"}]}})), "2001:db8::/32"),
        (ssh(json!({"prefixListIds": {"items": [{"prefixListId": "pl-6da54004"}]}})), "pl-6da54004"),
        (group(json!({"groupId": "sg-2"})), "sg-2"),
        (group(json!({"groupId": "sg-2", "userId": "111122223333", "groupName": "web"})), "sg-2"),
        (group(json!({"groupId": "sg-2", "userId": "444455556666", "vpcPeeringConnectionId": "pcx-1"})), "sg-2"),
        (ssh(json!({"ipRanges": {"items": [{"cidrIp": "0.0.0.0/0", "description": "a b"}]}})), "0.0.0.0/0 \"a b\""),
        (group(json!({"groupId": "sg-2", "description": "from web"})), "sg-2 \"from web\""),
    ];
    for (parameters, expected) in cases {
        assert_eq!(opened(parameters), format!("tcp 22 from {expected}"));
    }
    let all_four = json!({
        "ipRanges": {"items": [{"cidrIp": "10.0.0.0/8"}, {"cidrIp": "192.0.2.0/24"}]},
        "ipv6Ranges": {"items": [{"cidrIpv6": "::/0"}]},
        "prefixListIds": {"items": [{"prefixListId": "pl-1"}]},
        "groups": {"items": [{"groupId": "sg-2"}]},
    });
    assert_eq!(
        opened(ssh(all_four)),
        "tcp 22 from 10.0.0.0/8\ntcp 22 from 192.0.2.0/24\ntcp 22 from ::/0\ntcp 22 from pl-1\ntcp 22 from sg-2"
    );
}

#[test]
fn every_shape_of_a_list_is_read() {
    let permission =
        json!({"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "ipRanges": {"items": {"cidrIp": "10.0.0.0/8"}}});
    let pascal = json!({
        "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": {"tag": 1, "CidrIp": "10.0.0.0/8"}, "tag": 1,
    });
    let flat = json!({"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "cidrIp": "10.0.0.0/8"});
    let nulls = json!({
        "ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "groups": null, "ipv6Ranges": {"items": null},
        "prefixListIds": {}, "ipRanges": [{"cidrIp": "10.0.0.0/8", "description": null}],
    });
    let with = |name: &str, list: Value| {
        let mut parameters = flat.clone();
        (parameters["groupId"], parameters[name]) = (json!("sg-1"), list);
        parameters
    };
    let cases = [
        ("a list", json!({"groupId": "sg-1", "ipPermissions": {"items": [permission]}})),
        ("one as an object", json!({"groupId": "sg-1", "ipPermissions": {"items": permission}})),
        ("without items", json!({"groupId": "sg-1", "ipPermissions": [permission]})),
        ("null for nothing", json!({"groupId": "sg-1", "ipPermissions": {"items": [nulls]}})),
        ("wrapped", json!({"AuthorizeSecurityGroupIngressRequest": {"GroupId": "sg-1", "IpPermissions": pascal}})),
        ("flat", with("ipPermissions", json!({}))),
        ("flat, with an empty list", with("ipPermissions", json!({"items": {}}))),
        ("flat alone", with("ipPermissions", Value::Null)),
        ("flat, and the same as an array", with("ipPermissions", json!({"items": [permission]}))),
        ("twice", json!({"groupId": "sg-1", "ipPermissions": {"items": [permission, permission]}})),
    ];
    for (name, parameters) in cases {
        assert_eq!(opened(parameters), "tcp 22 from 10.0.0.0/8", "{name}");
    }
    let other = json!({"items": [{"ipProtocol": "-1", "ipv6Ranges": {"items": [{"cidrIpv6": "::/0"}]}}]});
    assert_eq!(opened(with("ipPermissions", other)), "all traffic from ::/0\ntcp 22 from 10.0.0.0/8");
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
            "unreadable: CloudTrail's record names the source group only by its name (`web`); its id is nowhere in it.",
        ),
        (
            "one of two",
            permission(json!({"ipProtocol": "-1", "ipRanges": v4, "groups": {"items": [{"groupName": "web"}]}})),
            "unreadable: CloudTrail's record names the source group only by its name (`web`); its id is nowhere in it. \
             This much is known to be opened: all traffic from 10.0.0.0/8.",
        ),
        (
            "no source",
            permission(json!({"ipProtocol": "tcp", "fromPort": 1, "toPort": 1})),
            "unreadable: A part of the request in CloudTrail's record is not understood: \
             `{\"ipProtocol\":\"tcp\",\"fromPort\":1,\"toPort\":1}`.",
        ),
        (
            "no such port",
            permission(json!({"ipProtocol": "tcp", "fromPort": 1, "toPort": 70000, "ipRanges": v4})),
            "unreadable: A part of the request in CloudTrail's record is not understood: \
             `{\"ipProtocol\":\"tcp\",\"fromPort\":1,\"toPort\":70000,\"ipRanges\":{\"items\":[{\"cidrIp\":\"10.0.0.0/8\"}]}}`.",
        ),
        (
            "a hole in the list",
            json!({"groupId": "sg-1", "ipPermissions": {"items": [{"ipProtocol": "-1", "ipRanges": v4}, null]}}),
            "unreadable: A part of the request in CloudTrail's record is not understood: `null`. \
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
        "unreadable: CloudTrail's record names the security group only by its name (`default`); its id is nowhere in it. \
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
         CloudTrail's record names the source group only by its name (`web`); its id is nowhere in it."
    );
    record["responseElements"]["securityGroupRuleSet"]["items"][1]["securityGroupRuleId"] = Value::Null;
    assert_eq!(
        told_opening(&change_of(read_value(&record)).opening),
        "unreadable: CloudTrail's record names the source group only by its name (`web`); its id is nowhere in it. \
         This much is known to be opened: tcp 0-65535 from sg-0feedface, icmp all from sg-0feedface."
    );
}

#[test]
fn an_answer_with_as_many_rules_as_were_asked_for_is_all_that_was_opened() {
    let mut record: Value = serde_json::from_str(recorded("terraform_one_rule")).expect("JSON");
    record["responseElements"]["securityGroupRuleSet"]["items"][0]["cidrIpv4"] = json!("198.51.100.0/24");
    assert_eq!(
        told_opening(&change_of(read_value(&record)).opening),
        "tcp 443 from 198.51.100.0/24 0000001 \"office\"",
        "EC2 knows best what it stored"
    );
}

#[test]
fn an_answer_without_a_rule_is_no_answer() {
    let asked = json!({"groupId": "sg-1", "ipProtocol": "tcp", "fromPort": 1, "toPort": 1, "cidrIp": "10.0.0.0/8"});
    for items in [json!([]), json!([{"isEgress": true, "securityGroupRuleId": "sgr-1"}])] {
        let opened = |parameters: Value| {
            let mut record = authorize(parameters);
            record["responseElements"]["securityGroupRuleSet"] = json!({"items": items});
            told_opening(&change_of(read_value(&record)).opening)
        };
        assert_eq!(opened(asked.clone()), "tcp 1 from 10.0.0.0/8");
        assert_eq!(
            opened(json!({"groupId": "sg-1", "omitted": true})),
            "unreadable: CloudTrail left the request out of its record."
        );
    }
}

#[test]
fn an_answer_about_several_groups_names_none() {
    let mut record: Value = serde_json::from_str(recorded("default_vpc_by_names")).expect("JSON");
    assert!(change_of(read_value(&record)).place.group.is_some());
    record["responseElements"]["securityGroupRuleSet"]["items"][2]["groupId"] = json!("sg-2");
    assert_eq!(change_of(read_value(&record)).place.group, None);
}

#[test]
fn what_is_not_understood_is_quoted_up_to_160_characters() {
    let quoted = |length: usize| opened(json!({"groupId": "sg-1", "sourceSecurityGroupName": "w".repeat(length)}));
    let says = |name: &str| {
        format!(
            "unreadable: CloudTrail's record names the source group only by its name (`{name}`); its id is nowhere in it."
        )
    };
    assert_eq!(quoted(160), says(&"w".repeat(160)));
    assert_eq!(quoted(161), says(&format!("{}…", "w".repeat(160))));
}
