//! What may call the responder, and how it is answered. Nothing that is refused reaches AWS or Slack.

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{TimeDelta, Utc};
use local::{
    system::seed::{Opener, SIGNING_SECRET},
    world::{faults::Fault, slack::sign},
};
use serde_json::{Value, json};
use tests::{BOB, Story, ssh};

const PATH: &str = "/slack/interactions";
const SERVICES: [&str; 6] = ["dynamodb", "ec2", "lake", "slack", "sts", "secretsmanager"];
const CALLS: u32 = 1_000;

/// A story in which every call to a service would be counted.
async fn counting() -> Story {
    let story = Story::begin().await;
    for service in SERVICES {
        story.fault(service, "*", Fault::Denied, Some(CALLS));
    }
    story
}

fn assert_nobody_was_called(story: &Story) {
    let left = story.system.world.faults.list();
    assert_eq!(left.len(), SERVICES.len());
    assert!(left.iter().all(|(_, _, calls)| *calls == Some(CALLS)), "{left:?}");
}

async fn send(story: &Story, method: reqwest::Method, path: &str, headers: &[(&str, String)], body: Vec<u8>) -> u16 {
    let request = reqwest::Client::new().request(method, format!("{}{path}", story.system.gateway.url())).body(body);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
    request.send().await.expect("an answer").status().as_u16()
}

fn signed(body: &[u8], age: TimeDelta, secret: &str) -> Vec<(&'static str, String)> {
    let timestamp = (Utc::now() - age).timestamp();
    vec![
        ("content-type", "application/x-www-form-urlencoded".to_owned()),
        ("x-slack-request-timestamp", timestamp.to_string()),
        ("x-slack-signature", sign(secret, timestamp, body)),
    ]
}

#[tokio::test]
async fn only_slack_may_call() {
    let story = counting().await;
    let body = b"payload=%7B%7D".to_vec();
    let now = TimeDelta::zero();
    let post = reqwest::Method::POST;
    let mut cases = vec![
        ("no headers", Vec::new()),
        ("another secret", signed(&body, now, "not-the-secret")),
        ("another body", signed(b"payload=%7B%22a%22%3A1%7D", now, SIGNING_SECRET)),
        ("six minutes old", signed(&body, TimeDelta::seconds(360), SIGNING_SECRET)),
        ("six minutes ahead", signed(&body, TimeDelta::seconds(-360), SIGNING_SECRET)),
    ];
    let mut odd = signed(&body, now, SIGNING_SECRET);
    odd[1].1 = "yesterday".to_owned();
    cases.push(("no timestamp", odd));
    for (what, headers) in cases {
        assert_eq!(send(&story, post.clone(), PATH, &headers, body.clone()).await, 401, "{what}");
    }
    story.system.idle().await;
    assert_nobody_was_called(&story);
}

#[tokio::test]
async fn what_is_signed_and_makes_no_sense_is_a_bad_request() {
    let story = counting().await;
    for body in ["", "payload=", "payload=%7B", "payload=%7B%7D", "other=1", "payload=null"] {
        let headers = signed(body.as_bytes(), TimeDelta::zero(), SIGNING_SECRET);
        let status = send(&story, reqwest::Method::POST, PATH, &headers, body.as_bytes().to_vec()).await;
        assert_eq!(status, 400, "{body:?}");
    }
    story.system.idle().await;
    assert_nobody_was_called(&story);
}

#[tokio::test]
async fn there_is_one_route_and_one_method() {
    let story = counting().await;
    let none = Vec::new;
    assert_eq!(send(&story, reqwest::Method::POST, "/", &[], none()).await, 404);
    assert_eq!(send(&story, reqwest::Method::POST, "/slack/interactions/", &[], none()).await, 404);
    assert_eq!(send(&story, reqwest::Method::GET, PATH, &[], none()).await, 405);
    let large = vec![b'a'; 1024 * 1024 + 1];
    let headers = signed(&large, TimeDelta::zero(), SIGNING_SECRET);
    assert_eq!(send(&story, reqwest::Method::POST, PATH, &headers, large).await, 413);
    story.system.idle().await;
    assert_nobody_was_called(&story);
}

/// An event of a REST API (payload format 1.0) for a click.
fn rest(headers: &[(&str, String)], body: &str, base64: bool) -> Value {
    let headers: Value = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), json!(value)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    json!({
        "resource": PATH, "path": PATH, "httpMethod": "POST", "headers": headers,
        "multiValueHeaders": {}, "queryStringParameters": null, "multiValueQueryStringParameters": null,
        "pathParameters": null, "stageVariables": null,
        "requestContext": {
            "accountId": "123456789012", "apiId": "abc", "httpMethod": "POST", "path": format!("/prod{PATH}"),
            "stage": "prod", "resourcePath": PATH, "requestId": "r", "identity": {"sourceIp": "127.0.0.1"},
            "protocol": "HTTP/1.1", "resourceId": "x",
        },
        "body": if base64 { STANDARD.encode(body) } else { body.to_owned() },
        "isBase64Encoded": base64,
    })
}

