//! What Slack sends when somebody clicks: from verified bytes to a [`Click`].
//!
//! Format: docs.slack.dev, reference/interaction-payloads/block_actions-payload. A form whose field `payload` is JSON.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use shared::{
    config::ApiBaseUrl,
    domain::{
        click::{Button, Click},
        ids::{AppId, ChannelId, InvalidId, RequestId, SlackUserId, TeamId},
        request::{CardRef, ReplyUrl},
    },
    slack_signature::Verified,
};

use super::allowed_reply_url;

/// How often Slack lets a `response_url` be used.
const REPLY_USES: u8 = 5;
/// How long.
const REPLY_LIFETIME: TimeDelta = TimeDelta::minutes(30);

/// What came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Interaction {
    /// Somebody clicked one of the buttons that decide.
    Click(Box<Click>),
    /// Nothing to be done: a link, a button of a later or an earlier version, another kind of interaction. Slack wants
    /// a 200 all the same.
    Nothing,
}

/// Why it can't be read. Slack signed it, so this is a mistake of ours, or a button that is not of our making.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadInteraction {
    /// Not a form with exactly one `payload`.
    #[error(
        "the body is not a form with one field `payload`; set this URL as the app's interactivity URL, and no other"
    )]
    NoPayload,
    /// The payload is not JSON, or has no type.
    #[error("the payload is not JSON with a `type`")]
    NotJson,
    /// A part that a click must have is absent.
    #[error("the click has no `{0}`")]
    Missing(&'static str),
    /// A part of it is not what it should be.
    #[error("the click's `{part}` is wrong: {why}")]
    Invalid {
        /// Which part.
        part: &'static str,
        /// What is wrong.
        why: InvalidId,
    },
}

/// Reads an interaction. `now` is when it came: its `response_url` lasts 30 minutes from then.
///
/// # Errors
/// It can't be read; nothing may be done.
pub fn parse(
    verified: &Verified<Vec<u8>>,
    api_base_url: &ApiBaseUrl,
    now: DateTime<Utc>,
) -> Result<Interaction, BadInteraction> {
    let payload = payload(verified.get())?;
    match text(&payload, "/type").ok_or(BadInteraction::NotJson)? {
        "block_actions" => block_actions(&payload, api_base_url, now),
        _ => Ok(Interaction::Nothing),
    }
}

fn payload(body: &[u8]) -> Result<Value, BadInteraction> {
    let form: Vec<(String, String)> = serde_urlencoded::from_bytes(body).map_err(|_| BadInteraction::NoPayload)?;
    let mut payloads = form.iter().filter(|(name, _)| name == "payload");
    match (payloads.next(), payloads.next()) {
        (Some((_, payload)), None) => serde_json::from_str(payload).map_err(|_| BadInteraction::NotJson),
        (Some(_), Some(_)) | (None, _) => Err(BadInteraction::NoPayload),
    }
}

fn block_actions(
    payload: &Value,
    api_base_url: &ApiBaseUrl,
    now: DateTime<Utc>,
) -> Result<Interaction, BadInteraction> {
    let actions = payload["actions"].as_array().ok_or(BadInteraction::Missing("actions"))?;
    let Some((action, button)) = actions.iter().find_map(|action| Some((action, button(text(action, "/action_id")?)?)))
    else {
        return Ok(Interaction::Nothing);
    };
    let value = text(action, "/value").ok_or(BadInteraction::Missing("actions.value"))?;
    let user = text(payload, "/user/id").ok_or(BadInteraction::Missing("user.id"))?;
    let click = Click {
        button,
        request: RequestId::parse(value).map_err(invalid("actions.value"))?,
        user: SlackUserId::parse(user).map_err(invalid("user.id"))?,
        user_name: first(payload, ["/user/username", "/user/name"]).unwrap_or(user).to_owned(),
        // An organization-wide install has no team, but the organization's own id. The user's team may be another one.
        team: first(payload, ["/team/id", "/enterprise/id"])
            .map(TeamId::parse)
            .transpose()
            .map_err(invalid("team.id"))?,
        app: text(payload, "/api_app_id").map(AppId::parse).transpose().map_err(invalid("api_app_id"))?,
        card: card(payload)?,
        reply: reply(payload, api_base_url, now),
    };
    Ok(Interaction::Click(Box::new(click)))
}

fn button(action_id: &str) -> Option<Button> {
    match action_id {
        "approve" => Some(Button::Approve),
        "deny" => Some(Button::Deny),
        "retry" => Some(Button::Retry),
        _ => None,
    }
}

/// The message that was clicked. One that only one person sees has no address.
fn card(payload: &Value) -> Result<Option<CardRef>, BadInteraction> {
    if payload.pointer("/container/is_ephemeral") == Some(&Value::Bool(true)) {
        return Ok(None);
    }
    let channel = first(payload, ["/channel/id", "/container/channel_id"]);
    let ts = first(payload, ["/container/message_ts", "/message/ts"]);
    match (channel, ts.filter(|ts| is_ts(ts))) {
        (Some(channel), Some(ts)) => {
            let channel = ChannelId::parse(channel).map_err(invalid("channel.id"))?;
            Ok(Some(CardRef { channel, ts: ts.to_owned() }))
        }
        (Some(_) | None, None) | (None, Some(_)) => Ok(None),
    }
}

/// Where the clicked message can be replaced. A `response_url` that is not Slack's counts as absent: nothing is sent
/// there, but the decision counts. It is not shown: it may be a secret of somebody's.
fn reply(payload: &Value, api_base_url: &ApiBaseUrl, now: DateTime<Utc>) -> Option<ReplyUrl> {
    let url = text(payload, "/response_url")?;
    let Some(url) = allowed_reply_url(url, api_base_url) else {
        tracing::warn!(
            "a click's `response_url` points neither to Slack nor to the origin of slack.api_base_url; it is not used"
        );
        return None;
    };
    let until = now.checked_add_signed(REPLY_LIFETIME).unwrap_or(now);
    Some(ReplyUrl { url: url.into(), until, uses_left: REPLY_USES })
}

/// Seconds and microseconds, as `1531420618.000200`.
fn is_ts(text: &str) -> bool {
    let digits = |part: &str| (1..=20).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once('.').is_some_and(|(seconds, rest)| digits(seconds) && digits(rest))
}

/// A text at a place; absent, null, empty and not a text are the same.
fn text<'a>(payload: &'a Value, pointer: &str) -> Option<&'a str> {
    payload.pointer(pointer)?.as_str().filter(|text| !text.is_empty())
}

fn first<'a, const N: usize>(payload: &'a Value, pointers: [&str; N]) -> Option<&'a str> {
    pointers.into_iter().find_map(|pointer| text(payload, pointer))
}

fn invalid(part: &'static str) -> impl Fn(InvalidId) -> BadInteraction {
    move |why| BadInteraction::Invalid { part, why }
}
