//! Slack's stand-in on a loopback port, for tests in other languages. Prints one line of JSON with its URL and what is in
//! the workspace, and serves until it is killed or its standard input ends.
//!
//! `POST /people/click` with `{user, channel, ts, action_id}` lets somebody click; the answer is the signed request that
//! Slack would send, `{headers, body}`.

use std::{
    error::Error,
    sync::{Arc, PoisonError},
};

use axum::{Json, Router, extract::State, http::StatusCode, routing::post};
use chrono::Utc;
use local::{wire, world::World};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

const TOKEN: &str = "xoxb-of-the-stand-in";
const CHANNEL: &str = "C0123456789";
const USER: &str = "U0ALICE";
const SIGNING_SECRET: &str = "signing-secret-of-the-stand-in";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let world = Arc::new(World::default());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let slack = format!("http://{}", listener.local_addr()?);
    let webhook = fill(&world, &slack);
    let router = wire::slack::router(world.clone()).merge(people(world));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let workspace = json!({
        "slack": slack,
        "slack_bot_token": TOKEN,
        "slack_channel": CHANNEL,
        "slack_user": USER,
        "slack_signing_secret": SIGNING_SECRET,
        "slack_webhook": webhook,
    });
    println!("{workspace}");
    tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink())).await??;
    Ok(())
}

/// One person, one channel, a user group, a bot token; returns the URL of a webhook.
fn fill(world: &World, origin: &str) -> String {
    let mut slack = world.slack.lock().unwrap_or_else(PoisonError::into_inner);
    origin.clone_into(&mut slack.hooks_origin);
    slack.add_user(USER, "alice", Some("alice@example.com"));
    slack.add_channel(CHANNEL, "gates");
    slack.join(CHANNEL, USER);
    slack.set_user_group("S0SECURITY", &[USER]);
    let scopes = ["chat:write", "channels:history", "users:read", "users:read.email", "usergroups:read"];
    slack.add_bot_token(TOKEN, &scopes);
    slack.add_webhook(CHANNEL)
}

fn people(world: Arc<World>) -> Router {
    Router::new().route("/people/click", post(click)).with_state(world)
}

#[derive(Deserialize)]
struct Click {
    user: String,
    channel: String,
    ts: String,
    action_id: String,
}

async fn click(State(world): State<Arc<World>>, Json(click): Json<Click>) -> (StatusCode, Json<Value>) {
    let now = Utc::now();
    let mut slack = world.slack.lock().unwrap_or_else(PoisonError::into_inner);
    match slack.click(now, &click.user, &click.channel, &click.ts, None, &click.action_id) {
        Ok(interaction) => {
            let request = interaction.request(SIGNING_SECRET, now);
            let headers: Map<String, Value> =
                request.headers.into_iter().map(|(name, value)| (name.to_owned(), Value::String(value))).collect();
            (StatusCode::OK, Json(json!({"headers": headers, "body": request.body})))
        }
        Err(error) => (StatusCode::CONFLICT, Json(json!({"error": error.to_string()}))),
    }
}
