//! What a record does not say is asked of EC2: a modification's direction and old value, and what a record that was cut
//! off had opened.

use std::time::Duration;

use crate::{
    domain::{
        change::{Change, GroupKey, Ignored, Lookup, ModifiedRule, OpenedRule, Opening, RuleName},
        ids::RuleId,
        rule::{DescribedRule, IngressRule},
    },
    flows::context::{Context, unless_damaged},
    ports::{Firewall, FirewallError, KnownValue, RequestStore, StoreError, Which},
};

/// How often a describe is repeated while it does not show what the record says; EC2 is eventually consistent.
const READS: u32 = 4;

/// How long between two of them.
const BETWEEN_READS: Duration = Duration::from_millis(700);

/// What a describe tells of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// This was opened, or nothing tells what.
    Opening(Opening),
    /// Nothing was opened.
    Ignored {
        /// Why.
        reason: Ignored,
        /// The rules that may be asked about after all, should the values that they were judged by not stand; all of them
        /// where the reason allows none.
        rules: Vec<ModifiedRule>,
    },
    /// EC2 did not answer; ask again.
    Later(String),
}

/// Asks EC2 what the change opened.
///
/// # Errors
/// The table did not tell which values the rules had before.
pub async fn resolve<S: RequestStore, C, F: Firewall>(
    context: &Context<S, C, F>,
    change: &Change,
    lookup: &Lookup,
) -> Result<Resolution, StoreError> {
    let Some(group) = change.place.group_key() else {
        let why = "The record does not say in which security group.".to_owned();
        return Ok(Resolution::Opening(Opening::Unreadable { why }));
    };
    match lookup {
        Lookup::Authorized { ids, why } => Ok(authorized(context, &group, ids, why).await),
        Lookup::Modified { rules } => modified(context, change, &group, rules).await,
    }
}

async fn authorized<S, C, F: Firewall>(
    context: &Context<S, C, F>,
    group: &GroupKey,
    ids: &[RuleId],
    why: &str,
) -> Resolution {
    let complete = |there: &[DescribedRule]| ids.iter().all(|id| find(there, id).is_some());
    let there = match read_until(context, group, ids, complete).await {
        Ok(there) => there,
        Err(error) => return failed(error, why),
    };
    let rules: Option<Vec<OpenedRule>> = ids
        .iter()
        .map(|id| {
            let rule = find(&there, id).filter(|rule| !rule.is_egress)?;
            let parsed = IngressRule::parse(&rule.text).ok()?;
            Some(OpenedRule::new(parsed, Some(id.clone()), rule.description.clone()))
        })
        .collect();
    match rules {
        Some(rules) if !rules.is_empty() => Resolution::Opening(Opening::Authorized { rules }),
        Some(_) | None => Resolution::Opening(Opening::Unreadable {
            why: format!("{why} The group does not show all of its rules any more."),
        }),
    }
}

/// What one modified rule turned out to be.
enum Modified {
    Opened(Box<OpenedRule>),
    Ignored(Ignored),
    Unreadable(String),
}

async fn modified<S: RequestStore, C, F: Firewall>(
    context: &Context<S, C, F>,
    change: &Change,
    group: &GroupKey,
    rules: &[ModifiedRule],
) -> Result<Resolution, StoreError> {
    let ids: Vec<RuleId> = rules.iter().map(|rule| rule.id.clone()).collect();
    let as_asked = |there: &[DescribedRule]| {
        rules.iter().all(|rule| match (find(there, &rule.id), &rule.to) {
            (Some(there), Some(to)) => {
                there.is_egress || IngressRule::parse(&there.text).is_ok_and(|there| there == *to)
            }
            (Some(_), None) => true,
            (None, Some(_) | None) => false,
        })
    };
    let there = match read_until(context, group, &ids, as_asked).await {
        Ok(there) => there,
        Err(error) => return Ok(failed(error, &unread_modification(rules))),
    };
    let mut opened = Vec::new();
    let mut ignored = None;
    let mut left_out = Vec::new();
    let mut unreadable = None;
    for rule in rules {
        let values = context.store.known_values(group, &RuleName::Id(rule.id.clone())).await;
        let earlier = known_before(change, unless_damaged(values)?);
        match judge(rule, find(&there, &rule.id), earlier) {
            Modified::Opened(rule) => opened.push(*rule),
            Modified::Ignored(reason) => {
                ignored = ignored.max(Some(reason));
                left_out.extend(may_be_reopened(reason).then(|| rule.clone()));
            }
            Modified::Unreadable(why) => unreadable = Some(why),
        }
    }
    // What can be shown is shown: a rule of the same call that is gone or not understood must not hide it.
    Ok(match (opened.is_empty(), unreadable, ignored) {
        (false, _, _) => Resolution::Opening(Opening::Modified { rules: opened, left_out }),
        (true, Some(why), _) => Resolution::Opening(Opening::Unreadable { why }),
        (true, None, Some(reason)) => {
            Resolution::Ignored { reason, rules: if left_out.is_empty() { rules.to_vec() } else { left_out } }
        }
        (true, None, None) => Resolution::Opening(Opening::Unreadable { why: "The record names no rule.".to_owned() }),
    })
}

