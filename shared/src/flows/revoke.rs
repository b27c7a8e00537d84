//! Asking EC2 to remove rules: all at once, and one by one where one of them spoils it for the others.

use std::collections::BTreeMap;

use crate::{
    domain::{
        change::GroupKey,
        ids::{RequestId, RuleId},
        rule::DescribedRule,
        step::Event,
    },
    flows::context::{Advanced, Context, unless_damaged},
    ports::{Firewall, FirewallError, RequestStore, RevertNote, StoreError},
};

/// How many rules are revoked one by one in one try. The next try goes on with the rest.
const ONE_BY_ONE: usize = 60;

/// How a revoke went, as far as one can tell before looking.
#[derive(Debug, Default)]
pub struct Asked {
    /// The claim is somebody else's by now: whoever has it goes on.
    pub claim_lost: bool,
    /// What EC2 will not remove, and why.
    pub refused: BTreeMap<RuleId, FirewallError>,
    /// What was not there any more when EC2 was asked, while it removed others: that was not us. By their places.
    pub missed: Vec<usize>,
    /// Something else that went wrong: it may have been done, or may be later.
    pub trouble: Option<FirewallError>,
}

impl Asked {
    /// Why a rule that is still there is there.
    ///
    /// # Errors
    /// Trying again makes no sense.
    pub fn why_still_there(&self, rule: &RuleId) -> Result<FirewallError, FirewallError> {
        match (self.refused.get(rule), &self.trouble) {
            (Some(refused), _) => Err(refused.clone()),
            (None, Some(trouble)) => Ok(trouble.clone()),
            (None, None) => Ok(FirewallError::Unavailable {
                doing: "when describing the rule after its revoke".to_owned(),
                why: "EC2 took the revoke, and still shows the rule".to_owned(),
            }),
        }
    }
}

/// Asks EC2 to remove the rules. `id` is the request and `holder` its claim.
///
/// # Errors
/// The table did not take the record of EC2's answer; EC2 may have done it.
pub async fn ask<S: RequestStore, C, F: Firewall>(
    context: &Context<S, C, F>,
    group: &GroupKey,
    id: &RequestId,
    holder: &str,
    rules: &[(usize, DescribedRule)],
) -> Result<Asked, StoreError> {
    let mut asked = Asked::default();
    let all: Vec<DescribedRule> = rules.iter().map(|(_, rule)| rule.clone()).collect();
    let error = match ask_once(context, group, id, holder, &all).await? {
        Ok(claimed) => {
            asked.claim_lost = !claimed;
            return Ok(asked);
        }
        Err(error) => error,
    };
    let alone = rules.len() == 1;
    match &error {
        FirewallError::GroupGone | FirewallError::Unavailable { .. } => asked.trouble = Some(error),
        FirewallError::RuleNotThere if alone => {}
        FirewallError::Refused { code, .. } if alone || is_about_rights(code) => {
            asked.refused.extend(all.into_iter().map(|rule| (rule.id, error.clone())));
        }
        FirewallError::RuleNotThere | FirewallError::Refused { .. } => {
            one_by_one(context, group, id, holder, rules, &mut asked).await?;
        }
    }
    Ok(asked)
}

async fn one_by_one<S: RequestStore, C, F: Firewall>(
    context: &Context<S, C, F>,
    group: &GroupKey,
    id: &RequestId,
    holder: &str,
    rules: &[(usize, DescribedRule)],
    asked: &mut Asked,
) -> Result<(), StoreError> {
    let (mut missed, mut taken) = (Vec::new(), false);
    for (place, rule) in rules.iter().take(ONE_BY_ONE) {
        match ask_once(context, group, id, holder, std::slice::from_ref(rule)).await? {
            Ok(true) => taken = true,
            Err(FirewallError::RuleNotThere) => missed.push(*place),
            Ok(false) => {
                asked.claim_lost = true;
                return Ok(());
            }
            Err(error @ FirewallError::Refused { .. }) => {
                asked.refused.insert(rule.id.clone(), error);
            }
            Err(error @ (FirewallError::GroupGone | FirewallError::Unavailable { .. })) => asked.trouble = Some(error),
        }
    }
    // That EC2 removed one now proves that it had removed none at once. If all are gone, it may have been us.
    if taken {
        asked.missed = missed;
    }
    if rules.len() > ONE_BY_ONE {
        asked.trouble.get_or_insert(FirewallError::Unavailable {
            doing: "when revoking rules one by one".to_owned(),
            why: format!("{} rules are left for the next try", rules.len() - ONE_BY_ONE),
        });
    }
    Ok(())
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
    id: &RequestId,
    holder: &str,
    rules: &[DescribedRule],
) -> Result<Result<bool, FirewallError>, StoreError> {
    let request_id = match context.firewall.revoke(group, rules).await {
        Ok(Some(request_id)) => request_id,
        Ok(None) => return Ok(Ok(true)),
        Err(error) => return Ok(Err(error)),
    };
    let answered = RevertNote::Answered(request_id.clone());
    unless_damaged(context.store.note_revert(group, context.clock.now(), &answered).await)?;
    let event = Event::RevokeAnswered { holder: holder.to_owned(), request_id };
    let Some(current) = context.store.load(id).await? else { return Ok(Ok(false)) };
    Ok(Ok(matches!(context.advance(current, &event).await?, Advanced::Done { .. })))
}
