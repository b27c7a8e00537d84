//! One rule may be asked about on several cards. What was approved on one of them is not revoked by a Deny of another.
//!
//! A revert says in the notes of the group that it has begun, and looks for approvals then; an Approve looks for reverts
//! that have begun, and is stored then. Each writes before it reads, so one of the two sees the other. An Approve that
//! looked before, and is stored after, meets a request that the revert has touched: it has to look again.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, TryStreamExt, stream};

use crate::{
    domain::{
        change::{Fate, GroupKey, OpenedRule, RuleName},
        ids::{RequestId, RuleId},
        request::{Phase, Request, Verdict},
        rule::DescribedRule,
        step::Event,
    },
    flows::context::{Advanced, Context, unless_damaged},
    ports::{KnownValue, RequestStore, StoreError},
};

/// Notes and requests that are read side by side.
const READS_AT_ONCE: usize = 16;

/// Of the rules that a Deny is about to remove, those that stay: their places, and who approved them where. A rule stays if
/// the change that was approved came after the denied one, or in the same second, and let in as much.
///
/// To be called once the revert is noted as begun.
///
/// # Errors
/// The table did not answer.
pub async fn approved_elsewhere<S: RequestStore, C, F>(
    context: &Context<S, C, F>,
    group: &GroupKey,
    denied: &Request,
    rules: &[(usize, DescribedRule)],
) -> Result<BTreeMap<usize, Fate>, StoreError> {
    let opened = denied.change.opening.rules();
    let ours: Vec<(usize, OpenedRule, RuleId)> = rules
        .iter()
        .filter_map(|(place, there)| Some((*place, opened.get(*place)?.clone(), there.id.clone())))
        .collect();
    let found: Vec<BTreeSet<RequestId>> = stream::iter(ours.clone())
        .map(|(_, opened, id)| async move { others(context, group, denied, &opened, &id).await })
        .buffered(READS_AT_ONCE)
        .try_collect()
        .await?;
    let mut asking = Vec::new();
    for id in found.into_iter().flatten().collect::<BTreeSet<_>>() {
        let other = unless_damaged(context.store.load(&id).await)?;
        let other = other.filter(|other| ours.iter().any(|(_, opened, id)| asks_for(other, opened, id)));
        asking.extend(contested(context, other, &denied.change.id).await?);
    }
    let approval_of =
        |opened: &OpenedRule, id: &RuleId| asking.iter().filter(|other| asks_for(other, opened, id)).find_map(approval);
    Ok(ours.iter().filter_map(|(place, opened, id)| Some((*place, approval_of(opened, id)?))).collect())
}

/// The requests of later changes that gave the rule the value that was denied, or a wider one.
async fn others<S: RequestStore, C, F>(
    context: &Context<S, C, F>,
    group: &GroupKey,
    denied: &Request,
    opened: &OpenedRule,
    id: &RuleId,
) -> Result<BTreeSet<RequestId>, StoreError> {
    let mut names = vec![RuleName::Id(id.clone())];
    names.extend(opened.id.is_none().then(|| opened.name()));
    let mut found = BTreeSet::new();
    for name in names {
        let values = unless_damaged(context.store.known_values(group, &name).await)?;
        // Where the denied record gave no id, a rule that was known by its id before is certainly another one.
        let is_later = |value: &KnownValue| value.at >= denied.change.at || name != opened.name();
        let gives_it = |value: &&KnownValue| is_later(value) && value.rule.covers(&opened.rule);
        for value in values.iter().filter(gives_it) {
            // What a card left out is asked about by a part of it.
            found.extend([value.by.part(id), value.by.clone()]);
        }
    }
    found.remove(&denied.change.id);
    Ok(found)
}

/// Whether a card asked about this very rule, with as much let in. A call may have changed rules that its card leaves out:
/// who approves the others has not approved these.
fn asks_for(other: &Request, opened: &OpenedRule, id: &RuleId) -> bool {
    other.change.opening.rules().iter().any(|asked| {
        // Without an id in its record a rule is known by its properties only.
        asked.id.as_ref().is_none_or(|asked| asked == id) && asked.rule.covers(&opened.rule)
    })
}

/// A request that awaits its decision is touched: whoever is about to approve it has to look again.
async fn contested<S: RequestStore, C, F>(
    context: &Context<S, C, F>,
    request: Option<Request>,
    denied: &RequestId,
) -> Result<Option<Request>, StoreError> {
    let Some(request) = request else { return Ok(None) };
    if !request.state.awaits_decision() {
        return Ok(Some(request));
    }
    Ok(match context.advance(request, &Event::Contested { by: denied.clone() }).await? {
        Advanced::Done { request, .. } | Advanced::Refused { request, .. } => Some(request),
        Advanced::Vanished => None,
    })
}

fn approval(request: &Request) -> Option<Fate> {
    let decision = request.decision.as_ref().filter(|decision| decision.verdict == Verdict::Approve)?;
    Some(Fate::Approved {
        on: request.change.id.clone(),
        by: decision.by.clone(),
        by_name: decision.by_name.clone(),
        at: decision.at,
    })
}

/// A request whose revert is about to remove one of the rules of this one, on the strength of a Deny on another card.
///
/// # Errors
/// The table did not answer.
pub async fn being_removed<S: RequestStore, C, F>(
    context: &Context<S, C, F>,
    request: &Request,
) -> Result<Option<Request>, StoreError> {
    let Some(group) = request.change.place.group_key() else { return Ok(None) };
    let notes = unless_damaged(context.store.group_notes(&group).await)?;
    let others: Vec<RequestId> = notes.reverting.into_iter().filter(|id| *id != request.change.id).collect();
    let others: Vec<Option<Request>> = stream::iter(others)
        .map(|id| async move { unless_damaged(context.store.load(&id).await) })
        .buffered(READS_AT_ONCE)
        .try_collect()
        .await?;
    let rules = request.change.opening.rules();
    // By properties: that is how EC2 is asked.
    let removes_one = |other: &Request| {
        other.state.phase() == Phase::Reverting
            && other
                .change
                .opening
                .rules()
                .iter()
                .filter(|rule| rule.fate == Fate::Standing)
                .any(|denied| rules.iter().any(|rule| rule.fate == Fate::Standing && rule.rule == denied.rule))
    };
    Ok(others.into_iter().flatten().find(removes_one))
}

/// The request that asks about a rule which a change gave a value: the change's own, or the part of it that asks about this
/// rule alone. `None`: nobody was asked.
///
/// # Errors
/// The table did not answer.
pub async fn asking_about<S: RequestStore, C, F>(
    context: &Context<S, C, F>,
    change: &RequestId,
    rule: &RuleId,
) -> Result<Option<Request>, StoreError> {
    for id in [change.clone(), change.part(rule)] {
        let Some(request) = unless_damaged(context.store.load(&id).await)? else { return Ok(None) };
        if request.change.opening.rules().iter().any(|opened| opened.id.as_ref() == Some(rule)) {
            return Ok(Some(request));
        }
        if !request.change.opening.leaves_out(rule) {
            return Ok(None);
        }
    }
    Ok(None)
}