/// Whether what was ignored for this reason is asked about after all, should the value that it was judged by not stand.
#[must_use]
pub fn may_be_reopened(reason: Ignored) -> bool {
    match reason {
        Ignored::Narrowing | Ignored::DescriptionOnly => true,
        Ignored::OtherEvent
        | Ignored::Failed
        | Ignored::DryRun
        | Ignored::Egress
        | Ignored::UnknownGroup
        | Ignored::OwnRevert => false,
    }
}

fn judge(modified: &ModifiedRule, there: Option<&DescribedRule>, earlier: Option<IngressRule>) -> Modified {
    if modified.description_only {
        return Modified::Ignored(Ignored::DescriptionOnly);
    }
    let Some(there) = there else {
        // Gone again. Only a value known from an earlier request tells that it was an ingress rule.
        return match (&modified.to, earlier) {
            (Some(to), Some(earlier)) if earlier.covers(to) => Modified::Ignored(narrowed(&earlier, to)),
            (Some(to), Some(earlier)) => {
                let mut rule = OpenedRule::new(to.clone(), Some(modified.id.clone()), None);
                rule.earlier = Some(earlier);
                Modified::Opened(Box::new(rule))
            }
            (Some(_) | None, Some(_) | None) => Modified::Unreadable(format!(
                "The rule {} was changed, and was gone when the group was read{}.",
                modified.id,
                modified.to.as_ref().map(|to| format!("; it had been changed to {to}")).unwrap_or_default()
            )),
        };
    };
    if there.is_egress {
        return Modified::Ignored(Ignored::Egress);
    }
    let now = match IngressRule::parse(&there.text) {
        Ok(now) => now,
        Err(error) => return Modified::Unreadable(format!("The rule {} was changed; {error}.", modified.id)),
    };
    match (&modified.to, &earlier) {
        (Some(to), Some(earlier)) if earlier.covers(to) => Modified::Ignored(narrowed(earlier, to)),
        // What the record says, not what a later change made of it, nor what a stale answer shows: that is what was opened.
        (to, _) => {
            let rule = to.clone().unwrap_or(now);
            let mut rule = OpenedRule::new(rule, Some(modified.id.clone()), there.description.clone());
            rule.earlier = earlier;
            Modified::Opened(Box::new(rule))
        }
    }
}

fn narrowed(earlier: &IngressRule, to: &IngressRule) -> Ignored {
    if earlier == to { Ignored::DescriptionOnly } else { Ignored::Narrowing }
}

/// The value that a rule had before the change. Two events of one second leave their order open: then it is not known.
fn known_before(change: &Change, mut values: Vec<KnownValue>) -> Option<IngressRule> {
    values.retain(|value| value.by != change.id && value.at <= change.at);
    values.sort_by_key(|value| value.at);
    let last = values.pop()?;
    let ambiguous = last.at == change.at || values.last().is_some_and(|other| other.at == last.at);
    (!ambiguous).then_some(last.rule)
}

fn unread_modification(rules: &[ModifiedRule]) -> String {
    let to: Vec<String> = rules.iter().filter_map(|rule| rule.to.as_ref()).map(ToString::to_string).collect();
    let shown = to.iter().take(5).cloned().collect::<Vec<_>>().join("; ");
    match to.len() {
        0 => "A rule was changed, and the record does not say to what.".to_owned(),
        1..=5 => format!("A rule was changed to {shown}; the record does not say whether it lets in or out."),
        more => format!(
            "{more} rules were changed, among them {shown}; the record does not say whether they let in or out."
        ),
    }
}

fn failed(error: FirewallError, why: &str) -> Resolution {
    match error {
        FirewallError::Unavailable { .. } => Resolution::Later(error.to_string()),
        FirewallError::GroupGone | FirewallError::RuleNotThere => {
            Resolution::Opening(Opening::Unreadable { why: format!("{why} The group is gone by now.") })
        }
        FirewallError::Refused { code, doing, hint, .. } => Resolution::Opening(Opening::Unreadable {
            why: format!("{why} The group could not be read either: AWS said {code} {doing}. {hint}"),
        }),
    }
}

/// Reads the rules until they are as expected, or often enough to believe that they are not.
async fn read_until<S, C, F: Firewall>(
    context: &Context<S, C, F>,
    group: &GroupKey,
    ids: &[RuleId],
    expected: impl Fn(&[DescribedRule]) -> bool,
) -> Result<Vec<DescribedRule>, FirewallError> {
    let which = Which::Ids(ids.to_vec());
    let mut there = context.firewall.describe(group, &which).await?;
    for _ in 1..READS {
        if expected(&there) {
            break;
        }
        context.clock.sleep(BETWEEN_READS).await;
        there = context.firewall.describe(group, &which).await?;
    }
    Ok(there)
}

fn find<'a>(there: &'a [DescribedRule], id: &RuleId) -> Option<&'a DescribedRule> {
    there.iter().find(|rule| rule.id == *id)
}
