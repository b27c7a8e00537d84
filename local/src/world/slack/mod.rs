//! Slack: one workspace with people, channels and one app, as a plain state machine.
//!
//! [`Slack::call`] is the Web API, [`Slack::webhook`] and [`Slack::respond`] are the two kinds of URL that one posts to,
//! [`Slack::click`] is a person at a button, [`Slack::submit`] one in a modal. Limits and error names are Slack's (docs.slack.dev, reference/methods and
//! reference/block-kit), and enforced strictly: what Slack might let through on a good day is refused here.

pub mod args;
pub mod blocks;
mod chat;
pub mod click;
pub mod error;
mod history;
mod ids;
pub mod mrkdwn;
mod people;
mod rate;
mod seen;
pub mod submit;
pub mod urls;
mod views;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

pub use args::Args;
pub use click::{ClickError, Interaction, SignedRequest, sign};
pub use error::ApiError;
pub use ids::Ts;
pub use submit::{Settled, SubmitError, Typed, ViewAnswer};
pub use urls::{UrlError, UrlReply};
pub use views::View;

/// A person, or a bot user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// `U...`.
    pub id: String,
    /// The handle.
    pub name: String,
    /// As in the profile; not every account has one.
    pub email: Option<String>,
    /// Deactivated accounts are still found by id, not by mail address.
    pub deleted: bool,
    /// Whether it is an app's bot user.
    pub is_bot: bool,
}

/// Who wrote a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Author {
    /// The app's bot user, by token.
    Bot,
    /// An incoming webhook; `chat.update` cannot reach such a message.
    Webhook,
    /// A person, so that a channel can hold talk too.
    Person(String),
}

/// A message in a channel or a thread, as it stands now.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The time of posting, which is also its name within the channel.
    pub ts: Ts,
    /// Who wrote it.
    pub author: Author,
    /// What notifications and screen readers get.
    pub text: String,
    /// What a person sees; every block has a `block_id`, every button an `action_id`.
    pub blocks: Vec<Value>,
    /// `{event_type, event_payload}`; given out only to who asks for it.
    pub metadata: Option<Value>,
    /// The parent's ts, for a reply.
    pub thread_ts: Option<Ts>,
    /// When it was last changed; Slack shows "(edited)" only for a change of the text alone.
    pub edited: Option<Ts>,
    /// What it has said, oldest first: as it was posted, and the latest changes.
    pub versions: Vec<Version>,
    /// `unfurl_links`, where the poster said so.
    pub unfurl_links: Option<bool>,
    /// `unfurl_media`, where the poster said so.
    pub unfurl_media: Option<bool>,
}

/// What a message said from some time on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// From when.
    pub at: DateTime<Utc>,
    /// Its text.
    pub text: String,
}

/// A message that only one person sees, and that is gone with the next reload.
#[derive(Clone, Debug, PartialEq)]
pub struct Whisper {
    /// Who sees it.
    pub user: String,
    /// Where.
    pub channel: String,
    /// When.
    pub ts: Ts,
    /// Its text.
    pub text: String,
    /// Its blocks.
    pub blocks: Vec<Value>,
    /// The parent's ts, where it was whispered in a thread.
    pub thread_ts: Option<Ts>,
}

/// A channel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Channel {
    /// `C...` (public) or `G...` (private).
    pub id: String,
    /// Without the `#`.
    pub name: String,
    /// Nobody can post to an archived channel.
    pub is_archived: bool,
    /// Who is in it, the bot user among them.
    pub members: BTreeSet<String>,
    messages: BTreeMap<Ts, Message>,
}

/// The workspace.
#[derive(Debug)]
pub struct Slack {
    /// `T...`.
    pub team_id: String,
    /// The name in `https://DOMAIN.slack.com`.
    pub team_domain: String,
    /// `A...`: the one app.
    pub app_id: String,
    /// The user id of the app's bot.
    pub bot_user_id: String,
    /// `B...`: the app's bot.
    pub bot_id: String,
    /// Where `response_url`s and webhooks point: `https://hooks.slack.com`, or the origin of the stand-in.
    pub hooks_origin: String,
    users: BTreeMap<String, User>,
    user_groups: BTreeMap<String, BTreeSet<String>>,
    channels: BTreeMap<String, Channel>,
    tokens: BTreeMap<String, Token>,
    webhooks: BTreeMap<String, String>,
    response_urls: BTreeMap<String, urls::ResponseUrl>,
    triggers: BTreeMap<String, views::Trigger>,
    views: Vec<View>,
    whispers: Vec<Whisper>,
    rate: rate::Limits,
    last_ts: Ts,
    made: u64,
}

#[derive(Clone, Debug)]
struct Token {
    scopes: BTreeSet<String>,
    revoked: bool,
}

impl Default for Slack {
    fn default() -> Self {
        Self::new("T0123456789", "A0123456789", "U0PORTCULLIS")
    }
}

