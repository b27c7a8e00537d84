//! One change of the history: what would have been asked, and what became of it as far as the records tell.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use shared::{
    domain::{
        change::{Actor, Fate, Ignored, Lookup, OpenedRule, Opening},
        exposure::{self, Reach, Width},
        ids::{AccountId, Region, RequestId, RuleId, SecurityGroupId},
        request::{Request, State},
        rule::IngressRule,
    },
    flows::withdraw::perhaps_removed,
};

use super::history::{Content, Group, Touch};

/// A change. The fields' names are those of `--json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The key of the change: CloudTrail's `requestID`, where there is one.
    pub id: RequestId,
    /// `eventTime`; null where the record has none that is understood.
    pub at: Option<DateTime<Utc>>,
    /// The account that owns the group.
    pub account: Option<AccountId>,
    /// The region.
    pub region: Option<Region>,
    /// The security group.
    pub group: Option<SecurityGroupId>,
    /// The group's name, where the call named it so.
    pub group_name: Option<String>,
    /// Who did it.
    pub by: By,
    /// What was done.
    pub call: Call,
    /// The rules, widest first; none where the record does not tell them.
    pub rules: Vec<Rule>,
    /// How wide the widest of them is, in words; null where that is not known.
    pub exposure: Option<String>,
    /// The same, to compare.
    #[serde(skip)]
    pub(super) width: Option<Width>,
    /// Whether there would have been a card; null where only EC2 could have told.
    pub card: Option<bool>,
    /// What became of it.
    pub became: Became,
}

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct By {
    /// The name that a card shows.
    pub name: String,
    /// What kind of caller it is.
    pub kind: &'static str,
}

/// What a change is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// Rules were added.
    Authorize,
    /// Rules were changed.
    Modify,
    /// The record does not tell.
    Unknown,
}

/// One rule of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Its id, where the record gives one.
    pub id: Option<RuleId>,
    /// The rule, as `tcp 22 from 0.0.0.0/0`; null where the record does not tell it.
    pub rule: Option<String>,
    /// Its description, chosen by whoever made it.
    pub description: Option<String>,
    /// Who is let in, in words.
    pub exposure: Option<String>,
    /// The well-known services that it reaches.
    pub services: Vec<&'static str>,
    /// What it was before, where earlier records tell.
    pub earlier: Option<String>,
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Became {
    /// Its card would ask, and nobody in the records spared the answer.
    AwaitsDecision {
        /// What happened to it since, as far as the records tell.
        since: Vec<Since>,
    },
    /// All of it was removed by hand.
    Withdrawn {
        /// By whom.
        by: Vec<String>,
        /// When the last of it was removed.
        at: DateTime<Utc>,
        /// How long after the opening; null where that has no time.
        after_seconds: Option<i64>,
    },
    /// It opens nothing.
    Ignored {
        /// Why.
        reason: Ignored,
    },
    /// Its card would say that nothing tells what was opened.
    Unreadable {
        /// Why: a whole sentence.
        why: String,
    },
    /// Portcullis would ask EC2 first, and would make a card in any case: the record is cut off.
    AsksEc2 {
        /// Why: a whole sentence.
        why: String,
    },
    /// Portcullis would ask EC2 first: the record does not tell whether the rule lets in, and what it was before.
    AsksEc2IfOpened,
}

/// Something that happened to an opening later.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Since {
    /// When; null where the record has no time.
    pub at: Option<DateTime<Utc>>,
    /// What.
    pub what: What,
    /// Who did it.
    pub by: String,
    /// To how many of its rules.
    pub rules: usize,
    /// How long after the opening; null where one of the two has no time.
    pub after_seconds: Option<i64>,
}

/// What happened to an opening later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Rules were removed by hand.
    Removed,
    /// Rules are something else now.
    Changed,
    /// A revoke may have removed some; only EC2 could have told.
    PerhapsRemoved,
    /// The whole group was deleted.
    GroupDeleted,
}

impl Row {
    /// `group` is what the history knows of the request's group; `now` the time that stands for none.
    pub(super) fn of(request: &Request, group: Option<&Group>, now: DateTime<Utc>) -> Self {
        let change = &request.change;
        let at = (change.at < now).then_some(change.at);
        let became = became(request, group, now);
        let (call, rules) = rules(&change.opening);
        let known: Vec<&IngressRule> = rules.iter().filter_map(|(rule, _)| rule.as_ref()).collect();
        Self {
            id: change.id.clone(),
            at,
            account: change.place.account.clone(),
            region: change.place.region.clone(),
            group: change.place.group.clone(),
            group_name: change.place.group_name.clone(),
            by: By { name: change.actor.name(), kind: kind(&change.actor) },
            call,
            exposure: in_words(&known),
            width: exposure::widest(&known),
            card: match became {
                Became::AwaitsDecision { .. }
                | Became::Withdrawn { .. }
                | Became::Unreadable { .. }
                | Became::AsksEc2 { .. } => Some(true),
                Became::Ignored { .. } => Some(false),
                Became::AsksEc2IfOpened => None,
            },
            became,
            rules: rules.into_iter().map(|(_, rule)| rule).collect(),
        }
    }

