//! Safety: what every effect is held against when it happens.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, SubsecRound, Utc};
use local::world::ec2::RuleKey;
use serde_json::Value;
use shared::domain::ids::RequestId;

use super::{
    Decided, Gone, Item, Oracle, REMEMBERED, as_shown, asked_by, asks_about, covers, gaps, rule_ids, rules, state,
    whole,
};
use crate::{
    alarms,
    fakes::{PortCall, Witness},
    plan::Mode,
};

/// The oracle's eyes on one invocation.
pub struct Eyes {
    pub(super) oracle: Arc<Oracle>,
    actor: String,
    /// `[mode] revert` as this invocation was configured.
    reverts: bool,
    own: Mutex<Own>,
}

/// What one invocation did so far.
#[derive(Default)]
pub(super) struct Own {
    /// The order and time of its last describe of a group.
    pub(super) described: BTreeMap<String, (u64, DateTime<Utc>)>,
    /// The rules of the group right before a revoke.
    before: BTreeMap<String, RuleKey>,
    /// When its last query was answered.
    read_at: Option<DateTime<Utc>>,
    mark_before: Option<DateTime<Utc>>,
    /// By request: the cards that it posted and of which nothing is stored yet.
    posted: BTreeMap<String, usize>,
}

impl Eyes {
    /// On an invocation of this name.
    #[must_use]
    pub fn new(oracle: Arc<Oracle>, actor: &str, reverts: bool) -> Self {
        Self { oracle, actor: actor.to_owned(), reverts, own: Mutex::default() }
    }

    pub(super) fn own(&self) -> std::sync::MutexGuard<'_, Own> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Witness for Eyes {
    fn before(&self, call: &PortCall, _: DateTime<Utc>) {
        match (call.port, call.method) {
            ("firewall", "revoke") => self.own().before = self.oracle.rules_of(&call.about),
            ("store", "set_watermark") => {
                self.own().mark_before = self.oracle.table.mark(&call.about).map(|mark| mark.until);
            }
            _ => {}
        }
    }

    fn after(&self, call: &PortCall, now: DateTime<Utc>) {
        self.oracle.story.note(now, &self.actor, format_args!("{call}"));
        self.oracle.count(|stats| stats.calls += 1);
        match (call.port, call.method) {
            ("firewall", "describe") => {
                let order = self.oracle.seen().ledger.next_order();
                self.own().described.insert(call.about.clone(), (order, now));
            }
            ("firewall", "revoke") => self.revoked(&call.about, now),
            ("store", "insert" | "commit") => {
                self.stored(&call.about, now);
            }
            ("store", "set_watermark") => self.marked(&call.about, now),
            ("source", "read") => self.own().read_at = Some(now),
            ("chat", method) => {
                if method == "post" {
                    *self.own().posted.entry(call.about.clone()).or_default() += 1;
                    *self.oracle.seen().unrecorded.entry(call.about.clone()).or_default() += 1;
                }
                self.oracle.look_at_the_channel(now);
            }
            _ => {}
        }
    }
}

/// What the id of a gap begins with.
const GAP: &str = "gap-";

impl Eyes {
    /// No revoke without a stored Deny; only what a card showed; never what was approved, or denied while watching.
    fn revoked(&self, group: &str, now: DateTime<Utc>) {
        let before = std::mem::take(&mut self.own().before);
        let after = self.oracle.rules_of(group);
        if !self.reverts {
            let what = "nothing is reverted while `[mode] revert = false`: a revoke was sent".to_owned();
            return self.oracle.violated(now, what);
        }
        let described = self.own().described.get(group).copied();
        for (rule, key) in before.iter().filter(|(rule, _)| !after.contains_key(*rule)) {
            let gone = Gone { at: now, by_hand: false, readable_at: now };
            let broken = self.judge_removal(group, rule, key, described);
            let mut seen = self.oracle.seen();
            seen.stats.removed += 1;
            seen.ledger.close(rule, gone);
            drop(seen);
            self.oracle.story.note(now, &self.actor, format_args!("EC2 removed {rule} {}", as_shown(key)));
            if let Some(broken) = broken {
                self.oracle.violated(now, broken);
            }
        }
    }

