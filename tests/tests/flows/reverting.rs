//! From a Deny to rules that are gone, and seen to be gone.

use chrono::TimeDelta;
use local::{
    system::{config::ConfigFile, seed::Opener},
    world::{
        ec2::{GroupRef, Operation, RuleChange, Staleness},
        faults::Fault,
    },
};
use shared::domain::{
    change::{Fate, GroupKey},
    ids::RequestId,
    request::State,
};
use shared::flows::decide::After;
use simulation::fakes::{BOB, Moment, Run, ssh};

fn seconds(seconds: i64) -> TimeDelta {
    TimeDelta::seconds(seconds)
}

/// A world in which somebody opened SSH to the internet, and the card is there.
async fn asked(name: &str) -> (Run, GroupKey, RequestId) {
    let run = Run::new();
    let group = run.group(name);
    let id = run.open(&group, ssh("0.0.0.0/0"));
    run.wait(TimeDelta::minutes(1)).await;
    run.tick().await;
    (run, group, id)
}

fn stale(run: &Run, time: TimeDelta) {
    run.world().ec2.lock().expect("EC2").set_staleness(Staleness::For(time));
}

fn fates(run: &Run, id: &RequestId) -> Vec<Fate> {
    run.stored(id).change.opening.rules().iter().map(|rule| rule.fate.clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn an_opening_is_denied_and_gone() {
    for name in ["bastion", "web"] {
        let run = Run::new();
        let group = run.group(name);
        let before = run.ingress(&group);
        let id = run.open(&group, ssh("0.0.0.0/0"));
        let report = run.tick().await;
        assert_eq!((report.new, report.cards_posted), (1, 1));
        assert_eq!(run.headline(&id), "Approval needed");
        run.deny(&id).await;
        assert_eq!(run.state(&id), State::Reverted);
        assert_eq!(run.ingress(&group), before);
        assert_eq!(run.headline(&id), "Reverted");
        assert_eq!(run.sweep().await.due, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_ec2_does_not_show_yet_is_waited_for() {
    let run = Run::new();
    let group = run.group("web");
    let before = run.ingress(&group);
    stale(&run, seconds(4));
    let id = run.open(&group, ssh("0.0.0.0/0"));
    run.push(&id).await;
    run.sweep().await;
    run.deny(&id).await;
    assert_eq!((run.state(&id), run.ingress(&group)), (State::Reverted, before));
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_that_a_new_rule_is_not_there_is_not_believed() {
    let run = Run::new();
    let group = run.group("web");
    stale(&run, seconds(8));
    let id = run.open(&group, ssh("0.0.0.0/0"));
    run.push(&id).await;
    run.sweep().await;
    let late = |nth| (Moment::After, "firewall", "describe", nth, std::time::Duration::from_secs(9));
    run.delay(vec![late(5)]);
    run.deny(&id).await;
    assert_ne!(run.state(&id), State::AlreadyGone, "it was asked about when it could not be seen yet");
    run.wait(seconds(60)).await;
    run.sweep().await;
    assert_eq!(run.state(&id), State::Reverted);
    assert!(!run.ingress(&group).contains(&"tcp 22-22 0.0.0.0/0".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_ec2_still_shows_after_the_revoke_is_looked_at_until_it_is_gone() {
    let (run, _, id) = asked("web").await;
    stale(&run, seconds(4));
    run.deny(&id).await;
    let after = run.stored(&id).verified_after_ms.expect("verified");
    assert!((4_000..10_000).contains(&after), "{after}");
    assert_eq!(run.state(&id), State::Reverted);
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_ec2_goes_on_to_show_postpones_the_outcome_and_was_removed_by_us_all_the_same() {
    let (run, _, id) = asked("web").await;
    stale(&run, seconds(40));
    run.deny(&id).await;
    assert_eq!((run.state(&id), run.headline(&id)), (State::Reverting { lease: None }, "Denied: reverting".to_owned()));
    for _ in 0..4 {
        run.wait(TimeDelta::minutes(1)).await;
        run.sweep().await;
    }
    assert_eq!((run.state(&id), fates(&run, &id)), (State::Reverted, vec![Fate::Removed]));
    assert_eq!(run.headline(&id), "Reverted");
}

#[tokio::test(start_paused = true)]
async fn throttling_and_lost_answers_are_waited_out() {
    for method in ["describe", "revoke"] {
        for fault in [Fault::Throttle, Fault::ServerError, Fault::DropBefore, Fault::DropAfter] {
            let (run, group, id) = asked("web").await;
            let before = run.ingress(&group).len();
            run.world().faults.set("firewall", method, fault, Some(3));
            run.deny(&id).await;
            for _ in 0..4 {
                run.wait(TimeDelta::minutes(1)).await;
                run.sweep().await;
            }
            assert_eq!(
                (run.state(&id), fates(&run, &id)),
                (State::Reverted, vec![Fate::Removed]),
                "{method} {fault:?}"
            );
            assert_eq!(run.ingress(&group).len(), before - 1);
            assert_eq!(run.headline(&id), "Reverted");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_revert_that_never_succeeds_fails_at_the_cap_and_a_retry_takes_it_up_again() {
    let (run, group, id) = asked("web").await;
    run.world().faults.set("firewall", "revoke", Fault::Throttle, None);
    run.deny(&id).await;
    let begun = run.now();
    let mut failed = 0;
    while run.state(&id) != State::RevertFailed {
        run.wait(seconds(30)).await;
        failed += run.sweep().await.reverts_failed;
        assert!(run.now() - begun < TimeDelta::minutes(40));
    }
    assert_eq!((failed, run.outside.made("firewall", "revoke").len()), (1, 10));
    assert!(run.now() - begun > TimeDelta::minutes(10));
    assert_eq!(run.headline(&id), "Revert failed");
    assert!(run.ingress(&group).contains(&"tcp 22-22 0.0.0.0/0".to_owned()));
    run.world().faults.clear_all();
    let after = run.click(BOB, "retry", &id).await;
    run.after(after).await;
    assert_eq!((run.state(&id), run.headline(&id)), (State::Reverted, "Reverted".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn what_the_role_may_not_do_fails_at_once() {
    for method in ["describe", "revoke"] {
        let (run, _, id) = asked("web").await;
        run.world().faults.set("firewall", method, Fault::Denied, None);
        run.deny(&id).await;
        assert_eq!((run.state(&id), run.headline(&id)), (State::RevertFailed, "Revert failed".to_owned()), "{method}");
    }
}

fn three() -> Vec<local::world::ec2::Permission> {
    ["203.0.113.0/24", "198.51.100.0/28", "192.0.2.0/24"].map(ssh).into()
}

/// EC2 refuses, somebody removes the rule in the console, and presses Retry.
#[tokio::test(start_paused = true)]
async fn what_ec2_refused_to_remove_and_a_person_removed_was_not_removed_by_us() {
    let (run, group, id) = asked("web").await;
    run.world().faults.set("firewall", "revoke", Fault::Denied, Some(1));
    run.deny(&id).await;
    assert_eq!(run.state(&id), State::RevertFailed);
    run.close_permission(&group, ssh("0.0.0.0/0"));
    run.wait(seconds(30)).await;
    let retried = run.click(BOB, "retry", &id).await;
    run.after(retried).await;
    assert_eq!(run.state(&id), State::AlreadyGone);
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_was_removed_by_hand_between_look_and_revoke_does_not_save_the_others() {
    let run = std::sync::Arc::new(Run::new());
    let group = run.group("web");
    let before = run.ingress(&group);
    let id = run.open_as(Opener::Alice, &group, three());
    run.tick().await;
    let (hand, there) = (std::sync::Arc::clone(&run), group.clone());
    run.meanwhile("firewall", "revoke", move || {
        hand.close_permission(&there, ssh("198.51.100.0/28"));
    });
    run.deny(&id).await;
    assert_eq!((run.state(&id), run.ingress(&group)), (State::Reverted, before));
    assert_eq!(fates(&run, &id), [Fate::Removed, Fate::NotThere, Fate::Removed]);
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_was_gone_before_is_told_apart_from_those_we_removed() {
    for name in ["bastion", "web"] {
        let run = Run::new();
        let group = run.group(name);
        let before = run.ingress(&group);
        let id = run.open_as(Opener::Alice, &group, three());
        run.tick().await;
        run.close_permission(&group, ssh("192.0.2.0/24"));
        run.deny(&id).await;
        assert_eq!((run.state(&id), run.ingress(&group)), (State::Reverted, before));
        assert_eq!(fates(&run, &id), [Fate::Removed, Fate::Removed, Fate::NotThere]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_id_that_stands_for_something_else_now_is_left_alone() {
    let (run, group, id) = asked("web").await;
    let rule = run.rules(&group).into_iter().find(|rule| rule.key.from_port == 22).expect("the rule");
    let change = RuleChange {
        rule_id: rule.id,
        protocol: Some("tcp".to_owned()),
        from_port: Some(22),
        to_port: Some(22),
        cidr_ipv4: Some("10.0.0.0/8".to_owned()),
        ..RuleChange::default()
    };
    let changes = vec![change];
    run.call(Opener::Bob, &group, Operation::ModifyRules { group_id: group.group.to_string(), changes });
    run.deny(&id).await;
    assert_eq!((run.state(&id), run.headline(&id)), (State::ChangedByHand, "Changed by hand".to_owned()));
    assert!(run.ingress(&group).contains(&"tcp 22-22 10.0.0.0/8".to_owned()));
    assert!(run.outside.made("firewall", "revoke").is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_same_rule_opened_again_is_another_opening_and_is_left_alone() {
    let (run, group, id) = asked("web").await;
    run.close_permission(&group, ssh("0.0.0.0/0"));
    let again = run.open(&group, ssh("0.0.0.0/0"));
    run.deny(&id).await;
    assert_eq!(run.state(&id), State::AlreadyGone);
    assert!(run.ingress(&group).contains(&"tcp 22-22 0.0.0.0/0".to_owned()));
    run.tick().await;
    assert_eq!(run.headline(&again), "Approval needed");
    run.deny(&again).await;
    assert_eq!((run.state(&again), run.headline(&id)), (State::Reverted, "Already gone".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn with_its_group_a_rule_is_gone() {
    let run = Run::new();
    let group = run.group("batch");
    let id = run.open(&group, ssh("0.0.0.0/0"));
    run.tick().await;
    let reference = GroupRef::id(group.group.as_str());
    run.call(Opener::Alice, &group, Operation::DeleteGroup { group: reference });
    run.deny(&id).await;
    assert_eq!((run.state(&id), run.headline(&id)), (State::AlreadyGone, "Already gone".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn whoever_is_killed_between_the_attempt_and_the_outcome_has_reverted_it() {
    for moment in [Moment::Before, Moment::After] {
        let (run, group, id) = asked("web").await;
        let after = run.click(BOB, "deny", &id).await;
        run.kill_at(moment, ("firewall", "revoke"), run.after(after)).await;
        run.sweep().await;
        assert!(matches!(run.state(&id), State::Reverting { lease: Some(_) }), "its lease holds");
        run.wait(seconds(45)).await;
        run.sweep().await;
        assert_eq!((run.state(&id), fates(&run, &id)), (State::Reverted, vec![Fate::Removed]), "{moment:?}");
        assert_eq!(run.headline(&id), "Reverted");
        assert!(!run.ingress(&group).contains(&"tcp 22-22 0.0.0.0/0".to_owned()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_decision_whose_responder_was_killed_is_carried_out_by_the_next_tick() {
    let (run, _, id) = asked("web").await;
    run.click(BOB, "deny", &id).await;
    let report = run.sweep().await;
    assert_eq!((report.reverted, run.state(&id)), (1, State::Reverted));
    run.wait(seconds(10)).await;
    run.sweep().await;
    assert_eq!(run.headline(&id), "Reverted");
}

#[tokio::test(start_paused = true)]
async fn two_at_once_revert_it_once() {
    let (run, _, id) = asked("web").await;
    let after = run.click(BOB, "deny", &id).await;
    futures::join!(run.after(after), run.sweep(), run.sweep());
    assert_eq!((run.state(&id), run.outside.made("firewall", "revoke").len()), (State::Reverted, 1));
    run.wait(seconds(10)).await;
    run.sweep().await;
    assert_eq!(run.headline(&id), "Reverted");
}

#[tokio::test(start_paused = true)]
async fn who_only_watches_reverts_nothing_whatever_the_switch_says_later() {
    let watching = ConfigFile { revert: false, ..ConfigFile::default() };
    let mut run = Run::with(watching);
    let group = run.group("web");
    let id = run.open(&group, ssh("0.0.0.0/0"));
    run.tick().await;
    run.deny(&id).await;
    assert_eq!((run.state(&id), run.headline(&id)), (State::Observed, "Observed".to_owned()));
    run.deploy(&ConfigFile::default());
    run.wait(seconds(10)).await;
    assert_eq!(run.sweep().await.due, 0);
    assert_eq!(run.state(&id), State::Observed);
    assert!(run.ingress(&group).contains(&"tcp 22-22 0.0.0.0/0".to_owned()));
}

/// The rollout of docs/setup.md: first Portcullis only watches, then it reverts. A card of the first weeks is still open.
#[tokio::test(start_paused = true)]
async fn a_card_that_said_a_deny_removes_nothing_is_shown_anew_before_a_deny_removes_something() {
    let mut run = Run::with(ConfigFile { revert: false, ..ConfigFile::default() });
    let group = run.group("web");
    let id = run.open(&group, ssh("0.0.0.0/0"));
    run.tick().await;
    let says = |run: &Run| serde_json::to_string(&run.cards_of(&id)[0].blocks).expect("JSON");
    assert!(says(&run).contains("only watches at present"));

    run.deploy(&ConfigFile::default());
    run.wait(TimeDelta::minutes(1)).await;
    for _ in 0..2 {
        let After::Tell(whisper) = run.click(BOB, "deny", &id).await else { panic!("it was denied") };
        assert!(whisper.text.contains("By now a Deny removes the rules. Nothing was changed"), "{}", whisper.text);
    }
    assert_eq!(run.state(&id), State::Pending);
    run.sweep().await;
    assert!(says(&run).contains("Stands unless denied."), "{}", says(&run));
    run.deny(&id).await;
    assert_eq!(run.state(&id), State::Reverted);
}

/// Approving removes nothing, and the modal for a reason says itself what a Deny does now.
#[tokio::test(start_paused = true)]
async fn a_card_that_said_a_deny_removes_nothing_can_be_approved_after_the_switch() {
    let mut run = Run::with(ConfigFile { revert: false, ..ConfigFile::default() });
    let id = run.open(&run.group("web"), ssh("0.0.0.0/0"));
    run.tick().await;
    run.deploy(&ConfigFile::default());
    run.click(BOB, "approve", &id).await;
    assert_eq!(run.state(&id), State::Approved);
}

#[tokio::test(start_paused = true)]
async fn what_was_denied_before_the_switch_stays_until_it_is_back() {
    let (mut run, group, id) = asked("web").await;
    let after = run.click(BOB, "deny", &id).await;
    let open = "tcp 22-22 0.0.0.0/0".to_owned();
    run.deploy(&ConfigFile { revert: false, ..ConfigFile::default() });
    // The new responder's own part, too.
    run.after(after).await;
    for _ in 0..3 {
        run.wait(TimeDelta::minutes(1)).await;
        run.sweep().await;
    }
    assert!(run.ingress(&group).contains(&open));
    assert_eq!(run.state(&id), State::Denied);
    run.deploy(&ConfigFile::default());
    run.sweep().await;
    assert_eq!(run.state(&id), State::Reverted);
    assert!(!run.ingress(&group).contains(&open));
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_answer_is_lost_changes_nothing() {
    for method in ["commit", "load", "note_revert"] {
        for fault in [Fault::DropBefore, Fault::DropAfter] {
            let (run, _, id) = asked("web").await;
            let after = run.click(BOB, "deny", &id).await;
            run.world().faults.set("store", method, fault, Some(1));
            run.after(after).await;
            run.wait(TimeDelta::minutes(1)).await;
            run.sweep().await;
            run.wait(TimeDelta::minutes(1)).await;
            run.sweep().await;
            assert_eq!(
                (run.state(&id), fates(&run, &id)),
                (State::Reverted, vec![Fate::Removed]),
                "{method} {fault:?}"
            );
            assert_eq!(run.headline(&id), "Reverted");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn damaged_notes_of_the_group_do_not_keep_a_denied_rule_open() {
    let (run, group, id) = asked("web").await;
    run.portcullis.store.damage_notes(&group);
    run.deny(&id).await;
    assert_eq!(run.state(&id), State::Reverted);
}

#[tokio::test(start_paused = true)]
async fn modified_rules_are_removed_whole() {
    let run = Run::new();
    let group = run.group("web");
    let rule = run.rules(&group).pop().expect("a rule of the seed");
    let change = RuleChange {
        rule_id: rule.id,
        protocol: Some("tcp".to_owned()),
        from_port: Some(0),
        to_port: Some(65_535),
        cidr_ipv4: Some("0.0.0.0/0".to_owned()),
        ..RuleChange::default()
    };
    let changes = vec![change];
    let id = run.call(Opener::Alice, &group, Operation::ModifyRules { group_id: group.group.to_string(), changes });
    run.tick().await;
    run.deny(&id).await;
    assert_eq!(run.state(&id), State::Reverted);
    assert!(run.ingress(&group).is_empty());
}
