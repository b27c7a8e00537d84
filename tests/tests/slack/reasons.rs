//! "Deny with reason…": from the click to the modal, and from the signed bytes of a submission to a `Submission`.

use std::time::Duration;

use adapters::slack::{
    Pace,
    interaction::{BadInteraction, Interaction, errors_body, parse},
};
use chrono::{DateTime, TimeDelta, Utc};
use local::world::{
    faults::Fault,
    slack::{Interaction as Sent, Settled, Typed, ViewAnswer},
};
use proptest::prelude::*;
use serde_json::{Value, json};
use shared::{
    config::ApiBaseUrl,
    domain::{
        card::Modal,
        click::{Button, Click, ReasonAsked, Submission, TriggerId},
        ids::{AppId, TeamId},
        reason::InvalidReason,
        request::CardRef,
    },
    ports::{Chat, ChatError},
};

use crate::office::{CHANNEL, Office, channel, id, post, signed, user};

const REQUEST: &str = "59dbff89-35bd-4eac-99ed-be587EXAMPLE";

/// The modal that is in the repository as an example of the layout.
fn modal() -> Modal {
    let view = serde_json::from_str(include_str!("../../../shared/tests/messages/modal_deny_reason.json"));
    Modal { view: view.expect("JSON") }
}

/// Alice clicks "Deny with reason…" on the newest message.
fn asked(office: &Office, now: DateTime<Utc>) -> ReasonAsked {
    match office.click_at(now, "deny_reason") {
        Interaction::ReasonAsked(asked) => *asked,
        other @ (Interaction::Click(_) | Interaction::Submitted(_) | Interaction::Nothing) => {
            panic!("not asked: {other:?}")
        }
    }
}

fn typed(reason: &str) -> Typed {
    [("reason".to_owned(), [("text".to_owned(), reason.to_owned())].into())].into()
}

#[tokio::test]
async fn a_click_opens_a_modal_and_what_is_written_comes_back_with_the_card() {
    let office = Office::open().await;
    let bot = office.bot().at_pace(Pace::BeforeAnswer);
    let card = post(&bot, &id(REQUEST), "Approval needed").await;
    let asked = asked(&office, Utc::now());
    let deny = Click { reply: None, ..asked.deny };
    let expected = Click {
        button: Button::Deny,
        request: id(REQUEST),
        user: user("U0ALICE"),
        user_name: "alice".to_owned(),
        team: TeamId::parse("T0123456789").ok(),
        app: AppId::parse("A0123456789").ok(),
        card: Some(card.clone()),
        watch_only: false,
        reply: None,
    };
    assert_eq!(deny, expected);
    let mut modal = modal();
    modal.view["private_metadata"] =
        json!(json!({"requestid": REQUEST, "channel": CHANNEL, "ts": card.ts}).to_string());

    bot.ask_reason(&asked.trigger, &modal).await.expect("opened");

    let opened = office.slack().views()[0].clone();
    assert_eq!((opened.user.as_str(), &opened.view), ("U0ALICE", &modal.view));
    let now = Utc::now();
    let sent = office.slack().submit(now, "U0ALICE", &opened.id, &typed("not\nnow ")).expect("submitted");
    let submitted = parse(&signed(&sent, now), &office.api(), now).expect("a submission");
    let reason = "not now".to_owned().try_into();
    assert_eq!(submitted, Interaction::Submitted(Box::new(Submission { deny: expected, reason })));

    let errors = errors_body("too late").to_string();
    let answer = ViewAnswer {
        status: 200,
        content_type: "application/json; charset=utf-8",
        body: &errors,
        took: Duration::from_millis(5),
    };
    let settled = office.slack().settle(&opened.id, &answer);
    assert_eq!(settled, Settled::Errors([("reason".to_owned(), "too late".to_owned())].into()));
}

