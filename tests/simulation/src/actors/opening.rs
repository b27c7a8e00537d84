//! People at their security groups: they open, close, open again, modify; and CloudTrail tells of it, late or twice.

use std::sync::{Arc, PoisonError, atomic::Ordering};

use chrono::TimeDelta;
use fastrand::Rng;
use local::{
    system::seed::{self, Opener},
    world::{
        ec2::{
            Call, FlatPermission, GroupRef, Operation, Permission, Permissions, Protocol, Range, Removal, Rule,
            RuleChange, RuleKey, Source,
        },
        trail::{Cut, Style},
    },
};

use crate::{functions, oracle::Called, sim::Sim};

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-central-1";

/// Groups: the first and the third are in the default VPC, where EC2 revokes by other rules.
const GROUPS: [&str; 3] = ["bastion", "web", "batch"];

/// Sources: overlapping, so that a modification may widen, narrow, or do neither.
const SOURCES: [&str; 5] = ["10.0.0.0/8", "0.0.0.0/0", "10.1.0.0/16", "::/0", "203.0.113.0/24"];

const PORTS: [(i64, i64); 3] = [(22, 22), (443, 443), (8_000, 8_100)];

pub(super) fn start(sim: &Arc<Sim>) {
    tokio::spawn(go_on(Arc::clone(sim)));
    tokio::spawn(meddle(Arc::clone(sim)));
}

/// One call after another, sometimes several within a second.
async fn go_on(sim: Arc<Sim>) {
    let mut rng = sim.fork();
    let gap = sim.plan.gap.num_milliseconds();
    loop {
        let wait = if rng.u8(..) < 50 { rng.i64(0..900) } else { rng.i64(0..gap * 2) };
        sim.sleep(TimeDelta::milliseconds(wait)).await;
        if sim.is_calm() {
            return;
        }
        act(&sim, &mut rng);
    }
}

/// Right after a Deny somebody does something to a group: what a revert finds is not always what was denied.
async fn meddle(sim: Arc<Sim>) {
    let mut rng = sim.fork();
    loop {
        sim.oracle.denied.notified().await;
        let until = rng.i64(0..3_000);
        sim.sleep(TimeDelta::milliseconds(until)).await;
        if sim.is_calm() {
            return;
        }
        if rng.bool() {
            act(&sim, &mut rng);
        }
    }
}

/// Somebody does something to a group.
fn act(sim: &Arc<Sim>, rng: &mut Rng) {
    let name = GROUPS[rng.usize(0..sim.plan.groups.min(GROUPS.len()))];
    let Some(group) = seed::group_id(&sim.world, ACCOUNT, REGION, name) else { return };
    let opener = Opener::ALL[rng.usize(0..Opener::ALL.len())];
    let rules = rules(sim, &group);
    let reference = || GroupRef::id(&group);
    let operation = match rng.u8(0..100) {
        0..45 => Operation::AuthorizeIngress { group: reference(), permissions: permissions(sim, rng) },
        45..60 => match rng.choice(&rules) {
            Some(rule) => Operation::RevokeIngress { group: reference(), removal: removal(rng, rule) },
            None => return,
        },
        60..90 => match rng.choice(&rules) {
            Some(rule) => Operation::ModifyRules { group_id: group.clone(), changes: vec![change(sim, rng, rule)] },
            None => return,
        },
        90..98 => match (rng.choice(&rules), rng.choice(&rules)) {
            (Some(one), Some(other)) if one.id != other.id => Operation::ModifyRules {
                group_id: group.clone(),
                changes: vec![change(sim, rng, one), change(sim, rng, other)],
            },
            (Some(_) | None, Some(_) | None) => return,
        },
        98 => Operation::ModifyRules { group_id: group.clone(), changes: egress(sim, &group) },
        99.. => Operation::DeleteGroup { group: reference() },
    };
    call(sim, rng, opener, &group, operation);
}

fn rules(sim: &Sim, group: &str) -> Vec<Rule> {
    all_rules(sim, group).into_iter().filter(|rule| !rule.key.egress).collect()
}

