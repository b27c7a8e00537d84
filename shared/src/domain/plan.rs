//! What a revert will do, as a value: it can be printed and tested before it is done.
//!
//! A rule is ours only if its properties match by EC2's identity **and**, where the record gave an id, its id: an id may
//! stand for new content, and properties for a rule that was removed and opened again.

use std::fmt;

use super::{
    change::{Fate, OpenedRule},
    rule::{DescribedRule, IngressRule},
};

/// What is seen of one opened rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It is there, and it is the one that was opened.
    There(DescribedRule),
    /// It is not there.
    Gone,
    /// Its id stands for something else now.
    Changed(IngressRule),
    /// Its id stands for something that is not understood: certainly not what was shown, and nobody knows what it lets in.
    NotUnderstood,
    /// It needs nothing any more: its fate was settled before.
    Settled,
}

/// Why a rule counts as open whose id stands for something that is not understood.
pub const NOT_UNDERSTOOD: &str = "NotUnderstood";

/// What is seen of every rule of a request, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan(pub Vec<Seen>);

impl Plan {
    /// Compares what was opened with what is there.
    #[must_use]
    pub fn make(opened: &[OpenedRule], there: &[DescribedRule]) -> Self {
        Self(opened.iter().map(|rule| see(rule, there)).collect())
    }

    /// The rules to revoke: each as EC2 describes it, with its place in the request.
    pub fn to_revoke(&self) -> impl Iterator<Item = (usize, &DescribedRule)> {
        self.0.iter().enumerate().filter_map(|(place, seen)| match seen {
            Seen::There(rule) => Some((place, rule)),
            Seen::Gone | Seen::Changed(_) | Seen::NotUnderstood | Seen::Settled => None,
        })
    }

    /// Whether somebody has to look at a rule, because nobody knows what it lets in.
    #[must_use]
    pub fn needs_a_person(&self) -> bool {
        self.0.contains(&Seen::NotUnderstood)
    }

    /// Whether nothing is left to revoke.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.to_revoke().next().is_none()
    }

    /// The same, where some of the rules were settled since.
    #[must_use]
    pub fn settled_as(self, opened: &[OpenedRule]) -> Self {
        let settled = |(seen, rule): (Seen, &OpenedRule)| if rule.fate.is_settled() { Seen::Settled } else { seen };
        Self(self.0.into_iter().zip(opened).map(settled).collect())
    }

    /// What became of every rule, if this is how it stays; `still_there` says what became of one that is.
    #[must_use]
    pub fn fates(&self, opened: &[OpenedRule], still_there: &dyn Fn(&DescribedRule) -> Fate) -> Vec<Fate> {
        self.0
            .iter()
            .zip(opened)
            .map(|(seen, rule)| match seen {
                Seen::There(rule) => still_there(rule),
                Seen::Gone if rule.asked => Fate::Removed,
                Seen::Gone => Fate::NotThere,
                Seen::Changed(now) => Fate::Changed { now: now.clone() },
                Seen::NotUnderstood => Fate::Failed { why: NOT_UNDERSTOOD.to_owned() },
                Seen::Settled => rule.fate.clone(),
            })
            .collect()
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |wanted: fn(&Seen) -> bool| self.0.iter().filter(|seen| wanted(seen)).count();
        write!(
            f,
            "revoke {}, gone {}, changed {}, not understood {}, settled {}",
            count(|seen| matches!(seen, Seen::There(_))),
            count(|seen| matches!(seen, Seen::Gone)),
            count(|seen| matches!(seen, Seen::Changed(_))),
            count(|seen| matches!(seen, Seen::NotUnderstood)),
            count(|seen| matches!(seen, Seen::Settled)),
        )
    }
}

