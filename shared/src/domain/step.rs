//! What may happen to a request, and what follows: one pure function.
//!
//! A transition is a value. [`step`] says what must hold in the store ([`Guard`]), what comes next, and what is to be done
//! then. The store turns the guard into its condition, so the database and the domain cannot disagree.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    change::{Fate, Ignored, Opening},
    request::{CardRef, Decision, Failure, Lease, ReplyUrl, Request, SHOWN_RULES, State, Verdict},
};

/// How long a new state is left to whoever made it: they update the card too, and two updates would only cost calls.
const UPDATE_GRACE: TimeDelta = TimeDelta::seconds(5);

/// Something that happened to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A describe told what the change opened.
    Resolved(Opening),
    /// A describe told that the change opened nothing.
    Dismissed(Ignored),
    /// Somebody wants to post it.
    ClaimPost(Lease),
    /// It was posted, or found in the channel. A webhook tells no address.
    Posted {
        /// Where.
        card: Option<CardRef>,
        /// The version that the message shows.
        shows: u32,
    },
    /// The post failed.
    NotPosted {
        /// Whose claim it was.
        holder: String,
        /// Not again before this.
        not_before: DateTime<Utc>,
        /// Whether it may be in the channel all the same.
        maybe_posted: bool,
        /// Slack's error.
        error: String,
    },
    /// Somebody entitled decided.
    Decided {
        /// What, who, when.
        decision: Decision,
        /// Whether Portcullis only watches (`[mode] revert = false`).
        watch_only: bool,
        /// The message that was clicked.
        card: Option<CardRef>,
        /// Its `response_url`.
        reply: Option<ReplyUrl>,
    },
    /// Somebody entitled asked for another attempt at a revert that failed.
    RetryAsked {
        /// Who, for the history.
        by: String,
        /// The click's `response_url`.
        reply: Option<ReplyUrl>,
    },
    /// Rules of it were removed by hand.
    RemovedByHand {
        /// Their places in the list of rules.
        rules: Vec<usize>,
        /// Who.
        by: String,
        /// When.
        at: DateTime<Utc>,
    },
    /// Somebody wants to revert it.
    ClaimRevert(Lease),
    /// EC2 is about to be asked to remove rules.
    RevokeAttempted {
        /// Whose claim it is.
        holder: String,
        /// The places of these rules in the list.
        rules: Vec<usize>,
    },
    /// EC2 answered a revoke.
    RevokeAnswered {
        /// Whose claim it is.
        holder: String,
        /// EC2's request id.
        request_id: String,
    },
    /// The revert is over: every rule has its fate.
    RevertEnded {
        /// Whose claim it was.
        holder: String,
        /// One for each rule, in order.
        fates: Vec<Fate>,
        /// How long after the revoke the absence was seen, in milliseconds.
        verified_after_ms: Option<u64>,
        /// What to tell a person, if it ended badly.
        failure: Option<Failure>,
    },
    /// The revert may still succeed, later.
    RevertPostponed {
        /// Whose claim it was.
        holder: String,
        /// One for each rule, in order; those that may still be removed are standing.
        fates: Vec<Fate>,
        /// Not again before this.
        not_before: DateTime<Utc>,
        /// Why.
        error: String,
    },
    /// The full list of its rules is in the thread, or can't be anywhere.
    Listed,
    /// The cards show this version now.
    Updated {
        /// The version.
        shows: u32,
        /// The message that stands for it now, if a new one had to be posted.
        card: Option<CardRef>,
        /// Messages that are no more.
        lost: Vec<CardRef>,
        /// Whether the `response_url` was used.
        reply_used: bool,
    },
    /// The cards could not be updated.
    NotUpdated {
        /// Not again before this.
        not_before: DateTime<Utc>,
        /// Whether a new message may be in the channel all the same.
        maybe_posted: bool,
        /// Messages that are no more.
        lost: Vec<CardRef>,
        /// Slack's error.
        error: String,
    },
}

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
    /// Put it into Slack.
    Post,
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
    let effects = apply(&mut next, event, now)?;
    next.revision = request.revision + 1;
    nonce.clone_into(&mut next.nonce);
    Ok(Transition { guard: Guard { state: request.state.name(), revision: request.revision }, next, effects })
}

