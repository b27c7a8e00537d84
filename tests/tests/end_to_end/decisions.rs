//! An opening, its card, and who decides.

use std::time::Duration;

use local::{
    system::seed::{CHANNEL, Opener},
    world::{
        ec2::{Operation, Permission, Permissions},
        faults::Fault,
        identity::{Caller, Identity},
        slack::mrkdwn::mentions_and_links,
    },
};
use tests::{ALICE, BOB, CAROL, MALLORY, Story, ssh};

#[tokio::test]
async fn ssh_is_opened_to_the_world_and_bob_denies_it() {
    let (story, web, before) = Story::with_a_card().await;
    let card = story.card();
    assert!(card.header.starts_with("Approval needed"), "{card:#?}");
    assert!(card.text.starts_with("Approval needed"), "{card:#?}");
    assert_eq!(card.buttons, ["approve", "deny", "deny_reason", "console"]);

    story.click(BOB, "deny").await;
    story.system.idle().await;
    assert_eq!(story.rules(&web), before, "{}", story.log());
    let card = story.card();
    assert!(card.header.starts_with("Reverted"), "{card:#?}");
    let item = story.item().await;
    assert_eq!(item.state(), "Reverted");
    assert!(!item.is_due() && !item.is_open(), "{:#}", item.0);
}

#[tokio::test]
async fn what_bob_approves_stays() {
    let story = Story::begin().await;
    let web = story.group("web");
    story.open(Opener::Alice, &web, ssh());
    let opened = story.rules(&web);

    story.poll().await;
    story.click(BOB, "approve").await;
    story.system.idle().await;
    assert!(story.card().header.starts_with("Approved"), "{:#?}", story.card());
    assert_eq!(story.rules(&web), opened);
    let item = story.item().await;
    assert_eq!(item.state(), "Approved");
    assert!(!item.is_due() && !item.is_open(), "{:#}", item.0);

    story.sweep().await;
    assert_eq!(story.rules(&web), opened, "a sweep finds nothing to do");
}

#[tokio::test]
async fn the_second_click_is_told_who_was_first() {
    let story = Story::begin().await;
    let web = story.group("web");
    story.open(Opener::Alice, &web, ssh());
    story.poll().await;

    // Carol's screen still shows the buttons.
    let late = story.press(CAROL, "deny");
    story.click(BOB, "approve").await;
    story.system.idle().await;
    assert_eq!(story.deliver_click(&late).await, 200);
    story.system.idle().await;

    let told = story.whispers(CAROL);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("approved this already"), "{told:?}");
    assert!(story.rules(&web).iter().any(|rule| rule == "tcp 22-22 0.0.0.0/0"));
    assert_eq!(story.item().await.state(), "Approved");
}

#[tokio::test]
async fn a_stranger_is_refused_and_the_card_stays() {
    let story = Story::begin().await;
    let web = story.group("web");
    story.open(Opener::Alice, &web, ssh());
    story.poll().await;
    let card = story.card();

    for button in ["deny", "approve"] {
        story.click(MALLORY, button).await;
    }
    story.system.idle().await;
    let told = story.whispers(MALLORY);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().all(|told| told.contains("not among the people who may decide")), "{told:?}");
    assert_eq!(story.card().seen, card.seen);
    assert_eq!(story.item().await.state(), "Pending");
    assert!(story.whispers(ALICE).is_empty());
}

#[tokio::test]
async fn nobody_approves_an_opening_of_their_own_but_may_deny_it() {
    let story = Story::begin().await;
    let web = story.group("web");
    let before = story.rules(&web);
    story.open(Opener::Bob, &web, ssh());
    story.poll().await;

    story.click(BOB, "approve").await;
    story.system.idle().await;
    let told = story.whispers(BOB);
    assert!(told.len() == 1 && told[0].contains("somebody else has to approve it"), "{told:?}");
    assert_eq!(story.item().await.state(), "Pending");

    story.click(BOB, "deny").await;
    story.system.idle().await;
    assert_eq!(story.rules(&web), before);
    assert_eq!(story.item().await.state(), "Reverted");
}

#[tokio::test]
async fn people_says_who_an_iam_user_is() {
    let story = Story::with(|options| {
        let arn = "arn:aws:iam::111122223333:user/deploy-legacy";
        options.config.people = [(arn.to_owned(), BOB.to_owned())].into();
    })
    .await;
    let web = story.group("web");
    story.open(Opener::IamUser, &web, ssh());
    story.poll().await;

    story.click(BOB, "approve").await;
    story.system.idle().await;
    assert!(story.whispers(BOB)[0].contains("You opened this"), "{:?}", story.whispers(BOB));
    story.click(CAROL, "approve").await;
    story.system.idle().await;
    assert_eq!(story.item().await.state(), "Approved");
    assert!(!story.card().seen.contains("not identified"), "{:#?}", story.card());
}

