//! What may happen to a request, and what follows: one pure function.
//!
//! A transition is a value. [`step`] says what must hold in the store ([`Guard`]), what comes next, and what is to be done
//! then. The store turns the guard into its condition, so the database and the domain cannot disagree.

mod deciding;
mod event;
mod posting;
mod reverting;

use chrono::{DateTime, TimeDelta, Utc};

use self::{
    deciding::{decided, removed_by_hand, retry_asked, shown_anew},
    posting::{claim_post, dismissed, listed, lose, not_posted, posted, reopened, resolved, updated},
    reverting::{claim_revert, held, revert_ended, revoke_attempted, set_asked, set_fates},
};
use super::request::{Lease, Request, State};

pub use self::event::Event;

/// From the beginning of an update to when it can't land any more: an invocation of five minutes, and a margin.
const LONGER_THAN_AN_UPDATE: TimeDelta = TimeDelta::minutes(15);

/// What must hold in the store for a transition to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guard {
    /// The name of the state that it leaves.
    pub state: &'static str,
    /// The revision that it was computed from.
    pub revision: u64,
}

/// What is to be done once a transition is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Bring its cards up to its state.
    Update,
    /// A decision asked for a revert: claim it.
    Revert,
    /// Take it back now; the claim is ours.
    RevertNow(Box<DeniedRequest>),
    /// A rule stays open that somebody denied: a person has to look.
    Alarm,
}

/// One step of a request's life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// What must hold.
    pub guard: Guard,
    /// What comes next.
    pub next: Request,
    /// What is to be done.
    pub effects: Vec<Effect>,
}

/// A request with a stored Deny, claimed for a revert: the only thing that a revert takes. Only [`step`] makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeniedRequest {
    request: Request,
    holder: String,
}

impl DeniedRequest {
    /// The request as it was stored with the claim.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The claim's holder.
    #[must_use]
    pub fn holder(&self) -> &str {
        &self.holder
    }
}

