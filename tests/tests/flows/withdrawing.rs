//! Revokes by hand: what is gone already needs no decision.

use std::time::Duration;

use chrono::TimeDelta;
use local::{
    system::seed::Opener,
    world::{
        ec2::{Call, GroupRef, Operation, Permissions, Removal, RuleChange},
        faults::Fault,
        identity::{Caller, Identity},
        trail::Style,
    },
};
use shared::{
    domain::{
        change::{Fate, GroupKey},
        ids::RequestId,
        request::State,
    },
    flows::decide::After,
};
use simulation::fakes::{BOB, Moment, Run, ssh};

fn without_rule_ids(run: &Run) {
    run.world().trail.lock().expect("the trail").set_style(Style { without_rule_set: true, ..Style::default() });
}

#[tokio::test(start_paused = true)]
async fn an_opening_that_was_taken_back_is_withdrawn_in_whichever_order_the_two_are_read() {
    for old_records in [false, true] {
        for revoke_first in [false, true] {
            let run = Run::new();
            if old_records {
                without_rule_ids(&run);
            }
            let group = run.group("web");
            let id = run.open(&group, ssh("0.0.0.0/0"));
            run.wait(TimeDelta::seconds(90)).await;
            let revoke = run.close_permission(&group, ssh("0.0.0.0/0"));
            let order = if revoke_first { [&revoke, &id] } else { [&id, &revoke] };
            for read in order {
                run.push(read).await;
                run.sweep().await;
            }
            assert_eq!(run.state(&id), State::Withdrawn, "{old_records} {revoke_first}");
            assert_eq!(run.headline(&id), "Withdrawn");
        }
    }
}

