//! Infrastructure as code that does not take No for an answer: what it has opened, it opens again where it is gone.

use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};

use super::{lock, seed::Opener};
use crate::world::{
    World,
    ec2::{Answer, Call, Ec2Error, GroupRef, Operation, Permission, Permissions, Source},
};

/// How often a pipeline opens its rule again, at most.
pub const REOPENINGS: u32 = 3;

/// How long the rule has to be gone before it is opened again: a pipeline takes a moment to see it.
pub const REOPENS_AFTER: TimeDelta = TimeDelta::seconds(4);

/// A controller with one rule: SSH from the whole internet, in one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pipeline {
    /// The group's account.
    pub account: String,
    /// Its region.
    pub region: String,
    /// Its id.
    pub group: String,
    /// How often it has opened its rule again.
    pub reopened: u32,
    /// How often it still will.
    pub left: u32,
    gone_since: Option<DateTime<Utc>>,
}

/// The pipelines of this run.
#[derive(Debug, Default)]
pub struct Pipelines {
    pipelines: Mutex<Vec<Pipeline>>,
}

impl Pipelines {
    /// Opens the rule, and begins to see to it that it stays. A pipeline that was at work on this group begins anew.
    ///
    /// # Errors
    /// EC2 refuses the opening, as where the rule is there already.
    pub fn begin(
        &self,
        world: &World,
        account: &str,
        region: &str,
        group: &str,
        now: DateTime<Utc>,
    ) -> Result<String, Ec2Error> {
        let pipeline = Pipeline {
            account: account.to_owned(),
            region: region.to_owned(),
            group: group.to_owned(),
            reopened: 0,
            left: REOPENINGS,
            gone_since: None,
        };
        let answer = pipeline.open(world, now);
        answer.result?;
        let mut pipelines = lock(&self.pipelines);
        pipelines.retain(|other| !other.is_in(account, region, group));
        pipelines.push(pipeline);
        Ok(answer.request_id)
    }

    /// Every pipeline looks at its rule, and opens it again where it has been gone for [`REOPENS_AFTER`].
    pub fn run(&self, world: &World, now: DateTime<Utc>) {
        for pipeline in lock(&self.pipelines).iter_mut() {
            pipeline.run(world, now);
        }
    }

    /// All of them, also those that have given up.
    pub fn list(&self) -> Vec<Pipeline> {
        lock(&self.pipelines).clone()
    }

    /// Stops them all; what they opened stays.
    pub fn stop(&self) {
        lock(&self.pipelines).clear();
    }
}

impl Pipeline {
    fn is_in(&self, account: &str, region: &str, group: &str) -> bool {
        self.account == account && self.region == region && self.group == group
    }

    fn open(&self, world: &World, now: DateTime<Utc>) -> Answer {
        let ssh = Permission::new("tcp", 22, 22).from_ipv4("0.0.0.0/0", Some("managed by terraform"));
        let permissions = Permissions::Array(vec![ssh]);
        let open = Operation::AuthorizeIngress { group: GroupRef::id(&self.group), permissions };
        world.ec2_call(&Opener::Pipeline.caller(&self.account, &self.region), &Call::from(open), now)
    }

    fn run(&mut self, world: &World, now: DateTime<Utc>) {
        if self.left == 0 || self.is_open(world) {
            self.gone_since = None;
            return;
        }
        let gone_since = *self.gone_since.get_or_insert(now);
        if now - gone_since < REOPENS_AFTER {
            return;
        }
        self.gone_since = None;
        self.left -= 1;
        match self.open(world, now).result {
            Ok(_) => self.reopened += 1,
            Err(error) => tracing::warn!(%error, group = self.group, "a pipeline could not open its rule again"),
        }
    }

    fn is_open(&self, world: &World) -> bool {
        let ec2 = lock(&world.ec2);
        let group = ec2.group(&self.account, &self.region, &self.group);
        group.is_some_and(|group| {
            group.rules().any(|rule| {
                let anywhere = matches!(rule.key.source, Source::Ipv4(net) if net.prefix_len() == 0);
                !rule.key.egress && (rule.key.from_port, rule.key.to_port) == (22, 22) && anywhere
            })
        })
    }
}
