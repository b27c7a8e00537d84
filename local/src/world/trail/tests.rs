//! Records, shape by shape.

use chrono::DateTime;
use serde_json::json;

use super::*;
use crate::world::{
    World,
    ec2::{FlatPermission, GroupRef, GroupSource, Operation, Permission, Permissions, Range, Removal, RuleChange},
    identity::Identity,
};

const ACCOUNT: &str = "222222222222";
const REGION: &str = "eu-west-1";

/// A world with one group, `web`, in a default VPC.
fn world() -> (World, String) {
    let world = World::default();
    let group = world.ec2.lock().unwrap().add_group(ACCOUNT, REGION, "web", None).unwrap();
    (world, group)
}

/// Alice makes a call from the console; the record of it.
fn record(world: &World, call: impl Into<Call>) -> Value {
    let alice = Caller::console(Identity::person(ACCOUNT, "alice@example.com"), ACCOUNT, REGION);
    world.ec2_call(&alice, &call.into(), DateTime::from_timestamp(1_795_000_000, 999_000_000).unwrap());
    world.trail.lock().unwrap().entries().last().unwrap().record.clone()
}

fn open(group: &str, permission: Permission) -> Operation {
    Operation::AuthorizeIngress { group: GroupRef::id(group), permissions: Permissions::Array(vec![permission]) }
}

#[test]
fn an_opening_in_the_array_form() {
    let (world, group) = world();
    let permission = Permission::new("tcp", 22, 22).from_ipv4("100.68.0.18/18", Some("vpn"));
    let record = record(&world, open(&group, permission));

    assert_eq!(record["eventTime"], "2026-11-18T11:06:40Z");
    assert_eq!(record["eventSource"], "ec2.amazonaws.com");
    assert_eq!(record["eventName"], "AuthorizeSecurityGroupIngress");
    assert_eq!(record["recipientAccountId"], ACCOUNT);
    assert_eq!(record["sessionCredentialFromConsole"], "true");
    assert_eq!(record["userIdentity"]["type"], "AssumedRole");
    assert!(record.get("errorCode").is_none());
    assert_eq!(
        record["requestParameters"],
        json!({
            "groupId": group,
            "ipPermissions": { "items": [{
                "ipProtocol": "tcp", "fromPort": 22, "toPort": 22,
                "groups": {},
                "ipRanges": { "items": [{ "cidrIp": "100.68.0.18/18", "description": "vpn" }] },
                "ipv6Ranges": {},
                "prefixListIds": {},
            }] },
        })
    );
    let rule = &record["responseElements"]["securityGroupRuleSet"]["items"][0];
    assert_eq!(rule["cidrIpv4"], "100.68.0.0/18", "the response holds what is stored");
    assert_eq!(rule["groupOwnerId"], ACCOUNT);
    assert_eq!(rule["isEgress"], false);
    assert!(rule["securityGroupRuleId"].as_str().unwrap().starts_with("sgr-"));
}

#[test]
fn all_four_kinds_of_source() {
    let (world, group) = world();
    let mut permission = Permission::all_ports("-1").from_ipv6("::/0", None).from_prefix_list("pl-0abc", None);
    permission.groups.push(GroupSource {
        group: GroupRef::id(&group),
        user_id: Some(ACCOUNT.to_owned()),
        description: Some("each other".to_owned()),
        ..GroupSource::default()
    });
    permission.ipv4.push(Range::new("10.0.0.0/8", None));
    let record = record(&world, open(&group, permission));
    assert_eq!(
        record["requestParameters"]["ipPermissions"]["items"][0],
        json!({
            "ipProtocol": "-1",
            "groups": { "items": [{ "userId": ACCOUNT, "groupId": group, "description": "each other" }] },
            "ipRanges": { "items": [{ "cidrIp": "10.0.0.0/8" }] },
            "ipv6Ranges": { "items": [{ "cidrIpv6": "::/0" }] },
            "prefixListIds": { "items": [{ "prefixListId": "pl-0abc" }] },
        })
    );
    let rules = record["responseElements"]["securityGroupRuleSet"]["items"].as_array().unwrap();
    assert!(rules.iter().all(|rule| rule["fromPort"] == -1 && rule["toPort"] == -1));
    assert_eq!(rules[3]["referencedGroupInfo"], json!({ "groupId": group, "userId": ACCOUNT }));
}

