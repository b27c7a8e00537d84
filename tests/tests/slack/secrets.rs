//! No token, no webhook and no `response_url` in any error.

use adapters::slack::{Pace, SetupError, SlackChat, http_client, interaction::parse};
use axum::Router;
use chrono::Utc;
use local::world::{faults::Fault, slack::Interaction};
use serde_json::json;
use shared::{
    config::Secret,
    domain::{card::Modal, click::TriggerId, request::ReplyUrl},
    ports::{Chat, ChatError, Whisper},
};

use crate::office::{
    CHANNEL, Office, SIGNING_SECRET, api_at, bot_at, card, channel, id, nobody, plain, serve, signed, whisper_to,
};

/// What each way of calling Slack comes to, where none can succeed.
async fn all_errors(chat: &SlackChat, reply: &ReplyUrl) -> Vec<ChatError> {
    let request = id("secret");
    let told = Whisper { reply: Some(reply.clone()), ..whisper_to("U0ALICE", "hello") };
    [
        chat.post(&request, &card(&request, "hello")).await.err(),
        chat.update_clicked(reply, &plain("hello")).await.err(),
        chat.whisper(&told).await.err(),
        chat.find(&request, Utc::now()).await.err(),
        chat.ask_reason(&TriggerId::parse("1.2.hush").expect("a trigger"), &Modal { view: json!({}) }).await.err(),
        chat.person("alice@example.com").await.err(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn assert_hushed(errors: &[ChatError], secrets: &[&str]) {
    assert!(errors.len() >= 3, "{errors:?}");
    for error in errors {
        let shown = format!("{error} {error:?}");
        for secret in secrets {
            assert!(!shown.contains(secret), "{shown}");
        }
        assert!(!shown.contains("http://") && !shown.contains("https://"), "{shown}");
    }
}

#[tokio::test]
async fn whatever_goes_wrong_no_error_holds_a_secret() {
    let office = Office::open().await;
    let (webhook_url, hook) = office.webhook();
    let request = id("secret");
    hook.post(&request, &card(&request, "Approval needed")).await.expect("posted");
    let reply = office.deny().reply.expect("a response_url");
    let secrets = ["hush", webhook_url.as_str(), reply.url.as_str()];
    for fault in [Fault::Throttle, Fault::ServerError, Fault::DropBefore, Fault::Denied] {
        office.world.faults.set("slack", "*", fault, None);
        assert_hushed(&all_errors(&hook, &reply).await, &secrets);
        assert_hushed(&all_errors(&office.bot(), &reply).await, &secrets);
    }
    assert_eq!(format!("{:?} {hook:?}", office.bot()), "SlackChat(bot) SlackChat(webhook)");
}

#[tokio::test]
async fn a_server_that_repeats_what_it_was_sent_is_not_quoted() {
    let echo = Router::new().fallback(|request: axum::extract::Request| async move {
        let token = request.headers().get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
        (axum::http::StatusCode::BAD_REQUEST, format!("{token} {}", request.uri()))
    });
    let origin = serve(echo).await;
    let reply = ReplyUrl { url: format!("{origin}/actions/hush"), until: Utc::now(), uses_left: 5 };
    let api = api_at(&origin);
    let secret = Secret::new(&format!("{origin}/services/hush")).expect("a secret");
    let hook = SlackChat::webhook(http_client(&api).expect("a client"), &secret, api).expect("a webhook");
    assert_hushed(&all_errors(&hook, &reply).await, &["hush"]);
    assert_hushed(&all_errors(&bot_at(&origin), &reply).await, &["hush"]);
}

#[tokio::test]
async fn where_nobody_listens_the_address_is_not_told() {
    let (_socket, origin) = nobody();
    let reply = ReplyUrl { url: format!("{origin}/actions/hush"), until: Utc::now(), uses_left: 5 };
    assert_hushed(&all_errors(&bot_at(&origin).at_pace(Pace::BeforeAnswer), &reply).await, &["hush"]);
}

#[test]
fn a_secret_that_is_not_what_it_should_be_is_not_shown() {
    let api = api_at("https://slack.com");
    let client = || http_client(&api).expect("a client");
    let token = Secret::new("xoxb-hush\nX-Header: 1").expect("a secret");
    let bot = SlackChat::bot(client(), api.clone(), &token, channel(CHANNEL)).expect_err("no token");
    assert_eq!(bot, SetupError::Token);
    for url in ["hush", "http://hooks.slack.com/services/hush", "file:///hush"] {
        let url = Secret::new(url).expect("a secret");
        let hook = SlackChat::webhook(client(), &url, api.clone()).expect_err("no webhook");
        assert_eq!(hook, SetupError::WebhookUrl);
    }
}

#[tokio::test]
async fn what_is_made_of_a_click_does_not_show_its_secrets() {
    let office = Office::open().await;
    let (_, hook) = office.webhook();
    let request = id("secret");
    hook.post(&request, &card(&request, "Approval needed")).await.expect("posted");
    let shown = |click: &Interaction| {
        let verified = signed(click, Utc::now());
        let parsed = parse(&verified, &office.api(), Utc::now()).expect("an interaction");
        format!("{verified:?} {parsed:?}")
    };
    for action in ["deny", "deny_reason"] {
        let ts = office.last_ts();
        let click = office.slack().click(Utc::now(), "U0ALICE", CHANNEL, &ts, None, action).expect("a button");
        let shown = shown(&click);
        assert!(shown.contains("Verified(..)") && shown.contains("secret"), "{shown}");
        for secret in [click.response_url(), click.trigger_id(), SIGNING_SECRET] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
