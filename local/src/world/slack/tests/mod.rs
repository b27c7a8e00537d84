//! Stories of one event each, told to the state machine.

mod clicking;
mod limits;
mod posting;
mod reading;
mod submitting;
mod texts;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::*;

const TOKEN: &str = "xoxb-of-the-tests";
const CHANNEL: &str = "C0123456789";
const ALICE: &str = "U0ALICE";
const BOB: &str = "U0BOB";

fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_176_000, 0).unwrap()
}

fn after(seconds: i64) -> DateTime<Utc> {
    noon() + TimeDelta::seconds(seconds)
}

fn workspace() -> Slack {
    let mut slack = Slack::default();
    slack.add_user(ALICE, "alice", Some("alice@example.com"));
    slack.add_user(BOB, "bob", Some("bob@example.com"));
    slack.add_channel(CHANNEL, "gates");
    slack.join(CHANNEL, ALICE);
    let scopes = ["chat:write", "channels:history", "users:read", "users:read.email", "usergroups:read"];
    slack.add_bot_token(TOKEN, &scopes);
    slack
}

fn card() -> Value {
    json!([
        {"type": "header", "text": {"type": "plain_text", "text": "Approval needed: tcp 22 opened", "emoji": true}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "*1 rule*", "verbatim": true}},
        {"type": "actions", "block_id": "r1.1.actions", "elements": [
            {"type": "button", "action_id": "approve", "text": {"type": "plain_text", "text": "Approve"}, "value": "r1"},
            {"type": "button", "action_id": "deny", "text": {"type": "plain_text", "text": "Deny"}, "value": "r1", "style": "danger"},
        ]},
    ])
}

fn call(slack: &mut Slack, method: &str, args: Value) -> Result<Value, ApiError> {
    call_at(slack, noon(), method, args)
}

fn call_at(slack: &mut Slack, now: DateTime<Utc>, method: &str, args: Value) -> Result<Value, ApiError> {
    slack.call(now, Some(TOKEN), method, &Args::from_json(args))
}

fn error(answer: Result<Value, ApiError>) -> &'static str {
    answer.unwrap_err().code()
}

/// Posts the card and returns its ts.
fn posted(slack: &mut Slack) -> String {
    let args = json!({"channel": CHANNEL, "text": "Approval needed", "blocks": card()});
    let answer = call(slack, "chat.postMessage", args).unwrap();
    answer["ts"].as_str().unwrap().to_owned()
}
