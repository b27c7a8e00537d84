//! What EC2 promises, one test a promise.

use chrono::{DateTime, TimeDelta, Utc};

use super::*;
use crate::world::identity::Identity;

const ACCOUNT: &str = "222222222222";
const REGION: &str = "eu-west-1";

/// A region with a group in the default VPC and one in another VPC.
struct Story {
    ec2: Ec2,
    in_default: String,
    in_other: String,
    now: DateTime<Utc>,
}

impl Story {
    fn new() -> Self {
        let mut ec2 = Ec2::default();
        let vpc = ec2.add_vpc(ACCOUNT, REGION);
        let in_default = ec2.add_group(ACCOUNT, REGION, "web", None).unwrap();
        let in_other = ec2.add_group(ACCOUNT, REGION, "db", Some(&vpc)).unwrap();
        Self { ec2, in_default, in_other, now: DateTime::UNIX_EPOCH }
    }

    fn call(&mut self, call: impl Into<Call>) -> Result<Outcome, Ec2Error> {
        let alice = Caller::console(Identity::person(ACCOUNT, "alice@example.com"), ACCOUNT, REGION);
        self.ec2.apply(&alice, &call.into(), self.now).result
    }

    fn open(&mut self, group: &str, permission: Permission) -> Result<Vec<String>, Ec2Error> {
        self.authorize(GroupRef::id(group), Permissions::Array(vec![permission]))
    }

    /// Opens ingress and returns what was stored, a text a rule.
    fn authorize(&mut self, group: GroupRef, permissions: Permissions) -> Result<Vec<String>, Ec2Error> {
        let outcome = self.call(Operation::AuthorizeIngress { group, permissions })?;
        let Outcome::Opened(rules) = outcome else { panic!("not opened: {outcome:?}") };
        Ok(rules.iter().map(text).collect())
    }

    fn revoke(&mut self, group: &str, removal: Removal) -> Result<Outcome, Ec2Error> {
        self.call(Operation::RevokeIngress { group: GroupRef::id(group), removal })
    }

    /// The ingress rules that are really there.
    fn ingress(&self, group: &str) -> Vec<String> {
        let group = self.ec2.group(ACCOUNT, REGION, group).unwrap();
        let mut rules: Vec<String> = group.rules().filter(|rule| !rule.key.egress).map(text).collect();
        rules.sort();
        rules
    }

    /// The ingress rules that a describe shows.
    fn described(&mut self, group: &str) -> Vec<String> {
        let query = RuleQuery { group_ids: vec![group.to_owned()], ..RuleQuery::default() };
        let page = self.ec2.describe_rules(ACCOUNT, REGION, &query, self.now).unwrap();
        page.rules.iter().filter(|rule| !rule.key.egress).map(text).collect()
    }

    fn change(&mut self, group: &str, change: RuleChange) -> Result<Outcome, Ec2Error> {
        self.call(Operation::ModifyRules { group_id: group.to_owned(), changes: vec![change] })
    }

    fn ingress_id(&self, group: &str) -> String {
        let group = self.ec2.group(ACCOUNT, REGION, group).unwrap();
        group.rules().find(|rule| !rule.key.egress).unwrap().id.clone()
    }
}

fn text(rule: &Rule) -> String {
    let RuleKey { protocol, from_port, to_port, source, .. } = &rule.key;
    format!("{protocol} {from_port}-{to_port} {source}")
}

fn ssh() -> Permission {
    Permission::new("tcp", 22, 22)
}

fn by_permission(permission: Permission) -> Removal {
    Removal::Permissions(Permissions::Array(vec![permission]))
}

#[test]
fn cidrs_are_stored_canonical() {
    let mut story = Story::new();
    let group = story.in_other.clone();
    let permission = ssh().from_ipv4("100.68.0.18/18", None).from_ipv6("2001:DB8:0:0::5/64", None);
    assert_eq!(story.open(&group, permission).unwrap(), ["tcp 22-22 100.68.0.0/18", "tcp 22-22 2001:db8::/64"]);
}

