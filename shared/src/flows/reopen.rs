//! A modification is ignored where its rule let in no less before. Should that earlier value turn out not to stand, the
//! modification needs a decision of its own.
//!
//! Three ways lead here: the earlier value was denied, and the rule had escaped by being narrowed, whether that is read
//! before the Deny or after it; or a record that comes late shows that the rule had let in less in between.

use std::collections::BTreeMap;

use crate::{
    domain::{
        change::{Change, Fate, Lookup, ModifiedRule, OpenedRule, Opening, RuleName},
        ids::{RequestId, RuleId},
        request::{Request, State, Verdict},
        rule::IngressRule,
        step::Event,
    },
    flows::{
        context::{Advanced, Context, unless_damaged},
        elsewhere::asking_about,
        resolve::may_be_reopened,
        withdraw::withdraw_if_noted,
    },
    ports::{Firewall, Inserted, KnownValue, RequestStore, StoreError},
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
        let values = unless_damaged(context.store.known_values(&group, &RuleName::Id(id.clone())).await)?;
        if let Some(value) = values.iter().rev().find(|value| value.rule == *now) {
            add(&mut found, id, value, &rule.rule);
        }
    }
    reopen(context, found).await
}

/// After a modification was stored, or read again, that was ignored or leaves some of its rules out: the value that these
/// were judged by may be denied by now, and the Deny found, or will find, what this one made of the rule, and leaves it alone.
/// Or somebody noted another value while it was judged, and looked for what came after before this one was stored.
///
/// # Errors
/// The table did not answer.
pub async fn judge_again<S: RequestStore, C, F: Firewall>(
    context: &Context<S, C, F>,
    modification: &Request,
) -> Result<(), StoreError> {
    let Some(group) = modification.change.place.group_key() else { return Ok(()) };
    let rules = match &modification.change.opening {
        Opening::Unresolved(Lookup::Modified { rules }) if matches!(modification.state, State::Ignored { .. }) => rules,
        Opening::Modified { left_out, .. } => left_out,
        Opening::Authorized { .. } | Opening::Unresolved(_) | Opening::Unreadable { .. } | Opening::Gap { .. } => {
            return Ok(());
        }
    };
    let mut found = Found::new();
    for ModifiedRule { id, to, .. } in rules {
        let Some(to) = to else { continue };
        let values = unless_damaged(context.store.known_values(&group, &RuleName::Id(id.clone())).await)?;
        let not_standing = match denied_before(context, modification, id, to, &values).await? {
            Some(denied) => Some(denied),
            None => let_in_less(modification, to, &values),
        };
        if let Some(earlier) = not_standing {
            let value = KnownValue { at: modification.change.at, by: modification.change.id.clone(), rule: to.clone() };
            add(&mut found, id, &value, &earlier);
        }
    }
    reopen(context, found).await
}

/// A value that a rule had right before it became `to`, and that let in less. Events of one second leave their order open:
/// each of them may be the one before.
fn let_in_less(modification: &Request, to: &IngressRule, values: &[KnownValue]) -> Option<IngressRule> {
    let change = &modification.change;
    let before = || values.iter().filter(|value| value.by != change.id && value.at <= change.at);
    let last_at = before().map(|value| value.at).max()?;
    before().filter(|value| value.at == last_at).find(|value| !value.rule.covers(to)).map(|value| value.rule.clone())
}

/// The denied value that a rule had before it became `to`, if a Deny of it does not take `to` away.
async fn denied_before<S: RequestStore, C, F>(
    context: &Context<S, C, F>,
    modification: &Request,
    id: &RuleId,
    to: &IngressRule,
    values: &[KnownValue],
) -> Result<Option<IngressRule>, StoreError> {
    let change = &modification.change;
    let earlier = values.iter().rev().filter(|value| value.by != change.id && value.at <= change.at);
    let mut judged_at = None;
    for value in earlier {
        // Events of one second leave their order open: each of them may be the one that it was judged by.
        if judged_at.is_some_and(|at| at != value.at) {
            break;
        }
        // What nobody was asked about was judged by a value that is earlier still, or could not be judged.
        let Some(request) = asking_about(context, &value.by, id).await? else { continue };
        let mut asked = request.change.opening.rules().iter();
        let Some(asked) = asked.find(|rule| rule.id.as_ref() == Some(id)) else { continue };
        let is_denied = request.state != State::Observed
            && request.decision.as_ref().is_some_and(|decision| decision.verdict == Verdict::Deny);
        let escaped = asked.rule != *to && matches!(asked.fate, Fate::Standing | Fate::Changed { .. });
        if is_denied && escaped {
            return Ok(Some(value.rule.clone()));
        }
        judged_at = Some(value.at);
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
        let values = unless_damaged(context.store.known_values(&group, &RuleName::Id(id.clone())).await)?;
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
    for (by, mut rules) in found {
        let Some(mut request) = context.store.load(&by).await? else { continue };
        // Egress has values too, and nothing of it is ever asked about.
        if let Opening::Unresolved(Lookup::Modified { rules: judged }) = &request.change.opening {
            rules.retain(|rule| judged.iter().any(|judged| Some(&judged.id) == rule.id.as_ref()));
        }
        if rules.is_empty() {
            continue;
        }
        if let State::Ignored { reason } = request.state
            && may_be_reopened(reason)
        {
            tracing::warn!(id = %by, rules = rules.len(), "an ignored modification is asked about after all");
            let left_out = others_of(&request, &rules);
            let opening = Opening::Modified { rules: rules.clone(), left_out };
            match context.advance(request, &Event::Reopened(opening)).await? {
                Advanced::Done { request: next, .. } | Advanced::Refused { request: next, .. } => request = next,
                Advanced::Vanished => continue,
            }
        }
        // Its rules may have been removed by hand while it was ignored. Also where an earlier try got no further.
        if request.state.awaits_decision() {
            withdraw_if_noted(context, &request).await?;
        }
        for rule in rules {
            ask_apart(context, &request, rule).await?;
        }
    }
    Ok(())
}

/// The rules of an ignored modification that are not asked about even now.
fn others_of(ignored: &Request, asked: &[OpenedRule]) -> Vec<ModifiedRule> {
    let Opening::Unresolved(Lookup::Modified { rules }) = &ignored.change.opening else { return Vec::new() };
    let is_asked = |rule: &&ModifiedRule| asked.iter().any(|asked| asked.id.as_ref() == Some(&rule.id));
    rules.iter().filter(|rule| !is_asked(rule)).cloned().collect()
}

/// A rule that the modification's own card leaves out gets a request of its own: that card may be decided already.
async fn ask_apart<S: RequestStore, C, F: Firewall>(
    context: &Context<S, C, F>,
    modification: &Request,
    rule: OpenedRule,
) -> Result<(), StoreError> {
    let Some(id) = rule.id.clone().filter(|id| modification.change.opening.leaves_out(id)) else { return Ok(()) };
    let whole = &modification.change.id;
    let opening = Opening::Modified { rules: vec![rule], left_out: Vec::new() };
    let change = Change { id: whole.part(&id), opening, ..modification.change.clone() };
    let request = Request::new(change, context.clock.now(), context.entropy.nonce());
    // The record is with the whole change.
    let record = format!("{{\"part_of\":\"{whole}\"}}");
    if context.store.insert(&request, &record).await? == Inserted::New {
        tracing::warn!(id = %request.change.id, "a rule that its modification left out is asked about after all");
        withdraw_if_noted(context, &request).await?;
    }
    Ok(())
}