#[test]
fn an_opening_by_name_in_the_flat_form() {
    let (world, group) = world();
    let flat = FlatPermission {
        protocol: Some("tcp".to_owned()),
        from_port: Some(22),
        to_port: Some(22),
        cidr_ip: Some("0.0.0.0/0".to_owned()),
        ..FlatPermission::default()
    };
    let permissions = Permissions::Flat(flat);
    let record = record(&world, Operation::AuthorizeIngress { group: GroupRef::name("web"), permissions });
    assert_eq!(
        record["requestParameters"],
        json!({
            "groupName": "web", "ipPermissions": {},
            "ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "cidrIp": "0.0.0.0/0",
        })
    );
    assert_eq!(record["responseElements"]["securityGroupRuleSet"]["items"][0]["groupId"], group.as_str());
}

#[test]
fn a_failed_call_is_recorded_with_its_parameters() {
    let (world, group) = world();
    let again = || open(&group, Permission::new("tcp", 22, 22).from_ipv4("0.0.0.0/0", None));
    record(&world, again());
    let failed = record(&world, again());
    assert_eq!(failed["errorCode"], "Client.InvalidPermission.Duplicate");
    assert_eq!(failed["responseElements"], Value::Null);
    assert_eq!(failed["requestParameters"]["groupId"], group.as_str());

    let dry = record(&world, Call { operation: again(), dry_run: true });
    assert_eq!(dry["errorCode"], "Client.DryRunOperation");
    assert_eq!(dry["requestParameters"]["dryRun"], true);
}