impl Slack {
    /// A workspace with the app installed, its bot user, and nobody and nothing else.
    #[must_use]
    pub fn new(team_id: &str, app_id: &str, bot_user_id: &str) -> Self {
        let mut slack = Self {
            team_id: team_id.to_owned(),
            team_domain: "example".to_owned(),
            app_id: app_id.to_owned(),
            bot_user_id: bot_user_id.to_owned(),
            bot_id: "B0PORTCULLIS".to_owned(),
            hooks_origin: "https://hooks.slack.com".to_owned(),
            users: BTreeMap::new(),
            user_groups: BTreeMap::new(),
            channels: BTreeMap::new(),
            tokens: BTreeMap::new(),
            webhooks: BTreeMap::new(),
            response_urls: BTreeMap::new(),
            triggers: BTreeMap::new(),
            views: Vec::new(),
            whispers: Vec::new(),
            rate: rate::Limits::default(),
            last_ts: Ts::default(),
            made: 0,
        };
        slack.add_user(bot_user_id, "portcullis", None);
        if let Some(bot) = slack.users.get_mut(bot_user_id) {
            bot.is_bot = true;
        }
        slack
    }

    /// Adds a person; replaces one with the same id.
    pub fn add_user(&mut self, id: &str, name: &str, email: Option<&str>) {
        let user = User {
            id: id.to_owned(),
            name: name.to_owned(),
            email: email.map(str::to_owned),
            deleted: false,
            is_bot: false,
        };
        self.users.insert(id.to_owned(), user);
    }

    /// Deactivates an account: its mail address is no longer found.
    pub fn deactivate(&mut self, user: &str) {
        if let Some(user) = self.users.get_mut(user) {
            user.deleted = true;
        }
    }

    /// Adds a channel with the bot in it, and nobody else; an id that begins with `G` is a private one.
    pub fn add_channel(&mut self, id: &str, name: &str) {
        let channel = Channel {
            id: id.to_owned(),
            name: name.to_owned(),
            is_archived: false,
            members: BTreeSet::from([self.bot_user_id.clone()]),
            messages: BTreeMap::new(),
        };
        self.channels.insert(id.to_owned(), channel);
    }

    /// Brings somebody into a channel (a channel that is not there stays so).
    pub fn join(&mut self, channel: &str, user: &str) {
        if let Some(channel) = self.channels.get_mut(channel) {
            channel.members.insert(user.to_owned());
        }
    }

    /// Takes somebody out of a channel; the bot too.
    pub fn kick(&mut self, channel: &str, user: &str) {
        if let Some(channel) = self.channels.get_mut(channel) {
            channel.members.remove(user);
        }
    }

    /// Archives a channel.
    pub fn archive(&mut self, channel: &str) {
        if let Some(channel) = self.channels.get_mut(channel) {
            channel.is_archived = true;
        }
    }

    /// Sets the members of a user group (`S...`); makes the group where it is new.
    pub fn set_user_group(&mut self, id: &str, members: &[&str]) {
        self.user_groups.insert(id.to_owned(), members.iter().map(|&member| member.to_owned()).collect());
    }

    /// Installs a bot token with these scopes; replaces one of the same text.
    pub fn add_bot_token(&mut self, token: &str, scopes: &[&str]) {
        let scopes = scopes.iter().map(|&scope| scope.to_owned()).collect();
        self.tokens.insert(token.to_owned(), Token { scopes, revoked: false });
    }

    /// Revokes a token: `token_revoked` from now on.
    pub fn revoke_token(&mut self, token: &str) {
        if let Some(token) = self.tokens.get_mut(token) {
            token.revoked = true;
        }
    }

    /// The scopes of a token, as in the `X-OAuth-Scopes` header.
    #[must_use]
    pub fn scopes(&self, token: &str) -> Option<String> {
        self.tokens.get(token).map(|token| joined(&token.scopes))
    }

