//! ModifySecurityGroupRules: it opens too, and a watcher of Authorize alone would be bypassed by it.

use chrono::TimeDelta;
use local::{
    system::seed::{self, Opener},
    world::ec2::{RuleChange, RuleQuery},
};
use serde_json::json;
use tests::{BOB, Group, Story, ssh};

fn to(rule_id: &str, cidr: &str) -> RuleChange {
    RuleChange {
        rule_id: rule_id.to_owned(),
        protocol: Some("tcp".to_owned()),
        from_port: Some(22),
        to_port: Some(22),
        cidr_ipv4: Some(cidr.to_owned()),
        ..RuleChange::default()
    }
}

/// The id of a group's only rule in a direction.
fn rule_id(story: &Story, group: &Group, egress: bool) -> String {
    let query = RuleQuery { group_ids: vec![group.id.clone()], ..RuleQuery::default() };
    let mut ec2 = story.system.world.ec2.lock().expect("EC2");
    let page = ec2.describe_rules(&group.account, &group.region, &query, chrono::Utc::now()).expect("rules");
    page.rules.into_iter().find(|rule| rule.key.egress == egress).expect("a rule").id
}

#[tokio::test]
async fn a_widened_rule_has_a_card_and_deny_removes_it_whole() {
    let story = Story::begin().await;
    let bastion = story.group("bastion");
    story.modify(Opener::Alice, &bastion, to(&rule_id(&story, &bastion, false), "0.0.0.0/0"));
    story.poll().await;
    let card = story.card();
    assert!(card.header.starts_with("Approval needed"), "{card:#?}");
    assert!(card.seen.contains("Deny removes the *whole rule*"), "{card:#?}");

    story.click(BOB, "deny").await;
    story.system.idle().await;
    assert_eq!(story.rules(&bastion), Vec::<String>::new());
    assert!(story.card().header.starts_with("Reverted"));
}

#[tokio::test]
async fn a_value_known_from_an_earlier_request_is_shown_and_a_narrowing_of_it_is_ignored() {
    let story = Story::begin().await;
    let web = story.group("web");
    let permission = local::world::ec2::Permission::new("tcp", 22, 22).from_ipv4("10.0.0.0/8", None);
    let opened = story.opened_before(Opener::Alice, &web, permission, TimeDelta::minutes(5));
    story.poll().await;
    story.modify(Opener::Alice, &web, to(&opened.rules[0].id, "10.1.0.0/16"));
    story.poll().await;
    assert_eq!(story.cards().len(), 1, "{}", story.log());
    assert_eq!(story.ends(2).await[1]["ignored_narrowing"], 1);
}

#[tokio::test]
async fn a_widening_says_what_the_rule_was_before() {
    let story = Story::begin().await;
    let web = story.group("web");
    let permission = local::world::ec2::Permission::new("tcp", 22, 22).from_ipv4("10.0.0.0/8", None);
    let opened = story.opened_before(Opener::Alice, &web, permission, TimeDelta::minutes(5));
    story.poll().await;
    story.modify(Opener::Alice, &web, to(&opened.rules[0].id, "0.0.0.0/0"));
    story.poll().await;
    let cards = story.cards();
    assert_eq!(cards.len(), 2, "{cards:#?}");
    assert!(cards[1].seen.contains("Before, it was tcp 22 from `10.0.0.0/8`"), "{cards:#?}");
}

#[tokio::test]
async fn a_description_alone_and_egress_open_nothing() {
    let story = Story::begin().await;
    let bastion = story.group("bastion");
    let egress = rule_id(&story, &bastion, true);
    let change =
        RuleChange { protocol: Some("-1".to_owned()), from_port: None, to_port: None, ..to(&egress, "10.0.0.0/8") };
    story.modify(Opener::Alice, &bastion, change);
    let web = story.group("web");
    let opened = story.opened_before(Opener::Alice, &web, ssh(), TimeDelta::minutes(5));
    story.poll().await;
    let described = RuleChange { description: Some("other words".to_owned()), ..to(&opened.rules[0].id, "0.0.0.0/0") };
    story.modify(Opener::Alice, &web, described);
    story.poll().await;

    assert_eq!(story.cards().len(), 1, "only the authorize\n{}", story.log());
    let ends = story.ends(2).await;
    assert_eq!((&ends[0]["ignored_egress"], &ends[1]["ignored_description_only"]), (&json!(1), &json!(1)));
    story.poll().await;
    assert_eq!(story.cards().len(), 1, "judged once");
}

#[tokio::test]
async fn without_the_spoke_role_it_is_a_card_that_cannot_be_decided() {
    let story = Story::begin().await;
    let bastion = story.group("bastion");
    let role = format!("arn:aws:iam::{}:role{}{}", bastion.account, seed::ROLE_PATH, seed::SPOKE);
    story.system.world.sts.lock().expect("STS").remove_role(&role);
    story.modify(Opener::Alice, &bastion, to(&rule_id(&story, &bastion, false), "0.0.0.0/0"));
    story.poll().await;
    let card = story.card();
    assert!(card.header.starts_with("Unreadable"), "{card:#?}");
    assert!(card.seen.contains("0.0.0.0/0") && card.seen.contains("AccessDenied"), "{card:#?}");
}

#[tokio::test]
async fn a_describe_that_gets_no_answer_is_asked_again() {
    let story = Story::begin().await;
    let bastion = story.group("bastion");
    story.fault("ec2", "DescribeSecurityGroupRules", local::world::faults::Fault::Throttle, None);
    story.modify(Opener::Alice, &bastion, to(&rule_id(&story, &bastion, false), "0.0.0.0/0"));
    story.poll().await;
    assert!(story.cards().is_empty(), "{:#?}", story.cards());
    story.no_faults();
    story.time_passes(TimeDelta::minutes(6)).await;
    story.sweep().await;
    assert!(story.card().header.starts_with("Approval needed"), "{:#?}", story.card());
}
