//! What must hold, looked at from outside: the rules that are really there, the messages that are really in the channel, and
//! the table's items as they lie there.
//!
//! Of the domain's code it uses none but the names that it checks. Each promise is held against every effect at the moment
//! at which it happens ([`Eyes`]); what can only be said in the end is said in `ending`.

mod called;
mod ending;
mod fates;
mod ledger;
mod messages;
mod moment;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};
use local::world::{
    World,
    ec2::{Rule, RuleKey},
};
use serde_json::Value;
use tokio::sync::Notify;

use crate::{fakes::MemoryStore, plan::Plan, stats::Stats, story::Story};

use self::ledger::{Ledger, as_shown, covers, in_words};
pub use self::{
    called::Called,
    ledger::{Gone, Left, Opened},
    moment::Eyes,
};

/// Knows what really happened, and what was promised.
pub struct Oracle {
    plan: Plan,
    world: Arc<World>,
    table: MemoryStore,
    story: Arc<Story>,
    seen: Mutex<Seen>,
    /// A promise was broken.
    pub violated: Notify,
    /// A Deny was stored.
    pub denied: Notify,
}

/// What was seen so far.
#[derive(Default)]
struct Seen {
    ledger: Ledger,
    items: BTreeMap<String, Item>,
    decided: BTreeMap<String, Decided>,
    /// By `ts`.
    messages: BTreeMap<String, messages::Shown>,
    /// By request: the rules that its messages showed so far.
    shown: BTreeMap<String, BTreeSet<String>>,
    /// By request: how often its revert ended badly.
    failed: BTreeMap<String, usize>,
    /// By request: when its revert ended badly last.
    failed_at: BTreeMap<String, DateTime<Utc>>,
    /// Since when all trouble is over.
    calm_since: Option<DateTime<Utc>>,
    /// By request: cards that whoever posted them did not store as posted, by a fault or a kill.
    unrecorded: BTreeMap<String, usize>,
    clicks: BTreeSet<(String, &'static str, String)>,
    /// When somebody lost their right to decide.
    was_member_until: BTreeMap<String, DateTime<Utc>>,
    stats: Stats,
    violation: Option<String>,
}

/// An item as it lies in the table.
struct Item {
    raw: String,
    value: Value,
}

/// A decision, and what could be known when it was stored.
struct Decided {
    is_deny: bool,
    /// By whom, and while Portcullis only watched.
    observed: bool,
    /// The rules that the request's messages had shown by then.
    shown: BTreeSet<String>,
}

impl Oracle {
    /// Watches a world and a table.
    #[must_use]
    pub fn new(plan: Plan, world: Arc<World>, table: MemoryStore, story: Arc<Story>) -> Self {
        let seen = Mutex::default();
        Self { plan, world, table, story, seen, violated: Notify::new(), denied: Notify::new() }
    }

    /// The first promise that was broken, in words.
    #[must_use]
    pub fn violation(&self) -> Option<String> {
        self.seen().violation.clone()
    }

    /// What was counted.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.seen().stats.clone()
    }

    /// Counts something.
    pub fn count(&self, add: impl FnOnce(&mut Stats)) {
        add(&mut self.seen().stats);
    }

    /// Somebody opened or modified rules.
    pub fn opened(&self, id: &str, opened: Opened) {
        let mut seen = self.seen();
        seen.stats.openings += 1;
        seen.ledger.open(id, opened);
    }

    /// Somebody removed rules, or their group.
    pub fn closed(&self, rules: &[Rule], gone: &Gone) {
        let mut seen = self.seen();
        for rule in rules {
            seen.ledger.close(&rule.id, gone.clone());
        }
    }

    /// The record of an opening can be read later than was thought.
    pub fn delayed(&self, id: &str, readable_at: DateTime<Utc>) {
        if let Some(opened) = self.seen().ledger.opened.get_mut(id) {
            opened.readable_at = readable_at;
        }
    }

    /// Somebody deletes a message by hand.
    pub fn deleted(&self, ts: &str) {
        if let Some(message) = self.seen().messages.get_mut(ts) {
            message.is_deleted = true;
        }
    }

    /// Somebody clicks.
    pub fn clicked(&self, user: &str, button: &'static str, id: &str) {
        let mut seen = self.seen();
        seen.stats.clicks += 1;
        seen.clicks.insert((user.to_owned(), button, id.to_owned()));
    }

    /// Faults begin, or end.
    pub fn calm(&self, since: Option<DateTime<Utc>>) {
        self.seen().calm_since = since;
    }

