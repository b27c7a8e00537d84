//! Functions that die, and functions that run side by side: a card once, a decision once, nothing lost.

use std::time::Duration;

use chrono::TimeDelta;
use local::{
    system::seed::Opener,
    world::{ec2::Permission, faults::Fault},
};
use serde_json::json;
use tests::{BOB, CAROL, MALLORY, Story, ssh};

fn minute() -> TimeDelta {
    TimeDelta::seconds(330)
}

#[tokio::test]
async fn the_poller_dies_while_it_posts_and_the_card_is_found() {
    let story = Story::begin().await;
    story.fault("slack", "chat.postMessage", Fault::Slow(Duration::from_secs(60)), None);
    story.open(Opener::Alice, &story.group("web"), ssh());
    let poller = story.system.poller.clone();
    let tick = tokio::spawn(async move { poller.invoke(json!({"tick": "poll"})).await });
    story.until_cards(1).await;
    story.kill().await;
    assert!(tick.await.expect("a task").is_err());
    story.no_faults();
    let ts = story.card().ts;
    assert_eq!(story.item().await.state(), "Posting");

    story.sweep().await;
    assert_eq!(story.item().await.state(), "Posting", "the dead one's lease holds");
    story.time_passes(minute()).await;
    story.sweep().await;
    assert_eq!(story.card().ts, ts);
    assert_eq!(story.item().await.state(), "Pending");
}

#[tokio::test]
async fn the_poller_dies_while_it_describes_and_the_next_one_posts() {
    let story = Story::begin().await;
    story.fault("dynamodb", "Query", Fault::Slow(Duration::from_secs(60)), None);
    story.open(Opener::Alice, &story.group("web"), ssh());
    let poller = story.system.poller.clone();
    let tick = tokio::spawn(async move { poller.invoke(json!({"tick": "poll"})).await });
    story.until_items(1).await;
    story.kill().await;
    assert!(tick.await.expect("a task").is_err());
    story.no_faults();
    story.sweep().await;
    assert!(story.card().header.starts_with("Approval needed"));
}

#[tokio::test]
async fn what_is_removed_while_the_card_is_being_posted_is_shown_afterwards() {
    for all in [false, true] {
        let story = Story::begin().await;
        let web = story.group("web");
        let rdp = Permission::new("tcp", 3389, 3389).from_ipv4("0.0.0.0/0", None);
        story.open_all(Opener::Alice, &web, vec![ssh(), rdp.clone()]);
        story.fault("slack", "chat.postMessage", Fault::Slow(Duration::from_secs(2)), None);
        let poller = story.system.poller.clone();
        let tick = tokio::spawn(async move { poller.invoke(json!({"tick": "poll"})).await });
        story.until_cards(1).await;
        let removed = if all { vec![ssh(), rdp] } else { vec![ssh()] };
        story.revoke(Opener::Alice, &web, local::world::ec2::Permissions::Array(removed));
        story.push(&story.records()[1]).await;
        assert!(tick.await.expect("a task").is_ok());
        story.system.idle().await;
        story.no_faults();
        story.sweep().await;
        let card = story.card();
        let shown = if all { "Withdrawn" } else { "1 rule was removed by hand" };
        assert!(card.text.contains(shown), "{card:#?}");
        assert!(!story.item().await.is_due());
    }
}

#[tokio::test]
async fn ticks_and_pushes_that_overlap_make_one_card() {
    let story = Story::begin().await;
    story.open(Opener::Alice, &story.group("web"), ssh());
    let event = local::system::event_bridge::event(&story.records()[0]).expect("an event");
    story.fault("slack", "chat.postMessage", Fault::Slow(Duration::from_millis(500)), None);
    let poll = json!({"tick": "poll"});
    let sweep = json!({"tick": "sweep"});
    let poller = &story.system.poller;
    let answers = tokio::join!(
        poller.invoke(poll.clone()),
        poller.invoke(poll),
        poller.invoke(event.clone()),
        poller.invoke(event),
        poller.invoke(sweep)
    );
    assert!(answers.0.is_ok() && answers.1.is_ok() && answers.2.is_ok() && answers.3.is_ok() && answers.4.is_ok());
    story.system.idle().await;
    assert!(story.card().header.starts_with("Approval needed"));
    assert_eq!(story.item().await.state(), "Pending");
}