fn see(opened: &OpenedRule, there: &[DescribedRule]) -> Seen {
    if opened.fate.is_settled() {
        return Seen::Settled;
    }
    let ingress = || there.iter().filter(|rule| !rule.is_egress);
    let is_same = |rule: &&DescribedRule| IngressRule::parse(&rule.text).is_ok_and(|rule| rule == opened.rule);
    let Some(id) = &opened.id else {
        return ingress().find(is_same).map_or(Seen::Gone, |rule| Seen::There(rule.clone()));
    };
    match ingress().find(|rule| rule.id == *id) {
        None => Seen::Gone,
        Some(rule) if is_same(&rule) => Seen::There(rule.clone()),
        Some(rule) => IngressRule::parse(&rule.text).map_or(Seen::NotUnderstood, Seen::Changed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        ids::RuleId,
        rule::{RuleText, SourceText},
    };

    fn text(port: i64, cidr: &str) -> RuleText {
        RuleText {
            ip_protocol: "tcp".to_owned(),
            from_port: Some(port),
            to_port: Some(port),
            source: SourceText::CidrIpv4(cidr.to_owned()),
        }
    }

    fn opened(port: i64, cidr: &str, id: Option<&str>) -> OpenedRule {
        let rule = IngressRule::parse(&text(port, cidr)).expect("a rule");
        OpenedRule::new(rule, id.map(|id| RuleId::parse(id).expect("a rule id")), None)
    }

    fn described(id: &str, port: i64, cidr: &str) -> DescribedRule {
        DescribedRule {
            id: RuleId::parse(id).expect("a rule id"),
            is_egress: false,
            text: text(port, cidr),
            description: None,
        }
    }

    #[test]
    fn a_rule_is_ours_by_its_properties_and_its_id() {
        let opened = [opened(22, "0.0.0.0/0", Some("sgr-1"))];
        let ours = described("sgr-1", 22, "0.0.0.0/0");
        let plan = Plan::make(&opened, std::slice::from_ref(&ours));
        assert!(!plan.is_empty());
        assert_eq!(plan.to_string(), "revoke 1, gone 0, changed 0, not understood 0, settled 0");
        assert_eq!(plan.0, [Seen::There(ours)]);
    }

    #[test]
    fn a_rule_whose_fate_was_settled_is_not_revoked_though_it_is_there() {
        let there = [described("sgr-1", 22, "0.0.0.0/0")];
        let with = |fate| OpenedRule { fate, ..opened(22, "0.0.0.0/0", Some("sgr-1")) };
        let removed = [with(Fate::Removed)];
        assert_eq!(Plan::make(&removed, &there).0, [Seen::Settled]);
        let failed = [with(Fate::Failed { why: "x".to_owned() })];
        let plan = Plan::make(&failed, &there);
        assert_eq!(plan.0, [Seen::There(there[0].clone())], "what failed is tried again");
        assert_eq!(plan.settled_as(&removed).0, [Seen::Settled], "as it was settled since");
    }

    #[test]
    fn the_same_properties_under_another_id_are_another_opening() {
        let plan = Plan::make(&[opened(22, "0.0.0.0/0", Some("sgr-1"))], &[described("sgr-2", 22, "0.0.0.0/0")]);
        assert_eq!(plan.0, [Seen::Gone]);
    }

    #[test]
    fn an_id_with_new_content_is_left_alone() {
        let opened = [opened(22, "0.0.0.0/0", Some("sgr-1"))];
        let plan = Plan::make(&opened, &[described("sgr-1", 22, "10.0.0.0/8")]);
        assert!(plan.is_empty());
        let still = |_: &DescribedRule| Fate::Failed { why: "x".to_owned() };
        let now = IngressRule::parse(&text(22, "10.0.0.0/8")).expect("a rule");
        assert_eq!(plan.fates(&opened, &still), [Fate::Changed { now }]);
    }

    #[test]
    fn an_id_that_stands_for_what_nobody_understands_is_open_and_left_alone() {
        let opened = [opened(22, "0.0.0.0/0", Some("sgr-1"))];
        let plan = Plan::make(&opened, &[described("sgr-1", 22, "somewhere")]);
        assert_eq!((&plan.0[..], plan.is_empty()), (&[Seen::NotUnderstood][..], true));
        assert!(plan.needs_a_person() && !Plan::make(&opened, &[]).needs_a_person());
        assert_eq!(plan.to_string(), "revoke 0, gone 0, changed 0, not understood 1, settled 0");
        let still = |_: &DescribedRule| Fate::Standing;
        assert_eq!(plan.fates(&opened, &still), [Fate::Failed { why: NOT_UNDERSTOOD.to_owned() }]);
    }

    #[test]
    fn without_an_id_the_properties_decide() {
        let plan = Plan::make(&[opened(22, "10.0.0.1/8", None)], &[described("sgr-9", 22, "10.0.0.0/8")]);
        assert_eq!(plan.to_revoke().count(), 1);
    }

    #[test]
    fn egress_is_never_ours() {
        let mut rule = described("sgr-1", 22, "0.0.0.0/0");
        rule.is_egress = true;
        assert_eq!(Plan::make(&[opened(22, "0.0.0.0/0", None)], &[rule]).0, [Seen::Gone]);
    }

    #[test]
    fn gone_is_removed_only_if_we_had_asked() {
        let mut asked = opened(22, "0.0.0.0/0", None);
        asked.asked = true;
        let opened = [asked, opened(23, "0.0.0.0/0", None)];
        let still = |_: &DescribedRule| Fate::Failed { why: "x".to_owned() };
        assert_eq!(Plan::make(&opened, &[]).fates(&opened, &still), [Fate::Removed, Fate::NotThere]);
    }
}
