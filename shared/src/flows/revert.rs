//! A stored Deny -> the rules are gone, and seen to be gone.
//!
//! Describe; record the attempt; revoke by properties what is ours and still there; describe again. Between the last
//! describe and the revoke remains a race that EC2 offers no way to close (docs/decisions).

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::{
    clock::{Deadline, delta},
    domain::{
        change::{Fate, GroupKey},
        plan::Plan,
        request::{Failure, Request, State},
        rule::DescribedRule,
        step::{DeniedRequest, Effect, Event},
    },
    flows::context::{Advanced, Context, unless_damaged},
    ports::{Firewall, FirewallError, RequestStore, StoreError, Which},
};

/// How many reads in a row have to agree before absence or presence is believed.
const AGREEING_READS: u32 = 3;

/// How long between two reads.
const BETWEEN_READS: Duration = Duration::from_millis(500);

/// How long EC2 is given to show what a revoke did.
const VERIFY_FOR: Duration = Duration::from_secs(10);

/// How often a revert that may still succeed is tried: about 25 minutes in all.
const TRIES: u32 = 10;

/// How often rules are revoked one by one, where all at once was refused.
const ONE_BY_ONE: usize = 60;

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
            Effect::RevertNow(denied) => return take_back(context, *denied).await,
            Effect::Post | Effect::Update | Effect::Revert | Effect::Alarm => {}
        }
    }
    Ok(Reverted::NotOurs)
}

/// How a revoke went, as far as one can tell before looking.
enum Asked {
    /// EC2 took it, or it may have.
    Perhaps(Option<FirewallError>),
    /// EC2 will not do it.
    Refused(FirewallError),
    /// The claim is somebody else's by now.
    ClaimLost,
}

async fn take_back<S: RequestStore, C, F: Firewall>(
    context: &Context<S, C, F>,
    denied: DeniedRequest,
) -> Result<Reverted, StoreError> {
    let request = denied.request().clone();
    let holder = denied.holder();
    let Some(group) = request.change.place.group_key() else {
        let why = Failure {
            code: "UnknownGroup".to_owned(),
            doing: "- the record does not say in which group".to_owned(),
            hint: "Look at the CloudTrail event.".to_owned(),
        };
        let plan = Plan::make(request.change.opening.rules(), &[]);
        return end(context, request, holder, &plan, why, None).await;
    };
    let before = match look(context, &group, &request, Until::Believed).await {
        Ok(plan) => plan,
        Err(error) => return give_up_or_wait(context, request, holder, None, error).await,
    };
    tracing::info!(id = %request.change.id, %group, plan = %before, "revert planned");
    if before.is_empty() {
        return end(context, request, holder, &before, not_needed(), None).await;
    }
    let places = before.to_revoke().map(|(place, _)| place).collect();
    let attempted = Event::RevokeAttempted { holder: holder.to_owned(), rules: places };
    let Advanced::Done { request, .. } = context.advance(request, &attempted).await? else {
        return Ok(Reverted::NotOurs);
    };
    unless_damaged(context.store.note_own_revoke(&group, context.clock.now(), None).await)?;
    let rules: Vec<(usize, DescribedRule)> = before.to_revoke().map(|(place, rule)| (place, rule.clone())).collect();
    let (asked, request) = ask(context, &group, request, holder, &rules).await?;
    let answered_at = context.clock.now();
    let trouble = match asked {
        Asked::ClaimLost => return Ok(Reverted::NotOurs),
        Asked::Perhaps(trouble) => trouble,
        Asked::Refused(error) => Some(error),
    };
    match look(context, &group, &request, Until::Gone).await {
        Ok(after) if after.is_empty() => {
            let seen_after = milliseconds(answered_at, context.clock.now());
            end(context, request, holder, &after, not_needed(), Some(seen_after)).await
        }
        Ok(after) => give_up_or_wait(context, request, holder, Some(&after), trouble.unwrap_or_else(still_there)).await,
        Err(error) => give_up_or_wait(context, request, holder, None, error).await,
    }
}

fn milliseconds(from: DateTime<Utc>, to: DateTime<Utc>) -> u64 {
    u64::try_from((to - from).num_milliseconds()).unwrap_or_default()
}

fn still_there() -> FirewallError {
    FirewallError::Unavailable {
        doing: "when describing the rule after its revoke".to_owned(),
        why: "EC2 took the revoke, and still shows the rule".to_owned(),
    }
}

fn not_needed() -> Failure {
    Failure { code: String::new(), doing: String::new(), hint: String::new() }
}