    /// What is wrong with the removal of a rule, if something is.
    fn judge_removal(
        &self,
        group: &str,
        rule: &str,
        key: &RuleKey,
        described: Option<(u64, DateTime<Utc>)>,
    ) -> Option<String> {
        let mut seen = self.oracle.seen();
        let what = format!("{rule} {} in {group}", as_shown(key));
        let maker = seen.ledger.makers.get(rule).cloned();
        // A revoke may land after whoever sent it gave up, and stored that it failed: EC2 had been asked for the rule by then.
        let was_asked = |item: &Item| rules(&item.value).any(|asked| asked["asked"] == true && asked["id"] == rule);
        let is_being_reverted = |id: &str| {
            let denied = seen.decided.get(id).is_some_and(|decided| decided.is_deny && !decided.observed);
            let reverts = |item: &Item| match state(&item.value) {
                "Reverting" => true,
                "PartlyReverted" | "RevertFailed" => was_asked(item),
                _ => false,
            };
            denied && seen.items.get(id).is_some_and(reverts)
        };
        let reverting = seen.items.keys().filter(|id| is_being_reverted(id));
        let opened = reverting.filter_map(|id| Some((id, seen.ledger.opened.get(whole(id))?)));
        let reverting: Vec<_> = opened.filter(|(_, opened)| opened.group == group).collect();
        let this_very = |id: &str, opened: &super::Opened| {
            let shown = seen.decided.get(id).is_some_and(|decided| decided.shown.contains(&as_shown(key)));
            // Without an id in its record a rule is known by its properties only.
            let names_it = |left: &super::Left| {
                let item = seen.items.get(id).map(|item| rule_ids(&item.value)).unwrap_or_default();
                left.rule == rule || !item.contains(&left.rule)
            };
            shown && opened.rules.iter().any(|left| left.key == *key && names_it(left))
        };
        let asked_for: Vec<&String> =
            reverting.iter().filter(|(id, opened)| this_very(id, opened)).map(|(id, _)| *id).collect();
        let is_approved =
            |id: &str| seen.items.get(id).is_some_and(|item| item.value["decision"]["verdict"] == "approve");
        // What let it in: the last change of it that anybody was asked about, if that let in as much. What changed it since was
        // ignored, or is not read yet.
        let past = seen.ledger.past.get(rule).into_iter().flatten().rev();
        let mut asked = past.map(|call| (call, asked_by(&seen, call, rule)));
        let in_force = asked.find(|(_, id)| {
            seen.items.get(id).is_some_and(|item| state(&item.value) != "Ignored" && asks_about(&item.value, rule))
        });
        let in_force = in_force.filter(|(call, _)| {
            let opened = seen.ledger.opened.get(*call).into_iter().flat_map(|opened| &opened.rules);
            opened.into_iter().any(|left| left.rule == rule && covers(&left.key, key))
        });
        let in_force = in_force.map(|(_, id)| id);
        if let (Some(by), Some(maker)) = (in_force.filter(|id| is_approved(id)), &maker) {
            // Approved within the seconds in which EC2 still shows the twin that was there before.
            if asked_for.is_empty() && self.is_race(maker, described) {
                seen.stats.races += 1;
                return None;
            }
            // Its record gave no id, so once it was changed nothing tells it from the denied rule of these properties.
            let value = seen.items.get(&by).map(|item| &item.value);
            let has_id = value.is_some_and(|value| rule_ids(value).iter().any(|id| id == rule));
            let opened = seen.ledger.opened.get(whole(&by));
            let unchanged =
                opened.is_some_and(|opened| opened.rules.iter().any(|left| left.rule == rule && left.key == *key));
            if !has_id && !unchanged {
                seen.stats.nameless += 1;
                return None;
            }
            return Some(format!("an approved opening is never revoked: {what}, approved as {by}"));
        }
        if !asked_for.is_empty() {
            return None;
        }
        let twin = reverting.iter().any(|(_, opened)| opened.rules.iter().any(|left| left.key == *key));
        if twin && maker.as_ref().is_some_and(|maker| self.is_race(maker, described)) {
            seen.stats.races += 1;
            return None;
        }
        Some(format!("no revoke without a stored Deny, and only of what a card showed: {what}"))
    }

    /// The rule came to be what it is after the describe that showed its twin: EC2 leaves no way to close that.
    fn is_race(&self, maker: &super::ledger::Maker, described: Option<(u64, DateTime<Utc>)>) -> bool {
        described.is_some_and(|(order, at)| maker.order > order || maker.at + self.oracle.plan.stale > at)
    }

