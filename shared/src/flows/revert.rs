//! A stored Deny -> the rules are gone, and seen to be gone.
//!
//! Describe; record the attempt; revoke by properties what is ours and still there; describe again. Between the last
//! describe and the revoke remains a race that EC2 offers no way to close (docs/decisions).

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::{
    clock::Deadline,
    domain::{
        change::{Fate, GroupKey},
        ids::RuleId,
        plan::{NOT_UNDERSTOOD, Plan},
        request::{Failure, Request},
        rule::DescribedRule,
        step::{DeniedRequest, Effect, Event, Transition, step},
    },
    flows::{
        context::{Advanced, Context, unless_damaged},
        elsewhere::approved_elsewhere,
        look::{Until, look},
        reopen::reopen_what_changed_them,
        revoke::{Asked, ask},
    },
    ports::{Firewall, FirewallError, RequestStore, RevertNote, StoreError},
};

/// How often a revert that may still succeed is tried: about 25 minutes in all.
const TRIES: u32 = 10;

/// What a try to revert came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reverted {
    /// It is over; the request as it stands now.
    Ended(Box<Request>),
    /// It may still succeed, later.
    Postponed,
    /// Somebody else is at it, or there is nothing to revert.
    NotOurs,
}

/// Takes a denied opening back; nothing at all while `[mode] revert = false`.
///
/// # Errors
/// The table did not take a step: the lease runs out, and the next tick goes on.
pub async fn revert<S: RequestStore, C, F: Firewall>(
    context: &Context<S, C, F>,
    request: Request,
    deadline: Deadline,
) -> Result<Reverted, StoreError> {
    if !context.config.mode.revert {
        return Ok(Reverted::NotOurs);
    }
    let lease = context.lease(deadline);
    let Advanced::Done { effects, .. } = context.advance(request, &Event::ClaimRevert(lease)).await? else {
        return Ok(Reverted::NotOurs);
    };
    for effect in effects {
        match effect {
            // Boxed: the whole of a revert is a large future, and callers' stacks are small.
            Effect::RevertNow(denied) => return Box::pin(take_back(context, *denied)).await,
            Effect::Update | Effect::Revert | Effect::Alarm => {}
        }
    }
    Ok(Reverted::NotOurs)
}

async fn take_back<S: RequestStore, C, F: Firewall>(
    context: &Context<S, C, F>,
    denied: DeniedRequest,
) -> Result<Reverted, StoreError> {
    let request = denied.request().clone();
    let holder = denied.holder();
    let Some(group) = request.change.place.group_key() else {
        let plan = Plan::make(request.change.opening.rules(), &[]);
        return end(context, request, holder, &plan, &|_| Some(unknown_group()), None).await;
    };
    let begun = RevertNote::Begun(request.change.id.clone());
    unless_damaged(context.store.note_revert(&group, context.clock.now(), &begun).await)?;
    let before = match look(context, &group, &request, Until::Believed).await {
        Ok(plan) => plan,
        Err(error) => return nothing_seen(context, request, holder, error).await,
    };
    tracing::info!(id = %request.change.id, %group, plan = %before, "revert planned");
    if before.is_empty() {
        return end(context, request, holder, &before, &|_| None, None).await;
    }
    let mut rules: Vec<_> = before.to_revoke().map(|(place, rule)| (place, rule.clone())).collect();
    let stay = approved_elsewhere(context, &group, &request, &rules).await?;
    rules.retain(|(place, _)| !stay.contains_key(place));
    let places = rules.iter().map(|(place, _)| *place).collect();
    let first_asked: Vec<(usize, RuleId)> = rules
        .iter()
        .filter(|(place, _)| request.change.opening.rules().get(*place).is_some_and(|rule| !rule.asked))
        .map(|(place, rule)| (*place, rule.id.clone()))
        .collect();
    let attempted = Event::RevokeAttempted { holder: holder.to_owned(), rules: places, stay };
    let Advanced::Done { request, .. } = context.advance(request, &attempted).await? else {
        return Ok(Reverted::NotOurs);
    };
    if rules.is_empty() {
        let kept = before.settled_as(request.change.opening.rules());
        return end(context, request, holder, &kept, &|_| None, None).await;
    }
    let asked = ask(context, &group, &request.change.id, holder, &rules).await?;
    if asked.claim_lost {
        return Ok(Reverted::NotOurs);
    }
    let mut request = request;
    for not_ours in not_ours(&asked, first_asked, holder) {
        let Advanced::Done { request: noted, .. } = context.advance(request, &not_ours).await? else {
            return Ok(Reverted::NotOurs);
        };
        request = noted;
    }
    verify(context, &group, request, holder, &asked).await
}

