//! A modification is ignored where its rule let in no less before. Should that earlier value turn out not to stand, the
//! modification needs a decision of its own.
//!
//! Three ways lead here: the earlier value was denied, and the rule had escaped by being narrowed, whether that is read
//! before the Deny or after it; or a record that comes late shows that the rule had let in less in between.

use std::collections::BTreeMap;

use crate::{
    domain::{
        change::{Change, Fate, Ignored, Lookup, ModifiedRule, OpenedRule, Opening},
        ids::{RequestId, RuleId},
        request::{Request, State, Verdict},
        rule::IngressRule,
        step::Event,
    },
    flows::{
        context::{Advanced, Context, unless_damaged},
        withdraw::withdraw_if_noted,
    },
    ports::{Firewall, KnownValue, RequestStore, StoreError},
};

/// Before a Deny ends that leaves rules alone because they had been changed: whoever changed them has to be asked about.
/// `fates` are those of the rules, in order.
///
/// # Errors
/// The table did not answer.
pub async fn reopen_what_changed_them<S: RequestStore, C, F: Firewall>(
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

/// After a modification was stored as ignored, or read again as such: the value that it was judged by may be denied by now,
/// and the Deny found, or will find, what this one made of the rule, and leaves it alone.
///
/// # Errors
/// The table did not answer.
pub async fn reopen_if_denied<S: RequestStore, C, F: Firewall>(
    context: &Context<S, C, F>,
    ignored: &Request,
) -> Result<(), StoreError> {
    let Some(group) = ignored.change.place.group_key() else { return Ok(()) };
    let Opening::Unresolved(Lookup::Modified { rules }) = &ignored.change.opening else { return Ok(()) };
    let mut found = Found::new();
    for ModifiedRule { id, to, .. } in rules {
        let Some(to) = to else { continue };
        let values = unless_damaged(context.store.known_values(&group, id).await)?;
        if let Some(denied) = denied_before(context, ignored, id, to, &values).await? {
            let value = KnownValue { at: ignored.change.at, by: ignored.change.id.clone(), rule: to.clone() };
            add(&mut found, id, &value, &denied);
        }
    }
    reopen(context, found).await
}

/// The denied value that a rule had before it became `to`, if a Deny of it does not take `to` away.
async fn denied_before<S: RequestStore, C, F>(
    context: &Context<S, C, F>,
    ignored: &Request,
    id: &RuleId,
    to: &IngressRule,
    values: &[KnownValue],
) -> Result<Option<IngressRule>, StoreError> {
    let earlier = values.iter().rev().filter(|value| value.by != ignored.change.id && value.at <= ignored.change.at);
    for value in earlier {
        let Some(request) = unless_damaged(context.store.load(&value.by).await)? else { continue };
        // What does not ask about this rule was judged by a value that is earlier still, or could not be judged.
        let mut asked = request.change.opening.rules().iter();
        let Some(asked) = asked.find(|rule| rule.id.as_ref() == Some(id)) else { continue };
        let is_denied = request.state != State::Observed
            && request.decision.as_ref().is_some_and(|decision| decision.verdict == Verdict::Deny);
        let escaped = asked.rule != *to && matches!(asked.fate, Fate::Standing | Fate::Changed { .. });
        return Ok((is_denied && escaped).then(|| value.rule.clone()));
    }
    Ok(None)
}

/// After a modification was noted: a later one of the same rule may have been judged by a value that was older still.
///
/// # Errors
/// The table did not answer.
pub async fn reopen_what_came_after<S: RequestStore, C, F: Firewall>(
    context: &Context<S, C, F>,
    change: &Change,
    modified: &[ModifiedRule],
) -> Result<(), StoreError> {
    let Some(group) = change.place.group_key() else { return Ok(()) };
    let mut found = Found::new();
    for ModifiedRule { id, to, .. } in modified {
        let Some(to) = to else { continue };
        let values = unless_damaged(context.store.known_values(&group, id).await)?;
        // Events of one second leave their order open: each of this second and of the next one that brought a change may
        // have been judged by what was before.
        let next_at = values.iter().map(|value| value.at).find(|at| *at > change.at);
        let is_next =
            |value: &&KnownValue| value.by != change.id && (value.at == change.at || Some(value.at) == next_at);
        for next in values.iter().filter(is_next).filter(|next| !to.covers(&next.rule)) {
            add(&mut found, id, next, to);
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

async fn reopen<S: RequestStore, C, F: Firewall>(context: &Context<S, C, F>, found: Found) -> Result<(), StoreError> {
    for (by, rules) in found {
        let Some(mut request) = context.store.load(&by).await? else { continue };
        if matches!(request.state, State::Ignored { reason: Ignored::Narrowing | Ignored::DescriptionOnly }) {
            tracing::warn!(id = %by, rules = rules.len(), "an ignored modification is asked about after all");
            let reopened = context.advance(request, &Event::Reopened(Opening::Modified { rules })).await?;
            let Advanced::Done { request: next, .. } = reopened else { continue };
            request = next;
        }
        // Its rules may have been removed by hand while it was ignored. Also where an earlier try got no further.
        if request.state.awaits_decision() {
            withdraw_if_noted(context, &request).await?;
        }
    }
    Ok(())
}
