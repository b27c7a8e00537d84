//! A stored Deny is carried out, whatever happens in between; and nothing is removed that the card did not show.

use std::time::Duration;

use chrono::TimeDelta;
use local::{
    system::seed::{self, Opener},
    world::{
        ec2::{Permissions, RuleChange, Staleness},
        faults::Fault,
        identity::Identity,
        sts::Role,
    },
};
use serde_json::json;
use tests::{BOB, Group, Opened, Story, ssh};

async fn opened() -> (Story, Group, Vec<String>, Opened) {
    let story = Story::begin().await;
    let web = story.group("web");
    let before = story.rules(&web);
    let opened = story.open(Opener::Alice, &web, ssh());
    story.poll().await;
    (story, web, before, opened)
}

#[tokio::test]
async fn the_responder_dies_before_the_revert_and_a_sweep_finishes_it() {
    let (story, web, before, _) = opened().await;
    story.fault("ec2", "DescribeSecurityGroupRules", Fault::Slow(Duration::from_secs(60)), None);
    story.click(BOB, "deny").await;
    story.until_state("Reverting").await;
    story.kill().await;
    story.no_faults();
    assert_ne!(story.rules(&web), before);

    story.sweep().await;
    assert_ne!(story.rules(&web), before, "the dead one's lease holds");
    story.time_passes(TimeDelta::minutes(1)).await;
    story.sweep().await;
    assert_eq!(story.rules(&web), before);
    assert!(story.card().header.starts_with("Reverted"));
    assert!(!story.item().await.is_due());
}

#[tokio::test]
async fn the_responder_dies_after_the_revoke_and_it_is_told_as_ours() {
    let (story, web, before, _) = opened().await;
    story.fault("ec2", "RevokeSecurityGroupIngress", Fault::Slow(Duration::from_secs(60)), None);
    story.click(BOB, "deny").await;
    story.until_rules(&web, &before).await;
    story.kill().await;
    story.no_faults();

    story.time_passes(TimeDelta::minutes(1)).await;
    story.sweep().await;
    let card = story.card();
    assert!(card.header.starts_with("Reverted"), "{card:#?}");
    assert!(card.seen.contains("Portcullis had asked EC2 to remove it"), "{card:#?}");
    assert_eq!(story.item().await.state(), "Reverted");
}

#[tokio::test]
async fn a_revoke_whose_answer_is_lost_is_seen_to_be_done() {
    let (story, web, before, _) = opened().await;
    story.fault("ec2", "RevokeSecurityGroupIngress", Fault::DropAfter, None);
    story.click(BOB, "deny").await;
    story.system.idle().await;
    assert_eq!(story.rules(&web), before);
    assert_eq!(story.item().await.state(), "Reverted", "{}", story.log());
}

#[tokio::test]
async fn a_throttled_revert_is_tried_again_and_the_card_says_so() {
    let (story, web, before, _) = opened().await;
    story.fault("ec2", "*", Fault::Throttle, None);
    story.click(BOB, "deny").await;
    story.system.idle().await;
    assert_ne!(story.rules(&web), before);
    let item = story.item().await;
    assert!(item.state() == "Reverting" && item.is_due(), "{:#}", item.0);
    assert!(story.card().header.starts_with("Denied: reverting"));

    story.no_faults();
    story.time_passes(TimeDelta::minutes(10)).await;
    story.sweep().await;
    assert_eq!(story.rules(&web), before);
    assert!(story.card().header.starts_with("Reverted"));
}

#[tokio::test]
async fn at_the_cap_a_revert_has_failed_and_a_person_retries() {
    let (story, web, before, _) = opened().await;
    story.fault("ec2", "*", Fault::Throttle, None);
    story.click(BOB, "deny").await;
    story.system.idle().await;
    story.edit(|request| request["revert_tries"]["failed"] = json!(9)).await;
    story.time_passes(TimeDelta::minutes(10)).await;
    story.sweep().await;
    let card = story.card();
    assert!(card.header.starts_with("Revert failed"), "{card:#?}");
    assert!(card.text.contains("STILL OPEN") && card.buttons.iter().any(|button| button == "retry"), "{card:#?}");
    story.until_logged("\"alarm\":\"revert_failed\"").await;
    assert!(!story.item().await.is_due());

    story.no_faults();
    story.click(BOB, "retry").await;
    story.system.idle().await;
    assert_eq!(story.rules(&web), before);
    assert!(story.card().header.starts_with("Reverted"));
}

