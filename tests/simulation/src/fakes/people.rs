//! What people do in a run, and what they see.

use chrono::TimeDelta;
use local::{
    system::seed::{self, Opener},
    world::{
        ec2::{Call, GroupRef, Operation, Permission, Permissions, Removal, Rule, RuleChange},
        slack::Message,
    },
};
use serde_json::Value;
use shared::domain::{
    change::GroupKey,
    click::{Button, Click},
    ids::{AccountId, Region, RequestId, SecurityGroupId},
    request::{Request, State},
};

use super::{Run, outside::lock};
use crate::{functions, oracle::Called};

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-central-1";

/// What a card's text begins with, whatever its state.
const HEADLINES: [&str; 11] = [
    "Approval needed",
    "Unreadable",
    "Approved",
    "Denied: reverting",
    "Reverted",
    "Partly reverted",
    "Revert failed",
    "Already gone",
    "Changed by hand",
    "Withdrawn",
    "Observed",
];

impl Run {
    /// A group of the seed: `bastion` and `batch` are in the default VPC, `web` and `database` in another.
    #[must_use]
    pub fn group(&self, name: &str) -> GroupKey {
        let id = seed::group_id(self.world(), ACCOUNT, REGION, name).expect("a group of the seed");
        GroupKey {
            account: AccountId::parse(ACCOUNT).expect("an account"),
            region: Region::parse(REGION).expect("a region"),
            group: SecurityGroupId::parse(&id).expect("a group"),
        }
    }

    /// Somebody calls EC2, successfully.
    pub fn call(&self, opener: Opener, group: &GroupKey, operation: Operation) -> RequestId {
        let caller = opener.caller(group.account.as_str(), group.region.as_str());
        let before = self.all_rules(group);
        let answer = self.world().ec2_call(&caller, &Call::from(operation.clone()), self.now());
        let outcome = answer.result.expect("EC2 does it");
        if let Some(watched) = &self.watched {
            let (id, at, after) = (answer.request_id.as_str(), self.now(), self.all_rules(group));
            let (readable_at, group) = (at + self.source.delay(), group.to_string());
            let (before, after) = (before.as_slice(), after.as_slice());
            let called = Called { id, group, by: opener, at, readable_at, cut: false, before, after };
            watched.oracle.called(&called, &operation, &outcome);
        }
        RequestId::parse(&answer.request_id).expect("a request id")
    }

    /// The record of an opening that was just made comes this late.
    pub fn delay_record(&self, id: &RequestId, delay: TimeDelta) {
        self.source.delay_one(id.as_str(), delay);
        if let Some(watched) = &self.watched {
            watched.oracle.delayed(id.as_str(), self.now() + delay);
        }
    }

    /// Alice opens a group.
    pub fn open(&self, group: &GroupKey, permission: Permission) -> RequestId {
        self.open_as(Opener::Alice, group, vec![permission])
    }

    /// Somebody opens a group.
    pub fn open_as(&self, opener: Opener, group: &GroupKey, permissions: Vec<Permission>) -> RequestId {
        let permissions = Permissions::Array(permissions);
        let reference = GroupRef::id(group.group.as_str());
        self.call(opener, group, Operation::AuthorizeIngress { group: reference, permissions })
    }

    /// Alice closes what she names.
    pub fn close(&self, group: &GroupKey, removal: Removal) -> RequestId {
        let reference = GroupRef::id(group.group.as_str());
        self.call(Opener::Alice, group, Operation::RevokeIngress { group: reference, removal })
    }

    /// Alice closes a permission.
    pub fn close_permission(&self, group: &GroupKey, permission: Permission) -> RequestId {
        self.close(group, Removal::Permissions(Permissions::Array(vec![permission])))
    }

    /// Alice changes the sources of the group's rules on port 22, in the order of their ids, by one call.
    pub fn change_sources(&self, group: &GroupKey, cidrs: &[&str]) -> RequestId {
        let rules = self.rules(group).into_iter().filter(|rule| rule.key.from_port == 22);
        let change = |(rule, cidr): (Rule, &&str)| RuleChange {
            rule_id: rule.id,
            protocol: Some("tcp".to_owned()),
            from_port: Some(22),
            to_port: Some(22),
            cidr_ipv4: Some((*cidr).to_owned()),
            ..RuleChange::default()
        };
        let changes: Vec<RuleChange> = rules.zip(cidrs).map(change).collect();
        assert_eq!(changes.len(), cidrs.len(), "the rules are there");
        self.call(Opener::Alice, group, Operation::ModifyRules { group_id: group.group.to_string(), changes })
    }

