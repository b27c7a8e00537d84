//! What the records themselves tell of rules and groups, up to the record that is being read.
//!
//! EC2 can't be asked about the past. But a rule that an authorize in the same history created lets in, whatever became of
//! its value; and its value is known as long as nobody changed it in a way that is not understood. Nothing else is certain.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde_json::Value;
use shared::domain::{
    change::{Change, GroupKey, Lookup, Opening, Reading, RemovedRules, Revocation},
    ids::{RequestId, RuleId},
    record,
    rule::IngressRule,
};

/// Who did something, and when.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Touch {
    pub(super) at: DateTime<Utc>,
    pub(super) by: String,
}

/// What is known of an ingress rule that the history saw being created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) content: Content,
    /// The last event that changed or removed it; its creation at first.
    pub(super) touch: Touch,
}

/// A rule's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// This, as the last record says.
    Is(IngressRule),
    /// It was removed.
    Gone,
    /// It was changed or removed in a way that the records do not tell.
    Unknown,
}

/// Something that ingest does not look at, and that says more of what it does look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Aside {
    /// `DeleteSecurityGroup`: every rule of the group went with it.
    Deleted { group: GroupKey, touch: Touch },
    /// `AuthorizeSecurityGroupEgress`: these rules let out, whatever becomes of them.
    Egress { group: GroupKey, ids: Vec<RuleId> },
}

impl Aside {
    /// Reads a record that ingest ignores.
    pub(super) fn of(record: &Value) -> Option<Self> {
        let name = record.get("eventName")?.as_str()?;
        match name {
            "DeleteSecurityGroup" => {
                let Revocation { place, at, actor, .. } = framed(record)?;
                Some(Self::Deleted { group: place.group_key()?, touch: Touch { by: actor.name(), at } })
            }
            "AuthorizeSecurityGroupEgress" => {
                let items = record.pointer("/responseElements/securityGroupRuleSet/items")?.as_array()?;
                let egress = items.iter().filter(|item| item.get("isEgress") == Some(&Value::Bool(true)));
                let id = |item: &Value| RuleId::parse(item.get("securityGroupRuleId")?.as_str()?).ok();
                let ids: Vec<RuleId> = egress.filter_map(id).collect();
                Some(Self::Egress { group: framed(record)?.place.group_key()?, ids })
            }
            _ => None,
        }
    }
}

/// Where, when and by whom a call was made that succeeded. These parts of a record are the same for every call, and the
/// domain reads them of a revoke.
fn framed(record: &Value) -> Option<Revocation> {
    record.get("eventTime").and_then(Value::as_str)?;
    let mut revoke = record.clone();
    revoke["eventName"] = Value::from("RevokeSecurityGroupIngress");
    match record::read(&revoke.to_string(), DateTime::UNIX_EPOCH) {
        Reading::Revocation(revocation) => Some(revocation),
        Reading::Change(_) | Reading::Ignored(_) => None,
    }
}

/// What is known of one group.
#[derive(Default)]
pub(super) struct Group {
    pub(super) rules: BTreeMap<RuleId, Known>,
    pub(super) egress: BTreeSet<RuleId>,
    /// Each once, by its key.
    pub(super) revocations: BTreeMap<RequestId, Revocation>,
    pub(super) deleted: Option<Touch>,
}

/// What is known of all groups.
#[derive(Default)]
pub(super) struct History(BTreeMap<GroupKey, Group>);

impl History {
    /// Begins with what holds at any time.
    pub(super) fn new(asides: Vec<Aside>) -> Self {
        let mut groups: BTreeMap<GroupKey, Group> = BTreeMap::new();
        for aside in asides {
            match aside {
                Aside::Deleted { group, touch } => {
                    let deleted = &mut groups.entry(group).or_default().deleted;
                    // Copies of one record come twice.
                    *deleted = Some(deleted.take().map_or_else(|| touch.clone(), |known| known.min(touch.clone())));
                }
                Aside::Egress { group, ids } => groups.entry(group).or_default().egress.extend(ids),
            }
        }
        Self(groups)
    }

    pub(super) fn group(&self, key: &GroupKey) -> Option<&Group> {
        self.0.get(key)
    }

    /// Takes in the next record, in the order of events.
    pub(super) fn learn(&mut self, reading: &Reading) {
        match reading {
            Reading::Change(change) => {
                if let Some(group) = change.place.group_key() {
                    self.0.entry(group).or_default().changed(change);
                }
            }
            Reading::Revocation(revocation) => {
                if let Some(group) = revocation.place.group_key() {
                    self.0.entry(group).or_default().revoked(revocation);
                }
            }
            Reading::Ignored(_) => {}
        }
    }
}

impl Group {
    fn changed(&mut self, change: &Change) {
        let touch = Touch { by: change.actor.name(), at: change.at };
        match &change.opening {
            Opening::Authorized { rules } => {
                for rule in rules {
                    let Some(id) = rule.id.clone() else { continue };
                    let content = Content::Is(rule.rule.clone());
                    // Copies of one record come twice; the later events of the rule stay.
                    self.rules.entry(id).or_insert_with(|| Known { content, touch: touch.clone() });
                }
            }
            Opening::Unresolved(Lookup::Modified { rules }) => {
                for rule in rules.iter().filter(|rule| !rule.description_only) {
                    let Some(known) = self.rules.get_mut(&rule.id) else { continue };
                    let content = match (&known.content, &rule.to) {
                        (Content::Is(_) | Content::Unknown, Some(to)) => Content::Is(to.clone()),
                        (Content::Is(_) | Content::Unknown, None) => Content::Unknown,
                        (Content::Gone, Some(_) | None) => Content::Unknown,
                    };
                    *known = Known { content, touch: touch.clone() };
                }
            }
            Opening::Unresolved(Lookup::Authorized { .. })
            | Opening::Modified { .. }
            | Opening::Unreadable { .. }
            | Opening::Gap { .. } => {}
        }
    }

    fn revoked(&mut self, revocation: &Revocation) {
        let touch = Touch { by: revocation.actor.name(), at: revocation.at };
        for (id, known) in &mut self.rules {
            let content = match (&revocation.removed, &known.content) {
                (_, Content::Gone) => continue,
                (RemovedRules::Named { ids, .. }, Content::Is(_) | Content::Unknown) if ids.contains(id) => {
                    Content::Gone
                }
                (RemovedRules::Named { ids, rules }, Content::Is(rule)) if ids.is_empty() && rules.contains(rule) => {
                    // Within one second the order is not known.
                    if revocation.at > known.touch.at { Content::Gone } else { Content::Unknown }
                }
                (RemovedRules::Named { .. }, Content::Is(_) | Content::Unknown) => continue,
                (RemovedRules::Unknown, Content::Is(_) | Content::Unknown) => Content::Unknown,
            };
            *known = Known { content, touch: touch.clone() };
        }
        self.revocations.entry(revocation.id.clone()).or_insert_with(|| revocation.clone());
    }
}