/// The revoke names no ids: what it removed was opened after the first rule had become something else.
#[tokio::test(start_paused = true)]
async fn a_revoke_of_the_same_properties_withdraws_no_rule_that_was_changed_and_is_there() {
    let run = Run::new();
    let group = run.group("web");
    let first = run.open(&group, ssh("0.0.0.0/0"));
    run.wait(TimeDelta::seconds(90)).await;
    let rule = run.rules(&group).into_iter().find(|rule| rule.key.from_port == 22).expect("the rule");
    let narrower = RuleChange {
        rule_id: rule.id,
        protocol: Some("tcp".to_owned()),
        from_port: Some(22),
        to_port: Some(22),
        cidr_ipv4: Some("0.0.0.0/1".to_owned()),
        ..RuleChange::default()
    };
    let changes = vec![narrower];
    run.call(Opener::Alice, &group, Operation::ModifyRules { group_id: group.group.to_string(), changes });
    run.wait(TimeDelta::seconds(90)).await;
    let second = run.open(&group, ssh("0.0.0.0/0"));
    run.tick().await;
    run.wait(TimeDelta::seconds(90)).await;
    run.world().trail.lock().expect("the trail").set_style(Style { without_revoked_set: true, ..Style::default() });
    run.close_permission(&group, ssh("0.0.0.0/0"));
    run.tick().await;
    assert_eq!((run.state(&first), run.state(&second)), (State::Pending, State::Withdrawn));
    assert!(run.ingress(&group).contains(&"tcp 22-22 0.0.0.0/1".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_revoke_by_rule_ids_withdraws_too() {
    let run = Run::new();
    let group = run.group("web");
    let id = run.open(&group, ssh("0.0.0.0/0"));
    run.tick().await;
    let rule = run.rules(&group).into_iter().find(|rule| rule.key.from_port == 22).expect("the rule");
    run.close(&group, Removal::RuleIds(vec![rule.id]));
    let report = run.tick().await;
    assert_eq!((report.withdrawn, run.headline(&id)), (1, "Withdrawn".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn within_one_second_only_ec2_tells_which_came_first() {
    for old_records in [false, true] {
        let run = Run::new();
        if old_records {
            without_rule_ids(&run);
        }
        // The seed's rule of `bastion` is revoked and opened again: the opening stands.
        let group = run.group("bastion");
        run.close_permission(&group, ssh("198.51.100.0/24"));
        let again = run.open(&group, ssh("198.51.100.0/24"));
        // And another one is opened and revoked: nothing stands.
        let other = run.group("web");
        let gone = run.open(&other, ssh("0.0.0.0/0"));
        run.close_permission(&other, ssh("0.0.0.0/0"));
        run.tick().await;
        assert_eq!(run.state(&again), State::Pending, "{old_records}");
        assert_eq!(run.state(&gone), State::Withdrawn, "{old_records}");
        run.deny(&again).await;
        assert_eq!((run.state(&again), run.ingress(&group)), (State::Reverted, vec![]));
    }
}

#[tokio::test(start_paused = true)]
async fn a_revoke_of_an_earlier_rule_of_the_same_kind_withdraws_nothing() {
    let run = Run::new();
    let group = run.group("bastion");
    without_rule_ids(&run);
    run.close_permission(&group, ssh("198.51.100.0/24"));
    run.wait(TimeDelta::seconds(2)).await;
    let again = run.open(&group, ssh("198.51.100.0/24"));
    run.tick().await;
    assert_eq!(run.headline(&again), "Approval needed");
}

#[tokio::test(start_paused = true)]
async fn an_opening_that_was_taken_back_in_part_goes_on_asking_for_the_rest() {
    let run = Run::new();
    let group = run.group("web");
    let id = run.open_as(Opener::Alice, &group, vec![ssh("0.0.0.0/0"), ssh("203.0.113.0/24")]);
    run.tick().await;
    run.wait(TimeDelta::seconds(2)).await;
    run.close_permission(&group, ssh("0.0.0.0/0"));
    run.tick().await;
    assert_eq!((run.state(&id), run.headline(&id)), (State::Pending, "Approval needed".to_owned()));
    assert_eq!(run.stored(&id).rendered_version, 2, "the card shows which one is gone");
    run.deny(&id).await;
    assert_eq!(run.state(&id), State::Reverted);
    let request = run.stored(&id);
    let fates: Vec<_> = request.change.opening.rules().iter().map(|rule| &rule.fate).collect();
    assert!(matches!(fates[..], [Fate::RemovedByHand { .. }, Fate::Removed]), "{fates:?}");
}

#[tokio::test(start_paused = true)]
async fn a_revert_of_our_own_withdraws_nothing() {
    let run = Run::new();
    without_rule_ids(&run);
    let group = run.group("web");
    let id = run.open(&group, ssh("0.0.0.0/0"));
    run.tick().await;
    run.deny(&id).await;
    // Opened again in the very second of our revoke.
    let again = run.open(&group, ssh("0.0.0.0/0"));
    let report = run.tick().await;
    assert_eq!((report.withdrawn, report.ignored.get("own_revert")), (0, Some(&1)));
    assert_eq!((run.headline(&id), run.headline(&again)), ("Reverted".to_owned(), "Approval needed".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_revert_whose_answer_was_lost_is_our_own_by_its_role() {
    let run = Run::new();
    let group = run.group("web");
    let id = run.open(&group, ssh("0.0.0.0/0"));
    run.tick().await;
    run.world().faults.set("firewall", "revoke", local::world::faults::Fault::DropAfter, Some(1));
    run.deny(&id).await;
    assert_eq!(run.state(&id), State::Reverted);
    assert_eq!(run.tick().await.ignored.get("own_revert"), Some(&1));
}

#[tokio::test(start_paused = true)]
async fn a_session_that_only_calls_itself_like_ours_is_somebody_else() {
    let run = Run::new();
    let group = run.group("web");
    let first = run.open(&group, ssh("203.0.113.0/24"));
    let id = run.open(&group, ssh("0.0.0.0/0"));
    run.tick().await;
    run.deny(&first).await;
    let account = group.account.as_str();
    let impostor = Identity::role(account, "/other/", "spoke-001", "portcullis");
    let removal = Removal::Permissions(Permissions::Array(vec![ssh("0.0.0.0/0")]));
    let reference = GroupRef::id(group.group.as_str());
    let call = Call::from(Operation::RevokeIngress { group: reference, removal });
    let caller = Caller::program(impostor, account, group.region.as_str());
    run.world().ec2_call(&caller, &call, run.now()).result.expect("revoked");
    let report = run.tick().await;
    assert_eq!((report.withdrawn, run.headline(&id)), (1, "Withdrawn".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn while_a_card_is_on_its_way_a_withdrawal_waits_for_it() {
    let run = Run::new();
    let group = run.group("web");
    let id = run.open(&group, ssh("0.0.0.0/0"));
    run.push(&id).await;
    let slow = local::world::faults::Fault::Slow(std::time::Duration::from_secs(5));
    run.world().faults.set("chat", "post", slow, Some(1));
    let hand = async {
        run.wait(TimeDelta::seconds(2)).await;
        let revoke = run.close_permission(&group, ssh("0.0.0.0/0"));
        run.push(&revoke).await
    };
    let (_, read) = futures::join!(run.sweep(), hand);
    assert_eq!(read.withdrawn, 1);
    run.sweep().await;
    assert_eq!((run.state(&id), run.headline(&id)), (State::Withdrawn, "Withdrawn".to_owned()));
}

/// Its card is in the channel, and whoever posted it got no answer.
async fn with_an_unrecorded_card(permissions: &[&str]) -> (Run, GroupKey, RequestId) {
    let run = Run::new();
    let group = run.group("web");
    let id = run.open_as(Opener::Alice, &group, permissions.iter().map(|cidr| ssh(cidr)).collect());
    run.world().faults.set("chat", "post", Fault::DropAfter, Some(1));
    run.tick().await;
    assert_eq!((run.state(&id), run.cards_of(&id).len()), (State::NeedsPost, 1));
    (run, group, id)
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_cannot_be_decided_on_a_card_whose_post_is_not_recorded() {
    for action in ["approve", "deny"] {
        let (run, group, id) = with_an_unrecorded_card(&["0.0.0.0/0"]).await;
        run.wait(TimeDelta::seconds(2)).await;
        let revoke = run.close_permission(&group, ssh("0.0.0.0/0"));
        run.push(&revoke).await;
        let After::Tell(whisper) = run.click(BOB, action, &id).await else { panic!("{action} was stored") };
        assert!(whisper.text.starts_with("Too late: somebody removed this opening"), "{}", whisper.text);
        run.wait(TimeDelta::minutes(1)).await;
        run.sweep().await;
        assert_eq!((run.state(&id), run.headline(&id)), (State::Withdrawn, "Withdrawn".to_owned()));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_decided_while_its_post_is_looked_into_is_not_posted_again() {
    let (run, group, id) = with_an_unrecorded_card(&["0.0.0.0/0", "10.0.0.0/8"]).await;
    run.wait(TimeDelta::seconds(2)).await;
    let revoke = run.close_permission(&group, ssh("10.0.0.0/8"));
    run.push(&revoke).await;
    run.wait(TimeDelta::seconds(10)).await;
    run.delay(vec![(Moment::Before, "store", "group_notes", 1, Duration::from_secs(5))]);
    let decided = async {
        run.wait(TimeDelta::seconds(2)).await;
        let after = run.click(BOB, "approve", &id).await;
        run.after(after).await;
    };
    futures::join!(run.sweep(), decided);
    run.wait(TimeDelta::minutes(1)).await;
    run.sweep().await;
    assert_eq!((run.state(&id), run.headline(&id)), (State::Approved, "Approved".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn what_was_withdrawn_before_its_post_gets_one_card_of_two_sweeps_at_once() {
    let run = Run::new();
    let group = run.group("web");
    let id = run.open(&group, ssh("0.0.0.0/0"));
    run.push(&id).await;
    run.wait(TimeDelta::seconds(90)).await;
    let revoke = run.close_permission(&group, ssh("0.0.0.0/0"));
    run.push(&revoke).await;
    futures::join!(run.sweep(), run.sweep());
    assert_eq!((run.state(&id), run.headline(&id)), (State::Withdrawn, "Withdrawn".to_owned()));
    assert_eq!(run.stored(&id).due_at(), None);
}
