//! New cards: how fast, in which order, and exactly one of each.

use std::time::Duration;

use chrono::TimeDelta;
use local::{
    system::config::{ConfigFile, Delivery},
    world::{ec2::Permission, faults::Fault},
};
use shared::domain::{ids::RequestId, request::State};
use simulation::fakes::{BOB, Moment, Run, ssh};

fn seconds(seconds: i64) -> TimeDelta {
    TimeDelta::seconds(seconds)
}

fn limited() -> Run {
    let run = Run::new();
    run.world().slack.lock().expect("Slack").enforce_rate_limit(Some(1));
    run
}

fn open_many(run: &Run, count: u8) -> Vec<RequestId> {
    (0..count).map(|host| run.open(&run.group("web"), ssh(&format!("203.0.113.{host}/32")))).collect()
}

#[tokio::test(start_paused = true)]
async fn a_change_is_stored_and_posted_once_however_often_it_is_read() {
    let run = Run::new();
    let id = run.open(&run.group("web"), ssh("0.0.0.0/0"));
    let new = run.push(&id).await.new + run.push(&id).await.new + run.tick().await.new + run.tick().await.new;
    assert_eq!((new, run.cards().len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn new_cards_come_one_a_second_and_updates_are_not_counted() {
    let run = limited();
    let ids = open_many(&run, 6);
    run.tick().await;
    for id in &ids {
        run.click(BOB, "approve", id).await;
    }
    run.wait(seconds(6)).await;
    open_many_more(&run);
    let begun = run.now();
    run.tick().await;
    let posts: Vec<_> = run.outside.made("chat", "post").into_iter().map(|made| made.at).collect();
    assert_eq!(posts.len(), 9, "none was refused as too fast");
    assert!(posts.windows(2).all(|two| two[1] - two[0] >= seconds(1)), "{posts:?}");
    let updates: Vec<_> = run.outside.made("chat", "update").into_iter().map(|made| made.at).collect();
    assert_eq!(updates, vec![begun; 6]);
}

fn open_many_more(run: &Run) {
    for host in 0..3 {
        run.open(&run.group("batch"), ssh(&format!("203.0.113.{host}/32")));
    }
}

#[tokio::test(start_paused = true)]
async fn the_widest_opening_comes_first() {
    let run = Run::new();
    let group = run.group("web");
    let narrow = run.open(&group, ssh("203.0.113.7/32"));
    let wide = run.open(&group, ssh("10.0.0.0/8"));
    let world = run.open(&group, ssh("0.0.0.0/0"));
    let all = run.open(&group, Permission::all_ports("-1").from_ipv6("::/0", None));
    run.tick().await;
    let order: Vec<String> = run.outside.made("chat", "post").into_iter().map(|made| made.call.about).collect();
    assert_eq!(order, [all, world, wide, narrow].map(|id| id.to_string()));
}

#[tokio::test(start_paused = true)]
async fn all_new_cards_wait_as_long_as_slack_asks_to() {
    let run = Run::new();
    open_many(&run, 3);
    run.portcullis.chat.set_retry_after(Duration::from_secs(30));
    run.world().faults.set("chat", "post", Fault::Throttle, Some(1));
    let begun = run.now();
    run.tick().await;
    let posts: Vec<_> = run.outside.made("chat", "post").into_iter().map(|made| made.at - begun).collect();
    assert_eq!(posts.len(), 4);
    assert_eq!(posts[0], seconds(0));
    assert!(posts[1..].iter().all(|at| *at >= seconds(30)), "{posts:?}");
    assert_eq!(run.cards().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_card_that_slack_refuses_backs_off_from_five_seconds_to_five_minutes() {
    let run = Run::new();
    let id = run.open(&run.group("web"), ssh("0.0.0.0/0"));
    run.world().faults.set("chat", "post", Fault::Denied, None);
    run.push(&id).await;
    for expected in [5, 10, 20, 40, 80, 160, 300, 300] {
        run.sweep().await;
        let wait = run.stored(&id).card_tries.not_before - run.now();
        assert!(wait <= seconds(expected) && wait * 2 >= seconds(expected), "{expected} s: {wait}");
        run.wait(wait - TimeDelta::milliseconds(3)).await;
        assert_eq!(run.sweep().await.due, 0, "not before its time");
        run.wait(TimeDelta::milliseconds(5)).await;
    }
    run.world().faults.clear_all();
    run.sweep().await;
    assert_eq!(run.headline(&id), "Approval needed");
}

#[tokio::test(start_paused = true)]
async fn reverts_never_wait_behind_cards() {
    let run = Run::new();
    let id = run.open(&run.group("bastion"), ssh("0.0.0.0/0"));
    run.tick().await;
    // The responder is killed right after its answer.
    run.click(BOB, "deny", &id).await;
    for name in ["web", "batch"] {
        for host in 0..50 {
            run.open(&run.group(name), ssh(&format!("203.0.113.{host}/32")));
        }
    }
    run.world().faults.set("chat", "*", Fault::Slow(Duration::from_secs(9)), None);
    let begun = run.now();
    run.tick().await;
    let revokes = run.outside.made("firewall", "revoke");
    assert_eq!(revokes.len(), 1);
    assert!(revokes[0].at - begun < seconds(2), "{}", revokes[0].at - begun);
    assert_eq!(run.state(&id), State::Reverted);
}

#[tokio::test(start_paused = true)]
async fn a_poster_that_is_killed_leaves_one_card_whenever_it_happens() {
    for (moment, method) in [(Moment::Before, "post"), (Moment::After, "post")] {
        let run = Run::new();
        let id = run.open(&run.group("web"), ssh("0.0.0.0/0"));
        run.kill_at(moment, ("chat", method), run.tick()).await;
        assert_eq!(run.sweep().await.due, 0, "its lease holds");
        run.wait(TimeDelta::minutes(5) + seconds(15)).await;
        run.sweep().await;
        assert_eq!((run.state(&id), run.cards_of(&id).len()), (State::Pending, 1), "{moment:?}");
        run.deny(&id).await;
        assert_eq!(run.headline(&id), "Reverted");
    }
}

#[tokio::test(start_paused = true)]
async fn a_post_without_an_answer_is_looked_up_and_posted_again_only_if_it_is_not_there() {
    for (fault, posts) in [(Fault::DropAfter, 1), (Fault::DropBefore, 2), (Fault::ServerError, 2)] {
        let run = Run::new();
        let id = run.open(&run.group("web"), ssh("0.0.0.0/0"));
        run.world().faults.set("chat", "post", fault, Some(1));
        run.tick().await;
        assert_eq!(run.state(&id), State::NeedsPost, "{fault:?}");
        run.wait(seconds(6)).await;
        run.sweep().await;
        assert_eq!((run.state(&id), run.cards_of(&id).len()), (State::Pending, 1), "{fault:?}");
        assert_eq!(run.outside.made("chat", "post").len(), posts, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_card_that_is_in_the_channel_unknown_to_the_table_brings_itself_along_with_the_click() {
    let run = Run::new();
    let id = run.open(&run.group("web"), ssh("0.0.0.0/0"));
    run.kill_at(Moment::After, ("chat", "post"), run.tick()).await;
    run.deny(&id).await;
    assert_eq!((run.state(&id), run.headline(&id)), (State::Reverted, "Reverted".to_owned()));
    run.wait(TimeDelta::minutes(6)).await;
    run.sweep().await;
    assert_eq!(run.headline(&id), "Reverted");
}

#[tokio::test(start_paused = true)]
async fn more_rules_than_a_card_shows_are_listed_in_its_thread_before_anybody_can_deny() {
    let run = limited();
    let permissions = (0..50).map(|host| ssh(&format!("203.0.113.{host}/32"))).collect();
    let id = run.open_as(local::system::seed::Opener::Alice, &run.group("web"), permissions);
    run.kill_at(Moment::Before, ("chat", "post_in_thread"), run.tick()).await;
    let told = run.click(BOB, "deny", &id).await;
    assert!(format!("{told:?}").contains("on its way into the thread"), "{told:?}");
    run.wait(seconds(2)).await;
    run.sweep().await;
    assert!(run.stored(&id).listed);
    let thread = |run: &Run| {
        let ts = run.cards_of(&id)[0].ts.to_string();
        let slack = run.world().slack.lock().expect("Slack");
        slack.thread("C0123456789", &ts).iter().map(|message| message.text.clone()).collect::<Vec<_>>().join(" ")
    };
    assert!(thread(&run).contains("of 50"), "{}", thread(&run));
    run.deny(&id).await;
    assert_eq!(run.state(&id), State::Reverted);
}

/// By webhook a card has no thread, and a list counts as posted where none can be. Somebody moves to a bot token in between.
#[tokio::test(start_paused = true)]
async fn a_long_list_whose_card_went_out_by_webhook_gets_a_card_with_a_thread_after_a_move_to_a_bot_token() {
    let by_webhook = ConfigFile { delivery: Delivery::Webhook, ..ConfigFile::default() };
    let mut nth = 1;
    let (mut run, id) = loop {
        let run = Run::with(by_webhook.clone());
        let permissions = (0..30).map(|host| ssh(&format!("203.0.113.{host}/32"))).collect();
        let id = run.open_as(local::system::seed::Opener::Alice, &run.group("web"), permissions);
        assert!(
            run.kill_at_call(nth, Moment::After, run.tick()).await.is_none(),
            "it is listed as soon as it is posted"
        );
        nth += 1;
        let stored = run.portcullis.store.stored(&id);
        if stored.is_some_and(|request| request.state == State::Pending && !request.listed) {
            break (run, id);
        }
    };
    run.deploy(&ConfigFile::default());
    run.wait(TimeDelta::minutes(6)).await;
    run.sweep().await;
    assert!(run.stored(&id).listed);
    assert_eq!(run.stored(&id).due_at(), None);
    run.deny(&id).await;
    assert_eq!(run.state(&id), State::Reverted);
}
