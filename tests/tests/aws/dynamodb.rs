//! The table: requests, their transitions, and the indexes.

use std::time::{Duration, Instant};

use adapters::aws::{Pace, paced};
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::TimeDelta;
use local::world::faults::Fault;
use shared::{
    domain::{
        change::OpenedRule,
        ids::SlackUserId,
        request::{Lease, Request, State, Verdict},
        step::{Effect, Event, step},
    },
    ports::{Commit, Inserted, RequestStore, StoreError},
};

use crate::support::{Cloud, TABLE, at, decided, group, id, opening, opening_of, rule, some_group};

const BOB: &str = "U0BOB000001";
const CAROL: &str = "U0CAROL0001";

#[tokio::test]
async fn an_opening_is_stored_once_and_read_back_as_it_was() {
    let cloud = Cloud::start().await;
    let table = cloud.table();
    let first = opening("59dbff89", "n1");

    assert_eq!(table.load(&id("59dbff89")).await, Ok(None));
    assert_eq!(table.insert(&first, r#"{"eventID":"e"}"#).await, Ok(Inserted::New));
    assert_eq!(table.insert(&opening("59dbff89", "n2"), "{}").await, Ok(Inserted::Known));

    assert_eq!(table.load(&id("59dbff89")).await, Ok(Some(first)));
    let item = cloud.item("59dbff89").await;
    assert_eq!(item["state"]["S"], "NeedsPost");
    assert_eq!(item["revision"]["N"], "1");
    assert_eq!(item["schema"]["N"], "1");
    assert_eq!(item["open_group"]["S"], "111122223333/eu-central-1/sg-0123456789abcdef0");
    assert_eq!(item["due_at"]["N"], at("2026-11-20T10:01:00Z").timestamp_millis().to_string());
    assert_eq!(item["expires_at"]["N"], (at("2026-11-20T10:01:00Z").timestamp() + 400 * 86_400).to_string());
    assert!(item["record"]["B"].is_string(), "{item}");
}

#[tokio::test]
async fn an_insert_whose_answer_was_lost_was_the_first_all_the_same() {
    let cloud = Cloud::start().await;
    cloud.world().faults.set("dynamodb", "PutItem", Fault::DropAfter, Some(1));

    assert_eq!(cloud.table().insert(&opening("59dbff89", "n1"), "{}").await, Ok(Inserted::New));
}

#[tokio::test]
async fn a_decision_whose_answer_was_lost_has_won() {
    let cloud = Cloud::start().await;
    let table = cloud.table();
    let request = opening("59dbff89", "n1");
    table.insert(&request, "{}").await.expect("stored");
    let deny = decided(&request, Verdict::Deny, BOB, "n2");

    // Both attempts of the first call are stored, or find it stored, and get no answer.
    cloud.world().faults.set("dynamodb", "UpdateItem", Fault::DropAfter, Some(2));
    let lost = table.commit(deny.clone()).await.expect_err("no answer");
    assert!(matches!(lost, StoreError::Unavailable { doing: "commit", .. }), "{lost}");

    let Ok(Commit::Won { request, effects }) = table.commit(deny).await else { panic!("it was ours") };
    assert_eq!(effects, [Effect::Revert, Effect::Update]);
    assert_eq!(table.load(&id("59dbff89")).await, Ok(Some(*request)));
}

#[tokio::test]
async fn of_two_clicks_one_decides_and_the_other_learns_who_won() {
    let cloud = Cloud::start().await;
    let table = cloud.table();
    let request = opening("59dbff89", "n1");
    table.insert(&request, "{}").await.expect("stored");

    let (bob, carol) = tokio::join!(
        table.commit(decided(&request, Verdict::Deny, BOB, "n2")),
        table.commit(decided(&request, Verdict::Approve, CAROL, "n3")),
    );
    let (winner, loser, by) = match (bob.expect("an answer"), carol.expect("an answer")) {
        (Commit::Won { request, .. }, Commit::Lost { current }) => (request, current, BOB),
        (Commit::Lost { current }, Commit::Won { request, .. }) => (request, current, CAROL),
        other => panic!("not one of them won: {other:?}"),
    };
    assert_eq!(loser.as_deref(), Some(winner.as_ref()));
    assert_eq!(winner.decision.map(|decision| decision.by), SlackUserId::parse(by).ok());
    let item = cloud.item("59dbff89").await;
    assert_eq!(item["decision"]["M"]["by"]["S"], by);
    assert_eq!(item["decision"]["M"]["reason"]["S"], "not on a Friday");
}

#[tokio::test]
async fn of_two_ticks_that_find_the_same_expired_lease_one_gets_it() {
    let cloud = Cloud::start().await;
    let table = cloud.table();
    let request = opening("59dbff89", "n1");
    table.insert(&request, "{}").await.expect("stored");
    let claim = |request: &Request, holder: &str, now| {
        let lease = Lease { holder: holder.to_owned(), until: now + TimeDelta::minutes(5) };
        step(request, Event::ClaimPost(lease), now, holder).expect("a claim")
    };
    let Ok(Commit::Won { request, .. }) = table.commit(claim(&request, "killed", at("2026-11-20T10:02:00Z"))).await
    else {
        panic!("nobody else claimed it")
    };

    // State and name stay the same: only the revision tells that somebody was there before.
    let late = at("2026-11-20T11:00:00Z");
    let Ok(Commit::Won { request: winner, .. }) = table.commit(claim(&request, "first", late)).await else {
        panic!("the lease had run out")
    };
    let second = table.commit(claim(&request, "second", late)).await;
    assert_eq!(second, Ok(Commit::Lost { current: Some(winner) }));
}

#[tokio::test]
async fn a_commit_on_an_item_that_is_gone_makes_none() {
    let cloud = Cloud::start().await;
    let approve = decided(&opening("59dbff89", "n1"), Verdict::Approve, BOB, "n2");
    assert_eq!(cloud.table().commit(approve).await, Ok(Commit::Lost { current: None }));
    assert_eq!(cloud.item("59dbff89").await, serde_json::Value::Null);
}

#[tokio::test]
async fn an_item_is_in_the_indexes_only_while_there_is_work() {
    let cloud = Cloud::start().await;
    let table = cloud.table();
    let (early, late) = (at("2026-11-20T10:00:59Z"), at("2026-11-20T11:00:00Z"));
    let request = opening("59dbff89", "n1");
    table.insert(&request, r#"{"eventID":"e"}"#).await.expect("stored");

    assert_eq!(table.due(early).await, Ok(vec![]));
    assert_eq!(table.due(late).await, Ok(vec![id("59dbff89")]));
    assert_eq!(table.open_in(&some_group()).await, Ok(vec![id("59dbff89")]));
    assert_eq!(table.open_in(&group("111122223333", "us-east-1", "sg-0123456789abcdef0")).await, Ok(vec![]));

    let Ok(Commit::Won { request, .. }) = table.commit(decided(&request, Verdict::Approve, BOB, "n2")).await else {
        panic!("nobody else decided")
    };
    assert_eq!(table.open_in(&some_group()).await, Ok(vec![]));
    assert_eq!(table.due(late).await, Ok(vec![id("59dbff89")]), "its card lags behind");

    let shown = Event::Updated {
        holder: String::new(),
        shows: request.version,
        over: request.rendered_version,
        card: None,
        lost: vec![],
        reply_used: false,
    };
    let shown = step(&request, shown, late, "n3").expect("an update");
    assert!(matches!(table.commit(shown).await, Ok(Commit::Won { .. })));
    assert_eq!(table.due(late).await, Ok(vec![]));
    let item = cloud.item("59dbff89").await;
    assert!(item.get("due_bucket").is_none() && item.get("due_at").is_none() && item.get("open_group").is_none());
    assert_eq!(item["state"]["S"], State::Approved.name());
    assert!(item["record"]["B"].is_string(), "the record stays: {item}");
}

#[tokio::test]
async fn one_bad_item_does_not_stop_the_others() {
    let cloud = Cloud::start().await;
    let table = cloud.table();
    let client = aws_sdk_dynamodb::Client::new(&cloud.sdk);
    table.insert(&opening("good", "n1"), "{}").await.expect("stored");
    table.insert(&opening("newer", "n1"), "{}").await.expect("stored");
    for (key, attribute, value) in [
        ("newer", "schema", AttributeValue::N("2".to_owned())),
        ("broken", "request", AttributeValue::S("{".to_owned())),
        ("#watermark/lake", "until", AttributeValue::S("tomorrow".to_owned())),
    ] {
        client
            .update_item()
            .table_name(TABLE)
            .key("requestid", AttributeValue::S(key.to_owned()))
            .update_expression("SET #attribute = :value, due_bucket = :due, due_at = :at")
            .expression_attribute_names("#attribute", attribute)
            .expression_attribute_values(":value", value)
            .expression_attribute_values(":due", AttributeValue::S("due".to_owned()))
            .expression_attribute_values(":at", AttributeValue::N("1".to_owned()))
            .send()
            .await
            .expect("written");
    }

    let mut due = table.due(at("2026-11-20T11:00:00Z")).await.expect("a list");
    due.sort();
    assert_eq!(due, [id("broken"), id("good"), id("newer")], "a key with # is no request");
    assert!(matches!(table.load(&id("good")).await, Ok(Some(_))));
    let newer = table.load(&id("newer")).await.expect_err("newer");
    assert_eq!(
        newer.to_string(),
        "the item newer can't be read: it is of a newer version: its schema is 2, this code knows 1. \
         It was left as it is"
    );
    let broken = table.load(&id("broken")).await.expect_err("broken");
    assert!(matches!(&broken, StoreError::Corrupt { what, .. } if what == "broken"), "{broken}");
    assert!(matches!(table.watermark("lake").await, Err(StoreError::Corrupt { .. })));
}

#[tokio::test]
async fn an_item_whose_guard_was_changed_by_hand_is_not_trusted() {
    let cloud = Cloud::start().await;
    let table = cloud.table();
    table.insert(&opening("59dbff89", "n1"), "{}").await.expect("stored");
    aws_sdk_dynamodb::Client::new(&cloud.sdk)
        .update_item()
        .table_name(TABLE)
        .key("requestid", AttributeValue::S("59dbff89".to_owned()))
        .update_expression("SET #state = :state")
        .expression_attribute_names("#state", "state")
        .expression_attribute_values(":state", AttributeValue::S("Denied".to_owned()))
        .send()
        .await
        .expect("written");

    assert!(matches!(table.load(&id("59dbff89")).await, Err(StoreError::Corrupt { .. })));
}

#[tokio::test]
async fn a_change_of_many_rules_and_a_huge_record_fit() {
    let cloud = Cloud::start().await;
    let table = cloud.table();
    let rules = (0..500).map(|port| {
        let rule = rule("tcp", port, "203.0.113.0/24");
        OpenedRule::new(rule, format!("sgr-{port:017}").parse().ok(), Some("x".repeat(255)))
    });
    let request = opening_of("many", "n1", rules.collect());
    // Text that does not compress to less than a half.
    let mut seed = 1_u64;
    let record: String = std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'!' + seed.to_be_bytes()[3] % 90)
    })
    .take(600_000)
    .collect();

    assert_eq!(table.insert(&request, &record).await, Ok(Inserted::New));
    assert_eq!(table.load(&id("many")).await, Ok(Some(request)));
    let item = cloud.item("many").await;
    assert!(item["request"]["B"].is_string(), "compressed");
    assert!(item.get("record").is_none());
    assert_eq!(item["record_sha256"]["S"].as_str().map(str::len), Some(64));
}

