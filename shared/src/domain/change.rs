//! What one CloudTrail record says: an opening, a modification, or a revoke.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    ids::{AccountId, Region, RequestId, RuleId, SecurityGroupId, SlackUserId},
    rule::IngressRule,
};

/// Where something happened, as far as the record tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The account that owns the group: `recipientAccountId`.
    pub account: Option<AccountId>,
    /// The region.
    pub region: Option<Region>,
    /// The group's id; a call by name tells it only in its answer.
    pub group: Option<SecurityGroupId>,
    /// The group's name, where the call named it so.
    pub group_name: Option<String>,
}

impl Place {
    /// The group's full address, if all of it is known.
    #[must_use]
    pub fn group_key(&self) -> Option<GroupKey> {
        Some(GroupKey { account: self.account.clone()?, region: self.region.clone()?, group: self.group.clone()? })
    }
}

/// A security group's full address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GroupKey {
    /// The account that owns the group.
    pub account: AccountId,
    /// Its region.
    pub region: Region,
    /// Its id.
    pub group: SecurityGroupId,
}

impl fmt::Display for GroupKey {
    /// `account/region/group`, as the table's index `open` spells it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.account, self.region, self.group)
    }
}

/// What one rule of a group is known by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RuleName {
    /// Its id.
    Id(RuleId),
    /// Its properties, where the record gave no id.
    Properties(IngressRule),
}

impl fmt::Display for RuleName {
    /// `sgr-0123456789abcdef0`, or `tcp 443 from 203.0.113.0/24`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(f, "{id}"),
            Self::Properties(rule) => write!(f, "{rule}"),
        }
    }
}

/// Who made a call: `userIdentity`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A person of IAM Identity Center: an assumed role whose issuer's ARN is under `role/aws-reserved/sso.amazonaws.com/`.
    /// Only there is the session name the person's user name; elsewhere the caller chooses it.
    SsoUser {
        /// The user name, often an e-mail address.
        user_name: String,
        /// The role's name, `AWSReservedSSO_...`.
        role: String,
        /// The session's full ARN.
        arn: String,
    },
    /// An IAM user.
    IamUser {
        /// The user's name.
        name: String,
        /// The user's ARN, where the record has it.
        arn: Option<String>,
    },
    /// Another role's session; its name proves nothing.
    RoleSession {
        /// The role's name.
        role: String,
        /// The session's name, chosen by the caller.
        session: String,
        /// The session's full ARN.
        arn: String,
    },
    /// An account's root user.
    Root {
        /// The account.
        account: Option<AccountId>,
    },
    /// An AWS service on its own behalf.
    Service {
        /// `invokedBy`, as `autoscaling.amazonaws.com`.
        name: String,
    },
    /// Any other kind: federated, web identity, SAML, another account, Identity Center, unknown.
    Other {
        /// `userIdentity.type`.
        kind: String,
        /// What the record offers as a name.
        name: Option<String>,
    },
}

impl Actor {
    /// The name to show: a user name, a session as `role/session`, a service.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::SsoUser { user_name, .. } => user_name.clone(),
            Self::IamUser { name, .. } | Self::Service { name } => name.clone(),
            Self::RoleSession { role, session, .. } => format!("{role}/{session}"),
            Self::Root { .. } => "root".to_owned(),
            Self::Other { kind, name } => name.clone().unwrap_or_else(|| kind.clone()),
        }
    }
}

/// From where the call came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// `sourceIPAddress`: an address, a service's name, or `AWS Internal`.
    pub source_ip: Option<String>,
    /// `userAgent`, chosen by the caller.
    pub user_agent: Option<String>,
    /// Whether the credentials came from the console (`sessionCredentialFromConsole`).
    pub console: bool,
    /// The service that made the call on the actor's behalf (`invokedBy`).
    pub invoked_by: Option<String>,
}

/// A change that needs a card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Its key.
    pub id: RequestId,
    /// Where.
    pub place: Place,
    /// `eventTime`, to the second.
    pub at: DateTime<Utc>,
    /// Who.
    pub actor: Actor,
    /// From where.
    pub origin: Origin,
    /// What was opened.
    pub opening: Opening,
}

/// What a change opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Opening {
    /// `AuthorizeSecurityGroupIngress`: these rules were added.
    Authorized {
        /// At least one.
        rules: Vec<OpenedRule>,
    },
    /// `ModifySecurityGroupRules`: these rules were changed to what they are now. A Deny removes them whole.
    Modified {
        /// At least one.
        rules: Vec<OpenedRule>,
        /// Rules of the same call that let in no more than before, as far as is known.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        left_out: Vec<ModifiedRule>,
    },
    /// The record does not say what was opened; a describe may.
    Unresolved(Lookup),
    /// Something was opened, and nothing tells what. Nothing can be denied.
    Unreadable {
        /// Why, for the card: a whole sentence.
        why: String,
    },
    /// An interval of CloudTrail that nobody read.
    Gap {
        /// Its begin.
        from: DateTime<Utc>,
        /// Its end.
        until: DateTime<Utc>,
    },
}

impl Opening {
    /// The rules that a card shows and a Deny takes away; none where they are not known.
    #[must_use]
    pub fn rules(&self) -> &[OpenedRule] {
        match self {
            Self::Authorized { rules } | Self::Modified { rules, .. } => rules,
            Self::Unresolved(_) | Self::Unreadable { .. } | Self::Gap { .. } => &[],
        }
    }

    /// The rules of a modification that its card does not ask about, because they let in no more than before.
    #[must_use]
    pub fn left_out(&self) -> &[ModifiedRule] {
        match self {
            Self::Modified { left_out, .. } => left_out,
            Self::Authorized { .. } | Self::Unresolved(_) | Self::Unreadable { .. } | Self::Gap { .. } => &[],
        }
    }

