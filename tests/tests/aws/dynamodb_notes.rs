//! The table's other items, and the pages of its indexes.

use aws_sdk_dynamodb::types::AttributeValue;
use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Response, header},
};
use chrono::{DateTime, TimeDelta};
use futures::future::join_all;
use local::wire::Server;
use shared::{
    domain::change::{Actor, Place, RemovedRules, Revocation, RuleName},
    ports::{GroupNotes, KnownValue, RequestStore, RevertNote, Watermark},
};

use crate::support::{Cloud, TABLE, at, id, opening, rule, sdk, some_group};

#[tokio::test]
async fn a_watermark_never_moves_back() {
    let cloud = Cloud::start().await;
    let table = cloud.table();
    let mark = |until, first_from, reconciled_at| Watermark {
        until: at(until),
        first_from: at(first_from),
        reconciled_at: at(reconciled_at),
    };
    assert_eq!(table.watermark("lake").await, Ok(None));

    let first = mark("2026-11-20T10:00:00Z", "2026-11-20T09:40:00Z", "2026-11-20T10:00:00Z");
    let second = mark("2026-11-20T10:10:00Z", "2026-11-20T09:50:00Z", "2026-11-20T09:00:00Z");
    let both = mark("2026-11-20T10:10:00Z", "2026-11-20T09:40:00Z", "2026-11-20T10:00:00Z");
    for mark in [first, second, first] {
        table.set_watermark("lake", mark).await.expect("moved");
    }
    assert_eq!(table.watermark("lake").await, Ok(Some(both)));
    assert_eq!(table.watermark("other").await, Ok(None));
    assert!(cloud.item("#watermark/lake").await.get("expires_at").is_none(), "it does not expire");
}

#[tokio::test]
async fn a_watermark_that_was_set_by_hand_is_read_and_moved_on() {
    let cloud = Cloud::start().await;
    let table = cloud.table();
    let (until, later) = (at("2026-11-20T10:00:00Z"), at("2026-11-20T10:10:00Z"));
    aws_sdk_dynamodb::Client::new(&cloud.sdk)
        .put_item()
        .table_name(TABLE)
        .item("requestid", AttributeValue::S("#watermark/lake".to_owned()))
        .item("until", AttributeValue::N(until.timestamp_millis().to_string()))
        .send()
        .await
        .expect("written");

    let first_from = DateTime::UNIX_EPOCH;
    assert_eq!(table.watermark("lake").await, Ok(Some(Watermark { until, first_from, reconciled_at: until })));
    table
        .set_watermark("lake", Watermark { until: later, first_from: until, reconciled_at: until })
        .await
        .expect("moved");
    assert_eq!(table.watermark("lake").await, Ok(Some(Watermark { until: later, first_from, reconciled_at: until })));
}

#[tokio::test]
async fn of_many_pollers_the_furthest_sets_the_watermark() {
    let cloud = Cloud::start().await;
    let table = cloud.table();
    let start = at("2026-11-20T10:00:00Z");
    let moves = (0..8).map(|minute| {
        let until = start + TimeDelta::minutes(minute * 5 % 8);
        table.set_watermark("lake", Watermark { until, first_from: start, reconciled_at: start })
    });
    for moved in join_all(moves).await {
        moved.expect("moved");
    }
    let until = start + TimeDelta::minutes(7);
    assert_eq!(table.watermark("lake").await, Ok(Some(Watermark { until, first_from: start, reconciled_at: start })));
}

#[tokio::test]
async fn a_revoke_that_is_noted_twice_is_noted_once() {
    let cloud = Cloud::start().await;
    let table = cloud.table();
    assert_eq!(table.group_notes(&some_group()).await, Ok(GroupNotes::default()));

    let (early, late) = (revocation("r1", 0), revocation("r2", 5));
    for revocation in [&late, &early, &late] {
        table.note_revocation(&some_group(), revocation).await.expect("noted");
    }
    let now = at("2026-11-20T10:30:00Z");
    let (begun, answered) = (RevertNote::Begun(id("r7")), RevertNote::Answered("q1".to_owned()));
    table.note_revert(&some_group(), now, &begun).await.expect("noted");
    table.note_revert(&some_group(), now - TimeDelta::minutes(1), &answered).await.expect("noted");
    table.note_revert(&some_group(), now, &answered).await.expect("noted");

    assert_eq!(
        table.group_notes(&some_group()).await,
        Ok(GroupNotes {
            revocations: vec![early, late],
            attempted_at: Some(now),
            own_revokes: vec!["q1".to_owned()],
            reverting: vec![id("r7")],
        })
    );
    let item = cloud.item("#group/111122223333/eu-central-1/sg-0123456789abcdef0").await;
    assert_eq!(item["expires_at"]["N"], (now + TimeDelta::days(400)).timestamp().to_string());
    assert_eq!(item["revision"]["N"], "4", "what is known is not written again");
}

