//! EC2's security groups: accounts, their regions, the groups there, the rules in them.
//!
//! Behaviour follows EC2's API reference and what the real service was seen to do: a call takes effect as a whole or not
//! at all (the one exception is a revoke in a default VPC), CIDRs are stored canonical, and a rule is identified by what
//! it lets through.

mod authorize;
pub mod call;
mod describe;
pub mod error;
mod groups;
mod modify;
mod permission;
mod recorded;
mod revoke;
pub mod rule;
mod staleness;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

pub use self::{
    call::{
        Call, FlatPermission, GroupRef, GroupSource, Operation, Permission, Permissions, Range, Removal, RuleChange,
    },
    describe::{GroupQuery, RulePage, RuleQuery},
    error::Ec2Error,
    rule::{Protocol, Rule, RuleKey, Source},
    staleness::Staleness,
};
use super::{identity::Caller, ids::Ids};

/// Rules a group may hold in each direction. AWS gives 60 and raises it on request, to 1,000 at most.
const RULES_PER_GROUP: usize = 1_000;

/// Every account's security groups.
#[derive(Debug, Default)]
pub struct Ec2 {
    places: BTreeMap<Place, Regional>,
    ids: Ids,
    staleness: Staleness,
}

/// One region of one account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    account: String,
    region: String,
}

/// What one region of one account holds.
#[derive(Debug, Default)]
struct Regional {
    default_vpc: Option<String>,
    vpcs: Vec<String>,
    groups: BTreeMap<String, SecurityGroup>,
}

/// A security group.
#[derive(Clone, Debug)]
pub struct SecurityGroup {
    /// `sg-...`.
    pub id: String,
    /// Unique in its VPC.
    pub name: String,
    /// Given at creation, never changed.
    pub description: String,
    /// `vpc-...`.
    pub vpc_id: String,
    /// Is the VPC the region's default one? A revoke behaves differently there.
    pub in_default_vpc: bool,
    /// The account that owns it.
    pub owner: String,
    /// The region.
    pub region: String,
    /// By rule id.
    rules: BTreeMap<String, Rule>,
    /// What slow reads still see.
    past: Vec<staleness::Snapshot>,
}

/// What a call did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The rules that are now there.
    Opened(Vec<Rule>),
    /// What was removed, and (in a default VPC only) what was not there.
    Revoked {
        /// Gone now.
        removed: Vec<Rule>,
        /// Was not there.
        unknown: Vec<RuleKey>,
    },
    /// The rules have their new content.
    Modified,
    /// The new group's id.
    Created(String),
    /// The group that is gone.
    Deleted(String),
}

/// EC2's answer: every call, also a failed one, has a request id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The key of the call in CloudTrail.
    pub request_id: String,
    /// What it did, or why nothing was done.
    pub result: Result<Outcome, Ec2Error>,
}

impl Ec2 {
    /// An empty world whose ids come from this seed. Where something outlives the run, each run wants its own seed.
    #[must_use]
    pub fn with_seed(seed: u64) -> Self {
        Self { ids: Ids::with_seed(seed), ..Self::default() }
    }

    /// Carries out a mutating call. [`super::World::ec2_call`] also records it.
    pub fn apply(&mut self, caller: &Caller, call: &Call, now: DateTime<Utc>) -> Answer {
        Answer { request_id: self.ids.uuid(), result: self.outcome(caller, call, now) }
    }

    /// A request id for a call that never came to be carried out.
    pub fn request_id(&mut self) -> String {
        self.ids.uuid()
    }

    /// The id of the group that a reference means; the reference's own id where it has one.
    ///
    /// # Errors
    /// No group of that name in the default VPC, or neither an id nor a name.
    pub fn resolve(&mut self, account: &str, region: &str, group: &GroupRef) -> Result<String, Ec2Error> {
        match (&group.id, &group.name) {
            (Some(id), _) => Ok(id.clone()),
            (None, Some(name)) => self.group_by_name(&place(account, region), name),
            (None, None) => Err(Ec2Error::MissingParameter(
                "The request must contain the parameter groupName or groupId".to_owned(),
            )),
        }
    }

    fn outcome(&mut self, caller: &Caller, call: &Call, now: DateTime<Utc>) -> Result<Outcome, Ec2Error> {
        if call.dry_run {
            return Err(Ec2Error::DryRunOperation);
        }
        let at = place(&caller.account, &caller.region);
        match &call.operation {
            Operation::AuthorizeIngress { group, permissions } => self.authorize(&at, group, permissions, false, now),
            Operation::AuthorizeEgress { group, permissions } => self.authorize(&at, group, permissions, true, now),
            Operation::RevokeIngress { group, removal } => self.revoke(&at, group, removal, false, now),
            Operation::RevokeEgress { group, removal } => self.revoke(&at, group, removal, true, now),
            Operation::ModifyRules { group_id, changes } => self.modify(&at, group_id, changes, now),
            Operation::CreateGroup { name, description, vpc_id } => {
                self.create_group(&at, name, description, vpc_id.as_deref())
            }
            Operation::DeleteGroup { group } => self.delete_group(&at, group),
        }
    }
}

fn place(account: &str, region: &str) -> Place {
    Place { account: account.to_owned(), region: region.to_owned() }
}
