//! What the stand-in of CloudTrail writes is what the domain reads: random calls to EC2, and for each of them the reading of
//! its record is held against what EC2 really did.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use fastrand::Rng;
use local::world::{
    World,
    ec2::{
        Answer, Call, Ec2Error, FlatPermission, GroupRef, GroupSource, Operation, Outcome, Permission, Permissions,
        Range, Removal, Rule, RuleChange, Source,
    },
    identity::{Caller, Identity},
    trail::{Cut, Style},
};
use shared::domain::{
    change::{Actor, Ignored, Lookup, Opening, Reading, RemovedRules},
    record,
    rule::{IngressRule, RuleText, SourceText},
};

const ACCOUNT: &str = "222222222222";
const REGION: &str = "eu-west-1";

/// A world with two groups, and calls made at random.
struct Story {
    world: World,
    groups: [String; 2],
    rng: Rng,
    now: DateTime<Utc>,
}

impl Story {
    fn new(seed: u64) -> Self {
        let world = World::default();
        let groups = {
            let mut ec2 = world.ec2.lock().unwrap();
            let vpc = ec2.add_vpc(ACCOUNT, REGION);
            [("web", None), ("db", Some(vpc))]
                .map(|(name, vpc)| ec2.add_group(ACCOUNT, REGION, name, vpc.as_deref()).unwrap())
        };
        Self { world, groups, rng: Rng::with_seed(seed), now: DateTime::from_timestamp(1_795_000_000, 0).unwrap() }
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.rng.usize(..of.len())].clone()
    }

    /// Makes a call and reads its record.
    fn make(&mut self, call: &Call) -> (Answer, Reading) {
        self.now += TimeDelta::seconds(1);
        let alice = Caller::console(Identity::person(ACCOUNT, "alice@example.com"), ACCOUNT, REGION);
        let answer = self.world.ec2_call(&alice, call, self.now);
        let text = self.world.trail.lock().unwrap().entries().last().unwrap().record.to_string();
        (answer, record::read(&text, self.now))
    }

    fn group(&mut self) -> GroupRef {
        let groups = [GroupRef::id(&self.groups[0]), GroupRef::id(&self.groups[1]), GroupRef::name("web")];
        self.pick(&groups)
    }

    fn permission(&mut self) -> Permission {
        let protocol = self.pick(&["tcp", "6", "udp", "17", "icmp", "1", "58", "-1", "50"]);
        let (from, to) = self.pick(&[(22, 22), (0, 255), (80, 81), (443, 8443), (-1, -1)]);
        let mut permission = Permission::new(protocol, from, to);
        let cidrs = ["0.0.0.0/0", "10.1.2.3/8", "192.0.2.0/24", "192.0.2.0/33"].map(|cidr| Range::new(cidr, None));
        let cidrs_v6 = ["::/0", "2001:DB8:0::5/64"].map(|cidr| Range::new(cidr, Some("six")));
        if self.rng.bool() {
            permission.ipv4.push(self.pick(&cidrs));
        }
        if self.rng.bool() {
            permission.ipv6.push(self.pick(&cidrs_v6));
        }
        if self.rng.u8(..4) == 0 {
            permission.prefix_lists.push(Range::new("pl-0123abcd", Some("a list")));
        }
        if self.rng.u8(..4) == 0 {
            let group = GroupRef::id(&self.groups[1]);
            permission.groups.push(GroupSource { group, user_id: Some(ACCOUNT.to_owned()), ..GroupSource::default() });
        }
        permission
    }

    fn permissions(&mut self) -> Permissions {
        match self.rng.u8(..5) {
            0 => Permissions::Flat(FlatPermission {
                protocol: Some(self.pick(&["tcp", "udp", "-1"]).to_owned()),
                from_port: Some(22),
                to_port: Some(22),
                cidr_ip: Some(self.pick(&["0.0.0.0/0", "10.1.2.3/8"]).to_owned()),
                ..FlatPermission::default()
            }),
            1 => Permissions::Flat(FlatPermission {
                source_group_name: Some("web".to_owned()),
                ..FlatPermission::default()
            }),
            _ => {
                let many = self.rng.usize(1..3);
                Permissions::Array((0..many).map(|_| self.permission()).collect())
            }
        }
    }

    fn ingress(&self) -> Vec<Rule> {
        let ec2 = self.world.ec2.lock().unwrap();
        let groups = self.groups.iter().filter_map(|id| ec2.group(ACCOUNT, REGION, id));
        groups.flat_map(|group| group.rules().filter(|rule| !rule.key.egress).cloned().collect::<Vec<_>>()).collect()
    }

    fn removal(&mut self) -> (GroupRef, Removal) {
        let rules = self.ingress();
        if rules.is_empty() || self.rng.bool() {
            return (self.group(), Removal::Permissions(self.permissions()));
        }
        let rule = self.pick(&rules);
        let ids = if self.rng.u8(..4) == 0 { "sgr-0000000000000000f".to_owned() } else { rule.id };
        (GroupRef::id(&rule.group_id), Removal::RuleIds(vec![ids]))
    }

    fn operation(&mut self) -> Operation {
        match self.rng.u8(..10) {
            0..6 => Operation::AuthorizeIngress { group: self.group(), permissions: self.permissions() },
            _ => {
                let (group, removal) = self.removal();
                Operation::RevokeIngress { group, removal }
            }
        }
    }
}

