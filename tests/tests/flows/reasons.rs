//! "Deny with reason…": refusals, races, lost answers, late triggers.

use chrono::TimeDelta;
use local::{
    system::{
        config::{ConfigFile, Delivery},
        seed::USER_GROUP,
    },
    world::{ec2::Permission, faults::Fault},
};
use shared::{
    domain::{
        change::GroupKey,
        ids::{ChannelId, RequestId},
        request::{CardRef, State, Verdict},
    },
    flows::{
        ask::{Submitted, ask, submit},
        decide::{After, decide},
    },
};
use simulation::fakes::{BOB, CAROL, MALLORY, Moment, Run, ssh};

const OPEN: &str = "tcp 22-22 0.0.0.0/0";

async fn asked(file: ConfigFile) -> (Run, GroupKey, RequestId) {
    let run = Run::with(file);
    let group = run.group("web");
    let id = run.open(&group, ssh("0.0.0.0/0"));
    run.tick().await;
    (run, group, id)
}

/// Bob may decide, and so may whoever is in the user group.
fn groups_too() -> ConfigFile {
    ConfigFile {
        approvers: vec![BOB.to_owned()],
        approver_groups: vec![USER_GROUP.to_owned()],
        ..ConfigFile::default()
    }
}

fn refused(submitted: Submitted) -> String {
    match submitted {
        Submitted::Refused(why) => {
            assert!(why.chars().count() <= 150 && !why.contains(['<', '>', '`', '*', '\n']), "{why}");
            why
        }
        Submitted::Stored(_) | Submitted::StoredBefore => panic!("it was taken: {submitted:?}"),
    }
}

fn told(after: Option<After>) -> String {
    match after {
        Some(After::Tell(whisper)) => whisper.text,
        Some(After::Work { .. }) | None => panic!("nobody is told anything: {after:?}"),
    }
}

/// How often Slack was asked anything on the way to an answer.
fn asked_slack(run: &Run) -> [usize; 3] {
    ["members", "person", "ask_reason"].map(|method| run.outside.made("chat", method).len())
}

#[tokio::test(start_paused = true)]
async fn bob_writes_why_and_the_opening_is_taken_back() {
    let (run, group, id) = asked(ConfigFile::default()).await;
    assert_eq!(run.ask(BOB, &id).await, None);
    assert_eq!((run.state(&id), asked_slack(&run)), (State::Pending, [0, 0, 1]));
    let Submitted::Stored(after) = run.submit(BOB, " not\nnow ").await else { panic!("not stored") };
    let decision = run.stored(&id).decision.expect("a decision");
    assert_eq!((decision.verdict, decision.by.as_str()), (Verdict::Deny, BOB));
    assert_eq!(decision.reason.expect("a reason").as_str(), "not now");
    assert_eq!(run.state(&id), State::Denied);
    run.after(after).await;
    assert_eq!((run.state(&id), run.headline(&id)), (State::Reverted, "Reverted".to_owned()));
    assert!(!run.ingress(&group).contains(&OPEN.to_owned()));
    let history = run.stored(&id).history;
    assert!(history.iter().any(|entry| entry.what == format!("Deny by {BOB}: not now")), "{history:?}");
}

#[tokio::test(start_paused = true)]
async fn who_is_known_to_be_a_stranger_sees_no_modal() {
    let (run, _, id) = asked(ConfigFile::default()).await;
    assert!(told(run.ask(MALLORY, &id).await).contains("not among the people"));
    assert_eq!((run.modals(MALLORY).len(), asked_slack(&run)), (0, [0, 0, 0]));

    // Whether Mallory is in the group is not known: the modal opens, and the submission is refused.
    let (run, _, id) = asked(groups_too()).await;
    assert_eq!(run.ask(MALLORY, &id).await, None);
    assert!(refused(run.submit(MALLORY, "not now").await).contains("not among the people"));
    assert_eq!((run.state(&id), asked_slack(&run)), (State::Pending, [1, 0, 1]));
    // By now it is.
    assert!(told(run.ask(MALLORY, &id).await).contains("not among the people"));
    assert_eq!(asked_slack(&run), [1, 0, 1]);
}

