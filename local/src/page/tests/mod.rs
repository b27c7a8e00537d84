//! What the page shows and does, one test a promise.

mod faults;
mod items;
mod openings;
mod requests;
mod timeline;

use std::{path::PathBuf, sync::Arc};

use chrono::Utc;
use reqwest::{RequestBuilder, StatusCode};
use serde_json::{Value, json};

use super::router;
use crate::{
    system::{
        Options, System,
        seed::{self, ACCOUNTS, BOT_TOKEN, CHANNEL},
    },
    wire::{Server, lambda::Code},
    world::slack::Args,
};

/// A system with its page. The functions' code is missing: whoever invokes them gets an error.
struct Shown {
    system: Arc<System>,
    page: Server,
    client: reqwest::Client,
}

impl Shown {
    async fn start() -> Self {
        Self::with_responder(missing()).await
    }

    async fn with_responder(responder: Code) -> Self {
        let system = System::start(Options::new(missing(), responder)).await.unwrap();
        let page = Server::start(router(Arc::clone(&system))).await.unwrap();
        Self { system, page, client: reqwest::Client::new() }
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("{}{path}", self.page.url()))
    }

    async fn state(&self) -> Value {
        self.get("/api/state").send().await.unwrap().json().await.unwrap()
    }

    async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let response = self.client.post(format!("{}{path}", self.page.url())).json(&body).send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// Somebody of the openers acts on the first account's group "web".
    async fn act(&self, path: &str, who: &str, more: Value) -> (StatusCode, Value) {
        let (account, region) = (ACCOUNTS[0].0, "eu-central-1");
        let group = self.web();
        let mut body = json!({"who": who, "account": account, "region": region, "group": group});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.post(path, body).await
    }

    /// The rules of that group, from the page's state.
    async fn rules(&self) -> Vec<Value> {
        let state = self.state().await;
        let groups = state["groups"].as_array().unwrap();
        let is_web = |group: &&Value| group["account"] == ACCOUNTS[0].0 && group["name"] == "web";
        groups.iter().find(is_web).unwrap()["rules"].as_array().unwrap().clone()
    }

    /// The id of that group.
    fn web(&self) -> String {
        seed::group_id(&self.system.world, ACCOUNTS[0].0, "eu-central-1", "web").unwrap()
    }

    /// The records of the trail.
    fn records(&self) -> Vec<Value> {
        self.system.world.trail.lock().unwrap().entries().iter().map(|entry| entry.record.clone()).collect()
    }

    fn recorded(&self) -> Vec<String> {
        let trail = self.system.world.trail.lock().unwrap();
        trail.entries().iter().map(|entry| entry.record["eventName"].as_str().unwrap().to_owned()).collect()
    }

    fn card(&self) -> String {
        let blocks = json!([{"type": "actions", "block_id": "b", "elements": [
            {"type": "button", "action_id": "deny", "value": "r-1", "text": {"type": "plain_text", "text": "Deny"}},
        ]}]);
        let args = Args::from_json(json!({"channel": CHANNEL, "text": "<script>", "blocks": blocks}));
        let mut slack = self.system.world.slack.lock().unwrap();
        let posted = slack.call(Utc::now(), Some(BOT_TOKEN), "chat.postMessage", &args).unwrap();
        posted["ts"].as_str().unwrap().to_owned()
    }
}

fn missing() -> Code {
    Code::Binary(PathBuf::from("/nowhere/function"))
}

