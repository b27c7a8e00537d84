//! Slack is down, slow or odd: nothing is lost, and nothing is said twice.

use chrono::{DateTime, TimeDelta, Utc};
use local::{
    system::seed::{CHANNEL, Opener},
    world::faults::Fault,
};
use tests::{BOB, Story, ssh};

/// Longer than any back-off.
fn long() -> TimeDelta {
    TimeDelta::minutes(10)
}

#[tokio::test]
async fn a_card_comes_once_slack_is_up_again() {
    for fault in [Fault::ServerError, Fault::DropBefore, Fault::Throttle, Fault::Denied] {
        let story = Story::begin().await;
        story.fault("slack", "chat.postMessage", fault, None);
        story.open(Opener::Alice, &story.group("web"), ssh());
        let begun = Utc::now();
        story.poll().await;
        assert!(story.cards().is_empty(), "{fault:?}");
        assert!(story.item().await.is_due(), "{fault:?}");
        let again: DateTime<Utc> = story.item().await.request()["card_tries"]["not_before"]
            .as_str()
            .and_then(|time| time.parse().ok())
            .expect("a time");
        assert!(again > begun + TimeDelta::milliseconds(500), "{fault:?}: it backs off, until {again}");

        story.no_faults();
        story.sweep().await;
        // A machine that took longer over this sweep than the back-off lasts tells nothing.
        if Utc::now() < again {
            assert!(story.cards().is_empty(), "{fault:?}: it is not tried before {again}");
        }
        story.time_passes(long()).await;
        story.sweep().await;
        assert!(story.card().header.starts_with("Approval needed"), "{fault:?}");
        assert!(!story.item().await.is_due(), "{fault:?}");
    }
}

#[tokio::test]
async fn a_card_whose_answer_was_lost_is_found_and_not_posted_again() {
    let story = Story::begin().await;
    let web = story.group("web");
    let before = story.rules(&web);
    story.fault("slack", "chat.postMessage", Fault::DropAfter, Some(1));
    story.open(Opener::Alice, &web, ssh());
    story.poll().await;
    let ts = story.card().ts;
    assert_eq!(story.item().await.state(), "NeedsPost");
    let lost: Vec<_> =
        story.system.world.faults.hits_about().into_keys().map(|(hit, request)| (hit.fault, request)).collect();
    assert_eq!(
        lost,
        [("dropped after", story.card().request.expect("a request"))],
        "the stand-in knows whose post it was"
    );

    story.time_passes(long()).await;
    story.sweep().await;
    assert_eq!(story.card().ts, ts);
    assert_eq!(story.item().await.state(), "Pending");
    story.click(BOB, "deny").await;
    story.system.idle().await;
    assert_eq!(story.rules(&web), before);
    assert!(story.card().header.starts_with("Reverted"));
}

#[tokio::test]
async fn a_click_on_a_card_whose_post_was_never_recorded_decides() {
    let story = Story::begin().await;
    let web = story.group("web");
    let before = story.rules(&web);
    story.fault("slack", "chat.postMessage", Fault::DropAfter, Some(1));
    story.open(Opener::Alice, &web, ssh());
    story.poll().await;
    story.click(BOB, "deny").await;
    story.system.idle().await;
    assert_eq!(story.rules(&web), before);
    assert!(story.card().header.starts_with("Reverted"), "{:#?}\n{}", story.card(), story.log());
    assert_eq!(story.item().await.state(), "Reverted");

    story.time_passes(long()).await;
    story.sweep().await;
    assert_eq!(story.cards().len(), 1);
    assert!(!story.item().await.is_due());
}

#[tokio::test]
async fn the_bot_is_not_in_the_channel_and_is_invited_later() {
    let story = Story::begin().await;
    let bot = story.system.world.slack.lock().expect("Slack").bot_user_id.clone();
    story.system.world.slack.lock().expect("Slack").kick(CHANNEL, &bot);
    story.open(Opener::Alice, &story.group("web"), ssh());
    story.poll().await;
    assert!(story.item().await.is_due());
    story.until_logged("slack_refused").await;

    story.system.world.slack.lock().expect("Slack").join(CHANNEL, &bot);
    story.time_passes(long()).await;
    story.sweep().await;
    assert!(story.card().header.starts_with("Approval needed"));
}

#[tokio::test]
async fn a_deny_is_carried_out_while_its_card_cannot_be_updated() {
    let (story, web, before) = Story::with_a_card().await;
    story.fault("slack", "chat.update", Fault::ServerError, None);
    story.click(BOB, "deny").await;
    story.system.idle().await;
    assert_eq!(story.rules(&web), before);
    assert_eq!(story.item().await.state(), "Reverted");
    assert!(story.card().header.starts_with("Approval needed"));

    story.no_faults();
    story.time_passes(long()).await;
    story.sweep().await;
    assert!(story.card().header.starts_with("Reverted"));
    let item = story.item().await;
    assert!(!item.is_due(), "{:#}\n{}", item.0, story.log());
}

#[tokio::test]
async fn a_card_that_somebody_deleted_is_replaced_when_there_is_news() {
    let story = Story::begin().await;
    story.open(Opener::Alice, &story.group("web"), ssh());
    story.poll().await;
    let late = story.press(BOB, "approve");
    story.delete_card();
    assert_eq!(story.deliver_click(&late).await, 200);
    story.system.idle().await;
    assert!(story.card().header.starts_with("Approved"), "{}", story.log());
    assert!(!story.item().await.is_due());
}

#[tokio::test]
async fn many_cards_keep_slacks_pace() {
    let story = Story::begin().await;
    // One a second, and a second early at most: a post may be on its way for longer than the next one, on a busy machine.
    // A pace that is a quarter too fast is refused with the fifth card, and none at all with the third.
    story.system.world.slack.lock().expect("Slack").enforce_rate_limit(Some(2));
    let web = story.group("web");
    for port in [22, 1433, 3306, 3389, 5432] {
        let permission = local::world::ec2::Permission::new("tcp", port, port).from_ipv4("0.0.0.0/0", None);
        story.open(Opener::Alice, &web, permission);
    }
    story.poll().await;
    assert_eq!(story.cards().len(), 5, "{}", story.log());
    assert_eq!(story.ends(1).await[0]["failed"], 0);
}