#[test]
fn protocols_are_stored_as_ec2_names_them() {
    let mut story = Story::new();
    let group = story.in_other.clone();
    let cases = [
        ("6", "tcp 1-2"),
        ("17", "udp 1-2"),
        ("1", "icmp 1-2"),
        ("58", "icmpv6 1-2"),
        ("50", "50 -1--1"),
        ("-1", "-1 -1--1"),
    ];
    for (sent, stored) in cases {
        let rules = story.open(&group, Permission::new(sent, 1, 2).from_ipv4("192.0.2.0/24", None)).unwrap();
        assert_eq!(rules, [format!("{stored} 192.0.2.0/24")], "{sent}");
    }
}

#[test]
fn one_permission_may_hold_all_four_kinds_of_source() {
    let mut story = Story::new();
    let (group, other) = (story.in_other.clone(), story.in_default.clone());
    let permission = ssh()
        .from_ipv4("0.0.0.0/0", Some("for the audit"))
        .from_ipv6("::/0", None)
        .from_prefix_list("pl-0123abcd", None)
        .from_group(&other, None);
    let rules = story.open(&group, permission).unwrap();
    let expected = ["0.0.0.0/0", "::/0", "pl-0123abcd", &other].map(|source| format!("tcp 22-22 {source}"));
    assert_eq!(rules, expected);
}

#[test]
fn one_duplicate_refuses_the_whole_call() {
    let mut story = Story::new();
    let group = story.in_other.clone();
    story.open(&group, ssh().from_ipv4("192.0.2.0/24", None)).unwrap();
    let again = ssh().from_ipv4("198.51.100.0/24", None).from_ipv4("192.0.2.7/24", Some("another text"));
    let error = story.open(&group, again).unwrap_err();
    assert_eq!(error.code(), "InvalidPermission.Duplicate");
    let message = "the specified rule \"peer: 192.0.2.0/24, TCP, from port: 22, to port: 22, ALLOW\" already exists";
    assert_eq!(error.to_string(), message);
    assert_eq!(story.ingress(&group), ["tcp 22-22 192.0.2.0/24"]);
}

#[test]
fn one_permission_twice_in_a_call_is_refused() {
    let mut story = Story::new();
    let group = story.in_other.clone();
    let twice = ssh().from_ipv4("192.0.2.0/24", None).from_ipv4("192.0.2.9/24", None);
    assert_eq!(story.open(&group, twice).unwrap_err().code(), "InvalidParameterValue");
    assert!(story.ingress(&group).is_empty());
}

#[test]
fn the_flat_form_opens_too() {
    let mut story = Story::new();
    let flat = FlatPermission {
        protocol: Some("tcp".to_owned()),
        from_port: Some(3389),
        to_port: Some(3389),
        cidr_ip: Some("0.0.0.0/0".to_owned()),
        ..FlatPermission::default()
    };
    let rules = story.authorize(GroupRef::id(&story.in_other.clone()), Permissions::Flat(flat)).unwrap();
    assert_eq!(rules, ["tcp 3389-3389 0.0.0.0/0"]);
}

#[test]
fn a_source_group_by_name_opens_tcp_udp_and_icmp() {
    let mut story = Story::new();
    let source = story.ec2.add_group(ACCOUNT, REGION, "bastion", None).unwrap();
    let flat = FlatPermission { source_group_name: Some("bastion".to_owned()), ..FlatPermission::default() };
    let rules = story.authorize(GroupRef::name("web"), Permissions::Flat(flat)).unwrap();
    let expected = ["tcp 0-65535", "udp 0-65535", "icmp -1--1"].map(|ports| format!("{ports} {source}"));
    assert_eq!(rules, expected);
}

#[test]
fn a_name_finds_groups_of_the_default_vpc_only() {
    let mut story = Story::new();
    let permissions = Permissions::Array(vec![ssh().from_ipv4("192.0.2.0/24", None)]);
    assert!(story.authorize(GroupRef::name("web"), permissions.clone()).is_ok());
    assert_eq!(story.authorize(GroupRef::name("db"), permissions).unwrap_err().code(), "InvalidGroup.NotFound");
}

