//! Slack: cards by a bot token or by an incoming webhook, and what comes back when somebody clicks.
//!
//! Methods, arguments and error codes are those of docs.slack.dev (reference/methods, messaging/sending-messages-using-
//! incoming-webhooks, interactivity/handling-user-interaction). Tokens, webhooks and `response_url`s are secrets: none of
//! them is ever part of an error, of `Debug` or of a log line.

mod bot;
mod error;
mod history;
mod http;
pub mod interaction;
mod reply;
mod reply_url;
mod webhook;

use std::{fmt, time::Duration};

use chrono::{DateTime, Utc};
use shared::{
    config::{ApiBaseUrl, Secret},
    domain::{
        card::{Message, Modal},
        click::TriggerId,
        ids::{ChannelId, RequestId, SlackUserId, UserGroupId},
        request::{CardRef, ReplyUrl},
    },
    ports::{Chat, ChatError, Posted, Whisper},
};

use self::{bot::Bot, webhook::Webhook};

pub use self::reply_url::allowed_reply_url;

/// How long a call may take. Slack shows the person an error after 3 s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// On the way to the answer: 1.5 s a call.
    BeforeAnswer,
    /// After it, and in the poller: 10 s a call.
    Unhurried,
}

impl Pace {
    /// From the begin of the call to the last byte of its answer.
    #[must_use]
    pub fn limit(self) -> Duration {
        match self {
            Self::BeforeAnswer => Duration::from_millis(1_500),
            Self::Unhurried => Duration::from_secs(10),
        }
    }
}

/// Why Slack can't be called at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// The TLS stack could not be set up.
    #[error("no HTTPS client could be made for Slack; check the certificates of the machine")]
    Client,
    /// The token can't be sent in a header.
    #[error("the secret behind slack.bot_token is no Slack token: it holds characters that no token has")]
    Token,
    /// The webhook is no URL, or plain http to some other machine.
    #[error(
        "the secret behind slack.webhook_url is no webhook's URL; store the https:// URL that Slack shows for the webhook"
    )]
    WebhookUrl,
}

/// An HTTP client for Slack. Build it once: it keeps its connections.
///
/// It takes no redirects, so that a secret goes nowhere but where it belongs; the environment's proxies are used, but not
/// to reach an API on this machine (the only one that may be plain http).
///
/// # Errors
/// The TLS stack could not be set up.
pub fn http_client(api_base_url: &ApiBaseUrl) -> Result<reqwest::Client, SetupError> {
    let builder = reqwest::Client::builder();
    let is_here = api_base_url.origin().starts_with("http://");
    let builder = if is_here { builder.no_proxy() } else { builder };
    builder
        .connect_timeout(Duration::from_secs(1))
        // A frozen sandbox does not see that a connection was closed: what was idle for long is not used again.
        .pool_idle_timeout(Duration::from_secs(20))
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("portcullis/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|_| SetupError::Client)
}

/// The channel that the cards are in.
#[derive(Clone)]
pub struct SlackChat {
    delivery: Delivery,
}

#[derive(Clone)]
enum Delivery {
    Bot(Bot),
    Webhook(Webhook),
}

impl SlackChat {
    /// Cards by the Web API, with the app's bot token, in `channel`. Calls are [`Pace::Unhurried`].
    ///
    /// # Errors
    /// The token can't be sent in a header.
    pub fn bot(
        http: reqwest::Client,
        api_base_url: ApiBaseUrl,
        token: &Secret,
        channel: ChannelId,
    ) -> Result<Self, SetupError> {
        Bot::new(http, api_base_url, token, channel).map(|bot| Self { delivery: Delivery::Bot(bot) })
    }

    /// Cards by an incoming webhook. `api_base_url` says whose `response_url`s are taken. Calls are [`Pace::Unhurried`].
    ///
    /// # Errors
    /// The secret is not an https URL (or one of `api_base_url`'s origin).
    pub fn webhook(http: reqwest::Client, url: &Secret, api_base_url: ApiBaseUrl) -> Result<Self, SetupError> {
        Webhook::new(http, url, api_base_url).map(|webhook| Self { delivery: Delivery::Webhook(webhook) })
    }

    /// The same channel, with another limit on each call.
    #[must_use]
    pub fn at_pace(&self, pace: Pace) -> Self {
        let delivery = match &self.delivery {
            Delivery::Bot(bot) => Delivery::Bot(bot.at_pace(pace)),
            Delivery::Webhook(webhook) => Delivery::Webhook(webhook.at_pace(pace)),
        };
        Self { delivery }
    }
}

impl fmt::Debug for SlackChat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.delivery {
            Delivery::Bot(_) => "SlackChat(bot)",
            Delivery::Webhook(_) => "SlackChat(webhook)",
        })
    }
}

impl Chat for SlackChat {
    fn has_addresses(&self) -> bool {
        match self.delivery {
            Delivery::Bot(_) => true,
            Delivery::Webhook(_) => false,
        }
    }

    async fn post(&self, id: &RequestId, message: &Message) -> Result<Posted, ChatError> {
        match &self.delivery {
            Delivery::Bot(bot) => bot.post(id, message).await.map(Posted::At),
            Delivery::Webhook(webhook) => webhook.post(message).await.map(|()| Posted::Somewhere),
        }
    }

    async fn post_in_thread(&self, card: &CardRef, message: &Message) -> Result<(), ChatError> {
        match &self.delivery {
            Delivery::Bot(bot) => bot.post_in_thread(card, message).await,
            Delivery::Webhook(_) => Err(webhook::needs_bot_token()),
        }
    }

    async fn find(&self, id: &RequestId, since: DateTime<Utc>) -> Result<Vec<CardRef>, ChatError> {
        match &self.delivery {
            Delivery::Bot(bot) => bot.find(id, since).await,
            Delivery::Webhook(_) => Ok(Vec::new()),
        }
    }

    async fn update(&self, card: &CardRef, message: &Message) -> Result<(), ChatError> {
        match &self.delivery {
            Delivery::Bot(bot) => bot.update(card, message).await,
            Delivery::Webhook(_) => {
                Err(ChatError::MessageGone("without a bot token no message can be reached by its address".to_owned()))
            }
        }
    }

    async fn update_clicked(&self, reply: &ReplyUrl, message: &Message) -> Result<(), ChatError> {
        match &self.delivery {
            Delivery::Bot(bot) => bot.replies().replace(reply, message).await,
            Delivery::Webhook(webhook) => webhook.replies().replace(reply, message).await,
        }
    }

    async fn whisper(&self, whisper: &Whisper) -> Result<(), ChatError> {
        match &self.delivery {
            Delivery::Bot(bot) => bot.whisper(whisper).await,
            Delivery::Webhook(webhook) => webhook.whisper(whisper).await,
        }
    }

    async fn ask_reason(&self, trigger: &TriggerId, modal: &Modal) -> Result<(), ChatError> {
        match &self.delivery {
            Delivery::Bot(bot) => bot.ask_reason(trigger, modal).await,
            Delivery::Webhook(_) => Err(webhook::needs_bot_token()),
        }
    }

    async fn person(&self, email: &str) -> Result<Option<SlackUserId>, ChatError> {
        match &self.delivery {
            Delivery::Bot(bot) => bot.person(email).await,
            Delivery::Webhook(_) => Ok(None),
        }
    }

    async fn members(&self, group: &UserGroupId) -> Result<Vec<SlackUserId>, ChatError> {
        match &self.delivery {
            Delivery::Bot(bot) => bot.members(group).await,
            Delivery::Webhook(_) => Err(webhook::needs_bot_token()),
        }
    }
}
