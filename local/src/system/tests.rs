use std::{net::SocketAddr, sync::Arc};

use chrono::TimeDelta;
use futures::FutureExt;
use serde_json::{Value, json};

use super::{
    Options, System,
    config::{ConfigFile, Delivery, SecretsIn},
    seed::{self, ACCOUNTS, CHANNEL, Opener},
};
use crate::{
    wire::lambda::{Code, Task},
    world::{
        ec2::{Call, GroupRef, Operation, Permission, Permissions},
        slack::Args,
    },
};

/// A function that answers with what it was invoked with.
fn echo() -> Code {
    let task: Task = Arc::new(|api| run_echo(api).boxed());
    Code::Task(task)
}

async fn run_echo(api: SocketAddr) {
    let client = reqwest::Client::new();
    loop {
        let next = client.get(format!("http://{api}/2018-06-01/runtime/invocation/next")).send().await.unwrap();
        let id = next.headers()["lambda-runtime-aws-request-id"].to_str().unwrap().to_owned();
        let event: Value = next.json().await.unwrap();
        let url = format!("http://{api}/2018-06-01/runtime/invocation/{id}/response");
        client.post(url).json(&json!({"statusCode": 200, "body": event.to_string()})).send().await.unwrap();
    }
}

fn echoed(answer: &Value) -> Value {
    serde_json::from_str(answer["body"].as_str().unwrap()).unwrap()
}

async fn system() -> Arc<System> {
    System::start(Options::new(echo(), echo())).await.unwrap()
}

/// Alice opens SSH to the world in the first account's group "web".
fn open_ssh(system: &System) {
    let (account, region) = (ACCOUNTS[0].0, "eu-central-1");
    let group = seed::group_id(&system.world, account, region, "web").unwrap();
    let permissions = Permissions::Array(vec![Permission::new("tcp", 22, 22).from_ipv4("0.0.0.0/0", None)]);
    let open = Call::from(Operation::AuthorizeIngress { group: GroupRef::id(&group), permissions });
    let answer = system.world.ec2_call(&Opener::Alice.caller(account, region), &open, chrono::Utc::now());
    assert!(answer.result.is_ok());
}

#[tokio::test]
async fn an_opening_reaches_the_lake_late_and_event_bridge_once() {
    let system = System::start(Options { delivery_delay: TimeDelta::minutes(3), ..Options::new(echo(), echo()) });
    let system = system.await.unwrap();
    open_ssh(&system);

    let pushed = system.push().await.unwrap();
    assert_eq!(pushed.len(), 1, "what the seed opened is nobody's opening");
    assert_eq!(echoed(&pushed[0])["detail"]["eventName"], "AuthorizeSecurityGroupIngress");
    assert_eq!(echoed(&pushed[0])["account"], ACCOUNTS[0].0);
    assert_eq!(system.push().await.unwrap().len(), 0);

    system.world.deliver_to_lake();
    system.world.deliver_to_lake();
    let found = |at: chrono::DateTime<chrono::Utc>| {
        let mut lake = system.world.lake.lock().unwrap();
        let statement = format!(
            "SELECT eventID FROM {} WHERE eventTime > '2020-01-01 00:00:00' AND eventTime < '2100-01-01 00:00:00'",
            lake.store()
        );
        let id = lake.start_query(&statement, at).unwrap();
        (0..3).map(|_| lake.query_results(&id, None, None, at).unwrap().rows.len()).last().unwrap()
    };
    assert_eq!(found(chrono::Utc::now()), 0);
    assert_eq!(found(chrono::Utc::now() + TimeDelta::minutes(4)), 1);
    system.stop().await;
}

#[tokio::test]
async fn a_tick_invokes_the_poller_and_waits() {
    let system = system().await;
    assert_eq!(echoed(&system.tick(json!({"tick": "poll"})).await.unwrap()), json!({"tick": "poll"}));
    assert_eq!(system.items().await.unwrap(), Vec::<Value>::new());
    system.stop().await;
    assert_eq!(system.poller.sandbox_count(), 0);
}

#[tokio::test]
async fn a_click_travels_through_the_gateway_with_its_signature() {
    let system = system().await;
    let blocks = json!([{"type": "actions", "block_id": "b", "elements": [
        {"type": "button", "action_id": "deny", "value": "r-1", "text": {"type": "plain_text", "text": "Deny"}},
    ]}]);
    let ts = {
        let mut slack = system.world.slack.lock().unwrap();
        let args = Args::from_json(json!({"channel": CHANNEL, "text": "card", "blocks": blocks}));
        let posted = slack.call(chrono::Utc::now(), Some(seed::BOT_TOKEN), "chat.postMessage", &args).unwrap();
        posted["ts"].as_str().unwrap().to_owned()
    };

    let clicked = system.click("U0BOB000001", &ts, "deny").await.unwrap();
    assert!(clicked.accepted(), "{clicked:?}");
    let event: Value = serde_json::from_str(&clicked.body).unwrap();
    assert_eq!((&event["rawPath"], &event["isBase64Encoded"]), (&json!("/slack/interactions"), &json!(true)));
    assert!(event["headers"]["x-slack-signature"].as_str().unwrap().starts_with("v0="));
    assert!(system.click("U0BOB000001", &ts, "approve").await.is_err());
    system.stop().await;
}

