//! CloudTrail Lake: a window by query, to its last page or not at all.

use std::time::Duration;

use adapters::lake::Lake;
use chrono::{TimeDelta, Utc};
use futures::future::join_all;
use local::{
    system::seed,
    world::{
        faults::Fault,
        lake::{DEFAULT_REGION, DEFAULT_STORE, Outcome},
    },
};
use serde_json::{Value, json};
use shared::{
    config,
    ports::{EventSource, Records, SourceError, Window},
};

use crate::support::{Cloud, at, lock, roles};

const LONG: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_window_is_read_to_its_last_page() {
    let cloud = Cloud::start().await;
    lock(&cloud.world().lake).settings.page_limit = 2;
    for minute in 0..5 {
        deliver(&cloud, "AuthorizeSecurityGroupIngress", minute);
    }
    deliver(&cloud, "RevokeSecurityGroupIngress", 5);
    deliver(&cloud, "ModifySecurityGroupRules", 6);
    deliver(&cloud, "CreateSecurityGroup", 7);
    deliver(&cloud, "AuthorizeSecurityGroupIngress", 60);

    let Records { records, bytes_scanned } = lake(&cloud).read(window(), LONG).await.expect("records");
    let mut ids: Vec<String> = records
        .iter()
        .map(|text| serde_json::from_str::<Value>(text).expect("a record")["requestID"].to_string())
        .collect();
    ids.sort();
    assert_eq!(ids, (0..7).map(|minute| format!("\"r{minute:02}\"")).collect::<Vec<_>>());
    assert!(bytes_scanned > 0);
    assert_eq!(lock(&cloud.world().lake).statements().len(), 1);
}

#[tokio::test]
async fn a_query_that_does_not_finish_gives_nothing() {
    let cloud = Cloud::start().await;
    deliver(&cloud, "AuthorizeSecurityGroupIngress", 0);
    for (outcome, name) in
        [(Outcome::Failed, "FAILED"), (Outcome::Cancelled, "CANCELLED"), (Outcome::TimedOut, "TIMED_OUT")]
    {
        lock(&cloud.world().lake).settings.outcome = outcome;
        let error = lake(&cloud).read(window(), LONG).await.expect_err(name);
        assert!(matches!(&error, SourceError::QueryEnded { status, .. } if status == name), "{error}");
    }
}

#[tokio::test]
async fn throttled_polls_and_pages_are_asked_again() {
    let cloud = Cloud::start().await;
    deliver(&cloud, "AuthorizeSecurityGroupIngress", 0);
    // More than the SDK tries by itself.
    cloud.world().faults.set("lake", "DescribeQuery", Fault::Throttle, Some(3));
    cloud.world().faults.set("lake", "GetQueryResults", Fault::Throttle, Some(3));
    assert_eq!(lake(&cloud).read(window(), LONG).await.expect("records").records.len(), 1);
}

#[tokio::test]
async fn queries_that_take_too_long_are_cancelled() {
    let cloud = Cloud::start().await;
    let lake = lake(&cloud);
    // With the role's session in hand, only the queries take time.
    lake.read(window(), LONG).await.expect("records");
    lock(&cloud.world().lake).settings.queued_polls = 10_000;
    // As many as Lake runs at once: were one of them left running, the next would be refused.
    let cut_off = join_all((0..10).map(|_| lake.read(window(), Duration::from_secs(2)))).await;
    for error in cut_off {
        let error = error.expect_err("too long");
        assert!(matches!(&error, SourceError::Unavailable { doing: "finish the query", .. }), "{error}");
    }
    lock(&cloud.world().lake).settings.queued_polls = 0;
    lake.read(window(), LONG).await.expect("records");
}

#[tokio::test]
async fn one_query_too_many_is_tried_again_at_the_next_tick() {
    let cloud = Cloud::start().await;
    let statement = {
        lake(&cloud).read(window(), LONG).await.expect("records");
        lock(&cloud.world().lake).statements()[0].clone()
    };
    lock(&cloud.world().lake).settings.queued_polls = 10_000;
    for _ in 0..10 {
        lock(&cloud.world().lake).start_query(&statement, Utc::now()).expect("a query");
    }
    let error = lake(&cloud).read(window(), LONG).await.expect_err("ten are running");
    assert_eq!(
        error,
        SourceError::Unavailable { doing: "start the query", why: "MaxConcurrentQueriesException".to_owned() }
    );
}

#[tokio::test]
async fn a_missing_role_is_told_with_what_to_look_at() {
    let cloud = Cloud::start().await;
    lock(&cloud.world().sts).remove_role("arn:aws:iam::111111111111:role/security/cloudtrail-lake-read-role");
    let error = lake(&cloud).read(window(), LONG).await.expect_err("no role").to_string();
    assert!(error.starts_with("CloudTrail Lake refused to let the read role in: AccessDenied: "), "{error}");
    assert!(error.contains("when assuming `role/security/cloudtrail-lake-read-role` in `111111111111`"), "{error}");
}

#[tokio::test]
async fn a_store_that_is_not_there_and_a_role_that_may_not_are_refused() {
    let cloud = Cloud::start().await;
    let elsewhere = config::Lake { region: "eu-central-1".parse().expect("a region"), ..store() };
    let lake = Lake::new(&cloud.sdk, &elsewhere, &roles(), &seed::ORGANIZATION.parse().expect("an account"));
    let error = lake.read(window(), LONG).await.expect_err("another region");
    let SourceError::Refused { code, hint, .. } = &error else { panic!("{error}") };
    assert_eq!(code, "EventDataStoreNotFoundException");
    assert!(hint.contains("lake.region"), "{hint}");

    cloud.world().faults.set("lake", "StartQuery", Fault::Denied, None);
    let error = self::lake(&cloud).read(window(), LONG).await.expect_err("denied");
    assert!(matches!(&error, SourceError::Refused { doing: "start the query", .. }), "{error}");
}

fn store() -> config::Lake {
    config::Lake {
        event_data_store: DEFAULT_STORE.parse().expect("an id"),
        region: DEFAULT_REGION.parse().expect("a region"),
    }
}

fn lake(cloud: &Cloud) -> Lake {
    Lake::new(&cloud.sdk, &store(), &roles(), &seed::ORGANIZATION.parse().expect("an account"))
}

fn window() -> Window {
    Window { from: at("2026-11-20T10:00:00Z"), until: at("2026-11-20T10:20:00Z") }
}

fn deliver(cloud: &Cloud, event: &str, minute: i64) {
    let time = at("2026-11-20T10:00:00Z") + TimeDelta::minutes(minute);
    let record = json!({
        "eventTime": time.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "eventSource": "ec2.amazonaws.com",
        "eventName": event,
        "requestID": format!("r{minute:02}"),
    });
    lock(&cloud.world().lake).deliver(record, time);
}