    /// The watermark never passes a record that the query could have returned and that is not in the table.
    fn marked(&self, source: &str, now: DateTime<Utc>) {
        let (read_at, before) = {
            let own = self.own();
            (own.read_at.unwrap_or(now), own.mark_before)
        };
        let until = self.oracle.table.mark(source).map(|mark| mark.until);
        let (Some(before), Some(until)) = (before, until) else { return };
        let seen = self.oracle.seen();
        let gaps = gaps(&seen);
        let lost = seen.ledger.opened.iter().find(|(id, opened)| {
            if gaps.iter().any(|(from, until)| *from <= opened.at && opened.at <= *until) {
                return false;
            }
            // CloudTrail gives whole seconds. What lies at the watermark is read again.
            let at = opened.at.trunc_subsecs(0);
            before <= at && at < until && opened.readable_at <= read_at && !seen.items.contains_key(*id)
        });
        let lost = lost.map(|(id, _)| id.clone());
        drop(seen);
        if let Some(id) = lost {
            self.oracle.violated(now, format!("the watermark passed {id}, which is not in the table"));
        }
    }

    fn stored(&self, id: &str, now: DateTime<Utc>) {
        let Some(raw) = RequestId::parse(id).ok().and_then(|id| self.oracle.table.raw(&id)) else { return };
        let mut seen = self.oracle.seen();
        if seen.items.get(id).is_some_and(|item| item.raw == raw) {
            return;
        }
        let value: Value = serde_json::from_str(&raw).unwrap_or_default();
        let stay = |raw: &str| u64::try_from(raw.matches("\"fate\":{\"approved\"").count()).unwrap_or_default();
        let stayed = seen.items.get(id).map_or(0, |item| stay(&item.raw));
        seen.stats.conflicts += stay(&raw).saturating_sub(stayed);
        seen.stats.parts += u64::from(whole(id) != id && !seen.items.contains_key(id));
        let old = seen.items.insert(id.to_owned(), Item { raw, value: value.clone() }).map(|item| item.value);
        seen.stats.steps += 1;
        let is_bad = |value: &Value| matches!(state(value), "PartlyReverted" | "RevertFailed");
        let failures = u64::from(is_bad(&value) && !old.as_ref().is_some_and(is_bad));
        seen.stats.alarms += failures;
        let failed = seen.failed.entry(id.to_owned()).or_default();
        *failed += usize::try_from(failures).unwrap_or_default();
        let failed = *failed;
        if failures > 0 {
            seen.failed_at.insert(id.to_owned(), now);
        }
        if value["maybe_posted"] != true
            && let Some(recorded) = self.own().posted.remove(id)
        {
            seen.unrecorded.entry(id.to_owned()).and_modify(|count| *count -= recorded);
        }
        drop(seen);
        self.oracle.story.note(now, &self.actor, format_args!("  stored {id} {} {}", state(&value), value["revision"]));
        for broken in [
            self.judge_step(id, old.as_ref(), &value),
            self.judge_decision(id, old.as_ref(), &value, now),
            self.judge_state(id, old.as_ref(), &value, now),
            self.judge_fates(id, old.as_ref(), &value, now),
            self.judge_stay(id, &value),
            (alarms::count("revert_failed", &format!("id={id} ")) < failed)
                .then(|| format!("a revert that failed raises an alarm: {id} raised none")),
            (id.starts_with(GAP) && alarms::count("gap", "") == 0)
                .then(|| format!("a gap raises an alarm: {id} raised none")),
        ]
        .into_iter()
        .flatten()
        {
            self.oracle.violated(now, broken);
        }
    }

    fn judge_step(&self, id: &str, old: Option<&Value>, new: &Value) -> Option<String> {
        let Some(old) = old else {
            let is_known = id.starts_with(GAP) || self.oracle.seen().ledger.opened.contains_key(whole(id));
            return (!is_known).then(|| format!("a request of nothing that was opened: {id}"));
        };
        let (was, is) = (state(old), state(new));
        if old["revision"].as_u64().map(|revision| revision + 1) != new["revision"].as_u64() {
            return Some(format!("every step is computed from the one before: {id} went from {old} to {new}"));
        }
        let is_final =
            matches!(was, "Approved" | "Reverted" | "AlreadyGone" | "ChangedByHand" | "Observed" | "Withdrawn");
        (is_final && was != is).then(|| format!("{was} is final: {id} became {is}"))
    }