    /// Why it would have no card.
    #[must_use]
    pub fn ignored(&self) -> Option<Ignored> {
        match self.became {
            Became::Ignored { reason } => Some(reason),
            Became::AwaitsDecision { .. }
            | Became::Withdrawn { .. }
            | Became::Unreadable { .. }
            | Became::AsksEc2 { .. }
            | Became::AsksEc2IfOpened => None,
        }
    }

    /// Whether it certainly opened something.
    #[must_use]
    pub fn is_opening(&self) -> bool {
        match self.became {
            Became::AwaitsDecision { .. } | Became::Withdrawn { .. } => true,
            Became::Ignored { .. } | Became::Unreadable { .. } | Became::AsksEc2 { .. } | Became::AsksEc2IfOpened => {
                false
            }
        }
    }

    /// Whether at least one rule of it is open at the end of the records, as far as they tell.
    #[must_use]
    pub fn is_still_open(&self) -> bool {
        match &self.became {
            Became::AwaitsDecision { since } => {
                let closed = |since: &Since| match since.what {
                    What::Removed | What::Changed => since.rules,
                    What::PerhapsRemoved | What::GroupDeleted => self.rules.len(),
                };
                since.iter().map(closed).sum::<usize>() < self.rules.len()
            }
            Became::Withdrawn { .. }
            | Became::Ignored { .. }
            | Became::Unreadable { .. }
            | Became::AsksEc2 { .. }
            | Became::AsksEc2IfOpened => false,
        }
    }

    /// Whether it certainly lets in the whole internet.
    #[must_use]
    pub fn is_whole_internet(&self) -> bool {
        self.is_opening() && self.width.is_some_and(|width| width.reach == Reach::Internet)
    }
}

fn became(request: &Request, group: Option<&Group>, now: DateTime<Utc>) -> Became {
    let opened = Some(request.change.at).filter(|at| *at < now);
    match (&request.state, &request.change.opening) {
        (State::Ignored { reason }, _) => Became::Ignored { reason: *reason },
        (_, Opening::Unreadable { why }) => Became::Unreadable { why: why.clone() },
        (_, Opening::Unresolved(Lookup::Authorized { why, .. })) => Became::AsksEc2 { why: why.clone() },
        // Known without EC2: if the rule lets out, it is ignored for that; if it lets in, for this.
        (_, Opening::Unresolved(Lookup::Modified { rules })) if rules.iter().all(|rule| rule.description_only) => {
            Became::Ignored { reason: Ignored::DescriptionOnly }
        }
        (_, Opening::Unresolved(Lookup::Modified { .. })) => Became::AsksEc2IfOpened,
        // Before its post it goes on as NeedsPost: its card then says withdrawn.
        (_, Opening::Authorized { rules } | Opening::Modified { rules, .. }) if request.all_removed_by_hand() => {
            withdrawn(rules, opened)
        }
        // A replay decides nothing, so these all await a decision.
        (
            State::NeedsPost
            | State::Posting { .. }
            | State::Pending
            | State::Approved
            | State::Denied
            | State::Reverting { .. }
            | State::Reverted
            | State::AlreadyGone
            | State::ChangedByHand
            | State::PartlyReverted
            | State::RevertFailed
            | State::Observed
            | State::Withdrawn,
            Opening::Authorized { .. } | Opening::Modified { .. },
        )
        | (_, Opening::Gap { .. }) => Became::AwaitsDecision { since: since(request, group, now) },
    }
}

fn withdrawn(rules: &[OpenedRule], opened: Option<DateTime<Utc>>) -> Became {
    let removed: Vec<(DateTime<Utc>, &String)> = rules
        .iter()
        .filter_map(|rule| match &rule.fate {
            Fate::RemovedByHand { by, at } => Some((*at, by)),
            Fate::Standing
            | Fate::Removed
            | Fate::NotThere
            | Fate::Changed { .. }
            | Fate::Approved { .. }
            | Fate::Failed { .. } => None,
        })
        .collect();
    let mut by: Vec<String> = Vec::new();
    for (_, name) in &removed {
        if !by.contains(name) {
            by.push((*name).clone());
        }
    }
    let at = removed.iter().map(|(at, _)| *at).max().unwrap_or_default();
    Became::Withdrawn { by, at, after_seconds: seconds(opened, at) }
}

fn seconds(opened: Option<DateTime<Utc>>, at: DateTime<Utc>) -> Option<i64> {
    opened.map(|opened| (at - opened).num_seconds())
}

