//! What is sent to a `response_url`.

use serde_json::{Value, json};
use shared::{
    config::ApiBaseUrl,
    domain::{card::Message, request::ReplyUrl},
    ports::ChatError,
};

use super::{
    Pace, allowed_reply_url,
    error::{About, url_answer},
    http,
};

/// Posts to `response_url`s.
pub(super) struct Replies<'a> {
    pub(super) http: &'a reqwest::Client,
    pub(super) api_base_url: &'a ApiBaseUrl,
    pub(super) pace: Pace,
}

impl Replies<'_> {
    /// Puts `message` in the place of the one that was clicked.
    pub(super) async fn replace(&self, reply: &ReplyUrl, message: &Message) -> Result<(), ChatError> {
        let body = json!({"replace_original": true, "text": message.text, "blocks": message.blocks});
        self.send(reply, &body).await
    }

    /// Tells something to whoever clicked, and to nobody else.
    pub(super) async fn whisper(&self, reply: &ReplyUrl, text: &str) -> Result<(), ChatError> {
        let mut body = json!({"response_type": "ephemeral", "replace_original": false, "text": text});
        if let Some(blocks) = whisper_blocks(text) {
            body["blocks"] = blocks;
        }
        self.send(reply, &body).await
    }

    async fn send(&self, reply: &ReplyUrl, body: &Value) -> Result<(), ChatError> {
        if reply.uses_left == 0 {
            return Err(ChatError::MessageGone("its response_url was used as often as Slack lets it".to_owned()));
        }
        let url = allowed_reply_url(&reply.url, self.api_base_url)
            .ok_or_else(|| ChatError::MessageGone("its response_url is not Slack's".to_owned()))?;
        let answer = http::send(http::with_json(self.http.post(url), body), self.pace).await?;
        url_answer(&answer, About::ReplyUrl)
    }
}

/// The whisper as a block: only there can Slack be told to make no links of what others wrote. `None` where it is too
/// long for one.
pub(super) fn whisper_blocks(text: &str) -> Option<Value> {
    (1..=3_000)
        .contains(&text.chars().count())
        .then(|| json!([{"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": true}}]))
}