#[test]
fn what_cannot_be_a_rule_is_refused() {
    let mut story = Story::new();
    let group = story.in_other.clone();
    let cases = [
        (ssh().from_ipv4("192.0.2.0/33", None), "InvalidParameterValue"),
        (ssh().from_ipv4("192.0.2.1", None), "InvalidParameterValue"),
        (ssh().from_ipv4("::/0", None), "InvalidParameterValue"),
        (ssh().from_ipv4("192.0.2.0/24", Some("<!channel>")), "InvalidParameterValue"),
        (ssh().from_prefix_list("list", None), "InvalidParameterValue"),
        (ssh().from_group("sg-0000000000000000f", None), "InvalidGroup.NotFound"),
        (ssh(), "InvalidPermission.Malformed"),
        (Permission::new("tcp", 23, 22).from_ipv4("192.0.2.0/24", None), "InvalidParameterValue"),
        (Permission::new("tcp", 0, 70_000).from_ipv4("192.0.2.0/24", None), "InvalidParameterValue"),
        (Permission::new("icmp", -1, 0).from_ipv4("192.0.2.0/24", None), "InvalidParameterValue"),
        (Permission::new("quic", 1, 1).from_ipv4("192.0.2.0/24", None), "InvalidParameterValue"),
        (Permission::all_ports("tcp").from_ipv4("192.0.2.0/24", None), "InvalidParameterValue"),
        (Permission::default().from_ipv4("192.0.2.0/24", None), "InvalidParameterValue"),
    ];
    for (permission, code) in cases {
        let error = story.open(&group, permission.clone()).unwrap_err();
        assert_eq!(error.code(), code, "{permission:?}");
    }
    assert_eq!(story.open("sg-0000000000000000f", ssh()).unwrap_err().code(), "InvalidGroup.NotFound");
    assert_eq!(story.open("web", ssh()).unwrap_err().code(), "InvalidGroupId.Malformed");
    assert!(story.ingress(&group).is_empty());
}

#[test]
fn a_revoke_needs_protocol_ports_and_source_but_not_the_description() {
    let mut story = Story::new();
    let group = story.in_other.clone();
    story.open(&group, ssh().from_ipv4("192.0.2.0/24", Some("for the audit"))).unwrap();
    for near in [Permission::new("tcp", 22, 23).from_ipv4("192.0.2.0/24", None), ssh().from_ipv4("192.0.2.0/25", None)]
    {
        assert_eq!(story.revoke(&group, by_permission(near)).unwrap_err().code(), "InvalidPermission.NotFound");
    }
    story.revoke(&group, by_permission(ssh().from_ipv4("192.0.2.0/24", None))).unwrap();
    assert!(story.ingress(&group).is_empty());
}

#[test]
fn a_numeric_protocol_is_revoked_as_describe_gives_it() {
    let mut story = Story::new();
    let group = story.in_other.clone();
    story.open(&group, Permission::new("50", 7, 8).from_ipv4("192.0.2.0/24", None)).unwrap();
    assert_eq!(story.described(&group), ["50 -1--1 192.0.2.0/24"]);
    story.revoke(&group, by_permission(Permission::new("50", -1, -1).from_ipv4("192.0.2.0/24", None))).unwrap();
    assert!(story.ingress(&group).is_empty());
}

#[test]
fn outside_the_default_vpc_one_miss_keeps_everything() {
    let mut story = Story::new();
    let group = story.in_other.clone();
    story.open(&group, ssh().from_ipv4("192.0.2.0/24", None)).unwrap();
    let both = ssh().from_ipv4("192.0.2.0/24", None).from_ipv4("198.51.100.0/24", None);
    assert_eq!(story.revoke(&group, by_permission(both)).unwrap_err().code(), "InvalidPermission.NotFound");
    assert_eq!(story.ingress(&group), ["tcp 22-22 192.0.2.0/24"]);
}

#[test]
fn in_the_default_vpc_a_miss_is_only_told() {
    let mut story = Story::new();
    let group = story.in_default.clone();
    story.open(&group, ssh().from_ipv4("192.0.2.0/24", None)).unwrap();
    let both = ssh().from_ipv4("192.0.2.0/24", None).from_ipv4("198.51.100.0/24", None);
    let Outcome::Revoked { removed, unknown } = story.revoke(&group, by_permission(both)).unwrap() else {
        panic!("not revoked")
    };
    assert_eq!(removed.iter().map(text).collect::<Vec<_>>(), ["tcp 22-22 192.0.2.0/24"]);
    assert_eq!(unknown.iter().map(|key| key.source.to_string()).collect::<Vec<_>>(), ["198.51.100.0/24"]);
    assert!(story.ingress(&group).is_empty());
}

