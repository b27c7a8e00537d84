//! `ModifySecurityGroupRules`: its record tells neither the direction nor the value before.

use std::time::Duration;

use chrono::TimeDelta;
use local::{
    system::seed::Opener,
    world::{
        ec2::{Operation, RuleChange},
        faults::Fault,
        trail::Cut,
    },
};
use shared::domain::{
    change::{GroupKey, Opening},
    ids::{RequestId, RuleId},
    request::State,
};
use simulation::fakes::{Moment, Run, ssh};

/// A rule that was opened from 10.0.0.0/8, its card posted; and the rule's id.
async fn opened() -> (Run, GroupKey, String) {
    let run = Run::new();
    let group = run.group("web");
    run.open(&group, ssh("10.0.0.0/8"));
    run.tick().await;
    run.wait(TimeDelta::minutes(1)).await;
    let rule = run.rules(&group).into_iter().find(|rule| rule.key.from_port == 22).expect("the rule");
    (run, group, rule.id)
}

/// The id of the egress rule that every new group has.
fn egress_rule(run: &Run, group: &GroupKey) -> String {
    let ec2 = run.world().ec2.lock().expect("EC2");
    let found = ec2.group(group.account.as_str(), group.region.as_str(), group.group.as_str()).expect("the group");
    found.rules().find(|rule| rule.key.egress).expect("the rule of every new group").id.clone()
}

fn to(rule: &str, cidr: &str) -> RuleChange {
    RuleChange {
        rule_id: rule.to_owned(),
        protocol: Some("tcp".to_owned()),
        from_port: Some(22),
        to_port: Some(22),
        cidr_ipv4: Some(cidr.to_owned()),
        ..RuleChange::default()
    }
}

fn modify(run: &Run, group: &GroupKey, change: RuleChange) -> RequestId {
    let changes = vec![change];
    run.call(Opener::Alice, group, Operation::ModifyRules { group_id: group.group.to_string(), changes })
}

