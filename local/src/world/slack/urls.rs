//! Incoming webhooks and `response_url`s: secrets in the shape of URLs.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::{ApiError, Args, Author, Slack, Ts, chat::Content};

/// How often a `response_url` can be used.
const USES: u8 = 5;
/// How long a `response_url` can be used.
const LIFETIME: TimeDelta = TimeDelta::minutes(30);

#[derive(Clone, Debug)]
pub(super) struct ResponseUrl {
    channel: String,
    ts: Ts,
    user: String,
    expires_at: DateTime<Utc>,
    uses_left: u8,
}

/// Both kinds of URL answer `ok`, and no ts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UrlReply;

/// Why a post to such a URL was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// No such webhook or `response_url`: 404.
    #[error("{0}")]
    NotFound(&'static str),
    /// The channel is archived: 410.
    #[error("channel_is_archived")]
    Archived,
    /// The body is not what Slack takes: 400.
    #[error("{0}")]
    BadRequest(ApiError),
    /// Too many messages: 429 with `Retry-After`.
    #[error("rate_limited: retry after {retry_after} s")]
    RateLimited {
        /// Seconds to wait.
        retry_after: u64,
    },
}

impl UrlError {
    /// Slack's name of the error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound(code) => code,
            Self::Archived => "channel_is_archived",
            Self::BadRequest(error) => error.code(),
            Self::RateLimited { .. } => "rate_limited",
        }
    }

    fn of(error: ApiError) -> Self {
        match error {
            ApiError::RateLimited { retry_after } => Self::RateLimited { retry_after },
            ApiError::Refused(_)
            | ApiError::InvalidBlocks(_)
            | ApiError::InvalidArguments(_)
            | ApiError::MissingScope { .. } => Self::BadRequest(error),
        }
    }
}

impl Slack {
    /// Makes an incoming webhook for a channel and returns its URL, `{hooks_origin}/services/T.../B.../...`.
    pub fn add_webhook(&mut self, channel: &str) -> String {
        let made = self.make_id();
        let path = format!("/services/{}/B{:08}/{}", self.team_id, made.number, made.letters);
        self.webhooks.insert(path.clone(), channel.to_owned());
        format!("{}{path}", self.hooks_origin)
    }

    /// A post to an incoming webhook; `path` begins with `/services/`.
    ///
    /// # Errors
    /// An unknown webhook, an archived channel, a body that Slack would refuse, too many messages.
    pub fn webhook(&mut self, now: DateTime<Utc>, path: &str, body: &Args) -> Result<UrlReply, UrlError> {
        let channel = self.webhooks.get(path).cloned().ok_or(UrlError::NotFound("no_service"))?;
        let found = self.channels.get(&channel).ok_or(UrlError::NotFound("channel_not_found"))?;
        if found.is_archived {
            return Err(UrlError::Archived);
        }
        let content = Content::read(body).map_err(UrlError::of)?;
        let thread_ts = body.text("thread_ts").and_then(|ts| Ts::exact(&ts));
        self.rate.take(now, &channel).map_err(UrlError::of)?;
        self.post(now, &channel, Author::Webhook, content, |message| super::Message { thread_ts, ..message });
        Ok(UrlReply)
    }

    /// A post to a `response_url`; `path` begins with `/actions/`. `replace_original` and `delete_original` act on the
    /// message that was clicked; without them a new message comes, in the channel for `"response_type": "in_channel"`,
    /// else as a whisper to who clicked.
    ///
    /// # Errors
    /// `used_url` after five uses, `expired_url` after 30 minutes, a body that Slack would refuse. A refused body uses
    /// up no use.
    pub fn respond(&mut self, now: DateTime<Utc>, path: &str, body: &Args) -> Result<UrlReply, UrlError> {
        let url = self.response_urls.get(path).cloned().ok_or(UrlError::NotFound("invalid_url"))?;
        if now >= url.expires_at {
            return Err(UrlError::NotFound("expired_url"));
        }
        if url.uses_left == 0 {
            return Err(UrlError::NotFound("used_url"));
        }
        if body.flag("delete_original") == Some(true) {
            if let Some(channel) = self.channels.get_mut(&url.channel) {
                channel.messages.remove(&url.ts);
            }
        } else {
            let content = Content::read(body).map_err(UrlError::of)?;
            self.answer(now, &url, body, content)?;
        }
        if let Some(url) = self.response_urls.get_mut(path) {
            url.uses_left -= 1;
        }
        Ok(UrlReply)
    }

    fn answer(&mut self, now: DateTime<Utc>, url: &ResponseUrl, body: &Args, content: Content) -> Result<(), UrlError> {
        let original = self.message(&url.channel, &url.ts.to_string()).cloned();
        let thread_ts = original.as_ref().and_then(|message| message.thread_ts);
        if body.flag("replace_original") == Some(true) {
            let original = original.ok_or(UrlError::NotFound("message_not_found"))?;
            self.rewrite(now, &url.channel, original, content);
        } else if body.text("response_type").as_deref() == Some("in_channel") {
            self.rate.take(now, &url.channel).map_err(UrlError::of)?;
            let reply = |message| super::Message { thread_ts, ..message };
            self.post(now, &url.channel, Author::Bot, content, reply);
        } else {
            self.whisper(now, &url.channel, &url.user, content, thread_ts);
        }
        Ok(())
    }

    /// Makes the `response_url` of a click.
    pub(super) fn make_response_url(&mut self, now: DateTime<Utc>, channel: &str, ts: Ts, user: &str) -> String {
        let made = self.make_id();
        let path = format!("/actions/{}/{}/{}", self.team_id, made.number, made.letters);
        let url = ResponseUrl {
            channel: channel.to_owned(),
            ts,
            user: user.to_owned(),
            expires_at: now + LIFETIME,
            uses_left: USES,
        };
        self.response_urls.insert(path.clone(), url);
        format!("{}{path}", self.hooks_origin)
    }
}

/// The body of a post to such a URL: JSON, or a form whose field `payload` is JSON.
///
/// # Errors
/// `invalid_payload`: neither.
pub fn body(form: bool, bytes: &[u8]) -> Result<Args, UrlError> {
    let json = if form {
        let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(bytes).unwrap_or_default();
        pairs.into_iter().find(|(name, _)| name == "payload").map(|(_, payload)| payload.into_bytes())
    } else {
        Some(bytes.to_vec())
    };
    match json.and_then(|json| serde_json::from_slice::<Value>(&json).ok()) {
        Some(value @ Value::Object(_)) => Ok(Args::from_json(value)),
        Some(_) | None => Err(UrlError::BadRequest(ApiError::Refused("invalid_payload"))),
    }
}
