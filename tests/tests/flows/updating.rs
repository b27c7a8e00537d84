//! A card shows its state in the end, whatever happens to its updates.

use std::time::Duration;

use chrono::TimeDelta;
use local::{
    system::{
        config::{ConfigFile, Delivery},
        seed::Opener,
    },
    world::{faults::Fault, slack::Args},
};
use serde_json::json;
use shared::{
    domain::request::State,
    flows::{decide::After, revert::revert, update::update},
};
use simulation::fakes::{BOB, Moment, Run, ssh};

async fn pending(run: &Run) -> shared::domain::ids::RequestId {
    let id = run.open(&run.group("web"), ssh("0.0.0.0/0"));
    run.tick().await;
    id
}

#[tokio::test(start_paused = true)]
async fn an_update_that_fails_is_made_up_for() {
    for fault in [Fault::Throttle, Fault::ServerError, Fault::DropBefore, Fault::DropAfter, Fault::Denied] {
        let run = Run::new();
        let id = pending(&run).await;
        run.world().faults.set("chat", "update", fault, Some(2));
        run.deny(&id).await;
        assert_eq!(run.state(&id), State::Reverted, "{fault:?}");
        for _ in 0..3 {
            run.wait(TimeDelta::minutes(1)).await;
            run.sweep().await;
        }
        assert_eq!(run.headline(&id), "Reverted", "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deleted_card_is_replaced_by_a_new_one() {
    let run = Run::new();
    let id = pending(&run).await;
    let reply = run.clicked(BOB, "deny", &id).reply.expect("a response_url");
    let after = run.click(BOB, "deny", &id).await;
    let path = reply.url.strip_prefix("https://hooks.slack.com").expect("Slack's host").to_owned();
    let delete = Args::from_json(json!({"delete_original": true}));
    run.world().slack.lock().expect("Slack").respond(run.now(), &path, &delete).expect("deleted");
    assert!(run.cards().is_empty());
    run.after(after).await;
    run.sweep().await;
    assert_eq!((run.state(&id), run.headline(&id)), (State::Reverted, "Reverted".to_owned()));
    assert_eq!(run.stored(&id).cards.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_old_update_that_lands_after_a_newer_one_is_overwritten_again() {
    let late = [
        // The old update lands late.
        vec![(Moment::Before, "chat", "update", 1, Duration::from_secs(30))],
        // It lands between the newer update and the newer one's record.
        vec![
            (Moment::Before, "chat", "update", 1, Duration::from_secs(20)),
            (Moment::After, "chat", "update", 1, Duration::from_secs(60)),
        ],
    ];
    for delays in late {
        let run = Run::new();
        let id = pending(&run).await;
        run.click(BOB, "deny", &id).await;
        let denied = run.stored(&id);
        revert(&run.portcullis, denied.clone(), run.deadline(TimeDelta::seconds(30))).await.expect("a revert");
        let reverted = run.stored(&id);
        run.delay(delays);
        let newer = async {
            run.wait(TimeDelta::seconds(1)).await;
            update(&run.portcullis, reverted, run.deadline(TimeDelta::seconds(30))).await
        };
        let (first, second) =
            futures::join!(update(&run.portcullis, denied, run.deadline(TimeDelta::seconds(30))), newer);
        first.and(second).expect("both updates are recorded");
        run.wait(TimeDelta::minutes(1)).await;
        run.sweep().await;
        assert_eq!(run.headline(&id), "Reverted");
    }
}

#[tokio::test(start_paused = true)]
async fn a_webhooks_card_is_updated_by_the_click_and_by_a_new_message_once_that_is_over() {
    let run =
        Run::with(ConfigFile { delivery: Delivery::Webhook, approver_groups: Vec::new(), ..ConfigFile::default() });
    let id = pending(&run).await;
    let after = run.click(BOB, "deny", &id).await;
    // The responder is killed, and nobody comes by for an hour.
    drop(after);
    run.wait(TimeDelta::hours(1)).await;
    run.sweep().await;
    run.wait(TimeDelta::seconds(10)).await;
    run.sweep().await;
    assert_eq!(run.state(&id), State::Reverted);
    assert_eq!(run.headlines().last().map(String::as_str), Some("Reverted"));

    let quick = run.open(&run.group("batch"), ssh("0.0.0.0/0"));
    run.tick().await;
    run.deny(&quick).await;
    assert_eq!(run.headline(&quick), "Reverted", "in place");
}

#[tokio::test(start_paused = true)]
async fn of_two_who_bring_a_webhooks_card_up_to_date_one_posts_a_new_message() {
    // The second one comes by while the first one's message is on its way, or after it was stored.
    for second in [Duration::from_millis(500), Duration::from_secs(5)] {
        let run =
            Run::with(ConfigFile { delivery: Delivery::Webhook, approver_groups: Vec::new(), ..ConfigFile::default() });
        let id = pending(&run).await;
        run.click(BOB, "approve", &id).await;
        // The responder was killed, and the click's address is of no use any more.
        run.wait(TimeDelta::hours(1)).await;
        let approved = run.stored(&id);
        run.delay(vec![(Moment::Before, "chat", "post", 1, Duration::from_secs(2))]);
        let deadline = run.deadline(TimeDelta::seconds(30));
        let later = async {
            tokio::time::sleep(second).await;
            update(&run.portcullis, approved.clone(), deadline).await
        };
        let (one, other) = futures::join!(update(&run.portcullis, approved.clone(), deadline), later);
        one.and(other).expect("both know what came of it");
        run.wait(TimeDelta::minutes(1)).await;
        run.sweep().await;
        assert_eq!(run.headlines(), ["Approval needed", "Approved"], "{second:?}");
        assert_eq!(run.stored(&id).due_at(), None, "{second:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_card_that_is_deleted_while_its_list_is_posted_comes_back_with_its_list() {
    let run = Run::new();
    let permissions = (0..30).map(|host| ssh(&format!("203.0.113.{host}/32"))).collect();
    let id = run.open_as(Opener::Alice, &run.group("web"), permissions);
    run.push(&id).await;
    run.world().faults.set("chat", "post_in_thread", Fault::Throttle, Some(1));
    run.sweep().await;
    let reply = run.clicked(BOB, "approve", &id).reply.expect("a response_url");
    let path = reply.url.strip_prefix("https://hooks.slack.com").expect("Slack's host").to_owned();
    let delete = Args::from_json(json!({"delete_original": true}));
    run.world().slack.lock().expect("Slack").respond(run.now(), &path, &delete).expect("deleted");
    for _ in 0..3 {
        run.wait(TimeDelta::minutes(6)).await;
        run.sweep().await;
    }
    assert_eq!(run.cards_of(&id).len(), 1);
    assert!(run.stored(&id).listed);
    assert_eq!(run.stored(&id).due_at(), None);
}

#[tokio::test(start_paused = true)]
async fn an_update_that_begins_with_an_old_request_shows_what_became_of_it() {
    let run = Run::new();
    let id = run.open(&run.group("web"), ssh("0.0.0.0/0"));
    run.world().faults.set("chat", "post", Fault::DropAfter, Some(1));
    run.push(&id).await;
    run.sweep().await;
    // The post's answer was lost, so the card that is clicked is not known yet, and has to be looked for.
    let After::Work { request: denied, .. } = run.click(BOB, "deny", &id).await else { panic!("a decision") };
    assert!(denied.maybe_posted);
    run.wait(TimeDelta::minutes(1)).await;
    run.sweep().await;
    assert_eq!(run.headline(&id), "Reverted");
    update(&run.portcullis, *denied, run.deadline(TimeDelta::seconds(30))).await.expect("an update");
    assert_eq!(run.headline(&id), "Reverted");
}

#[tokio::test(start_paused = true)]
async fn an_update_without_an_answer_that_began_with_an_old_request_shows_the_newest_state() {
    let run = Run::new();
    let id = pending(&run).await;
    let After::Work { request: denied, .. } = run.click(BOB, "deny", &id).await else { panic!("a decision") };
    run.wait(TimeDelta::minutes(1)).await;
    run.sweep().await;
    assert_eq!(run.headline(&id), "Reverted");
    run.world().faults.set("chat", "update", Fault::DropAfter, Some(1));
    update(&run.portcullis, *denied, run.deadline(TimeDelta::seconds(30))).await.expect("an update");
    assert_eq!(run.headline(&id), "Reverted");
    run.wait(TimeDelta::minutes(1)).await;
    run.sweep().await;
    assert_eq!((run.headline(&id), run.stored(&id).due_at()), ("Reverted".to_owned(), None));
}
