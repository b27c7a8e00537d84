use super::*;

#[test]
fn a_posted_card_is_in_the_channel_and_its_ts_is_the_time_of_posting() {
    let mut slack = workspace();
    let ts = posted(&mut slack);
    assert_eq!(ts, "1795176000.000000");
    let messages = slack.messages(CHANNEL);
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].text, "Approval needed");
    assert_eq!(messages[0].blocks[2]["block_id"], "r1.1.actions");
    assert!(messages[0].blocks[0]["block_id"].is_string(), "Slack names a block that came without a name");
}

#[test]
fn two_posts_in_the_same_instant_have_two_time_stamps() {
    let mut slack = workspace();
    assert_eq!(posted(&mut slack), "1795176000.000000");
    assert_eq!(posted(&mut slack), "1795176000.000001");
}

#[test]
fn a_token_that_slack_does_not_know_or_that_lacks_a_scope_is_refused_before_anything_else() {
    let mut slack = workspace();
    let args = Args::from_json(json!({"channel": "C0NOWHERE", "text": "hello"}));
    assert_eq!(error(slack.call(noon(), None, "chat.postMessage", &args)), "not_authed");
    assert_eq!(error(slack.call(noon(), Some(""), "chat.postMessage", &args)), "not_authed");
    assert_eq!(error(slack.call(noon(), Some("xoxb-other"), "chat.postMessage", &args)), "invalid_auth");
    slack.add_bot_token("xoxb-reader", &["users:read", "channels:history"]);
    let refused = slack.call(noon(), Some("xoxb-reader"), "chat.postMessage", &args).unwrap_err();
    let body = json!({"ok": false, "error": "missing_scope", "needed": "chat:write", "provided": "channels:history,users:read"});
    assert_eq!(refused.body(), body);
    slack.revoke_token("xoxb-reader");
    assert_eq!(error(slack.call(noon(), Some("xoxb-reader"), "users.info", &args)), "token_revoked");
    assert_eq!(error(call(&mut slack, "chat.postMassage", json!({}))), "unknown_method");
}

#[test]
fn a_channel_that_the_bot_cannot_write_to_is_refused_by_the_right_name() {
    let mut slack = workspace();
    slack.add_channel("C0OLD", "old");
    slack.archive("C0OLD");
    slack.add_channel("C0OTHER", "other");
    slack.kick("C0OTHER", "U0PORTCULLIS");
    slack.add_channel("G0SECRET", "secret");
    slack.kick("G0SECRET", "U0PORTCULLIS");
    let cases = [
        ("C0NOWHERE", "channel_not_found"),
        ("C0OLD", "is_archived"),
        ("C0OTHER", "not_in_channel"),
        ("G0SECRET", "channel_not_found"),
    ];
    for (channel, expected) in cases {
        let args = json!({"channel": channel, "text": "hello"});
        assert_eq!(error(call(&mut slack, "chat.postMessage", args)), expected, "{channel}");
    }
}

#[test]
fn an_update_replaces_the_card_and_only_a_change_of_text_alone_shows_as_edited() {
    let mut slack = workspace();
    let ts = posted(&mut slack);
    let blocks = json!([{"type": "section", "text": {"type": "mrkdwn", "text": "Approved", "verbatim": true}}]);
    call(&mut slack, "chat.update", json!({"channel": CHANNEL, "ts": ts, "text": "Approved", "blocks": blocks}))
        .unwrap();
    let message = slack.message(CHANNEL, &ts).unwrap();
    assert_eq!((message.text.as_str(), message.blocks.len(), message.edited), ("Approved", 1, None));

    call(&mut slack, "chat.update", json!({"channel": CHANNEL, "ts": ts, "text": "Never mind"})).unwrap();
    let message = slack.message(CHANNEL, &ts).unwrap();
    assert!(message.blocks.is_empty(), "text without blocks takes the blocks away");
    assert!(message.edited.is_some());
    let said: Vec<&str> = message.versions.iter().map(|version| version.text.as_str()).collect();
    assert_eq!(said[1..], ["Approved", "Never mind"], "what it said before is remembered");
}

#[test]
fn a_message_remembers_what_was_posted_and_the_latest_changes() {
    let mut slack = workspace();
    let ts = posted(&mut slack);
    let first = slack.message(CHANNEL, &ts).unwrap().text.clone();
    for change in 0..100 {
        call(&mut slack, "chat.update", json!({"channel": CHANNEL, "ts": ts, "text": change.to_string()})).unwrap();
    }
    let versions = &slack.message(CHANNEL, &ts).unwrap().versions;
    let ends = [versions.first(), versions.last()].map(|version| version.unwrap().text.as_str());
    assert_eq!((versions.len(), ends), (50, [first.as_str(), "99"]));
}

