//! What people do in a modal: submit it, or close it.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{actions::Refused, state::lock};
use crate::{
    system::{ClickFailed, System},
    world::slack::{Slack, Typed},
};

/// The modals that are open, oldest first, each with the errors of its last submission.
pub(super) fn open(slack: &Slack) -> Vec<Value> {
    let shown = slack.views().iter();
    shown.map(|open| json!({"view_id": open.id, "user": open.user, "view": open.view, "errors": open.errors})).collect()
}

/// A modal with what was typed into it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Submit {
    user: String,
    view_id: String,
    values: Typed,
}

/// `POST /api/submit`: what became of it. Not `accepted`: the person sees Slack's error, and the modal stays. With `errors`
/// the modal stays too; else it is closed. What Slack's client would not let through is refused with 409.
pub(super) async fn submit(
    State(system): State<Arc<System>>,
    Json(submit): Json<Submit>,
) -> Result<Json<Value>, Refused> {
    let submitted = system.submit(&submit.user, &submit.view_id, &submit.values).await?;
    let took = u64::try_from(submitted.took.as_millis()).unwrap_or(u64::MAX);
    let (accepted, errors) = (submitted.accepted(), submitted.errors());
    Ok(Json(json!({ "accepted": accepted, "status": submitted.status, "took_ms": took, "errors": errors })))
}

/// A modal to close.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Dismiss {
    user: String,
    view_id: String,
}

/// `POST /api/dismiss`: nothing is sent to the app.
pub(super) async fn dismiss(
    State(system): State<Arc<System>>,
    Json(dismiss): Json<Dismiss>,
) -> Result<Json<Value>, Refused> {
    lock(&system.world.slack).dismiss(&dismiss.user, &dismiss.view_id).map_err(ClickFailed::from)?;
    Ok(Json(json!({})))
}
