//! A rule that nobody would object to, and the call that opens it to the whole internet.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::state::lock;
use crate::{
    system::seed::Opener,
    world::{
        World,
        ec2::{
            Call, Ec2, Ec2Error, GroupRef, Operation, Permission, Permissions, Protocol, Rule, RuleChange,
            SecurityGroup, Source,
        },
        identity::Caller,
    },
};

/// The ports of the rules that are made where a group has no narrow one.
const PORTS: std::ops::Range<i64> = 8000..8100;

/// The modification of a narrow rule of the group. Where there is none, one is made first, past the trail as the seed's
/// are: what was there before is nobody's opening.
///
/// # Errors
/// The group is not there, or takes no more rules.
pub(super) fn a_narrow_rule(
    world: &World,
    caller: &Caller,
    group: &str,
    now: DateTime<Utc>,
) -> Result<Operation, Ec2Error> {
    let mut ec2 = lock(&world.ec2);
    let (account, region) = (&caller.account, &caller.region);
    let rule = match narrow(found(&ec2, account, region, group)?) {
        Some(rule) => rule,
        None => {
            let permission = Permission::new("tcp", free_port(found(&ec2, account, region, group)?), 0);
            let permission = Permission { to_port: permission.from_port, ..permission };
            let permissions = Permissions::Array(vec![permission.from_ipv4("10.0.0.0/8", Some("inside"))]);
            let open = Operation::AuthorizeIngress { group: GroupRef::id(group), permissions };
            ec2.apply(&Opener::Pipeline.caller(account, region), &Call::from(open), now).result?;
            narrow(found(&ec2, account, region, group)?).ok_or(Ec2Error::InternalError)?
        }
    };
    Ok(to_the_world(group, &rule))
}

fn found<'a>(ec2: &'a Ec2, account: &str, region: &str, group: &str) -> Result<&'a SecurityGroup, Ec2Error> {
    ec2.group(account, region, group).ok_or_else(|| Ec2Error::GroupNotFound(group.to_owned()))
}

/// An IPv4 rule for tcp or udp that is not open to everyone, and whose ports are not either.
fn narrow(group: &SecurityGroup) -> Option<Rule> {
    let rules = || group.rules().filter(|rule| !rule.key.egress && is_tcp_or_udp(rule));
    let wide: BTreeSet<_> = rules().filter(|rule| is_wide(rule)).map(traffic).collect();
    rules().find(|rule| is_v4(rule) && !is_wide(rule) && !wide.contains(&traffic(rule))).cloned()
}

fn is_tcp_or_udp(rule: &Rule) -> bool {
    matches!(rule.key.protocol, Protocol::Tcp | Protocol::Udp)
}

fn is_v4(rule: &Rule) -> bool {
    matches!(rule.key.source, Source::Ipv4(_))
}

fn is_wide(rule: &Rule) -> bool {
    matches!(rule.key.source, Source::Ipv4(net) if net.prefix_len() == 0)
}

fn traffic(rule: &Rule) -> (Protocol, i32, i32) {
    (rule.key.protocol, rule.key.from_port, rule.key.to_port)
}

/// A tcp port that no rule of the group begins with.
fn free_port(group: &SecurityGroup) -> i64 {
    let taken: BTreeSet<i64> = group.rules().map(|rule| i64::from(rule.key.from_port)).collect();
    PORTS.clone().find(|port| !taken.contains(port)).unwrap_or(PORTS.start)
}

fn to_the_world(group: &str, rule: &Rule) -> Operation {
    let change = RuleChange {
        rule_id: rule.id.clone(),
        protocol: Some(rule.key.protocol.to_string()),
        from_port: Some(rule.key.from_port.into()),
        to_port: Some(rule.key.to_port.into()),
        cidr_ipv4: Some("0.0.0.0/0".to_owned()),
        ..RuleChange::default()
    };
    Operation::ModifyRules { group_id: group.to_owned(), changes: vec![change] }
}
