//! One change, one card: however often and by whatever way its record comes.

use local::{
    system::{event_bridge, seed::Opener},
    world::{
        ec2::{Call, Operation, Permission, Permissions},
        faults::Fault,
    },
};
use serde_json::{Value, json};
use tests::{Story, ssh};

/// A batch of SQS, each message with its id.
fn batch(messages: &[(&str, String)]) -> Value {
    let record = |(id, body): &(&str, String)| json!({"eventSource": "aws:sqs", "messageId": id, "body": body});
    json!({"Records": messages.iter().map(record).collect::<Vec<_>>()})
}

fn event(record: &Value) -> String {
    event_bridge::event(record).expect("an event").to_string()
}

#[tokio::test]
async fn what_is_read_twice_has_one_card() {
    let story = Story::begin().await;
    story.open(Opener::Alice, &story.group("web"), ssh());
    story.poll().await;
    story.poll().await;
    assert_eq!(story.item().await.state(), "Pending");
    assert!(story.card().header.starts_with("Approval needed"));

    let ends = story.ends(2).await;
    assert_eq!(
        (&ends[0]["records_read"], &ends[0]["new"], &ends[0]["cards_posted"]),
        (&json!(1), &json!(1), &json!(1))
    );
    assert_eq!(
        (&ends[1]["records_read"], &ends[1]["new"], &ends[1]["cards_posted"]),
        (&json!(1), &json!(0), &json!(0))
    );
}

#[tokio::test]
async fn a_record_that_was_pushed_is_found_again_by_the_lake() {
    let story = Story::begin().await;
    story.open(Opener::Alice, &story.group("web"), ssh());
    let record = story.records().remove(0);
    story.push(&record).await;
    let ts = story.card().ts;
    story.push(&record).await;
    story.poll().await;
    assert_eq!(story.card().ts, ts);
    assert_eq!(story.item().await.state(), "Pending");
}

#[tokio::test]
async fn copies_of_one_call_under_other_event_ids_are_one_change() {
    let story = Story::begin().await;
    story.open(Opener::Alice, &story.group("web"), ssh());
    let mut record = story.records().remove(0);
    story.push(&record).await;
    record["eventID"] = json!("0b0e2b8a-5d1c-4d5e-9f3e-000000000001");
    record["addendum"] = json!({"reason": "UPDATED_DATA"});
    story.push(&record).await;
    assert_eq!(story.item().await.state(), "Pending");
    assert_eq!(story.cards().len(), 1);
}

#[tokio::test]
async fn of_a_batch_only_what_was_not_stored_comes_again() {
    let story = Story::begin().await;
    let web = story.group("web");
    story.open(Opener::Alice, &web, ssh());
    story.open(Opener::Alice, &web, Permission::new("tcp", 3389, 3389).from_ipv4("0.0.0.0/0", None));
    let records = story.records();
    let messages = [("m1", event(&records[0])), ("m2", event(&records[1]))];
    // As many as the SDK's attempts of one write: the first of the two is not stored.
    story.fault("dynamodb", "PutItem", Fault::ServerError, Some(3));

    let answer = story.system.tick(batch(&messages)).await.expect("an answer");
    let failed = answer["batchItemFailures"].as_array().expect("a list").clone();
    assert_eq!(failed.len(), 1, "{answer}\n{}", story.log());
    assert_eq!(story.cards().len(), 1, "the other one has its card");

    let again = messages.iter().find(|(id, _)| failed[0]["itemIdentifier"] == *id).expect("a known id").clone();
    let answer = story.system.tick(batch(&[again])).await.expect("an answer");
    assert_eq!(answer, json!({"batchItemFailures": []}));
    assert_eq!((story.items().await.len(), story.cards().len()), (2, 2));
}

#[tokio::test]
async fn poison_in_a_batch_is_a_card_and_stops_nobody() {
    let story = Story::begin().await;
    story.open(Opener::Alice, &story.group("web"), ssh());
    let good = event(&story.records()[0]);
    let answer = story.system.tick(batch(&[("m1", "no JSON {".to_owned()), ("m2", good)])).await.expect("an answer");
    assert_eq!(answer, json!({"batchItemFailures": []}), "it is stored: it need not come again");
    let mut headers: Vec<String> = story.cards().into_iter().map(|card| card.header).collect();
    headers.sort();
    assert!(headers[0].starts_with("Approval needed") && headers[1].starts_with("Unreadable"), "{headers:?}");
}

