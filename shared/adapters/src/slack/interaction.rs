//! What Slack sends when somebody clicks or submits a modal: from verified bytes to a [`Click`] or a [`Submission`].
//!
//! Formats: docs.slack.dev, reference/interaction-payloads/block_actions-payload and view-interactions-payload. A form
//! whose field `payload` is JSON.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use shared::{
    config::ApiBaseUrl,
    domain::{
        card::{DENY_REASON, REASON_BLOCK, REASON_INPUT, is_watching},
        click::{Button, Click, ReasonAsked, Submission, TriggerId},
        ids::{AppId, ChannelId, InvalidId, RequestId, SlackUserId, TeamId},
        reason::Reason,
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
    /// Somebody clicked "Deny with reason…".
    ReasonAsked(Box<ReasonAsked>),
    /// Somebody submitted the modal that asks for the reason.
    Submitted(Box<Submission>),
    /// Nothing to be done: a link, a button or a modal of a later or an earlier version, another kind of interaction.
    /// Slack wants a 200 all the same.
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
    /// A part that it must have is absent.
    #[error("the interaction has no `{0}`")]
    Missing(&'static str),
    /// A part of it is not what it should be.
    #[error("the interaction's `{part}` is wrong: {why}")]
    Invalid {
        /// Which part.
        part: &'static str,
        /// What is wrong.
        why: InvalidId,
    },
    /// A submission does not say what it is about.
    #[error("the modal's `private_metadata` is not of our making: it is no JSON")]
    Metadata,
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
        "view_submission" => view_submission(&payload),
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
    let Some((action, pressed)) = actions.iter().find_map(|action| Some((action, pressed(action)?))) else {
        return Ok(Interaction::Nothing);
    };
    let value = text(action, "/value").ok_or(BadInteraction::Missing("actions.value"))?;
    let request = RequestId::parse(value).map_err(invalid("actions.value"))?;
    let (card, reply) = (card(payload)?, reply(payload, api_base_url, now));
    let click = |button| click(payload, button, request, card, reply);
    Ok(match pressed {
        Pressed::Button(button) => {
            let watch_only = text(action, "/block_id").is_some_and(is_watching);
            Interaction::Click(Box::new(Click { watch_only, ..click(button)? }))
        }
        // The modal says what holds when it opens.
        Pressed::DenyReason => {
            let trigger = text(payload, "/trigger_id").and_then(TriggerId::parse);
            let trigger = trigger.ok_or(BadInteraction::Missing("trigger_id"))?;
            Interaction::ReasonAsked(Box::new(ReasonAsked { deny: click(Button::Deny)?, trigger }))
        }
    })
}

/// A submission of our modal. It has no message: the card's address is what the modal was opened with.
fn view_submission(payload: &Value) -> Result<Interaction, BadInteraction> {
    if text(payload, "/view/callback_id") != Some(DENY_REASON) {
        return Ok(Interaction::Nothing);
    }
    let metadata = text(payload, "/view/private_metadata").ok_or(BadInteraction::Missing("view.private_metadata"))?;
    let metadata: Value = serde_json::from_str(metadata).map_err(|_| BadInteraction::Metadata)?;
    let request = text(&metadata, "/requestid").ok_or(BadInteraction::Missing("private_metadata.requestid"))?;
    let request = RequestId::parse(request).map_err(invalid("private_metadata.requestid"))?;
    let card = address(text(&metadata, "/channel"), text(&metadata, "/ts"), "private_metadata.channel")?;
    let values = &payload["view"]["state"]["values"];
    // An input that was left empty has the value null.
    let reason = Reason::parse(values[REASON_BLOCK][REASON_INPUT]["value"].as_str().unwrap_or_default());
    let deny = click(payload, Button::Deny, request, card, None)?;
    Ok(Interaction::Submitted(Box::new(Submission { deny, reason })))
}

/// The answer's body that leaves our modal open with a text at its input. Slack wants it as `application/json`.
#[must_use]
pub fn errors_body(text: &str) -> Value {
    json!({"response_action": "errors", "errors": {REASON_BLOCK: text}})
}

/// What both kinds of interaction say of the person, the workspace and the app.
fn click(
    payload: &Value,
    button: Button,
    request: RequestId,
    card: Option<CardRef>,
    reply: Option<ReplyUrl>,
) -> Result<Click, BadInteraction> {
    let user = text(payload, "/user/id").ok_or(BadInteraction::Missing("user.id"))?;
    Ok(Click {
        button,
        request,
        user: SlackUserId::parse(user).map_err(invalid("user.id"))?,
        user_name: first(payload, ["/user/username", "/user/name"]).unwrap_or(user).to_owned(),
        // An organization-wide install has no team, but the organization's own id. The user's team may be another one.
        team: first(payload, ["/team/id", "/enterprise/id"])
            .map(TeamId::parse)
            .transpose()
            .map_err(invalid("team.id"))?,
        app: text(payload, "/api_app_id").map(AppId::parse).transpose().map_err(invalid("api_app_id"))?,
        card,
        watch_only: false,
        reply,
    })
}

/// A button of ours.
enum Pressed {
    Button(Button),
    DenyReason,
}

fn pressed(action: &Value) -> Option<Pressed> {
    match text(action, "/action_id")? {
        "approve" => Some(Pressed::Button(Button::Approve)),
        "deny" => Some(Pressed::Button(Button::Deny)),
        "retry" => Some(Pressed::Button(Button::Retry)),
        DENY_REASON => Some(Pressed::DenyReason),
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
    address(channel, ts, "channel.id")
}

/// A message's address, where both halves of it are there.
fn address(channel: Option<&str>, ts: Option<&str>, part: &'static str) -> Result<Option<CardRef>, BadInteraction> {
    match (channel, ts.filter(|ts| is_ts(ts))) {
        (Some(channel), Some(ts)) => {
            let channel = ChannelId::parse(channel).map_err(invalid(part))?;
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