fn all_rules(sim: &Sim, group: &str) -> Vec<Rule> {
    let ec2 = sim.world.ec2.lock().unwrap_or_else(PoisonError::into_inner);
    ec2.group(ACCOUNT, REGION, group).into_iter().flat_map(local::world::ec2::SecurityGroup::rules).cloned().collect()
}

fn source(sim: &Sim, rng: &mut Rng) -> &'static str {
    SOURCES[rng.usize(0..sim.plan.sources.min(SOURCES.len()))]
}

fn permissions(sim: &Sim, rng: &mut Rng) -> Permissions {
    let (from, to) = PORTS[rng.usize(0..PORTS.len())];
    if rng.u16(0..1_000) < sim.plan.many_rules {
        let first = rng.u8(..);
        let many = (0..rng.u8(21..30)).map(|at| Range::new(&format!("198.{first}.{at}.0/24"), None));
        return Permissions::Array(vec![Permission { ipv4: many.collect(), ..Permission::new("tcp", from, to) }]);
    }
    if rng.u8(..) < 40 {
        return Permissions::Flat(FlatPermission {
            protocol: Some("tcp".to_owned()),
            from_port: Some(from),
            to_port: Some(to),
            cidr_ip: Some(SOURCES[rng.usize(0..3).min(sim.plan.sources - 1)].to_owned()),
            ..FlatPermission::default()
        });
    }
    let mut permission = Permission::new("tcp", from, to);
    for _ in 0..rng.u8(1..3) {
        let source = source(sim, rng);
        let known = permission.ipv4.iter().chain(&permission.ipv6).any(|range| range.value == source);
        permission = match (known, source.contains(':')) {
            (true, _) => permission,
            (false, true) => permission.from_ipv6(source, Some("for a while")),
            (false, false) => permission.from_ipv4(source, None),
        };
    }
    Permissions::Array(vec![permission])
}

fn removal(rng: &mut Rng, rule: &Rule) -> Removal {
    if rng.bool() {
        return Removal::RuleIds(vec![rule.id.clone()]);
    }
    Removal::Permissions(Permissions::Array(vec![permission(&rule.key)]))
}

fn permission(key: &RuleKey) -> Permission {
    let permission = if key.protocol == Protocol::All {
        Permission::all_ports("-1")
    } else {
        Permission::new(&key.protocol.to_string(), key.from_port.into(), key.to_port.into())
    };
    match &key.source {
        Source::Ipv4(net) => permission.from_ipv4(&net.to_string(), None),
        Source::Ipv6(net) => permission.from_ipv6(&net.to_string(), None),
        Source::PrefixList(id) => permission.from_prefix_list(id, None),
        Source::Group { group_id, .. } => permission.from_group(group_id, None),
    }
}

/// A new value of the same kind of source: another range, other ports, or only other words.
fn change(sim: &Sim, rng: &mut Rng, rule: &Rule) -> RuleChange {
    let mut change = RuleChange {
        rule_id: rule.id.clone(),
        protocol: Some(rule.key.protocol.to_string()),
        from_port: Some(rule.key.from_port.into()),
        to_port: Some(rule.key.to_port.into()),
        ..RuleChange::default()
    };
    let moves = rng.u8(..) < 180;
    match &rule.key.source {
        Source::Ipv4(net) => {
            let source = source(sim, rng);
            let source = if source.contains(':') { SOURCES[0] } else { source };
            change.cidr_ipv4 = Some(if moves { source.to_owned() } else { net.to_string() });
        }
        Source::Ipv6(net) => change.cidr_ipv6 = Some(if moves { "2001:db8::/32".to_owned() } else { net.to_string() }),
        Source::PrefixList(id) => change.prefix_list_id = Some(id.clone()),
        Source::Group { group_id, .. } => change.referenced_group_id = Some(group_id.clone()),
    }
    if !moves {
        change.description = Some(format!("words {}", rng.u8(..)));
    } else if rng.u8(..) < 30 && rule.key.protocol == Protocol::Tcp {
        let (from, to) = PORTS[rng.usize(0..PORTS.len())];
        (change.from_port, change.to_port) = (Some(from), Some(to));
    }
    change
}