    /// Somebody leaves the user group whose members may decide, or comes back.
    pub fn membership(&self, user: &str, left_at: Option<DateTime<Utc>>) {
        let mut seen = self.seen();
        match left_at {
            Some(at) => seen.was_member_until.insert(user.to_owned(), at),
            None => seen.was_member_until.remove(user),
        };
    }

    /// The responder goes on as if this click had decided: then it is stored so.
    pub fn told_decided(&self, user: &str, verdict: &'static str, id: &str, now: DateTime<Utc>) {
        let seen = self.seen();
        let stored = seen.items.get(id).map(|item| &item.value["decision"]);
        let is_so = stored.is_some_and(|stored| stored["verdict"] == verdict && stored["by"] == user);
        drop(seen);
        if !is_so {
            self.violated(now, format!("a decision exactly once: {user} is taken to have decided {verdict} on {id}, and the table says otherwise"));
        }
    }

    /// Everything of the ledger that was to be read from records, by request id.
    #[must_use]
    pub fn last_readable(&self) -> Option<DateTime<Utc>> {
        let seen = self.seen();
        let opened = seen.ledger.opened.values().map(|opened| opened.readable_at);
        opened.chain(seen.ledger.gone.values().map(|gone| gone.readable_at)).max()
    }

    /// A promise was broken.
    pub fn violated(&self, now: DateTime<Utc>, promise: String) {
        self.story.note(now, "ORACLE", format_args!("BROKEN: {promise}"));
        self.seen().violation.get_or_insert(promise);
        self.violated.notify_one();
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The ingress rules of a group (`account/region/group`) that are really there, by id.
    fn rules_of(&self, group: &str) -> BTreeMap<String, RuleKey> {
        let parts: Vec<&str> = group.split('/').collect();
        let [account, region, group] = parts.as_slice() else { return BTreeMap::new() };
        let ec2 = self.world.ec2.lock().unwrap_or_else(PoisonError::into_inner);
        let rules = ec2.group(account, region, group).into_iter().flat_map(local::world::ec2::SecurityGroup::rules);
        rules.filter(|rule| !rule.key.egress).map(|rule| (rule.id.clone(), rule.key.clone())).collect()
    }
}

/// Who a decision may come from: approvers, and for five minutes whoever was one by membership.
const REMEMBERED: TimeDelta = TimeDelta::minutes(5);

/// The rules that an item asks about.
fn rules(item: &Value) -> impl Iterator<Item = &Value> {
    let opening = &item["change"]["opening"];
    let rules = opening["authorized"]["rules"].as_array().or_else(|| opening["modified"]["rules"].as_array());
    rules.into_iter().flatten()
}

/// The rule ids that an item holds.
fn rule_ids(item: &Value) -> Vec<String> {
    rules(item).filter_map(|rule| Some(rule["id"].as_str()?.to_owned())).collect()
}

/// Whether an item asks about this rule, or about one whose record gave no id.
fn asks_about(item: &Value, rule: &str) -> bool {
    rules(item).any(|asked| asked["id"].as_str().is_none_or(|id| id == rule))
}

/// `reconcile_window` of every run.
const RECONCILE_WINDOW: TimeDelta = TimeDelta::minutes(60);

/// Whether the record of what happened then may be one that nobody read, as a gap announced. What came late while nobody
/// read was not there when its time was read: no gap says so.
fn in_a_gap(seen: &Seen, at: DateTime<Utc>) -> bool {
    gaps(seen).iter().any(|(from, until)| *from - RECONCILE_WINDOW <= at && at <= *until)
}

/// The intervals that were announced as read by nobody.
fn gaps(seen: &Seen) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
    let gap = |item: &Item| {
        let gap = &item.value["change"]["opening"]["gap"];
        let at = |name: &str| gap[name].as_str()?.parse::<DateTime<Utc>>().ok();
        Some((at("from")?, at("until")?))
    };
    seen.items.values().filter_map(gap).collect()
}

/// The change that a request asks about, all of it or a part (`whole:sgr-...`).
fn whole(id: &str) -> &str {
    id.split_once(":sgr-").map_or(id, |(whole, _)| whole)
}

/// The request that asks about a rule which this call changed: the call's own, or, where that leaves the rule out, the part.
fn asked_by(seen: &Seen, call: &str, rule: &str) -> String {
    let part = format!("{call}:{rule}");
    if seen.items.contains_key(&part) { part } else { call.to_owned() }
}

fn state(item: &Value) -> &str {
    item["state"]["name"].as_str().unwrap_or_default()
}
