//! An opening that somebody takes back by hand before a decision needs none.

use local::{
    system::seed::Opener,
    world::{
        ec2::{Permission, Permissions, Removal},
        trail::Style,
    },
};
use tests::{BOB, Story, flat_ssh, ssh};

fn withdrawn(story: &Story) {
    let card = story.card();
    assert!(card.header.starts_with("Withdrawn"), "{card:#?}\n{}", story.log());
    assert!(!card.buttons.iter().any(|button| button == "deny"), "{card:#?}");
}

#[tokio::test]
async fn a_revoke_by_hand_withdraws_the_card() {
    let story = Story::begin().await;
    let web = story.group("web");
    story.open(Opener::Alice, &web, ssh());
    story.poll().await;
    let late = story.press(BOB, "deny");
    story.revoke(Opener::Alice, &web, Permissions::Array(vec![ssh()]));
    story.poll().await;
    withdrawn(&story);
    let item = story.item().await;
    assert!(item.state() == "Withdrawn" && !item.is_due() && !item.is_open(), "{:#}", item.0);

    assert_eq!(story.deliver_click(&late).await, 200);
    story.system.idle().await;
    assert!(story.whispers(BOB)[0].contains("Too late"), "{:?}", story.whispers(BOB));
}

#[tokio::test]
async fn it_withdraws_in_the_flat_form_and_by_rule_ids_too() {
    let story = Story::begin().await;
    let web = story.group("web");
    let opened = story.open(Opener::Alice, &web, ssh());
    let ids = opened.rules.iter().map(|rule| rule.id.clone()).collect();
    story.poll().await;
    story.remove(Opener::Alice, &web, Removal::RuleIds(ids));
    story.poll().await;
    withdrawn(&story);

    let story = Story::begin().await;
    let bastion = story.group("bastion");
    story.open(Opener::Alice, &bastion, ssh());
    story.poll().await;
    story.remove(Opener::Alice, &bastion, Removal::Permissions(flat_ssh()));
    story.poll().await;
    withdrawn(&story);
}

#[tokio::test]
async fn it_withdraws_in_whichever_order_the_two_are_read() {
    let story = Story::begin().await;
    let web = story.group("web");
    story.open(Opener::Alice, &web, ssh());
    story.revoke(Opener::Alice, &web, Permissions::Array(vec![ssh()]));
    let records = story.records();
    story.push(&records[1]).await;
    assert!(story.cards().is_empty());
    story.push(&records[0]).await;
    withdrawn(&story);
    assert_eq!(story.item().await.state(), "Withdrawn");
}

#[tokio::test]
async fn both_in_one_window_are_one_card_that_says_withdrawn() {
    let story = Story::begin().await;
    let web = story.group("web");
    story.open(Opener::Alice, &web, ssh());
    story.revoke(Opener::Alice, &web, Permissions::Array(vec![ssh()]));
    story.poll().await;
    withdrawn(&story);
}

#[tokio::test]
async fn within_one_second_and_without_ids_ec2_is_asked() {
    for reversed in [false, true] {
        let story = Story::begin().await;
        let web = story.group("web");
        story
            .system
            .world
            .trail
            .lock()
            .expect("the trail")
            .set_style(Style { without_rule_set: true, ..Style::default() });
        story.open(Opener::Alice, &web, ssh());
        story.revoke(Opener::Alice, &web, Permissions::Array(vec![ssh()]));
        let mut records = story.records();
        records[1]["eventTime"] = records[0]["eventTime"].clone();
        if reversed {
            records.reverse();
        }
        for record in &records {
            story.push(record).await;
        }
        withdrawn(&story);
    }
}

#[tokio::test]
async fn within_one_second_what_was_opened_again_is_not_taken_for_gone() {
    let story = Story::begin().await;
    let web = story.group("web");
    story.system.world.trail.lock().expect("the trail").set_style(Style { without_rule_set: true, ..Style::default() });
    story.open(Opener::Alice, &web, ssh());
    story.revoke(Opener::Alice, &web, Permissions::Array(vec![ssh()]));
    story.open(Opener::Bob, &web, ssh());
    let mut records = story.records();
    for place in [1, 2] {
        records[place]["eventTime"] = records[0]["eventTime"].clone();
    }
    for record in &records {
        story.push(record).await;
    }
    let cards = story.cards();
    assert_eq!(cards.len(), 2, "{cards:#?}");
    assert!(cards[1].header.starts_with("Approval needed"), "{cards:#?}");
}

#[tokio::test]
async fn a_part_that_was_removed_leaves_the_rest_to_be_decided() {
    let story = Story::begin().await;
    let web = story.group("web");
    let before = story.rules(&web);
    let rdp = Permission::new("tcp", 3389, 3389).from_ipv4("0.0.0.0/0", None);
    story.open_all(Opener::Alice, &web, vec![ssh(), rdp]);
    story.poll().await;
    story.revoke(Opener::Alice, &web, Permissions::Array(vec![ssh()]));
    story.poll().await;
    let card = story.card();
    assert!(
        card.header.starts_with("Approval needed") && card.text.contains("1 rule was removed by hand"),
        "{card:#?}"
    );

    story.click(BOB, "deny").await;
    story.system.idle().await;
    assert_eq!(story.rules(&web), before);
    assert!(story.card().header.starts_with("Reverted"), "{:#?}", story.card());
}

#[tokio::test]
async fn a_revoke_that_failed_withdraws_nothing() {
    let story = Story::begin().await;
    let web = story.group("web");
    story.open(Opener::Alice, &web, ssh());
    story.poll().await;
    let call = local::world::ec2::Operation::RevokeIngress {
        group: web.reference(),
        removal: Removal::Permissions(Permissions::Array(vec![ssh()])),
    };
    let caller = Opener::Alice.caller(&web.account, &web.region);
    let denied = local::world::ec2::Ec2Error::UnauthorizedOperation("ec2:RevokeSecurityGroupIngress".to_owned());
    story.system.world.ec2_refuse(&caller, &call.into(), denied, chrono::Utc::now());
    story.poll().await;
    assert!(story.card().header.starts_with("Approval needed"));
}