#[tokio::test]
async fn two_clicks_at_once_are_one_decision() {
    let (story, web, before) = Story::with_a_card().await;
    let opened = story.rules(&web);
    let (approve, deny) = (story.press(BOB, "approve"), story.press(CAROL, "deny"));
    let statuses = tokio::join!(story.deliver_click(&approve), story.deliver_click(&deny));
    assert_eq!(statuses, (200, 200));
    story.system.idle().await;
    let (state, told) =
        (story.item().await.state().to_owned(), story.whispers(BOB).len() + story.whispers(CAROL).len());
    assert_eq!(told, 1, "the loser is told");
    match state.as_str() {
        "Approved" => assert_eq!(story.rules(&web), opened),
        "Reverted" => assert_eq!(story.rules(&web), before),
        other => panic!("{other}"),
    }
    let item = story.item().await;
    assert!(!item.is_due(), "{:#}", item.0);
}

#[tokio::test]
async fn a_sweep_beside_the_responder_reverts_nothing_twice() {
    let (story, web, before) = Story::with_a_card().await;
    story.fault("ec2", "*", Fault::Slow(Duration::from_millis(300)), None);
    let deny = story.press(BOB, "deny");
    let (status, ..) = tokio::join!(story.deliver_click(&deny), story.sweep(), story.sweep());
    assert_eq!(status, 200);
    story.sweep().await;
    story.system.idle().await;
    assert_eq!(story.rules(&web), before);
    assert_eq!(story.item().await.state(), "Reverted");
    assert!(story.card().header.starts_with("Reverted"), "{:#?}", story.card());
    let revokes = story.records().iter().filter(|record| record["eventName"] == "RevokeSecurityGroupIngress").count();
    assert_eq!(revokes, 1);
}

#[tokio::test]
async fn the_table_goes_away_right_after_the_decision() {
    let (story, web, before) = Story::with_a_card().await;
    story.fault("ec2", "DescribeSecurityGroupRules", Fault::Slow(Duration::from_millis(500)), None);
    story.click(BOB, "deny").await;
    story.until_state("Reverting").await;
    story.fault("dynamodb", "*", Fault::ServerError, None);
    story.system.idle().await;
    story.no_faults();
    assert!(story.item().await.is_due());

    story.time_passes(minute()).await;
    story.sweep().await;
    assert_eq!(story.rules(&web), before);
    assert!(story.card().header.starts_with("Reverted"), "{:#?}", story.card());
    assert!(!story.item().await.is_due());
}

#[tokio::test]
async fn a_revert_does_not_wait_behind_cards() {
    let story = Story::begin().await;
    let (web, bastion) = (story.group("web"), story.group("bastion"));
    let before = story.rules(&web);
    story.open(Opener::Alice, &web, ssh());
    story.poll().await;
    // The responder can't reach EC2 now; later the poller can, and has many cards to post besides.
    story.fault("ec2", "*", Fault::Throttle, None);
    story.click(BOB, "deny").await;
    story.system.idle().await;
    story.no_faults();
    for port in 1..=8 {
        story.open(Opener::Pipeline, &bastion, Permission::new("tcp", port, port).from_ipv4("192.0.2.1/32", None));
    }
    story.time_passes(TimeDelta::minutes(10)).await;
    let poller = story.system.poller.clone();
    let tick = tokio::spawn(async move { poller.invoke(json!({"tick": "poll"})).await });
    story.until_rules(&web, &before).await;
    assert!(story.cards().len() < 9, "not all the cards were posted before");
    assert!(tick.await.expect("a task").is_ok());
    assert_eq!(story.cards().len(), 9);
}

#[tokio::test]
async fn the_widest_opening_has_its_card_first() {
    let story = Story::begin().await;
    let web = story.group("web");
    story.open(Opener::Pipeline, &web, Permission::new("tcp", 81, 81).from_ipv4("192.0.2.1/32", None));
    story.open(Opener::Pipeline, &web, Permission::new("tcp", 82, 82).from_ipv4("192.0.2.0/24", None));
    story.open(Opener::Pipeline, &web, Permission::new("tcp", 83, 83).from_ipv4("0.0.0.0/0", None));
    story.poll().await;
    let texts: Vec<String> = story.cards().into_iter().map(|card| card.text).collect();
    let order: Vec<bool> =
        ["tcp 83", "tcp 82", "tcp 81"].iter().zip(&texts).map(|(port, text)| text.contains(port)).collect();
    assert_eq!(order, [true, true, true], "{texts:#?}");
}

