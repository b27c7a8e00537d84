//! `ModifySecurityGroupRules`: which rules were changed, and to what.
//!
//! The record names rules by id and gives their new values, but neither the direction nor the old values; only a
//! describe tells those.

use std::collections::{BTreeMap, btree_map::Entry};

use serde_json::Value;

use super::{
    json::{field, id, is_empty},
    sentence,
    spelling::{Misread, omitted, single},
};
use crate::domain::{
    change::{Lookup, ModifiedRule, Opening},
    ids::RuleId,
};

/// What a call that succeeded changed: [`Lookup::Modified`], or unreadable where a rule is not named by a valid id.
pub(super) fn opening(parameters: Option<&Value>) -> Opening {
    let unreadable = |why: String| Opening::Unreadable { why };
    let Some(parameters) = parameters.filter(|parameters| !parameters.is_null()) else {
        return unreadable(Misread::Absent.to_string());
    };
    if let Some(omitted) = omitted(parameters) {
        return unreadable(omitted.to_string());
    }
    let mut found = Found::default();
    found.walk(parameters);
    match (found.rules.is_empty(), found.nameless) {
        (false, None) => Opening::Unresolved(Lookup::Modified { rules: found.rules }),
        (true, None) => unreadable(Misread::NoRule.to_string()),
        (true, Some(part)) => unreadable(Misread::Part { part }.to_string()),
        (false, Some(part)) => {
            let ids: Vec<_> = found.rules.iter().map(|rule| rule.id.to_string()).collect();
            let changed = sentence::excerpt(&ids.join(", "));
            unreadable(format!("{} It also changed {changed}.", Misread::Part { part }))
        }
    }
}

/// What a walk through the request finds, however deeply it is wrapped.
#[derive(Default)]
struct Found {
    rules: Vec<ModifiedRule>,
    /// Where in `rules` each id is.
    known: BTreeMap<RuleId, usize>,
    /// The first part that is a rule's new value without a valid id, as JSON.
    nameless: Option<String>,
}

impl Found {
    fn walk(&mut self, value: &Value) {
        match value {
            Value::Array(list) => list.iter().for_each(|value| self.walk(value)),
            Value::Object(object) => {
                if field(value, "securityGroupRuleId").is_some() || looks_like_a_rule(value) {
                    self.rule(value);
                } else {
                    object.values().for_each(|value| self.walk(value));
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn rule(&mut self, entry: &Value) {
        let Some(id) = id::<RuleId>(entry, "securityGroupRuleId") else {
            self.nameless.get_or_insert_with(|| sentence::excerpt(&entry.to_string()));
            return;
        };
        let new = innermost(entry);
        let rule =
            ModifiedRule { id, to: new.and_then(single), description_only: new.is_some_and(is_description_only) };
        match self.known.entry(rule.id.clone()) {
            Entry::Vacant(entry) => {
                entry.insert(self.rules.len());
                self.rules.push(rule);
            }
            // EC2 takes a rule once in a call. Should one be there twice, nothing is certain about it.
            Entry::Occupied(entry) => {
                if let Some(known) = self.rules.get_mut(*entry.get()).filter(|known| **known != rule) {
                    (known.to, known.description_only) = (None, false);
                }
            }
        }
    }
}

/// The new value: `SecurityGroupRule`, which may hold itself once more.
fn innermost(entry: &Value) -> Option<&Value> {
    let mut value = field(entry, "securityGroupRule")?;
    while let Some(inner) = field(value, "securityGroupRule") {
        value = inner;
    }
    Some(value)
}

fn looks_like_a_rule(value: &Value) -> bool {
    ["ipProtocol", "cidrIpv4", "cidrIpv6", "prefixListId", "referencedGroupId"]
        .iter()
        .any(|name| field(value, name).is_some())
}

/// Whether a new value carries a description, perhaps an empty one, and nothing else.
fn is_description_only(value: &Value) -> bool {
    let is_description = |name: &str| matches!(name, "description" | "Description");
    value.as_object().is_some_and(|object| {
        object.keys().any(|name| is_description(name))
            && object.iter().all(|(name, value)| is_description(name) || is_empty(value))
    })
}
