//! Cards by an incoming webhook, and what a click's `response_url` can do for them.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use local::world::faults::Fault;
use shared::{
    domain::{
        ids::UserGroupId,
        request::{CardRef, ReplyUrl},
    },
    ports::{Chat, ChatError, Posted},
};

use crate::office::{CHANNEL, Office, card, channel, clicked, id, minutes_ago, plain, whisper_to};

fn is_gone<T>(result: &Result<T, ChatError>) -> bool {
    matches!(result, Err(ChatError::MessageGone(_)))
}

fn is_refused<T>(result: &Result<T, ChatError>) -> bool {
    matches!(result, Err(ChatError::Refused { .. }))
}

#[tokio::test]
async fn a_webhook_posts_and_knows_no_more() {
    let office = Office::open().await;
    let (_, hook) = office.webhook();
    let request = id("59dbff89-35bd-4eac-99ed-be587EXAMPLE");

    let posted = hook.post(&request, &card(&request, "Approval needed: 1 rule")).await;

    assert_eq!(posted, Ok(Posted::Somewhere));
    assert_eq!(office.texts(), ["Approval needed: 1 rule"]);
    assert_eq!(office.slack().messages(CHANNEL)[0].blocks.len(), 2);
    assert!(!hook.has_addresses());
    let there = CardRef { channel: channel(CHANNEL), ts: office.last_ts() };
    assert!(is_gone(&hook.update(&there, &plain("Approved")).await));
    assert!(is_refused(&hook.post_in_thread(&there, &plain("rules")).await));
    assert_eq!(hook.find(&request, minutes_ago(5)).await, Ok(Vec::new()));
    assert_eq!(hook.person("bob@example.com").await, Ok(None));
    assert!(is_refused(&hook.members(&UserGroupId::parse("S0NETWORK").expect("a group")).await));
    assert!(is_refused(&hook.whisper(&whisper_to("U0ALICE", "hello")).await));
}

#[tokio::test]
async fn a_click_lets_its_card_be_changed_and_its_clicker_be_told() {
    let office = Office::open().await;
    let (_, hook) = office.webhook();
    let request = id("clicked");
    hook.post(&request, &card(&request, "Approval needed")).await.expect("posted");
    let reply = office.deny().reply.expect("a response_url");

    hook.update_clicked(&reply, &card(&request, "Denied: reverting")).await.expect("updated");
    let whisper = shared::ports::Whisper { reply: Some(reply), ..whisper_to("U0ALICE", "Bob was faster") };
    hook.whisper(&whisper).await.expect("whispered");

    assert_eq!(office.texts(), ["Denied: reverting"]);
    let slack = office.slack();
    let whispers = slack.whispers("U0ALICE");
    assert_eq!(whispers.len(), 1);
    assert_eq!(whispers[0].text, "Bob was faster");
    assert_eq!(whispers[0].blocks[0]["text"]["verbatim"], true);
}

#[tokio::test]
async fn a_response_url_is_good_for_five_uses() {
    let office = Office::open().await;
    let (_, hook) = office.webhook();
    let request = id("five");
    hook.post(&request, &card(&request, "Approval needed")).await.expect("posted");
    let reply = office.deny().reply.expect("a response_url");
    assert_eq!(reply.uses_left, 5);
    for use_no in 1..=5 {
        hook.update_clicked(&reply, &card(&request, &format!("update {use_no}"))).await.expect("updated");
    }

    let spent = hook.update_clicked(&reply, &card(&request, "update 6")).await;

    assert_eq!(spent, Err(ChatError::MessageGone("its response_url answers used_url".to_owned())));
    assert_eq!(office.texts(), ["update 5"]);
}

#[tokio::test]
async fn a_response_url_that_we_know_to_be_spent_is_not_asked() {
    let office = Office::open().await;
    let (_, hook) = office.webhook();
    let request = id("spent");
    hook.post(&request, &card(&request, "Approval needed")).await.expect("posted");
    let reply = office.deny().reply.expect("a response_url");
    let spent = hook.update_clicked(&ReplyUrl { uses_left: 0, ..reply }, &plain("Denied")).await;
    assert!(is_gone(&spent));
    assert_eq!(office.texts(), ["Approval needed"]);
}

