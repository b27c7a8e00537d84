//! The requests of the table, as the page lists them.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use shared::domain::{
    change::{Fate, OpenedRule, Opening},
    request::{Decision, Request, Tries, Verdict, Work},
};

use super::state::lock;
use crate::{
    system::stored::Stored,
    world::{World, ec2::Source},
};

/// The newest ones first, as JSON.
pub(super) fn list<'a>(world: &World, stored: &'a Stored) -> &'a str {
    stored.rendered(|stored| stored.requests.iter().map(|request| one(world, request)).collect::<Value>().to_string())
}

/// How many requests are stored, how many of them wait for work, and how many rules let in the whole internet now.
pub(super) fn counts(world: &World, stored: &Stored) -> Value {
    json!({
        "stored": stored.request_items().count(),
        "waiting": stored.request_items().filter(|item| item.get("due_bucket").is_some()).count(),
        "open_to_the_world": open_to_the_world(world),
    })
}

fn open_to_the_world(world: &World) -> usize {
    let ec2 = lock(&world.ec2);
    let rules = ec2.groups().flat_map(super::super::world::ec2::SecurityGroup::rules);
    rules.filter(|rule| !rule.key.egress && is_the_world(&rule.key.source)).count()
}

/// Whether a source is every address of its family.
pub(super) fn is_the_world(source: &Source) -> bool {
    match source {
        Source::Ipv4(net) => net.prefix_len() == 0,
        Source::Ipv6(net) => net.prefix_len() == 0,
        Source::PrefixList(_) | Source::Group { .. } => false,
    }
}

fn one(world: &World, request: &Request) -> Value {
    let place = &request.change.place;
    json!({
        "id": request.change.id.as_str(),
        "state": request.state.name(),
        "event": event(&request.change.opening),
        "account": place.account.as_ref().map(ToString::to_string),
        "region": place.region.as_ref().map(ToString::to_string),
        "group": place.group.as_ref().map(ToString::to_string),
        "group_name": group_name(world, request),
        "at": request.change.at.timestamp_millis(),
        "who": request.change.actor.name(),
        "rules": request.change.opening.rules().iter().map(rule).collect::<Vec<_>>(),
        "cards": request.cards.iter().map(|card| card.ts.as_str()).collect::<Vec<_>>(),
        "decision": request.decision.as_ref().map(decision),
        "waits": waits(request),
    })
}

fn event(opening: &Opening) -> &'static str {
    match opening {
        Opening::Authorized { .. } => "authorized",
        Opening::Modified { .. } => "modified",
        Opening::Unresolved(_) => "unresolved",
        Opening::Unreadable { .. } => "unreadable",
        Opening::Gap { .. } => "gap",
    }
}

/// The group's name: as the call gave it, else as EC2 has it.
pub(super) fn group_name(world: &World, request: &Request) -> Option<String> {
    let place = &request.change.place;
    place.group_name.clone().or_else(|| {
        let id = place.group.as_ref()?.to_string();
        lock(&world.ec2).groups().find(|group| group.id == id).map(|group| group.name.clone())
    })
}

fn rule(rule: &OpenedRule) -> Value {
    json!({
        "id": rule.id.as_ref().map(ToString::to_string),
        "text": rule.rule.to_string(),
        "fate": match rule.fate {
            Fate::Standing => "standing",
            Fate::RemovedByHand { .. } => "removed_by_hand",
            Fate::Removed => "removed",
            Fate::NotThere => "not_there",
            Fate::Changed { .. } => "changed",
            Fate::Approved { .. } => "approved",
            Fate::Failed { .. } => "failed",
        },
    })
}

fn decision(decision: &Decision) -> Value {
    json!({
        "verdict": verdict(decision.verdict),
        "by": decision.by.to_string(),
        "by_name": decision.by_name,
        "at": decision.at.timestamp_millis(),
        "reason": decision.reason,
    })
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Approve => "approve",
        Verdict::Deny => "deny",
    }
}

/// The work that is due next, be it now or later.
fn waits(request: &Request) -> Option<Value> {
    let due = |work| request.due_for(work).map(|at| (at, work));
    let next: Option<(DateTime<Utc>, Work)> =
        [Work::Revert, Work::Update, Work::Post].into_iter().filter_map(due).min();
    next.map(|(at, work)| {
        let (name, Tries { failed, error, .. }) = match work {
            Work::Revert => ("revert", &request.revert_tries),
            Work::Update => ("update", &request.card_tries),
            Work::Post => ("post", &request.card_tries),
        };
        json!({ "work": name, "at": at.timestamp_millis(), "tries": failed, "error": error })
    })
}
