//! Decisions, and what spares them: a click, a retry, a removal by hand.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Effect, Refusal};
use crate::domain::{
    change::Fate,
    request::{CardRef, Decision, Phase, ReplyUrl, Request, State, Verdict},
};

/// How long a new state is left to whoever made it: they update the card too, and two updates would only cost calls.
pub(super) const UPDATE_GRACE: TimeDelta = TimeDelta::seconds(5);

pub(super) fn decided(
    next: &mut Request,
    decision: Decision,
    watch_only: bool,
    card: Option<CardRef>,
    reply: Option<ReplyUrl>,
    now: DateTime<Utc>,
) -> Result<Vec<Effect>, Refusal> {
    match next.state.phase() {
        // The click comes from a card, so the card is there: its post need not be recorded first.
        Phase::Unposted | Phase::Pending => {}
        Phase::Reverting | Phase::Failed | Phase::Settled => return Err(Refusal::AlreadyDecided),
        Phase::Undecided => return Err(Refusal::Over(next.state.name())),
    }
    if next.change.opening.rules().is_empty() {
        return Err(Refusal::NothingToDecide);
    }
    // It is withdrawn as soon as its post is recorded.
    if next.all_removed_by_hand() {
        return Err(Refusal::Over(next.state.name()));
    }
    if decision.verdict == Verdict::Deny && !next.listed {
        return Err(Refusal::NotListed);
    }
    if next.rendered_version == 0 {
        next.rendered_version = next.version;
    }
    if let Some(card) = card {
        next.adopt(card);
    }
    next.reply = reply.or(next.reply.take());
    next.version += 1;
    next.card_tries.reset(now + UPDATE_GRACE);
    let why = decision.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    next.note(now, format!("{:?} by {}{why}", decision.verdict, decision.by));
    let (state, effects) = match (decision.verdict, watch_only) {
        (Verdict::Approve, _) => (State::Approved, vec![Effect::Update]),
        (Verdict::Deny, true) => (State::Observed, vec![Effect::Update]),
        (Verdict::Deny, false) => (State::Denied, vec![Effect::Revert, Effect::Update]),
    };
    next.state = state;
    next.revert_tries.reset(now);
    next.decision = Some(decision);
    Ok(effects)
}

/// Clicks on the old card may come several times before it is shown anew: that is one version, not many.
pub(super) fn shown_anew(
    next: &mut Request,
    reply: Option<ReplyUrl>,
    now: DateTime<Utc>,
) -> Result<Vec<Effect>, Refusal> {
    if !next.state.awaits_decision() || next.rendered_version < next.version {
        return Err(Refusal::NothingToDo(next.state.name()));
    }
    next.reply = reply.or(next.reply.take());
    next.version += 1;
    next.card_tries.reset(now);
    next.note(now, "the card is to be shown anew");
    Ok(vec![Effect::Update])
}

pub(super) fn retry_asked(
    next: &mut Request,
    by: &str,
    reply: Option<ReplyUrl>,
    now: DateTime<Utc>,
) -> Result<Vec<Effect>, Refusal> {
    if next.state.phase() != Phase::Failed {
        return Err(Refusal::NothingToDo(next.state.name()));
    }
    for rule in next.change.opening.rules_mut() {
        if matches!(rule.fate, Fate::Failed { .. }) {
            rule.fate = Fate::Standing;
        }
    }
    next.state = State::Denied;
    next.reply = reply.or(next.reply.take());
    next.failure = None;
    next.revert_tries.reset(now);
    next.card_tries.reset(now + UPDATE_GRACE);
    next.version += 1;
    next.note(now, format!("retry asked by {by}"));
    Ok(vec![Effect::Revert, Effect::Update])
}

pub(super) fn removed_by_hand(
    next: &mut Request,
    rules: &[usize],
    by: &str,
    at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Vec<Effect>, Refusal> {
    if !next.state.awaits_decision() {
        return Err(Refusal::NothingToDo(next.state.name()));
    }
    let mut any = false;
    for (place, rule) in next.change.opening.rules_mut().iter_mut().enumerate() {
        if rules.contains(&place) && rule.fate == Fate::Standing {
            rule.fate = Fate::RemovedByHand { by: by.to_owned(), at };
            any = true;
        }
    }
    if !any {
        return Err(Refusal::NothingToDo(next.state.name()));
    }
    next.note(now, format!("{} rules removed by hand by {by}", rules.len()));
    // Without a card the withdrawal waits until its post is recorded: posting is leased, updating is not, and two updates
    // would each post one.
    match next.state.phase() {
        Phase::Pending if next.all_removed_by_hand() => withdraw(next, now),
        Phase::Unposted | Phase::Pending | Phase::Reverting | Phase::Failed | Phase::Settled | Phase::Undecided => {
            next.version += 1;
            next.card_tries.reset(now);
        }
    }
    Ok(vec![Effect::Update])
}

pub(super) fn withdraw(next: &mut Request, now: DateTime<Utc>) {
    next.state = State::Withdrawn;
    next.version += 1;
    next.card_tries.reset(now);
    next.note(now, "withdrawn");
}
