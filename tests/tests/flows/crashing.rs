//! Every call of a port is the last of its function, and every call fails: in the end it is all the same.

use chrono::TimeDelta;
use local::{
    system::config::{ConfigFile, Delivery},
    world::faults::Fault,
};
use shared::{
    domain::{change::GroupKey, ids::RequestId, request::State},
    flows::decide::decide,
};
use simulation::fakes::{BOB, Moment, Run, ssh};

const OPEN: &str = "tcp 22-22 0.0.0.0/0";

const FAULTS: [Fault; 5] = [
    Fault::DropBefore,
    Fault::DropAfter,
    Fault::ServerError,
    Fault::Throttle,
    Fault::Slow(std::time::Duration::from_secs(9)),
];

/// A world in which SSH was opened to the internet.
fn opened(file: ConfigFile) -> (Run, GroupKey, RequestId) {
    let run = Run::with(file);
    let group = run.group("web");
    let id = run.open(&group, ssh("0.0.0.0/0"));
    (run, group, id)
}

/// The schedules go on for a while.
async fn settle(run: &Run) {
    for _ in 0..9 {
        run.wait(TimeDelta::minutes(1)).await;
        run.tick().await;
    }
}

/// Bob clicks Deny, and the responder does its part. An error is one that Bob sees.
async fn deny(run: &Run, id: &RequestId) {
    let click = run.clicked(BOB, "deny", id);
    if let Ok(after) = decide(&run.portcullis, &run.members, click).await {
        run.after(after).await;
    }
}

/// Bob clicks again if his decision was not stored; then all must be well.
async fn in_the_end(run: &Run, group: &GroupKey, id: &RequestId, what: &str) {
    settle(run).await;
    if run.state(id) == State::Pending {
        deny(run, id).await;
        settle(run).await;
    }
    assert_eq!(run.state(id), State::Reverted, "{what}");
    assert!(!run.ingress(group).contains(&OPEN.to_owned()), "{what}");
    assert_eq!(run.headline(id), "Reverted", "{what}");
    assert_eq!(run.stored(id).due_at(), None, "{what}");
}

#[tokio::test(start_paused = true)]
async fn a_poller_may_be_killed_at_any_call() {
    for moment in [Moment::Before, Moment::After] {
        for nth in 1.. {
            let (run, group, id) = opened(ConfigFile::default());
            if run.kill_at_call(nth, moment, run.tick()).await.is_some() {
                assert!(nth > 8, "the tick makes more calls than {nth}");
                break;
            }
            settle(&run).await;
            let what = format!("killed {moment:?} call {nth}");
            assert_eq!((run.state(&id), run.cards_of(&id).len()), (State::Pending, 1), "{what}");
            in_the_end(&run, &group, &id, &what).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_responder_may_be_killed_at_any_call() {
    for moment in [Moment::Before, Moment::After] {
        for nth in 1.. {
            let (run, group, id) = opened(ConfigFile::default());
            run.tick().await;
            if run.kill_at_call(nth, moment, deny(&run, &id)).await.is_some() {
                assert!(nth > 12, "a Deny makes more calls than {nth}");
                break;
            }
            in_the_end(&run, &group, &id, &format!("killed {moment:?} call {nth}")).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_tick_that_reverts_may_be_killed_at_any_call() {
    for moment in [Moment::Before, Moment::After] {
        for nth in 1.. {
            let (run, group, id) = opened(ConfigFile::default());
            run.tick().await;
            run.click(BOB, "deny", &id).await;
            run.wait(TimeDelta::minutes(1)).await;
            if run.kill_at_call(nth, moment, run.tick()).await.is_some() {
                assert!(nth > 12, "the tick makes more calls than {nth}");
                break;
            }
            in_the_end(&run, &group, &id, &format!("killed {moment:?} call {nth}")).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn any_call_of_a_poller_may_fail() {
    for fault in FAULTS {
        for nth in 1.. {
            let (run, group, id) = opened(ConfigFile::default());
            let (_, failed) = run.fail_at_call(nth, fault, run.poll()).await;
            if !failed {
                break;
            }
            settle(&run).await;
            let what = format!("{fault:?} at call {nth}");
            assert_eq!((run.state(&id), run.cards_of(&id).len()), (State::Pending, 1), "{what}");
            in_the_end(&run, &group, &id, &what).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn any_call_of_a_responder_may_fail() {
    for fault in FAULTS {
        for nth in 1.. {
            let (run, group, id) = opened(ConfigFile::default());
            run.tick().await;
            let ((), failed) = run.fail_at_call(nth, fault, deny(&run, &id)).await;
            if !failed {
                break;
            }
            in_the_end(&run, &group, &id, &format!("{fault:?} at call {nth}")).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn by_webhook_a_responder_may_be_killed_at_any_call() {
    for moment in [Moment::Before, Moment::After] {
        for nth in 1.. {
            let by_webhook =
                ConfigFile { delivery: Delivery::Webhook, approver_groups: Vec::new(), ..ConfigFile::default() };
            let (run, group, id) = opened(by_webhook);
            run.tick().await;
            if run.kill_at_call(nth, moment, deny(&run, &id)).await.is_some() {
                assert!(nth > 12, "a Deny makes more calls than {nth}");
                break;
            }
            settle(&run).await;
            let what = format!("killed {moment:?} call {nth}");
            if run.state(&id) == State::Pending {
                deny(&run, &id).await;
                settle(&run).await;
            }
            assert_eq!(run.state(&id), State::Reverted, "{what}");
            assert!(!run.ingress(&group).contains(&OPEN.to_owned()), "{what}");
            assert_eq!(run.headlines().last().map(String::as_str), Some("Reverted"), "{what}");
        }
    }
}
