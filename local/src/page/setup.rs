//! What stays the same while the system runs: who there is, where, and what can be done.

use std::{sync::Arc, time::Duration};

use axum::{Json, extract::State};
use serde_json::{Value, json};

use super::openings::Opening;
use crate::{
    system::{System, seed},
    world::faults::Fault,
};

/// A switch on the page that makes a service misbehave until it is turned off.
#[derive(Clone, Copy, Debug)]
pub(super) struct Switch {
    pub(super) key: &'static str,
    pub(super) title: &'static str,
    pub(super) service: &'static str,
    pub(super) operation: &'static str,
    pub(super) fault: Fault,
}

/// The switches of the page.
pub(super) const SWITCHES: [Switch; 6] = [
    Switch {
        key: "revoke-denied",
        title: "EC2 refuses to revoke (UnauthorizedOperation)",
        service: "ec2",
        operation: "RevokeSecurityGroupIngress",
        fault: Fault::Denied,
    },
    Switch {
        key: "ec2-throttled",
        title: "EC2 throttles every call",
        service: "ec2",
        operation: "*",
        fault: Fault::Throttle,
    },
    Switch {
        key: "assume-denied",
        title: "The spoke role cannot be assumed",
        service: "sts",
        operation: "AssumeRole",
        fault: Fault::Denied,
    },
    Switch {
        key: "lake-failing",
        title: "CloudTrail Lake answers with errors",
        service: "lake",
        operation: "*",
        fault: Fault::ServerError,
    },
    Switch {
        key: "database-failing",
        title: "DynamoDB answers with errors",
        service: "dynamodb",
        operation: "*",
        fault: Fault::ServerError,
    },
    Switch {
        key: "slack-slow",
        title: "Slack takes 2 seconds for an answer",
        service: "slack",
        operation: "*",
        fault: Fault::Slow(Duration::from_secs(2)),
    },
];

/// `GET /api/setup`.
pub(super) async fn setup(State(system): State<Arc<System>>) -> Json<Value> {
    let channel = super::state::lock(&system.world.slack)
        .channels()
        .find(|channel| channel.id == seed::CHANNEL)
        .map(|channel| channel.name.clone());
    Json(json!({
        "channel": channel,
        "accounts": seed::ACCOUNTS.map(|(id, name)| json!({ "id": id, "name": name })),
        "regions": seed::REGIONS,
        "openers": seed::Opener::ALL.map(|opener| json!({ "key": opener.key(), "title": opener.title() })),
        "openings": Opening::ALL.map(|opening| json!({ "key": opening.key(), "title": opening.title() })),
        "members": seed::MEMBERS.map(|member| {
            json!({ "id": member.id, "name": member.name, "approver": member.approver })
        }),
        "faults": SWITCHES.map(|switch| json!({ "key": switch.key, "title": switch.title })),
    }))
}
