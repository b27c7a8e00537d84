//! Describing, posting and updating: a request's way into Slack.

use chrono::{DateTime, Utc};

use super::{Effect, Refusal, deciding::withdraw};
use crate::domain::{
    change::{Ignored, Lookup, ModifiedRule, Opening},
    request::{CardRef, Lease, Phase, Request, SHOWN_RULES, State, Work},
};

pub(super) fn resolved(next: &mut Request, opening: Opening, now: DateTime<Utc>) -> Result<Vec<Effect>, Refusal> {
    // What was ignored keeps the rules that it may be reopened by: only that gives it a card after all.
    if !matches!(next.change.opening, Opening::Unresolved(_)) || !next.state.awaits_decision() {
        return Err(Refusal::NothingToDo(next.state.name()));
    }
    next.listed = opening.rules().len() <= SHOWN_RULES;
    next.change.opening = opening;
    next.card_tries.reset(now);
    next.note(now, "described");
    Ok(Vec::new())
}

pub(super) fn reopened(next: &mut Request, opening: Opening, now: DateTime<Utc>) -> Result<Vec<Effect>, Refusal> {
    if !matches!(next.state, State::Ignored { .. }) {
        return Err(Refusal::NothingToDo(next.state.name()));
    }
    next.listed = opening.rules().len() <= SHOWN_RULES;
    next.change.opening = opening;
    next.state = State::NeedsPost;
    next.card_tries.reset(now);
    next.note(now, "reopened");
    Ok(Vec::new())
}

pub(super) fn dismissed(
    next: &mut Request,
    reason: Ignored,
    rules: Vec<ModifiedRule>,
    now: DateTime<Utc>,
) -> Result<Vec<Effect>, Refusal> {
    if !matches!(next.change.opening, Opening::Unresolved(_)) || !next.state.awaits_decision() {
        return Err(Refusal::NothingToDo(next.state.name()));
    }
    next.change.opening = Opening::Unresolved(Lookup::Modified { rules });
    next.state = State::Ignored { reason };
    next.note(now, format!("described, and ignored: {reason}"));
    Ok(Vec::new())
}

pub(super) fn claim_post(next: &mut Request, lease: Lease, now: DateTime<Utc>) -> Result<Vec<Effect>, Refusal> {
    let due = next.due_for(Work::Post).ok_or(Refusal::NothingToDo(next.state.name()))?;
    if due > now {
        return Err(Refusal::Leased);
    }
    // Whoever let the lease run out may have posted.
    if next.state.lease().is_some() {
        next.may_be_posted(None);
    }
    next.state = State::Posting { lease };
    Ok(Vec::new())
}

pub(super) fn posted(next: &mut Request, card: Option<CardRef>, shows: u32, now: DateTime<Utc>) -> Vec<Effect> {
    if let Some(card) = card {
        next.note(now, format!("posted as {} in {}", card.ts, card.channel));
        next.adopt(card);
    } else {
        next.note(now, "posted");
    }
    next.all_posts_known();
    next.card_tries.reset(now);
    match next.state.phase() {
        Phase::Unposted => {
            next.rendered_version = next.rendered_version.max(shows);
            next.state = State::Pending;
            if next.all_removed_by_hand() {
                withdraw(next, now);
                return vec![Effect::Update];
            }
            Vec::new()
        }
        // Something happened before the post was recorded: the new message shows what was, so it must be updated too.
        Phase::Pending | Phase::Reverting | Phase::Failed | Phase::Settled | Phase::Undecided => {
            next.rendered_version = next.rendered_version.min(shows);
            vec![Effect::Update]
        }
    }
}

pub(super) fn not_posted(
    next: &mut Request,
    holder: &str,
    not_before: DateTime<Utc>,
    maybe_posted: bool,
    error: String,
    now: DateTime<Utc>,
) -> Result<Vec<Effect>, Refusal> {
    let is_ours = next.state.lease().is_some_and(|lease| lease.holder == holder);
    if next.state.phase() != Phase::Unposted || !is_ours {
        return Err(Refusal::ClaimLost);
    }
    next.state = State::NeedsPost;
    if maybe_posted {
        next.may_be_posted(None);
    }
    next.note(now, format!("not posted: {error}"));
    next.card_tries.again(not_before, error);
    Ok(Vec::new())
}

pub(super) fn updated(
    next: &mut Request,
    (shows, over): (u32, u32),
    card: Option<CardRef>,
    lost: &[CardRef],
    reply_used: bool,
    now: DateTime<Utc>,
) -> Vec<Effect> {
    let showed = next.rendered_version;
    lose(next, lost);
    if let Some(card) = card {
        next.adopt(card);
    }
    if reply_used && let Some(reply) = &mut next.reply {
        reply.uses_left = reply.uses_left.saturating_sub(1);
    }
    next.all_posts_known();
    // Where somebody else updated it meanwhile, nobody knows which of the two landed last: the older counts, and the newer
    // is shown again.
    next.rendered_version = if showed == over { shows } else { shows.min(showed) };
    next.card_tries.reset(now);
    if next.rendered_version < next.version { vec![Effect::Update] } else { Vec::new() }
}

/// Messages that are no more. Without any, nothing is shown. The list of a long opening is in the thread of the first: if
/// that is gone, it has to be posted anew with the next one.
pub(super) fn lose(next: &mut Request, lost: &[CardRef]) {
    let thread = next.cards.first().cloned();
    next.cards.retain(|card| !lost.contains(card));
    if next.cards.first() == thread.as_ref() {
        return;
    }
    if next.cards.is_empty() {
        next.rendered_version = 0;
    }
    next.listed = next.change.opening.rules().len() <= SHOWN_RULES;
    next.listed_messages = 0;
}

/// A message of the list in the thread of a card that is gone meanwhile says nothing of the list of the next one.
pub(super) fn listed(
    next: &mut Request,
    thread: Option<&CardRef>,
    messages: usize,
    all: bool,
) -> Result<Vec<Effect>, Refusal> {
    if next.listed || thread.is_some_and(|thread| next.cards.first() != Some(thread)) {
        return Err(Refusal::NothingToDo(next.state.name()));
    }
    next.listed_messages = next.listed_messages.max(messages);
    next.listed = all;
    Ok(Vec::new())
}
