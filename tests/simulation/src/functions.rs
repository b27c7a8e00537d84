//! What the two functions do with the flows, as their binaries do it.

use chrono::{DateTime, TimeDelta, Utc};
use local::{system::seed::CHANNEL, world::slack::Slack};
use serde_json::Value;
use shared::{
    clock::Deadline,
    domain::{
        card::is_watching,
        click::{Button, Click, Submission},
        ids::{AppId, ChannelId, RequestId, SlackUserId, TeamId},
        reason::Reason,
        request::{CardRef, ReplyUrl},
        step::Effect,
    },
    flows::{
        context::Context,
        decide::After,
        due::work_off,
        ingest::take,
        report::Report,
        revert::{Reverted, revert},
        update::update,
        watch::watch,
    },
    ports::{Chat, EventSource, Firewall, RequestStore},
};

/// The name of the watermark.
const SOURCE: &str = "lake";

/// A scheduled poll: read what is new, then work off what is due; the errors of both. Without a source it is a sweep.
pub async fn poll<S: RequestStore, C: Chat, F: Firewall>(
    context: &Context<S, C, F>,
    source: Option<&impl EventSource>,
    deadline: Deadline,
) -> (Report, Vec<String>) {
    let (mut report, mut errors) = (Report::default(), Vec::new());
    if let Some(source) = source
        && let Err(error) = watch(context, SOURCE, source, deadline, &mut report).await
    {
        errors.push(error.to_string());
    }
    if let Err(error) = work_off(context, deadline, &mut report).await {
        errors.push(error.to_string());
    }
    (report, errors)
}

/// Pushed records: take them in, then work off what is due. Returns whether all of it was done.
pub async fn push<S: RequestStore, C: Chat, F: Firewall>(
    context: &Context<S, C, F>,
    records: &[String],
    deadline: Deadline,
) -> bool {
    let taken = take(context, records, deadline).await;
    let mut report = taken.report;
    work_off(context, deadline, &mut report).await.is_ok() && taken.failed.is_empty()
}

/// What happens after Slack has its answer, as in the responder.
pub async fn after<S: RequestStore, C: Chat, F: Firewall>(
    context: &Context<S, C, F>,
    after: After,
    deadline: Deadline,
) {
    let (request, effects) = match after {
        After::Tell(whisper) => return drop(context.chat.whisper(&whisper).await),
        After::Work { request, effects } => (*request, effects),
    };
    let take_back = async {
        let reverts = effects.contains(&Effect::Revert);
        reverts && !matches!(revert(context, request.clone(), deadline).await, Ok(Reverted::NotOurs) | Err(_))
    };
    let (_, moved_on) = futures::join!(update(context, request.clone(), deadline), take_back);
    if moved_on && let Ok(Some(request)) = context.store.load(&request.change.id).await {
        drop(update(context, request, deadline).await);
    }
}

/// Somebody clicks a button of a message: what the responder is told, and what it is told it by. `None`: there is no such
/// button.
#[must_use]
pub fn press(
    slack: &mut Slack,
    now: DateTime<Utc>,
    (user, ts): (&str, &str),
    action: &str,
    button: Button,
) -> Option<(Click, Value)> {
    let payload = slack.click(now, user, CHANNEL, ts, None, action).ok()?.payload;
    let request = RequestId::parse(text(&payload, "/actions/0/value")).ok()?;
    let card = CardRef { channel: ChannelId::parse(CHANNEL).ok()?, ts: ts.to_owned() };
    let reply =
        ReplyUrl { url: text(&payload, "/response_url").to_owned(), until: now + TimeDelta::minutes(30), uses_left: 5 };
    Some((Click { reply: Some(reply), ..click_of(&payload, button, request, card)? }, payload))
}

/// Somebody submits a modal for a reason. `None`: it is not open any more, or none of ours.
#[must_use]
pub fn submission(slack: &mut Slack, now: DateTime<Utc>, user: &str, modal: &str, reason: &str) -> Option<Submission> {
    let typed = [("reason".to_owned(), [("text".to_owned(), reason.to_owned())].into())].into();
    let payload = slack.submit(now, user, modal, &typed).ok()?.payload;
    let metadata: Value = serde_json::from_str(text(&payload, "/view/private_metadata")).ok()?;
    let request = RequestId::parse(text(&metadata, "/requestid")).ok()?;
    let channel = ChannelId::parse(text(&metadata, "/channel")).ok()?;
    let card = CardRef { channel, ts: text(&metadata, "/ts").to_owned() };
    let reason = Reason::parse(text(&payload, "/view/state/values/reason/text/value"));
    Some(Submission { deny: click_of(&payload, Button::Deny, request, card)?, reason })
}

/// A text of a payload, or an empty one.
#[must_use]
pub fn text<'a>(payload: &'a Value, pointer: &str) -> &'a str {
    payload.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn click_of(payload: &Value, button: Button, request: RequestId, card: CardRef) -> Option<Click> {
    Some(Click {
        button,
        request,
        user: SlackUserId::parse(text(payload, "/user/id")).ok()?,
        user_name: text(payload, "/user/name").to_owned(),
        team: TeamId::parse(text(payload, "/team/id")).ok(),
        app: AppId::parse(text(payload, "/api_app_id")).ok(),
        card: Some(card),
        watch_only: is_watching(text(payload, "/actions/0/block_id")),
        reply: None,
    })
}