    /// Whether its card leaves out this rule, which its call changed. An Unreadable card asks about none.
    #[must_use]
    pub fn leaves_out(&self, rule: &RuleId) -> bool {
        match self {
            Self::Modified { left_out, .. } => left_out.iter().any(|left_out| left_out.id == *rule),
            Self::Unreadable { .. } => true,
            Self::Authorized { .. } | Self::Unresolved(_) | Self::Gap { .. } => false,
        }
    }

    pub(super) fn rules_mut(&mut self) -> &mut [OpenedRule] {
        match self {
            Self::Authorized { rules } | Self::Modified { rules, .. } => rules,
            Self::Unresolved(_) | Self::Unreadable { .. } | Self::Gap { .. } => &mut [],
        }
    }
}

/// What has to be described before a card can be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lookup {
    /// A modification: direction and old value are not in the record.
    Modified {
        /// The rules that were changed.
        rules: Vec<ModifiedRule>,
    },
    /// An authorize whose record was cut off, but names the rules that it made.
    Authorized {
        /// Their ids.
        ids: Vec<RuleId>,
        /// Why the record does not do, for the card should the describe fail: a whole sentence.
        why: String,
    },
}

/// One rule of a `ModifySecurityGroupRules` call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModifiedRule {
    /// Its id.
    pub id: RuleId,
    /// What it was changed to; `None` where the record is not understood, or changes the description alone.
    pub to: Option<IngressRule>,
    /// Whether the call carries a description and nothing else.
    pub description_only: bool,
}

/// One rule of an opening, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenedRule {
    /// The rule.
    pub rule: IngressRule,
    /// Its id, where the record gave one.
    pub id: Option<RuleId>,
    /// Its description, chosen by whoever opened it.
    pub description: Option<String>,
    /// For a modified rule: what it was before, where an earlier request tells.
    pub earlier: Option<IngressRule>,
    /// Whether we asked EC2 to remove it: gone after that, it was removed by us.
    pub asked: bool,
    /// What became of it.
    pub fate: Fate,
}

impl OpenedRule {
    /// A rule that was just opened.
    #[must_use]
    pub fn new(rule: IngressRule, id: Option<RuleId>, description: Option<String>) -> Self {
        Self { rule, id, description, earlier: None, asked: false, fate: Fate::Standing }
    }

    /// What it is known by.
    #[must_use]
    pub fn name(&self) -> RuleName {
        self.id.clone().map_or_else(|| RuleName::Properties(self.rule.clone()), RuleName::Id)
    }
}

/// What became of an opened rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It stands, as far as we know.
    Standing,
    /// Somebody removed it before a decision.
    RemovedByHand {
        /// Who, as [`Actor::name`] has it.
        by: String,
        /// When.
        at: DateTime<Utc>,
    },
    /// We asked EC2 to remove it, and saw it gone.
    Removed,
    /// It was gone before we asked.
    NotThere,
    /// Its id stands for something else now; left alone.
    Changed {
        /// What it is now.
        now: IngressRule,
    },
    /// It stays: the same rule was approved on another card.
    Approved {
        /// The request of that card.
        on: RequestId,
        /// By whom.
        by: SlackUserId,
        /// Their name in Slack at that time.
        by_name: String,
        /// When.
        at: DateTime<Utc>,
    },
    /// It is still open, and trying again did not help or makes no sense.
    Failed {
        /// EC2's error code, or what was seen.
        why: String,
    },
}

impl Fate {
    /// Whether nothing is left to do about the rule: it does not stand to be removed, now or at the next try.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        match self {
            Self::Standing | Self::Failed { .. } => false,
            Self::RemovedByHand { .. }
            | Self::Removed
            | Self::NotThere
            | Self::Changed { .. }
            | Self::Approved { .. } => true,
        }
    }
}

/// A revoke by somebody else: it may withdraw openings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// The key of the call.
    pub id: RequestId,
    /// Where.
    pub place: Place,
    /// `eventTime`, to the second.
    pub at: DateTime<Utc>,
    /// Who.
    pub actor: Actor,
    /// The ARN of the role that issued the caller's session, if it was one.
    pub issuer_arn: Option<String>,
    /// What it removed.
    pub removed: RemovedRules,
}

/// What a revoke removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RemovedRules {
    /// Rules by their properties, or by their ids; either list may be empty.
    Named {
        /// By protocol, ports and source.
        rules: Vec<IngressRule>,
        /// By id.
        ids: Vec<RuleId>,
    },
    /// The record does not say: only a describe tells what is still there.
    Unknown,
}

/// Why a record makes no card. The names are the metric's dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ignored {
    /// Another event than those that open or close ingress.
    OtherEvent,
    /// The call failed: it opened nothing.
    Failed,
    /// A dry run: it opened nothing.
    DryRun,
    /// The rules are egress rules.
    Egress,
    /// Only a description was changed.
    DescriptionOnly,
    /// The rule lets in less than it did before.
    Narrowing,
    /// A revoke that does not say in which group.
    UnknownGroup,
    /// A revoke of our own.
    OwnRevert,
}

impl Ignored {
    /// The reason in one word, for logs and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OtherEvent => "other_event",
            Self::Failed => "failed",
            Self::DryRun => "dry_run",
            Self::Egress => "egress",
            Self::DescriptionOnly => "description_only",
            Self::Narrowing => "narrowing",
            Self::UnknownGroup => "unknown_group",
            Self::OwnRevert => "own_revert",
        }
    }
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a record turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Something was opened, or may have been: [`Opening::Unresolved`] and [`Opening::Unreadable`] are here too.
    Change(Change),
    /// Something was closed.
    Revocation(Revocation),
    /// Nothing to do.
    Ignored(Ignored),
}
