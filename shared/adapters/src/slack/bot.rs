//! Cards by the Web API, with the app's bot token.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use reqwest::header::{self, HeaderValue};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use shared::{
    config::{ApiBaseUrl, Secret},
    domain::{
        card::{Message, Modal},
        click::TriggerId,
        ids::{ChannelId, RequestId, SlackUserId, UserGroupId},
        request::CardRef,
    },
    ports::{ChatError, Whisper},
};
use tokio::sync::OnceCell;

use super::{
    Pace, SetupError,
    error::{About, api_answer},
    history::{self, Own, Page},
    http,
    reply::{Replies, whisper_blocks},
};

/// Marks a card's message with the request that it shows. Everybody in the workspace may read it.
pub(super) const EVENT_TYPE: &str = "portcullis_request";

#[derive(Clone)]
pub(super) struct Bot {
    http: reqwest::Client,
    api_base_url: ApiBaseUrl,
    authorization: HeaderValue,
    channel: ChannelId,
    pace: Pace,
    own: Arc<OnceCell<Own>>,
}

#[derive(Deserialize)]
struct PostedMessage {
    channel: ChannelId,
    ts: String,
}

/// `{"ok": true}`; nothing else in it matters.
#[derive(Deserialize)]
struct Done {}

#[derive(Deserialize)]
struct FoundUser {
    user: User,
}

#[derive(Deserialize)]
struct User {
    id: SlackUserId,
    #[serde(default)]
    deleted: bool,
    #[serde(default)]
    is_bot: bool,
}

#[derive(Deserialize)]
struct Members {
    users: Vec<String>,
}

impl Bot {
    pub(super) fn new(
        http: reqwest::Client,
        api_base_url: ApiBaseUrl,
        token: &Secret,
        channel: ChannelId,
    ) -> Result<Self, SetupError> {
        let mut authorization =
            HeaderValue::from_str(&format!("Bearer {}", token.expose())).map_err(|_| SetupError::Token)?;
        authorization.set_sensitive(true);
        let own = Arc::new(OnceCell::new());
        Ok(Self { http, api_base_url, authorization, channel, pace: Pace::Unhurried, own })
    }

    pub(super) fn at_pace(&self, pace: Pace) -> Self {
        Self { pace, ..self.clone() }
    }

