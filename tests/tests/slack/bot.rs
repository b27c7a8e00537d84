//! Cards by bot token.

use std::time::Duration;

use adapters::slack::Pace;
use axum::{Router, http::StatusCode, response::Redirect, routing::any};
use chrono::{TimeDelta, Utc};
use local::world::faults::Fault;
use serde_json::json;
use shared::{
    domain::{ids::UserGroupId, request::CardRef},
    ports::{Chat, ChatError},
};

use crate::office::{
    CHANNEL, Office, SCOPES, TOKEN, bot_at, card, channel, id, minutes_ago, nobody, plain, post, serve, user,
    whisper_to,
};

fn refusal(error: &ChatError) -> &str {
    match error {
        ChatError::Refused { code, .. } => code,
        ChatError::RateLimited(_) | ChatError::Transient(_) | ChatError::Ambiguous(_) | ChatError::MessageGone(_) => {
            panic!("not refused: {error:?}")
        }
    }
}

#[tokio::test]
async fn a_card_is_posted_updated_and_still_found() {
    let office = Office::open().await;
    let (bot, first) = (office.bot(), id("59dbff89-35bd-4eac-99ed-be587EXAMPLE"));
    assert!(bot.has_addresses());
    let posted = post(&bot, &first, "Approval needed: 1 rule").await;
    post(&bot, &id("another"), "Approval needed: another").await;

    bot.update(&posted, &card(&first, "Approved: 1 rule")).await.expect("updated");

    assert_eq!(office.texts(), ["Approved: 1 rule", "Approval needed: another"]);
    let message = office.slack().message(CHANNEL, &posted.ts).cloned().expect("the card");
    assert_eq!(message.blocks.len(), 2);
    assert_eq!((message.unfurl_links, message.unfurl_media), (Some(false), Some(false)));
    assert_eq!(message.edited, None);
    let marked = json!({"event_type": "portcullis_request", "event_payload": {"requestid": first}});
    assert_eq!(message.metadata, Some(marked));
    assert_eq!(bot.find(&first, minutes_ago(5)).await, Ok(vec![posted]));
}

#[tokio::test]
async fn a_post_whose_answer_is_lost_is_found_and_one_that_never_came_is_not() {
    let office = Office::open().await;
    let (bot, request) = (office.bot(), id("59dbff89-35bd-4eac-99ed-be587EXAMPLE"));
    for (fault, there) in [(Fault::DropBefore, 0), (Fault::DropAfter, 1)] {
        office.world.faults.set("slack", "chat.postMessage", fault, Some(1));
        let lost = bot.post(&request, &card(&request, "Approval needed")).await;
        assert!(matches!(lost, Err(ChatError::Ambiguous(_))), "{fault:?}: {lost:?}");
        let found = bot.find(&request, minutes_ago(5)).await.expect("the history");
        assert_eq!(found.len(), there, "{fault:?}");
    }
}

#[tokio::test]
async fn a_late_answer_is_given_up_before_slack_gives_up_on_us() {
    let office = Office::open().await;
    let (hurried, request) = (office.bot().at_pace(Pace::BeforeAnswer), id("late"));
    office.world.faults.set("slack", "chat.postMessage", Fault::Slow(Duration::from_secs(60)), Some(1));

    let late = hurried.post(&request, &card(&request, "Approval needed")).await;

    assert_eq!(late, Err(ChatError::Ambiguous("no answer within 1.5s".to_owned())));
    assert_eq!(hurried.find(&request, minutes_ago(5)).await.expect("the history").len(), 1);
}

#[tokio::test]
async fn a_card_is_found_on_a_later_page_and_not_before_since() {
    let office = Office::open().await;
    let (bot, request) = (office.bot(), id("paged"));
    let posted = post(&bot, &request, "Approval needed").await;
    for talk in 0..450 {
        office.slack().say(Utc::now(), CHANNEL, "U0ALICE", &format!("talk {talk}"));
    }
    assert_eq!(bot.find(&request, minutes_ago(5)).await, Ok(vec![posted]));
    assert_eq!(bot.find(&request, Utc::now() + TimeDelta::minutes(5)).await, Ok(Vec::new()));
}

#[tokio::test]
async fn a_list_of_rules_in_the_thread_is_no_card() {
    let office = Office::open().await;
    let (bot, request) = (office.bot(), id("threaded"));
    let posted = post(&bot, &request, "Approval needed: 500 rules").await;

    bot.post_in_thread(&posted, &plain("rules 1 to 100")).await.expect("posted in the thread");

    assert_eq!(office.texts(), ["Approval needed: 500 rules"]);
    let replies: Vec<String> =
        office.slack().thread(CHANNEL, &posted.ts).iter().map(|message| message.text.clone()).collect();
    assert_eq!(replies, ["rules 1 to 100"]);
    assert_eq!(bot.find(&request, minutes_ago(5)).await, Ok(vec![posted]));
}

