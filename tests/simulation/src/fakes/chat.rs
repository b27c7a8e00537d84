//! Slack, by bot token or by webhook.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::{DateTime, Utc};
use local::{
    system::{config::Delivery, seed},
    world::slack::{ApiError, Args, Slack, UrlError},
};
use serde_json::{Value, json};
use shared::{
    domain::{
        card::{Message, Modal},
        click::TriggerId,
        ids::{ChannelId, RequestId, SlackUserId, UserGroupId},
        request::{CardRef, ReplyUrl},
    },
    ports::{Chat, ChatError, Posted, Whisper},
};

use super::outside::{Lost, Outside, lock};

const EVENT_TYPE: &str = "portcullis_request";

/// Errors that stay until somebody mends something.
const PERMANENT: [&str; 9] = [
    "channel_not_found",
    "not_in_channel",
    "is_archived",
    "channel_is_archived",
    "invalid_auth",
    "token_revoked",
    "missing_scope",
    "invalid_blocks",
    "msg_too_long",
];

/// The world's workspace.
#[derive(Clone)]
pub struct WorldChat {
    outside: Arc<Outside>,
    /// The incoming webhook's URL, where there is one.
    webhook: Option<String>,
    retry_after: Arc<Mutex<Duration>>,
}

impl WorldChat {
    /// As it is configured.
    #[must_use]
    pub fn new(outside: Arc<Outside>, delivery: Delivery) -> Self {
        match delivery {
            Delivery::Bot => Self::bot(outside),
            Delivery::Webhook => Self::webhook(outside),
        }
    }

    /// With the bot's token.
    #[must_use]
    pub fn bot(outside: Arc<Outside>) -> Self {
        Self { outside, webhook: None, retry_after: Arc::new(Mutex::new(Duration::from_secs(1))) }
    }

    /// With an incoming webhook of its own.
    #[must_use]
    pub fn webhook(outside: Arc<Outside>) -> Self {
        let url = lock(&outside.world.slack).add_webhook(seed::CHANNEL);
        Self { webhook: Some(url), ..Self::bot(outside) }
    }

    /// The same workspace, as another invocation sees it.
    #[must_use]
    pub fn seen_by(&self, outside: Arc<Outside>) -> Self {
        Self { outside, ..self.clone() }
    }

    /// What a switched-on throttle answers as `Retry-After`.
    pub fn set_retry_after(&self, wait: Duration) {
        *lock(&self.retry_after) = wait;
    }

    async fn call<T>(
        &self,
        method: &'static str,
        about: impl ToString,
        act: impl FnOnce(&mut Slack, DateTime<Utc>) -> Result<T, ChatError>,
    ) -> Result<T, ChatError> {
        let slack = &self.outside.world.slack;
        self.answer(self.outside.call("chat", method, about, |now| act(&mut lock(slack), now)).await)
    }

    /// What is posted or updated may land late.
    async fn send<T: Send + 'static>(
        &self,
        method: &'static str,
        about: impl ToString,
        act: impl FnOnce(&mut Slack, DateTime<Utc>) -> Result<T, ChatError> + Send + 'static,
    ) -> Result<T, ChatError> {
        let world = Arc::clone(&self.outside.world);
        self.answer(self.outside.send("chat", method, about, move |now| act(&mut lock(&world.slack), now)).await)
    }

    fn answer<T>(&self, answer: Result<Result<T, ChatError>, Lost>) -> Result<T, ChatError> {
        match answer {
            Ok(done) => done,
            Err(Lost::Throttled) => Err(ChatError::RateLimited(*lock(&self.retry_after))),
            Err(Lost::ServerError) => Err(ChatError::Ambiguous("HTTP 500".to_owned())),
            Err(Lost::NoAnswer) => Err(ChatError::Ambiguous("no answer in time".to_owned())),
            Err(Lost::Denied) => Err(refused("missing_scope")),
        }
    }
}

fn refused(code: &str) -> ChatError {
    ChatError::Refused { code: code.to_owned(), hint: "mend the configuration" }
}

fn api(slack: &mut Slack, now: DateTime<Utc>, method: &str, args: Value) -> Result<Value, ChatError> {
    slack.call(now, Some(seed::BOT_TOKEN), method, &Args::from_json(args)).map_err(|error| match error {
        ApiError::RateLimited { retry_after } => ChatError::RateLimited(Duration::from_secs(retry_after)),
        error @ (ApiError::Refused(_)
        | ApiError::InvalidBlocks(_)
        | ApiError::InvalidArguments(_)
        | ApiError::MissingScope { .. }) => match error.code() {
            code @ ("message_not_found" | "thread_not_found" | "cant_update_message") => {
                ChatError::MessageGone(code.to_owned())
            }
            code if PERMANENT.contains(&code) => refused(code),
            code => ChatError::Transient(code.to_owned()),
        },
    })
}

fn by_url(error: UrlError) -> ChatError {
    match error {
        UrlError::NotFound(code) => ChatError::MessageGone(code.to_owned()),
        UrlError::RateLimited { retry_after } => ChatError::RateLimited(Duration::from_secs(retry_after)),
        error @ (UrlError::Archived | UrlError::BadRequest(_)) => refused(error.code()),
    }
}

