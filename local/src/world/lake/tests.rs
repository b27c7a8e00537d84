use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{DEFAULT_STORE, Lake, LakeError, NullColumn, Outcome, QueryStatus, statement::Statement};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn now() -> DateTime<Utc> {
    at("2026-11-20T10:30:00Z")
}

fn opening(id: &str, time: &str) -> Value {
    json!({
        "eventID": id, "requestID": format!("request-{id}"), "eventTime": time, "eventSource": "ec2.amazonaws.com",
        "eventName": "AuthorizeSecurityGroupIngress", "awsRegion": "eu-central-1", "recipientAccountId": "111122223333",
    })
}

fn statement(condition: &str) -> String {
    format!(
        "SELECT eventID FROM {DEFAULT_STORE} WHERE eventTime >= '2026-11-20 10:00:00' \
         AND eventTime < '2026-11-20 11:00:00'{condition}"
    )
}

/// Asks until the query has ended, then reads every page.
fn rows(lake: &mut Lake, statement: &str) -> Vec<Value> {
    let id = lake.start_query(statement, now()).unwrap();
    while lake.describe_query(&id, now()).unwrap().status != QueryStatus::Finished {}
    let mut rows = Vec::new();
    let mut token = None;
    loop {
        let page = lake.query_results(&id, Some(1_000), token.as_deref(), now()).unwrap();
        rows.extend(page.rows);
        token = page.next_token;
        if token.is_none() {
            return rows;
        }
    }
}

fn refusal(statement: &str) -> LakeError {
    Lake::default().start_query(statement, now()).unwrap_err()
}

#[test]
fn what_a_careful_client_writes_is_read() {
    for condition in [
        "",
        " AND eventSource = 'ec2.amazonaws.com'",
        " AND eventName IN ('AuthorizeSecurityGroupIngress', 'ModifySecurityGroupRules')",
        " AND eventName NOT IN ('RunInstances')",
        " and (errorCode is null OR errorCode = 'Client.DryRunOperation')",
        " AND errorCode IS NOT NULL",
        " AND eventTime > '2026-11-20 10:00:00.250'",
        " AND requestID <> 'it''s'",
        " ORDER BY eventTime, eventID DESC",
        "\n  AND awsRegion='eu-central-1'\n",
    ] {
        let statement = statement(condition);
        assert!(Statement::parse(&statement).is_ok(), "{statement}: {:?}", Statement::parse(&statement));
    }
}

#[test]
fn anything_else_is_refused() {
    let bounds = "eventTime >= '2026-11-20 10:00:00' AND eventTime < '2026-11-20 11:00:00'";
    for bad in [
        String::new(),
        format!("SELECT * FROM {DEFAULT_STORE} WHERE {bounds}"),
        format!("SELECT eventid FROM {DEFAULT_STORE} WHERE {bounds}"),
        format!("SELECT requestParameters FROM {DEFAULT_STORE} WHERE {bounds}"),
        format!("SELECT eventID FROM '{DEFAULT_STORE}' WHERE {bounds}"),
        format!("SELECT eventID FROM \"{DEFAULT_STORE}\" WHERE {bounds}"),
        format!("SELECT eventID FROM not-a-store WHERE {bounds}"),
        format!("SELECT eventID FROM {DEFAULT_STORE}"),
        format!("SELECT eventID FROM {DEFAULT_STORE} WHERE {bounds};"),
        format!("SELECT eventID FROM {DEFAULT_STORE} WHERE {bounds} -- all of them"),
        format!("SELECT eventID FROM {DEFAULT_STORE} WHERE {bounds} LIMIT 5"),
        format!("SELECT eventID, FROM {DEFAULT_STORE} WHERE {bounds}"),
        format!("DELETE FROM {DEFAULT_STORE} WHERE {bounds}"),
        statement(" AND eventName LIKE 'Authorize%'"),
        statement(" AND eventName = Authorize"),
        statement(" AND eventName = 'Authorize"),
        statement(" AND (eventName = 'x'"),
        statement(" AND eventName IN ()"),
        statement(" AND eventJson = '{}'"),
        statement(" AND eventTime < '2026-11-20T10:00:00Z'"),
        statement(" AND eventTime < '2026-11-20'"),
        statement(" AND eventTime < '2026-02-30 10:00:00'"),
        statement(" AND eventTime < timestamp '2026-11-20 10:00:00'"),
    ] {
        assert!(matches!(refusal(&bad), LakeError::InvalidQueryStatement(_)), "{bad}");
    }
}

