//! `AuthorizeSecurityGroupIngress`: what was opened.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    answer::Answer,
    sentence,
    spelling::{Misread, Request},
};
use crate::domain::{
    change::{Lookup, OpenedRule, Opening},
    ids::RuleId,
    rule::IngressRule,
};

/// What a call that succeeded opened. EC2's answer is believed before the request: it holds ids and what EC2 stored.
pub(super) fn opening(parameters: Option<&Value>, answer: Answer) -> Opening {
    let request = Request::read(parameters);
    let why = match (answer.is_whole(), &request.misread) {
        (true, _) => return Opening::Authorized { rules: from_answer(answer, &request) },
        (false, None) => return Opening::Authorized { rules: from_both(answer, &request) },
        (false, Some(misread)) => misread,
    };
    if answer.names_all() {
        let why = why.to_string();
        return Opening::Unresolved(Lookup::Authorized { ids: distinct(answer.ids), why });
    }
    unreadable(why, &answer, &request)
}

/// An answer with fewer rules than the request was cut: then the request's are added, so that none is hidden.
fn from_answer(answer: Answer, request: &Request) -> Vec<OpenedRule> {
    if answer.rules.len() < request.rules.len() {
        return from_both(answer, request);
    }
    described(answer.rules, request)
}

/// The rules of both, each once, with the ids that the answer has.
fn from_both(answer: Answer, request: &Request) -> Vec<OpenedRule> {
    let answered: BTreeSet<_> = answer.rules.iter().map(|opened| opened.rule.clone()).collect();
    let only_asked = request.rules.iter().filter(|asked| !answered.contains(&asked.rule));
    let asked: Vec<_> =
        only_asked.map(|asked| OpenedRule::new(asked.rule.clone(), None, asked.description.clone())).collect();
    let mut rules = described(answer.rules, request);
    rules.extend(asked);
    rules
}

/// Adds the request's descriptions where the answer has none.
fn described(mut rules: Vec<OpenedRule>, request: &Request) -> Vec<OpenedRule> {
    let descriptions: BTreeMap<&IngressRule, &str> =
        request.rules.iter().filter_map(|asked| Some((&asked.rule, asked.description.as_deref()?))).collect();
    for opened in &mut rules {
        if opened.description.is_none() {
            opened.description = descriptions.get(&opened.rule).map(|&description| description.to_owned());
        }
    }
    rules
}

fn unreadable(why: &Misread, answer: &Answer, request: &Request) -> Opening {
    let known: BTreeSet<_> =
        answer.rules.iter().map(|opened| &opened.rule).chain(request.rules.iter().map(|asked| &asked.rule)).collect();
    Opening::Unreadable { why: sentence::with_known(&why.to_string(), known.into_iter()) }
}

fn distinct(ids: Vec<RuleId>) -> Vec<RuleId> {
    let mut seen = BTreeSet::new();
    ids.into_iter().filter(|id| seen.insert(id.clone())).collect()
}
