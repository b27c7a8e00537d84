//! Ways to run it: watching only, without the Lake, by webhook, with a user group that decides, with secrets elsewhere.

use chrono::TimeDelta;
use local::{
    system::{
        config::{Delivery, SecretsIn},
        seed::{self, Opener},
    },
    world::faults::Fault,
};
use serde_json::json;
use tests::{BOB, CAROL, Story, ssh};

#[tokio::test]
async fn while_it_only_watches_a_deny_is_observed_and_never_reverted_later() {
    let story = Story::with(|options| options.config.revert = false).await;
    let web = story.group("web");
    story.open(Opener::Alice, &web, ssh());
    let opened = story.rules(&web);
    story.poll().await;
    story.click(BOB, "deny").await;
    story.system.idle().await;
    assert!(story.card().header.starts_with("Observed"), "{:#?}", story.card());
    let item = story.item().await;
    assert!(item.state() == "Observed" && !item.is_due(), "{:#}", item.0);

    story.reconfigure("revert = false", "revert = true").await;
    story.poll().await;
    story.sweep().await;
    assert_eq!(story.rules(&web), opened);
    assert_eq!(story.item().await.state(), "Observed");
}

#[tokio::test]
async fn a_deny_that_was_stored_before_the_switch_waits_for_the_switch_back() {
    let (story, web, before) = Story::with_a_card().await;
    story.fault("ec2", "*", Fault::Throttle, None);
    story.click(BOB, "deny").await;
    story.system.idle().await;
    story.no_faults();
    story.reconfigure("revert = true", "revert = false").await;
    story.time_passes(TimeDelta::minutes(10)).await;
    story.sweep().await;
    assert_ne!(story.rules(&web), before, "it only watches now");
    story.reconfigure("revert = false", "revert = true").await;
    story.sweep().await;
    assert_eq!(story.rules(&web), before);
}

#[tokio::test]
async fn without_the_lake_what_is_pushed_is_enough() {
    let story = Story::with(|options| options.config.lake = false).await;
    let web = story.group("web");
    let before = story.rules(&web);
    story.open(Opener::Alice, &web, ssh());
    story.poll().await;
    assert!(story.cards().is_empty());
    story.push(&story.records()[0]).await;
    story.click(BOB, "deny").await;
    story.system.idle().await;
    assert_eq!(story.rules(&web), before);
    assert!(story.system.world.lake.lock().expect("the Lake").statements().is_empty());
}

#[tokio::test]
async fn an_empty_event_means_both() {
    let story = Story::begin().await;
    story.open(Opener::Alice, &story.group("web"), ssh());
    story.system.tick(json!({})).await.expect("a tick");
    assert!(story.card().header.starts_with("Approval needed"));
}

async fn by_webhook() -> Story {
    Story::with(|options| {
        options.config.delivery = Delivery::Webhook;
        options.config.people = [("bob@example.com".to_owned(), BOB.to_owned())].into();
    })
    .await
}

#[tokio::test]
async fn by_webhook_the_clicked_card_shows_the_outcome() {
    let story = by_webhook().await;
    let web = story.group("web");
    let before = story.rules(&web);
    story.open(Opener::Alice, &web, ssh());
    story.poll().await;
    story.click(BOB, "deny").await;
    story.system.idle().await;
    assert_eq!(story.rules(&web), before);
    assert!(story.card().header.starts_with("Reverted"), "{:#?}\n{}", story.card(), story.log());
    assert!(!story.item().await.is_due());
}

#[tokio::test]
async fn by_webhook_people_alone_say_who_opened_it() {
    let story = by_webhook().await;
    story.open(Opener::Bob, &story.group("web"), ssh());
    story.poll().await;
    story.click(BOB, "approve").await;
    story.system.idle().await;
    assert!(story.whispers(BOB)[0].contains("You opened this"), "{:?}", story.whispers(BOB));
    assert_eq!(story.item().await.state(), "Pending");
    story.click(CAROL, "approve").await;
    story.system.idle().await;
    assert!(story.card().header.starts_with("Approved"));
}