#[tokio::test]
async fn a_trigger_opens_one_modal_and_none_after_three_seconds() {
    let office = Office::open().await;
    let bot = office.bot();
    post(&bot, &id(REQUEST), "Approval needed").await;
    let code = |opened: Result<(), ChatError>| match opened {
        Err(ChatError::Transient(code)) => code,
        other => panic!("{other:?}"),
    };
    let late = asked(&office, Utc::now() - TimeDelta::seconds(4)).trigger;
    assert_eq!(code(bot.ask_reason(&late, &modal()).await), "expired_trigger_id");
    let trigger = asked(&office, Utc::now()).trigger;
    assert_eq!(bot.ask_reason(&trigger, &modal()).await, Ok(()));
    assert_eq!(code(bot.ask_reason(&trigger, &modal()).await), "exchanged_trigger_id");
    let unknown = TriggerId::parse("1.2.x").expect("a trigger");
    assert_eq!(code(bot.ask_reason(&unknown, &modal()).await), "invalid_trigger_id");
    assert_eq!(office.slack().views().len(), 1);
}

#[tokio::test]
async fn before_the_answer_slack_has_a_second_and_a_half_to_open_it() {
    let office = Office::open().await;
    post(&office.bot(), &id(REQUEST), "Approval needed").await;
    office.world.faults.set("slack", "views.open", Fault::Slow(Duration::from_secs(60)), Some(1));
    let hurried = office.bot().at_pace(Pace::BeforeAnswer);
    let late = hurried.ask_reason(&asked(&office, Utc::now()).trigger, &modal()).await;
    assert_eq!(late, Err(ChatError::Ambiguous("no answer within 1.5s".to_owned())));
}

#[tokio::test]
async fn a_modal_beyond_slacks_limits_is_refused_and_a_webhook_opens_none() {
    let office = Office::open().await;
    let bot = office.bot();
    post(&bot, &id(REQUEST), "Approval needed").await;
    let trigger = asked(&office, Utc::now()).trigger;
    let mut long = modal();
    long.view["title"]["text"] = json!("x".repeat(25));
    assert!(matches!(bot.ask_reason(&trigger, &long).await, Err(ChatError::Refused { .. })));
    let (_, hook) = office.webhook();
    assert!(matches!(hook.ask_reason(&trigger, &modal()).await, Err(ChatError::Refused { .. })));
    assert_eq!(format!("{trigger:?}"), "TriggerId(..)");
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_190_000, 0).expect("a time")
}

/// A submission as Slack documents it.
fn payload() -> Value {
    json!({
        "type": "view_submission",
        "team": {"id": "T0123456789", "domain": "example"},
        "user": {"id": "U0ALICE", "username": "alice", "name": "alice", "team_id": "T0123456789"},
        "api_app_id": "A0123456789",
        "trigger_id": "1.2.x",
        "view": {
            "id": "V0123456789",
            "type": "modal",
            "callback_id": "deny_reason",
            "private_metadata": metadata(json!({"requestid": REQUEST, "channel": CHANNEL, "ts": "1531420618.000200"})),
            "state": {"values": {"reason": {"text": {"type": "plain_text_input", "value": "not now"}}}},
            "hash": "1.2",
        },
        "response_urls": [],
    })
}

fn metadata(value: Value) -> Value {
    json!(value.to_string())
}

/// The payload with something else at one place; `Null` takes it away.
fn with(place: &str, value: Value) -> Value {
    let mut payload = payload();
    *payload.pointer_mut(place).expect(place) = value;
    payload
}

fn read(payload: Value) -> Result<Interaction, BadInteraction> {
    let api = ApiBaseUrl::parse("https://slack.com/api").expect("a base URL");
    parse(&signed(&Sent { payload }, now()), &api, now())
}

fn submission(payload: Value) -> Submission {
    match read(payload).expect("a submission") {
        Interaction::Submitted(submission) => *submission,
        other @ (Interaction::Click(_) | Interaction::ReasonAsked(_) | Interaction::Nothing) => {
            panic!("not submitted: {other:?}")
        }
    }
}

#[test]
fn what_was_not_written_is_a_reason_of_no_characters() {
    let place = "/view/state/values/reason/text/value";
    for value in [Value::Null, json!(""), json!(" \n "), json!(7), json!({"x": 1})] {
        assert_eq!(submission(with(place, value)).reason, Err(InvalidReason { has: 0 }));
    }
    for place in ["/view/state", "/view/state/values", "/view/state/values/reason", "/view/state/values/reason/text"] {
        for value in [Value::Null, json!([]), json!("x")] {
            assert_eq!(submission(with(place, value)).reason, Err(InvalidReason { has: 0 }), "{place}");
        }
    }
    assert_eq!(submission(with(place, json!("x".repeat(501)))).reason, Err(InvalidReason { has: 501 }));
}