#[tokio::test]
async fn every_path_and_method_goes_through_the_gateway() {
    let system = system().await;
    let response = reqwest::Client::new().put(format!("{}/else?x=1", system.gateway.url())).send().await.unwrap();
    let event: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    assert_eq!((&event["rawPath"], &event["requestContext"]["http"]["method"]), (&json!("/else"), &json!("PUT")));
    system.stop().await;
}

#[test]
fn the_configuration_is_one_that_portcullis_accepts() {
    let deliveries = [Delivery::Bot, Delivery::Webhook];
    let secrets = [SecretsIn::Environment, SecretsIn::SecretsManager, SecretsIn::Parameters];
    for (delivery, secrets) in deliveries.into_iter().flat_map(|delivery| secrets.map(|secrets| (delivery, secrets))) {
        let config = ConfigFile {
            delivery,
            secrets,
            external_id: Some("portcullis".to_owned()),
            people: [("alice@example.com".to_owned(), "U0ALICE0001".to_owned())].into(),
            timing: [("poll_every".to_owned(), "1m".to_owned())].into(),
            ..ConfigFile::default()
        };
        let text = config.render("http://127.0.0.1:1/api", crate::world::lake::DEFAULT_STORE, "us-east-1");
        let read = shared::config::Config::load(&text);
        assert!(read.is_ok(), "{text}\n{}", read.unwrap_err());
    }
}

fn signed(url: String, credentials: &str, service: &str) -> reqwest::RequestBuilder {
    let (key, token) = credentials.split_once(' ').unwrap_or((credentials, ""));
    let scope = format!("{key}/20261120/us-east-1/{service}/aws4_request");
    reqwest::Client::new()
        .post(url)
        .header("authorization", format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"))
        .header("x-amz-security-token", token)
}

fn element<'a>(xml: &'a str, name: &str) -> &'a str {
    xml.split_once(&format!("<{name}>")).and_then(|(_, after)| after.split_once('<')).unwrap().0
}

#[tokio::test]
async fn the_functions_role_can_assume_the_lakes_reader_and_ask_it() {
    let system = system().await;
    open_ssh(&system);
    let role = format!("arn:aws:iam::{}:role{}{}", seed::ORGANIZATION, seed::ROLE_PATH, seed::LAKE_READ);
    let form = format!("Action=AssumeRole&Version=2011-06-15&RoleSessionName=portcullis&RoleArn={role}");
    let assume = signed(system.services.sts.url(), seed::HUB_ACCESS_KEY, "sts")
        .header("content-type", "application/x-www-form-urlencoded");
    let xml = assume.body(form).send().await.unwrap().text().await.unwrap();
    let session = format!("{} {}", element(&xml, "AccessKeyId"), element(&xml, "SessionToken"));

    let call = async |operation: &str, body: Value| -> Value {
        signed(system.services.lake.url(), &session, "cloudtrail")
            .header("x-amz-target", format!("CloudTrail_20131101.{operation}"))
            .body(body.to_string())
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    };
    let statement = format!(
        "SELECT eventName FROM {} WHERE eventTime > '2020-01-01 00:00:00' AND eventTime < '2100-01-01 00:00:00'",
        crate::world::lake::DEFAULT_STORE
    );
    let query = call("StartQuery", json!({ "QueryStatement": statement })).await;
    let mut results = Value::Null;
    while results["QueryStatus"] != "FINISHED" {
        results = call("GetQueryResults", query.clone()).await;
        assert!(results["QueryStatus"].is_string(), "{results}");
    }
    assert_eq!(results["QueryResultRows"], json!([[{"eventName": "AuthorizeSecurityGroupIngress"}]]));
    system.stop().await;
}

#[test]
fn the_seed_agrees_with_the_repositorys_config() {
    let config = shared::config::Config::load(include_str!("../../../config.toml")).unwrap();
    let lake = config.lake.unwrap();
    assert_eq!(lake.event_data_store.to_string(), crate::world::lake::DEFAULT_STORE);
    assert_eq!(lake.region.to_string(), crate::world::lake::DEFAULT_REGION);
    assert_eq!(config.accounts.automation.to_string(), seed::AUTOMATION);
    assert_eq!(config.accounts.organization.to_string(), seed::ORGANIZATION);
    assert_eq!(config.slack.channel.to_string(), seed::CHANNEL);
    let roles = [config.roles.hub, config.roles.lake_read, config.roles.spoke].map(|role| role.to_string());
    assert_eq!(roles, [seed::HUB, seed::LAKE_READ, seed::SPOKE]);
    assert_eq!(config.roles.path.to_string(), seed::ROLE_PATH);
}