/// What is to be noted of rules that EC2 was asked to remove and that it certainly did not remove for us.
fn not_ours(asked: &Asked, first_asked: Vec<(usize, RuleId)>, holder: &str) -> Vec<Event> {
    let holder = holder.to_owned();
    let mut events = Vec::new();
    if !asked.missed.is_empty() {
        events.push(Event::RevokeMissed { holder: holder.clone(), rules: asked.missed.clone() });
    }
    // Where EC2 was asked before, that call may have been carried out late.
    let refused = first_asked.into_iter().filter(|(_, id)| asked.refused.contains_key(id));
    let rules: Vec<usize> = refused.map(|(place, _)| place).collect();
    if !rules.is_empty() {
        events.push(Event::RevokeRefused { holder, rules });
    }
    events
}

/// Looks what became of the rules, and ends the revert or leaves it for another try.
async fn verify<S: RequestStore, C, F: Firewall>(
    context: &Context<S, C, F>,
    group: &GroupKey,
    request: Request,
    holder: &str,
    asked: &Asked,
) -> Result<Reverted, StoreError> {
    let answered_at = context.clock.now();
    // What was refused will not go: then one look is enough.
    let until = if asked.refused.is_empty() { Until::Gone } else { Until::Believed };
    let after = match look(context, group, &request, until).await {
        Ok(plan) => plan,
        Err(error) => return nothing_seen(context, request, holder, error).await,
    };
    if after.is_empty() {
        let seen_after = milliseconds(answered_at, context.clock.now());
        return end(context, request, holder, &after, &|_| None, Some(seen_after)).await;
    }
    let still: Vec<_> = after.to_revoke().map(|(_, rule)| asked.why_still_there(&rule.id)).collect();
    let may_succeed = still.iter().find_map(|why| why.as_ref().ok());
    if let Some(error) = may_succeed
        && request.revert_tries.failed + 1 < TRIES
    {
        let fates = after.fates(request.change.opening.rules(), &|_| Fate::Standing);
        return postpone(context, request, holder, fates, error).await;
    }
    let tried = request.revert_tries.failed + 1;
    let why = |rule: &DescribedRule| {
        let (Ok(error) | Err(error)) = asked.why_still_there(&rule.id);
        Some(failure(&error, tried))
    };
    end(context, request, holder, &after, &why, None).await
}

fn unknown_group() -> Failure {
    Failure {
        code: "UnknownGroup".to_owned(),
        doing: "- the record does not say in which group".to_owned(),
        hint: "Look at the CloudTrail event.".to_owned(),
    }
}

fn not_understood() -> Failure {
    Failure {
        code: NOT_UNDERSTOOD.to_owned(),
        doing: "- EC2 shows something else under the rule's id that Portcullis does not understand".to_owned(),
        hint: "Look at the rule in the console.".to_owned(),
    }
}

fn milliseconds(from: DateTime<Utc>, to: DateTime<Utc>) -> u64 {
    u64::try_from((to - from).num_milliseconds()).unwrap_or_default()
}

/// What to tell a person of a rule that stays, after so many tries.
fn failure(error: &FirewallError, tries: u32) -> Failure {
    match error {
        FirewallError::Refused { code, doing, hint, .. } => {
            Failure { code: code.clone(), doing: doing.clone(), hint: hint.clone() }
        }
        FirewallError::Unavailable { doing, why } => Failure {
            code: why.clone(),
            doing: doing.clone(),
            hint: format!("Tried {tries} times. Retry when AWS answers again."),
        },
        FirewallError::GroupGone | FirewallError::RuleNotThere => Failure {
            code: "InvalidPermission.NotFound".to_owned(),
            doing: "when revoking a rule that describe still shows".to_owned(),
            hint: "EC2 contradicts itself; look at the group.".to_owned(),
        },
    }
}

