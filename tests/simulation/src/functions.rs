//! What the two functions do with the flows, as their binaries do it.

use chrono::{DateTime, TimeDelta, Utc};
use local::{system::seed::CHANNEL, world::slack::Slack};
use shared::{
    clock::Deadline,
    domain::{
        click::{Button, Click},
        ids::{AppId, ChannelId, RequestId, SlackUserId, TeamId},
        request::{CardRef, ReplyUrl},
        step::Effect,
    },
    flows::{
        context::Context,
        decide::After,
        due::work_off,
        ingest::take,
        post::update,
        report::Report,
        revert::{Reverted, revert},
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

/// Somebody clicks a button of a message: what the responder is told. `None`: the message has no such button.
#[must_use]
pub fn click(slack: &mut Slack, now: DateTime<Utc>, user: &str, ts: &str, action: &str) -> Option<Click> {
    let payload = slack.click(now, user, CHANNEL, ts, None, action).ok()?.payload;
    let text = |pointer: &str| payload.pointer(pointer).and_then(|text| text.as_str()).unwrap_or_default();
    Some(Click {
        button: match action {
            "approve" => Button::Approve,
            "deny" => Button::Deny,
            "retry" => Button::Retry,
            _ => return None,
        },
        request: RequestId::parse(text("/actions/0/value")).ok()?,
        user: SlackUserId::parse(user).ok()?,
        user_name: text("/user/name").to_owned(),
        team: TeamId::parse(text("/team/id")).ok(),
        app: AppId::parse(text("/api_app_id")).ok(),
        card: Some(CardRef { channel: ChannelId::parse(CHANNEL).ok()?, ts: ts.to_owned() }),
        reply: Some(ReplyUrl {
            url: text("/response_url").to_owned(),
            until: now + TimeDelta::minutes(30),
            uses_left: 5,
        }),
    })
}
