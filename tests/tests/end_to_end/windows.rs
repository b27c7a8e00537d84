//! Which windows of the Lake are read: all of time since the first tick, once at least.

use chrono::{NaiveDateTime, TimeDelta};
use local::{
    system::seed::{self, Opener},
    world::{faults::Fault, lake::Outcome},
};
use serde_json::json;
use tests::{Story, ssh};

/// The windows that were asked for, oldest first, in the statements' own seconds.
fn windows(story: &Story) -> Vec<(NaiveDateTime, NaiveDateTime)> {
    let time = |statement: &str, after: &str| {
        let (_, rest) = statement.split_once(after).expect("a bound");
        NaiveDateTime::parse_from_str(&rest[..19], "%Y-%m-%d %H:%M:%S").expect("a time")
    };
    let statements = story.system.world.lake.lock().expect("the Lake").statements();
    let mut windows: Vec<_> = statements
        .iter()
        .map(|statement| (time(statement, "eventTime >= '"), time(statement, "eventTime <= '")))
        .collect();
    windows.sort();
    windows
}

async fn until(story: &Story) -> String {
    story.watermark().await.expect("a watermark").0["until"]["N"].as_str().expect("a number").to_owned()
}

#[tokio::test]
async fn the_first_tick_reads_lookback_and_nothing_older_is_announced() {
    let story = Story::begin().await;
    let web = story.group("web");
    story.opened_before(Opener::Alice, &web, ssh(), TimeDelta::minutes(30));
    story.poll().await;
    assert!(story.cards().is_empty());
    let read = windows(&story);
    assert_eq!(read.len(), 1);
    let length = read[0].1 - read[0].0;
    assert!((1200..=1202).contains(&length.num_seconds()), "{length}");
}

