//! What a call to EC2 came to: told to the ledger by whoever made it, not read from its record.

use chrono::{DateTime, Utc};
use local::{
    system::seed::Opener,
    world::ec2::{Operation, Outcome, Rule},
};

use super::{Gone, Left, Opened, Oracle, as_shown, in_words};

/// A call that was made.
pub struct Called<'a> {
    /// Its request id.
    pub id: &'a str,
    /// `account/region/group`.
    pub group: String,
    /// Who made it.
    pub by: Opener,
    /// When.
    pub at: DateTime<Utc>,
    /// When its record can be read.
    pub readable_at: DateTime<Utc>,
    /// Whether its record is cut off.
    pub cut: bool,
    /// The group's rules before it.
    pub before: &'a [Rule],
    /// The group's rules after it.
    pub after: &'a [Rule],
}

impl Oracle {
    /// Somebody opened, modified or removed something.
    pub fn called(&self, call: &Called<'_>, operation: &Operation, outcome: &Outcome) {
        let Called { id, group, at, readable_at, .. } = call;
        let tell = |what: &str, words: &str| {
            let told = format_args!("{what} {group}: {words} ({id}, readable {readable_at})");
            self.story.note(*at, call.by.key(), told);
        };
        match outcome {
            Outcome::Opened(rules) => {
                tell("opens", &all_in_words(rules));
                let left = |rule: &Rule| Left { rule: rule.id.clone(), key: rule.key.clone(), before: None };
                self.opened(id, call.opened(false, rules.iter().map(left).collect()));
            }
            Outcome::Modified => {
                let left = call.modified(operation);
                let words = left.iter().map(|left| {
                    let before = left.before.as_ref().map(as_shown).unwrap_or_default();
                    format!("{} {before} -> {}", left.rule, as_shown(&left.key))
                });
                tell("modifies", &words.collect::<Vec<_>>().join("; "));
                self.opened(id, call.opened(true, left));
            }
            Outcome::Revoked { removed, .. } => {
                tell("closes", &all_in_words(removed));
                self.closed(removed, &Gone { at: *at, by_hand: true, readable_at: *readable_at });
            }
            Outcome::Deleted(_) => {
                tell("deletes", "all of it");
                self.closed(call.before, &Gone { at: *at, by_hand: false, readable_at: *readable_at });
            }
            Outcome::Created(_) => {}
        }
    }
}

fn all_in_words(rules: &[Rule]) -> String {
    rules.iter().map(in_words).collect::<Vec<_>>().join("; ")
}

impl Called<'_> {
    fn opened(&self, modified: bool, rules: Vec<Left>) -> Opened {
        let Self { group, by, at, readable_at, cut, .. } = self;
        Opened { group: group.clone(), by: *by, at: *at, readable_at: *readable_at, modified, cut: *cut, rules }
    }

    fn modified(&self, operation: &Operation) -> Vec<Left> {
        let Operation::ModifyRules { changes, .. } = operation else { return Vec::new() };
        let left = changes.iter().filter_map(|change| {
            let is_it = |rule: &&Rule| rule.id == change.rule_id;
            let (was, is) = (self.before.iter().find(is_it)?, self.after.iter().find(is_it)?);
            Some(Left { rule: is.id.clone(), key: is.key.clone(), before: Some(was.key.clone()) })
        });
        left.collect()
    }
}
