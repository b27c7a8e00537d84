//! What Portcullis has to believe, and what it does not see: the gaps that the threat model names, as they are.

use chrono::Utc;
use local::{
    system::{
        event_bridge,
        seed::{BOT_TOKEN, CHANNEL, Opener},
    },
    world::{ec2::Permission, slack::Args},
};
use serde_json::{Value, json};
use tests::{BOB, MALLORY, Story, ssh};

const LIST: &str = "pl-0123456789abcdef0";

/// A record of another call, made of one that there is.
fn made_of(record: &Value, id: &str) -> Value {
    let mut record = record.clone();
    record["requestID"] = json!(id);
    record["eventID"] = json!(format!("{id}-event"));
    record
}

#[tokio::test]
async fn a_card_names_the_prefix_list_and_an_edit_of_the_list_makes_no_card() {
    let story = Story::begin().await;
    let rule = Permission::new("tcp", 22, 22).from_prefix_list(LIST, None);
    story.open(Opener::Alice, &story.group("web"), rule);
    story.poll().await;
    let card = story.card();
    assert!(card.text.contains(LIST) && card.seen.contains(LIST), "{card:#?}");

    for call in ["ModifyManagedPrefixList", "RestoreManagedPrefixListVersion"] {
        let mut edit = made_of(&story.records()[0], call);
        edit["eventName"] = json!(call);
        edit["requestParameters"] = json!({ call: { "PrefixListId": LIST, "AddEntry": { "Cidr": "0.0.0.0/0" } } });
        edit["responseElements"] = Value::Null;
        assert!(event_bridge::event(&edit).is_none(), "the rule does not match {call}");
        let pushed = json!({ "detail-type": "AWS API Call via CloudTrail", "source": "aws.ec2", "detail": edit });
        story.system.tick(pushed).await.expect("it is taken, and is another event");
    }
    assert_eq!((story.cards().len(), story.items().await.len()), (1, 1));
}

#[tokio::test]
async fn a_deny_that_somebody_wrote_into_the_table_removes_what_its_request_names_and_no_more() {
    let (story, web, before) = Story::with_a_card().await;
    let pending = story.item().await;
    story.system.responder.kill_after_next_answer(true);
    story.click(BOB, "deny").await;
    story.system.idle().await;
    let denied = story.item().await;
    let opened = story.rules(&web);
    assert_ne!(opened, before, "nothing is done after the answer");

    story.put(&pending.0).await;
    story.sweep().await;
    assert_eq!(story.rules(&web), opened, "nobody has denied it");
    story.put(&denied.0).await;
    story.sweep().await;
    assert_eq!(story.rules(&web), before, "a stored Deny is the intent, whoever stored it\n{}", story.log());
}

/// Somebody pushes the record of a call that nobody made, of an opening that is there, and Bob denies it.
async fn made_up_and_denied(story: &Story) {
    let mut record = made_of(&story.records()[0], "made-up");
    record["responseElements"] = Value::Null;
    story.push(&record).await;
    let card = story.cards().into_iter().find(|card| card.request.as_deref() == Some("made-up")).expect("a card");
    assert!(card.header.starts_with("Approval needed"), "{card:#?}");
    story.click_on(BOB, &card, "deny").await;
    story.system.idle().await;
}

#[tokio::test]
async fn a_made_up_record_asks_about_a_rule_that_is_there_as_if_it_were_new_and_its_deny_takes_that_rule_alone() {
    let story = Story::begin().await;
    let web = story.group("web");
    let before = story.rules(&web);
    story.open(Opener::Alice, &web, ssh());
    made_up_and_denied(&story).await;
    assert_eq!(story.rules(&web), before, "{}", story.log());
}

#[tokio::test]
async fn a_made_up_record_takes_nothing_that_somebody_approved() {
    let (story, web, _) = Story::with_a_card().await;
    let opened = story.rules(&web);
    story.click(BOB, "approve").await;
    story.system.idle().await;
    made_up_and_denied(&story).await;
    assert_eq!(story.rules(&web), opened, "{}", story.log());
}

#[tokio::test]
async fn a_card_that_was_edited_with_the_bot_token_decides_by_its_request_and_is_set_right_by_the_next_update() {
    let (story, web, before) = Story::with_a_card().await;
    let card = story.card();
    let id = card.request.clone().expect("a request");
    let button = |action: &str, label: &str| json!({ "type": "button", "action_id": action, "value": id, "text": { "type": "plain_text", "text": label } });
    let lie = json!({
        "channel": CHANNEL,
        "ts": card.ts,
        "text": "Nothing to see here",
        "blocks": [
            { "type": "section", "block_id": "lie", "text": { "type": "mrkdwn", "text": "One printer was opened." } },
            { "type": "actions", "block_id": "buttons", "elements": [button("deny", "Keep it"), button("approve", "No")] },
        ],
    });
    let edited = {
        let mut slack = story.system.world.slack.lock().expect("Slack");
        slack.call(Utc::now(), Some(BOT_TOKEN), "chat.update", &Args::from_json(lie))
    };
    edited.expect("Slack lets the bot edit its messages");

    story.click(MALLORY, "deny").await;
    story.system.idle().await;
    assert_eq!(story.item().await.state(), "Pending", "who may decide is not the card's to say");
    story.click(BOB, "deny").await;
    story.system.idle().await;
    assert_eq!(story.rules(&web), before);
    let card = story.card();
    assert!(card.header.starts_with("Reverted") && card.text.contains("denied by"), "{card:#?}");
}

#[tokio::test]
async fn whoever_can_sign_decides_as_anybody() {
    let (story, web, before) = Story::with_a_card().await;
    // Slack's only part in it is the signature: nobody was at a screen.
    let made_up = story.press(BOB, "deny");
    assert_eq!(story.deliver_click(&made_up).await, 200);
    story.system.idle().await;
    assert_eq!(story.rules(&web), before);
    assert_eq!(story.item().await.request()["decision"]["by"], BOB);
}