fn apply(next: &mut Request, event: Event, now: DateTime<Utc>) -> Result<Vec<Effect>, Refusal> {
    match event {
        Event::Resolved(opening) => resolved(next, opening, now),
        Event::Dismissed(reason) => dismissed(next, reason, now),
        Event::ClaimPost(lease) => claim_post(next, lease, now),
        Event::Posted { card, shows } => Ok(posted(next, card, shows, now)),
        Event::NotPosted { holder, not_before, maybe_posted, error } => {
            not_posted(next, &holder, not_before, maybe_posted, error, now)
        }
        Event::Decided { decision, watch_only, card, reply } => decided(next, decision, watch_only, card, reply, now),
        Event::RetryAsked { by, reply } => retry_asked(next, &by, reply, now),
        Event::RemovedByHand { rules, by, at } => removed_by_hand(next, &rules, &by, at, now),
        Event::ClaimRevert(lease) => claim_revert(next, lease, now),
        Event::RevokeAttempted { holder, rules } => {
            held(next, &holder)?;
            for place in rules {
                if let Some(rule) = next.change.opening.rules_mut().get_mut(place) {
                    rule.asked = true;
                }
            }
            next.revoke_attempted_at.get_or_insert(now);
            next.note(now, "asking EC2 to revoke");
            Ok(Vec::new())
        }
        Event::RevokeAnswered { holder, request_id } => {
            held(next, &holder)?;
            next.note(now, format!("EC2 took the revoke {request_id}"));
            next.revoke_request_ids.push(request_id);
            Ok(Vec::new())
        }
        Event::RevertEnded { holder, fates, verified_after_ms, failure } => {
            held(next, &holder)?;
            revert_ended(next, fates, verified_after_ms, failure, now)
        }
        Event::RevertPostponed { holder, fates, not_before, error } => {
            held(next, &holder)?;
            set_fates(next, fates)?;
            next.note(now, format!("revert postponed: {error}"));
            next.revert_tries.again(not_before, error);
            next.state = State::Reverting { lease: None };
            Ok(Vec::new())
        }
        Event::Listed if next.listed => Err(Refusal::NothingToDo(next.state.name())),
        Event::Listed => {
            next.listed = true;
            next.note(now, "all rules listed");
            Ok(Vec::new())
        }
        Event::Updated { shows, card, lost, reply_used } => Ok(updated(next, shows, card, &lost, reply_used, now)),
        Event::NotUpdated { not_before, maybe_posted, lost, error } => {
            next.cards.retain(|card| !lost.contains(card));
            next.maybe_posted |= maybe_posted;
            next.note(now, format!("card not updated: {error}"));
            next.card_tries.again(not_before, error);
            Ok(Vec::new())
        }
    }
}

fn resolved(next: &mut Request, opening: Opening, now: DateTime<Utc>) -> Result<Vec<Effect>, Refusal> {
    if !matches!(next.change.opening, Opening::Unresolved(_)) {
        return Err(Refusal::NothingToDo(next.state.name()));
    }
    next.listed = opening.rules().len() <= SHOWN_RULES;
    next.change.opening = opening;
    next.card_tries.reset(now);
    next.note(now, "described");
    Ok(vec![Effect::Post])
}

fn dismissed(next: &mut Request, reason: Ignored, now: DateTime<Utc>) -> Result<Vec<Effect>, Refusal> {
    if !matches!(next.change.opening, Opening::Unresolved(_)) || !next.state.awaits_decision() {
        return Err(Refusal::NothingToDo(next.state.name()));
    }
    next.state = State::Ignored { reason };
    next.note(now, format!("described, and ignored: {reason}"));
    Ok(Vec::new())
}