/// The path of a URL that one posts to.
fn path(url: &str) -> &str {
    url.find("://").and_then(|at| url.get(at + 3..)).and_then(|rest| rest.get(rest.find('/')?..)).unwrap_or(url)
}

fn content(message: &Message) -> Value {
    json!({"text": message.text, "blocks": message.blocks})
}

impl Chat for WorldChat {
    fn has_addresses(&self) -> bool {
        self.webhook.is_none()
    }

    async fn post(&self, id: &RequestId, message: &Message) -> Result<Posted, ChatError> {
        let mut body = content(message);
        if let Some(url) = self.webhook.clone() {
            let act = move |slack: &mut Slack, now: DateTime<Utc>| {
                slack.webhook(now, path(&url), &Args::from_json(body)).map(drop).map_err(by_url)
            };
            return self.send("post", id, act).await.map(|()| Posted::Somewhere);
        }
        body["channel"] = json!(seed::CHANNEL);
        body["metadata"] = json!({"event_type": EVENT_TYPE, "event_payload": {"requestid": id}});
        let posted = self.send("post", id, |slack, now| api(slack, now, "chat.postMessage", body)).await?;
        Ok(Posted::At(card_ref(posted["ts"].as_str().expect("a ts"))))
    }

    async fn post_in_thread(&self, card: &CardRef, message: &Message) -> Result<(), ChatError> {
        let mut body = content(message);
        body["channel"] = json!(card.channel);
        body["thread_ts"] = json!(card.ts);
        self.call("post_in_thread", &card.ts, |slack, now| api(slack, now, "chat.postMessage", body)).await.map(|_| ())
    }

    async fn find(&self, id: &RequestId, since: DateTime<Utc>) -> Result<Vec<CardRef>, ChatError> {
        let oldest = format!("{}.{:06}", since.timestamp(), since.timestamp_subsec_micros());
        let args = json!({
            "channel": seed::CHANNEL, "include_all_metadata": "true", "oldest": oldest, "inclusive": "true",
            "limit": "999",
        });
        let page = self.call("find", id, |slack, now| api(slack, now, "conversations.history", args)).await?;
        let messages = page["messages"].as_array().cloned().unwrap_or_default();
        let own = messages.iter().filter(|message| {
            message["metadata"]["event_type"] == EVENT_TYPE
                && message["metadata"]["event_payload"]["requestid"] == id.as_str()
        });
        Ok(own.filter_map(|message| message["ts"].as_str()).map(card_ref).collect())
    }

    async fn update(&self, card: &CardRef, message: &Message) -> Result<(), ChatError> {
        let mut body = content(message);
        body["channel"] = json!(card.channel);
        body["ts"] = json!(card.ts);
        self.send("update", &card.ts, |slack, now| api(slack, now, "chat.update", body)).await.map(|_| ())
    }

    async fn update_clicked(&self, reply: &ReplyUrl, message: &Message) -> Result<(), ChatError> {
        let mut body = content(message);
        body["replace_original"] = json!(true);
        let url = reply.url.clone();
        let act = move |slack: &mut Slack, now: DateTime<Utc>| {
            slack.respond(now, path(&url), &Args::from_json(body)).map(drop).map_err(by_url)
        };
        self.send("update_clicked", "the clicked card", act).await
    }

    async fn whisper(&self, whisper: &Whisper) -> Result<(), ChatError> {
        let channel = whisper.channel.as_ref().map_or(seed::CHANNEL, ChannelId::as_str);
        let body = json!({"channel": channel, "user": whisper.user, "text": whisper.text});
        self.call("whisper", &whisper.user, |slack, now| api(slack, now, "chat.postEphemeral", body)).await.map(|_| ())
    }

    async fn ask_reason(&self, trigger: &TriggerId, modal: &Modal) -> Result<(), ChatError> {
        if self.webhook.is_some() {
            return Err(refused("not_allowed_token_type"));
        }
        let args = json!({"trigger_id": trigger.expose(), "view": modal.view});
        self.call("ask_reason", "the modal", |slack, now| api(slack, now, "views.open", args)).await.map(|_| ())
    }

    async fn person(&self, email: &str) -> Result<Option<SlackUserId>, ChatError> {
        let args = json!({"email": email});
        let found = self.call("person", email, |slack, now| api(slack, now, "users.lookupByEmail", args)).await;
        match found {
            Ok(answer) => Ok(answer["user"]["id"].as_str().and_then(|id| SlackUserId::parse(id).ok())),
            Err(ChatError::Transient(code)) if code == "users_not_found" => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn members(&self, group: &UserGroupId) -> Result<Vec<SlackUserId>, ChatError> {
        let args = json!({"usergroup": group});
        let answer = self.call("members", group, |slack, now| api(slack, now, "usergroups.users.list", args)).await?;
        let users = answer["users"].as_array().cloned().unwrap_or_default();
        Ok(users.iter().filter_map(|id| SlackUserId::parse(id.as_str()?).ok()).collect())
    }
}

fn card_ref(ts: &str) -> CardRef {
    CardRef { channel: ChannelId::parse(seed::CHANNEL).expect("a channel"), ts: ts.to_owned() }
}
