use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::Shown;
use crate::{
    system::{
        pipelines::{REOPENINGS, REOPENS_AFTER},
        seed::{self, ACCOUNTS},
    },
    world::{
        ec2::{Call, GroupRef, Operation},
        identity::Identity,
    },
};

impl Shown {
    async fn open(&self, what: &str) -> Value {
        let (status, answer) = self.act("/api/open", "alice", json!({ "what": what })).await;
        assert_eq!(status, 200, "{what}: {answer}");
        answer
    }

    fn pipelines_run(&self, at: DateTime<Utc>) {
        self.system.pipelines.run(&self.system.world, at);
    }

    /// Somebody removes what lets in SSH.
    async fn ssh_is_taken_back(&self) {
        let rules = self.rules().await;
        let ssh = rules.iter().find(|rule| rule["from_port"] == 22).unwrap();
        assert_eq!(self.act("/api/revoke", "bob", json!({ "rule": ssh["id"] })).await.0, 200);
    }

    async fn lets_in_ssh(&self) -> bool {
        self.rules().await.iter().any(|rule| rule["from_port"] == 22)
    }
}

#[tokio::test]
async fn every_opening_of_the_list_is_one_that_ec2_takes() {
    let setup: Value = Shown::start().await.get("/api/setup").send().await.unwrap().json().await.unwrap();
    for opening in setup["openings"].as_array().unwrap() {
        let shown = Shown::start().await;
        let before = shown.rules().await;
        let answer = shown.open(opening["key"].as_str().unwrap()).await;
        assert_eq!(answer["request_id"], shown.records().last().unwrap()["requestID"], "{opening}");
        assert_ne!(shown.rules().await, before, "{opening}");
    }
}

#[tokio::test]
async fn the_setup_explains_openings_and_faults_in_sentences() {
    let setup: Value = Shown::start().await.get("/api/setup").send().await.unwrap().json().await.unwrap();
    let list = |name: &str| setup[name].as_array().unwrap().clone();
    for entry in list("openings").into_iter().chain(list("faults")) {
        let text = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
        assert!(!text("key").is_empty() && !text("title").is_empty() && text("explains").ends_with('.'), "{entry}");
    }
    let keys: Vec<Value> = list("openings").iter().map(|opening| opening["key"].clone()).collect();
    let (narrow, last) = (keys.first().unwrap(), keys.last().unwrap());
    assert_eq!((keys.len(), narrow, last), (12, &json!("ssh-to-the-world"), &json!("reopened-by-pipeline")));
    assert_eq!(setup["members"][0]["email"], "alice@example.com");
    let timing = &setup["timing"];
    assert_eq!(
        (&timing["poll_every_ms"], &timing["sweep_every_ms"], &timing["delivery_delay_ms"]),
        (&json!(600_000), &json!(60_000), &json!(0))
    );
}

#[tokio::test]
async fn a_narrow_rule_is_widened_by_a_modification() {
    let shown = Shown::start().await;
    let before = shown.rules().await;
    assert_eq!(before.len(), 1);
    shown.open("widened-by-modify").await;
    let after = shown.rules().await;
    assert_eq!((after.len(), &after[0]["id"], &after[0]["source"]), (1, &before[0]["id"], &json!("0.0.0.0/0")));
    assert_eq!(shown.recorded(), ["ModifySecurityGroupRules"]);
}

#[tokio::test]
async fn where_a_group_has_no_narrow_rule_one_is_made_past_the_trail() {
    let shown = Shown::start().await;
    for count in 1..=3 {
        shown.open("widened-by-modify").await;
        let rules = shown.rules().await;
        assert_eq!(rules.len(), count);
        assert!(rules.iter().all(|rule| rule["world"] == true), "{rules:?}");
        assert!(shown.recorded().iter().all(|name| name == "ModifySecurityGroupRules"));
    }
}

#[tokio::test]
async fn a_record_is_cut_off_and_only_that_of_a_call_that_opened_something() {
    let shown = Shown::start().await;
    shown.open("cut-off").await;
    let (status, _) = shown.act("/api/open", "alice", json!({"what": "cut-off"})).await;
    assert_eq!(status, 409, "the rule is there already");
    shown.open("ssh-to-the-world").await;

    let omitted = |record: &Value| record["requestParameters"]["omitted"] == true;
    let cut: Vec<bool> = shown.records().iter().map(omitted).collect();
    assert_eq!(cut, [true, false, false]);
    assert_eq!(shown.records()[0]["responseElements"]["omitted"], true);
}