#[tokio::test]
async fn new_messages_are_limited_and_updates_are_not() {
    let office = Office::open().await;
    office.slack().enforce_rate_limit(Some(1));
    let (bot, request) = (office.bot(), id("fast"));
    let posted = post(&bot, &request, "one").await;

    let too_fast = bot.post(&request, &card(&request, "two")).await;

    assert_eq!(too_fast, Err(ChatError::RateLimited(Duration::from_secs(1))));
    assert_eq!(bot.update(&posted, &card(&request, "one, updated")).await, Ok(()));
    assert_eq!(office.texts(), ["one, updated"]);
}

#[tokio::test]
async fn a_fault_of_slacks_is_told_by_what_is_known_of_the_post() {
    let office = Office::open().await;
    let (bot, request) = (office.bot(), id("faulty"));
    let card = card(&request, "Approval needed");
    let faults = &office.world.faults;
    faults.set("slack", "chat.postMessage", Fault::ServerError, Some(1));
    assert_eq!(bot.post(&request, &card).await, Err(ChatError::Ambiguous("HTTP 500".to_owned())));
    faults.set("slack", "chat.postMessage", Fault::Throttle, Some(1));
    assert_eq!(bot.post(&request, &card).await, Err(ChatError::RateLimited(Duration::from_secs(1))));
    faults.set("slack", "chat.postMessage", Fault::Denied, Some(1));
    assert_eq!(refusal(&bot.post(&request, &card).await.expect_err("no scope")), "missing_scope");
    assert!(office.texts().is_empty());
}

#[tokio::test]
async fn where_nobody_listens_nothing_was_sent() {
    let (_socket, origin) = nobody();
    let unsent = bot_at(&origin).post(&id("unsent"), &plain("hello")).await;
    assert_eq!(unsent, Err(ChatError::Transient("no connection (connection refused)".to_owned())));
}

#[tokio::test]
async fn a_server_that_is_not_slack_is_refused_and_a_redirect_is_not_followed() {
    let elsewhere = Office::open().await;
    let target = format!("{}/api/chat.postMessage", elsewhere.origin);
    let redirects = Router::new().route(
        "/api/{method}",
        any(move || {
            let target = target.clone();
            async move { Redirect::temporary(&target) }
        }),
    );
    let posted = bot_at(&serve(redirects).await).post(&id("redirected"), &plain("hello")).await;
    assert_eq!(refusal(&posted.expect_err("a redirect")), "HTTP 307");
    assert!(elsewhere.texts().is_empty());

    let missing = Router::new().fallback(|| async { StatusCode::NOT_FOUND });
    let posted = bot_at(&serve(missing).await).post(&id("missing"), &plain("hello")).await;
    assert_eq!(refusal(&posted.expect_err("no API")), "HTTP 404");

    let page = Router::new().fallback(|| async { "<html>Sign in to the guest network</html>" });
    let posted = bot_at(&serve(page).await).post(&id("page"), &plain("hello")).await;
    assert!(matches!(posted, Err(ChatError::Ambiguous(_))), "{posted:?}");
}

#[tokio::test]
async fn what_the_configuration_gets_wrong_is_refused_by_slacks_own_name() {
    let request = id("refused");
    let post = async |office: &Office| {
        let refused = office.bot().post(&request, &card(&request, "Approval needed")).await;
        refusal(&refused.expect_err("refused")).to_owned()
    };
    let office = Office::open().await;
    office.slack().kick(CHANNEL, "U0PORTCULLIS");
    assert_eq!(post(&office).await, "not_in_channel");

    let office = Office::open().await;
    office.slack().archive(CHANNEL);
    assert_eq!(post(&office).await, "is_archived");

    office.slack().revoke_token(TOKEN);
    assert_eq!(post(&office).await, "token_revoked");
}

#[tokio::test]
async fn a_message_beyond_slacks_limits_is_refused_whole() {
    let office = Office::open().await;
    let (bot, request) = (office.bot(), id("large"));
    let mut large = card(&request, "Approval needed");
    large.blocks = vec![json!({"type": "divider"}); 51];
    assert_eq!(refusal(&bot.post(&request, &large).await.expect_err("51 blocks")), "invalid_blocks");
    let long = plain(&"x".repeat(40_001));
    assert_eq!(refusal(&bot.post(&request, &long).await.expect_err("a long text")), "msg_too_long");
    assert!(office.texts().is_empty());
}

