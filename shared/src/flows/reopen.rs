//! A modification is ignored where its rule let in no less before. Should that earlier value turn out not to stand, the
//! modification needs a decision of its own.
//!
//! Two ways lead here: the earlier value was denied, and the rule had escaped by being narrowed; or a record that comes
//! late shows that the rule had let in less in between.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::{
    domain::{
        change::{Change, Fate, Ignored, ModifiedRule, OpenedRule, Opening},
        ids::{RequestId, RuleId},
        request::{Request, State},
        rule::IngressRule,
        step::Event,
    },
    flows::context::{Context, unless_damaged},
    ports::{KnownValue, RequestStore, StoreError},
};

/// Before a Deny ends that leaves rules alone because they had been changed: whoever changed them has to be asked about.
/// `fates` are those of the rules, in order.
///
/// # Errors
/// The table did not answer.
pub async fn reopen_what_changed_them<S: RequestStore, C, F>(
    context: &Context<S, C, F>,
    denied: &Request,
    fates: &[Fate],
) -> Result<(), StoreError> {
    let Some(group) = denied.change.place.group_key() else { return Ok(()) };
    let mut found = Found::new();
    for (rule, fate) in denied.change.opening.rules().iter().zip(fates) {
        let (Fate::Changed { now }, Some(id)) = (fate, &rule.id) else { continue };
        let values = unless_damaged(context.store.known_values(&group, id).await)?;
        if let Some(value) = values.iter().rev().find(|value| value.rule == *now) {
            add(&mut found, id, value, &rule.rule);
        }
    }
    reopen(context, found).await
}

/// After a modification was noted: a later one of the same rule may have been judged by a value that was older still.
///
/// # Errors
/// The table did not answer.
pub async fn reopen_what_came_after<S: RequestStore, C, F>(
    context: &Context<S, C, F>,
    change: &Change,
    modified: &[ModifiedRule],
) -> Result<(), StoreError> {
    let Some(group) = change.place.group_key() else { return Ok(()) };
    let mut found = Found::new();
    for ModifiedRule { id, to, .. } in modified {
        let Some(to) = to else { continue };
        let next = unless_damaged(context.store.known_values(&group, id).await)?
            .into_iter()
            .find(|value| is_after(value, change.at));
        if let Some(next) = next.filter(|next| !to.covers(&next.rule)) {
            add(&mut found, id, &next, to);
        }
    }
    reopen(context, found).await
}

/// The rules to ask about, by the change that made them what they are.
type Found = BTreeMap<RequestId, Vec<OpenedRule>>;

fn add(found: &mut Found, id: &RuleId, value: &KnownValue, earlier: &IngressRule) {
    let mut rule = OpenedRule::new(value.rule.clone(), Some(id.clone()), None);
    rule.earlier = Some(earlier.clone());
    found.entry(value.by.clone()).or_default().push(rule);
}

fn is_after(value: &KnownValue, at: DateTime<Utc>) -> bool {
    value.at > at
}

async fn reopen<S: RequestStore, C, F>(context: &Context<S, C, F>, found: Found) -> Result<(), StoreError> {
    for (by, rules) in found {
        let Some(request) = context.store.load(&by).await? else { continue };
        if !matches!(request.state, State::Ignored { reason: Ignored::Narrowing | Ignored::DescriptionOnly }) {
            continue;
        }
        tracing::warn!(id = %by, rules = rules.len(), "an ignored modification is asked about after all");
        context.advance(request, &Event::Reopened(Opening::Modified { rules })).await?;
    }
    Ok(())
}
