//! `chat.postMessage`, `chat.update`, `chat.postEphemeral`.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::{ApiError, Args, Author, Message, Slack, Ts, Version, Whisper, blocks};

/// Characters of a message's text.
const MAX_TEXT: usize = 40_000;

/// How many versions of a message are remembered.
const MAX_VERSIONS: usize = 50;

/// What a message says: checked, but not yet anybody's.
pub(super) struct Content {
    pub(super) text: Option<String>,
    pub(super) blocks: Option<Vec<Value>>,
}

impl Content {
    /// Reads `text` and `blocks` and holds them to Slack's limits.
    pub(super) fn read(args: &Args) -> Result<Self, ApiError> {
        let blocks = match args.structure("blocks") {
            Ok(None) => None,
            Ok(Some(Value::Array(blocks))) => Some(blocks),
            Ok(Some(_)) | Err(_) => return Err(ApiError::Refused("invalid_blocks_format")),
        };
        if let Some(blocks) = &blocks {
            let errors = blocks::check_message(blocks);
            if !errors.is_empty() {
                return Err(ApiError::InvalidBlocks(errors));
            }
        }
        let text = args.text("text");
        if text.as_ref().is_some_and(|text| text.chars().count() > MAX_TEXT) {
            return Err(ApiError::Refused("msg_too_long"));
        }
        if text.is_none() && blocks.as_ref().is_none_or(Vec::is_empty) {
            return Err(ApiError::Refused("no_text"));
        }
        Ok(Self { text, blocks })
    }
}

impl Slack {
    pub(super) fn post_message(&mut self, now: DateTime<Utc>, args: &Args) -> Result<Value, ApiError> {
        let channel = self.open_to_bot(args)?;
        let content = Content::read(args)?;
        let metadata = metadata(args)?;
        let thread_ts = args.text("thread_ts").map(|ts| self.parent(&channel, &ts)).transpose()?;
        self.rate.take(now, &channel)?;
        let unfurl = (args.flag("unfurl_links"), args.flag("unfurl_media"));
        let message = self.post(now, &channel, Author::Bot, content, |message| Message {
            metadata,
            thread_ts,
            unfurl_links: unfurl.0,
            unfurl_media: unfurl.1,
            ..message
        });
        let shown = self.message_json(&message, true);
        Ok(json!({"ok": true, "channel": channel, "ts": message.ts.to_string(), "message": shown}))
    }

    pub(super) fn update(&mut self, now: DateTime<Utc>, args: &Args) -> Result<Value, ApiError> {
        let channel = self.open_to_bot(args)?;
        let ts = args.required("ts")?;
        let old = self.message(&channel, &ts).ok_or(ApiError::Refused("message_not_found"))?;
        if old.author != Author::Bot {
            return Err(ApiError::Refused("cant_update_message"));
        }
        let mut message = old.clone();
        let content = Content::read(args)?;
        if let Some(metadata) = metadata(args)? {
            message.metadata = Some(metadata);
        }
        self.rewrite(now, &channel, message, content);
        let message = self.message(&channel, &ts).ok_or(ApiError::Refused("message_not_found"))?;
        Ok(json!({
            "ok": true,
            "channel": channel,
            "ts": ts,
            "text": message.text,
            "message": self.message_json(message, true),
        }))
    }

    pub(super) fn post_ephemeral(&mut self, now: DateTime<Utc>, args: &Args) -> Result<Value, ApiError> {
        let channel = self.open_to_bot(args)?;
        let user = args.required("user")?;
        if !self.channels.get(&channel).is_some_and(|channel| channel.members.contains(&user)) {
            return Err(ApiError::Refused("user_not_in_channel"));
        }
        let content = Content::read(args)?;
        let thread_ts = args.text("thread_ts").map(|ts| self.parent(&channel, &ts)).transpose()?;
        let ts = self.whisper(now, &channel, &user, content, thread_ts);
        Ok(json!({"ok": true, "message_ts": ts.to_string()}))
    }

    /// Somebody says something: talk in the channel that is not the app's. Returns its ts.
    pub fn say(&mut self, now: DateTime<Utc>, channel: &str, user: &str, text: &str) -> Ts {
        let content = Content { text: Some(text.to_owned()), blocks: None };
        self.post(now, channel, Author::Person(user.to_owned()), content, |message| message).ts
    }

    pub(super) fn post(
        &mut self,
        now: DateTime<Utc>,
        channel: &str,
        author: Author,
        content: Content,
        finish: impl FnOnce(Message) -> Message,
    ) -> Message {
        let text = content.text.unwrap_or_default();
        let message = finish(Message {
            ts: self.next_ts(now),
            author,
            versions: vec![Version { at: now, text: text.clone() }],
            text,
            blocks: self.named(content.blocks.unwrap_or_default()),
            metadata: None,
            thread_ts: None,
            edited: None,
            unfurl_links: None,
            unfurl_media: None,
        });
        if let Some(channel) = self.channels.get_mut(channel) {
            channel.messages.insert(message.ts, message.clone());
        }
        message
    }