/// Why an event changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Somebody decided before.
    #[error("it was decided before")]
    AlreadyDecided,
    /// It is over without a decision: withdrawn, or found to open nothing.
    #[error("it is over: {0}")]
    Over(&'static str),
    /// Nothing is known that could be allowed or taken back.
    #[error("there is nothing to decide: what was opened is not known")]
    NothingToDecide,
    /// Not all of its rules were shown yet: a Deny would remove what nobody saw.
    #[error("the full list of its rules is still on its way into the thread")]
    NotListed,
    /// Somebody else is at it.
    #[error("somebody else is working on it")]
    Leased,
    /// The claim was lost to somebody else.
    #[error("the claim was lost")]
    ClaimLost,
    /// There is nothing to do: the event was seen before, or the state needs no such work.
    #[error("nothing to do in state {0}")]
    NothingToDo(&'static str),
    /// The fates do not go with the rules.
    #[error("{got} outcomes for {rules} rules")]
    Mismatch {
        /// How many outcomes came.
        got: usize,
        /// How many rules there are.
        rules: usize,
    },
}

/// What follows when `event` happens to `request` at `now`; `nonce` marks the commit.
///
/// # Errors
/// The event changes nothing; the refusal says why.
pub fn step(request: &Request, event: Event, now: DateTime<Utc>, nonce: &str) -> Result<Transition, Refusal> {
    let mut next = request.clone();
    // First: an effect carries the request as it will be stored.
    next.revision = request.revision + 1;
    nonce.clone_into(&mut next.nonce);
    let effects = apply(&mut next, event, now)?;
    Ok(Transition { guard: Guard { state: request.state.name(), revision: request.revision }, next, effects })
}

fn apply(next: &mut Request, event: Event, now: DateTime<Utc>) -> Result<Vec<Effect>, Refusal> {
    match event {
        Event::Resolved(opening) => resolved(next, opening, now),
        Event::Dismissed { reason, rules } => dismissed(next, reason, rules, now),
        Event::Reopened(opening) => reopened(next, opening, now),
        Event::ClaimPost(lease) => claim_post(next, lease, now),
        Event::Posted { card, shows } => Ok(posted(next, card, shows, now)),
        Event::NotPosted { holder, not_before, maybe_posted, error } => {
            not_posted(next, &holder, not_before, maybe_posted, error, now)
        }
        Event::Decided { decision, watch_only, card, reply } => decided(next, decision, watch_only, card, reply, now),
        Event::RetryAsked { by, reply } => retry_asked(next, &by, reply, now),
        Event::RemovedByHand { rules, by, at } => removed_by_hand(next, &rules, &by, at, now),
        Event::ClaimRevert(lease) => claim_revert(next, lease, now),
        Event::Contested { by } if next.state.awaits_decision() => {
            next.note(now, format!("the same rule was denied as {by}, and is being removed"));
            Ok(Vec::new())
        }
        Event::Contested { .. } => Err(Refusal::NothingToDo(next.state.name())),
        Event::RevokeAttempted { holder, rules, stay } => {
            held(next, &holder)?;
            Ok(revoke_attempted(next, &rules, stay, now))
        }
        Event::RevokeAnswered { holder, request_id } => {
            held(next, &holder)?;
            next.note(now, format!("EC2 took the revoke {request_id}"));
            next.revoke_request_ids.push(request_id);
            Ok(Vec::new())
        }
        Event::RevokeMissed { holder, rules } => {
            held(next, &holder)?;
            set_asked(next, &rules, false);
            next.note(now, format!("{} rules were not there any more", rules.len()));
            Ok(Vec::new())
        }
        Event::ShownAnew { reply } => shown_anew(next, reply, now),
        Event::RevokeRefused { holder, rules } => {
            held(next, &holder)?;
            set_asked(next, &rules, false);
            next.note(now, format!("{} rules were refused by EC2", rules.len()));
            Ok(Vec::new())
        }
        Event::RevertEnded { holder, fates, verified_after_ms, failure } => {
            held(next, &holder)?;
            revert_ended(next, fates, verified_after_ms, failure, now)
        }
        Event::RevertPostponed { holder, fates, not_before, error } => {
            held(next, &holder)?;
            let before = next.change.opening.clone();
            set_fates(next, fates)?;
            next.note(now, format!("revert postponed: {error}"));
            let told = next.revert_tries.error.replace(error.clone());
            next.revert_tries.again(not_before, error);
            next.state = State::Reverting { lease: None };
            // The card says once that it takes longer, and why; it need not say so at each try, but what is new it does.
            if told == next.revert_tries.error && next.change.opening == before {
                return Ok(Vec::new());
            }
            next.version += 1;
            next.card_tries.reset(now);
            Ok(vec![Effect::Update])
        }
        Event::Listed { thread, messages, all } => listed(next, thread.as_ref(), messages, all),
        Event::UpdateBegun(lease) => {
            // Whoever did not record its update may have posted a new message in the place of one that was deleted.
            if let Some(until) = next.updating.iter().map(|sent| sent.until).min() {
                next.may_be_posted(Some(until - LONGER_THAN_AN_UPDATE));
            }
            // What was sent long ago has landed, or never will: this update comes after it.
            next.updating.retain(|sent| sent.until > now);
            next.updating.push(lease);
            Ok(Vec::new())
        }
        Event::Updated { holder, shows, over, card, lost, reply_used } => {
            next.updating.retain(|sent| sent.holder != holder);
            Ok(updated(next, (shows, over), card, &lost, reply_used, now))
        }
        Event::NotUpdated { holder, lands_until, shows, not_before, maybe_posted, lost, error } => {
            next.updating.retain(|sent| sent.holder != holder);
            next.updating.extend(lands_until.map(|until| Lease { holder, until }));
            lose(next, &lost);
            next.rendered_version = next.rendered_version.min(shows);
            if maybe_posted {
                next.may_be_posted(Some(now - LONGER_THAN_AN_UPDATE));
            }
            next.note(now, format!("card not updated: {error}"));
            next.card_tries.again(not_before, error);
            Ok(Vec::new())
        }
    }
}

#[cfg(test)]
mod tests;