#[tokio::test]
async fn notes_of_several_at_once_are_all_kept_up_to_a_cap() {
    let cloud = Cloud::start().await;
    let table = cloud.table();
    let revocations: Vec<Revocation> = (0..6).map(|minute| revocation(&format!("r{minute}"), minute)).collect();
    let group = some_group();
    for noted in join_all(revocations.iter().map(|one| table.note_revocation(&group, one))).await {
        noted.expect("noted");
    }
    assert_eq!(table.group_notes(&some_group()).await.expect("notes").revocations, revocations);

    for minute in 6..105 {
        table.note_revocation(&some_group(), &revocation(&format!("r{minute}"), minute)).await.expect("noted");
    }
    let kept = table.group_notes(&some_group()).await.expect("notes").revocations;
    assert_eq!((kept.len(), kept[0].id.as_str()), (100, "r5"), "the oldest go");
}

#[tokio::test]
async fn the_values_of_a_rule_come_in_the_order_of_their_events() {
    let cloud = Cloud::start().await;
    let table = cloud.table();
    let sgr = RuleName::Id("sgr-0abc".parse().expect("a rule id"));
    let value = |minute: i64| KnownValue {
        at: at("2026-11-20T10:00:00Z") + TimeDelta::minutes(minute),
        by: id(&format!("v{minute:02}")),
        rule: rule("tcp", minute, "203.0.113.0/24"),
    };
    assert_eq!(table.known_values(&some_group(), &sgr).await, Ok(vec![]));
    for minute in [3, 1, 3] {
        table.note_value(&some_group(), &sgr, &value(minute)).await.expect("noted");
    }
    assert_eq!(table.known_values(&some_group(), &sgr).await, Ok(vec![value(1), value(3)]));

    for minute in 4..30 {
        table.note_value(&some_group(), &sgr, &value(minute)).await.expect("noted");
    }
    let kept = table.known_values(&some_group(), &sgr).await.expect("values");
    assert_eq!((kept.len(), kept.first(), kept.last()), (20, Some(&value(10)), Some(&value(29))));
}

#[tokio::test]
async fn an_index_is_read_to_its_last_page() {
    let cloud = Cloud::start().await;
    let ids: Vec<String> = (0..7).map(|number| format!("request-{number}")).collect();
    for key in &ids {
        cloud.table().insert(&opening(key, "n1"), "{}").await.expect("stored");
    }
    let narrow = Server::start(two_a_page(cloud.stand_ins.dynamodb.url())).await.expect("a port");
    let table = cloud.table_at(&sdk(&[("dynamodb", narrow.url())]).await);

    let mut due = table.due(at("2026-11-20T11:00:00Z")).await.expect("a list");
    due.sort();
    assert_eq!(due, ids.iter().map(|key| id(key)).collect::<Vec<_>>());
    assert_eq!(table.open_in(&some_group()).await.expect("a list").len(), 7);
}

/// DynamoDB ends a page at 1 MB; behind this it ends one after two items.
fn two_a_page(dynamodb: String) -> Router {
    async fn forward(State(dynamodb): State<String>, mut headers: HeaderMap, body: Bytes) -> Response<Body> {
        let mut body: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        if headers["x-amz-target"] == "DynamoDB_20120810.Query" {
            body["Limit"] = 2.into();
        }
        headers.remove(header::HOST);
        headers.remove(header::CONTENT_LENGTH);
        let answer = reqwest::Client::new().post(dynamodb).headers(headers).body(body.to_string()).send().await;
        let answer = answer.expect("an answer");
        Response::builder()
            .status(answer.status())
            .body(Body::from(answer.bytes().await.expect("a body")))
            .expect("a response")
    }
    Router::new().fallback(forward).with_state(dynamodb)
}

fn revocation(key: &str, minute: i64) -> Revocation {
    let group = some_group();
    Revocation {
        id: id(key),
        place: Place {
            account: Some(group.account),
            region: Some(group.region),
            group: Some(group.group),
            group_name: None,
        },
        at: at("2026-11-20T10:00:00Z") + TimeDelta::minutes(minute),
        actor: Actor::Root { account: None },
        issuer_arn: None,
        removed: RemovedRules::Named { rules: vec![rule("tcp", 22, "0.0.0.0/0")], ids: vec![] },
    }
}
