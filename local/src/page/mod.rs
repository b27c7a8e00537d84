//! What a person sees of the running system, and does in it: the channel, the security groups, and the people.
//!
//! Static files without a build step, and a small JSON API that only a page of this very server may call.

mod actions;
mod assets;
mod guard;
mod modals;
mod openings;
mod request;
mod requests;
mod setup;
mod state;
mod switches;
mod timeline;
mod widen;

use std::sync::Arc;

use axum::{
    Router, middleware,
    routing::{get, post},
};

use crate::system::System;

/// The page and its JSON API. Whoever sends another Host than a loopback one, or posts from another origin, is refused.
pub fn router(system: Arc<System>) -> Router {
    let api = Router::new()
        .route("/api/setup", get(setup::setup))
        .route("/api/state", get(state::state))
        .route("/api/click", post(actions::click))
        .route("/api/submit", post(modals::submit))
        .route("/api/dismiss", post(modals::dismiss))
        .route("/api/open", post(actions::open))
        .route("/api/modify", post(actions::modify))
        .route("/api/revoke", post(actions::revoke))
        .route("/api/fault", post(actions::fault))
        .route("/api/stop-pipeline", post(actions::stop_pipeline))
        .route("/api/request/{id}", get(request::request))
        .with_state(system);
    assets::router().merge(api).layer(middleware::from_fn(guard::guard))
}

#[cfg(test)]
mod tests;
