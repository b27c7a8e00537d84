//! The stand-ins of Slack, EC2 and STS on loopback ports of their own, for tests in other languages. Prints one line of JSON
//! with their URLs and what is in them, and serves until it is killed or its standard input ends.
//!
//! `POST /people/click` with `{user, channel, ts, action_id}` lets somebody click, `POST /people/submit` with `{user,
//! view_id, values}` submit a modal; the answer is the signed request that Slack would send, `{headers, body}`.

use std::{
    error::Error,
    sync::{Arc, PoisonError},
};

use axum::{Json, Router, extract::State, http::StatusCode, routing::post};
use chrono::{DateTime, Utc};
use local::{
    wire,
    world::{
        World,
        identity::Identity,
        slack::{Interaction, Typed},
        sts::Role,
    },
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

const ACCOUNT: &str = "123456789012";
const ACCESS_KEY: &str = "AKIAIOSFODNN7EXAMPLE";
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
    let role = credentials(&world);
    let router = wire::slack::router(world.clone()).merge(people(world.clone()));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let ec2 = serve(wire::ec2::router(world.clone())).await?;
    let sts = serve(wire::sts::router(world)).await?;
    let contents = json!({
        "slack": slack,
        "slack_bot_token": TOKEN,
        "slack_channel": CHANNEL,
        "slack_user": USER,
        "slack_signing_secret": SIGNING_SECRET,
        "slack_webhook": webhook,
        "ec2": ec2,
        "sts": sts,
        "aws_access_key_id": ACCESS_KEY,
        "aws_account": ACCOUNT,
        "aws_role": role,
    });
    println!("{contents}");
    tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink())).await??;
    Ok(())
}

/// Serves on a free port and returns the URL.
async fn serve(router: Router) -> Result<String, std::io::Error> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(url)
}

/// An IAM user with an access key, and a role that trusts the user's account; returns the role's ARN.
fn credentials(world: &World) -> String {
    let mut sts = world.sts.lock().unwrap_or_else(PoisonError::into_inner);
    let tester = Identity::IamUser { account: ACCOUNT.to_owned(), user_name: "tester".to_owned() };
    sts.add_access_key(ACCESS_KEY, ACCOUNT, tester);
    let role = Role::spoke(ACCOUNT, "/security/", "spoke-001", &format!("arn:aws:iam::{ACCOUNT}:root"), None);
    let arn = role.arn();
    sts.add_role(role);
    arn
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
    Router::new().route("/people/click", post(click)).route("/people/submit", post(submit)).with_state(world)
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
    signed(slack.click(now, &click.user, &click.channel, &click.ts, None, &click.action_id), now)
}

#[derive(Deserialize)]
struct Submit {
    user: String,
    view_id: String,
    values: Typed,
}

async fn submit(State(world): State<Arc<World>>, Json(submit): Json<Submit>) -> (StatusCode, Json<Value>) {
    let now = Utc::now();
    let mut slack = world.slack.lock().unwrap_or_else(PoisonError::into_inner);
    signed(slack.submit(now, &submit.user, &submit.view_id, &submit.values), now)
}

fn signed<E: Error>(interaction: Result<Interaction, E>, now: DateTime<Utc>) -> (StatusCode, Json<Value>) {
    match interaction {
        Ok(interaction) => {
            let request = interaction.request(SIGNING_SECRET, now);
            let headers: Map<String, Value> =
                request.headers.into_iter().map(|(name, value)| (name.to_owned(), Value::String(value))).collect();
            (StatusCode::OK, Json(json!({"headers": headers, "body": request.body})))
        }
        Err(error) => (StatusCode::CONFLICT, Json(json!({"error": error.to_string()}))),
    }
}