#[tokio::test(start_paused = true)]
async fn where_slack_does_not_tell_who_may_decide_the_modal_stays() {
    for fault in [Fault::Throttle, Fault::ServerError, Fault::DropBefore, Fault::Denied] {
        let (run, _, id) = asked(groups_too()).await;
        assert_eq!(run.ask(CAROL, &id).await, None);
        run.world().faults.set("chat", "members", fault, Some(1));
        assert!(refused(run.submit(CAROL, "not now").await).contains("try again"), "{fault:?}");
        assert_eq!(run.state(&id), State::Pending);
        assert!(matches!(run.submit(CAROL, "not now").await, Submitted::Stored(_)), "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_decided_withdrawn_or_forgotten_meanwhile_is_said_in_the_modal() {
    let (run, _, id) = asked(ConfigFile::default()).await;
    run.ask(BOB, &id).await;
    run.click(CAROL, "approve", &id).await;
    let why = refused(run.submit(BOB, "not now").await);
    assert_eq!(why, "carol approved this already, 2026-11-20 10:00 UTC; it is approved now. Nothing was changed.");

    let (run, group, id) = asked(ConfigFile::default()).await;
    run.ask(BOB, &id).await;
    run.close_permission(&group, ssh("0.0.0.0/0"));
    run.tick().await;
    assert!(refused(run.submit(BOB, "not now").await).starts_with("Too late: somebody removed this opening"));

    let (run, _, id) = asked(ConfigFile::default()).await;
    run.ask(BOB, &id).await;
    let mut written = run.written(BOB, "not now");
    written.deny.request = "of-another-year".parse().expect("a request id");
    let submitted = submit(&run.portcullis, &run.members, written).await.expect("an answer");
    assert!(refused(submitted).starts_with("This request is not known any more"));
    assert_eq!(run.state(&id), State::Pending);
}

#[tokio::test(start_paused = true)]
async fn a_modal_is_not_opened_for_what_is_decided_already() {
    let (run, _, id) = asked(ConfigFile::default()).await;
    let late = run.reason_asked(BOB, &id);
    run.click(CAROL, "approve", &id).await;
    let after = ask(&run.portcullis, &run.members, &late).await.expect("an answer");
    assert!(told(after).contains("approved this already"));
    assert_eq!(asked_slack(&run)[2], 0);
}

#[tokio::test(start_paused = true)]
async fn nobody_denies_what_is_not_listed_yet() {
    let run = Run::new();
    let many = (1..=40).map(|port| Permission::new("tcp", port, port).from_ipv4("192.0.2.0/24", None)).collect();
    let id = run.open_as(local::system::seed::Opener::Alice, &run.group("web"), many);
    run.world().faults.set("chat", "post_in_thread", Fault::ServerError, None);
    run.poll().await;
    assert!(!run.stored(&id).listed);
    assert!(told(run.ask(BOB, &id).await).contains("on its way into the thread"));
    assert!(run.modals(BOB).is_empty());
}

#[tokio::test(start_paused = true)]
async fn of_a_deny_and_a_submission_at_the_same_moment_one_decides() {
    for modal_first in [true, false] {
        let (run, _, id) = asked(ConfigFile::default()).await;
        run.ask(BOB, &id).await;
        let (written, click) = (run.written(BOB, "not now"), run.clicked(CAROL, "deny", &id));
        let with_reason = submit(&run.portcullis, &run.members, written);
        let plain = decide(&run.portcullis, &run.members, click);
        let (with_reason, plain) = if modal_first {
            futures::join!(with_reason, plain)
        } else {
            let (plain, with_reason) = futures::join!(plain, with_reason);
            (with_reason, plain)
        };
        let (with_reason, plain) = (with_reason.expect("an answer"), plain.expect("an answer"));
        let decision = run.stored(&id).decision.expect("a decision");
        if decision.by.as_str() == BOB {
            assert_eq!(decision.reason.expect("a reason").as_str(), "not now");
            assert!(told(Some(plain)).contains(BOB));
        } else {
            assert_eq!(decision.reason, None);
            assert!(refused(with_reason).starts_with("carol denied this already"));
        }
        let denied = run.stored(&id).history.iter().filter(|entry| entry.what.starts_with("Deny by")).count();
        assert_eq!(denied, 1, "{modal_first}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_submission_again_closes_the_modal_and_changes_nothing() {
    let (run, _, id) = asked(ConfigFile::default()).await;
    run.ask(BOB, &id).await;
    run.ask(CAROL, &id).await;
    run.submit(BOB, "not now").await;
    let stored = run.stored(&id);
    assert_eq!(run.submit(BOB, "not  now\n").await, Submitted::StoredBefore);
    assert!(refused(run.submit(BOB, "never").await).starts_with("You denied this already"));
    assert!(refused(run.submit(CAROL, "not now").await).starts_with("bob denied this already"));
    assert_eq!(run.stored(&id), stored);
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_answer_was_lost_is_still_the_writers_own() {
    let (run, _, id) = asked(ConfigFile::default()).await;
    run.ask(BOB, &id).await;
    run.world().faults.set("store", "commit", Fault::DropAfter, Some(1));
    let Submitted::Stored(after) = run.submit(BOB, "not now").await else { panic!("not stored") };
    run.after(after).await;
    assert_eq!(run.state(&id), State::Reverted);
}

#[tokio::test(start_paused = true)]
async fn a_table_that_does_not_answer_is_an_error_and_nothing_is_stored() {
    for method in ["load", "commit"] {
        let (run, _, id) = asked(ConfigFile::default()).await;
        run.ask(BOB, &id).await;
        run.world().faults.set("store", method, Fault::DropBefore, None);
        let written = run.written(BOB, "not now");
        submit(&run.portcullis, &run.members, written).await.expect_err("nothing is known");
        run.world().faults.clear_all();
        assert_eq!(run.state(&id), State::Pending, "{method}");
    }
    let (run, _, id) = asked(ConfigFile::default()).await;
    run.world().faults.set("store", "load", Fault::DropBefore, None);
    ask(&run.portcullis, &run.members, &run.reason_asked(BOB, &id)).await.expect_err("nothing is known");
    assert!(run.modals(BOB).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_trigger_that_came_late_opens_nothing_and_plain_deny_works() {
    let (run, _, id) = asked(ConfigFile::default()).await;
    let late = run.reason_asked(BOB, &id);
    run.wait(TimeDelta::seconds(3)).await;
    let after = ask(&run.portcullis, &run.members, &late).await.expect("an answer");
    assert!(told(after).contains("use Deny: it needs no reason"));
    assert_eq!((run.modals(BOB).len(), run.state(&id)), (0, State::Pending));
    run.deny(&id).await;
    assert_eq!(run.state(&id), State::Reverted);
}

#[tokio::test(start_paused = true)]
async fn where_slack_refuses_the_modal_the_person_is_told() {
    for fault in [Fault::Throttle, Fault::ServerError, Fault::DropBefore, Fault::Denied] {
        let (run, _, id) = asked(ConfigFile::default()).await;
        run.world().faults.set("chat", "ask_reason", fault, Some(1));
        assert!(told(run.ask(BOB, &id).await).contains("Nothing was changed"), "{fault:?}");
        assert_eq!(run.state(&id), State::Pending);
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_move_to_a_webhook_the_old_card_opens_no_modal() {
    let (mut run, _, id) = asked(ConfigFile::default()).await;
    let late = run.reason_asked(BOB, &id);
    let by_webhook = ConfigFile { delivery: Delivery::Webhook, ..ConfigFile::default() };
    run.deploy(&by_webhook);
    let after = ask(&run.portcullis, &run.members, &late).await.expect("an answer");
    assert!(told(after).contains("use Deny"));
}

#[tokio::test(start_paused = true)]
async fn the_card_that_the_modal_came_from_is_adopted_if_it_is_in_our_channel() {
    for (channel, cards) in [(local::system::seed::CHANNEL, 2), ("C0ELSEWHERE", 1)] {
        let (run, _, id) = asked(ConfigFile::default()).await;
        run.ask(BOB, &id).await;
        let mut written = run.written(BOB, "not now");
        let channel = ChannelId::parse(channel).expect("a channel");
        written.deny.card = Some(CardRef { channel, ts: "1795176000.000001".to_owned() });
        submit(&run.portcullis, &run.members, written).await.expect("stored");
        assert_eq!(run.stored(&id).cards.len(), cards);
    }
}

#[tokio::test(start_paused = true)]
async fn a_responder_may_be_killed_at_any_call_of_a_submission() {
    for moment in [Moment::Before, Moment::After] {
        for nth in 1.. {
            let (run, group, id) = asked(ConfigFile::default()).await;
            run.ask(BOB, &id).await;
            let submitting = async {
                if let Submitted::Stored(after) = run.submit(BOB, "not now").await {
                    run.after(after).await;
                }
            };
            if run.kill_at_call(nth, moment, submitting).await.is_some() {
                assert!(nth > 12, "a Deny makes more calls than {nth}");
                break;
            }
            // Bob sees Slack's error, and submits once more what is still in the modal.
            match run.submit(BOB, "not now").await {
                Submitted::Stored(_) | Submitted::StoredBefore => {}
                Submitted::Refused(why) => panic!("killed {moment:?} call {nth}: {why}"),
            }
            for _ in 0..9 {
                run.wait(TimeDelta::minutes(1)).await;
                run.tick().await;
            }
            let what = format!("killed {moment:?} call {nth}");
            assert_eq!(run.state(&id), State::Reverted, "{what}");
            assert!(!run.ingress(&group).contains(&OPEN.to_owned()), "{what}");
            assert_eq!(run.stored(&id).decision.and_then(|decision| decision.reason).expect(&what).as_str(), "not now");
        }
    }
}
