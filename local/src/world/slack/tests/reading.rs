use super::*;

fn texts(page: &Value) -> Vec<&str> {
    page["messages"].as_array().unwrap().iter().map(|message| message["text"].as_str().unwrap()).collect()
}

/// Five messages, `m0` to `m4`, ten seconds apart.
fn five() -> Slack {
    let mut slack = workspace();
    for n in 0..5 {
        let metadata = json!({"event_type": "portcullis_card", "event_payload": {"requestid": format!("r{n}")}});
        let args = json!({"channel": CHANNEL, "text": format!("m{n}"), "metadata": metadata});
        call_at(&mut slack, after(10 * n), "chat.postMessage", args).unwrap();
    }
    slack
}

#[test]
fn history_comes_newest_first_in_pages() {
    let mut slack = five();
    let first = call(&mut slack, "conversations.history", json!({"channel": CHANNEL, "limit": 2})).unwrap();
    assert_eq!((texts(&first), &first["has_more"]), (vec!["m4", "m3"], &json!(true)));
    let cursor = first["response_metadata"]["next_cursor"].clone();
    let args = json!({"channel": CHANNEL, "limit": "2", "cursor": cursor});
    let second = call(&mut slack, "conversations.history", args).unwrap();
    assert_eq!(texts(&second), ["m2", "m1"]);
    let cursor = second["response_metadata"]["next_cursor"].clone();
    let last =
        call(&mut slack, "conversations.history", json!({"channel": CHANNEL, "limit": 2, "cursor": cursor})).unwrap();
    assert_eq!((texts(&last), &last["has_more"]), (vec!["m0"], &json!(false)));
    let wrong = json!({"channel": CHANNEL, "cursor": "nonsense"});
    assert_eq!(error(call(&mut slack, "conversations.history", wrong)), "invalid_cursor");
}

#[test]
fn bounds_leave_out_the_message_they_name_unless_inclusive() {
    let mut slack = five();
    let bounds = json!({"channel": CHANNEL, "oldest": "1795176010", "latest": "1795176030.000000"});
    assert_eq!(texts(&call(&mut slack, "conversations.history", bounds).unwrap()), ["m2"]);
    let bounds = json!({"channel": CHANNEL, "oldest": "1795176010", "latest": "1795176030", "inclusive": "true"});
    assert_eq!(texts(&call(&mut slack, "conversations.history", bounds).unwrap()), ["m3", "m2", "m1"]);
    let wrong = json!({"channel": CHANNEL, "oldest": "yesterday"});
    assert_eq!(error(call(&mut slack, "conversations.history", wrong)), "invalid_ts_oldest");
}

#[test]
fn metadata_is_only_given_to_who_asks_for_all_of_it() {
    let mut slack = five();
    let page = call(&mut slack, "conversations.history", json!({"channel": CHANNEL, "limit": 1})).unwrap();
    assert!(page["messages"][0].get("metadata").is_none());
    let args = json!({"channel": CHANNEL, "limit": 1, "include_all_metadata": true});
    let page = call(&mut slack, "conversations.history", args).unwrap();
    assert_eq!(page["messages"][0]["metadata"]["event_payload"]["requestid"], "r4");
    let args = json!({"channel": CHANNEL, "text": "x", "metadata": {"event_type": "portcullis_card"}});
    assert_eq!(error(call(&mut slack, "chat.postMessage", args)), "invalid_metadata_schema");
}

#[test]
fn replies_come_after_their_parent_on_every_page() {
    let mut slack = workspace();
    let ts = posted(&mut slack);
    for n in 0..3 {
        let reply = json!({"channel": CHANNEL, "thread_ts": ts, "text": format!("r{n}")});
        call(&mut slack, "chat.postMessage", reply).unwrap();
    }
    let page = call(&mut slack, "conversations.replies", json!({"channel": CHANNEL, "ts": ts, "limit": 3})).unwrap();
    assert_eq!(texts(&page), ["Approval needed", "r0", "r1"]);
    let cursor = page["response_metadata"]["next_cursor"].clone();
    let args = json!({"channel": CHANNEL, "ts": ts, "cursor": cursor});
    let page = call(&mut slack, "conversations.replies", args).unwrap();
    assert_eq!(texts(&page), ["Approval needed", "r2"]);
    let history = call(&mut slack, "conversations.history", json!({"channel": CHANNEL})).unwrap();
    assert_eq!((texts(&history), &history["messages"][0]["reply_count"]), (vec!["Approval needed"], &json!(3)));
}

#[test]
fn people_are_found_by_mail_address_until_they_leave() {
    let mut slack = workspace();
    let alice = json!({"email": "Alice@example.com"});
    assert_eq!(call(&mut slack, "users.lookupByEmail", alice.clone()).unwrap()["user"]["id"], ALICE);
    slack.deactivate(ALICE);
    assert_eq!(error(call(&mut slack, "users.lookupByEmail", alice)), "users_not_found");
    let info = call(&mut slack, "users.info", json!({"user": ALICE})).unwrap();
    assert_eq!(
        (&info["user"]["deleted"], &info["user"]["profile"]["email"]),
        (&json!(true), &json!("alice@example.com"))
    );
    assert_eq!(error(call(&mut slack, "users.info", json!({"user": "U0NOBODY"}))), "user_not_found");
    assert_eq!(error(call(&mut slack, "users.lookupByEmail", json!({}))), "invalid_arguments");
}

#[test]
fn a_user_group_lists_its_members() {
    let mut slack = workspace();
    slack.set_user_group("S0SECURITY", &[BOB]);
    let members = call(&mut slack, "usergroups.users.list", json!({"usergroup": "S0SECURITY"})).unwrap();
    assert_eq!(members["users"], json!([BOB]));
    assert_eq!(error(call(&mut slack, "usergroups.users.list", json!({"usergroup": "S0NONE"}))), "no_such_subteam");
}
