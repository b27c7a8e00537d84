//! A person at a button: the `block_actions` payload, and the signed request that carries it.
//!
//! Formats: docs.slack.dev, reference/interaction-payloads/block_actions-payload and
//! authentication/verifying-requests-from-slack.

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{Author, Message, Slack};

/// Why somebody cannot click there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClickError {
    /// Nobody has this user id.
    #[error("no user {0} in this workspace: add the user first")]
    NoUser(String),
    /// No such channel.
    #[error("no channel {0}")]
    NoChannel(String),
    /// Only members of a channel see its buttons.
    #[error("{user} is not in {channel}: let the user join first")]
    NotInChannel {
        /// Who.
        user: String,
        /// Where.
        channel: String,
    },
    /// No such message (any more).
    #[error("no message {ts} in {channel}")]
    NoMessage {
        /// Where.
        channel: String,
        /// Which.
        ts: String,
    },
    /// The message has no such button (any more).
    #[error("message {ts} in {channel} has no button {action_id}; it has: {has}")]
    NoButton {
        /// Where.
        channel: String,
        /// Which message.
        ts: String,
        /// Which button.
        action_id: String,
        /// The `action_id`s that are there, separated by commas.
        has: String,
    },
}

/// What Slack sends to the app's request URL.
#[derive(Clone, Debug, PartialEq)]
pub struct Interaction {
    /// The JSON in the form field `payload`.
    pub payload: Value,
}

/// A request to be POSTed as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedRequest {
    /// Names as Slack spells them.
    pub headers: Vec<(&'static str, String)>,
    /// The form body that the signature is over.
    pub body: String,
}

impl Interaction {
    /// The request as Slack sends it at `now`, signed with the app's signing secret.
    #[must_use]
    pub fn request(&self, secret: &str, now: DateTime<Utc>) -> SignedRequest {
        let payload: String = form_encoded(&self.payload.to_string());
        let body = format!("payload={payload}");
        let timestamp = now.timestamp();
        let headers = vec![
            ("Content-Type", "application/x-www-form-urlencoded".to_owned()),
            ("X-Slack-Request-Timestamp", timestamp.to_string()),
            ("X-Slack-Signature", sign(secret, timestamp, body.as_bytes())),
            ("User-Agent", "Slackbot 1.0 (+https://api.slack.com/robots)".to_owned()),
        ];
        SignedRequest { headers, body }
    }

    /// The `response_url` of the click.
    #[must_use]
    pub fn response_url(&self) -> &str {
        self.payload["response_url"].as_str().unwrap_or_default()
    }

    /// The `trigger_id` of the click.
    #[must_use]
    pub fn trigger_id(&self) -> &str {
        self.payload["trigger_id"].as_str().unwrap_or_default()
    }
}

/// Slack's signature: `v0=` and the HMAC-SHA256, in hex, of `v0:{timestamp}:{body}`.
#[must_use]
pub fn sign(secret: &str, timestamp: i64, body: &[u8]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        // HMAC takes keys of every length: there is no such case.
        return String::new();
    };
    mac.update(format!("v0:{timestamp}:").as_bytes());
    mac.update(body);
    format!("v0={}", hex::encode(mac.finalize().into_bytes()))
}

impl Slack {
    /// Somebody clicks a button (and confirms, where the button asks): makes the payload, with a `response_url` and a
    /// `trigger_id` of its own. With `block_id` only a button in that block counts. A link button is an interaction too.
    ///
    /// # Errors
    /// Nobody or nothing there to click.
    pub fn click(
        &mut self,
        now: DateTime<Utc>,
        user: &str,
        channel: &str,
        ts: &str,
        block_id: Option<&str>,
        action_id: &str,
    ) -> Result<Interaction, ClickError> {
        let who = self.users.get(user).ok_or_else(|| ClickError::NoUser(user.to_owned()))?.clone();
        let place = self.channels.get(channel).ok_or_else(|| ClickError::NoChannel(channel.to_owned()))?;
        if !place.members.contains(user) {
            return Err(ClickError::NotInChannel { user: user.to_owned(), channel: channel.to_owned() });
        }
        let channel_name = place.name.clone();
        let message = self
            .message(channel, ts)
            .ok_or_else(|| ClickError::NoMessage { channel: channel.to_owned(), ts: ts.to_owned() })?
            .clone();
        let (block, button) = find_button(&message, block_id, action_id).ok_or_else(|| ClickError::NoButton {
            channel: channel.to_owned(),
            ts: ts.to_owned(),
            action_id: action_id.to_owned(),
            has: action_ids(&message),
        })?;
        let action_ts = self.next_ts(now).to_string();
        let response_url = self.make_response_url(now, channel, message.ts, user);
        let trigger_id = self.make_trigger(now, user);
        Ok(Interaction {
            payload: json!({
                "type": "block_actions",
                "user": {"id": who.id, "username": who.name, "name": who.name, "team_id": self.team_id},
                "api_app_id": self.app_id,
                "token": "verification-token-not-used",
                "container": container(channel, &message),
                "trigger_id": trigger_id,
                "team": {"id": self.team_id, "domain": self.team_domain},
                "enterprise": null,
                "is_enterprise_install": false,
                "channel": {"id": channel, "name": channel_name},
                "message": self.message_json(&message, false),
                "state": {"values": {}},
                "response_url": response_url,
                "actions": [action(&block, &button, &action_ts)],
            }),
        })
    }
}

fn container(channel: &str, message: &Message) -> Value {
    let mut container = json!({
        "type": "message",
        "message_ts": message.ts.to_string(),
        "channel_id": channel,
        "is_ephemeral": false,
    });
    if let Some(parent) = message.thread_ts {
        container["thread_ts"] = json!(parent.to_string());
    }
    if message.author == Author::Webhook {
        container["is_app_unfurl"] = json!(false);
    }
    container
}

/// The button as it was posted, without what only the screen needs.
fn action(block: &Value, button: &Value, action_ts: &str) -> Value {
    let mut action = json!({"action_id": button["action_id"], "block_id": block["block_id"], "text": button["text"]});
    for field in ["value", "style", "url", "confirm"] {
        if let Some(value) = button.get(field) {
            action[field] = value.clone();
        }
    }
    action["type"] = json!("button");
    action["action_ts"] = json!(action_ts);
    action
}

fn buttons(message: &Message) -> impl Iterator<Item = (&Value, &Value)> {
    message.blocks.iter().flat_map(|block| {
        let elements = block["elements"].as_array().map(Vec::as_slice).unwrap_or_default().iter();
        elements
            .chain(block.get("accessory"))
            .filter(|element| element["type"] == "button")
            .map(move |button| (block, button))
    })
}

fn find_button(message: &Message, block_id: Option<&str>, action_id: &str) -> Option<(Value, Value)> {
    buttons(message)
        .filter(|(block, _)| block_id.is_none_or(|id| block["block_id"] == id))
        .find(|(_, button)| button["action_id"] == action_id)
        .map(|(block, button)| (block.clone(), button.clone()))
}

fn action_ids(message: &Message) -> String {
    buttons(message).filter_map(|(_, button)| button["action_id"].as_str()).collect::<Vec<_>>().join(",")
}

fn form_encoded(text: &str) -> String {
    serde_urlencoded::to_string([("", text)]).map(|pair| pair.trim_start_matches('=').to_owned()).unwrap_or_default()
}