fn egress(sim: &Sim, group: &str) -> Vec<RuleChange> {
    let rule = all_rules(sim, group).into_iter().find(|rule| rule.key.egress);
    let change = |rule: Rule| RuleChange {
        rule_id: rule.id,
        protocol: Some("-1".to_owned()),
        cidr_ipv4: Some("10.0.0.0/8".to_owned()),
        ..RuleChange::default()
    };
    rule.map(change).into_iter().collect()
}

/// The call, what the oracle is told of it, and how its record travels.
fn call(sim: &Arc<Sim>, rng: &mut Rng, opener: Opener, group: &str, operation: Operation) {
    let now = sim.now();
    let before = all_rules(sim, group);
    let opens = matches!(operation, Operation::AuthorizeIngress { .. });
    let cut = opens && rng.u16(0..1_000) < sim.plan.cut;
    if cut {
        let cuts = [Cut::RequestParameters, Cut::RequestAndResponse, Cut::Null];
        sim.world.trail.lock().unwrap_or_else(PoisonError::into_inner).cut_next(cuts[rng.usize(0..cuts.len())]);
    }
    let without_rule_set = rng.u16(0..1_000) < sim.plan.without_ids;
    let style = Style { without_rule_set, ..Style::default() };
    sim.world.trail.lock().unwrap_or_else(PoisonError::into_inner).set_style(style);
    let answer = sim.world.ec2_call(&opener.caller(ACCOUNT, REGION), &Call::from(operation.clone()), now);
    let usual = TimeDelta::milliseconds(rng.i64(0..=sim.plan.delay.num_milliseconds()));
    let is_late = rng.u16(0..1_000) < sim.plan.late;
    let delay = if is_late { TimeDelta::milliseconds(rng.i64(0..sim.plan.latest.num_milliseconds())) } else { usual };
    sim.source.delay_one(&answer.request_id, delay);
    let readable_at = now + delay;
    let id = answer.request_id.as_str();
    let Ok(outcome) = answer.result else {
        sim.story.note(now, opener.key(), format_args!("{} of {group} fails: {id}", operation.name()));
        return travel(sim, rng, id, delay);
    };
    let (group, after) = (format!("{ACCOUNT}/{REGION}/{group}"), all_rules(sim, group));
    let (before, after) = (before.as_slice(), after.as_slice());
    let called = Called { id, group, by: opener, at: now, readable_at, cut, before, after };
    sim.oracle.called(&called, &operation, &outcome);
    travel(sim, rng, id, delay);
}

/// EventBridge: the record is pushed too, or, without a Lake, until it is taken; perhaps twice.
fn travel(sim: &Arc<Sim>, rng: &mut Rng, id: &str, delay: TimeDelta) {
    let is_pushed = !sim.plan.lake || rng.u16(0..1_000) < sim.plan.pushed;
    if !is_pushed {
        return;
    }
    for _ in 0..=u8::from(rng.u8(..) < 30) {
        let wait = if sim.plan.lake { TimeDelta::milliseconds(rng.i64(200..60_000)) } else { delay };
        sim.on_the_way.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(push(Arc::clone(sim), id.to_owned(), wait, rng.fork()));
    }
}

async fn push(sim: Arc<Sim>, id: String, wait: TimeDelta, mut rng: Rng) {
    sim.sleep(wait).await;
    let record = {
        let trail = sim.world.trail.lock().unwrap_or_else(PoisonError::into_inner);
        trail
            .entries()
            .iter()
            .find(|entry| entry.record["requestID"] == id.as_str())
            .map(|entry| entry.record.to_string())
    };
    if let Some(record) = record {
        loop {
            let records = [record.clone()];
            let taken = sim
                .invoke("push", TimeDelta::minutes(5), |invocation| async move {
                    functions::push(&invocation.context, &records, invocation.deadline).await
                })
                .await;
            if taken == Some(true) || sim.plan.lake {
                break;
            }
            sim.sleep(TimeDelta::seconds(rng.i64(10..120))).await;
        }
    }
    sim.on_the_way.fetch_sub(1, Ordering::Relaxed);
}