fn claim_post(next: &mut Request, lease: Lease, now: DateTime<Utc>) -> Result<Vec<Effect>, Refusal> {
    match &next.state {
        State::NeedsPost if next.card_tries.not_before <= now => {}
        State::Posting { lease: held } if held.until <= now => next.maybe_posted = true,
        State::NeedsPost | State::Posting { .. } => return Err(Refusal::Leased),
        State::Pending
        | State::Approved
        | State::Denied
        | State::Reverting { .. }
        | State::Reverted
        | State::AlreadyGone
        | State::ChangedByHand
        | State::PartlyReverted
        | State::RevertFailed
        | State::Observed
        | State::Withdrawn
        | State::Ignored { .. } => return Err(Refusal::NothingToDo(next.state.name())),
    }
    next.state = State::Posting { lease };
    Ok(Vec::new())
}

fn posted(next: &mut Request, card: Option<CardRef>, shows: u32, now: DateTime<Utc>) -> Vec<Effect> {
    if let Some(card) = card {
        next.note(now, format!("posted as {} in {}", card.ts, card.channel));
        next.adopt(card);
    } else {
        next.note(now, "posted");
    }
    next.maybe_posted = false;
    next.card_tries.reset(now);
    match next.state {
        State::NeedsPost | State::Posting { .. } => {
            next.rendered_version = next.rendered_version.max(shows);
            next.state = State::Pending;
            if next.all_removed_by_hand() {
                withdraw(next, now);
                return vec![Effect::Update];
            }
            Vec::new()
        }
        // Something happened before the post was recorded: the new message shows what was, so it must be updated too.
        State::Pending
        | State::Approved
        | State::Denied
        | State::Reverting { .. }
        | State::Reverted
        | State::AlreadyGone
        | State::ChangedByHand
        | State::PartlyReverted
        | State::RevertFailed
        | State::Observed
        | State::Withdrawn
        | State::Ignored { .. } => {
            next.rendered_version = next.rendered_version.min(shows);
            vec![Effect::Update]
        }
    }
}

fn not_posted(
    next: &mut Request,
    holder: &str,
    not_before: DateTime<Utc>,
    maybe_posted: bool,
    error: String,
    now: DateTime<Utc>,
) -> Result<Vec<Effect>, Refusal> {
    match &next.state {
        State::Posting { lease } if lease.holder == holder => {
            next.state = State::NeedsPost;
            next.maybe_posted |= maybe_posted;
            next.note(now, format!("not posted: {error}"));
            next.card_tries.again(not_before, error);
            Ok(Vec::new())
        }
        State::NeedsPost
        | State::Posting { .. }
        | State::Pending
        | State::Approved
        | State::Denied
        | State::Reverting { .. }
        | State::Reverted
        | State::AlreadyGone
        | State::ChangedByHand
        | State::PartlyReverted
        | State::RevertFailed
        | State::Observed
        | State::Withdrawn
        | State::Ignored { .. } => Err(Refusal::ClaimLost),
    }
}

