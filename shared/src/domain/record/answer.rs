//! What EC2 answered: `responseElements.securityGroupRuleSet` and its sister of a revoke.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    json::{field, id, is_true, items, text},
    spelling::single,
};
use crate::domain::{
    change::OpenedRule,
    ids::{AccountId, RuleId, SecurityGroupId},
};

/// The ingress rules that an answer names. Records before 2021 have none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// The rules that are understood, each once, in EC2's own spelling.
    pub(super) rules: Vec<OpenedRule>,
    /// Every id that is named.
    pub(super) ids: Vec<RuleId>,
    /// The group that all items agree on.
    pub(super) group: Option<SecurityGroupId>,
    /// The account that all items agree on as the group's owner.
    pub(super) owner: Option<AccountId>,
    misread: bool,
    nameless: bool,
}

impl Answer {
    /// Reads the rule set of that name; an absent one gives an empty answer.
    pub(super) fn read(response: Option<&Value>, set: &str) -> Self {
        let list = response.and_then(|response| field(response, set));
        let Some(items) = items(list) else { return Self::default() };
        let ingress: Vec<_> = items.into_iter().filter(|item| !is_true(item, "isEgress")).collect();
        let mut answer =
            Self { group: agreed(&ingress, "groupId"), owner: agreed(&ingress, "groupOwnerId"), ..Self::default() };
        let mut seen = BTreeSet::new();
        for item in ingress {
            let id = id::<RuleId>(item, "securityGroupRuleId");
            answer.nameless |= id.is_none();
            answer.ids.extend(id.clone());
            match single(item) {
                Some(rule) if seen.insert(rule.clone()) => {
                    answer.rules.push(OpenedRule::new(rule, id, text(item, "description").map(str::to_owned)));
                }
                Some(_) => {}
                None => answer.misread = true,
            }
        }
        answer
    }

    /// Whether there are rules, and every one is understood.
    pub(super) fn is_whole(&self) -> bool {
        !self.rules.is_empty() && !self.misread
    }

    /// Whether there are rules, and every one has an id.
    pub(super) fn names_all(&self) -> bool {
        !self.ids.is_empty() && !self.nameless
    }
}

/// The value that a field has in every item that has it.
fn agreed<T: std::str::FromStr + PartialEq>(items: &[&Value], name: &str) -> Option<T> {
    let mut values = items.iter().filter_map(|item| id::<T>(item, name));
    let first = values.next()?;
    values.all(|value| value == first).then_some(first)
}
