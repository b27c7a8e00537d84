//! Records that do not say what was opened: filled in where that is certain, a card in any case.

use local::{
    system::seed::Opener,
    world::{
        ec2::Permission,
        trail::{Cut, Style},
    },
};
use serde_json::json;
use tests::{BOB, Story, ssh};

#[tokio::test]
async fn a_record_whose_request_was_cut_off_is_filled_in() {
    let story = Story::begin().await;
    let web = story.group("web");
    let before = story.rules(&web);
    story.system.world.trail.lock().expect("the trail").cut_next(Cut::RequestParameters);
    story.open(Opener::Alice, &web, ssh());
    story.poll().await;
    let card = story.card();
    assert!(card.header.starts_with("Approval needed") && card.seen.contains("0.0.0.0/0"), "{card:#?}");

    story.click(BOB, "deny").await;
    story.system.idle().await;
    assert_eq!(story.rules(&web), before);
}

#[tokio::test]
async fn what_nothing_tells_is_a_card_without_a_decision() {
    for cut in [Cut::RequestAndResponse, Cut::Null] {
        let story = Story::begin().await;
        story.system.world.trail.lock().expect("the trail").cut_next(cut);
        story.open(Opener::Alice, &story.group("web"), ssh());
        story.poll().await;
        story.poll().await;
        let card = story.card();
        assert!(card.header.starts_with("Unreadable"), "{card:#?}");
        assert!(card.text.contains("alice@example.com"), "{card:#?}");
        assert!(!card.buttons.iter().any(|button| button == "deny" || button == "approve"), "{card:#?}");
        assert!(!story.item().await.is_due());
    }
}

#[tokio::test]
async fn whatever_is_pushed_is_taken() {
    let story = Story::begin().await;
    for detail in
        [json!(null), json!({}), json!({"eventName": "AuthorizeSecurityGroupIngress"}), json!([1, "<!channel>"])]
    {
        let event = json!({"detail-type": "AWS API Call via CloudTrail", "source": "aws.ec2", "detail": detail});
        story.system.tick(event).await.unwrap_or_else(|error| panic!("{error}\n{}", story.log()));
    }
    let cards = story.cards();
    assert_eq!(cards.len(), 4, "{cards:#?}");
    assert!(cards.iter().all(|card| card.header.starts_with("Unreadable")), "{cards:#?}");
}

#[tokio::test]
async fn records_of_other_times_are_read_too() {
    let styles = [
        Style { ports_as_strings: true, ..Style::default() },
        Style { null_error_code: true, ..Style::default() },
        Style { without_rule_set: true, ..Style::default() },
    ];
    for style in styles {
        let story = Story::begin().await;
        let (bastion, web) = (story.group("bastion"), story.group("web"));
        let before = story.rules(&bastion);
        story.system.world.trail.lock().expect("the trail").set_style(style);
        story.open(Opener::Alice, &bastion, Permission::new("tcp", 3389, 3389).from_ipv4("0.0.0.0/0", None));
        story.poll().await;
        story.click(BOB, "deny").await;
        story.system.idle().await;
        assert_eq!(story.rules(&bastion), before, "{style:?}");
        assert_eq!(story.item().await.state(), "Reverted", "{style:?}");
        assert!(story.rules(&web).iter().any(|rule| rule.starts_with("tcp 443")));
    }
}