#[test]
fn a_revoke_by_ids_removes_those_or_nothing() {
    let mut story = Story::new();
    let group = story.in_default.clone();
    story.open(&group, ssh().from_ipv4("192.0.2.0/24", None)).unwrap();
    let id = story.ingress_id(&group);
    let wrong = Removal::RuleIds(vec![id.clone(), "sgr-0000000000000000f".to_owned()]);
    assert_eq!(story.revoke(&group, wrong).unwrap_err().code(), "InvalidSecurityGroupRuleId.NotFound");
    assert_eq!(story.ingress(&group).len(), 1);
    story.revoke(&group, Removal::RuleIds(vec![id])).unwrap();
    assert!(story.ingress(&group).is_empty());
}

#[test]
fn a_modified_rule_keeps_its_id_and_its_kind_of_source() {
    let mut story = Story::new();
    let group = story.in_other.clone();
    story.open(&group, ssh().from_ipv4("192.0.2.0/24", Some("office"))).unwrap();
    let change = RuleChange {
        rule_id: story.ingress_id(&group),
        protocol: Some("tcp".to_owned()),
        from_port: Some(0),
        to_port: Some(65_535),
        cidr_ipv4: Some("0.0.0.0/0".to_owned()),
        ..RuleChange::default()
    };
    story.change(&group, change.clone()).unwrap();
    assert_eq!(story.ingress(&group), ["tcp 0-65535 0.0.0.0/0"]);
    assert_eq!(story.ingress_id(&group), change.rule_id);

    let to_ipv6 = RuleChange { cidr_ipv4: None, cidr_ipv6: Some("::/0".to_owned()), ..change.clone() };
    assert_eq!(story.change(&group, to_ipv6).unwrap_err().code(), "InvalidParameterValue");
    let unknown = RuleChange { rule_id: "sgr-0000000000000000f".to_owned(), ..change };
    assert_eq!(story.change(&group, unknown).unwrap_err().code(), "InvalidSecurityGroupRuleId.NotFound");
    assert_eq!(story.ingress(&group), ["tcp 0-65535 0.0.0.0/0"]);
}

#[test]
fn a_rule_cannot_be_modified_into_another() {
    let mut story = Story::new();
    let group = story.in_other.clone();
    story.open(&group, ssh().from_ipv4("192.0.2.0/24", None)).unwrap();
    let change = RuleChange {
        rule_id: story.ingress_id(&group),
        protocol: Some("tcp".to_owned()),
        from_port: Some(22),
        to_port: Some(22),
        cidr_ipv4: Some("198.51.100.0/24".to_owned()),
        ..RuleChange::default()
    };
    story.open(&group, ssh().from_ipv4("198.51.100.0/24", None)).unwrap();
    assert_eq!(story.change(&group, change).unwrap_err().code(), "InvalidPermission.Duplicate");
}

#[test]
fn a_dry_run_changes_nothing() {
    let mut story = Story::new();
    let group = story.in_other.clone();
    let operation = Operation::AuthorizeIngress {
        group: GroupRef::id(&group),
        permissions: Permissions::Array(vec![ssh().from_ipv4("0.0.0.0/0", None)]),
    };
    let error = story.call(Call { operation, dry_run: true }).unwrap_err();
    assert_eq!(error.code(), "DryRunOperation");
    assert!(story.ingress(&group).is_empty());
}

#[test]
fn egress_and_ingress_are_apart() {
    let mut story = Story::new();
    let group = GroupRef::id(&story.in_other);
    let permissions = Permissions::Array(vec![ssh().from_ipv4("192.0.2.0/24", None)]);
    story.call(Operation::AuthorizeEgress { group: group.clone(), permissions: permissions.clone() }).unwrap();
    assert!(story.ingress(&story.in_other).is_empty());
    story.authorize(group.clone(), permissions.clone()).unwrap();
    let removal = Removal::Permissions(permissions);
    story.call(Operation::RevokeEgress { group, removal }).unwrap();
    assert_eq!(story.ingress(&story.in_other), ["tcp 22-22 192.0.2.0/24"]);
}