fn decided(
    next: &mut Request,
    decision: Decision,
    watch_only: bool,
    card: Option<CardRef>,
    reply: Option<ReplyUrl>,
    now: DateTime<Utc>,
) -> Result<Vec<Effect>, Refusal> {
    match &next.state {
        // The click comes from a card, so the card is there: its post need not be recorded first.
        State::NeedsPost | State::Posting { .. } | State::Pending => {}
        State::Approved
        | State::Denied
        | State::Reverting { .. }
        | State::Reverted
        | State::AlreadyGone
        | State::ChangedByHand
        | State::PartlyReverted
        | State::RevertFailed
        | State::Observed => return Err(Refusal::AlreadyDecided),
        State::Withdrawn | State::Ignored { .. } => return Err(Refusal::Over(next.state.name())),
    }
    if next.change.opening.rules().is_empty() {
        return Err(Refusal::NothingToDecide);
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
    next.note(now, format!("{:?} by {}", decision.verdict, decision.by));
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

fn retry_asked(
    next: &mut Request,
    by: &str,
    reply: Option<ReplyUrl>,
    now: DateTime<Utc>,
) -> Result<Vec<Effect>, Refusal> {
    match &next.state {
        State::PartlyReverted | State::RevertFailed => {}
        State::NeedsPost
        | State::Posting { .. }
        | State::Pending
        | State::Approved
        | State::Denied
        | State::Reverting { .. }
        | State::Reverted
        | State::AlreadyGone
        | State::ChangedByHand
        | State::Observed
        | State::Withdrawn
        | State::Ignored { .. } => return Err(Refusal::NothingToDo(next.state.name())),
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

fn removed_by_hand(
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
    // While somebody is posting, the withdrawal waits until the post is recorded.
    if matches!(next.state, State::Posting { .. }) {
        return Ok(Vec::new());
    }
    if next.all_removed_by_hand() {
        withdraw(next, now);
    } else if next.state == State::Pending {
        next.version += 1;
        next.card_tries.reset(now);
    }
    Ok(vec![Effect::Update])
}

fn withdraw(next: &mut Request, now: DateTime<Utc>) {
    next.state = State::Withdrawn;
    next.version += 1;
    next.card_tries.reset(now);
    next.note(now, "withdrawn");
}

fn claim_revert(next: &mut Request, lease: Lease, now: DateTime<Utc>) -> Result<Vec<Effect>, Refusal> {
    match &next.state {
        State::Denied => {}
        State::Reverting { lease: None } if next.revert_tries.not_before <= now => {}
        State::Reverting { lease: Some(held) } if held.until <= now => {}
        State::Reverting { .. } => return Err(Refusal::Leased),
        State::NeedsPost
        | State::Posting { .. }
        | State::Pending
        | State::Approved
        | State::Reverted
        | State::AlreadyGone
        | State::ChangedByHand
        | State::PartlyReverted
        | State::RevertFailed
        | State::Observed
        | State::Withdrawn
        | State::Ignored { .. } => return Err(Refusal::NothingToDo(next.state.name())),
    }
    let holder = lease.holder.clone();
    next.state = State::Reverting { lease: Some(lease) };
    Ok(vec![Effect::RevertNow(Box::new(DeniedRequest { request: next.clone(), holder }))])
}

fn held(next: &Request, holder: &str) -> Result<(), Refusal> {
    match &next.state {
        State::Reverting { lease: Some(lease) } if lease.holder == holder => Ok(()),
        State::NeedsPost
        | State::Posting { .. }
        | State::Pending
        | State::Approved
        | State::Denied
        | State::Reverting { .. }
        | State::Reverted
        | State::AlreadyGone
        | State::ChangedByHand
        | State::PartlyReverted
        | State::RevertFailed
        | State::Observed
        | State::Withdrawn
        | State::Ignored { .. } => Err(Refusal::ClaimLost),
    }
}

fn revert_ended(
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

fn set_fates(next: &mut Request, fates: Vec<Fate>) -> Result<(), Refusal> {
    let rules = next.change.opening.rules_mut();
    if fates.len() != rules.len() {
        return Err(Refusal::Mismatch { got: fates.len(), rules: rules.len() });
    }
    for (rule, fate) in rules.iter_mut().zip(fates) {
        rule.fate = fate;
    }
    Ok(())
}

/// The end of a revert. A rule that still stands counts as failed: nothing may look better than it is.
fn fold<'a>(fates: impl Iterator<Item = &'a Fate>) -> State {
    let (mut failed, mut changed, mut removed) = (false, false, false);
    for fate in fates {
        match fate {
            Fate::Failed { .. } | Fate::Standing => failed = true,
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

fn updated(
    next: &mut Request,
    shows: u32,
    card: Option<CardRef>,
    lost: &[CardRef],
    reply_used: bool,
    now: DateTime<Utc>,
) -> Vec<Effect> {
    next.cards.retain(|card| !lost.contains(card));
    if let Some(card) = card {
        next.adopt(card);
    }
    if reply_used && let Some(reply) = &mut next.reply {
        reply.uses_left = reply.uses_left.saturating_sub(1);
    }
    next.maybe_posted = false;
    // Not the larger of the two: a slow update may have overwritten a newer one, which then has to be shown again.
    next.rendered_version = shows;
    next.card_tries.reset(now);
    if shows < next.version { vec![Effect::Update] } else { Vec::new() }
}