#[tokio::test]
async fn a_card_that_is_gone_is_told_from_a_channel_that_is_closed_to_us() {
    let office = Office::open().await;
    let (bot, request) = (office.bot(), id("gone"));
    let update = card(&request, "Approved");
    let nowhere = CardRef { channel: channel(CHANNEL), ts: "1531420618.000200".to_owned() };
    let gone = |code: &str| Err(ChatError::MessageGone(code.to_owned()));
    assert_eq!(bot.update(&nowhere, &update).await, gone("message_not_found"));
    assert_eq!(bot.post_in_thread(&nowhere, &update).await, gone("thread_not_found"));

    let other_channel = CardRef { channel: channel("C0FORMER"), ..nowhere };
    assert_eq!(bot.update(&other_channel, &update).await, gone("channel_not_found"));

    let posted = post(&bot, &request, "Approval needed").await;
    office.slack().archive(CHANNEL);
    assert_eq!(refusal(&bot.update(&posted, &update).await.expect_err("archived")), "is_archived");
}

#[tokio::test]
async fn a_whisper_reaches_one_person_and_makes_no_links() {
    let office = Office::open().await;
    let bot = office.bot();
    bot.whisper(&whisper_to("U0ALICE", "You opened it: @everyone else may approve")).await.expect("whispered");

    let slack = office.slack();
    let whispers = slack.whispers("U0ALICE");
    assert_eq!(whispers.len(), 1);
    assert_eq!(whispers[0].text, "You opened it: @everyone else may approve");
    assert_eq!(whispers[0].blocks[0]["text"]["verbatim"], true);
    assert!(slack.messages(CHANNEL).is_empty());
}

#[tokio::test]
async fn who_left_the_channel_after_the_click_is_told_by_its_response_url() {
    let office = Office::open().await;
    let bot = office.bot();
    post(&bot, &id("left"), "Approval needed").await;
    let reply = office.deny().reply;
    office.slack().kick(CHANNEL, "U0ALICE");

    let mut whisper = whisper_to("U0ALICE", "You may not decide this");
    let unheard = bot.whisper(&whisper).await.expect_err("not in the channel");
    assert_eq!(refusal(&unheard), "user_not_in_channel");
    whisper.reply = reply;
    bot.whisper(&whisper).await.expect("whispered");

    assert_eq!(office.slack().whispers("U0ALICE").len(), 1);
}

#[tokio::test]
async fn a_person_is_found_by_mail_address_unless_deactivated() {
    let office = Office::open().await;
    let bot = office.bot();
    assert_eq!(bot.person("alice+aws@example.com").await, Ok(Some(user("U0ALICE"))));
    assert_eq!(bot.person("alice aws@example.com").await, Ok(None));
    assert_eq!(bot.person("nobody@example.com").await, Ok(None));
    office.slack().deactivate("U0ALICE");
    assert_eq!(bot.person("alice+aws@example.com").await, Ok(None));
    office.world.faults.set("slack", "users.lookupByEmail", Fault::ServerError, Some(1));
    assert!(bot.person("bob@example.com").await.is_err());
}

#[tokio::test]
async fn a_bot_and_a_deactivated_account_are_no_persons() {
    for what in ["is_bot", "deleted"] {
        let found = json!({"ok": true, "user": {"id": "U0ALICE", what: true}}).to_string();
        let origin = serve(Router::new().fallback(move || async move { found })).await;
        assert_eq!(bot_at(&origin).person("alice@example.com").await, Ok(None), "{what}");
    }
}

#[tokio::test]
async fn the_members_of_a_user_group_are_read_or_refused() {
    let office = Office::open().await;
    let bot = office.bot();
    let group = |text: &str| UserGroupId::parse(text).expect("a user group");
    office.slack().set_user_group("S0NETWORK", &["U0ALICE", "U0BOB"]);
    assert_eq!(bot.members(&group("S0NETWORK")).await, Ok(vec![user("U0ALICE"), user("U0BOB")]));
    assert_eq!(refusal(&bot.members(&group("S0NONE")).await.expect_err("no group")), "no_such_subteam");
    office.slack().add_bot_token(TOKEN, &SCOPES[..1]);
    assert_eq!(refusal(&bot.members(&group("S0NETWORK")).await.expect_err("no scope")), "missing_scope");
}