#[test]
fn rules_come_in_pages() {
    let mut story = Story::new();
    let group = story.in_other.clone();
    let many = (0..12).fold(ssh(), |permission, n| permission.from_ipv4(&format!("10.0.{n}.0/24"), None));
    story.open(&group, many).unwrap();
    let mut query = RuleQuery { group_ids: vec![group], max_results: Some(5), ..RuleQuery::default() };
    let mut sizes = Vec::new();
    loop {
        let page = story.ec2.describe_rules(ACCOUNT, REGION, &query, story.now).unwrap();
        sizes.push(page.rules.len());
        match page.next_token {
            Some(token) => query.next_token = Some(token),
            None => break,
        }
    }
    assert_eq!(sizes, [5, 5, 3], "12 rules in, one out");
    query.max_results = Some(4);
    let error = story.ec2.describe_rules(ACCOUNT, REGION, &query, story.now).unwrap_err();
    assert_eq!(error.code(), "InvalidParameterValue");
}

#[test]
fn a_group_that_is_gone_has_no_rules_and_cannot_be_changed() {
    let mut story = Story::new();
    let group = story.in_other.clone();
    story.call(Operation::DeleteGroup { group: GroupRef::id(&group) }).unwrap();
    assert!(story.described(&group).is_empty());
    let removal = by_permission(ssh().from_ipv4("192.0.2.0/24", None));
    assert_eq!(story.revoke(&group, removal).unwrap_err().code(), "InvalidGroup.NotFound");
}

#[test]
fn a_group_that_others_refer_to_stays() {
    let mut story = Story::new();
    let (group, other) = (story.in_other.clone(), story.in_default.clone());
    story.open(&group, ssh().from_group(&other, None)).unwrap();
    let delete = Operation::DeleteGroup { group: GroupRef::id(&other) };
    assert_eq!(story.call(delete.clone()).unwrap_err().code(), "DependencyViolation");
    story.revoke(&group, by_permission(ssh().from_group(&other, None))).unwrap();
    assert_eq!(story.call(delete).unwrap(), Outcome::Deleted(other));
}

#[test]
fn a_change_can_stay_hidden_from_the_next_describes() {
    let mut story = Story::new();
    let group = story.in_other.clone();
    story.ec2.set_staleness(Staleness::Reads(2));
    story.open(&group, ssh().from_ipv4("192.0.2.0/24", None)).unwrap();
    let seen: Vec<usize> = (0..3).map(|_| story.described(&group).len()).collect();
    assert_eq!(seen, [0, 0, 1]);
}

#[test]
fn a_change_can_stay_hidden_for_a_while() {
    let mut story = Story::new();
    let group = story.in_other.clone();
    story.ec2.set_staleness(Staleness::For(TimeDelta::seconds(2)));
    story.open(&group, ssh().from_ipv4("192.0.2.0/24", None)).unwrap();
    assert!(story.described(&group).is_empty());
    story.now += TimeDelta::seconds(1);
    story.revoke(&group, by_permission(ssh().from_ipv4("192.0.2.0/24", None))).unwrap();
    story.now += TimeDelta::seconds(1);
    assert_eq!(story.described(&group).len(), 1, "the opening shows, the revoke not yet");
    story.now += TimeDelta::seconds(1);
    assert!(story.described(&group).is_empty());
}

#[test]
fn accounts_and_regions_are_apart() {
    let mut story = Story::new();
    let group = story.in_other.clone();
    let elsewhere = Caller::console(Identity::person(ACCOUNT, "alice"), ACCOUNT, "us-east-1");
    let delete = Operation::DeleteGroup { group: GroupRef::id(&group) };
    let answer = story.ec2.apply(&elsewhere, &delete.into(), story.now);
    assert_eq!(answer.result.unwrap_err().code(), "InvalidGroup.NotFound");
}