/// Asks EC2 to remove the rules: all at once, and one by one where one of them spoils it for the others. Returns the request
/// as it stands then.
async fn ask<S: RequestStore, C, F: Firewall>(
    context: &Context<S, C, F>,
    group: &GroupKey,
    request: Request,
    holder: &str,
    rules: &[(usize, DescribedRule)],
) -> Result<(Asked, Request), StoreError> {
    let all: Vec<DescribedRule> = rules.iter().map(|(_, rule)| rule.clone()).collect();
    let trouble = match ask_once(context, group, &request, holder, &all).await? {
        Ok(true) => return Ok((Asked::Perhaps(None), request)),
        Ok(false) => return Ok((Asked::ClaimLost, request)),
        Err(error) => error,
    };
    match &trouble {
        FirewallError::GroupGone | FirewallError::Unavailable { .. } => {
            return Ok((Asked::Perhaps(Some(trouble)), request));
        }
        FirewallError::Refused { code, .. } if is_about_rights(code) || rules.len() == 1 => {
            return Ok((Asked::Refused(trouble), request));
        }
        FirewallError::RuleNotThere if rules.len() == 1 => return Ok((Asked::Perhaps(None), request)),
        FirewallError::RuleNotThere | FirewallError::Refused { .. } => {}
    }
    let (mut last, mut missed, mut taken) = (None, Vec::new(), false);
    for (place, rule) in rules.iter().take(ONE_BY_ONE) {
        match ask_once(context, group, &request, holder, std::slice::from_ref(rule)).await? {
            Ok(true) => taken = true,
            Ok(false) => return Ok((Asked::ClaimLost, request)),
            Err(FirewallError::RuleNotThere) => missed.push(*place),
            Err(error) => last = Some(error),
        }
    }
    let asked = match last {
        Some(error @ FirewallError::Refused { .. }) => Asked::Refused(error),
        other => Asked::Perhaps(other),
    };
    // That EC2 removed one now proves that it had removed none at once. If all are gone, it may have been us.
    if !taken || missed.is_empty() {
        return Ok((asked, request));
    }
    let event = Event::RevokeMissed { holder: holder.to_owned(), rules: missed };
    Ok(match context.advance(request.clone(), &event).await? {
        Advanced::Done { request, .. } => (asked, request),
        Advanced::Refused { .. } | Advanced::Vanished => (Asked::ClaimLost, request),
    })
}

/// Whether the error is about who may do it, so that no other selection of rules would fare better.
fn is_about_rights(code: &str) -> bool {
    ["UnauthorizedOperation", "AccessDenied", "AccessDeniedException", "AuthFailure", "InvalidClientTokenId"]
        .contains(&code)
}

/// One revoke, its request id recorded. `Ok(false)`: the claim was lost meanwhile.
async fn ask_once<S: RequestStore, C, F: Firewall>(
    context: &Context<S, C, F>,
    group: &GroupKey,
    request: &Request,
    holder: &str,
    rules: &[DescribedRule],
) -> Result<Result<bool, FirewallError>, StoreError> {
    let id = match context.firewall.revoke(group, rules).await {
        Ok(id) => id,
        Err(error) => return Ok(Err(error)),
    };
    let Some(request_id) = id else { return Ok(Ok(true)) };
    unless_damaged(context.store.note_own_revoke(group, context.clock.now(), Some(&request_id)).await)?;
    let event = Event::RevokeAnswered { holder: holder.to_owned(), request_id };
    let current = match context.store.load(&request.change.id).await? {
        Some(current) => current,
        None => return Ok(Ok(false)),
    };
    Ok(Ok(matches!(context.advance(current, &event).await?, Advanced::Done { .. })))
}

/// What to wait for while looking.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    /// Until several reads agree.
    Believed,
    /// Until several reads agree that nothing is left, as long as EC2 is given for that.
    Gone,
}

/// Describes the group until the reads agree. An answer that never came makes no read.
async fn look<S, C, F: Firewall>(
    context: &Context<S, C, F>,
    group: &GroupKey,
    request: &Request,
    until: Until,
) -> Result<Plan, FirewallError> {
    let begun = context.clock.now();
    let mut agreed: u32 = 0;
    let mut last: Option<Plan> = None;
    loop {
        let plan = match context.firewall.describe(group, &Which::All).await {
            Ok(there) => Plan::make(request.change.opening.rules(), &there),
            Err(FirewallError::GroupGone) => Plan::make(request.change.opening.rules(), &[]),
            Err(error) => return Err(error),
        };
        let same = last.as_ref() == Some(&plan);
        agreed = if same { agreed + 1 } else { 1 };
        let fresh = context.clock.now() - request.change.at < delta(VERIFY_FOR);
        let over = (context.clock.now() - begun).to_std().unwrap_or_default() >= VERIFY_FOR;
        let enough = match until {
            // A rule that is there needs no second look before it is revoked; absence does, and what was opened just now
            // may not be visible yet.
            Until::Believed => plan.0.iter().all(is_there_or_settled) || (agreed >= AGREEING_READS && !fresh),
            Until::Gone => plan.is_empty() && agreed >= AGREEING_READS,
        };
        if enough || over {
            return Ok(plan);
        }
        last = Some(plan);
        context.clock.sleep(BETWEEN_READS).await;
    }
}

