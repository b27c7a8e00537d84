use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use chrono::Utc;
use futures::FutureExt;
use serde_json::{Value, json};

use super::Shown;
use crate::{
    system::seed::{ACCOUNTS, HUB_ACCESS_KEY, ROLE_PATH, SPOKE},
    wire::lambda::{Code, Task},
    world::sts::AssumeRole,
};

const BOB: &str = "U0BOB000001";

impl Shown {
    async fn turn(&self, key: &str, on: bool) {
        assert_eq!(self.post("/api/fault", json!({"key": key, "on": on})).await.0, 200, "{key}");
    }

    /// The keys of the faults that are on.
    async fn broken(&self) -> Vec<String> {
        let state = self.state().await;
        let faults = state["faults"].as_object().unwrap();
        faults.iter().filter(|(_, on)| **on == true).map(|(key, _)| key.clone()).collect()
    }
}

/// A responder that answers 200 to everything, and then counts that it has gone on to the work after its answer.
fn responder(went_on: Arc<AtomicUsize>) -> Code {
    let task: Task = Arc::new(move |api| respond(api, Arc::clone(&went_on)).boxed());
    Code::Task(task)
}

async fn respond(api: SocketAddr, went_on: Arc<AtomicUsize>) {
    let client = reqwest::Client::new();
    let runtime = format!("http://{api}/2018-06-01/runtime/invocation");
    loop {
        let next = client.get(format!("{runtime}/next")).send().await.unwrap();
        let id = next.headers()["lambda-runtime-aws-request-id"].to_str().unwrap().to_owned();
        client.post(format!("{runtime}/{id}/response")).json(&json!({"statusCode": 200})).send().await.unwrap();
        went_on.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn every_fault_is_on_until_it_is_turned_off() {
    let shown = Shown::start().await;
    let setup: Value = shown.get("/api/setup").send().await.unwrap().json().await.unwrap();
    let keys: Vec<&str> =
        setup["faults"].as_array().unwrap().iter().map(|fault| fault["key"].as_str().unwrap()).collect();
    assert_eq!(keys[..4], ["slack-down", "ec2-throttled", "spoke-role-missing", "killed-after-answer"]);
    for key in keys {
        shown.turn(key, true).await;
        assert_eq!(shown.broken().await, [key]);
        shown.turn(key, false).await;
        assert_eq!(shown.broken().await, Vec::<String>::new(), "{key}");
    }
    assert!(shown.system.world.faults.list().is_empty());
}

#[tokio::test]
async fn of_two_faults_of_one_service_the_last_one_counts() {
    let shown = Shown::start().await;
    shown.turn("slack-down", true).await;
    shown.turn("slack-slow", true).await;
    assert_eq!(shown.broken().await, ["slack-slow"]);
    shown.turn("slack-down", false).await;
    assert_eq!(shown.broken().await, ["slack-slow"], "that one was off already");
}

#[tokio::test]
async fn a_slack_that_is_down_answers_with_an_error() {
    let shown = Shown::start().await;
    let test = format!("{}/api/auth.test", shown.system.services.slack.url());
    let call = || shown.client.post(&test).header("authorization", "Bearer xoxb-local-1").send();
    shown.turn("slack-down", true).await;
    assert_eq!(call().await.unwrap().status(), 500);
    shown.turn("slack-down", false).await;
    assert_eq!(call().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_spoke_role_that_is_missing_gives_no_session_and_those_given_are_good_for_nothing() {
    let shown = Shown::start().await;
    let assume = || {
        let mut sts = shown.system.world.sts.lock().unwrap();
        let hub = sts.authenticate(HUB_ACCESS_KEY, None, Utc::now()).unwrap().clone();
        let call = AssumeRole {
            role_arn: format!("arn:aws:iam::{}:role{ROLE_PATH}{SPOKE}", ACCOUNTS[0].0),
            session_name: "portcullis".to_owned(),
            ..AssumeRole::default()
        };
        sts.assume_role(&hub, &call, Utc::now())
    };
    let held = assume().unwrap();
    let may = || {
        let sts = shown.system.world.sts.lock().unwrap();
        let session = sts.authenticate(&held.access_key_id, held.session_token.as_deref(), Utc::now()).unwrap();
        session.may("ec2:RevokeSecurityGroupIngress", "*")
    };
    assert!(may());

    shown.turn("spoke-role-missing", true).await;
    assert_eq!(assume().unwrap_err().code(), "AccessDenied");
    assert!(!may());

    shown.turn("spoke-role-missing", false).await;
    assert!(assume().is_ok() && may());
}

#[tokio::test]
async fn the_responder_is_killed_once_after_its_answer_and_before_anything_else() {
    let went_on = Arc::new(AtomicUsize::new(0));
    let shown = Shown::with_responder(responder(Arc::clone(&went_on))).await;
    let ts = shown.card();
    let click = json!({"user": BOB, "ts": ts, "action": "deny"});
    shown.turn("killed-after-answer", true).await;

    let (_, clicked) = shown.post("/api/click", click.clone()).await;
    assert_eq!((&clicked["accepted"], &clicked["status"]), (&json!(true), &json!(200)), "Slack has its answer");
    assert_eq!(shown.broken().await, Vec::<String>::new(), "it has happened");
    shown.system.idle().await;
    assert_eq!((went_on.load(Ordering::SeqCst), shown.system.responder.sandbox_count()), (0, 0));

    let (_, clicked) = shown.post("/api/click", click).await;
    assert_eq!(clicked["accepted"], true);
    shown.system.idle().await;
    assert_eq!((went_on.load(Ordering::SeqCst), shown.system.responder.sandbox_count()), (1, 1));
}

#[tokio::test]
async fn an_unknown_fault_is_refused() {
    let shown = Shown::start().await;
    let (status, answer) = shown.post("/api/fault", json!({"key": "gravity", "on": true})).await;
    assert_eq!((status.as_u16(), &answer["error"]), (400, &json!("gravity is no switch of this page: reload it")));
}