    /// Names the secret that a text holds: a token, a webhook, or what a click brought along.
    #[must_use]
    pub fn secret_in(&self, text: &str) -> Option<&'static str> {
        let holds = |secret: &String| text.contains(secret.as_str());
        // The last part of such a URL is the secret one.
        let holds_end = |path: &String| path.rsplit('/').next().is_some_and(|end| text.contains(end));
        [
            ("a token", self.tokens.keys().any(holds)),
            ("a webhook", self.webhooks.keys().any(holds_end)),
            ("a response_url", self.response_urls.keys().any(holds_end)),
            ("a trigger_id", self.triggers.keys().any(holds)),
        ]
        .into_iter()
        .find_map(|(name, held)| held.then_some(name))
    }

    /// Holds new messages to one a second in each channel, after the first `burst` at once; `None` lifts it.
    pub fn enforce_rate_limit(&mut self, burst: Option<u32>) {
        self.rate = rate::Limits::new(burst);
    }

    /// One call of the Web API. The answer is the body, `ok` included; an error's is [`ApiError::body`].
    ///
    /// # Errors
    /// What Slack would refuse, by Slack's own names.
    pub fn call(
        &mut self,
        now: DateTime<Utc>,
        token: Option<&str>,
        method: &str,
        args: &Args,
    ) -> Result<Value, ApiError> {
        let needed = needed_scope(method, args).ok_or(ApiError::Refused("unknown_method"))?;
        let provided = self.authenticated(token)?;
        if let Some(needed) = needed
            && !provided.contains(needed)
        {
            return Err(ApiError::MissingScope { needed: needed.to_owned(), provided: joined(&provided) });
        }
        match method {
            "chat.postMessage" => self.post_message(now, args),
            "chat.update" => self.update(now, args),
            "chat.postEphemeral" => self.post_ephemeral(now, args),
            "conversations.history" => self.history(args),
            "conversations.replies" => self.replies(args),
            "users.lookupByEmail" => self.lookup_by_email(args),
            "users.info" => self.user_info(args, provided.contains("users:read.email")),
            "usergroups.users.list" => self.group_members(args),
            "views.open" => self.open_view(now, args),
            "auth.test" => Ok(self.auth_test()),
            _ => Err(ApiError::Refused("unknown_method")),
        }
    }

    /// The messages of a channel, without replies, oldest first.
    #[must_use]
    pub fn messages(&self, channel: &str) -> Vec<&Message> {
        self.in_channel(channel).filter(|message| message.thread_ts.is_none()).collect()
    }

    /// The replies to a message, oldest first, without the message itself.
    #[must_use]
    pub fn thread(&self, channel: &str, parent: &str) -> Vec<&Message> {
        let parent = Ts::exact(parent);
        self.in_channel(channel).filter(|message| parent.is_some() && message.thread_ts == parent).collect()
    }

    /// One message, a reply too.
    #[must_use]
    pub fn message(&self, channel: &str, ts: &str) -> Option<&Message> {
        self.channels.get(channel)?.messages.get(&Ts::exact(ts)?)
    }

    /// Somebody deletes a message by hand, and its thread with it.
    pub fn delete(&mut self, channel: &str, ts: &str) {
        if let (Some(channel), Some(ts)) = (self.channels.get_mut(channel), Ts::exact(ts)) {
            channel.messages.retain(|at, message| *at != ts && message.thread_ts != Some(ts));
        }
    }

    /// What was whispered to a person, oldest first.
    #[must_use]
    pub fn whispers(&self, user: &str) -> Vec<&Whisper> {
        self.whispers.iter().filter(|whisper| whisper.user == user).collect()
    }

    /// The modals that are open, oldest first.
    #[must_use]
    pub fn views(&self) -> &[View] {
        &self.views
    }

    /// The people and bots, by id.
    pub fn users(&self) -> impl Iterator<Item = &User> {
        self.users.values()
    }

    /// The channels, by id.
    pub fn channels(&self) -> impl Iterator<Item = &Channel> {
        self.channels.values()
    }

    fn in_channel(&self, channel: &str) -> impl Iterator<Item = &Message> {
        self.channels.get(channel).into_iter().flat_map(|channel| channel.messages.values())
    }

    fn authenticated(&self, token: Option<&str>) -> Result<BTreeSet<String>, ApiError> {
        let token = token.filter(|token| !token.is_empty()).ok_or(ApiError::Refused("not_authed"))?;
        let token = self.tokens.get(token).ok_or(ApiError::Refused("invalid_auth"))?;
        if token.revoked {
            return Err(ApiError::Refused("token_revoked"));
        }
        Ok(token.scopes.clone())
    }

    fn auth_test(&self) -> Value {
        json!({
            "ok": true,
            "url": format!("https://{}.slack.com/", self.team_domain),
            "team": self.team_domain,
            "user": self.users.get(&self.bot_user_id).map_or("", |bot| bot.name.as_str()),
            "team_id": self.team_id,
            "user_id": self.bot_user_id,
            "bot_id": self.bot_id,
            "is_enterprise_install": false,
        })
    }

    /// The next time stamp: of now, and later than every one before.
    fn next_ts(&mut self, now: DateTime<Utc>) -> Ts {
        self.last_ts = self.last_ts.next(now);
        self.last_ts
    }

    /// The next of the ids that Slack makes up.
    fn make_id(&mut self) -> ids::Made {
        self.made += 1;
        ids::Made::new(self.made)
    }
}

/// The scope that a method needs (`Some(None)`: any valid token will do), `None` for an unknown method.
#[must_use]
pub fn needed_scope(method: &str, args: &Args) -> Option<Option<&'static str>> {
    Some(match method {
        "chat.postMessage" | "chat.update" | "chat.postEphemeral" => Some("chat:write"),
        "conversations.history" | "conversations.replies" => {
            let private = args.text("channel").is_some_and(|channel| channel.starts_with('G'));
            Some(if private { "groups:history" } else { "channels:history" })
        }
        "users.lookupByEmail" => Some("users:read.email"),
        "users.info" => Some("users:read"),
        "usergroups.users.list" => Some("usergroups:read"),
        "views.open" | "auth.test" => None,
        _ => return None,
    })
}

fn joined(scopes: &BTreeSet<String>) -> String {
    scopes.iter().map(String::as_str).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests;
