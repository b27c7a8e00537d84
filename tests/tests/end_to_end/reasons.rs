//! "Deny with reason…": the modal, what is written into it, and what becomes of the opening.

use std::time::Duration;

use chrono::Utc;
use local::{
    system::{
        config::Delivery,
        seed::{self, Opener},
    },
    world::{
        faults::Fault,
        slack::{Settled, mrkdwn::mentions_and_links},
    },
};
use serde_json::json;
use tests::{ALICE, BOB, CAROL, MALLORY, Story, ssh, typed};

/// Somebody opened SSH to the world, and the card is there.
async fn asked(opener: Opener) -> Story {
    let story = Story::begin().await;
    story.open(opener, &story.group("web"), ssh());
    story.poll().await;
    story
}

fn is_open(story: &Story) -> bool {
    story.rules(&story.group("web")).contains(&"tcp 22-22 0.0.0.0/0".to_owned())
}

/// The text at the input of a modal that stays.
fn error(settled: &Settled) -> String {
    match settled {
        Settled::Errors(errors) => errors["reason"].clone(),
        Settled::Closed | Settled::Trouble => panic!("{settled:?}"),
    }
}

#[tokio::test]
async fn bob_denies_with_a_reason_that_the_card_and_the_item_keep() {
    let story = asked(Opener::Alice).await;
    let modal = story.ask_reason(BOB).await;
    let view = &story.modals(BOB)[0].view;
    let said = view["blocks"][0]["text"]["text"].as_str().expect("a text");
    assert!(said.starts_with("*tcp 22 from `0.0.0.0/0`* on `sg-") && said.ends_with("will be removed."), "{said}");
    assert!(is_open(&story), "to ask is to change nothing");

    let submitted = story.submit(BOB, &modal, "not in the change window").await;
    assert_eq!(submitted.settled, Settled::Closed);
    story.system.idle().await;
    assert!(!is_open(&story), "{}", story.log());
    let card = story.card();
    assert!(card.header.starts_with("Reverted"), "{card:#?}");
    assert!(card.seen.contains("Reason: `not in the change window`"), "{card:#?}");
    assert!(card.text.ends_with("Reason: \"not in the change window\""), "{card:#?}");
    let item = story.item().await;
    assert_eq!(item.state(), "Reverted");
    assert_eq!(item.0["decision"]["M"]["reason"]["S"], "not in the change window");
    assert!(item.0["history"].to_string().contains("not in the change window"), "{}", item.0["history"]);
    assert!(story.whispers(BOB).is_empty());
}

#[tokio::test]
async fn to_open_the_modal_is_the_first_call_to_slack_and_needs_no_other() {
    let story = Story::with(|options| {
        options.config.approvers = Vec::new();
        options.config.approver_groups = vec![seed::USER_GROUP.to_owned()];
    })
    .await;
    story.open(Opener::Alice, &story.group("web"), ssh());
    story.poll().await;
    for method in ["usergroups.users.list", "users.lookupByEmail", "auth.test", "chat.postEphemeral"] {
        story.fault("slack", method, Fault::ServerError, None);
    }
    let modal = story.ask_reason(CAROL).await;
    story.system.idle().await;

    // Now it has to be known who Carol is.
    let submitted = story.submit(CAROL, &modal, "not now").await;
    assert!(error(&submitted.settled).contains("did not tell who may decide"), "{submitted:?}");
    story.no_faults();
    assert_eq!(story.submit(CAROL, &modal, "not now").await.settled, Settled::Closed);
    story.system.idle().await;
    assert_eq!(story.item().await.state(), "Reverted");
}

#[tokio::test]
async fn a_stranger_is_told_at_once_and_whoever_opened_it_may_deny_it() {
    let story = asked(Opener::Bob).await;
    for stranger in [MALLORY, ALICE] {
        story.click(stranger, "deny_reason").await;
        story.system.idle().await;
        assert!(story.modals(stranger).is_empty());
        let told = story.whispers(stranger);
        assert!(told.len() == 1 && told[0].contains("not among the people who may decide"), "{told:?}");
    }
    let modal = story.ask_reason(BOB).await;
    story.submit(BOB, &modal, "my own mistake").await;
    story.system.idle().await;
    assert_eq!(story.item().await.state(), "Reverted");
}

