//! What a person sees of the running system.

use std::sync::Arc;

use axum::{Json, Router, extract::State, routing::get};
use serde_json::{Value, json};

use crate::system::System;

/// Serves the system's addresses as JSON.
pub fn router(system: Arc<System>) -> Router {
    Router::new().route("/", get(addresses)).with_state(system)
}

async fn addresses(State(system): State<Arc<System>>) -> Json<Value> {
    Json(json!({ "gateway": system.gateway.url(), "slack": system.services.slack.url() }))
}