    /// The ingress rules that are really there.
    #[must_use]
    pub fn rules(&self, group: &GroupKey) -> Vec<Rule> {
        self.all_rules(group).into_iter().filter(|rule| !rule.key.egress).collect()
    }

    fn all_rules(&self, group: &GroupKey) -> Vec<Rule> {
        let ec2 = lock(&self.world().ec2);
        let found = ec2.group(group.account.as_str(), group.region.as_str(), group.group.as_str());
        found.map(|group| group.rules().cloned().collect()).unwrap_or_default()
    }

    /// Those rules, as `tcp 22-22 0.0.0.0/0`, sorted.
    #[must_use]
    pub fn ingress(&self, group: &GroupKey) -> Vec<String> {
        let text = |rule: &Rule| {
            let key = &rule.key;
            format!("{} {}-{} {}", key.protocol, key.from_port, key.to_port, key.source)
        };
        let mut rules: Vec<String> = self.rules(group).iter().map(text).collect();
        rules.sort();
        rules
    }

    /// CloudTrail's record of a call.
    #[must_use]
    pub fn record(&self, id: &RequestId) -> String {
        let trail = lock(&self.world().trail);
        let entry = trail.entries().iter().find(|entry| entry.record["requestID"] == id.as_str());
        entry.expect("a record of the call").record.to_string()
    }

    /// The request as it is stored.
    #[must_use]
    pub fn stored(&self, id: &RequestId) -> Request {
        self.portcullis.store.stored(id).expect("a stored request")
    }

    /// Its state.
    #[must_use]
    pub fn state(&self, id: &RequestId) -> State {
        self.stored(id).state
    }

    /// Every message of the channel that is not in a thread, oldest first.
    #[must_use]
    pub fn cards(&self) -> Vec<Message> {
        lock(&self.world().slack).messages(seed::CHANNEL).into_iter().cloned().collect()
    }

    /// The messages of the channel that show a request, oldest first.
    #[must_use]
    pub fn cards_of(&self, id: &RequestId) -> Vec<Message> {
        // A card may name another request's id; what its blocks are called names its own.
        let own = format!("{id}.");
        let shows = |message: &Message| {
            message.blocks.iter().any(|block| block["block_id"].as_str().is_some_and(|name| name.starts_with(&own)))
        };
        self.cards().into_iter().filter(shows).collect()
    }

    /// What the cards' texts begin with, oldest first.
    #[must_use]
    pub fn headlines(&self) -> Vec<String> {
        self.cards().iter().map(headline).collect()
    }

    /// The headline of the one card of a request.
    #[must_use]
    pub fn headline(&self, id: &RequestId) -> String {
        let cards = self.cards_of(id);
        assert_eq!(cards.len(), 1, "one card of {id}");
        headline(&cards[0])
    }

    /// The click of a button on the newest card of a request.
    #[must_use]
    pub fn clicked(&self, user: &str, action: &str, id: &RequestId) -> Click {
        let (button, name) = match action {
            "approve" => (Button::Approve, "approve"),
            "deny" => (Button::Deny, "deny"),
            "retry" => (Button::Retry, "retry"),
            other => panic!("no such button: {other}"),
        };
        self.tell_of_click(user, name, id);
        self.pressed(user, action, button, id).0
    }

    pub(super) fn tell_of_click(&self, user: &str, button: &'static str, id: &RequestId) {
        if let Some(watched) = &self.watched {
            watched.oracle.clicked(user, button, id.as_str());
        }
    }

    pub(super) fn pressed(&self, user: &str, action: &str, button: Button, id: &RequestId) -> (Click, Value) {
        let ts = self.cards_of(id).pop().expect("a card").ts.to_string();
        let mut slack = lock(&self.world().slack);
        functions::press(&mut slack, self.now(), (user, &ts), action, button).expect("a button")
    }
}

fn headline(message: &Message) -> String {
    let found = HEADLINES.iter().find(|headline| message.text.starts_with(**headline));
    (*found.unwrap_or_else(|| panic!("no card begins so: {}", message.text))).to_owned()
}

/// SSH from somewhere.
#[must_use]
pub fn ssh(cidr: &str) -> Permission {
    Permission::new("tcp", 22, 22).from_ipv4(cidr, None)
}