#[test]
fn event_time_must_be_bounded_on_both_sides() {
    let query = |condition: &str| format!("SELECT eventID FROM {DEFAULT_STORE} WHERE {condition}");
    for open in [
        "eventName = 'x'",
        "eventTime >= '2026-11-20 10:00:00'",
        "eventTime < '2026-11-20 10:00:00' AND eventName = 'x'",
        "eventTime > '2026-11-20 10:00:00' AND (eventTime < '2026-11-20 11:00:00' OR eventName = 'x')",
    ] {
        assert!(matches!(refusal(&query(open)), LakeError::InvalidQueryStatement(_)), "{open}");
    }
    let in_two_parts = "(eventTime >= '2026-11-20 10:00:00' AND eventTime < '2026-11-20 10:10:00') \
                        OR (eventTime >= '2026-11-20 10:20:00' AND eventTime < '2026-11-20 10:30:00')";
    assert!(Statement::parse(&query(in_two_parts)).is_ok());
}

#[test]
fn a_long_statement_and_another_store_are_refused() {
    let long = statement(&format!(" AND eventName = '{}'", "x".repeat(10_000)));
    assert!(matches!(refusal(&long), LakeError::InvalidQueryStatement(_)));

    let other = statement("").replace(DEFAULT_STORE, "00000000-1111-2222-3333-444444444444");
    assert_eq!(refusal(&other).code(), "EventDataStoreNotFoundException");
}