#[tokio::test]
async fn whoever_lost_the_right_meanwhile_is_refused_in_the_modal() {
    let story = asked(Opener::Alice).await;
    let modal = story.ask_reason(BOB).await;
    story.reconfigure(&format!("\"{BOB}\""), &format!("\"{ALICE}\"")).await;
    let submitted = story.submit(BOB, &modal, "not now").await;
    assert!(error(&submitted.settled).contains("not among the people who may decide"), "{submitted:?}");
    assert_eq!(story.modals(BOB)[0].errors["reason"], error(&submitted.settled));
    story.system.idle().await;
    assert!(is_open(&story));
    assert_eq!(story.item().await.state(), "Pending");
}

#[tokio::test]
async fn who_writes_too_long_is_told_who_was_faster() {
    let story = asked(Opener::Alice).await;
    let modal = story.ask_reason(BOB).await;
    story.click(CAROL, "approve").await;
    story.system.idle().await;
    let submitted = story.submit(BOB, &modal, "not now").await;
    let told = error(&submitted.settled);
    assert!(told.starts_with("carol approved this already, ") && told.contains("Nothing was changed"), "{told}");
    story.system.idle().await;
    assert!(is_open(&story));

    // The buttons are gone from the card; on a screen that still shows them a click opens no modal.
    let story = asked(Opener::Alice).await;
    let late = story.press(BOB, "deny_reason");
    story.click(CAROL, "approve").await;
    assert_eq!(story.deliver_click(&late).await, 200);
    story.system.idle().await;
    assert!(story.modals(BOB).is_empty());
    assert!(story.whispers(BOB)[0].contains("approved this already"), "{:?}", story.whispers(BOB));
}

#[tokio::test]
async fn while_the_table_is_away_the_modal_says_so_and_keeps_what_was_written() {
    for fault in [Fault::ServerError, Fault::Slow(Duration::from_secs(20))] {
        let story = asked(Opener::Alice).await;
        let modal = story.ask_reason(BOB).await;
        story.fault("dynamodb", "*", fault, None);
        let submitted = story.submit(BOB, &modal, "not now").await;
        assert!(error(&submitted.settled).contains("The table did not answer"), "{submitted:?}");
        assert!(submitted.took < Duration::from_secs(3), "{submitted:?}");
        story.system.idle().await;
        story.no_faults();
        assert!(is_open(&story));
        assert_eq!(story.submit(BOB, &modal, "not now").await.settled, Settled::Closed);
        story.system.idle().await;
        assert!(!is_open(&story), "{}", story.log());
    }
}

#[tokio::test]
async fn a_submission_whose_answer_was_lost_is_submitted_again() {
    let story = asked(Opener::Alice).await;
    let modal = story.ask_reason(BOB).await;
    let lost = story.system.world.slack.lock().expect("Slack").submit(Utc::now(), BOB, &modal, &typed("not now"));
    assert_eq!(story.deliver_click(&lost.expect("a submission")).await, 200);
    story.system.idle().await;
    assert!(!is_open(&story));
    // Another reason is another decision; the same one is what is stored.
    let other = story.submit(BOB, &modal, "never").await;
    assert!(error(&other.settled).starts_with("You denied this already"), "{other:?}");
    assert_eq!(story.submit(BOB, &modal, "not now").await.settled, Settled::Closed);
    assert_eq!(story.item().await.0["decision"]["M"]["reason"]["S"], "not now");
}