/// A stored rule as the domain has it.
fn in_the_domain(rule: &Rule) -> IngressRule {
    let source = match &rule.key.source {
        Source::Ipv4(net) => SourceText::CidrIpv4(net.to_string()),
        Source::Ipv6(net) => SourceText::CidrIpv6(net.to_string()),
        Source::PrefixList(id) => SourceText::PrefixListId(id.clone()),
        Source::Group { group_id, user_id } => {
            SourceText::Group { group_id: group_id.clone(), user_id: Some(user_id.clone()) }
        }
    };
    IngressRule::parse(&RuleText {
        ip_protocol: rule.key.protocol.to_string(),
        from_port: Some(rule.key.from_port.into()),
        to_port: Some(rule.key.to_port.into()),
        source,
    })
    .unwrap()
}

/// What was opened, with ids and descriptions, as far as the record tells them.
type Opened = BTreeMap<IngressRule, (Option<String>, Option<String>)>;

fn opened(rules: &[Rule], with_ids: bool) -> Opened {
    let described = |rule: &Rule| (with_ids.then(|| rule.id.clone()), rule.description.clone());
    rules.iter().map(|rule| (in_the_domain(rule), described(rule))).collect()
}

fn read_as_opened(reading: &Reading) -> Opened {
    let Reading::Change(change) = reading else { panic!("no change: {reading:?}") };
    let Opening::Authorized { rules } = &change.opening else { panic!("not read: {change:?}") };
    let described = |id: &Option<_>| id.as_ref().map(ToString::to_string);
    rules.iter().map(|rule| (rule.rule.clone(), (described(&rule.id), rule.description.clone()))).collect()
}

#[test]
fn every_opening_is_read_as_ec2_stored_it_and_no_failure_opens() {
    for seed in 0..40 {
        let mut story = Story::new(seed);
        let style = Style {
            ports_as_strings: story.rng.bool(),
            bare_error_codes: story.rng.bool(),
            null_error_code: story.rng.bool(),
            without_rule_set: false,
            without_revoked_set: false,
        };
        story.world.trail.lock().unwrap().set_style(style);
        for _ in 0..40 {
            let call = Call { operation: story.operation(), dry_run: story.rng.u8(..10) == 0 };
            let (answer, reading) = story.make(&call);
            match &answer.result {
                Ok(Outcome::Opened(rules)) => {
                    assert_eq!(read_as_opened(&reading), opened(rules, true), "{call:?}");
                    let Reading::Change(change) = &reading else { panic!("no change") };
                    assert_eq!(change.id.to_string(), answer.request_id);
                    assert_eq!(change.at, story.now);
                    assert_eq!(change.place.group_key().unwrap().group.as_str(), rules[0].group_id);
                    assert_eq!(change.actor.name(), "alice@example.com");
                    assert!(matches!(change.actor, Actor::SsoUser { .. }));
                }
                Ok(Outcome::Revoked { removed, .. }) => assert_removed(&reading, removed, &call),
                Ok(outcome) => panic!("neither opened nor revoked: {outcome:?}"),
                Err(Ec2Error::DryRunOperation) => assert_eq!(reading, Reading::Ignored(Ignored::DryRun)),
                Err(_) => assert_eq!(reading, Reading::Ignored(Ignored::Failed), "{call:?}"),
            }
        }
    }
}

