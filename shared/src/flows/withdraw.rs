//! Revokes by somebody else: an opening that is gone already needs no decision.
//!
//! Both orders of reading are covered: a revoke looks for the openings of its group, and leaves a note there that an
//! opening which is read later finds.

use crate::{
    domain::{
        change::{Fate, GroupKey, Ignored, OpenedRule, RemovedRules, Revocation, RuleName},
        plan::Seen,
        request::Request,
        step::Event,
    },
    flows::{
        context::{Advanced, Context, unless_damaged},
        look::{Until, look},
    },
    ports::{Firewall, GroupNotes, RequestStore, StoreError},
};

/// What a revoke came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withdrawal {
    /// It was noted, and withdrew so many openings.
    Noted(u64),
    /// It makes no difference.
    Ignored(Ignored),
}

/// Takes in a revoke.
///
/// # Errors
/// The table did not take it.
pub async fn withdraw<S: RequestStore, C, F: Firewall>(
    context: &Context<S, C, F>,
    revocation: &Revocation,
) -> Result<Withdrawal, StoreError> {
    let Some(group) = revocation.place.group_key() else {
        return Ok(Withdrawal::Ignored(Ignored::UnknownGroup));
    };
    let is_own = is_own(context, &group, revocation, &unless_damaged(context.store.group_notes(&group).await)?);
    if !is_own {
        unless_damaged(context.store.note_revocation(&group, revocation).await)?;
    }
    let mut withdrawn = 0;
    for id in context.store.open_in(&group).await? {
        match context.store.load(&id).await {
            Ok(Some(request)) => withdrawn += u64::from(apply(context, &group, request, revocation).await?.1),
            Ok(None) => {}
            // One bad item never stops the others.
            Err(error @ StoreError::Corrupt { .. }) => {
                tracing::error!(alarm = "damaged_item", %error, "an open request was left out");
            }
            Err(error) => return Err(error),
        }
    }
    // A revert of ours may have taken rules of another request along: those are gone all the same.
    Ok(if is_own { Withdrawal::Ignored(Ignored::OwnRevert) } else { Withdrawal::Noted(withdrawn) })
}

/// Looks whether a request had been taken back before it was read. True if that withdrew it.
///
/// # Errors
/// The table did not answer.
pub async fn withdraw_if_noted<S: RequestStore, C, F: Firewall>(
    context: &Context<S, C, F>,
    request: &Request,
) -> Result<bool, StoreError> {
    Ok(apply_notes(context, request.clone()).await?.1)
}

/// The same for whoever goes on with the request: as it stands after that, and whether that withdrew it.
///
/// # Errors
/// The table did not answer.
pub async fn apply_notes<S: RequestStore, C, F: Firewall>(
    context: &Context<S, C, F>,
    mut request: Request,
) -> Result<(Request, bool), StoreError> {
    let Some(group) = request.change.place.group_key() else { return Ok((request, false)) };
    let notes = unless_damaged(context.store.group_notes(&group).await)?;
    for revocation in &notes.revocations {
        let mut places = 0..request.change.opening.rules().len();
        if !places.any(|place| !matches!(matches(&request, place, revocation), Match::No)) {
            continue;
        }
        let Some(current) = context.store.load(&request.change.id).await? else { return Ok((request, false)) };
        let (current, withdrawn) = apply(context, &group, current, revocation).await?;
        request = current;
        if withdrawn {
            return Ok((request, true));
        }
    }
    Ok((request, false))
}

/// A revoke is our own only if we know its request id, or the spoke role made it and we had asked for one there: session
/// names prove nothing.
fn is_own<S, C, F>(context: &Context<S, C, F>, group: &GroupKey, revocation: &Revocation, notes: &GroupNotes) -> bool {
    let spoke = context.config.roles.spoke_arn(&group.region, &group.account);
    notes.own_revokes.iter().any(|id| id == revocation.id.as_str())
        || (notes.attempted_at.is_some() && revocation.issuer_arn.as_deref() == Some(spoke.as_str()))
}