#[tokio::test]
async fn where_slack_opens_no_modal_plain_deny_is_offered() {
    for fault in
        [Fault::Throttle, Fault::ServerError, Fault::DropBefore, Fault::Denied, Fault::Slow(Duration::from_secs(20))]
    {
        let story = asked(Opener::Alice).await;
        story.fault("slack", "views.open", fault, None);
        let clicked = story.click(BOB, "deny_reason").await;
        assert!(clicked.body.is_empty(), "{clicked:?}");
        story.system.idle().await;
        let told = story.whispers(BOB);
        assert!(told.len() == 1 && told[0].contains("Nothing was changed") && told[0].contains("use Deny"), "{told:?}");
        assert_eq!(story.item().await.state(), "Pending", "{fault:?}");
        story.click(BOB, "deny").await;
        story.system.idle().await;
        assert_eq!(story.item().await.state(), "Reverted", "{fault:?}");
    }
}

#[tokio::test]
async fn five_hundred_characters_are_a_reason_and_more_are_not() {
    let story = asked(Opener::Alice).await;
    let modal = story.ask_reason(BOB).await;
    let long = "€".repeat(501);
    assert!(story.system.submit(BOB, &modal, &typed(&long)).await.is_err(), "Slack's client holds it back");
    // Another client may not.
    let mut sent = story.system.world.slack.lock().expect("Slack").submit(Utc::now(), BOB, &modal, &typed("xxx"));
    let sent = sent.as_mut().expect("a submission");
    for (value, has) in [(json!(long), 501), (json!("  x \n"), 1), (json!(null), 0), (json!(7), 0)] {
        sent.payload["view"]["state"]["values"]["reason"]["text"]["value"] = value;
        let answer = story.deliver(sent).await;
        let errors =
            json!({"reason": format!("A reason has 3 to 500 characters, and this has {has}. Nothing was changed.")});
        assert_eq!(answer, json!({"response_action": "errors", "errors": errors}));
    }
    assert_eq!(story.item().await.state(), "Pending");

    let longest = "€".repeat(500);
    assert_eq!(story.submit(BOB, &modal, &longest).await.settled, Settled::Closed);
    story.system.idle().await;
    assert!(story.card().seen.contains(&longest), "{:#?}", story.card());
    assert_eq!(story.item().await.state(), "Reverted");
}

#[tokio::test]
async fn a_reason_calls_nobody_links_nowhere_and_ends_no_code() {
    let story = asked(Opener::Alice).await;
    let modal = story.ask_reason(BOB).await;
    let hostile =
        "<!channel> <@U0CAROL0001> *x* ` ``` <https://evil.example|click> </script> @everyone\u{202e}\n&amp; end";
    story.submit(BOB, &modal, hostile).await;
    story.system.idle().await;
    let card = story.card();
    assert!(card.header.starts_with("Reverted"), "{card:#?}");
    let shown = "`<!channel> <@U0CAROL0001> *x* ' ''' <https://evil.example|click> </script> @everyone &amp; end`";
    assert!(card.seen.contains(shown), "{card:#?}");
    let slack = story.system.world.slack.lock().expect("Slack");
    let tokens: Vec<_> =
        slack.messages(seed::CHANNEL).iter().flat_map(|message| mentions_and_links(&message.blocks)).collect();
    let said = format!("{tokens:?}");
    assert!(!said.contains("channel") && !said.contains("evil") && !said.contains("CAROL"), "{said}");
}

#[tokio::test]
async fn a_modal_that_is_closed_changes_nothing() {
    let story = asked(Opener::Alice).await;
    let modal = story.ask_reason(BOB).await;
    story.system.world.slack.lock().expect("Slack").dismiss(BOB, &modal).expect("closed");
    story.system.idle().await;
    assert_eq!(story.item().await.state(), "Pending");
    assert!(story.whispers(BOB).is_empty());
}

#[tokio::test]
async fn while_it_only_watches_a_deny_with_a_reason_is_observed() {
    let story = Story::with(|options| options.config.revert = false).await;
    story.open(Opener::Alice, &story.group("web"), ssh());
    story.poll().await;
    let modal = story.ask_reason(BOB).await;
    let view = story.modals(BOB)[0].view.to_string();
    assert!(view.contains("nothing is removed") && !view.contains("will be removed"), "{view}");
    story.submit(BOB, &modal, "not now").await;
    story.system.idle().await;
    assert!(is_open(&story));
    let card = story.card();
    assert!(card.header.starts_with("Observed") && card.seen.contains("Reason: `not now`"), "{card:#?}");
}