#[tokio::test]
async fn every_file_of_the_page_is_served_with_a_policy_against_foreign_scripts() {
    let shown = Shown::start().await;
    let html = shown.get("/").send().await.unwrap().text().await.unwrap();
    let script = shown.get("/app.js").send().await.unwrap().text().await.unwrap();
    let values = html.split("=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let referred = values.filter(|value| value.starts_with('/'));
    let imported = script.split('"').filter_map(|part| part.strip_prefix('.')).filter(|part| part.ends_with(".js"));
    for path in referred.chain(imported) {
        let response = shown.get(path).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        let policy = response.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'"), "{policy}");
    }
}

#[tokio::test]
async fn what_is_opened_on_the_page_is_in_the_group_and_on_the_trail() {
    let shown = Shown::start().await;
    let open = json!({"what": "ssh-to-the-world", "description": "tmp"});
    let (status, answer) = shown.act("/api/open", "alice", open.clone()).await;
    assert_eq!(status, 200, "{answer}");

    let rules = shown.rules().await;
    let rule = rules.iter().find(|rule| rule["from_port"] == 22).unwrap();
    assert_eq!(
        (&rule["source"], &rule["world"], &rule["description"]),
        (&json!("0.0.0.0/0"), &json!(true), &json!("tmp"))
    );
    assert_eq!(shown.recorded(), ["AuthorizeSecurityGroupIngress"]);

    let (status, answer) = shown.act("/api/open", "alice", open).await;
    assert_eq!(status, 409);
    assert!(answer["error"].as_str().unwrap().starts_with("InvalidPermission.Duplicate: "), "{answer}");
}

#[tokio::test]
async fn a_rule_is_modified_and_revoked_by_hand() {
    let shown = Shown::start().await;
    let rule = shown.rules().await[0]["id"].clone();
    let modify = json!({"rule": rule, "from_port": 80, "to_port": 90, "source": "0.0.0.0/0"});
    assert_eq!(shown.act("/api/modify", "bob", modify).await.0, 200);
    let modified = &shown.rules().await[0];
    assert_eq!((&modified["id"], &modified["to_port"], &modified["world"]), (&rule, &json!(90), &json!(true)));

    assert_eq!(shown.act("/api/revoke", "iam-user", json!({ "rule": rule })).await.0, 200);
    assert_eq!(shown.rules().await, Vec::<Value>::new());
    assert_eq!(shown.recorded(), ["ModifySecurityGroupRules", "RevokeSecurityGroupIngress"]);
    let (status, answer) = shown.act("/api/revoke", "iam-user", json!({ "rule": rule })).await;
    assert_eq!(status, 409, "{answer}");
}

#[tokio::test]
async fn what_the_page_does_not_offer_is_refused_and_leaves_no_trace() {
    let shown = Shown::start().await;
    for (who, more) in [
        ("nobody", json!({"what": "ssh-to-the-world"})),
        ("alice", json!({"what": "ssh-to-the-world", "account": "000000000000"})),
        ("alice", json!({"what": "ssh-to-the-world", "region": "mars-1"})),
        ("alice", json!({"what": "everything"})),
        ("alice", json!({})),
    ] {
        let (status, answer) = shown.act("/api/open", who, more).await;
        assert!(status.is_client_error(), "{status} {answer}");
    }
    let (status, _) = shown.post("/api/fault", json!({"key": "gravity", "on": true})).await;
    assert_eq!(status, 400);
    assert_eq!(shown.recorded(), Vec::<String>::new());
}

#[tokio::test]
async fn the_state_is_sent_again_only_when_it_has_changed() {
    let shown = Shown::start().await;
    let first = shown.get("/api/state").send().await.unwrap();
    let version = first.headers()["x-version"].to_str().unwrap().to_owned();
    let again = || shown.get("/api/state").query(&[("known", &version)]).send();
    assert_eq!(again().await.unwrap().status(), 204);

    let ts = shown.card();
    let changed: Value = again().await.unwrap().json().await.unwrap();
    assert_eq!((&changed["messages"][0]["ts"], &changed["messages"][0]["is_app"]), (&json!(ts), &json!(true)));
}

#[tokio::test]
async fn a_click_that_the_responder_did_not_take_is_told() {
    let shown = Shown::start().await;
    let ts = shown.card();
    let (status, clicked) = shown.post("/api/click", json!({"user": "U0BOB000001", "ts": ts, "action": "deny"})).await;
    assert_eq!((status, &clicked["accepted"], &clicked["status"]), (StatusCode::OK, &json!(false), &json!(500)));
    let responder = &shown.state().await["functions"][1];
    assert!(responder["last_error"].as_str().unwrap().contains("could not be started"), "{responder}");

    let (status, answer) =
        shown.post("/api/click", json!({"user": "U0BOB000001", "ts": ts, "action": "approve"})).await;
    assert_eq!(status, 409);
    assert!(answer["error"].as_str().unwrap().contains("has no button approve"), "{answer}");
}

#[tokio::test]
async fn a_modal_is_shown_held_back_submitted_and_closed() {
    let shown = Shown::start().await;
    let bob = "U0BOB000001";
    let ts = shown.card();
    let view = json!({
        "type": "modal", "callback_id": "deny_reason",
        "title": {"type": "plain_text", "text": "Deny"}, "submit": {"type": "plain_text", "text": "Deny"},
        "blocks": [{
            "type": "input", "block_id": "reason", "label": {"type": "plain_text", "text": "Reason"},
            "element": {"type": "plain_text_input", "action_id": "text", "min_length": 3},
        }],
    });
    {
        let mut slack = shown.system.world.slack.lock().unwrap();
        let click = slack.click(Utc::now(), bob, CHANNEL, &ts, None, "deny").unwrap();
        let args = Args::from_json(json!({"trigger_id": click.trigger_id(), "view": view}));
        slack.call(Utc::now(), Some(BOT_TOKEN), "views.open", &args).unwrap();
    }
    let state = shown.state().await;
    let modal = &state["modals"][0];
    let id = modal["view_id"].clone();
    assert_eq!(*modal, json!({"view_id": id, "user": bob, "view": view, "errors": {}}));

    let submit = |text: &str| json!({"user": bob, "view_id": id, "values": {"reason": {"text": text}}});
    let (status, answer) = shown.post("/api/submit", submit("no")).await;
    assert_eq!(
        (status, &answer["error"]),
        (StatusCode::CONFLICT, &json!("reason takes 3 to 3000 characters, and this has 2"))
    );
    let (status, answer) = shown.post("/api/submit", submit("no window")).await;
    assert_eq!((status, &answer["accepted"], &answer["status"]), (StatusCode::OK, &json!(false), &json!(500)));
    assert_eq!((answer["took_ms"].is_u64(), &answer["errors"]), (true, &json!({})));
    assert_eq!(shown.state().await["modals"][0]["view_id"], id);

    let dismiss = json!({"user": bob, "view_id": id});
    assert_eq!(shown.post("/api/dismiss", dismiss.clone()).await, (StatusCode::OK, json!({})));
    assert_eq!(shown.state().await["modals"], json!([]));
    assert_eq!(shown.post("/api/dismiss", dismiss).await.0, StatusCode::CONFLICT);
}

#[tokio::test]
async fn another_host_and_another_origin_are_refused() {
    let shown = Shown::start().await;
    let rebound = shown.get("/api/state").header("host", "evil.example").send().await.unwrap();
    assert_eq!(rebound.status(), 403);

    let post = shown.client.post(format!("{}/api/fault", shown.page.url())).header("origin", "http://evil.example");
    let foreign = post.json(&json!({"key": "assume-denied", "on": true})).send().await.unwrap();
    assert_eq!(foreign.status(), 403);
    // A form of another page needs no leave of this server, but it cannot say that it sends JSON.
    let form =
        shown.client.post(format!("{}/api/fault", shown.page.url())).body(r#"{"key":"assume-denied","on":true}"#);
    assert_eq!(form.send().await.unwrap().status(), 415);
    assert_eq!(shown.state().await["faults"]["assume-denied"], false);
}
