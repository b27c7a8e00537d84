//! Cards by an incoming webhook: it posts, and knows nothing of what it posted. Messages that were clicked are changed by
//! the click's `response_url`.

use std::net::IpAddr;

use reqwest::Url;
use serde_json::json;
use shared::{
    config::{ApiBaseUrl, Secret},
    domain::card::Message,
    ports::{ChatError, Whisper},
};

use super::{
    Pace, SetupError,
    error::{About, url_answer},
    http,
    reply::Replies,
    reply_url::has_origin_of,
};

#[derive(Clone)]
pub(super) struct Webhook {
    http: reqwest::Client,
    url: Url,
    api_base_url: ApiBaseUrl,
    pace: Pace,
}

impl Webhook {
    pub(super) fn new(http: reqwest::Client, url: &Secret, api_base_url: ApiBaseUrl) -> Result<Self, SetupError> {
        let url = Url::parse(url.expose())
            .ok()
            .filter(|url| url.scheme() == "https" || has_origin_of(url, &api_base_url) || is_here(url))
            .ok_or(SetupError::WebhookUrl)?;
        Ok(Self { http, url, api_base_url, pace: Pace::Unhurried })
    }

    pub(super) fn at_pace(&self, pace: Pace) -> Self {
        Self { pace, ..self.clone() }
    }

    pub(super) fn replies(&self) -> Replies<'_> {
        Replies { http: &self.http, api_base_url: &self.api_base_url, pace: self.pace }
    }

    pub(super) async fn post(&self, message: &Message) -> Result<(), ChatError> {
        let body = json!({
            "text": message.text,
            "blocks": message.blocks,
            "unfurl_links": false,
            "unfurl_media": false,
        });
        let answer = http::send(http::with_json(self.http.post(self.url.clone()), &body), self.pace).await?;
        url_answer(&answer, About::Channel)
    }

    pub(super) async fn whisper(&self, whisper: &Whisper) -> Result<(), ChatError> {
        match &whisper.reply {
            Some(reply) => self.replies().whisper(reply, &whisper.text).await,
            None => Err(ChatError::Refused {
                code: "no_response_url".to_owned(),
                hint: "With a webhook only somebody who has just clicked can be told something",
            }),
        }
    }
}

/// Whether the URL points to this machine: plain http leaves it nowhere.
fn is_here(url: &Url) -> bool {
    url.scheme() == "http"
        && url.host_str().is_some_and(|host| {
            let ip = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
            host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
        })
}

/// What a webhook can't do.
pub(super) fn needs_bot_token() -> ChatError {
    ChatError::Refused {
        code: "not_allowed_token_type".to_owned(),
        hint: "A webhook can't do this: configure slack.bot_token in its place",
    }
}