#[tokio::test]
async fn a_webhook_has_no_such_button() {
    let story = Story::with(|options| options.config.delivery = Delivery::Webhook).await;
    story.open(Opener::Alice, &story.group("web"), ssh());
    story.poll().await;
    assert_eq!(story.card().buttons, ["approve", "deny", "console"]);
}

#[tokio::test]
async fn a_submission_from_another_workspace_or_app_is_refused_in_the_modal() {
    let story = asked(Opener::Alice).await;
    let modal = story.ask_reason(BOB).await;
    for (pointer, value) in [("/team/id", "T0OTHER0000"), ("/api_app_id", "A0OTHER0000")] {
        let sent = story.system.world.slack.lock().expect("Slack").submit(Utc::now(), BOB, &modal, &typed("not now"));
        let mut sent = sent.expect("a submission");
        *sent.payload.pointer_mut(pointer).expect("the field") = json!(value);
        let answer = story.deliver(&sent).await;
        assert!(answer["errors"]["reason"].as_str().expect("a text").contains("another Slack"), "{answer}");
    }
    story.system.idle().await;
    assert_eq!(story.item().await.state(), "Pending");
}

#[tokio::test]
async fn what_the_modal_was_opened_with_and_is_not_of_our_making_is_a_bad_request() {
    let story = asked(Opener::Alice).await;
    let modal = story.ask_reason(BOB).await;
    for metadata in ["", "r-1", "[]", "{}", r##"{"requestid": "#watermark/lake"}"##, r#"{"requestid": 7}"#] {
        let sent = story.system.world.slack.lock().expect("Slack").submit(Utc::now(), BOB, &modal, &typed("not now"));
        let mut sent = sent.expect("a submission");
        sent.payload["view"]["private_metadata"] = json!(metadata);
        assert_eq!(story.deliver_click(&sent).await, 400, "{metadata}");
    }
    // One that names another channel decides all the same; its message is not taken for the card.
    let sent = story.system.world.slack.lock().expect("Slack").submit(Utc::now(), BOB, &modal, &typed("not now"));
    let mut sent = sent.expect("a submission");
    let id = story.item().await.0["requestid"]["S"].clone();
    let elsewhere = json!({"requestid": id, "channel": "C0ELSEWHERE", "ts": "1.000001"});
    sent.payload["view"]["private_metadata"] = json!(elsewhere.to_string());
    assert_eq!(story.deliver_click(&sent).await, 200);
    story.system.idle().await;
    let item = story.item().await;
    assert_eq!(item.state(), "Reverted");
    assert_eq!(item.request()["cards"].as_array().map(Vec::len), Some(1), "{:#}", item.request()["cards"]);
}

#[tokio::test]
async fn a_trigger_is_in_no_log() {
    let story = Story::with(|options| options.environment.push(("RUST_LOG".to_owned(), "trace".to_owned()))).await;
    story.open(Opener::Alice, &story.group("web"), ssh());
    story.poll().await;
    let mut triggers = Vec::new();
    for fault in [Some(Fault::Denied), Some(Fault::DropBefore), None] {
        if let Some(fault) = fault {
            story.fault("slack", "views.open", fault, Some(1));
        }
        let click = story.press(BOB, "deny_reason");
        triggers.push(click.trigger_id().to_owned());
        story.deliver_click(&click).await;
        story.system.idle().await;
    }
    let modal = story.modals(BOB)[0].id.clone();
    story.submit(BOB, &modal, "not now").await;
    story.system.idle().await;
    let log = story.log();
    for trigger in triggers {
        assert!(!trigger.is_empty() && !log.contains(&trigger), "{trigger} was told");
    }
}