#[tokio::test]
async fn by_webhook_what_the_click_can_no_longer_reach_is_a_new_message() {
    for used_up in [true, false] {
        let story = by_webhook().await;
        let web = story.group("web");
        let before = story.rules(&web);
        story.open(Opener::Alice, &web, ssh());
        story.poll().await;
        story.fault("ec2", "*", Fault::Throttle, None);
        story.click(BOB, "deny").await;
        story.system.idle().await;
        assert!(story.card().header.starts_with("Denied: reverting"), "{:#?}", story.card());

        story.no_faults();
        story
            .edit(|request| match used_up {
                true => request["reply"]["uses_left"] = json!(0),
                false => request["reply"]["until"] = json!("2026-01-01T00:00:00Z"),
            })
            .await;
        story.time_passes(TimeDelta::minutes(10)).await;
        story.sweep().await;
        assert_eq!(story.rules(&web), before);
        let cards = story.cards();
        assert_eq!(cards.len(), 2, "{cards:#?}");
        assert!(cards[1].header.starts_with("Reverted"), "{cards:#?}");
        assert!(!story.item().await.is_due());
    }
}

#[tokio::test]
async fn by_webhook_a_post_without_an_answer_is_repeated() {
    let story = by_webhook().await;
    story.open(Opener::Alice, &story.group("web"), ssh());
    story.fault("slack", "webhook", Fault::DropBefore, Some(1));
    story.poll().await;
    assert!(story.cards().is_empty());
    story.time_passes(TimeDelta::minutes(10)).await;
    story.sweep().await;
    assert!(story.card().header.starts_with("Approval needed"));
}

#[tokio::test]
async fn by_webhook_a_withdrawal_is_a_new_message() {
    let story = by_webhook().await;
    let web = story.group("web");
    story.open(Opener::Alice, &web, ssh());
    story.poll().await;
    story.revoke(Opener::Alice, &web, local::world::ec2::Permissions::Array(vec![ssh()]));
    story.poll().await;
    let cards = story.cards();
    assert_eq!(cards.len(), 2, "{cards:#?}");
    assert!(cards[1].header.starts_with("Withdrawn"), "{cards:#?}");
}

#[tokio::test]
async fn members_of_a_user_group_decide_and_are_remembered_for_a_while() {
    let story = Story::with(|options| {
        options.config.approvers = Vec::new();
        options.config.approver_groups = vec![seed::USER_GROUP.to_owned()];
    })
    .await;
    let web = story.group("web");
    story.open(Opener::Alice, &web, ssh());
    story.poll().await;
    story.click(BOB, "deny").await;
    story.system.idle().await;
    assert!(story.whispers(BOB)[0].contains("not among the people"), "{:?}", story.whispers(BOB));

    // The same process remembers the members; a new one has to ask, and fails closed.
    story.fault("slack", "usergroups.users.list", Fault::ServerError, None);
    story.kill().await;
    story.click(CAROL, "approve").await;
    story.system.idle().await;
    assert!(story.whispers(CAROL)[0].contains("try again"), "{:?}", story.whispers(CAROL));
    story.no_faults();
    story.click(BOB, "approve").await;
    story.system.idle().await;
    story.fault("slack", "usergroups.users.list", Fault::ServerError, None);
    story.click(CAROL, "approve").await;
    story.system.idle().await;
    assert_eq!(story.item().await.state(), "Approved", "{:?}", story.whispers(CAROL));
}

#[tokio::test]
async fn secrets_may_be_in_secrets_manager_or_among_parameters() {
    for secrets in [SecretsIn::SecretsManager, SecretsIn::Parameters] {
        let story = Story::with(|options| options.config.secrets = secrets).await;
        let web = story.group("web");
        let before = story.rules(&web);
        story.open(Opener::Alice, &web, ssh());
        story.poll().await;
        story.click(BOB, "deny").await;
        story.system.idle().await;
        assert_eq!(story.rules(&web), before, "{secrets:?}");
    }
}

#[tokio::test]
async fn with_an_external_id_the_roles_are_assumed_all_the_same() {
    let story = Story::with(|options| options.config.external_id = Some("portcullis".to_owned())).await;
    let web = story.group("web");
    let before = story.rules(&web);
    story.open(Opener::Alice, &web, ssh());
    story.poll().await;
    story.click(BOB, "deny").await;
    story.system.idle().await;
    assert_eq!(story.rules(&web), before);
}