#[test]
fn only_the_bots_own_messages_can_be_updated() {
    let mut slack = workspace();
    let ts = posted(&mut slack);
    let talk = slack.say(noon(), CHANNEL, ALICE, "who opened this?").to_string();
    let update = |ts: &str| json!({"channel": CHANNEL, "ts": ts, "text": "x"});
    assert_eq!(error(call(&mut slack, "chat.update", update(&talk))), "cant_update_message");
    assert_eq!(error(call(&mut slack, "chat.update", update("1795176000.999999"))), "message_not_found");
    let almost = ts.trim_end_matches('0');
    assert_ne!(almost, ts);
    assert_eq!(error(call(&mut slack, "chat.update", update(almost))), "message_not_found", "a ts is compared as text");
}

#[test]
fn a_whisper_reaches_one_member_and_no_one_outside_the_channel() {
    let mut slack = workspace();
    let whisper = |user: &str| json!({"channel": CHANNEL, "user": user, "text": "You opened this yourself."});
    call(&mut slack, "chat.postEphemeral", whisper(ALICE)).unwrap();
    assert_eq!(slack.whispers(ALICE)[0].text, "You opened this yourself.");
    assert_eq!(error(call(&mut slack, "chat.postEphemeral", whisper(BOB))), "user_not_in_channel");
    assert!(slack.whispers(BOB).is_empty());
    assert!(slack.messages(CHANNEL).is_empty(), "a whisper is not in the channel");
}

#[test]
fn a_reply_is_in_the_thread_and_not_in_the_channel() {
    let mut slack = workspace();
    let ts = posted(&mut slack);
    let reply = |parent: &str| json!({"channel": CHANNEL, "thread_ts": parent, "text": "all 500 rules"});
    let answer = call(&mut slack, "chat.postMessage", reply(&ts)).unwrap();
    assert_eq!(slack.messages(CHANNEL).len(), 1);
    assert_eq!(slack.thread(CHANNEL, &ts)[0].text, "all 500 rules");
    let to_reply = reply(answer["ts"].as_str().unwrap());
    assert_eq!(error(call(&mut slack, "chat.postMessage", to_reply)), "cannot_reply_to_message");
    assert_eq!(error(call(&mut slack, "chat.postMessage", reply("1795176000.999999"))), "thread_not_found");
}

#[test]
fn over_the_burst_a_channel_takes_one_message_a_second_and_says_when_the_next() {
    let mut slack = workspace();
    slack.enforce_rate_limit(Some(3));
    slack.add_channel("C0OTHER", "other");
    let hello = json!({"channel": CHANNEL, "text": "hello"});
    for _ in 0..3 {
        call(&mut slack, "chat.postMessage", hello.clone()).unwrap();
    }
    let refused = call(&mut slack, "chat.postMessage", hello.clone()).unwrap_err();
    assert_eq!(refused, ApiError::RateLimited { retry_after: 1 });
    call(&mut slack, "chat.postMessage", json!({"channel": "C0OTHER", "text": "hello"})).unwrap();
    call_at(&mut slack, after(1), "chat.postMessage", hello.clone()).unwrap();
    assert_eq!(error(call_at(&mut slack, after(1), "chat.postMessage", hello)), "ratelimited");
    assert_eq!(slack.messages(CHANNEL).len(), 4, "what was refused was not posted");
}

#[test]
fn an_incoming_webhook_posts_to_its_channel_and_gives_no_ts() {
    let mut slack = workspace();
    let url = slack.add_webhook(CHANNEL);
    let path = url.strip_prefix("https://hooks.slack.com").unwrap();
    let body = Args::from_json(json!({"text": "Approval needed", "blocks": card()}));
    assert_eq!(slack.webhook(noon(), path, &body), Ok(UrlReply));
    let message = slack.messages(CHANNEL)[0].clone();
    assert_eq!(message.author, Author::Webhook);
    let update = json!({"channel": CHANNEL, "ts": message.ts.to_string(), "text": "x"});
    assert_eq!(error(call(&mut slack, "chat.update", update)), "cant_update_message");

    let code = |slack: &mut Slack, path: &str, body: Value| {
        slack.webhook(noon(), path, &Args::from_json(body)).unwrap_err().code()
    };
    assert_eq!(code(&mut slack, "/services/T0/B0/other", json!({"text": "x"})), "no_service");
    assert_eq!(code(&mut slack, path, json!({})), "no_text");
    assert_eq!(code(&mut slack, path, json!({"blocks": [{"type": "poll"}]})), "invalid_blocks");
    slack.archive(CHANNEL);
    assert_eq!(code(&mut slack, path, json!({"text": "x"})), "channel_is_archived");
}