#[tokio::test]
async fn a_response_url_lasts_for_thirty_minutes() {
    let office = Office::open().await;
    let (_, hook) = office.webhook();
    let request = id("thirty");
    hook.post(&request, &card(&request, "Approval needed")).await.expect("posted");
    let long_ago = minutes_ago(31);
    let old = clicked(office.click_at(long_ago, "deny")).reply.expect("a response_url");
    assert_eq!(old.until, long_ago + TimeDelta::minutes(30));

    let expired = hook.update_clicked(&old, &plain("Denied")).await;

    assert_eq!(expired, Err(ChatError::MessageGone("its response_url answers expired_url".to_owned())));
    let fresh = clicked(office.click_at(minutes_ago(29), "deny")).reply.expect("a response_url");
    assert_eq!(hook.update_clicked(&fresh, &plain("Denied")).await, Ok(()));
}

#[tokio::test]
async fn a_response_url_of_somebody_else_is_never_called() {
    let (office, elsewhere) = (Office::open().await, Office::open().await);
    let (_, theirs) = elsewhere.webhook();
    let request = id("foreign");
    theirs.post(&request, &card(&request, "Approval needed")).await.expect("posted");
    let reply = elsewhere.deny().reply.expect("a response_url");

    let (_, ours) = office.webhook();
    assert!(is_gone(&ours.update_clicked(&reply, &plain("Denied")).await));
    assert!(is_gone(&office.bot().update_clicked(&reply, &plain("Denied")).await));

    assert_eq!(elsewhere.texts(), ["Approval needed"]);
    assert_eq!(theirs.update_clicked(&reply, &plain("Denied")).await, Ok(()));
}

#[tokio::test]
async fn a_webhook_that_is_gone_is_refused_and_a_fault_of_slacks_is_told_by_what_is_known() {
    let office = Office::open().await;
    let (_, hook) = office.webhook();
    let request = id("faulty");
    let card = card(&request, "Approval needed");
    let faults = &office.world.faults;
    faults.set("slack", "webhook", Fault::Throttle, Some(1));
    assert_eq!(hook.post(&request, &card).await, Err(ChatError::RateLimited(Duration::from_secs(1))));
    for fault in [Fault::ServerError, Fault::DropBefore] {
        faults.set("slack", "webhook", fault, Some(1));
        let unclear = hook.post(&request, &card).await;
        assert!(matches!(unclear, Err(ChatError::Ambiguous(_))), "{fault:?}: {unclear:?}");
    }
    faults.set("slack", "webhook", Fault::Denied, Some(1));
    assert!(is_refused(&hook.post(&request, &card).await));
    assert!(office.texts().is_empty());

    office.slack().archive(CHANNEL);
    assert!(is_refused(&hook.post(&request, &card).await));
    // Another workspace at the same address does not know the webhook.
    *office.slack() = local::world::slack::Slack::default();
    let unknown = hook.post(&request, &card).await;
    assert!(matches!(&unknown, Err(ChatError::Refused { code, .. }) if code == "no_service"), "{unknown:?}");
}

#[tokio::test]
async fn the_click_of_a_card_by_bot_token_has_a_response_url_too() {
    let office = Office::open().await;
    let bot = office.bot();
    let request = id("both");
    bot.post(&request, &card(&request, "Approval needed")).await.expect("posted");
    let reply = clicked(office.click_at(Utc::now(), "approve")).reply.expect("a response_url");
    bot.update_clicked(&reply, &card(&request, "Approved")).await.expect("updated");
    assert_eq!(office.texts(), ["Approved"]);
    assert_eq!(bot.find(&request, minutes_ago(5)).await.expect("the history").len(), 1);
}
