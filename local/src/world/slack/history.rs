//! `conversations.history` and `conversations.replies`.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{ApiError, Args, Message, Slack, Ts};

const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 999;

/// What part of a channel is asked for.
struct Range {
    oldest: Option<Ts>,
    latest: Option<Ts>,
    inclusive: bool,
    /// The first ts of the page, from a cursor.
    from: Option<Ts>,
    limit: usize,
}

impl Range {
    fn read(args: &Args) -> Result<Self, ApiError> {
        let bound = |name, error| match args.text(name) {
            None => Ok(None),
            Some(text) => Ts::lenient(&text).map(Some).ok_or(ApiError::Refused(error)),
        };
        let limit = match args.text("limit") {
            None => DEFAULT_LIMIT,
            Some(text) => text.parse::<usize>().map_err(|_| ApiError::Refused("invalid_limit"))?,
        };
        Ok(Self {
            oldest: bound("oldest", "invalid_ts_oldest")?,
            latest: bound("latest", "invalid_ts_latest")?,
            inclusive: args.flag("inclusive").unwrap_or(false),
            from: args.text("cursor").map(|cursor| read_cursor(&cursor)).transpose()?,
            limit: limit.clamp(1, MAX_LIMIT),
        })
    }

    fn contains(&self, ts: Ts) -> bool {
        let after = self.oldest.is_none_or(|oldest| if self.inclusive { ts >= oldest } else { ts > oldest });
        let before = self.latest.is_none_or(|latest| if self.inclusive { ts <= latest } else { ts < latest });
        after && before
    }
}

impl Slack {
    /// Newest first, without replies.
    pub(super) fn history(&self, args: &Args) -> Result<Value, ApiError> {
        let channel = self.readable(args)?;
        let range = Range::read(args)?;
        let mut found = self.messages(&channel);
        found.reverse();
        found.retain(|message| range.contains(message.ts) && range.from.is_none_or(|from| message.ts <= from));
        Ok(self.page(args, &channel, &found, range.limit))
    }

    /// The parent on every page, then its replies, oldest first.
    pub(super) fn replies(&self, args: &Args) -> Result<Value, ApiError> {
        let channel = self.readable(args)?;
        let ts = args.required("ts")?;
        let range = Range::read(args)?;
        let parent = self.message(&channel, &ts).ok_or(ApiError::Refused("thread_not_found"))?;
        let mut found = self.thread(&channel, &ts);
        found.retain(|message| range.contains(message.ts) && range.from.is_none_or(|from| message.ts >= from));
        found.insert(0, parent);
        Ok(self.page(args, &channel, &found, range.limit.max(2)))
    }

    fn page(&self, args: &Args, channel: &str, found: &[&Message], limit: usize) -> Value {
        let with_metadata = args.flag("include_all_metadata").unwrap_or(false);
        let shown: Vec<Value> = found
            .iter()
            .take(limit)
            .map(|message| self.with_thread(channel, message, self.message_json(message, with_metadata)))
            .collect();
        let next = found.get(limit).map(|message| BASE64_STANDARD.encode(format!("next_ts:{}", message.ts)));
        let mut page = json!({"ok": true, "messages": shown, "has_more": next.is_some(), "pin_count": 0});
        if let Some(cursor) = next {
            page["response_metadata"] = json!({"next_cursor": cursor});
        }
        page
    }

    /// A parent says how many replies it has.
    fn with_thread(&self, channel: &str, message: &Message, mut json: Value) -> Value {
        let replies = self.thread(channel, &message.ts.to_string());
        if let Some(latest) = replies.last() {
            json["thread_ts"] = json!(message.ts.to_string());
            json["reply_count"] = json!(replies.len());
            json["latest_reply"] = json!(latest.ts.to_string());
        }
        json
    }

    /// The channel that the arguments name, if the bot is in it. A private one is not even there for who is not in it.
    pub(super) fn readable(&self, args: &Args) -> Result<String, ApiError> {
        let id = args.required("channel")?;
        let channel = self.channels.get(&id).ok_or(ApiError::Refused("channel_not_found"))?;
        if !channel.members.contains(&self.bot_user_id) {
            return Err(ApiError::Refused(if id.starts_with('G') { "channel_not_found" } else { "not_in_channel" }));
        }
        Ok(id)
    }
}

fn read_cursor(cursor: &str) -> Result<Ts, ApiError> {
    let bytes = BASE64_STANDARD.decode(cursor).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.and_then(|text| Ts::exact(text.strip_prefix("next_ts:")?)).ok_or(ApiError::Refused("invalid_cursor"))
}