    pub(super) fn replies(&self) -> Replies<'_> {
        Replies { http: &self.http, api_base_url: &self.api_base_url, pace: self.pace }
    }

    pub(super) async fn post(&self, id: &RequestId, message: &Message) -> Result<CardRef, ChatError> {
        let mut body = content(message);
        body["channel"] = json!(self.channel);
        body["metadata"] = json!({"event_type": EVENT_TYPE, "event_payload": {"requestid": id}});
        let posted: PostedMessage = self.call("chat.postMessage", &body, About::Channel).await?;
        Ok(CardRef { channel: posted.channel, ts: posted.ts })
    }

    pub(super) async fn post_in_thread(&self, card: &CardRef, message: &Message) -> Result<(), ChatError> {
        let mut body = content(message);
        body["channel"] = json!(card.channel);
        body["thread_ts"] = json!(card.ts);
        self.call("chat.postMessage", &body, self.about(card)).await.map(|Done {}| ())
    }

    /// Without `metadata` in the call, Slack leaves the message's as it is.
    pub(super) async fn update(&self, card: &CardRef, message: &Message) -> Result<(), ChatError> {
        let mut body = content(message);
        body["channel"] = json!(card.channel);
        body["ts"] = json!(card.ts);
        self.call("chat.update", &body, self.about(card)).await.map(|Done {}| ())
    }

    /// A person who clicked without being in the channel is told by the click's `response_url`, where there is one.
    pub(super) async fn whisper(&self, whisper: &Whisper) -> Result<(), ChatError> {
        let channel = whisper.channel.as_ref().unwrap_or(&self.channel);
        let mut body = json!({"channel": channel, "user": whisper.user, "text": whisper.text, "parse": "none"});
        if let Some(blocks) = whisper_blocks(&whisper.text) {
            body["blocks"] = blocks;
        }
        let told: Result<Done, ChatError> = self.call("chat.postEphemeral", &body, About::Channel).await;
        match (told, &whisper.reply) {
            (Ok(Done {}), _) => Ok(()),
            (Err(ChatError::Refused { .. }), Some(reply)) => self.replies().whisper(reply, &whisper.text).await,
            (Err(error), _) => Err(error),
        }
    }

    /// An expired trigger is no different from other troubles of the moment: the next click has a new one.
    pub(super) async fn ask_reason(&self, trigger: &TriggerId, modal: &Modal) -> Result<(), ChatError> {
        let body = json!({"trigger_id": trigger.expose(), "view": modal.view});
        self.call("views.open", &body, About::Channel).await.map(|Done {}| ())
    }

    pub(super) async fn find(&self, id: &RequestId, since: DateTime<Utc>) -> Result<Vec<CardRef>, ChatError> {
        let own = self.own().await?;
        let oldest = format!("{}.{:06}", since.timestamp(), since.timestamp_subsec_micros());
        let mut found = Vec::new();
        let mut cursor: Option<String> = None;
        for _ in 0..history::MAX_PAGES {
            let mut form = vec![
                ("channel", self.channel.as_str()),
                ("include_all_metadata", "true"),
                ("oldest", oldest.as_str()),
                ("inclusive", "true"),
                ("limit", "200"),
            ];
            form.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let page: Page = self.ask("conversations.history", &form).await?;
            found.extend(page.cards(own, id).map(|ts| CardRef { channel: self.channel.clone(), ts: ts.to_owned() }));
            match page.next_cursor() {
                Some(next) => cursor = Some(next),
                None => return Ok(found),
            }
        }
        Err(ChatError::Transient(format!("more than {} pages of history since {since}", history::MAX_PAGES)))
    }

    pub(super) async fn person(&self, email: &str) -> Result<Option<SlackUserId>, ChatError> {
        match self.ask::<FoundUser>("users.lookupByEmail", &[("email", email)]).await {
            Ok(FoundUser { user }) => Ok((!user.deleted && !user.is_bot).then_some(user.id)),
            Err(ChatError::Transient(code)) if code == "users_not_found" => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// An entry that is no user id can't be whoever clicks: it is left out.
    pub(super) async fn members(&self, group: &UserGroupId) -> Result<Vec<SlackUserId>, ChatError> {
        let members: Members = self.ask("usergroups.users.list", &[("usergroup", group.as_str())]).await?;
        Ok(members.users.iter().filter_map(|id| SlackUserId::parse(id).ok()).collect())
    }

    /// Who we are. Where Slack does not tell, the mark alone has to do: a second card would be the smaller evil only if
    /// this could be forced from outside, which it can't.
    async fn own(&self) -> Result<&Own, ChatError> {
        let ask = || async {
            match self.ask("auth.test", &[]).await {
                Err(error @ (ChatError::Refused { .. } | ChatError::Transient(_))) => {
                    tracing::warn!(%error, "auth.test did not tell who we are");
                    Ok(Own::default())
                }
                told => told,
            }
        };
        self.own.get_or_try_init(ask).await
    }

    /// Calls a method that takes JSON.
    async fn call<T: DeserializeOwned>(&self, method: &str, body: &Value, about: About) -> Result<T, ChatError> {
        let answer = http::send(http::with_json(self.request(method), body), self.pace).await?;
        api_answer(&answer, about)
    }

    /// Calls a method that takes a form only: those that read.
    async fn ask<T: DeserializeOwned>(&self, method: &str, form: &[(&str, &str)]) -> Result<T, ChatError> {
        let answer = http::send(self.request(method).form(form), self.pace).await?;
        api_answer(&answer, About::Channel)
    }

    fn request(&self, method: &str) -> reqwest::RequestBuilder {
        self.http
            .post(format!("{}/{method}", self.api_base_url))
            .header(header::AUTHORIZATION, self.authorization.clone())
    }

    /// A card may be older than the configured channel.
    fn about(&self, card: &CardRef) -> About {
        if card.channel == self.channel { About::Message } else { About::MessageElsewhere }
    }
}

/// `parse` is said each time: `chat.update` would make links of names and URLs by default.
fn content(message: &Message) -> Value {
    json!({
        "text": message.text,
        "blocks": message.blocks,
        "parse": "none",
        "unfurl_links": false,
        "unfurl_media": false,
    })
}
