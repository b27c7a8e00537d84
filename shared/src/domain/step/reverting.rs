//! Taking a denied opening back: claims, and how it ends.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{DeniedRequest, Effect, Refusal, deciding::UPDATE_GRACE};
use crate::domain::{
    change::Fate,
    request::{Failure, Lease, Phase, Request, State, Work},
};

pub(super) fn claim_revert(next: &mut Request, lease: Lease, now: DateTime<Utc>) -> Result<Vec<Effect>, Refusal> {
    let due = next.due_for(Work::Revert).ok_or(Refusal::NothingToDo(next.state.name()))?;
    if due > now {
        return Err(Refusal::Leased);
    }
    let holder = lease.holder.clone();
    next.state = State::Reverting { lease: Some(lease) };
    Ok(vec![Effect::RevertNow(Box::new(DeniedRequest { request: next.clone(), holder }))])
}

pub(super) fn held(next: &Request, holder: &str) -> Result<(), Refusal> {
    let is_ours = next.state.lease().is_some_and(|lease| lease.holder == holder);
    if next.state.phase() == Phase::Reverting && is_ours { Ok(()) } else { Err(Refusal::ClaimLost) }
}

pub(super) fn revert_ended(
    next: &mut Request,
    fates: Vec<Fate>,
    verified_after_ms: Option<u64>,
    failure: Option<Failure>,
    now: DateTime<Utc>,
) -> Result<Vec<Effect>, Refusal> {
    set_fates(next, fates)?;
    next.state = fold(next.change.opening.rules().iter().map(|rule| &rule.fate));
    next.verified_after_ms = verified_after_ms.or(next.verified_after_ms);
    next.version += 1;
    next.card_tries.reset(now + UPDATE_GRACE);
    next.note(now, next.state.name());
    let bad = matches!(next.state, State::PartlyReverted | State::RevertFailed);
    next.failure = if bad { failure } else { None };
    Ok(if bad { vec![Effect::Alarm, Effect::Update] } else { vec![Effect::Update] })
}

pub(super) fn set_fates(next: &mut Request, fates: Vec<Fate>) -> Result<(), Refusal> {
    let rules = next.change.opening.rules_mut();
    if fates.len() != rules.len() {
        return Err(Refusal::Mismatch { got: fates.len(), rules: rules.len() });
    }
    for (rule, fate) in rules.iter_mut().zip(fates) {
        rule.fate = fate;
    }
    Ok(())
}

/// EC2 is about to be asked to remove some rules; others stay, because they were approved on another card.
pub(super) fn revoke_attempted(
    next: &mut Request,
    rules: &[usize],
    stay: BTreeMap<usize, Fate>,
    now: DateTime<Utc>,
) -> Vec<Effect> {
    let mut stays = false;
    set_asked(next, rules, true);
    if !stay.is_empty() {
        next.note(now, format!("{} rules stay: they were approved on another card", stay.len()));
    }
    for (place, fate) in stay {
        if let Some(rule) = next.change.opening.rules_mut().get_mut(place) {
            stays |= rule.fate != fate;
            rule.fate = fate;
        }
    }
    if !rules.is_empty() {
        next.revoke_attempted_at.get_or_insert(now);
        next.note(now, "asking EC2 to revoke");
    }
    if !stays {
        return Vec::new();
    }
    // The card says which rules are left, also where the revert is put off after this.
    next.version += 1;
    next.card_tries.reset(now + UPDATE_GRACE);
    vec![Effect::Update]
}

pub(super) fn set_asked(next: &mut Request, places: &[usize], asked: bool) {
    for (place, rule) in next.change.opening.rules_mut().iter_mut().enumerate() {
        if places.contains(&place) {
            rule.asked = asked;
        }
    }
}

/// The end of a revert. A rule that still stands counts as failed: nothing may look better than it is.
fn fold<'a>(fates: impl Iterator<Item = &'a Fate>) -> State {
    let (mut failed, mut changed, mut removed) = (false, false, false);
    for fate in fates {
        match fate {
            Fate::Failed { .. } | Fate::Standing | Fate::Approved { .. } => failed = true,
            Fate::Changed { .. } => changed = true,
            Fate::Removed => removed = true,
            Fate::NotThere | Fate::RemovedByHand { .. } => {}
        }
    }
    match (failed, changed, removed) {
        (true, _, true) => State::PartlyReverted,
        (true, _, false) => State::RevertFailed,
        (false, true, _) => State::ChangedByHand,
        (false, false, true) => State::Reverted,
        (false, false, false) => State::AlreadyGone,
    }
}