#[tokio::test]
async fn who_is_nobody_in_slack_is_said_on_the_card() {
    let story = Story::begin().await;
    let web = story.group("web");
    story.open(Opener::IamUser, &web, ssh());
    story.poll().await;
    story.click(BOB, "approve").await;
    story.system.idle().await;
    let card = story.card();
    assert!(card.seen.contains("not identified in Slack"), "{card:#?}");
    assert_eq!(story.item().await.state(), "Approved");
}

#[tokio::test]
async fn a_session_name_that_somebody_chose_is_nobodys() {
    let story = Story::begin().await;
    let web = story.group("web");
    let forged = [
        Identity::role(&web.account, "/ci/", "deploy", "bob@example.com"),
        Identity::role(&web.account, "/", "AWSReservedSSO_AdministratorAccess_0123456789abcdef", "bob@example.com"),
    ];
    for (port, identity) in (81..).zip(forged) {
        let permission = Permission::new("tcp", port, port).from_ipv4("192.0.2.1/32", None);
        let permissions = Permissions::Array(vec![permission]);
        let open = Operation::AuthorizeIngress { group: web.reference(), permissions };
        assert!(story.call_as(&Caller::program(identity, &web.account, &web.region), open).1.is_ok());
    }
    story.poll().await;
    for card in story.cards() {
        story.click_on(BOB, &card, "approve").await;
        story.system.idle().await;
    }
    assert!(story.whispers(BOB).is_empty(), "{:?}", story.whispers(BOB));
    let cards = story.cards();
    assert_eq!(cards.len(), 2);
    assert!(cards.iter().all(|card| card.seen.contains("not identified in Slack")), "{cards:#?}");
}

#[tokio::test]
async fn whoever_has_left_slack_blocks_no_decision() {
    let story = Story::begin().await;
    story.system.world.slack.lock().expect("Slack").deactivate(ALICE);
    story.open(Opener::Alice, &story.group("web"), ssh());
    story.poll().await;
    story.click(BOB, "approve").await;
    story.system.idle().await;
    assert!(story.card().seen.contains("not identified in Slack"), "{:#?}", story.card());
}

#[tokio::test]
async fn where_it_is_allowed_the_requester_approves() {
    let story = Story::with(|options| options.config.requester_may_approve = true).await;
    story.open(Opener::Bob, &story.group("web"), ssh());
    story.poll().await;
    story.click(BOB, "approve").await;
    story.system.idle().await;
    assert_eq!(story.item().await.state(), "Approved");
}

#[tokio::test]
async fn a_slow_look_up_is_an_answer_in_time() {
    let story = Story::begin().await;
    story.open(Opener::Alice, &story.group("web"), ssh());
    story.poll().await;
    story.fault("slack", "users.lookupByEmail", Fault::Slow(Duration::from_secs(20)), None);
    story.click(BOB, "approve").await;
    story.system.idle().await;
    assert!(story.whispers(BOB)[0].contains("try again"), "{:?}", story.whispers(BOB));
    assert_eq!(story.item().await.state(), "Pending");
}

#[tokio::test]
async fn text_that_others_chose_calls_nobody_and_links_nowhere() {
    let story = Story::begin().await;
    story.open(Opener::Alice, &story.group("web"), ssh());
    let mut record = story.records().remove(0);
    let hostile = "<!channel> <@U0BOB000001> `*_~ <https://evil.example|click> @everyone\u{202e}\n&amp;";
    for field in ["userAgent", "sourceIPAddress"] {
        record[field] = hostile.into();
    }
    record["requestParameters"]["ipPermissions"]["items"][0]["ipRanges"]["items"][0]["description"] = hostile.into();
    record["responseElements"]["securityGroupRuleSet"]["items"][0]["description"] = hostile.into();
    record["userIdentity"]["sessionContext"]["sessionIssuer"]["userName"] = hostile.into();
    story.push(&record).await;
    let calls = |story: &Story| {
        let slack = story.system.world.slack.lock().expect("Slack");
        let messages = slack.messages(CHANNEL);
        let tokens: Vec<_> = messages.iter().flat_map(|message| mentions_and_links(&message.blocks)).collect();
        format!("{tokens:?}")
    };
    let said = calls(&story);
    assert!(!said.contains("channel") && !said.contains("evil") && !said.contains("everyone"), "{said}");
    story.click(BOB, "deny").await;
    story.system.idle().await;
    assert_eq!(story.item().await.state(), "Reverted");
    let said = calls(&story);
    assert!(!said.contains("channel") && !said.contains("evil") && !said.contains("everyone"), "{said}");
}

#[tokio::test]
async fn while_slack_does_not_tell_who_opened_it_nobody_approves() {
    let story = Story::begin().await;
    let web = story.group("web");
    story.open(Opener::Alice, &web, ssh());
    story.poll().await;
    story.fault("slack", "users.lookupByEmail", Fault::ServerError, None);

    story.click(BOB, "approve").await;
    story.system.idle().await;
    let told = story.whispers(BOB);
    assert!(told.len() == 1 && told[0].contains("try again"), "{told:?}");
    assert_eq!(story.item().await.state(), "Pending");

    story.no_faults();
    story.click(BOB, "approve").await;
    story.system.idle().await;
    assert_eq!(story.item().await.state(), "Approved");
}
