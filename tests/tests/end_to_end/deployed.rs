//! The functions on what the CDK app deploys: the table of its template, made as the template says, and the events that its
//! schedules send. The template is the one that infra's tests hold against what they synthesise.

use std::{fs, path::Path, time::Duration};

use local::system::seed::Opener;
use serde_json::{Map, Value, json};
use tests::{BOB, Story, ssh};

/// What of `AWS::DynamoDB::Table` is part of a CreateTable request, too.
const OF_CREATE_TABLE: [&str; 5] =
    ["TableName", "BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes"];

/// The properties of the template's resources of a type.
fn resources(of_type: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/test/snapshots/deployed.Portcullis.json");
    let template: Value = serde_json::from_str(&fs::read_to_string(path).expect("the template")).expect("JSON");
    let resources = template["Resources"].as_object().expect("resources").values();
    resources.filter(|resource| resource["Type"] == of_type).map(|resource| resource["Properties"].clone()).collect()
}

fn the_table() -> Value {
    let tables = resources("AWS::DynamoDB::Table");
    assert_eq!(tables.len(), 1, "one table");
    tables.into_iter().next().expect("one table")
}

/// What the template's schedules send to the poller.
fn ticks() -> Vec<Value> {
    resources("AWS::Events::Rule")
        .iter()
        .filter(|rule| rule["ScheduleExpression"].is_string())
        .map(|rule| serde_json::from_str(rule["Targets"][0]["Input"].as_str().expect("an input")).expect("JSON"))
        .collect()
}

#[tokio::test]
async fn an_opening_is_asked_about_and_taken_back_on_the_table_of_the_template() {
    let table = the_table();
    let request: Map<String, Value> =
        OF_CREATE_TABLE.iter().map(|name| ((*name).to_owned(), table[*name].clone())).collect();
    let story = Story::with(|options| options.table = Value::Object(request).to_string()).await;
    assert!(story.system.config.contains(&format!("table = {}", table["TableName"])), "{}", story.system.config);
    let web = story.group("web");
    let before = story.rules(&web);
    story.open(Opener::Alice, &web, ssh());
    let ticks = ticks();
    assert_eq!(ticks, [json!({"tick": "poll"}), json!({"tick": "sweep"})]);
    for tick in ticks {
        story.system.tick(tick).await.expect("a tick");
    }
    story.click(BOB, "deny").await;
    story.until_rules(&web, &before).await;
    story.system.idle().await;
    assert!(story.card().header.starts_with("Reverted"), "{:?}", story.card());
    let expires = table["TimeToLiveSpecification"]["AttributeName"].as_str().expect("an attribute");
    let item = story.item().await;
    assert!(item.0[expires]["N"].as_str().is_some_and(|at| at.parse::<u64>().is_ok()), "{expires}: {:?}", item.0);
}

#[tokio::test]
async fn the_local_run_has_the_time_outs_of_the_template() {
    let story = Story::begin().await;
    let functions = resources("AWS::Lambda::Function");
    assert_eq!(functions.len(), 2);
    for function in [&story.system.poller, &story.system.responder] {
        let spec = function.spec();
        let deployed = functions.iter().find(|deployed| deployed["FunctionName"] == spec.name.as_str());
        let deployed = deployed.unwrap_or_else(|| panic!("no function {}", spec.name));
        assert_eq!(deployed["Timeout"].as_u64().map(Duration::from_secs), Some(spec.timeout), "{}", spec.name);
        assert_eq!(deployed["Environment"], Value::Null, "config.toml lies beside the binary; nothing else is set");
    }
}