/// Every rule that a revoke removed is named by its reading, by properties or by id. (Of a revoke that removed nothing the
/// reading may as well say that it cannot tell.)
fn assert_removed(reading: &Reading, removed: &[Rule], call: &Call) {
    let Reading::Revocation(revocation) = reading else { panic!("no revocation: {reading:?} of {call:?}") };
    let (rules, ids) = match &revocation.removed {
        RemovedRules::Named { rules, ids } => (rules, ids),
        RemovedRules::Unknown => return assert!(removed.is_empty(), "not read: {reading:?} of {call:?}"),
    };
    for rule in removed {
        let by_id = ids.iter().any(|id| id.as_str() == rule.id);
        assert!(by_id || rules.contains(&in_the_domain(rule)), "{rule:?} is not in {reading:?} of {call:?}");
    }
}

#[test]
fn an_opening_in_the_array_form_is_read_without_the_answers_rule_set_too() {
    let mut story = Story::new(7);
    story.world.trail.lock().unwrap().set_style(Style { without_rule_set: true, ..Style::default() });
    let mut read = 0;
    for _ in 0..200 {
        let permissions = Permissions::Array(vec![story.permission()]);
        let group = GroupRef::id(&story.groups[1]);
        let (answer, reading) = story.make(&Operation::AuthorizeIngress { group, permissions }.into());
        if let Ok(Outcome::Opened(rules)) = &answer.result {
            assert_eq!(read_as_opened(&reading), opened(rules, false));
            read += 1;
        }
    }
    assert!(read > 10, "only {read} openings");
}

#[test]
fn a_record_that_is_cut_off_is_never_skipped() {
    for cut in [Cut::RequestParameters, Cut::RequestAndResponse, Cut::Null] {
        let mut story = Story::new(3);
        story.world.trail.lock().unwrap().cut_next(cut);
        let permission = Permission::new("tcp", 22, 22).from_ipv4("0.0.0.0/0", None);
        let group = GroupRef::id(&story.groups[0]);
        let call = Operation::AuthorizeIngress { group, permissions: Permissions::Array(vec![permission]) };
        let (_, reading) = story.make(&call.into());
        assert!(matches!(reading, Reading::Change(_)), "{cut:?}: {reading:?}");
    }
}

#[test]
fn a_modification_names_its_rules_and_their_new_content() {
    let mut story = Story::new(0);
    let group = story.groups[0].clone();
    let permission = Permission::new("tcp", 22, 22).from_ipv4("192.0.2.0/24", None).from_ipv6("2001:db8::/64", None);
    let permissions = Permissions::Array(vec![permission]);
    story.make(&Operation::AuthorizeIngress { group: GroupRef::id(&group), permissions }.into());
    let ids: Vec<String> = story.ingress().into_iter().map(|rule| rule.id).collect();
    let six = |rule: &Rule| matches!(rule.key.source, Source::Ipv6(_));
    let v6: Vec<String> = story.ingress().iter().filter(|rule| six(rule)).map(|rule| rule.id.clone()).collect();
    let changes: Vec<RuleChange> = ids
        .iter()
        .map(|id| RuleChange {
            rule_id: id.clone(),
            protocol: Some("-1".to_owned()),
            cidr_ipv4: (!v6.contains(id)).then(|| "0.0.0.0/0".to_owned()),
            cidr_ipv6: v6.contains(id).then(|| "::/0".to_owned()),
            ..RuleChange::default()
        })
        .collect();
    for changes in [changes[..1].to_vec(), changes] {
        let wanted: Vec<&str> = changes.iter().map(|change| change.rule_id.as_str()).collect();
        let call = Operation::ModifyRules { group_id: group.clone(), changes: changes.clone() };
        let (answer, reading) = story.make(&call.into());
        assert_eq!(answer.result, Ok(Outcome::Modified));
        let Reading::Change(change) = &reading else { panic!("no change: {reading:?}") };
        let Opening::Unresolved(Lookup::Modified { rules }) = &change.opening else { panic!("not read: {change:?}") };
        assert_eq!(rules.iter().map(|rule| rule.id.as_str()).collect::<Vec<_>>(), wanted);
        for rule in rules {
            let stored = story.ingress().into_iter().find(|stored| stored.id == rule.id.as_str()).unwrap();
            assert_eq!(rule.to.as_ref(), Some(&in_the_domain(&stored)));
        }
    }
}
