//! Stories over HTTP, told with an ordinary client.

use std::{sync::Arc, time::Duration};

use reqwest::{Client, Response};
use serde_json::{Value, json};

use super::*;
use crate::world::faults::Fault;

const TOKEN: &str = "xoxb-of-the-tests";
const CHANNEL: &str = "C0123456789";

/// A workspace behind a port of its own.
struct Office {
    world: Arc<World>,
    origin: String,
    client: Client,
}

impl Office {
    async fn open() -> Self {
        let world = Arc::new(World::default());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        {
            let mut slack = world.slack.lock().unwrap();
            slack.hooks_origin.clone_from(&origin);
            slack.add_user("U0ALICE", "alice", Some("alice@example.com"));
            slack.add_channel(CHANNEL, "gates");
            slack.join(CHANNEL, "U0ALICE");
            slack.add_bot_token(TOKEN, &["chat:write", "channels:history", "users:read.email"]);
        }
        let routes = router(Arc::clone(&world));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { world, origin, client: Client::builder().no_proxy().build().unwrap() }
    }

    async fn try_json(&self, method: &str, body: &Value) -> reqwest::Result<Response> {
        self.client.post(format!("{}/api/{method}", self.origin)).bearer_auth(TOKEN).json(body).send().await
    }

    async fn json(&self, method: &str, body: &Value) -> Value {
        self.try_json(method, body).await.unwrap().json().await.unwrap()
    }

    async fn form(&self, method: &str, form: &[(&str, &str)]) -> Value {
        let request = self.client.post(format!("{}/api/{method}", self.origin)).bearer_auth(TOKEN).form(form);
        request.send().await.unwrap().json().await.unwrap()
    }

    fn texts(&self) -> Vec<String> {
        lock(&self.world).messages(CHANNEL).iter().map(|message| message.text.clone()).collect()
    }
}

fn hello() -> Value {
    json!({"channel": CHANNEL, "text": "hello"})
}

#[tokio::test]
async fn a_message_is_posted_as_json_or_as_a_form_with_json_in_it() {
    let office = Office::open().await;
    let answer = office.json("chat.postMessage", &hello()).await;
    assert_eq!((&answer["ok"], &answer["channel"]), (&json!(true), &json!(CHANNEL)));
    assert_eq!(answer["warning"], "missing_charset");
    let blocks = json!([{"type": "divider"}]).to_string();
    let answer = office.form("chat.postMessage", &[("channel", CHANNEL), ("blocks", &blocks), ("text", "rule")]).await;
    assert_eq!(answer["message"]["blocks"][0]["type"], "divider");
    assert_eq!(office.texts(), ["hello", "rule"]);
}

#[tokio::test]
async fn a_method_that_reads_does_not_see_json() {
    let office = Office::open().await;
    let answer = office.json("users.lookupByEmail", &json!({"email": "alice@example.com"})).await;
    assert_eq!(answer["error"], "invalid_arguments");
    assert_eq!(answer["response_metadata"]["messages"], json!(["[ERROR] missing required field: email"]));
    let answer = office.form("users.lookupByEmail", &[("email", "alice@example.com")]).await;
    assert_eq!(answer["user"]["id"], "U0ALICE");
}

#[tokio::test]
async fn an_error_is_an_http_success_that_is_not_ok() {
    let office = Office::open().await;
    let answer = office.try_json("chat.postMessage", &json!({"channel": "C0NOWHERE", "text": "x"})).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.json::<Value>().await.unwrap(), json!({"ok": false, "error": "channel_not_found"}));
    let no_token = office.client.post(format!("{}/api/auth.test", office.origin)).send().await.unwrap();
    assert_eq!(no_token.json::<Value>().await.unwrap()["error"], "not_authed");
    let url = format!("{}/api/chat.postMessage", office.origin);
    let post = |kind: &'static str, body: &'static str| {
        office.client.post(&url).bearer_auth(TOKEN).header("content-type", kind).body(body).send()
    };
    for (kind, body, expected) in [
        ("application/json", "{", "invalid_json"),
        ("application/json", "[]", "json_not_object"),
        ("text/plain", "hello", "invalid_post_type"),
    ] {
        let answer: Value = post(kind, body).await.unwrap().json().await.unwrap();
        assert_eq!(answer["error"], expected);
    }
}

#[tokio::test]
async fn over_the_rate_limit_the_answer_is_429_and_says_when_to_come_again() {
    let office = Office::open().await;
    lock(&office.world).enforce_rate_limit(Some(1));
    office.json("chat.postMessage", &hello()).await;
    let answer = office.try_json("chat.postMessage", &hello()).await.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.headers()["retry-after"]), (429, &"1".parse().unwrap()));
    assert_eq!(answer.json::<Value>().await.unwrap()["error"], "ratelimited");
}

