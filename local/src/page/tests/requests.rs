use std::{sync::Arc, time::Duration};

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};
use shared::domain::{
    change::{Fate, Opening},
    ids::{ChannelId, SlackUserId},
    request::{CardRef, Decision, Requester, State, Verdict},
};

use super::{Shown, items::request};
use crate::{system::seed::CHANNEL, world::slack::Args};

#[tokio::test]
async fn requests_are_listed_newest_first_with_what_became_of_them() {
    let shown = Shown::start().await;
    let now = Utc::now();
    let new = request(&shown, "new", now, &[22]);
    let mut old = request(&shown, "old", now - TimeDelta::minutes(5), &[80, 443]);
    old.state = State::PartlyReverted;
    old.cards = vec![CardRef { channel: ChannelId::parse(CHANNEL).unwrap(), ts: "1795190000.000100".to_owned() }];
    old.rendered_version = old.version;
    old.decision = Some(Decision {
        verdict: Verdict::Deny,
        by: SlackUserId::parse("U0BOB000001").unwrap(),
        by_name: "bob".to_owned(),
        at: now,
        reason: None,
        requester: Requester::NotAsked,
    });
    if let Opening::Authorized { rules } = &mut old.change.opening {
        rules[0].fate = Fate::Removed;
        rules[1].fate = Fate::Failed { why: "Throttled".to_owned() };
    }
    shown.store(&old, &Value::Null).await;
    shown.store(&new, &Value::Null).await;
    shown.put(json!({"requestid": {"S": "#watermark/lake"}, "until": {"N": "1"}})).await;

    let state = shown.state().await;
    let due = new.due_at().unwrap().timestamp_millis();
    assert_eq!(
        state["requests"],
        json!([
            {
                "id": "new", "state": "NeedsPost", "event": "authorized", "account": "111122223333",
                "region": "eu-central-1", "group": shown.web(), "group_name": "web",
                "at": new.change.at.timestamp_millis(), "who": "alice@example.com",
                "rules": [{"id": null, "text": "tcp 22 from 0.0.0.0/0", "fate": "standing"}],
                "cards": [], "decision": null,
                "waits": {"work": "post", "at": due, "tries": 0, "error": null},
            },
            {
                "id": "old", "state": "PartlyReverted", "event": "authorized", "account": "111122223333",
                "region": "eu-central-1", "group": shown.web(), "group_name": "web",
                "at": old.change.at.timestamp_millis(), "who": "alice@example.com",
                "rules": [
                    {"id": null, "text": "tcp 80 from 0.0.0.0/0", "fate": "removed"},
                    {"id": null, "text": "tcp 443 from 0.0.0.0/0", "fate": "failed"},
                ],
                "cards": ["1795190000.000100"],
                "decision": {
                    "verdict": "deny", "by": "U0BOB000001", "by_name": "bob", "at": now.timestamp_millis(),
                    "reason": null,
                },
                "waits": null,
            },
        ])
    );
    assert_eq!(state["counts"], json!({"stored": 2, "waiting": 1, "open_to_the_world": 0}));
}

#[tokio::test]
async fn the_rules_that_let_in_the_internet_are_counted() {
    let shown = Shown::start().await;
    assert_eq!(shown.act("/api/open", "alice", json!({"what": "all-traffic"})).await.0, 200);
    assert_eq!(shown.state().await["counts"]["open_to_the_world"], 2, "IPv4 and IPv6");
}

#[tokio::test]
async fn the_table_is_read_again_only_after_a_write() {
    let shown = Shown::start().await;
    let first = shown.system.stored().await;
    assert!(Arc::ptr_eq(&first, &shown.system.stored().await));

    shown.store(&request(&shown, "late", Utc::now(), &[22]), &Value::Null).await;
    let seen = async { while shown.state().await["requests"].as_array().unwrap().is_empty() {} };
    tokio::time::timeout(Duration::from_secs(30), seen).await.unwrap();
    let second = shown.system.stored().await;
    assert!(!Arc::ptr_eq(&first, &second));
    assert!(Arc::ptr_eq(&second, &shown.system.stored().await));
}

#[tokio::test]
async fn an_item_of_another_layout_is_counted_and_shown_but_not_listed() {
    let shown = Shown::start().await;
    shown.put(json!({"requestid": {"S": "odd"}, "schema": {"N": "2"}, "request": {"S": "{}"}})).await;
    let state = shown.state().await;
    assert_eq!((&state["requests"], &state["counts"]["stored"]), (&json!([]), &json!(1)));

    let told: Value = shown.get("/api/request/odd").send().await.unwrap().json().await.unwrap();
    assert_eq!((&told["timeline"], &told["item"]["schema"]), (&json!([]), &json!({"N": "2"})));
    assert_eq!((&told["record"], &told["notes"]), (&Value::Null, &json!([])));
}

#[tokio::test]
async fn a_card_names_its_request() {
    let shown = Shown::start().await;
    let metadata = json!({"event_type": "portcullis_request", "event_payload": {"requestid": "r-1"}});
    let args = Args::from_json(json!({"channel": CHANNEL, "text": "card", "metadata": metadata}));
    let post = |args: &Args| {
        let mut slack = shown.system.world.slack.lock().unwrap();
        slack.call(Utc::now(), Some("xoxb-local-1"), "chat.postMessage", args).unwrap();
    };
    post(&args);
    post(&Args::from_json(json!({"channel": CHANNEL, "text": "no card"})));
    let state = shown.state().await;
    assert_eq!((&state["messages"][0]["requestid"], &state["messages"][1]["requestid"]), (&json!("r-1"), &Value::Null));
}
