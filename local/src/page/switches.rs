//! The switches of the page, that break a service until they are turned off.

use std::time::Duration;

use super::state::lock;
use crate::{
    system::{System, seed},
    world::{faults::Fault, sts::Sts},
};

/// A switch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Switch {
    /// As it is sent.
    pub(super) key: &'static str,
    /// For people.
    pub(super) title: &'static str,
    /// What happens, and how it recovers.
    pub(super) explains: &'static str,
    breaks: Breaks,
}

/// What a switch does.
#[derive(Clone, Copy, Debug)]
enum Breaks {
    /// Calls of a service fail; the operation is as the service spells it, or `*`.
    Calls(&'static str, &'static str, Fault),
    /// The role in the watched accounts is not there.
    SpokeRole,
    /// The responder is killed after its next answer, once.
    Responder,
}

impl Switch {
    /// All of them, in the order of the page.
    pub(super) const ALL: [Self; 9] = [
        Self {
            key: "slack-down",
            title: "Slack is down",
            explains: "Slack answers every call with an error. New cards and updates wait and are tried again, later each \
                       time; a Deny still counts and still removes the rule. When Slack is back, the next try catches up, \
                       and no card comes twice.",
            breaks: Breaks::Calls("slack", "*", Fault::ServerError),
        },
        Self {
            key: "ec2-throttled",
            title: "EC2 throttles every call",
            explains: "EC2 answers RequestLimitExceeded. A Deny is stored, and its revert is tried again with longer and \
                       longer pauses. When EC2 takes calls again, the next try removes the rule.",
            breaks: Breaks::Calls("ec2", "*", Fault::Throttle),
        },
        Self {
            key: "spoke-role-missing",
            title: "The spoke role is missing",
            explains: "STS refuses AssumeRole, as where the role was deleted, and sessions of it may do nothing. A \
                       Deny ends as not reverted, with AWS's error code and what to look at on the card. Turn this off and click Retry.",
            breaks: Breaks::SpokeRole,
        },
        Self {
            key: "killed-after-answer",
            title: "The responder is killed after its next answer",
            explains: "Once: the responder dies right after it has answered the next click, before it reverts anything. \
                       The decision is stored, so the poller's next sweep does what is left.",
            breaks: Breaks::Responder,
        },
        Self {
            key: "revoke-denied",
            title: "EC2 refuses to revoke (UnauthorizedOperation)",
            explains: "The role may look but not revoke. A Deny ends as not reverted at once, since trying again would not \
                       help. Turn this off and click Retry.",
            breaks: Breaks::Calls("ec2", "RevokeSecurityGroupIngress", Fault::Denied),
        },
        Self {
            key: "assume-denied",
            title: "The spoke role cannot be assumed",
            explains: "STS answers AccessDenied, as where the role does not trust Portcullis; sessions that are held \
                       already stay good. Turn this off and click Retry.",
            breaks: Breaks::Calls("sts", "AssumeRole", Fault::Denied),
        },
        Self {
            key: "lake-failing",
            title: "CloudTrail Lake answers with errors",
            explains: "No query works, so the watermark stays. Pushed records still make cards; what was not pushed comes \
                       with the next query that works.",
            breaks: Breaks::Calls("lake", "*", Fault::ServerError),
        },
        Self {
            key: "database-failing",
            title: "DynamoDB answers with errors",
            explains: "Nothing can be stored: a click ends in Slack's own error, and no card is made. When the \
                       table is back, the next query of CloudTrail Lake finds what was missed.",
            breaks: Breaks::Calls("dynamodb", "*", Fault::ServerError),
        },
        Self {
            key: "slack-slow",
            title: "Slack takes 2 seconds for an answer",
            explains: "Cards come later. The answer to a click does not wait for Slack longer than Slack itself would.",
            breaks: Breaks::Calls("slack", "*", Fault::Slow(Duration::from_secs(2))),
        },
    ];

    /// The switch with this key.
    pub(super) fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|switch| switch.key == key)
    }

    /// Which kinds of work wait while it is on, as `requests[].waits` names them. A card waits for EC2 too where the record
    /// does not say what was opened.
    pub(super) fn holds(&self) -> &'static [&'static str] {
        match self.breaks {
            Breaks::Calls("slack", ..) => &["post", "update"],
            Breaks::Calls("ec2" | "sts", ..) | Breaks::SpokeRole => &["revert", "post"],
            Breaks::Calls("dynamodb", ..) => &["post", "update", "revert"],
            Breaks::Calls(..) | Breaks::Responder => &[],
        }
    }

    /// Turns it on or off. Of two that break the same calls, the last one counts.
    pub(super) fn turn(&self, system: &System, on: bool) {
        match self.breaks {
            Breaks::Calls(service, operation, fault) if on => system.world.faults.set(service, operation, fault, None),
            Breaks::Calls(service, operation, _) if self.is_on(system) => system.world.faults.clear(service, operation),
            Breaks::Calls(..) => {}
            Breaks::SpokeRole => set_spoke_missing(&mut lock(&system.world.sts), on),
            Breaks::Responder => system.responder.kill_after_next_answer(on),
        }
    }

    /// Whether it is on now.
    pub(super) fn is_on(&self, system: &System) -> bool {
        match self.breaks {
            Breaks::Calls(service, operation, fault) => system
                .world
                .faults
                .list()
                .into_iter()
                .any(|(target, on, _)| target.service == service && target.operation == operation && on == fault),
            Breaks::SpokeRole => {
                let sts = lock(&system.world.sts);
                spokes().all(|arn| sts.is_missing(&arn))
            }
            Breaks::Responder => system.responder.is_doomed(),
        }
    }
}

fn set_spoke_missing(sts: &mut Sts, missing: bool) {
    spokes().for_each(|arn| sts.set_missing(&arn, missing));
}

/// The spoke roles of the watched accounts.
fn spokes() -> impl Iterator<Item = String> {
    let arn = |account| format!("arn:aws:iam::{account}:role{}{}", seed::ROLE_PATH, seed::SPOKE);
    seed::ACCOUNTS.into_iter().map(move |(account, _)| arn(account))
}