    /// A decision is somebody's who may, by a click of theirs, and stays.
    fn judge_decision(&self, id: &str, old: Option<&Value>, new: &Value, now: DateTime<Utc>) -> Option<String> {
        let decision = &new["decision"];
        if let Some(old) = old.map(|old| &old["decision"]).filter(|old| !old.is_null()) {
            return (old != decision).then(|| format!("a decision never changes: {id} had {old}, and has {decision}"));
        }
        if decision.is_null() {
            return None;
        }
        let by = decision["by"].as_str().unwrap_or_default().to_owned();
        let is_deny = decision["verdict"] == "deny";
        let mut seen = self.oracle.seen();
        seen.stats.decisions += 1;
        let shown = seen.shown.get(id).cloned().unwrap_or_default();
        let decided = Decided { is_deny, observed: is_deny && !self.reverts, shown };
        seen.decided.insert(id.to_owned(), decided);
        if is_deny {
            self.oracle.denied.notify_one();
        }
        let by_group = self.oracle.plan.by_group && by == "U0CAROL0001";
        let was_member = seen
            .was_member_until
            .get(&by)
            .is_none_or(|until| now < *until + REMEMBERED + chrono::TimeDelta::seconds(5));
        let may = by == "U0BOB000001" || by == "U0CAROL0001" && (!by_group || was_member);
        if !may {
            return Some(format!("only those who may decide do: {by} decided {id}"));
        }
        let verdict = if is_deny { "deny" } else { "approve" };
        if !seen.clicks.contains(&(by.clone(), verdict, id.to_owned())) {
            return Some(format!("a decision comes from a click: {by} never clicked {verdict} on {id}"));
        }
        let opener = seen.ledger.opened.get(whole(id)).map(|opened| opened.by);
        let is_own = match opener {
            Some(local::system::seed::Opener::Bob) => by == "U0BOB000001",
            Some(_) | None => false,
        };
        if !is_deny && is_own && !self.oracle.plan.requester_may_approve {
            return Some(format!("nobody approves what they opened: {by} approved {id}"));
        }
        let expected = match (is_deny, self.reverts) {
            (false, _) => "Approved",
            (true, true) => "Denied",
            (true, false) => "Observed",
        };
        (state(new) != expected).then(|| format!("{verdict} of {id} was stored as {}", state(new)))
    }

    /// A denied rule stays only where somebody approved that very rule.
    fn judge_stay(&self, id: &str, new: &Value) -> Option<String> {
        let seen = self.oracle.seen();
        let was_approved = |rule: &Value| {
            let on = rule["fate"]["approved"]["on"].as_str()?;
            let approved = seen.items.get(on).filter(|item| item.value["decision"]["verdict"] == "approve");
            let asked = |item: &Item| rule["id"].as_str().is_none_or(|rule| asks_about(&item.value, rule));
            (!approved.is_some_and(asked)).then(|| on.to_owned())
        };
        let on = rules(new).find_map(was_approved)?;
        Some(format!(
            "what was denied stays only if it was approved: {id} leaves a rule to {on}, which did not ask about it"
        ))
    }

    /// A state that says that rules are gone says it of rules that are.
    fn judge_state(&self, id: &str, old: Option<&Value>, new: &Value, now: DateTime<Utc>) -> Option<String> {
        let is = state(new);
        if !matches!(is, "Reverted" | "AlreadyGone" | "Withdrawn") {
            return None;
        }
        let group = self.oracle.seen().ledger.opened.get(whole(id)).map(|opened| opened.group.clone())?;
        let there = self.oracle.rules_of(&group);
        let named = rule_ids(new);
        // An id never comes back; what a rule lets in may, later, and EC2 shows it late.
        let nameless = old.is_none_or(|old| state(old) != is) && rules(new).any(|rule| rule["id"].is_null());
        let seen = self.oracle.seen();
        let opened = seen.ledger.opened.get(whole(id))?;
        // A rule without an id in its record is one of those that no id names; changed, it is another.
        let always_stood = |left: &super::Left| {
            let values = seen.ledger.values(&left.rule, opened.at, now);
            !named.contains(&left.rule) && values.iter().all(|value| *value == Some(&left.key))
        };
        let unnamed = opened.rules.iter().filter(|left| nameless && always_stood(left)).map(|left| &left.rule);
        let standing = named.iter().filter(|rule| there.contains_key(*rule)).chain(unnamed).next()?;
        Some(format!("{is} only if seen absent: {standing} of {id} is there"))
    }
}

/// Whether the last invocations may revert.
pub(super) fn reverts_in_the_end(mode: Mode) -> bool {
    match mode {
        Mode::Reverts | Mode::TurnedOn(_) => true,
        Mode::Watches | Mode::TurnedOff(_) => false,
    }
}
