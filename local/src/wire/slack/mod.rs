//! Slack on HTTP: the Web API under `/api/`, incoming webhooks under `/services/`, `response_url`s under `/actions/`.
//!
//! `slack.api_base_url` is `http://host:port/api`; [`Slack::hooks_origin`](crate::world::slack::Slack::hooks_origin) is
//! `http://host:port`. Switches for faults are asked for service `slack` and the method (`chat.postMessage`), `webhook`
//! or `response_url`.

mod answer;
mod faulty;
mod request;

use std::sync::{Arc, MutexGuard, PoisonError};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, Query, State},
    http::{HeaderMap, Method, Uri},
    response::Response,
    routing::{any, post},
};
use chrono::Utc;

use crate::world::{
    World,
    slack::{ApiError, Slack, needed_scope, urls},
};

/// The routes of Slack on this world.
pub fn router(world: Arc<World>) -> Router {
    Router::new()
        .route("/api/{method}", any(web_api))
        .route("/services/{*rest}", post(webhook))
        .route("/actions/{*rest}", post(response_url))
        .with_state(world)
}

async fn web_api(
    State(world): State<Arc<World>>,
    Path(name): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let call = match request::read(&name, &method, &headers, query, &body) {
        Ok(call) => call,
        Err(error) => return answer::api_error(&error),
    };
    let denied = ApiError::MissingScope {
        needed: needed_scope(&name, &call.args).flatten().unwrap_or("none").to_owned(),
        provided: "identify".to_owned(),
    };
    let faults = faulty::Answers { throttled: answer::throttled("ratelimited"), denied: answer::api_error(&denied) };
    faulty::with_faults(&world, &name, call.args.card_of().as_deref(), faults, || {
        let mut slack = lock(&world);
        let answer = slack.call(Utc::now(), call.token.as_deref(), &name, &call.args);
        let scopes = call.token.as_deref().and_then(|token| slack.scopes(token));
        drop(slack);
        match answer {
            Ok(body) => answer::api_ok(body, scopes, call.warning),
            Err(error) => answer::api_error(&error),
        }
    })
    .await
}

async fn webhook(State(world): State<Arc<World>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let faults = faulty::Answers {
        throttled: answer::throttled_text("rate_limited"),
        denied: answer::text(403, "action_prohibited"),
    };
    faulty::with_faults(&world, "webhook", None, faults, || {
        let posted = urls::body(request::is_form(&headers), &body)
            .and_then(|args| lock(&world).webhook(Utc::now(), uri.path(), &args));
        answer::url_text(posted)
    })
    .await
}

async fn response_url(State(world): State<Arc<World>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let faults = faulty::Answers {
        throttled: answer::throttled("rate_limited"),
        denied: answer::api_error(&ApiError::Refused("action_prohibited")),
    };
    faulty::with_faults(&world, "response_url", None, faults, || {
        let posted = urls::body(request::is_form(&headers), &body)
            .and_then(|args| lock(&world).respond(Utc::now(), uri.path(), &args));
        answer::url_json(posted)
    })
    .await
}

fn lock(world: &World) -> MutexGuard<'_, Slack> {
    world.slack.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
