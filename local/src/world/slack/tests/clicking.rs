use super::*;

fn deny(slack: &mut Slack, ts: &str) -> Interaction {
    slack.click(noon(), ALICE, CHANNEL, ts, None, "deny").unwrap()
}

fn path(url: &str) -> &str {
    url.strip_prefix("https://hooks.slack.com").unwrap()
}

fn respond(slack: &mut Slack, now: DateTime<Utc>, url: &str, body: Value) -> Result<UrlReply, &'static str> {
    slack.respond(now, path(url), &Args::from_json(body)).map_err(|error| error.code())
}

#[test]
fn signatures_are_those_that_slack_publishes() {
    let command = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&\
                   channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&\
                   response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F\
                   96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    assert_eq!(
        sign("8f742231b10e8888abcd99yyyzzz85a5", 1_531_420_618, command.as_bytes()),
        "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    );
    assert_eq!(
        sign("fa2c05deeef5a4077494e89f54394de0", 1_531_420_618, b"test-body"),
        "v0=baa91ef62d346e56607bbdd278a8acd570b91226854f15a382f43d33be42f666"
    );
}

#[test]
fn a_click_sends_what_the_button_said_and_where_it_was() {
    let mut slack = workspace();
    let ts = posted(&mut slack);
    let payload = deny(&mut slack, &ts).payload;
    assert_eq!(payload["type"], "block_actions");
    assert_eq!(payload["user"]["id"], ALICE);
    assert_eq!(payload["team"]["id"], "T0123456789");
    assert_eq!(payload["api_app_id"], "A0123456789");
    assert_eq!(payload["container"]["message_ts"], json!(ts));
    assert_eq!(payload["container"]["channel_id"], CHANNEL);
    assert_eq!(payload["channel"], json!({"id": CHANNEL, "name": "gates"}));
    assert_eq!(payload["message"]["blocks"][2]["block_id"], "r1.1.actions");
    let action = &payload["actions"][0];
    assert_eq!((&action["type"], &action["action_id"]), (&json!("button"), &json!("deny")));
    assert_eq!((&action["block_id"], &action["value"]), (&json!("r1.1.actions"), &json!("r1")));
    assert!(Ts::exact(action["action_ts"].as_str().unwrap()).unwrap() > Ts::exact(&ts).unwrap());
}

#[test]
fn the_request_is_a_signed_form_that_holds_the_payload() {
    let mut slack = workspace();
    let ts = posted(&mut slack);
    let click = deny(&mut slack, &ts);
    let request = click.request("secret", noon());
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(&request.body).unwrap();
    assert_eq!(pairs.len(), 1);
    assert_eq!(pairs[0].0, "payload");
    assert_eq!(serde_json::from_str::<Value>(&pairs[0].1).unwrap(), click.payload);
    let header = |name| request.headers.iter().find(|(header, _)| *header == name).unwrap().1.clone();
    assert_eq!(header("Content-Type"), "application/x-www-form-urlencoded");
    assert_eq!(header("X-Slack-Request-Timestamp"), "1795176000");
    assert_eq!(header("X-Slack-Signature"), sign("secret", 1_795_176_000, request.body.as_bytes()));
}

#[test]
fn nobody_clicks_what_is_not_there() {
    let mut slack = workspace();
    let ts = posted(&mut slack);
    let mut click = |user: &str, channel: &str, ts: &str, block, button: &str| {
        slack.click(noon(), user, channel, ts, block, button).unwrap_err().to_string()
    };
    assert_eq!(
        click(ALICE, CHANNEL, &ts, None, "retry"),
        format!("message {ts} in {CHANNEL} has no button retry; it has: approve,deny")
    );
    assert!(click(ALICE, CHANNEL, &ts, Some("r1.2.actions"), "deny").contains("has no button deny"));
    assert_eq!(click(ALICE, CHANNEL, "1.000000", None, "deny"), format!("no message 1.000000 in {CHANNEL}"));
    assert_eq!(click("U0NOBODY", CHANNEL, &ts, None, "deny"), "no user U0NOBODY in this workspace: add the user first");
    assert_eq!(click(BOB, CHANNEL, &ts, None, "deny"), format!("{BOB} is not in {CHANNEL}: let the user join first"));
    assert_eq!(click(ALICE, "C0NOWHERE", &ts, None, "deny"), "no channel C0NOWHERE");
}

#[test]
fn after_an_update_the_old_buttons_are_gone() {
    let mut slack = workspace();
    let ts = posted(&mut slack);
    call(&mut slack, "chat.update", json!({"channel": CHANNEL, "ts": ts, "text": "Denied: reverting", "blocks": []}))
        .unwrap();
    let refused = slack.click(noon(), ALICE, CHANNEL, &ts, None, "deny").unwrap_err();
    assert!(matches!(refused, ClickError::NoButton { .. }), "{refused}");
}

#[test]
fn a_response_url_replaces_the_card_five_times_and_no_more() {
    let mut slack = workspace();
    let ts = posted(&mut slack);
    let url = deny(&mut slack, &ts).response_url().to_owned();
    let refused = respond(&mut slack, noon(), &url, json!({"replace_original": true, "blocks": [{"type": "poll"}]}));
    assert_eq!(refused, Err("invalid_blocks"));
    for n in 1..=5 {
        let body = json!({"replace_original": true, "text": format!("try {n}")});
        assert_eq!(respond(&mut slack, noon(), &url, body), Ok(UrlReply));
        assert_eq!(slack.message(CHANNEL, &ts).unwrap().text, format!("try {n}"));
    }
    let body = json!({"replace_original": true, "text": "try 6"});
    assert_eq!(respond(&mut slack, noon(), &url, body), Err("used_url"));
    assert_eq!(slack.message(CHANNEL, &ts).unwrap().text, "try 5");
}

#[test]
fn a_response_url_lasts_half_an_hour() {
    let mut slack = workspace();
    let ts = posted(&mut slack);
    let url = deny(&mut slack, &ts).response_url().to_owned();
    assert_eq!(respond(&mut slack, after(1799), &url, json!({"text": "late"})), Ok(UrlReply));
    assert_eq!(respond(&mut slack, after(1800), &url, json!({"text": "too late"})), Err("expired_url"));
    assert_eq!(respond(&mut slack, noon(), &format!("{url}x"), json!({"text": "x"})), Err("invalid_url"));
}

#[test]
fn a_response_url_whispers_unless_told_to_speak_up_or_to_delete() {
    let mut slack = workspace();
    let ts = posted(&mut slack);
    let url = deny(&mut slack, &ts).response_url().to_owned();
    respond(&mut slack, noon(), &url, json!({"text": "only for you"})).unwrap();
    assert_eq!(slack.whispers(ALICE)[0].text, "only for you");
    assert_eq!(slack.messages(CHANNEL).len(), 1);
    respond(&mut slack, noon(), &url, json!({"text": "for all", "response_type": "in_channel"})).unwrap();
    assert_eq!(slack.messages(CHANNEL)[1].text, "for all");
    respond(&mut slack, noon(), &url, json!({"delete_original": true})).unwrap();
    assert!(slack.message(CHANNEL, &ts).is_none());
    assert_eq!(
        respond(&mut slack, noon(), &url, json!({"replace_original": true, "text": "x"})),
        Err("message_not_found")
    );
}

#[test]
fn a_trigger_opens_one_modal_within_three_seconds() {
    let mut slack = workspace();
    let ts = posted(&mut slack);
    let view = json!({
        "type": "modal",
        "callback_id": "deny_reason",
        "title": {"type": "plain_text", "text": "Deny"},
        "submit": {"type": "plain_text", "text": "Deny and revert"},
        "blocks": [{
            "type": "input",
            "block_id": "reason",
            "label": {"type": "plain_text", "text": "Reason"},
            "element": {"type": "plain_text_input", "action_id": "text", "multiline": true},
        }],
    });
    let click = deny(&mut slack, &ts);
    let args = json!({"trigger_id": click.trigger_id(), "view": view});
    let opened = call_at(&mut slack, after(2), "views.open", args.clone()).unwrap();
    assert_eq!((&slack.views()[0].user[..], &slack.views()[0].view), (ALICE, &view));
    assert_eq!(opened["view"]["id"], json!(slack.views()[0].id));
    assert_eq!(error(call_at(&mut slack, after(2), "views.open", args)), "exchanged_trigger_id");

    let late = json!({"trigger_id": deny(&mut slack, &ts).trigger_id(), "view": view});
    assert_eq!(error(call_at(&mut slack, after(3), "views.open", late)), "expired_trigger_id");
    let unknown = json!({"trigger_id": "1.2.3", "view": view});
    assert_eq!(error(call(&mut slack, "views.open", unknown)), "invalid_trigger_id");
}

#[test]
fn a_modal_with_an_input_needs_a_submit_button_and_short_titles() {
    let view = json!({
        "type": "modal",
        "title": {"type": "plain_text", "text": "t".repeat(25)},
        "blocks": [{"type": "input", "label": {"type": "plain_text", "text": "Reason"}, "element": {"type": "plain_text_input"}}],
    });
    let expected = [
        "must be less than 25 characters [json-pointer:/view/title/text]",
        "missing required field: submit [json-pointer:/view]",
    ];
    assert_eq!(blocks::check_view(&view), expected);
}

#[test]
fn the_lengths_of_an_input_are_within_slacks() {
    let input = |field: &str, value: Value| {
        let mut element = json!({"type": "plain_text_input", "action_id": "text"});
        element[field] = value;
        blocks::check_view(&json!({
            "type": "modal",
            "title": {"type": "plain_text", "text": "Deny"},
            "submit": {"type": "plain_text", "text": "Deny"},
            "blocks": [{"type": "input", "label": {"type": "plain_text", "text": "Reason"}, "element": element}],
        }))
    };
    for (field, least) in [("min_length", 0), ("max_length", 1)] {
        assert!(input(field, json!(least)).is_empty() && input(field, json!(3_000)).is_empty(), "{field}");
        for odd in [json!(3_001), json!(-1), json!("3"), json!(1.5)] {
            assert_eq!(input(field, odd.clone()).len(), 1, "{field}: {odd}");
        }
    }
    assert_eq!(input("initial_value", json!("x".repeat(3_001))).len(), 1);
}