#[test]
fn bounds_are_exact_and_conditions_hold() {
    let mut lake = Lake::default();
    for (id, time) in [
        ("before", "2026-11-20T09:59:59Z"),
        ("first", "2026-11-20T10:00:00Z"),
        ("last", "2026-11-20T10:59:59Z"),
        ("end", "2026-11-20T11:00:00Z"),
    ] {
        lake.deliver(opening(id, time), now());
    }
    let mut failed = opening("failed", "2026-11-20T10:05:00Z");
    failed["errorCode"] = json!("Client.DryRunOperation");
    lake.deliver(failed, now());
    let mut null = opening("null", "2026-11-20T10:06:00Z");
    null["errorCode"] = Value::Null;
    lake.deliver(null, now());

    let ids = |lake: &mut Lake, condition: &str| -> Vec<String> {
        rows(lake, &statement(condition)).iter().map(|row| row[0]["eventID"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&mut lake, " ORDER BY eventTime"), ["first", "failed", "null", "last"]);
    assert_eq!(ids(&mut lake, " ORDER BY eventTime DESC"), ["last", "null", "failed", "first"]);
    assert_eq!(ids(&mut lake, " AND errorCode IS NULL ORDER BY eventTime"), ["first", "null", "last"]);
    assert_eq!(ids(&mut lake, " AND errorCode = 'Client.DryRunOperation'"), ["failed"]);
    assert_eq!(ids(&mut lake, " AND errorCode <> 'x'"), ["failed"], "a null is neither equal nor unequal");
    assert_eq!(ids(&mut lake, " AND eventName = 'RunInstances'"), [""; 0]);
}

#[test]
fn a_late_record_is_seen_by_a_later_query_of_the_same_window() {
    let mut lake = Lake::default();
    lake.settings.delivery_delay = TimeDelta::minutes(5);
    lake.record(opening("late", "2026-11-20T10:28:00Z"), at("2026-11-20T10:28:00Z"));

    let early = lake.start_query(&statement(""), now()).unwrap();
    let later = lake.start_query(&statement(""), at("2026-11-20T10:33:00Z")).unwrap();
    for _ in 0..2 {
        lake.describe_query(&early, now()).unwrap();
        lake.describe_query(&later, now()).unwrap();
    }
    assert_eq!(lake.query_results(&early, None, None, now()).unwrap().rows, Vec::<Value>::new());
    assert_eq!(lake.query_results(&later, None, None, now()).unwrap().rows, [json!([{"eventID": "late"}])]);
}

#[test]
fn rows_are_lists_of_one_entry_maps_of_texts() {
    let mut lake = Lake::default();
    lake.deliver(opening("a", "2026-11-20T10:05:00Z"), now());
    let wanted = statement("").replace("SELECT eventID", "SELECT eventTime, errorCode, eventJson");

    let text = opening("a", "2026-11-20T10:05:00Z").to_string();
    assert_eq!(rows(&mut lake, &wanted), [json!([{"eventTime": "2026-11-20 10:05:00.000"}, {"eventJson": text}])]);

    lake.settings.null_column = NullColumn::Empty;
    let text = opening("a", "2026-11-20T10:05:00Z").to_string();
    assert_eq!(
        rows(&mut lake, &wanted),
        [json!([{"eventTime": "2026-11-20 10:05:00.000"}, {"errorCode": ""}, {"eventJson": text}])]
    );
}

#[test]
fn a_query_is_queued_then_runs_then_has_its_rows() {
    let mut lake = Lake::default();
    lake.deliver(opening("a", "2026-11-20T10:05:00Z"), now());
    let id = lake.start_query(&statement(""), now()).unwrap();

    let seen: Vec<_> = (0..3)
        .map(|_| {
            let page = lake.query_results(&id, None, None, now()).unwrap();
            (page.description.status.name(), page.rows.len(), page.description.bytes_scanned > 0)
        })
        .collect();
    assert_eq!(seen, [("QUEUED", 0, false), ("RUNNING", 0, false), ("FINISHED", 1, true)]);
}

#[test]
fn a_query_can_end_badly() {
    for (outcome, status) in [
        (Outcome::Failed, QueryStatus::Failed),
        (Outcome::Cancelled, QueryStatus::Cancelled),
        (Outcome::TimedOut, QueryStatus::TimedOut),
    ] {
        let mut lake = Lake::default();
        lake.settings.outcome = outcome;
        lake.settings.queued_polls = 0;
        lake.settings.running_polls = 0;
        lake.deliver(opening("a", "2026-11-20T10:05:00Z"), now());
        let id = lake.start_query(&statement(""), now()).unwrap();
        let page = lake.query_results(&id, None, None, now()).unwrap();
        assert_eq!((page.description.status, page.rows.len()), (status, 0));
    }
}

#[test]
fn pages_follow_each_other_by_a_token_of_the_query() {
    let mut lake = Lake::default();
    for minute in 10..15 {
        lake.deliver(opening(&minute.to_string(), &format!("2026-11-20T10:{minute}:00Z")), now());
    }
    let id = lake.start_query(&statement(" ORDER BY eventTime"), now()).unwrap();
    let other = lake.start_query(&statement(""), now()).unwrap();
    for _ in 0..2 {
        lake.describe_query(&id, now()).unwrap();
        lake.describe_query(&other, now()).unwrap();
    }
    let first = lake.query_results(&id, Some(3), None, now()).unwrap();
    let token = first.next_token.unwrap();
    let second = lake.query_results(&id, Some(3), Some(&token), now()).unwrap();
    assert_eq!((first.rows.len(), second.rows.len(), second.next_token), (3, 2, None));

    let stolen = lake.query_results(&other, Some(3), Some(&token), now());
    assert_eq!(stolen, Err(LakeError::InvalidNextToken(other)));
    assert_eq!(lake.query_results(&id, Some(0), None, now()), Err(LakeError::InvalidMaxResults(0)));
    assert_eq!(lake.query_results(&id, Some(1_001), None, now()), Err(LakeError::InvalidMaxResults(1_001)));
}

#[test]
fn ten_queries_run_at_once_and_one_that_nobody_asks_about_ends_too() {
    let mut lake = Lake::default();
    let ids: Vec<_> = (0..10).map(|_| lake.start_query(&statement(""), now()).unwrap()).collect();
    assert_eq!(lake.start_query(&statement(""), now()), Err(LakeError::MaxConcurrentQueries));

    lake.cancel_query(&ids[0], now()).unwrap();
    assert_eq!(lake.cancel_query(&ids[0], now()), Err(LakeError::InactiveQuery(ids[0].clone())));
    assert!(lake.start_query(&statement(""), now()).is_ok());

    assert_eq!(lake.start_query(&statement(""), now()), Err(LakeError::MaxConcurrentQueries));
    assert!(lake.start_query(&statement(""), now() + TimeDelta::minutes(2)).is_ok());
}

#[test]
fn an_unknown_query_is_not_found() {
    let error = Lake::default().describe_query("00000000-0000-4000-8000-000000000000", now()).unwrap_err();
    assert_eq!(error.code(), "QueryIdNotFoundException");
}

#[test]
fn a_record_is_found_by_the_first_query_that_was_started_after_its_delivery() {
    let mut lake = Lake::default();
    lake.deliver(opening("late", "2026-11-20T10:05:00Z"), now() + TimeDelta::minutes(1));
    rows(&mut lake, &statement(""));
    assert_eq!(lake.found_at("late"), None, "it was not delivered yet");
    for minutes in [2, 3] {
        let started = now() + TimeDelta::minutes(minutes);
        let id = lake.start_query(&statement(""), started).unwrap();
        assert_eq!(lake.found_at("late"), (minutes > 2).then(|| now() + TimeDelta::minutes(2)), "it still runs");
        while lake.describe_query(&id, started).unwrap().status != QueryStatus::Finished {}
        assert_eq!(lake.found_at("late"), Some(now() + TimeDelta::minutes(2)));
    }
    assert_eq!(lake.found_at("other"), None);
}
