//! `RevokeSecurityGroupIngress`: what was closed.
//!
//! Only what certainly is gone is claimed: an opening that is taken for removed would get no card.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    answer::Answer,
    json::{field, is_empty},
    spelling::{Misread, Request},
};
use crate::domain::{change::RemovedRules, ids::RuleId, rule::IngressRule};

/// What a call that succeeded removed. In a default VPC the rules that were not there are listed in the answer's
/// `unknownIpPermissionSet`; they are left out.
pub(super) fn removed(parameters: Option<&Value>, response: Option<&Value>, answer: Answer) -> RemovedRules {
    if answer.is_whole() && answer.names_all() {
        return named(answer, Vec::new(), Vec::new());
    }
    let Some(ids) = parameters.map_or_else(|| Some(Vec::new()), ids) else { return RemovedRules::Unknown };
    let request = Request::read(parameters);
    let misses = Request::read_permissions(response.and_then(|response| field(response, "unknownIpPermissionSet")));
    match (&request.misread, &misses.misread) {
        (None, None) => {}
        (Some(Misread::NoRule), None) if !ids.is_empty() => {}
        (Some(_) | None, Some(_) | None) => return RemovedRules::Unknown,
    }
    let misses: BTreeSet<_> = misses.rules.into_iter().map(|miss| miss.rule).collect();
    let rules = request.rules.into_iter().map(|asked| asked.rule).filter(|rule| !misses.contains(rule)).collect();
    named(answer, rules, ids)
}

fn named(answer: Answer, rules: Vec<IngressRule>, ids: Vec<RuleId>) -> RemovedRules {
    let mut seen = (BTreeSet::new(), BTreeSet::new());
    let rules = answer.rules.into_iter().map(|removed| removed.rule).chain(rules);
    RemovedRules::Named {
        rules: rules.filter(|rule| seen.0.insert(rule.clone())).collect(),
        ids: answer.ids.into_iter().chain(ids).filter(|id| seen.1.insert(id.clone())).collect(),
    }
}

/// The ids that a request names, in whatever nesting; `None` where one is not understood.
fn ids(parameters: &Value) -> Option<Vec<RuleId>> {
    let mut found = Vec::new();
    for name in ["securityGroupRuleIds", "securityGroupRuleId"] {
        if let Some(list) = field(parameters, name).filter(|list| !is_empty(list)) {
            gather(list, &mut found)?;
            if found.is_empty() {
                return None;
            }
        }
    }
    Some(found)
}

fn gather(value: &Value, found: &mut Vec<RuleId>) -> Option<()> {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => Some(()),
        Value::String(text) => {
            found.push(RuleId::parse(text).ok()?);
            Some(())
        }
        Value::Array(list) => list.iter().try_for_each(|value| gather(value, found)),
        Value::Object(object) => object.values().try_for_each(|value| gather(value, found)),
    }
}