#[test]
fn a_submission_needs_no_address_and_no_team() {
    let card = CardRef { channel: channel(CHANNEL), ts: "1531420618.000200".to_owned() };
    assert_eq!(submission(payload()).deny.card, Some(card));
    for known in [
        json!({"requestid": REQUEST}),
        json!({"requestid": REQUEST, "channel": null, "ts": null}),
        json!({"requestid": REQUEST, "channel": CHANNEL}),
        json!({"requestid": REQUEST, "channel": CHANNEL, "ts": "yesterday"}),
        json!({"requestid": REQUEST, "ts": "1531420618.000200"}),
    ] {
        assert_eq!(submission(with("/view/private_metadata", metadata(known))).deny.card, None);
    }
    assert_eq!(submission(with("/team", Value::Null)).deny.team, None);
    assert_eq!(submission(with("/api_app_id", Value::Null)).deny.app, None);
}

#[test]
fn a_submission_that_does_not_say_what_it_is_about_is_bad() {
    for (place, value) in [
        ("/view/private_metadata", Value::Null),
        ("/view/private_metadata", json!("")),
        ("/view/private_metadata", json!(REQUEST)),
        ("/view/private_metadata", json!({"requestid": REQUEST})),
        ("/view/private_metadata", metadata(json!({}))),
        ("/view/private_metadata", metadata(json!([REQUEST]))),
        ("/view/private_metadata", metadata(json!({"requestid": "#watermark/lake"}))),
        ("/view/private_metadata", metadata(json!({"requestid": REQUEST, "channel": "#gates", "ts": "1.2"}))),
        ("/user", Value::Null),
        ("/user/id", json!("alice")),
        ("/team/id", json!("example")),
        ("/api_app_id", json!("portcullis")),
    ] {
        assert!(read(with(place, value.clone())).is_err(), "{place}: {value}");
    }
}

#[test]
fn other_modals_and_closed_ones_are_answered_and_nothing_is_done() {
    for other in [
        with("/type", json!("view_closed")),
        with("/view/callback_id", json!("of_another_version")),
        with("/view/callback_id", Value::Null),
        with("/view", Value::Null),
    ] {
        assert_eq!(read(other.clone()), Ok(Interaction::Nothing), "{other}");
    }
}

#[test]
fn a_click_without_a_trigger_is_bad() {
    let action = json!({"type": "button", "action_id": "deny_reason", "value": REQUEST});
    let click = json!({"type": "block_actions", "user": {"id": "U0ALICE"}, "actions": [action]});
    assert_eq!(read(click), Err(BadInteraction::Missing("trigger_id")));
}

/// Any JSON.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(json!("deny_reason")),
        Just(json!(REQUEST)),
        Just(json!(CHANNEL)),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..3)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

/// Every place in a payload.
fn places(value: &Value, at: String) -> Vec<String> {
    let step = |key: &str| format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
    let inner: Vec<String> = match value {
        Value::Object(map) => map.iter().flat_map(|(key, value)| places(value, step(key))).collect(),
        Value::Array(list) => {
            list.iter().enumerate().flat_map(|(n, value)| places(value, step(&n.to_string()))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    [vec![at], inner].concat()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_stands_at_any_place_a_submission_is_read_or_refused(
        place in prop::sample::select(places(&payload(), String::new())),
        value in anything(),
        in_metadata in anything(),
    ) {
        let odd_metadata = with("/view/private_metadata", metadata(in_metadata));
        for payload in [with(&place, value), odd_metadata] {
            if let Ok(Interaction::Submitted(submission)) = read(payload) {
                prop_assert_eq!(submission.deny.button, Button::Deny);
                prop_assert!(!submission.deny.request.as_str().starts_with('#'));
                if let Ok(reason) = submission.reason {
                    prop_assert!((3..=500).contains(&reason.as_str().chars().count()));
                }
            }
        }
    }
}
