//! What stays the same while the system runs: who there is, where, and what can be done.

use std::{sync::Arc, time::Duration};

use axum::{Json, extract::State};
use serde_json::{Value, json};

use super::{openings::Opening, state::lock, switches::Switch};
use crate::system::{System, seed};

/// `GET /api/setup`.
pub(super) async fn setup(State(system): State<Arc<System>>) -> Json<Value> {
    let channel = lock(&system.world.slack)
        .channels()
        .find(|channel| channel.id == seed::CHANNEL)
        .map(|channel| channel.name.clone());
    Json(json!({
        "channel": channel,
        "accounts": seed::ACCOUNTS.map(|(id, name)| json!({ "id": id, "name": name })),
        "regions": seed::REGIONS,
        "openers": seed::Opener::ALL.map(|opener| json!({ "key": opener.key(), "title": opener.title() })),
        "openings": Opening::ALL.map(|opening| {
            json!({ "key": opening.key(), "title": opening.title(), "explains": opening.explains() })
        }),
        "members": seed::MEMBERS.map(|member| {
            json!({ "id": member.id, "name": member.name, "email": member.email, "approver": member.approver })
        }),
        "faults": Switch::ALL.map(|switch| {
            json!({
                "key": switch.key, "title": switch.title, "explains": switch.explains, "holds": switch.holds(),
            })
        }),
        "timing": {
            "poll_every_ms": millis(system.timing.poll_every),
            "sweep_every_ms": millis(system.timing.sweep_every),
            "delivery_delay_ms": lock(&system.world.lake).settings.delivery_delay.num_milliseconds(),
        },
    }))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