/// Marks the rules that the revoke removed: the request as it stands then, and whether that withdrew it.
async fn apply<S: RequestStore, C, F: Firewall>(
    context: &Context<S, C, F>,
    group: &GroupKey,
    request: Request,
    revocation: &Revocation,
) -> Result<(Request, bool), StoreError> {
    if !request.state.awaits_decision() {
        return Ok((request, false));
    }
    let mut removed = Vec::new();
    let mut unsure = Vec::new();
    for (place, rule) in request.change.opening.rules().iter().enumerate() {
        if rule.fate != Fate::Standing {
            continue;
        }
        match matches(&request, place, revocation) {
            Match::Yes if may_be_another(context, group, &request, rule, revocation).await? => unsure.push(place),
            Match::Yes => removed.push(place),
            Match::Unsure => unsure.push(place),
            Match::No => {}
        }
    }
    if !unsure.is_empty() {
        removed.extend(gone_of(context, group, &request, &unsure).await);
    }
    if removed.is_empty() {
        return Ok((request, false));
    }
    let event = Event::RemovedByHand { rules: removed, by: revocation.actor.name(), at: revocation.at };
    match context.advance(request.clone(), &event).await? {
        // Without a card it is withdrawn once its post is recorded.
        Advanced::Done { request, .. } => {
            let withdrawn = request.all_removed_by_hand();
            Ok((request, withdrawn))
        }
        Advanced::Refused { request, .. } => Ok((request, false)),
        Advanced::Vanished => Ok((request, false)),
    }
}

/// A revoke that names no ids removed a rule of these properties. Was this one changed since it was opened, that may have
/// been another, opened later: then EC2 tells.
async fn may_be_another<S: RequestStore, C, F>(
    context: &Context<S, C, F>,
    group: &GroupKey,
    request: &Request,
    rule: &OpenedRule,
    revocation: &Revocation,
) -> Result<bool, StoreError> {
    let (Some(id), RemovedRules::Named { ids, .. }) = (&rule.id, &revocation.removed) else { return Ok(false) };
    if !ids.is_empty() {
        return Ok(false);
    }
    let values = unless_damaged(context.store.known_values(group, &RuleName::Id(id.clone())).await)?;
    Ok(values
        .iter()
        .any(|value| value.by != request.change.id && value.at >= request.change.at && value.rule != rule.rule))
}

/// Whether the revoke may have removed a rule of the request that stands, and only EC2 can tell.
#[must_use]
pub fn perhaps_removed(request: &Request, revocation: &Revocation) -> bool {
    let rules = request.change.opening.rules().iter().enumerate();
    let mut standing = rules.filter(|(_, rule)| rule.fate == Fate::Standing);
    standing.any(|(place, _)| matches!(matches(request, place, revocation), Match::Unsure))
}

/// Whether a revoke removed one rule of a request.
enum Match {
    Yes,
    No,
    /// Only EC2 can tell.
    Unsure,
}

fn matches(request: &Request, place: usize, revocation: &Revocation) -> Match {
    let Some(opened) = request.change.opening.rules().get(place) else { return Match::No };
    let later = revocation.at > request.change.at;
    // CloudTrail's times are whole seconds: within one, the order is not known, and a wrong guess would hide an opening.
    let perhaps = revocation.at == request.change.at;
    match (&revocation.removed, &opened.id) {
        (RemovedRules::Named { ids, .. }, Some(id)) if !ids.is_empty() => {
            if ids.contains(id) {
                Match::Yes
            } else {
                Match::No
            }
        }
        (RemovedRules::Named { rules, .. }, Some(_) | None) if rules.contains(&opened.rule) => match (later, perhaps) {
            (true, _) => Match::Yes,
            (false, true) => Match::Unsure,
            (false, false) => Match::No,
        },
        (RemovedRules::Named { ids, .. }, None) if !ids.is_empty() && (later || perhaps) => Match::Unsure,
        (RemovedRules::Unknown, Some(_) | None) if later || perhaps => Match::Unsure,
        (RemovedRules::Named { .. } | RemovedRules::Unknown, Some(_) | None) => Match::No,
    }
}

/// Which of these rules EC2 does not show any more. Where EC2 does not answer, none: the opening goes on awaiting.
async fn gone_of<S, C, F: Firewall>(
    context: &Context<S, C, F>,
    group: &GroupKey,
    request: &Request,
    places: &[usize],
) -> Vec<usize> {
    match look(context, group, request, Until::Believed).await {
        Ok(plan) => places.iter().copied().filter(|place| plan.0.get(*place) == Some(&Seen::Gone)).collect(),
        Err(error) => {
            tracing::warn!(%error, %group, "not known whether a rule is gone; its request goes on awaiting a decision");
            Vec::new()
        }
    }
}