#[test]
fn a_modification_is_pascal_case_and_one_rule_is_no_array() {
    let (world, group) = world();
    let opened = record(&world, open(&group, Permission::new("tcp", 22, 22).from_ipv4("10.0.0.0/8", None)));
    let rule = opened["responseElements"]["securityGroupRuleSet"]["items"][0]["securityGroupRuleId"].as_str().unwrap();
    let change = RuleChange {
        rule_id: rule.to_owned(),
        protocol: Some("tcp".to_owned()),
        from_port: Some(22),
        to_port: Some(22),
        cidr_ipv4: Some("0.0.0.0/0".to_owned()),
        description: Some("wider".to_owned()),
        ..RuleChange::default()
    };
    let one = Operation::ModifyRules { group_id: group.clone(), changes: vec![change.clone()] };
    let content = json!({
        "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIpv4": "0.0.0.0/0", "Description": "wider",
    });
    assert_eq!(
        record(&world, one)["requestParameters"],
        json!({ "ModifySecurityGroupRulesRequest": {
            "GroupId": group,
            "SecurityGroupRule": { "SecurityGroupRuleId": rule, "SecurityGroupRule": content, "tag": 1 },
        } })
    );
    let two = Operation::ModifyRules { group_id: group, changes: vec![change.clone(), change] };
    let rules =
        record(&world, two)["requestParameters"]["ModifySecurityGroupRulesRequest"]["SecurityGroupRule"].clone();
    assert_eq!(rules.as_array().unwrap().iter().map(|rule| &rule["tag"]).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn a_revoke_tells_what_was_there_and_what_was_not() {
    let (world, group) = world();
    record(&world, open(&group, Permission::new("tcp", 22, 22).from_ipv4("0.0.0.0/0", None)));
    let both = Permission::new("tcp", 22, 22).from_ipv4("0.0.0.0/0", None).from_ipv6("::/0", None);
    let removal = Removal::Permissions(Permissions::Array(vec![both]));
    let record = record(&world, Operation::RevokeIngress { group: GroupRef::id(&group), removal });
    assert_eq!(record["eventName"], "RevokeSecurityGroupIngress");
    let response = &record["responseElements"];
    assert_eq!(response["revokedSecurityGroupRuleSet"]["items"][0]["cidrIpv4"], "0.0.0.0/0");
    let unknown = &response["unknownIpPermissionSet"]["items"][0];
    assert_eq!(unknown["ipv6Ranges"], json!({ "items": [{ "cidrIpv6": "::/0" }] }));
}

#[test]
fn a_record_can_be_cut_off_and_only_that_one() {
    let (world, group) = world();
    for (port, cut) in [(1, Cut::RequestParameters), (2, Cut::RequestAndResponse), (3, Cut::Null)] {
        world.trail.lock().unwrap().cut_next(cut);
        let record = record(&world, open(&group, Permission::new("tcp", port, port).from_ipv4("0.0.0.0/0", None)));
        assert_eq!(record["requestParameters"]["omitted"] == true, cut != Cut::Null, "{cut:?}");
        assert_eq!(record["responseElements"]["_return"] == true, cut == Cut::RequestParameters, "{cut:?}");
    }
    let whole = record(&world, open(&group, Permission::new("tcp", 4, 4).from_ipv4("0.0.0.0/0", None)));
    assert_eq!(whole["requestParameters"]["groupId"], group.as_str());
}

#[test]
fn records_of_other_times_look_different() {
    let (world, group) = world();
    world.trail.lock().unwrap().set_style(Style {
        ports_as_strings: true,
        bare_error_codes: true,
        null_error_code: true,
        without_rule_set: true,
        without_revoked_set: true,
    });
    let again = || open(&group, Permission::new("tcp", 22, 22).from_ipv4("0.0.0.0/0", None));
    let opened = record(&world, again());
    assert_eq!(opened["requestParameters"]["ipPermissions"]["items"][0]["fromPort"], "22");
    assert_eq!(opened.get("errorCode"), Some(&Value::Null));
    assert!(opened["responseElements"].get("securityGroupRuleSet").is_none());
    assert_eq!(record(&world, again())["errorCode"], "InvalidPermission.Duplicate");
}

#[test]
fn every_call_has_ids_of_its_own() {
    let (world, group) = world();
    let again = || open(&group, Permission::new("tcp", 22, 22).from_ipv4("0.0.0.0/0", None));
    let (first, second) = (record(&world, again()), record(&world, again()));
    for id in ["requestID", "eventID"] {
        assert!(uuid::Uuid::parse_str(first[id].as_str().unwrap()).is_ok());
        assert_ne!(first[id], second[id]);
    }
    assert_ne!(first["requestID"], first["eventID"]);
    assert_eq!(first["requestID"], first["responseElements"]["requestId"]);
}

#[test]
fn a_call_can_have_a_second_record_under_the_same_request_id() {
    let (world, group) = world();
    record(&world, open(&group, Permission::new("tcp", 22, 22).from_ipv4("0.0.0.0/0", None)));
    let mut trail = world.trail.lock().unwrap();
    trail.repeat_last(&Again::ForAccount("333333333333".to_owned()));
    trail.repeat_last(&Again::Addendum);
    let [first, copy, late] = trail.entries() else { panic!("not three records") };
    for other in [&copy.record, &late.record] {
        assert_eq!(other["requestID"], first.record["requestID"]);
        assert_ne!(other["eventID"], first.record["eventID"]);
    }
    assert_eq!(copy.record["sharedEventID"], first.record["sharedEventID"]);
    assert_eq!(copy.record["recipientAccountId"], "333333333333");
    assert_eq!(late.record["addendum"]["originalEventID"], copy.record["eventID"]);
}

#[test]
fn a_service_that_calls_for_somebody_is_named() {
    let (world, group) = world();
    let stack = Identity::role(ACCOUNT, "/", "deploy", "stack-7");
    let caller = Caller::through("cloudformation.amazonaws.com", stack, ACCOUNT, REGION);
    let call = open(&group, Permission::new("tcp", 22, 22).from_ipv4("0.0.0.0/0", None));
    world.ec2_call(&caller, &call.into(), DateTime::UNIX_EPOCH);
    let record = world.trail.lock().unwrap().entries()[0].record.clone();
    assert_eq!(record["userIdentity"]["invokedBy"], "cloudformation.amazonaws.com");
    assert_eq!(record["sourceIPAddress"], "cloudformation.amazonaws.com");
    assert!(record.get("sessionCredentialFromConsole").is_none());
}