/// Ends the revert: every rule has its fate. `why` tells what keeps a rule that is still there.
async fn end<S: RequestStore, C, F: Firewall>(
    context: &Context<S, C, F>,
    request: Request,
    holder: &str,
    plan: &Plan,
    why: &(dyn Fn(&DescribedRule) -> Option<Failure> + Sync),
    verified_after_ms: Option<u64>,
) -> Result<Reverted, StoreError> {
    let failed = |rule: &DescribedRule| Fate::Failed { why: why(rule).map(|why| why.code).unwrap_or_default() };
    let fates = plan.fates(request.change.opening.rules(), &failed);
    let failure = plan.to_revoke().find_map(|(_, rule)| why(rule));
    let failure = failure.or_else(|| plan.needs_a_person().then(not_understood));
    finish(context, request, holder, fates, failure, verified_after_ms).await
}

async fn finish<S: RequestStore, C, F: Firewall>(
    context: &Context<S, C, F>,
    request: Request,
    holder: &str,
    fates: Vec<Fate>,
    failure: Option<Failure>,
    verified_after_ms: Option<u64>,
) -> Result<Reverted, StoreError> {
    // First: a crash in between leaves a card too many, never one too few.
    reopen_what_changed_them(context, &request, &fates).await?;
    let event = Event::RevertEnded { holder: holder.to_owned(), fates, verified_after_ms, failure };
    // First, too: whoever is killed after the commit could not raise it any more, and nobody would try again.
    raise_alarm(&request, &event, context.clock.now());
    let Advanced::Done { request, .. } = context.advance(request, &event).await? else {
        return Ok(Reverted::NotOurs);
    };
    tracing::info!(id = %request.change.id, state = request.state.name(), "revert ended");
    if let Some(group) = request.change.place.group_key() {
        let ended = RevertNote::Ended(request.change.id.clone());
        unless_damaged(context.store.note_revert(&group, context.clock.now(), &ended).await)?;
    }
    Ok(Reverted::Ended(Box::new(request)))
}

fn raise_alarm(request: &Request, event: &Event, now: DateTime<Utc>) {
    // What is refused ends nothing.
    let Ok(Transition { next, effects, .. }) = step(request, event.clone(), now, "") else { return };
    if effects.contains(&Effect::Alarm) {
        let (id, state) = (&next.change.id, next.state.name());
        let why = next.failure.as_ref().map(|failure| format!("{} {}", failure.code, failure.doing));
        tracing::error!(alarm = "revert_failed", %id, state, ?why, "a denied rule is still open");
    }
}

/// EC2 showed nothing: every rule that is not settled counts as still there.
async fn nothing_seen<S: RequestStore, C, F: Firewall>(
    context: &Context<S, C, F>,
    request: Request,
    holder: &str,
    error: FirewallError,
) -> Result<Reverted, StoreError> {
    let tries = request.revert_tries.failed + 1;
    let fates = |open: &Fate| {
        let rules = request.change.opening.rules().iter();
        rules.map(|rule| if rule.fate.is_settled() { rule.fate.clone() } else { open.clone() }).collect()
    };
    if matches!(error, FirewallError::Unavailable { .. }) && tries < TRIES {
        let fates = fates(&Fate::Standing);
        return postpone(context, request, holder, fates, &error).await;
    }
    let failure = failure(&error, tries);
    let fates = fates(&Fate::Failed { why: failure.code.clone() });
    finish(context, request, holder, fates, Some(failure), None).await
}

/// What may still succeed is tried again later.
async fn postpone<S: RequestStore, C, F>(
    context: &Context<S, C, F>,
    request: Request,
    holder: &str,
    fates: Vec<Fate>,
    error: &FirewallError,
) -> Result<Reverted, StoreError> {
    tracing::warn!(id = %request.change.id, %error, failed = request.revert_tries.failed + 1, "revert postponed");
    let event = Event::RevertPostponed {
        holder: holder.to_owned(),
        fates,
        not_before: context.back_off(request.revert_tries.failed, Duration::ZERO),
        error: error.to_string(),
    };
    Ok(match context.advance(request, &event).await? {
        Advanced::Done { .. } => Reverted::Postponed,
        Advanced::Refused { .. } | Advanced::Vanished => Reverted::NotOurs,
    })
}