fn earlier(run: &Run, id: &RequestId) -> Vec<Option<String>> {
    let request = run.stored(id);
    assert!(matches!(request.change.opening, Opening::Modified { .. }), "{:?}", request.change.opening);
    request.change.opening.rules().iter().map(|rule| rule.earlier.as_ref().map(ToString::to_string)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_narrowing_and_a_new_description_make_no_card() {
    let (run, group, rule) = opened().await;
    modify(&run, &group, to(&rule, "10.1.0.0/16"));
    let report = run.tick().await;
    assert_eq!(report.ignored.get("narrowing"), Some(&1));
    run.wait(TimeDelta::minutes(1)).await;
    let described = RuleChange { description: Some("for the audit".to_owned()), ..to(&rule, "10.1.0.0/16") };
    modify(&run, &group, described);
    let report = run.tick().await;
    assert_eq!(report.ignored.get("description_only"), Some(&1));
    assert_eq!(run.cards().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn egress_makes_no_card() {
    let run = Run::new();
    let group = run.group("web");
    let out = egress_rule(&run, &group);
    modify(&run, &group, to(&out, "0.0.0.0/0"));
    assert_eq!(run.tick().await.ignored.get("egress"), Some(&1));
    assert!(run.cards().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_widening_after_a_narrowing_that_was_ignored_is_a_card() {
    let (run, group, rule) = opened().await;
    modify(&run, &group, to(&rule, "10.1.0.0/16"));
    run.tick().await;
    run.wait(TimeDelta::minutes(1)).await;
    let id = modify(&run, &group, to(&rule, "10.0.0.0/8"));
    run.tick().await;
    assert_eq!(run.headline(&id), "Approval needed");
    assert_eq!(earlier(&run, &id), [Some("tcp 22 from 10.1.0.0/16".to_owned())]);
    run.deny(&id).await;
    assert_eq!(run.state(&id), State::Reverted);
}

#[tokio::test(start_paused = true)]
async fn a_widening_that_is_read_before_the_narrowing_is_asked_about_in_the_end() {
    let (run, group, rule) = opened().await;
    let narrowing = modify(&run, &group, to(&rule, "10.1.0.0/16"));
    run.source.delay_one(narrowing.as_str(), TimeDelta::minutes(15));
    run.wait(TimeDelta::minutes(1)).await;
    modify(&run, &group, to(&rule, "10.0.0.0/8"));
    run.tick().await;
    run.wait(TimeDelta::minutes(16)).await;
    run.tick().await;
    let cards = run.cards();
    assert_eq!(cards.len(), 2, "the opening, and what became of the rule");
    assert!(cards[1].text.starts_with("Approval needed"), "{}", cards[1].text);
    assert!(cards[1].text.contains("10.0.0.0/8"), "{}", cards[1].text);
}

#[tokio::test(start_paused = true)]
async fn a_modification_that_could_not_be_described_is_held_and_then_a_proper_card() {
    for fault in [Fault::Throttle, Fault::DropBefore, Fault::ServerError] {
        let (run, group, rule) = opened().await;
        let id = modify(&run, &group, to(&rule, "0.0.0.0/0"));
        run.world().faults.set("firewall", "describe", fault, Some(2));
        let report = run.tick().await;
        assert_eq!((report.new, run.state(&id), run.cards().len()), (1, State::NeedsPost, 1), "{fault:?}");
        run.wait(TimeDelta::seconds(10)).await;
        run.sweep().await;
        assert_eq!(run.headline(&id), "Approval needed", "{fault:?}");
        assert_eq!(earlier(&run, &id), [Some("tcp 22 from 10.0.0.0/8".to_owned())]);
    }
}

/// One call changes an egress rule, widely, and gives an ingress rule a new description: neither opens anything.
#[tokio::test(start_paused = true)]
async fn egress_beside_a_narrowing_makes_no_card_though_it_let_out_less_before() {
    let (run, group, rule) = opened().await;
    let out = egress_rule(&run, &group);
    modify(&run, &group, to(&out, "10.0.0.0/8"));
    run.tick().await;
    run.wait(TimeDelta::minutes(1)).await;
    let changes = vec![to(&out, "0.0.0.0/0"), to(&rule, "10.1.0.0/16")];
    let both = run.call(Opener::Alice, &group, Operation::ModifyRules { group_id: group.group.to_string(), changes });
    run.tick().await;
    run.tick().await;
    assert!(matches!(run.state(&both), State::Ignored { .. }), "{:?}", run.state(&both));
    assert_eq!(run.cards().len(), 1, "that of the opening");
}

/// Nobody could tell what the call did, so its card asks about no rule. What escaped a Deny by it is asked about apart.
#[tokio::test(start_paused = true)]
async fn a_rule_that_escapes_a_deny_by_a_modification_that_is_unreadable_is_asked_about() {
    let run = Run::new();
    let group = run.group("web");
    let opening = run.open(&group, ssh("0.0.0.0/0"));
    run.tick().await;
    run.wait(TimeDelta::minutes(1)).await;
    let rule = run.rules(&group).into_iter().find(|rule| rule.key.from_port == 22).expect("the rule");
    let narrowing = modify(&run, &group, to(&rule.id, "0.0.0.0/1"));
    run.world().faults.set("firewall", "describe", Fault::Denied, Some(1));
    run.tick().await;
    assert_eq!(run.headline(&narrowing), "Unreadable");
    run.deny(&opening).await;
    assert_eq!(run.state(&opening), State::ChangedByHand);
    run.sweep().await;
    let apart = narrowing.part(&RuleId::parse(&rule.id).expect("a rule id"));
    assert_eq!(run.headline(&apart), "Approval needed");
    run.deny(&apart).await;
    assert_eq!(run.state(&apart), State::Reverted);
    assert!(run.rules(&group).iter().all(|left| left.id != rule.id));
}

#[tokio::test(start_paused = true)]
async fn a_modification_that_nobody_can_describe_for_ten_minutes_is_unreadable() {
    let (run, group, rule) = opened().await;
    let id = modify(&run, &group, to(&rule, "0.0.0.0/0"));
    run.world().faults.set("firewall", "describe", Fault::Throttle, None);
    run.tick().await;
    let begun = run.now();
    while run.state(&id) != State::Pending {
        assert!(run.now() - begun < TimeDelta::minutes(16));
        run.wait(TimeDelta::minutes(1)).await;
        run.sweep().await;
    }
    assert!(run.now() - begun >= TimeDelta::minutes(10));
    assert_eq!(run.headline(&id), "Unreadable");
}

#[tokio::test(start_paused = true)]
async fn a_role_that_may_not_describe_makes_it_unreadable_at_once() {
    let (run, group, rule) = opened().await;
    let id = modify(&run, &group, to(&rule, "0.0.0.0/0"));
    run.world().faults.set("firewall", "describe", Fault::Denied, None);
    run.tick().await;
    assert_eq!(run.headline(&id), "Unreadable");
}

#[tokio::test(start_paused = true)]
async fn a_held_modification_that_turns_out_to_be_a_narrowing_makes_no_card() {
    let (run, group, rule) = opened().await;
    let id = modify(&run, &group, to(&rule, "10.1.0.0/16"));
    run.world().faults.set("firewall", "describe", Fault::Throttle, Some(1));
    run.tick().await;
    assert!(matches!(run.state(&id), State::Ignored { .. }), "{:?}", run.state(&id));
    assert_eq!(run.cards().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_opening_whose_record_was_cut_off_is_filled_in() {
    let run = Run::new();
    let group = run.group("web");
    run.world().trail.lock().expect("the trail").cut_next(Cut::RequestParameters);
    let id = run.open(&group, ssh("0.0.0.0/0"));
    run.world().trail.lock().expect("the trail").cut_next(Cut::RequestAndResponse);
    let unreadable = run.open(&run.group("batch"), ssh("0.0.0.0/0"));
    run.tick().await;
    assert_eq!((run.headline(&id), run.headline(&unreadable)), ("Approval needed".to_owned(), "Unreadable".to_owned()));
    run.deny(&id).await;
    assert_eq!(run.state(&id), State::Reverted);
}

#[tokio::test(start_paused = true)]
async fn a_modified_rule_that_ec2_does_not_show_yet_is_waited_for() {
    let (run, group, rule) = opened().await;
    run.world().ec2.lock().expect("EC2").set_staleness(local::world::ec2::Staleness::For(TimeDelta::seconds(1)));
    let id = modify(&run, &group, to(&rule, "0.0.0.0/0"));
    run.push(&id).await;
    run.sweep().await;
    assert_eq!(run.headline(&id), "Approval needed");
    assert_eq!(run.stored(&id).change.opening.rules()[0].rule.to_string(), "tcp 22 from 0.0.0.0/0");
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_escapes_a_deny_by_being_narrowed_is_asked_about() {
    let run = Run::new();
    let group = run.group("web");
    let opening = run.open(&group, ssh("0.0.0.0/0"));
    run.tick().await;
    run.wait(TimeDelta::minutes(1)).await;
    let rule = run.rules(&group).into_iter().find(|rule| rule.key.from_port == 22).expect("the rule");
    let narrowing = modify(&run, &group, to(&rule.id, "0.0.0.0/1"));
    assert_eq!(run.tick().await.ignored.get("narrowing"), Some(&1));
    run.deny(&opening).await;
    assert_eq!(run.state(&opening), State::ChangedByHand);
    run.sweep().await;
    assert_eq!(run.headline(&narrowing), "Approval needed");
    assert_eq!(earlier(&run, &narrowing), [Some("tcp 22 from 0.0.0.0/0".to_owned())]);
    run.deny(&narrowing).await;
    assert_eq!(run.state(&narrowing), State::Reverted);
    assert!(run.rules(&group).iter().all(|left| left.id != rule.id));
}

#[tokio::test(start_paused = true)]
async fn a_widening_that_was_judged_too_early_is_asked_about_once_the_narrowing_is_read() {
    let (run, group, rule) = opened().await;
    let narrowing = modify(&run, &group, to(&rule, "10.1.0.0/16"));
    run.wait(TimeDelta::minutes(1)).await;
    let widening = modify(&run, &group, to(&rule, "10.0.0.0/8"));
    run.push(&widening).await;
    assert!(matches!(run.state(&widening), State::Ignored { .. }), "as wide as it was opened");
    run.push(&narrowing).await;
    run.sweep().await;
    assert_eq!(run.headline(&widening), "Approval needed");
    assert_eq!(earlier(&run, &widening), [Some("tcp 22 from 10.1.0.0/16".to_owned())]);
}

/// The widening is judged by what is known, and stored a second later: in between another poller reads the narrowing.
#[tokio::test(start_paused = true)]
async fn a_widening_is_asked_about_though_the_narrowing_is_read_between_its_judgement_and_its_insert() {
    let (run, group, rule) = opened().await;
    let narrowing = modify(&run, &group, to(&rule, "10.1.0.0/16"));
    run.wait(TimeDelta::minutes(1)).await;
    let widening = modify(&run, &group, to(&rule, "10.0.0.0/8"));
    run.delay(vec![(Moment::Before, "store", "insert", 1, Duration::from_secs(1))]);
    let other = async {
        run.wait(TimeDelta::milliseconds(500)).await;
        run.push(&narrowing).await;
    };
    futures::join!(run.push(&widening), other);
    run.sweep().await;
    assert_eq!(run.headline(&widening), "Approval needed");
    assert_eq!(earlier(&run, &widening), [Some("tcp 22 from 10.1.0.0/16".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn a_narrowing_that_is_read_only_after_the_deny_it_escaped_is_asked_about() {
    for describes in [true, false] {
        let run = Run::new();
        let group = run.group("web");
        let opening = run.open(&group, ssh("0.0.0.0/0"));
        run.tick().await;
        run.wait(TimeDelta::minutes(1)).await;
        let rule = run.rules(&group).into_iter().find(|rule| rule.key.from_port == 22).expect("the rule");
        let narrowing = modify(&run, &group, to(&rule.id, "0.0.0.0/1"));
        run.deny(&opening).await;
        assert_eq!(run.state(&opening), State::ChangedByHand);
        if !describes {
            run.world().faults.set("firewall", "describe", Fault::Throttle, Some(1));
        }
        run.tick().await;
        run.sweep().await;
        assert_eq!(run.headline(&narrowing), "Approval needed", "{describes}");
        run.deny(&narrowing).await;
        assert_eq!(run.state(&narrowing), State::Reverted, "{describes}");
        assert!(run.rules(&group).iter().all(|left| left.id != rule.id));
    }
}

#[tokio::test(start_paused = true)]
async fn a_narrowing_of_a_denied_rule_that_is_gone_makes_no_card() {
    let run = Run::new();
    let group = run.group("web");
    let opening = run.open(&group, ssh("0.0.0.0/0"));
    run.tick().await;
    run.wait(TimeDelta::minutes(1)).await;
    let rule = run.rules(&group).into_iter().find(|rule| rule.key.from_port == 22).expect("the rule");
    let narrowing = modify(&run, &group, to(&rule.id, "0.0.0.0/1"));
    run.wait(TimeDelta::minutes(1)).await;
    modify(&run, &group, to(&rule.id, "0.0.0.0/0"));
    run.deny(&opening).await;
    assert_eq!(run.state(&opening), State::Reverted);
    run.tick().await;
    assert!(matches!(run.state(&narrowing), State::Ignored { .. }), "{:?}", run.state(&narrowing));
}

#[tokio::test(start_paused = true)]
async fn a_widening_is_asked_about_though_the_narrowing_of_the_same_second_is_read_after_it() {
    let (run, group, rule) = opened().await;
    let narrowing = modify(&run, &group, to(&rule, "10.1.0.0/16"));
    let widening = modify(&run, &group, to(&rule, "10.0.0.0/8"));
    run.push(&widening).await;
    assert!(matches!(run.state(&widening), State::Ignored { .. }), "as wide as it was opened");
    run.push(&narrowing).await;
    run.sweep().await;
    assert_eq!(run.headline(&widening), "Approval needed");
}

#[tokio::test(start_paused = true)]
async fn what_is_asked_about_after_all_and_was_removed_meanwhile_is_withdrawn() {
    let (run, group, rule) = opened().await;
    let narrowing = modify(&run, &group, to(&rule, "10.1.0.0/16"));
    run.wait(TimeDelta::minutes(1)).await;
    let widening = modify(&run, &group, to(&rule, "10.0.0.0/8"));
    run.wait(TimeDelta::minutes(1)).await;
    let revoke = run.close_permission(&group, ssh("10.0.0.0/8"));
    for read in [&revoke, &widening, &narrowing] {
        run.push(read).await;
    }
    run.sweep().await;
    assert_eq!((run.state(&widening), run.headline(&widening)), (State::Withdrawn, "Withdrawn".to_owned()));
}