/// What happened to its rules later; empty where nothing did, as far as the records tell.
fn since(request: &Request, group: Option<&Group>, now: DateTime<Utc>) -> Vec<Since> {
    let rules = request.change.opening.rules();
    let mut found: BTreeMap<(DateTime<Utc>, What, String), usize> = BTreeMap::new();
    let mut add = |what: What, touch: Touch, count: usize| {
        let rules_so_far = found.entry((touch.at, what, touch.by)).or_default();
        *rules_so_far = rules.len().min(*rules_so_far + count);
    };
    for rule in rules {
        if let Fate::RemovedByHand { by, at } = &rule.fate {
            add(What::Removed, Touch { by: by.clone(), at: *at }, 1);
        } else if let Some((what, touch)) = group.and_then(|group| touched(group, rule)) {
            add(what, touch, 1);
        }
    }
    let standing = rules.iter().filter(|rule| rule.fate == Fate::Standing).count();
    if let Some(group) = group {
        for revocation in group.revocations.values().filter(|revocation| perhaps_removed(request, revocation)) {
            add(What::PerhapsRemoved, Touch { by: revocation.actor.name(), at: revocation.at }, standing);
        }
        if let Some(deleted) = group.deleted.clone().filter(|deleted| deleted.at >= request.change.at) {
            add(What::GroupDeleted, deleted, standing);
        }
    }
    let known = |at: DateTime<Utc>| (at < now).then_some(at);
    let after = |at| Some((known(at)? - known(request.change.at)?).num_seconds());
    let told = |((at, what, by), rules)| Since { at: known(at), what, by, rules, after_seconds: after(at) };
    found.into_iter().map(told).collect()
}

/// What the history shows of a rule that no revoke removed as it was opened.
fn touched(group: &Group, rule: &OpenedRule) -> Option<(What, Touch)> {
    let known = group.rules.get(rule.id.as_ref()?)?;
    match &known.content {
        Content::Is(now) if *now == rule.rule => None,
        Content::Is(_) => Some((What::Changed, known.touch.clone())),
        Content::Gone => Some((What::Removed, known.touch.clone())),
        // Removed perhaps, which the revokes tell; or changed to something that is not understood.
        Content::Unknown => {
            let by_revoke = group.revocations.values().any(|revocation| revocation.at == known.touch.at);
            (!by_revoke).then(|| (What::Changed, known.touch.clone()))
        }
    }
}

/// The call and its rules, widest first; each with its value where it certainly is one.
fn rules(opening: &Opening) -> (Call, Vec<(Option<IngressRule>, Rule)>) {
    match opening {
        Opening::Authorized { rules } => (Call::Authorize, sorted(rules)),
        Opening::Modified { rules, .. } => (Call::Modify, sorted(rules)),
        Opening::Unresolved(Lookup::Modified { rules }) => {
            let named = |rule: &shared::domain::change::ModifiedRule| {
                (rule.to.clone(), Rule::of(rule.to.as_ref(), Some(&rule.id), None))
            };
            (Call::Modify, rules.iter().map(named).collect())
        }
        Opening::Unresolved(Lookup::Authorized { ids, .. }) => {
            (Call::Authorize, ids.iter().map(|id| (None, Rule::of(None, Some(id), None))).collect())
        }
        Opening::Unreadable { .. } | Opening::Gap { .. } => (Call::Unknown, Vec::new()),
    }
}

fn sorted(rules: &[OpenedRule]) -> Vec<(Option<IngressRule>, Rule)> {
    let mut sorted: Vec<&OpenedRule> = rules.iter().collect();
    sorted.sort_by(|one, other| {
        exposure::width(&other.rule).cmp(&exposure::width(&one.rule)).then_with(|| one.rule.cmp(&other.rule))
    });
    let shown = |opened: &&OpenedRule| {
        let mut rule = Rule::of(Some(&opened.rule), opened.id.as_ref(), opened.description.clone());
        rule.earlier = opened.earlier.as_ref().map(ToString::to_string);
        (Some(opened.rule.clone()), rule)
    };
    sorted.iter().map(shown).collect()
}

impl Rule {
    fn of(rule: Option<&IngressRule>, id: Option<&RuleId>, description: Option<String>) -> Self {
        Self {
            id: id.cloned(),
            rule: rule.map(ToString::to_string),
            description,
            exposure: rule.and_then(|rule| in_words(&[rule])),
            services: rule.map(|rule| exposure::services(rule.traffic)).unwrap_or_default(),
            earlier: None,
        }
    }
}

/// Who the widest of the rules lets in. Ranges that only together are the whole internet are that.
fn in_words(rules: &[&IngressRule]) -> Option<String> {
    let widest = exposure::widest(rules)?;
    Some(match widest.reach {
        Reach::Internet => "the whole internet".to_owned(),
        Reach::PrefixList => "a prefix list".to_owned(),
        Reach::Group => "a security group".to_owned(),
        Reach::Addresses { .. } => {
            let rule = rules.iter().find(|rule| exposure::width(rule) == widest)?;
            exposure::addresses(&rule.source)?.to_string()
        }
    })
}

fn kind(actor: &Actor) -> &'static str {
    match actor {
        Actor::SsoUser { .. } => "sso_user",
        Actor::IamUser { .. } => "iam_user",
        Actor::RoleSession { .. } => "role_session",
        Actor::Root { .. } => "root",
        Actor::Service { .. } => "service",
        Actor::Other { .. } => "other",
    }
}
