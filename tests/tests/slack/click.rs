//! From the signed bytes of a click to a `Click`.

use adapters::slack::interaction::{BadInteraction, Interaction, parse};
use chrono::{DateTime, TimeDelta, Utc};
use local::world::slack::Interaction as Sent;
use serde_json::{Value, json};
use shared::{
    config::{ApiBaseUrl, Secret},
    domain::{
        click::{Button, Click},
        ids::{AppId, TeamId},
        request::{CardRef, ReplyUrl},
    },
    slack_signature::{SignatureHeaders, verify},
};

use crate::office::{CHANNEL, Office, channel, clicked, id, post, signed, user};

const REQUEST: &str = "59dbff89-35bd-4eac-99ed-be587EXAMPLE";

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_190_000, 0).expect("a time")
}

/// A click as Slack documents it.
fn payload() -> Value {
    json!({
        "type": "block_actions",
        "user": {"id": "U0ALICE", "username": "alice", "name": "alice", "team_id": "T0123456789"},
        "api_app_id": "A0123456789",
        "container": {"type": "message", "message_ts": "1531420618.000200", "channel_id": CHANNEL},
        "trigger_id": "1.2.x",
        "team": {"id": "T0123456789", "domain": "example"},
        "channel": {"id": CHANNEL, "name": "gates"},
        "message": {"ts": "1531420618.000200"},
        "response_url": "https://hooks.slack.com/actions/T0123456789/1/hush",
        "actions": [{"type": "button", "action_id": "deny", "block_id": "b", "value": REQUEST, "action_ts": "1.2"}],
    })
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

fn click(payload: Value) -> Click {
    clicked(read(payload).expect("a click"))
}

#[tokio::test]
async fn a_click_in_the_channel_arrives_with_all_its_parts() {
    let office = Office::open().await;
    let card = post(&office.bot(), &id(REQUEST), "Approval needed").await;
    let now = Utc::now();
    for (action_id, button) in [("approve", Button::Approve), ("deny", Button::Deny)] {
        let mut click = clicked(office.click_at(now, action_id));
        let reply = click.reply.take().expect("a response_url");
        assert!(reply.url.starts_with(&office.origin));
        assert_eq!((reply.until, reply.uses_left), (now + TimeDelta::minutes(30), 5));
        let expected = Click {
            button,
            request: id(REQUEST),
            user: user("U0ALICE"),
            user_name: "alice".to_owned(),
            team: TeamId::parse("T0123456789").ok(),
            app: AppId::parse("A0123456789").ok(),
            card: Some(card.clone()),
            watch_only: false,
            reply: None,
        };
        assert_eq!(click, expected);
    }
    assert_eq!(office.click_at(now, "console"), Interaction::Nothing);
}

#[test]
fn what_a_click_can_do_without_may_be_absent() {
    let card = CardRef { channel: channel(CHANNEL), ts: "1531420618.000200".to_owned() };
    assert_eq!(click(with("/team", Value::Null)).team, None);
    assert_eq!(click(with("/api_app_id", Value::Null)).app, None);
    assert_eq!(click(with("/response_url", Value::Null)).reply, None);
    assert_eq!(click(with("/response_url", json!(""))).reply, None);
    for place in ["/channel", "/message", "/container", "/container/channel_id", "/container/message_ts"] {
        assert_eq!(click(with(place, Value::Null)).card, Some(card.clone()), "{place}");
    }
    for (place, name) in [("/user/username", "alice"), ("/user/name", "alice")] {
        assert_eq!(click(with(place, Value::Null)).user_name, name, "{place}");
    }
    assert_eq!(click(with("/user", json!({"id": "U0ALICE"}))).user_name, "U0ALICE");
}

#[test]
fn an_organization_wide_install_names_the_organization() {
    let organization = json!({"id": "E0123456789", "name": "example"});
    let mut wide = with("/team", Value::Null);
    wide["enterprise"] = organization.clone();
    assert_eq!(click(wide).team, TeamId::parse("E0123456789").ok());
    let mut in_a_workspace = payload();
    in_a_workspace["enterprise"] = organization;
    assert_eq!(click(in_a_workspace).team, TeamId::parse("T0123456789").ok());
}

#[test]
fn a_message_without_an_address_is_no_card() {
    let mut nowhere = with("/message", Value::Null);
    nowhere["container"] = json!({"type": "message", "channel_id": CHANNEL});
    assert_eq!(click(nowhere).card, None);
    let whispered = json!({"message_ts": "1531420618.000200", "channel_id": CHANNEL, "is_ephemeral": true});
    assert_eq!(click(with("/container", whispered)).card, None);
    assert_eq!(click(with("/container/message_ts", json!("yesterday"))).card, None);
}

#[test]
fn a_click_tells_whether_its_card_said_that_a_deny_removes_nothing() {
    for (block_id, watch_only) in [(json!("r1.2.watching"), true), (json!("r1.2.actions"), false), (Value::Null, false)]
    {
        assert_eq!(click(with("/actions/0/block_id", block_id.clone())).watch_only, watch_only, "{block_id}");
    }
}

#[test]
fn what_decides_nothing_is_answered_and_nothing_is_done() {
    for other in [
        with("/type", json!("view_submission")),
        with("/type", json!("view_closed")),
        with("/type", json!("shortcut")),
        with("/actions/0/action_id", json!("console")),
        with("/actions/0/action_id", json!("of_another_version")),
        with("/actions/0/action_id", Value::Null),
        with("/actions", json!([])),
    ] {
        assert_eq!(read(other.clone()), Ok(Interaction::Nothing), "{other}");
    }
}

#[test]
fn a_click_that_cannot_be_read_is_bad() {
    for (place, value) in [
        ("/actions", Value::Null),
        ("/actions", json!("deny")),
        ("/actions/0/value", Value::Null),
        ("/actions/0/value", json!("#watermark/lake")),
        ("/actions/0/value", json!("")),
        ("/actions/0/value", json!({"S": REQUEST})),
        ("/user", Value::Null),
        ("/user/id", json!("alice")),
        ("/team/id", json!("example")),
        ("/api_app_id", json!("portcullis")),
        ("/channel/id", json!("#gates")),
        ("/type", Value::Null),
    ] {
        assert!(read(with(place, value.clone())).is_err(), "{place}: {value}");
    }
}

#[test]
fn a_response_url_that_leads_elsewhere_is_not_used_and_the_click_counts() {
    for url in [
        "https://hooks.slack.com.evil.example/hush",
        "http://hooks.slack.com/hush",
        "https://user:hush@hooks.slack.com/actions/x",
        "http://169.254.169.254/hush",
        "hush",
    ] {
        let expected = Click { reply: None, ..click(payload()) };
        assert_eq!(click(with("/response_url", json!(url))), expected, "{url}");
    }
    let reply: ReplyUrl = click(payload()).reply.expect("a response_url");
    assert!(!format!("{reply:?}").contains("hush"));
}

#[test]
fn a_body_that_is_not_one_payload_is_bad() {
    let api = ApiBaseUrl::parse("https://slack.com/api").expect("a base URL");
    for body in [
        &b""[..],
        b"ssl_check=1",
        b"payload",
        b"payload=",
        b"payload={",
        b"payload=[]",
        b"payload=null",
        b"payload={}",
        b"payload={}&payload={}",
        b"{\"type\":\"block_actions\"}",
        b"\xff\xfe",
        b"payload=%ff%fe",
    ] {
        let secret = "8f742231b10e8888abcd99yyyzzz85a5";
        let timestamp = now().timestamp();
        let signature = local::world::slack::sign(secret, timestamp, body);
        let timestamp = timestamp.to_string();
        let headers = SignatureHeaders { timestamp: Some(timestamp.as_bytes()), signature: Some(signature.as_bytes()) };
        let secrets = [Secret::new(secret).expect("a secret")];
        let verified = verify(now(), headers, body.to_vec(), &secrets).expect("verified");
        assert!(parse(&verified, &api, now()).is_err(), "{}", String::from_utf8_lossy(body));
    }
}
