//! A workspace behind a port of its own, with an app in one channel.

use std::sync::{Arc, MutexGuard};

use adapters::slack::{SlackChat, http_client, interaction};
use axum::Router;
use chrono::{DateTime, TimeDelta, Utc};
use local::{
    wire::slack::router,
    world::{
        World,
        slack::{Interaction, Slack},
    },
};
use serde_json::json;
use shared::{
    config::{ApiBaseUrl, Secret},
    domain::{
        card::Message,
        click::Click,
        ids::{ChannelId, RequestId, SlackUserId},
        request::CardRef,
    },
    ports::{Chat, Posted, Whisper},
    slack_signature::{SignatureHeaders, Verified, verify},
};

pub(crate) const TOKEN: &str = "xoxb-hush-hush";
pub(crate) const CHANNEL: &str = "C0123456789";
pub(crate) const SCOPES: [&str; 5] =
    ["chat:write", "channels:history", "users:read", "users:read.email", "usergroups:read"];
pub(crate) const SIGNING_SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";

pub(crate) struct Office {
    pub(crate) world: Arc<World>,
    pub(crate) origin: String,
}

impl Office {
    pub(crate) async fn open() -> Self {
        let world = Arc::new(World::default());
        let origin = serve(router(Arc::clone(&world))).await;
        let office = Self { world, origin };
        let mut slack = office.slack();
        slack.hooks_origin.clone_from(&office.origin);
        slack.add_user("U0ALICE", "alice", Some("alice+aws@example.com"));
        slack.add_user("U0BOB", "bob", Some("bob@example.com"));
        slack.add_channel(CHANNEL, "gates");
        slack.join(CHANNEL, "U0ALICE");
        slack.add_bot_token(TOKEN, &SCOPES);
        drop(slack);
        office
    }

    pub(crate) fn slack(&self) -> MutexGuard<'_, Slack> {
        self.world.slack.lock().expect("Slack's lock")
    }

    pub(crate) fn api(&self) -> ApiBaseUrl {
        api_at(&self.origin)
    }

    pub(crate) fn bot(&self) -> SlackChat {
        bot_at(&self.origin)
    }

    /// The webhook's URL, and the channel by it.
    pub(crate) fn webhook(&self) -> (String, SlackChat) {
        let url = self.slack().add_webhook(CHANNEL);
        let secret = Secret::new(&url).expect("a secret");
        let chat = SlackChat::webhook(http_client(&self.api()).expect("a client"), &secret, self.api());
        (url, chat.expect("a webhook"))
    }

    /// The texts in the channel, threads left out.
    pub(crate) fn texts(&self) -> Vec<String> {
        self.slack().messages(CHANNEL).iter().map(|message| message.text.clone()).collect()
    }

    /// The newest message of the channel.
    pub(crate) fn last_ts(&self) -> String {
        self.slack().messages(CHANNEL).last().expect("a message").ts.to_string()
    }

    /// Alice clicks a button of the newest message; what the responder makes of it at that time.
    pub(crate) fn click_at(&self, now: DateTime<Utc>, action_id: &str) -> interaction::Interaction {
        let ts = self.last_ts();
        let clicked = self.slack().click(now, "U0ALICE", CHANNEL, &ts, None, action_id).expect("a button");
        interaction::parse(&signed(&clicked, now), &self.api(), now).expect("an interaction")
    }

    /// Alice clicks Deny on the newest message, now.
    pub(crate) fn deny(&self) -> Click {
        clicked(self.click_at(Utc::now(), "deny"))
    }
}

/// Serves until the test ends; returns the origin.
pub(crate) async fn serve(routes: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    origin
}

/// An origin where nobody listens, for as long as the socket is held.
pub(crate) fn nobody() -> (tokio::net::TcpSocket, String) {
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind(([127, 0, 0, 1], 0).into()).expect("a port");
    let origin = format!("http://{}", socket.local_addr().expect("an address"));
    (socket, origin)
}

pub(crate) fn api_at(origin: &str) -> ApiBaseUrl {
    ApiBaseUrl::parse(&format!("{origin}/api")).expect("a base URL")
}

pub(crate) fn bot_at(origin: &str) -> SlackChat {
    let api = api_at(origin);
    let token = Secret::new(TOKEN).expect("a token");
    SlackChat::bot(http_client(&api).expect("a client"), api, &token, channel(CHANNEL)).expect("a bot")
}

/// The click's request, through the check of its signature.
pub(crate) fn signed(clicked: &Interaction, now: DateTime<Utc>) -> Verified<Vec<u8>> {
    let request = clicked.request(SIGNING_SECRET, now);
    let header = |name: &str| {
        let found = request.headers.iter().find(|(header, _)| *header == name);
        found.map(|(_, value)| value.as_bytes())
    };
    let headers =
        SignatureHeaders { timestamp: header("X-Slack-Request-Timestamp"), signature: header("X-Slack-Signature") };
    let secrets = [Secret::new(SIGNING_SECRET).expect("a secret")];
    verify(now, headers, request.body.clone().into_bytes(), &secrets).expect("Slack's signature")
}

pub(crate) fn clicked(interaction: interaction::Interaction) -> Click {
    match interaction {
        interaction::Interaction::Click(click) => *click,
        interaction::Interaction::ReasonAsked(_)
        | interaction::Interaction::Submitted(_)
        | interaction::Interaction::Nothing => panic!("not a click"),
    }
}

pub(crate) fn id(text: &str) -> RequestId {
    RequestId::parse(text).expect("a request id")
}

pub(crate) fn channel(text: &str) -> ChannelId {
    ChannelId::parse(text).expect("a channel")
}

pub(crate) fn user(text: &str) -> SlackUserId {
    SlackUserId::parse(text).expect("a user")
}

/// A card with its buttons and the link.
pub(crate) fn card(id: &RequestId, text: &str) -> Message {
    let button = |action: &str| json!({"type": "button", "action_id": action, "value": id, "text": {"type": "plain_text", "text": action}});
    let mut console = button("console");
    console["url"] = json!("https://console.aws.amazon.com/");
    Message {
        text: text.to_owned(),
        blocks: vec![
            json!({"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": true}}),
            json!({"type": "actions", "elements": [button("approve"), button("deny"), button("deny_reason"), console]}),
        ],
    }
}

/// A text and no blocks.
pub(crate) fn plain(text: &str) -> Message {
    Message { text: text.to_owned(), blocks: Vec::new() }
}

pub(crate) fn whisper_to(who: &str, text: &str) -> Whisper {
    Whisper { user: user(who), channel: Some(channel(CHANNEL)), reply: None, text: text.to_owned() }
}

pub(crate) fn minutes_ago(minutes: i64) -> DateTime<Utc> {
    Utc::now() - TimeDelta::minutes(minutes)
}

pub(crate) async fn post(chat: &SlackChat, id: &RequestId, text: &str) -> CardRef {
    match chat.post(id, &card(id, text)).await.expect("posted") {
        Posted::At(card) => card,
        Posted::Somewhere => panic!("a bot knows where"),
    }
}