#[tokio::test]
async fn without_its_spoke_role_a_revert_fails_and_works_once_the_role_is_there() {
    let (story, web, before, _) = opened().await;
    let hub = Identity::role(seed::AUTOMATION, seed::ROLE_PATH, seed::HUB, "portcullis").role_arn().expect("a role");
    let role = Role::spoke(&web.account, seed::ROLE_PATH, seed::SPOKE, &hub, None);
    story.system.world.sts.lock().expect("STS").remove_role(&role.arn());
    story.click(BOB, "deny").await;
    story.system.idle().await;
    let card = story.card();
    assert!(card.header.starts_with("Revert failed"), "{card:#?}");
    assert!(card.seen.contains("AccessDenied") && card.seen.contains(seed::SPOKE), "{card:#?}");
    assert_ne!(story.rules(&web), before);

    story.system.world.sts.lock().expect("STS").add_role(role);
    story.click(BOB, "retry").await;
    story.system.idle().await;
    assert_eq!(story.rules(&web), before, "{}", story.log());
    assert!(story.card().header.starts_with("Reverted"));
}

#[tokio::test]
async fn a_rule_that_was_edited_meanwhile_is_left_alone() {
    let (story, web, _, opened) = opened().await;
    story.modify(
        Opener::Alice,
        &web,
        RuleChange {
            rule_id: opened.rules[0].id.clone(),
            protocol: Some("tcp".to_owned()),
            from_port: Some(22),
            to_port: Some(22),
            cidr_ipv4: Some("198.51.100.7/32".to_owned()),
            ..RuleChange::default()
        },
    );
    let edited = story.rules(&web);
    story.click(BOB, "deny").await;
    story.system.idle().await;
    assert_eq!(story.rules(&web), edited);
    assert!(story.card().header.starts_with("Changed by hand"), "{:#?}", story.card());
    assert_eq!(story.item().await.state(), "ChangedByHand");
}

#[tokio::test]
async fn a_rule_that_is_gone_already_is_told_so() {
    let (story, web, before, _) = opened().await;
    story.revoke(Opener::Alice, &web, Permissions::Array(vec![ssh()]));
    story.click(BOB, "deny").await;
    story.system.idle().await;
    assert_eq!(story.rules(&web), before);
    assert!(story.card().header.starts_with("Already gone"), "{:#?}", story.card());
}

#[tokio::test]
async fn the_group_is_gone_and_with_it_the_rule() {
    let story = Story::begin().await;
    let batch = story.group("batch");
    story.open(Opener::Alice, &batch, ssh());
    story.poll().await;
    let delete = local::world::ec2::Operation::DeleteGroup { group: batch.reference() };
    assert!(story.call(Opener::Alice, &batch, delete).1.is_ok());
    story.click(BOB, "deny").await;
    story.system.idle().await;
    assert_eq!(story.item().await.state(), "AlreadyGone", "{}", story.log());
}

#[tokio::test]
async fn what_somebody_opened_anew_has_a_card_of_its_own() {
    let (story, web, _, _) = opened().await;
    story.revoke(Opener::Alice, &web, Permissions::Array(vec![ssh()]));
    story.open(Opener::Bob, &web, ssh());
    let opened_anew = story.rules(&web);
    story.click(BOB, "deny").await;
    story.system.idle().await;
    assert_eq!(story.rules(&web), opened_anew, "that opening is another request's");
    assert!(story.card().header.starts_with("Already gone"), "{:#?}", story.card());

    story.poll().await;
    let cards = story.cards();
    assert_eq!(cards.len(), 2, "{cards:#?}");
    assert!(cards[1].header.starts_with("Approval needed"), "{cards:#?}");
}

#[tokio::test]
async fn a_slow_describe_deceives_nobody() {
    let (story, web, before, _) = opened().await;
    story.system.world.ec2.lock().expect("EC2").set_staleness(Staleness::Reads(2));
    story.click(BOB, "deny").await;
    story.system.idle().await;
    story.system.world.ec2.lock().expect("EC2").set_staleness(Staleness::Fresh);
    assert_eq!(story.rules(&web), before);
    assert_eq!(story.item().await.state(), "Reverted", "{}", story.log());
}

#[tokio::test]
async fn our_own_revoke_withdraws_nothing_and_makes_no_card() {
    let (story, _, _, _) = opened().await;
    story.click(BOB, "deny").await;
    story.system.idle().await;
    story.poll().await;
    assert!(story.card().header.starts_with("Reverted"));
    let end = story.ends(2).await.remove(1);
    assert_eq!((&end["ignored_own_revert"], &end["withdrawn"], &end["new"]), (&json!(1), &json!(0), &json!(0)));
}