#[tokio::test]
async fn a_call_that_is_dropped_before_or_refused_has_no_effect() {
    let office = Office::open().await;
    let faults = &office.world.faults;
    faults.set("slack", "chat.postMessage", Fault::DropBefore, Some(1));
    let failure = office.try_json("chat.postMessage", &hello()).await.unwrap_err();
    assert!(failure.is_request(), "no answer at all: {failure:?}");
    faults.set("slack", "chat.postMessage", Fault::ServerError, Some(1));
    assert_eq!(office.try_json("chat.postMessage", &hello()).await.unwrap().status(), 500);
    faults.set("slack", "*", Fault::Throttle, Some(1));
    let answer = office.try_json("chat.postMessage", &hello()).await.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.headers()["retry-after"]), (429, &"1".parse().unwrap()));
    faults.set("slack", "chat.postMessage", Fault::Denied, Some(1));
    let answer = office.json("chat.postMessage", &hello()).await;
    assert_eq!((&answer["error"], &answer["needed"]), (&json!("missing_scope"), &json!("chat:write")));
    assert!(office.texts().is_empty());
    assert_eq!(office.json("chat.postMessage", &hello()).await["ok"], true, "every switch was for one call");
}

#[tokio::test]
async fn a_call_whose_answer_is_dropped_or_late_has_had_its_effect() {
    let office = Office::open().await;
    office.world.faults.set("slack", "chat.postMessage", Fault::DropAfter, Some(1));
    let failure = office.try_json("chat.postMessage", &hello()).await.unwrap_err();
    assert!(failure.is_request(), "no answer at all: {failure:?}");
    assert_eq!(office.texts(), ["hello"]);
    office.world.faults.set("slack", "chat.postMessage", Fault::Slow(Duration::from_secs(60)), Some(1));
    let posted_again = async {
        while office.texts().len() < 2 {
            tokio::task::yield_now().await;
        }
    };
    let body = hello();
    tokio::select! {
        answer = office.try_json("chat.postMessage", &body) => panic!("the answer came before the minute was over: {answer:?}"),
        () = posted_again => {}
    }
    assert_eq!(office.texts(), ["hello", "hello"]);
}

#[tokio::test]
async fn a_webhook_answers_with_a_word() {
    let office = Office::open().await;
    let url = lock(&office.world).add_webhook(CHANNEL);
    let post = |url: String, body: Value| office.client.post(url).json(&body).send();
    let answer = post(url.clone(), json!({"text": "hello"})).await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().as_str()), (200, "ok"));
    let answer = post(format!("{url}x"), json!({"text": "hello"})).await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().as_str()), (404, "no_service"));
    let answer = post(url.clone(), json!({"blocks": [{"type": "poll"}]})).await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().as_str()), (400, "invalid_blocks"));
    let payload = office.client.post(&url).form(&[("payload", "{\"text\": \"form\"}")]).send().await.unwrap();
    assert_eq!(payload.status(), 200);
    let garbage = office.client.post(&url).body("hello").send().await.unwrap();
    assert_eq!((garbage.status().as_u16(), garbage.text().await.unwrap().as_str()), (400, "invalid_payload"));
    office.world.faults.set("slack", "webhook", Fault::Throttle, Some(1));
    assert_eq!(post(url, json!({"text": "hello"})).await.unwrap().status(), 429);
    assert_eq!(office.texts(), ["hello", "form"]);
}

#[tokio::test]
async fn the_response_url_of_a_click_leads_back_to_the_card() {
    let office = Office::open().await;
    let button =
        json!({"type": "button", "action_id": "deny", "text": {"type": "plain_text", "text": "Deny"}, "value": "r1"});
    let blocks = json!([{"type": "actions", "elements": [button]}]);
    let answer = office.json("chat.postMessage", &json!({"channel": CHANNEL, "text": "card", "blocks": blocks})).await;
    let ts = answer["ts"].as_str().unwrap();
    let click = lock(&office.world).click(Utc::now(), "U0ALICE", CHANNEL, ts, None, "deny").unwrap();
    let post = |body: Value| office.client.post(click.response_url()).json(&body).send();
    let answer = post(json!({"replace_original": true, "text": "Denied: reverting"})).await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().as_str()), (200, "ok"));
    assert_eq!(office.texts(), ["Denied: reverting"]);
    for _ in 0..4 {
        post(json!({"replace_original": true, "text": "Reverted"})).await.unwrap();
    }
    let answer = post(json!({"replace_original": true, "text": "once more"})).await.unwrap();
    assert_eq!(answer.status(), 404);
    assert_eq!(answer.json::<Value>().await.unwrap(), json!({"ok": false, "error": "used_url"}));
}