/// A word of the error, and what brings it about.
type Spoilt = (&'static str, fn(&Story));

#[tokio::test]
async fn what_the_lake_does_not_give_leaves_the_watermark_and_what_is_due_is_worked_off() {
    let spoil: [Spoilt; 5] = [
        ("FAILED", |story| story.system.world.lake.lock().expect("the Lake").settings.outcome = Outcome::Failed),
        ("TIMED_OUT", |story| story.system.world.lake.lock().expect("the Lake").settings.outcome = Outcome::TimedOut),
        ("Throttl", |story| story.fault("lake", "StartQuery", Fault::Throttle, None)),
        ("AccessDenied", |story| story.fault("lake", "StartQuery", Fault::Denied, None)),
        ("AccessDenied", |story| {
            let role = format!("arn:aws:iam::{}:role{}{}", seed::ORGANIZATION, seed::ROLE_PATH, seed::LAKE_READ);
            story.system.world.sts.lock().expect("STS").remove_role(&role);
        }),
    ];
    for (place, (word, spoil)) in spoil.into_iter().enumerate() {
        let story = Story::begin().await;
        story.poll().await;
        let mark = until(&story).await;
        // Pushed while Slack is down: due.
        story.fault("slack", "*", Fault::ServerError, None);
        story.open(Opener::Alice, &story.group("web"), ssh());
        story.push(&story.records()[0]).await;
        story.no_faults();
        story.time_passes(TimeDelta::minutes(10)).await;
        story.kill().await;

        spoil(&story);
        let error = story.try_tick("poll").await.expect_err("an error").to_string();
        assert!(error.contains(word), "{place}: {error}");
        assert_eq!(until(&story).await, mark, "{place}");
        assert!(story.card().header.starts_with("Approval needed"), "{place}");
    }
}

#[tokio::test]
async fn the_watermark_stays_before_a_record_that_was_not_stored() {
    let story = Story::begin().await;
    story.poll().await;
    for name in ["until", "first_from", "reconciled_at"] {
        story.set_back(name, TimeDelta::hours(5)).await;
    }
    // Older than the re-scan of lookback would find.
    story.opened_before(Opener::Alice, &story.group("web"), ssh(), TimeDelta::hours(4));
    // As many as the SDK's attempts of one write.
    story.fault("dynamodb", "PutItem", Fault::ServerError, Some(3));
    let error = story.try_tick("poll").await.expect_err("the invocation counts as failed");
    assert!(error.to_string().contains("records not stored: 1"), "{error}");
    assert!(story.cards().is_empty(), "{:#?}", story.cards());
    assert_eq!(story.ends(2).await[1]["failed"], 1);
    story.poll().await;
    assert!(story.card().header.starts_with("Approval needed"), "{}", story.log());
}

#[tokio::test]
async fn after_an_outage_it_catches_up_in_slices_without_a_hole() {
    let story = Story::begin().await;
    story.poll().await;
    for name in ["until", "first_from", "reconciled_at"] {
        story.set_back(name, TimeDelta::hours(5)).await;
    }
    let web = story.group("web");
    story.opened_before(Opener::Alice, &web, ssh(), TimeDelta::hours(4));
    let mark = until(&story).await;
    story.poll().await;
    assert!(story.card().header.starts_with("Approval needed"));

    let read = windows(&story);
    assert!(read.len() >= 3, "{read:?}");
    assert!(read.windows(2).all(|pair| pair[1].0 <= pair[0].1), "no hole between {read:?}");
    assert!(read.iter().all(|(from, until)| *until - *from <= TimeDelta::hours(2) + TimeDelta::seconds(2)), "{read:?}");
    assert!(until(&story).await > mark);
}

#[tokio::test]
async fn a_gap_beyond_catch_up_is_a_card_that_names_it() {
    let story = Story::begin().await;
    story.poll().await;
    for name in ["until", "first_from", "reconciled_at"] {
        story.set_back(name, TimeDelta::hours(30)).await;
    }
    story.poll().await;
    let card = story.card();
    assert!(card.header.starts_with("Unreadable") && card.header.contains("nobody read CloudTrail from"), "{card:#?}");
    assert!(!card.buttons.iter().any(|button| button == "deny"), "{card:#?}");
    story.until_logged("\"alarm\":\"gap\"").await;
    assert_eq!(story.ends(2).await[1]["gaps"], 1);
    story.poll().await;
    assert_eq!(story.cards().len(), 1, "told once");
}

#[tokio::test]
async fn what_comes_later_than_lookback_is_found_by_the_next_reconciliation() {
    let story = Story::begin().await;
    story.poll().await;
    story.set_back("first_from", TimeDelta::hours(12)).await;
    story.opened_before(Opener::Alice, &story.group("web"), ssh(), TimeDelta::hours(3));
    story.poll().await;
    assert!(story.cards().is_empty(), "too late for the window");

    story.set_back("reconciled_at", TimeDelta::hours(7)).await;
    story.poll().await;
    assert!(story.card().header.starts_with("Approval needed"), "{}", story.log());
    let queries = windows(&story).len();
    story.poll().await;
    assert_eq!(windows(&story).len(), queries + 1, "not again before another six hours");
}

#[tokio::test]
async fn a_reconciliation_announces_nothing_older_than_the_first_tick() {
    let story = Story::begin().await;
    story.poll().await;
    story.opened_before(Opener::Alice, &story.group("web"), ssh(), TimeDelta::hours(3));
    story.set_back("reconciled_at", TimeDelta::hours(7)).await;
    story.poll().await;
    assert!(story.cards().is_empty());
}

#[tokio::test]
async fn a_query_takes_its_time_and_its_pages() {
    let story = Story::begin().await;
    {
        let mut lake = story.system.world.lake.lock().expect("the Lake");
        (lake.settings.queued_polls, lake.settings.running_polls, lake.settings.page_limit) = (1, 2, 1);
    }
    let web = story.group("web");
    for port in [22, 3389] {
        story.open(
            Opener::Alice,
            &web,
            local::world::ec2::Permission::new("tcp", port, port).from_ipv4("0.0.0.0/0", None),
        );
    }
    story.poll().await;
    assert_eq!(story.cards().len(), 2);
    let end = story.ends(1).await.remove(0);
    assert_eq!(end["records_read"], json!(2));
}

#[tokio::test]
async fn the_last_line_is_one_line_of_metrics() {
    let story = Story::begin().await;
    story.open(Opener::Alice, &story.group("web"), ssh());
    story.poll().await;
    let end = story.ends(1).await.remove(0);
    let declared = end["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().expect("metrics").clone();
    let names: Vec<&str> = declared.iter().filter_map(|metric| metric["Name"].as_str()).collect();
    for name in [
        "records_read",
        "new",
        "ignored",
        "cards_posted",
        "due",
        "reverted",
        "failed",
        "bytes_scanned",
        "oldest_without_card",
    ] {
        assert!(names.contains(&name) && end[name].is_u64(), "{name} in {end}");
    }
    assert!(end["bytes_scanned"].as_u64() > Some(0), "{end}");
    let lines = story.system.poller.logs().lines();
    let printed: Vec<_> = lines.iter().filter(|line| line.stream == local::wire::lambda::Stream::Out).collect();
    assert!(printed.last().expect("a line").text.contains("tick ended"), "{printed:?}");
}