#[tokio::test]
async fn while_the_list_is_not_in_the_thread_nobody_denies() {
    let story = Story::begin().await;
    let web = story.group("web");
    let before = story.rules(&web);
    let many =
        (0..30).fold(Permission::new("tcp", 22, 22), |all, at| all.from_ipv4(&format!("198.18.0.{at}/32"), None));
    story.open(Opener::Alice, &web, many);
    // The second call of the method is the thread's: it is switched off while the first one waits for its answer.
    story.fault("slack", "chat.postMessage", Fault::Slow(Duration::from_secs(3)), Some(1));
    let poller = story.system.poller.clone();
    let tick = tokio::spawn(async move { poller.invoke(json!({"tick": "poll"})).await });
    story.until_cards(1).await;
    story.fault("slack", "chat.postMessage", Fault::ServerError, None);
    assert!(tick.await.expect("a task").is_ok());
    assert!(story.item().await.is_due(), "the list is still to come");
    story.click(BOB, "deny").await;
    story.system.idle().await;
    assert!(story.whispers(BOB)[0].contains("still on its way"), "{:?}", story.whispers(BOB));
    assert_ne!(story.rules(&web), before);

    story.no_faults();
    story.time_passes(TimeDelta::minutes(10)).await;
    story.sweep().await;
    assert_eq!(story.thread().join("\n").matches("198.18.0.").count(), 30);
    story.click(BOB, "deny").await;
    story.system.idle().await;
    assert_eq!(story.rules(&web), before);
    assert!(story.card().header.starts_with("Reverted"), "{:#?}", story.card());
}

#[tokio::test]
async fn a_stranger_cannot_retry_and_a_retry_works_once() {
    let (story, web, before) = Story::with_a_card().await;
    story.fault("ec2", "*", Fault::Denied, None);
    story.click(BOB, "deny").await;
    story.system.idle().await;
    assert!(story.card().header.starts_with("Revert failed"), "{:#?}\n{}", story.card(), story.log());
    story.no_faults();
    story.click(MALLORY, "retry").await;
    story.system.idle().await;
    assert_ne!(story.rules(&web), before);
    let late = story.press(CAROL, "retry");
    story.click(BOB, "retry").await;
    story.system.idle().await;
    assert_eq!(story.rules(&web), before);
    assert_eq!(story.deliver_click(&late).await, 200);
    story.system.idle().await;
    assert!(story.whispers(CAROL)[0].contains("Nothing to retry"), "{:?}", story.whispers(CAROL));
    assert_eq!(story.item().await.state(), "Reverted");
}

#[tokio::test]
async fn of_two_rules_the_edited_one_is_left_and_the_other_is_removed() {
    let story = Story::begin().await;
    let web = story.group("web");
    let before = story.rules(&web);
    let rdp = Permission::new("tcp", 3389, 3389).from_ipv4("0.0.0.0/0", None);
    let opened = story.open_all(Opener::Alice, &web, vec![ssh(), rdp]);
    story.poll().await;
    let rule = opened.rules.iter().find(|rule| rule.key.from_port == 22).expect("the rule");
    story.modify(
        Opener::Alice,
        &web,
        local::world::ec2::RuleChange {
            rule_id: rule.id.clone(),
            protocol: Some("tcp".to_owned()),
            from_port: Some(22),
            to_port: Some(22),
            cidr_ipv4: Some("198.51.100.7/32".to_owned()),
            ..Default::default()
        },
    );
    story.click(BOB, "deny").await;
    story.system.idle().await;
    let mut expected = before;
    expected.push("tcp 22-22 198.51.100.7/32".to_owned());
    expected.sort();
    assert_eq!(story.rules(&web), expected);
    assert!(story.card().header.starts_with("Changed by hand"), "{:#?}", story.card());
}