#[tokio::test]
async fn a_pushed_record_that_cannot_be_stored_is_an_error_so_that_it_comes_again() {
    let story = Story::begin().await;
    story.open(Opener::Alice, &story.group("web"), ssh());
    let record = story.records().remove(0);
    story.fault("dynamodb", "PutItem", Fault::ServerError, None);
    let event = event_bridge::event(&record).expect("an event");
    assert!(story.system.tick(event).await.is_err());
    story.no_faults();
    story.push(&record).await;
    assert!(story.card().header.starts_with("Approval needed"));
}

#[tokio::test]
async fn what_failed_or_was_a_dry_run_opened_nothing() {
    let story = Story::begin().await;
    let web = story.group("web");
    let open = || Operation::AuthorizeIngress { group: web.reference(), permissions: Permissions::Array(vec![ssh()]) };
    let (_, dry) = story.call(Opener::Alice, &web, Call { operation: open(), dry_run: true });
    assert!(dry.is_err());
    story.open(Opener::Alice, &web, ssh());
    let (_, twice) = story.call(Opener::Alice, &web, open());
    assert!(twice.is_err());

    story.poll().await;
    assert_eq!(story.cards().len(), 1);
    let end = story.ends(1).await.remove(0);
    assert_eq!((&end["ignored_dry_run"], &end["ignored_failed"], &end["new"]), (&json!(1), &json!(1), &json!(1)));
}

#[tokio::test]
async fn one_permission_of_all_four_kinds_is_one_card_and_deny_takes_all_of_it_back() {
    let story = Story::begin().await;
    let web = story.group("web");
    let before = story.rules(&web);
    let mut all = Permission::new("tcp", 8080, 8090)
        .from_ipv4("100.68.0.18/18", Some("partner"))
        .from_ipv6("2001:db8::1/32", None)
        .from_prefix_list("pl-0123456789abcdef0", None)
        .from_group(&story.group("database").id, None);
    all.ipv4.push(local::world::ec2::Range::new("203.0.113.7/32", None));
    let protocols = ["udp", "icmp"].map(|protocol| Permission::new(protocol, 8, 8).from_ipv4("198.51.100.0/24", None));
    let mut permissions = vec![all, Permission::all_ports("-1").from_ipv4("192.0.2.0/24", None)];
    permissions.push(Permission::all_ports("50").from_ipv4("192.0.2.0/24", None));
    permissions.push(Permission::all_ports("icmpv6").from_ipv6("::/0", None));
    permissions.extend(protocols);
    story.open_all(Opener::Pipeline, &web, permissions);

    story.poll().await;
    let card = story.card();
    for shown in ["100.68.0.0/18", "2001:db8::/32", "pl-0123456789abcdef0", "203.0.113.7/32", "192.0.2.0/24", "::/0"] {
        assert!(card.seen.contains(shown), "{shown} is not on {card:#?}");
    }
    story.click(tests::BOB, "deny").await;
    story.system.idle().await;
    assert_eq!(story.rules(&web), before, "{}", story.log());
    assert_eq!(story.item().await.state(), "Reverted");
}

#[tokio::test]
async fn one_bad_item_in_the_table_stops_nobody() {
    let story = Story::begin().await;
    story
        .put(&json!({
            "requestid": {"S": "a-bad-item"}, "due_bucket": {"S": "due"}, "due_at": {"N": "1"}, "schema": {"N": "1"},
            "request": {"S": "{"}, "state": {"S": "NeedsPost"}, "revision": {"N": "1"},
        }))
        .await;
    story.open(Opener::Alice, &story.group("web"), ssh());
    story.poll().await;
    assert!(story.card().header.starts_with("Approval needed"));
    assert_eq!(story.ends(1).await[0]["failed"], 1);
}
