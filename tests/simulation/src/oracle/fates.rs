//! What a revert says of each rule in the end, held against what was there when it looked last.

use chrono::{DateTime, Utc};
use local::world::ec2::RuleKey;
use serde_json::Value;

use super::{Eyes, Left, rule_ids, rules, state, whole};

/// What may be said of a rule, and what has to have been there for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Gone,
    Changed,
}

impl Said {
    fn of(fate: &Value) -> Option<Self> {
        match fate.as_str() {
            Some("removed" | "not_there") => Some(Self::Gone),
            Some(_) => None,
            None => fate.get("changed").map(|_| Self::Changed),
        }
    }

    /// Whether a rule that was opened as this may be said to be so, where it was that. Without an id in its record it is
    /// known by what it lets in: changed, it is gone.
    fn is_so(self, opened: &RuleKey, has_id: bool, was: Option<&RuleKey>) -> bool {
        match self {
            Self::Gone => was.is_none_or(|was| !has_id && was != opened),
            Self::Changed => was.is_some_and(|was| was != opened),
        }
    }
}

impl Eyes {
    /// Whoever ends a revert has seen that each rule is what the request says of it: gone, or changed.
    pub(super) fn judge_fates(&self, id: &str, old: Option<&Value>, new: &Value, now: DateTime<Utc>) -> Option<String> {
        if state(old?) != "Reverting" || state(new) == "Reverting" {
            return None;
        }
        let seen = self.oracle.seen();
        let opened = seen.ledger.opened.get(whole(id))?;
        let described = self.own().described.get(&opened.group).map(|(_, at)| *at);
        let named = rule_ids(new);
        for rule in rules(new).filter(|rule| rules(old.unwrap_or(&Value::Null)).all(|old| old != *rule)) {
            let Some(said) = Said::of(&rule["fate"]) else { continue };
            let Some(described) = described else {
                return Some(format!("what a revert says it has seen: {id} says {said:?}, and nobody looked"));
            };
            let rule_id = rule["id"].as_str();
            // Without an id in its record it is one of those that no id names.
            let may_be = |left: &&Left| rule_id.map_or_else(|| !named.contains(&left.rule), |id| left.rule == id);
            let from = described - self.oracle.plan.stale;
            let was_so = opened.rules.iter().filter(may_be).any(|left| {
                let values = seen.ledger.values(&left.rule, from, now);
                values.into_iter().any(|was| said.is_so(&left.key, rule_id.is_some(), was))
            });
            if !was_so {
                return Some(format!("what a revert says it has seen: {id} says {said:?} of {rule_id:?}, which stood"));
            }
        }
        None
    }
}