#[tokio::test]
async fn a_pipeline_opens_its_rule_again_a_few_times_and_then_gives_up() {
    let shown = Shown::start().await;
    shown.open("reopened-by-pipeline").await;
    let terraform = Identity::infrastructure(ACCOUNTS[0].0, "run-4711").arn().unwrap();
    assert_eq!(shown.records()[0]["userIdentity"]["arn"], terraform.as_str(), "whoever is chosen on the page");

    let mut now = Utc::now();
    for reopened in 0..REOPENINGS {
        let pipeline = json!({
            "account": ACCOUNTS[0].0, "region": "eu-central-1", "group": shown.web(),
            "reopened": reopened, "left": REOPENINGS - reopened,
        });
        assert_eq!(shown.state().await["pipelines"], json!([pipeline]));
        shown.ssh_is_taken_back().await;
        shown.pipelines_run(now);
        shown.pipelines_run(now + REOPENS_AFTER - TimeDelta::milliseconds(1));
        assert!(!shown.lets_in_ssh().await, "it takes a moment to see it");
        now += REOPENS_AFTER;
        shown.pipelines_run(now);
        assert!(shown.lets_in_ssh().await);
    }
    let calls = shown.records();
    let openings = calls.iter().filter(|record| record["eventName"] == "AuthorizeSecurityGroupIngress");
    let mut ids: Vec<&Value> = openings.map(|record| &record["requestID"]).collect();
    ids.dedup();
    assert_eq!(ids.len(), 1 + usize::try_from(REOPENINGS).unwrap(), "each is a call of its own");

    shown.ssh_is_taken_back().await;
    shown.pipelines_run(now);
    shown.pipelines_run(now + TimeDelta::hours(1));
    assert!(!shown.lets_in_ssh().await, "it has given up");
    assert_eq!(shown.state().await["pipelines"][0]["left"], 0);
}

#[tokio::test]
async fn a_pipeline_that_is_stopped_opens_nothing_again() {
    let shown = Shown::start().await;
    shown.open("reopened-by-pipeline").await;
    assert_eq!(shown.post("/api/stop-pipeline", json!({})).await.0, 200);
    assert_eq!(shown.state().await["pipelines"], json!([]));
    assert!(shown.lets_in_ssh().await, "what it opened stays");

    let now = Utc::now();
    shown.ssh_is_taken_back().await;
    shown.pipelines_run(now);
    shown.pipelines_run(now + REOPENS_AFTER);
    assert!(!shown.lets_in_ssh().await);
}

#[tokio::test]
async fn a_pipeline_whose_group_is_gone_does_no_harm() {
    let shown = Shown::start().await;
    let (account, region) = (ACCOUNTS[1].0, "us-east-1");
    let group = seed::group_id(&shown.system.world, account, region, "batch").unwrap();
    let now = Utc::now();
    shown.system.pipelines.begin(&shown.system.world, account, region, &group, now).unwrap();
    let delete = Call::from(Operation::DeleteGroup { group: GroupRef::id(&group) });
    let caller = seed::Opener::Bob.caller(account, region);
    assert!(shown.system.world.ec2_call(&caller, &delete, now).result.is_ok());
    for seconds in [0, 4, 8, 12, 16] {
        shown.pipelines_run(now + TimeDelta::seconds(seconds));
    }
    let pipeline = &shown.state().await["pipelines"][0];
    assert_eq!((&pipeline["reopened"], &pipeline["left"]), (&json!(0), &json!(REOPENINGS - 2)));
}

#[tokio::test]
async fn what_is_there_already_is_not_opened_twice() {
    let shown = Shown::start().await;
    shown.open("ssh-to-the-world").await;
    let (status, answer) = shown.act("/api/open", "alice", json!({"what": "reopened-by-pipeline"})).await;
    assert_eq!(status, 409);
    assert!(answer["error"].as_str().unwrap().starts_with("InvalidPermission.Duplicate: "), "{answer}");
    assert_eq!(shown.state().await["pipelines"], json!([]), "no pipeline has begun");
}
