//! What people do to security groups, and what is there.

use chrono::{TimeDelta, Utc};
use local::{
    system::seed::{self, Opener},
    world::{
        ec2::{
            Call, Ec2Error, FlatPermission, GroupRef, Operation, Outcome, Permission, Permissions, Removal, Rule,
            RuleChange, RuleQuery,
        },
        faults::Fault,
        identity::Caller,
    },
};

use crate::{Story, lock};

/// A security group of the seed.
#[derive(Clone, Debug)]
pub struct Group {
    /// The account that owns it.
    pub account: String,
    /// Its region.
    pub region: String,
    /// Its id.
    pub id: String,
}

impl Group {
    /// How a call names it.
    #[must_use]
    pub fn reference(&self) -> GroupRef {
        GroupRef::id(&self.id)
    }
}

/// An opening as EC2 answered it.
#[derive(Clone, Debug)]
pub struct Opened {
    /// EC2's request id, the key of the change.
    pub id: String,
    /// The rules that were made.
    pub rules: Vec<Rule>,
}

impl Story {
    /// A group of the first account and region: `bastion` and `batch` are in the default VPC, `web` and `database` not.
    #[must_use]
    pub fn group(&self, name: &str) -> Group {
        let (account, region) = (seed::ACCOUNTS[0].0, seed::REGIONS[0]);
        let id = seed::group_id(&self.system.world, account, region, name).expect("a group of the seed");
        Group { account: account.to_owned(), region: region.to_owned(), id }
    }

    /// Somebody makes a call; CloudTrail records it. EC2's request id comes with the outcome.
    pub fn call(&self, who: Opener, group: &Group, call: impl Into<Call>) -> (String, Result<Outcome, Ec2Error>) {
        self.call_as(&who.caller(&group.account, &group.region), call)
    }

    /// As [`Story::call`], by any caller.
    pub fn call_as(&self, caller: &Caller, call: impl Into<Call>) -> (String, Result<Outcome, Ec2Error>) {
        let answer = self.system.world.ec2_call(caller, &call.into(), Utc::now());
        (answer.request_id, answer.result)
    }

    /// Somebody opens a group.
    ///
    /// # Panics
    /// EC2 refuses it.
    pub fn open(&self, who: Opener, group: &Group, permission: Permission) -> Opened {
        self.open_all(who, group, vec![permission])
    }

    /// Somebody opens a group by several permissions at once.
    ///
    /// # Panics
    /// EC2 refuses it.
    pub fn open_all(&self, who: Opener, group: &Group, permissions: Vec<Permission>) -> Opened {
        let permissions = Permissions::Array(permissions);
        let (id, outcome) =
            self.call(who, group, Operation::AuthorizeIngress { group: group.reference(), permissions });
        match outcome {
            Ok(Outcome::Opened(rules)) => Opened { id, rules },
            other => panic!("not opened: {other:?}"),
        }
    }

    /// Somebody opened a group some time ago.
    ///
    /// # Panics
    /// EC2 refuses it.
    pub fn opened_before(&self, who: Opener, group: &Group, what: impl Into<Permissions>, ago: TimeDelta) -> Opened {
        let call = Operation::AuthorizeIngress { group: group.reference(), permissions: what.into() }.into();
        let caller = who.caller(&group.account, &group.region);
        let answer = self.system.world.ec2_call(&caller, &call, Utc::now() - ago);
        match answer.result {
            Ok(Outcome::Opened(rules)) => Opened { id: answer.request_id, rules },
            other => panic!("not opened: {other:?}"),
        }
    }

    /// Somebody removes rules by their properties.
    ///
    /// # Panics
    /// EC2 refuses it.
    pub fn revoke(&self, who: Opener, group: &Group, permissions: Permissions) -> String {
        self.remove(who, group, Removal::Permissions(permissions))
    }

    /// Somebody removes rules.
    ///
    /// # Panics
    /// EC2 refuses it.
    pub fn remove(&self, who: Opener, group: &Group, removal: Removal) -> String {
        let (id, outcome) = self.call(who, group, Operation::RevokeIngress { group: group.reference(), removal });
        assert!(matches!(outcome, Ok(Outcome::Revoked { .. })), "not revoked: {outcome:?}");
        id
    }

    /// Somebody changes a rule.
    ///
    /// # Panics
    /// EC2 refuses it.
    pub fn modify(&self, who: Opener, group: &Group, change: RuleChange) -> String {
        let (id, outcome) =
            self.call(who, group, Operation::ModifyRules { group_id: group.id.clone(), changes: vec![change] });
        assert!(matches!(outcome, Ok(Outcome::Modified)), "not modified: {outcome:?}");
        id
    }

    /// The ingress rules of a group that are there now, as `tcp 22-22 0.0.0.0/0`, sorted.
    ///
    /// # Panics
    /// The group can't be read.
    #[must_use]
    pub fn rules(&self, group: &Group) -> Vec<String> {
        let query = RuleQuery { group_ids: vec![group.id.clone()], ..RuleQuery::default() };
        let mut ec2 = lock(&self.system.world.ec2);
        let page = ec2.describe_rules(&group.account, &group.region, &query, Utc::now()).expect("the group's rules");
        let ingress = page.rules.into_iter().filter(|rule| !rule.key.egress);
        let mut shown: Vec<String> = ingress
            .map(|rule| {
                format!("{} {}-{} {}", rule.key.protocol, rule.key.from_port, rule.key.to_port, rule.key.source)
            })
            .collect();
        shown.sort();
        shown
    }

    /// Makes a service misbehave for so many calls, or until it is told otherwise.
    pub fn fault(&self, service: &str, operation: &str, fault: Fault, calls: Option<u32>) {
        self.system.world.faults.set(service, operation, fault, calls);
    }

    /// Every service behaves again.
    pub fn no_faults(&self) {
        self.system.world.faults.clear_all();
    }
}

/// SSH from the whole internet.
#[must_use]
pub fn ssh() -> Permission {
    Permission::new("tcp", 22, 22).from_ipv4("0.0.0.0/0", Some("for a moment"))
}

/// The same in the flat form.
#[must_use]
pub fn flat_ssh() -> Permissions {
    Permissions::Flat(FlatPermission {
        protocol: Some("tcp".to_owned()),
        from_port: Some(22),
        to_port: Some(22),
        cidr_ip: Some("0.0.0.0/0".to_owned()),
        ..FlatPermission::default()
    })
}