    /// Puts new content in a message's place. Text without blocks takes the blocks away; blocks without text leave the
    /// text; only the former is shown as edited.
    pub(super) fn rewrite(&mut self, now: DateTime<Utc>, channel: &str, mut message: Message, content: Content) {
        let has_blocks = content.blocks.as_ref().is_some_and(|blocks| !blocks.is_empty());
        if content.text.is_some() || content.blocks.is_some() {
            message.blocks = self.named(content.blocks.unwrap_or_default());
        }
        if let Some(text) = content.text {
            message.text = text;
        }
        // The first one stays: it says what was posted.
        if message.versions.len() >= MAX_VERSIONS {
            message.versions.remove(1);
        }
        message.versions.push(Version { at: now, text: message.text.clone() });
        if !has_blocks {
            message.edited = Some(self.next_ts(now));
        }
        if let Some(channel) = self.channels.get_mut(channel) {
            channel.messages.insert(message.ts, message);
        }
    }

    pub(super) fn whisper(
        &mut self,
        now: DateTime<Utc>,
        channel: &str,
        user: &str,
        content: Content,
        thread_ts: Option<Ts>,
    ) -> Ts {
        let ts = self.next_ts(now);
        let blocks = self.named(content.blocks.unwrap_or_default());
        self.whispers.push(Whisper {
            user: user.to_owned(),
            channel: channel.to_owned(),
            ts,
            text: content.text.unwrap_or_default(),
            blocks,
            thread_ts,
        });
        ts
    }

    /// The message as the API and the interaction payload show it.
    pub(super) fn message_json(&self, message: &Message, with_metadata: bool) -> Value {
        let mut json = json!({"type": "message", "ts": message.ts.to_string(), "text": message.text});
        match &message.author {
            Author::Bot => {
                json["user"] = json!(self.bot_user_id);
                json["bot_id"] = json!(self.bot_id);
                json["app_id"] = json!(self.app_id);
                json["team"] = json!(self.team_id);
            }
            Author::Webhook => {
                json["subtype"] = json!("bot_message");
                json["bot_id"] = json!("B0WEBHOOK");
            }
            Author::Person(user) => {
                json["user"] = json!(user);
                json["team"] = json!(self.team_id);
            }
        }
        if !message.blocks.is_empty() {
            json["blocks"] = Value::Array(message.blocks.clone());
        }
        if let Some(parent) = message.thread_ts {
            json["thread_ts"] = json!(parent.to_string());
        }
        if let Some(edited) = message.edited {
            json["edited"] = json!({"user": self.bot_user_id, "ts": edited.to_string()});
        }
        if let Some(metadata) = message.metadata.as_ref().filter(|_| with_metadata) {
            json["metadata"] = metadata.clone();
        }
        json
    }

    /// The channel that the arguments name, if the bot can write to it.
    fn open_to_bot(&self, args: &Args) -> Result<String, ApiError> {
        let id = self.readable(args)?;
        if self.channels.get(&id).is_some_and(|channel| channel.is_archived) {
            return Err(ApiError::Refused("is_archived"));
        }
        Ok(id)
    }

    /// The message that a reply belongs to. Slack is lenient about replies to replies and to nothing; this is not.
    fn parent(&self, channel: &str, ts: &str) -> Result<Ts, ApiError> {
        let parent = self.message(channel, ts).ok_or(ApiError::Refused("thread_not_found"))?;
        if parent.thread_ts.is_some() {
            return Err(ApiError::Refused("cannot_reply_to_message"));
        }
        Ok(parent.ts)
    }

    /// Gives a `block_id` to each block and an `action_id` to each button and input that came without one.
    pub(super) fn named(&mut self, mut blocks: Vec<Value>) -> Vec<Value> {
        for block in blocks.iter_mut().filter_map(Value::as_object_mut) {
            self.name(block, "block_id");
            for single in ["accessory", "element"] {
                if let Some(element) = block.get_mut(single).and_then(Value::as_object_mut) {
                    self.name(element, "action_id");
                }
            }
            if block.get("type").and_then(Value::as_str) == Some("actions")
                && let Some(elements) = block.get_mut("elements").and_then(Value::as_array_mut)
            {
                for element in elements.iter_mut().filter_map(Value::as_object_mut) {
                    self.name(element, "action_id");
                }
            }
        }
        blocks
    }

    fn name(&mut self, object: &mut Map<String, Value>, field: &str) {
        if !object.contains_key(field) {
            let letters: String = self.make_id().letters.chars().take(5).collect();
            object.insert(field.to_owned(), Value::String(letters));
        }
    }
}

/// `metadata`: an event type and a payload that is an object.
fn metadata(args: &Args) -> Result<Option<Value>, ApiError> {
    let metadata = args.structure("metadata").map_err(|_| ApiError::Refused("invalid_metadata_format"))?;
    if let Some(metadata) = &metadata {
        let typed = metadata.get("event_type").and_then(Value::as_str).is_some_and(|event| !event.is_empty());
        if !typed || !metadata.get("event_payload").is_some_and(Value::is_object) {
            return Err(ApiError::Refused("invalid_metadata_schema"));
        }
    }
    Ok(metadata)
}
