//! Everything outside Portcullis: EC2, STS, CloudTrail with its Lake, and Slack, as plain state machines.
//!
//! Nothing here does I/O or reads a clock: `now` is an argument, randomness comes from a seed, maps are ordered. So the
//! same world serves behind the real wire ([`crate::wire`]) and, with the same seed, twice the same in a simulation.

pub mod calls;
pub mod ec2;
pub mod faults;
pub mod identity;
pub mod ids;
pub mod lake;
pub mod slack;
pub mod sts;
pub mod trail;

use std::sync::Mutex;

/// The whole world. Each service is locked on its own; no method of one service takes another's lock
/// (the places that hold two take the trail's last: [`World::ec2_call`] after EC2's, [`World::deliver_to_lake`] after the
/// Lake's).
#[derive(Debug, Default)]
pub struct World {
    /// Security groups and their rules, by account and region.
    pub ec2: Mutex<ec2::Ec2>,
    /// Roles that can be assumed, and the sessions that were given out.
    pub sts: Mutex<sts::Sts>,
    /// What CloudTrail has recorded, in the order of the calls.
    pub trail: Mutex<trail::Trail>,
    /// The event data store and its queries.
    pub lake: Mutex<lake::Lake>,
    /// The workspace: people, channels, messages, what was clicked.
    pub slack: Mutex<slack::Slack>,
    /// The calls to EC2 and STS that came over the wire, of late.
    pub calls: calls::Calls,
    /// Switches that make a service misbehave.
    pub faults: faults::Faults,
}