#[tokio::test]
async fn errors_say_whether_trying_again_makes_sense() {
    let cloud = Cloud::start().await;
    let table = cloud.table();
    let faults = &cloud.world().faults;
    for (fault, code) in
        [(Fault::Throttle, "ProvisionedThroughputExceededException"), (Fault::ServerError, "InternalServerError")]
    {
        faults.set("dynamodb", "*", fault, None);
        let error = table.load(&id("59dbff89")).await.expect_err(code);
        assert_eq!(error, StoreError::Unavailable { doing: "load", what: "59dbff89".to_owned(), why: code.to_owned() });
        assert!(matches!(table.due(at("2026-11-20T10:00:00Z")).await, Err(StoreError::Unavailable { .. })));
    }
    faults.set("dynamodb", "*", Fault::DropBefore, None);
    assert!(matches!(table.load(&id("59dbff89")).await, Err(StoreError::Unavailable { .. })));
    faults.set("dynamodb", "*", Fault::Denied, None);
    assert!(matches!(table.load(&id("59dbff89")).await, Err(StoreError::Refused { .. })));
    faults.clear_all();

    let client = aws_sdk_dynamodb::Client::new(&cloud.sdk);
    let missing = adapters::dynamodb::Table::new(client, "nowhere".to_owned(), Duration::from_secs(1));
    let error = missing.insert(&opening("59dbff89", "n1"), "{}").await.expect_err("no such table");
    assert!(matches!(&error, StoreError::Refused { why, .. } if why.contains("ResourceNotFoundException")), "{error}");
}

#[tokio::test]
async fn before_the_answer_a_slow_table_is_given_up_within_slacks_time() {
    let cloud = Cloud::start().await;
    cloud.world().faults.set("dynamodb", "*", Fault::Slow(Duration::from_secs(30)), None);
    let begin = Instant::now();
    let error = cloud.table().load(&id("59dbff89")).await.expect_err("too slow");
    assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
}

#[tokio::test]
async fn after_the_answer_a_slow_table_is_waited_for() {
    let cloud = Cloud::start().await;
    cloud.world().faults.set("dynamodb", "*", Fault::Slow(Duration::from_millis(2_000)), Some(1));
    let table = cloud.table_at(&paced(&cloud.sdk, Pace::AfterAnswer));
    assert_eq!(table.load(&id("59dbff89")).await, Ok(None));
}
