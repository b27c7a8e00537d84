use std::{collections::BTreeMap, time::Duration};

use super::*;

fn modal() -> Value {
    json!({
        "type": "modal",
        "callback_id": "deny_reason",
        "private_metadata": "r1",
        "title": {"type": "plain_text", "text": "Deny"},
        "submit": {"type": "plain_text", "text": "Deny and revert"},
        "blocks": [{
            "type": "input",
            "block_id": "reason",
            "label": {"type": "plain_text", "text": "Reason"},
            "element": {"type": "plain_text_input", "action_id": "text", "min_length": 3, "max_length": 10},
        }],
    })
}

/// Alice sees the modal; its id.
fn opened(slack: &mut Slack) -> String {
    let ts = posted(slack);
    let click = slack.click(noon(), ALICE, CHANNEL, &ts, None, "deny").unwrap();
    call(slack, "views.open", json!({"trigger_id": click.trigger_id(), "view": modal()})).unwrap();
    slack.views()[0].id.clone()
}

fn typed(text: &str) -> Typed {
    BTreeMap::from([("reason".to_owned(), BTreeMap::from([("text".to_owned(), text.to_owned())]))])
}

fn answer(body: &str) -> ViewAnswer<'_> {
    let content_type = if body.is_empty() { "text/plain" } else { "application/json" };
    ViewAnswer { status: 200, content_type, body, took: Duration::from_secs(1) }
}

#[test]
fn what_was_typed_is_sent_with_the_view_and_without_a_message() {
    let mut slack = workspace();
    let id = opened(&mut slack);
    let payload = slack.submit(noon(), ALICE, &id, &typed("no window")).unwrap().payload;
    assert_eq!(payload["type"], "view_submission");
    assert_eq!((&payload["user"]["id"], &payload["team"]["id"]), (&json!(ALICE), &json!("T0123456789")));
    assert_eq!(payload["api_app_id"], "A0123456789");
    assert_eq!((payload.get("message"), payload.get("response_url")), (None, None));
    let view = &payload["view"];
    assert_eq!(
        (&view["id"], &view["callback_id"], &view["private_metadata"]),
        (&json!(id), &json!("deny_reason"), &json!("r1"))
    );
    let values = json!({"reason": {"text": {"type": "plain_text_input", "value": "no window"}}});
    assert_eq!(view["state"]["values"], values);
}

#[test]
fn slacks_client_lets_nobody_submit_too_little_or_too_much() {
    let mut slack = workspace();
    let id = opened(&mut slack);
    let mut refused = |user: &str, typed: &Typed| slack.submit(noon(), user, &id, typed).unwrap_err().to_string();
    assert_eq!(refused(ALICE, &Typed::new()), "fill in reason first");
    assert_eq!(refused(ALICE, &typed("")), "fill in reason first");
    assert_eq!(refused(ALICE, &typed("no")), "reason takes 3 to 10 characters, and this has 2");
    assert_eq!(refused(ALICE, &typed("elevenelev€")), "reason takes 3 to 10 characters, and this has 11");
    assert_eq!(refused(BOB, &typed("no window")), format!("{BOB} sees no modal {id}"));
    let elsewhere = BTreeMap::from([("reason".to_owned(), BTreeMap::from([("other".to_owned(), "x".to_owned())]))]);
    assert_eq!(refused(ALICE, &elsewhere), "the modal has no input other in reason");
}

#[test]
fn what_may_stay_empty_is_sent_as_null() {
    let mut slack = workspace();
    let ts = posted(&mut slack);
    let click = slack.click(noon(), ALICE, CHANNEL, &ts, None, "deny").unwrap();
    let mut view = modal();
    view["blocks"][0]["optional"] = json!(true);
    call(&mut slack, "views.open", json!({"trigger_id": click.trigger_id(), "view": view})).unwrap();
    let id = slack.views()[0].id.clone();
    let payload = slack.submit(noon(), ALICE, &id, &Typed::new()).unwrap().payload;
    assert_eq!(payload["view"]["state"]["values"]["reason"]["text"]["value"], Value::Null);
}

#[test]
fn an_answer_closes_the_modal_or_leaves_it_with_errors() {
    for body in ["", "{}", r#"{"response_action":"clear"}"#] {
        let mut slack = workspace();
        let id = opened(&mut slack);
        assert_eq!(slack.settle(&id, &answer(body)), Settled::Closed, "{body}");
        assert!(slack.views().is_empty());
    }
    let mut slack = workspace();
    let id = opened(&mut slack);
    let errors = BTreeMap::from([("reason".to_owned(), "too late".to_owned())]);
    let body = json!({"response_action": "errors", "errors": errors}).to_string();
    assert_eq!(slack.settle(&id, &answer(&body)), Settled::Errors(errors.clone()));
    assert_eq!(slack.views()[0].errors, errors);
}

#[test]
fn an_answer_that_slack_does_not_understand_leaves_the_modal_as_it_is() {
    let mut slack = workspace();
    let id = opened(&mut slack);
    for body in [
        "ok",
        "[]",
        r#"{"response_action":"errors"}"#,
        r#"{"response_action":"errors","errors":{}}"#,
        r#"{"response_action":"errors","errors":{"elsewhere":"x"}}"#,
        r#"{"response_action":"dance"}"#,
    ] {
        assert_eq!(slack.settle(&id, &answer(body)), Settled::Trouble, "{body}");
    }
    let clear = r#"{"response_action":"clear"}"#;
    for odd in [
        ViewAnswer { status: 503, ..answer("") },
        ViewAnswer { took: Duration::from_secs(3), ..answer("") },
        ViewAnswer { content_type: "text/plain; charset=utf-8", ..answer(clear) },
    ] {
        assert_eq!(slack.settle(&id, &odd), Settled::Trouble, "{odd:?}");
    }
    assert_eq!((slack.views().len(), slack.views()[0].errors.len()), (1, 0));
}

#[test]
fn a_modal_that_is_dismissed_is_gone_for_its_reader_alone() {
    let mut slack = workspace();
    let id = opened(&mut slack);
    assert_eq!(slack.dismiss(BOB, &id).unwrap_err().to_string(), format!("{BOB} sees no modal {id}"));
    assert_eq!(slack.dismiss(ALICE, &id), Ok(()));
    assert!(slack.submit(noon(), ALICE, &id, &typed("no window")).is_err());
}
