use std::sync::Arc;

use serde_json::{Value, json};

use super::{AUTHORIZATION, DynamoDb, DynamoDbError, Storage};
use crate::world::{World, faults::Fault};

const TABLE: &str = include_str!("../../../../shared/table.json");

async fn send(db: &DynamoDb, operation: &str, body: Value) -> reqwest::Result<reqwest::Response> {
    reqwest::Client::new()
        .post(db.url())
        .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
        .header("content-type", "application/x-amz-json-1.0")
        .header("authorization", AUTHORIZATION)
        .header("x-amz-date", "20261120T100000Z")
        .body(body.to_string())
        .send()
        .await
}

async fn call(db: &DynamoDb, operation: &str, body: Value) -> (u16, Value) {
    let response = send(db, operation, body).await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

fn put(id: &str) -> Value {
    json!({
        "TableName": "requests", "Item": {"requestid": {"S": id}},
        "ConditionExpression": "attribute_not_exists(requestid)",
    })
}

#[tokio::test]
async fn the_table_is_made_once_and_takes_items_once() {
    let db = DynamoDb::start(&Storage::Memory, Arc::default()).await.unwrap();
    db.create_table(TABLE, "requests").await.unwrap();
    db.create_table(TABLE, "requests").await.unwrap();

    assert_eq!(call(&db, "PutItem", put("a")).await.0, 200);
    let (status, error) = call(&db, "PutItem", put("a")).await;
    assert_eq!(status, 400);
    assert!(error["__type"].as_str().unwrap().ends_with("ConditionalCheckFailedException"), "{error}");
    assert_eq!(db.items("requests").await.unwrap(), [json!({"requestid": {"S": "a"}})]);
}

#[tokio::test]
async fn a_folder_survives_a_restart_and_is_held_by_one_process() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("data");
    let storage = Storage::Folder(folder.clone());

    let db = DynamoDb::start(&storage, Arc::default()).await.unwrap();
    db.create_table(TABLE, "requests").await.unwrap();
    call(&db, "PutItem", put("a")).await;
    let second = DynamoDb::start(&storage, Arc::default()).await.unwrap_err();
    assert!(matches!(&second, DynamoDbError::InUse(named) if *named == folder), "{second}");

    db.stop().await;
    let db = DynamoDb::start(&storage, Arc::default()).await.unwrap();
    db.create_table(TABLE, "requests").await.unwrap();
    assert_eq!(db.items("requests").await.unwrap().len(), 1);
}

#[tokio::test]
async fn switches_make_calls_fail_before_or_after_their_effect() {
    let world = Arc::new(World::default());
    let db = DynamoDb::start(&Storage::Memory, Arc::clone(&world)).await.unwrap();
    db.create_table(TABLE, "requests").await.unwrap();

    world.faults.set("dynamodb", "PutItem", Fault::Throttle, Some(1));
    let (status, error) = call(&db, "PutItem", put("a")).await;
    assert_eq!(status, 400);
    assert!(error["__type"].as_str().unwrap().ends_with("#ProvisionedThroughputExceededException"));

    world.faults.set("dynamodb", "PutItem", Fault::DropBefore, Some(1));
    assert!(send(&db, "PutItem", put("b")).await.is_err());
    assert_eq!(db.items("requests").await.unwrap().len(), 0);

    world.faults.set("dynamodb", "PutItem", Fault::DropAfter, Some(1));
    assert!(send(&db, "PutItem", put("c")).await.is_err());
    assert_eq!(db.items("requests").await.unwrap(), [json!({"requestid": {"S": "c"}})]);
}

#[tokio::test]
async fn a_definition_that_is_none_is_an_error() {
    let db = DynamoDb::start(&Storage::Memory, Arc::default()).await.unwrap();
    assert!(matches!(db.create_table("nonsense", "requests").await, Err(DynamoDbError::Definition(_))));
    assert!(matches!(db.create_table("{}", "requests").await, Err(DynamoDbError::Table { .. })));
}

#[tokio::test]
async fn what_may_have_changed_an_item_is_counted_and_what_reads_is_not() {
    let db = DynamoDb::start(&Storage::Memory, Arc::default()).await.unwrap();
    db.create_table(TABLE, "requests").await.unwrap();
    assert_eq!(db.writes(), 0);
    call(&db, "PutItem", put("a")).await;
    assert_eq!(db.writes(), 1);
    call(&db, "GetItem", json!({"TableName": "requests", "Key": {"requestid": {"S": "a"}}})).await;
    call(&db, "Scan", json!({"TableName": "requests"})).await;
    db.items("requests").await.unwrap();
    assert_eq!(db.writes(), 1);
}