fn is_there_or_settled(seen: &crate::domain::plan::Seen) -> bool {
    use crate::domain::plan::Seen;
    match seen {
        Seen::There(_) | Seen::Settled => true,
        Seen::Gone | Seen::Changed(_) => false,
    }
}

/// Ends the revert: every rule has its fate.
async fn end<S: RequestStore, C, F>(
    context: &Context<S, C, F>,
    request: Request,
    holder: &str,
    plan: &Plan,
    failure: Failure,
    verified_after_ms: Option<u64>,
) -> Result<Reverted, StoreError> {
    let still = Fate::Failed { why: failure.code.clone() };
    let event = Event::RevertEnded {
        holder: holder.to_owned(),
        fates: plan.fates(request.change.opening.rules(), &still),
        verified_after_ms,
        failure: Some(failure),
    };
    Ok(match context.advance(request, &event).await? {
        Advanced::Done { request, .. } => {
            log_end(&request);
            Reverted::Ended(Box::new(request))
        }
        Advanced::Refused { .. } | Advanced::Vanished => Reverted::NotOurs,
    })
}

fn log_end(request: &Request) {
    let id = &request.change.id;
    match request.state {
        State::PartlyReverted | State::RevertFailed => {
            let why = request.failure.as_ref().map(|failure| format!("{} {}", failure.code, failure.doing));
            tracing::error!(alarm = "revert_failed", %id, state = request.state.name(), ?why, "a denied rule is still open");
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
        | State::Observed
        | State::Withdrawn
        | State::Ignored { .. } => tracing::info!(%id, state = request.state.name(), "revert ended"),
    }
}

/// What may still succeed is tried again later; what can't, or was tried often enough, has failed.
async fn give_up_or_wait<S: RequestStore, C, F>(
    context: &Context<S, C, F>,
    request: Request,
    holder: &str,
    seen: Option<&Plan>,
    error: FirewallError,
) -> Result<Reverted, StoreError> {
    let rules = request.change.opening.rules();
    let failed = request.revert_tries.failed + 1;
    let (failure, final_now) = match &error {
        FirewallError::Refused { code, doing, hint, .. } => {
            (Failure { code: code.clone(), doing: doing.clone(), hint: hint.clone() }, true)
        }
        FirewallError::Unavailable { doing, why } => (
            Failure {
                code: why.clone(),
                doing: doing.clone(),
                hint: format!("Tried {failed} times. Retry when AWS answers again."),
            },
            failed >= TRIES,
        ),
        FirewallError::GroupGone | FirewallError::RuleNotThere => (
            Failure {
                code: "InvalidPermission.NotFound".to_owned(),
                doing: "when revoking a rule that describe still shows".to_owned(),
                hint: "EC2 contradicts itself; look at the group.".to_owned(),
            },
            failed >= TRIES,
        ),
    };
    // Nothing was seen: every rule that is not settled counts as still there.
    let fates = |still: &Fate| match seen {
        Some(plan) => plan.fates(rules, still),
        None => rules.iter().map(|rule| if is_open(&rule.fate) { still.clone() } else { rule.fate.clone() }).collect(),
    };
    let event = if final_now {
        let fates = fates(&Fate::Failed { why: failure.code.clone() });
        let failure = Some(failure);
        Event::RevertEnded { holder: holder.to_owned(), fates, verified_after_ms: None, failure }
    } else {
        tracing::warn!(id = %request.change.id, %error, failed, "revert postponed");
        Event::RevertPostponed {
            holder: holder.to_owned(),
            fates: fates(&Fate::Standing),
            not_before: context.back_off(request.revert_tries.failed, Duration::ZERO),
            error: error.to_string(),
        }
    };
    Ok(match context.advance(request, &event).await? {
        Advanced::Done { request, .. } if final_now => {
            log_end(&request);
            Reverted::Ended(Box::new(request))
        }
        Advanced::Done { .. } => Reverted::Postponed,
        Advanced::Refused { .. } | Advanced::Vanished => Reverted::NotOurs,
    })
}

fn is_open(fate: &Fate) -> bool {
    match fate {
        Fate::Standing | Fate::Failed { .. } => true,
        Fate::RemovedByHand { .. } | Fate::Removed | Fate::NotThere | Fate::Changed { .. } => false,
    }
}