#[tokio::test]
async fn a_rest_api_in_front_works_too() {
    for base64 in [false, true] {
        let (story, web, before) = Story::with_a_card().await;
        let click = story.press(BOB, "deny").request(SIGNING_SECRET, Utc::now());
        let answer = story.system.responder.invoke(rest(&click.headers, &click.body, base64)).await.expect("an answer");
        assert_eq!(answer["statusCode"], 200, "{answer}");
        story.system.idle().await;
        assert_eq!(story.rules(&web), before);
    }
}

#[tokio::test]
async fn what_is_no_request_at_all_ends_nothing() {
    let story = counting().await;
    for event in [json!(null), json!({}), json!([1]), json!({"version": "2.0", "body": 7})] {
        let answer = story.system.responder.invoke(event).await.expect("an answer");
        assert_eq!(answer["statusCode"], 400, "{answer}");
        story.system.idle().await;
    }
    assert_eq!(story.system.responder.sandbox_count(), 1, "the same process served them all");
    assert_nobody_was_called(&story);
}

#[tokio::test]
async fn a_click_from_another_workspace_or_app_decides_nothing() {
    for (pointer, value) in [("/team/id", "T0OTHER0000"), ("/api_app_id", "A0OTHER0000")] {
        let story = Story::begin().await;
        story.open(Opener::Alice, &story.group("web"), ssh());
        story.poll().await;
        let mut click = story.press(BOB, "deny");
        if pointer == "/team/id" {
            click.payload["user"]["team_id"] = json!(value);
        }
        *click.payload.pointer_mut(pointer).expect("the field") = json!(value);
        assert_eq!(story.deliver_click(&click).await, 200);
        story.system.idle().await;
        assert_eq!(story.item().await.state(), "Pending", "{pointer}");
    }
}

#[tokio::test]
async fn where_the_app_is_installed_for_an_organization_its_id_is_the_teams() {
    let story = Story::begin().await;
    story.reconfigure("team_id = \"T0123456789\"", "team_id = \"E0123456789\"").await;
    story.open(Opener::Alice, &story.group("web"), ssh());
    story.poll().await;
    let mut click = story.press(BOB, "approve");
    click.payload["team"] = json!(null);
    click.payload["enterprise"] = json!({"id": "E0123456789", "name": "example"});
    click.payload["is_enterprise_install"] = json!(true);
    assert_eq!(story.deliver_click(&click).await, 200);
    story.system.idle().await;
    assert_eq!(story.item().await.state(), "Approved", "{:?}", story.whispers(BOB));
}

#[tokio::test]
async fn a_button_that_names_another_kind_of_item_decides_nothing() {
    let story = Story::begin().await;
    story.open(Opener::Alice, &story.group("web"), ssh());
    story.poll().await;
    for value in ["#watermark/lake", "", "no-such-request"] {
        let mut click = story.press(BOB, "deny");
        click.payload["actions"][0]["value"] = json!(value);
        let status = story.deliver_click(&click).await;
        assert!(status == 200 || status == 400, "{value:?}: {status}");
    }
    story.system.idle().await;
    assert_eq!(story.item().await.state(), "Pending");
}

#[tokio::test]
async fn while_the_table_is_away_the_person_sees_an_error_in_time_and_nothing_is_half_done() {
    for fault in [Fault::ServerError, Fault::Slow(std::time::Duration::from_secs(20))] {
        let story = Story::begin().await;
        let web = story.group("web");
        story.open(Opener::Alice, &web, ssh());
        story.poll().await;
        let opened = story.rules(&web);
        story.fault("dynamodb", "*", fault, None);
        let clicked = story.system.click(BOB, &story.card().ts, "deny").await.expect("an answer");
        assert_eq!(clicked.status, 503, "{clicked:?}");
        assert!(clicked.took < std::time::Duration::from_secs(3), "{clicked:?}");
        story.system.idle().await;
        story.no_faults();
        assert_eq!(story.rules(&web), opened);
        story.click(BOB, "deny").await;
        story.system.idle().await;
        assert_ne!(story.rules(&web), opened);
    }
}

#[tokio::test]
async fn slack_has_its_answer_before_ec2_has_begun() {
    let (story, web, before) = Story::with_a_card().await;
    let opened = story.rules(&web);
    // Longer than Slack waits: an answer that came after this would be none.
    story.fault("sts", "*", Fault::Slow(std::time::Duration::from_secs(4)), None);
    story.click(BOB, "deny").await;
    assert_eq!(story.rules(&web), opened, "the answer came first");
    story.system.idle().await;
    assert_eq!(story.rules(&web), before);
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_known_by_its_nonce() {
    let (story, web, before) = Story::with_a_card().await;
    story.fault("dynamodb", "UpdateItem", Fault::DropAfter, Some(1));
    story.fault("dynamodb", "PutItem", Fault::DropAfter, Some(1));
    story.click(BOB, "deny").await;
    story.system.idle().await;
    assert_eq!(story.rules(&web), before, "{}", story.log());
    assert!(story.whispers(BOB).is_empty(), "{:?}", story.whispers(BOB));
    assert_eq!(story.item().await.state(), "Reverted");
}
