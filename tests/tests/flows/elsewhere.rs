//! One rule on several cards: what was approved on one of them is not revoked by a Deny on another.

use chrono::TimeDelta;
use local::world::faults::Fault;
use shared::{
    domain::{
        change::{Fate, GroupKey},
        ids::RequestId,
        request::State,
    },
    flows::decide::After,
};
use simulation::fakes::{BOB, CAROL, Run, ssh};

/// A rule that was opened, changed to something else, and changed back: the first card and the last ask about the same.
async fn asked_twice() -> (Run, GroupKey, [RequestId; 2]) {
    let run = Run::new();
    let group = run.group("web");
    let first = run.open(&group, ssh("10.0.0.0/8"));
    run.tick().await;
    run.wait(TimeDelta::minutes(1)).await;
    run.change_sources(&group, &["192.0.2.0/24"]);
    run.tick().await;
    run.wait(TimeDelta::minutes(1)).await;
    let last = run.change_sources(&group, &["10.0.0.0/8"]);
    run.tick().await;
    run.wait(TimeDelta::minutes(1)).await;
    (run, group, [first, last])
}

#[tokio::test(start_paused = true)]
async fn what_was_approved_on_another_card_stays_and_the_denied_card_says_so() {
    for approve_first in [true, false] {
        let (run, group, [first, last]) = asked_twice().await;
        if approve_first {
            run.click(CAROL, "approve", &last).await;
        }
        let denied = run.click(BOB, "deny", &first).await;
        if !approve_first {
            run.click(CAROL, "approve", &last).await;
        }
        run.after(denied).await;
        assert!(run.ingress(&group).contains(&"tcp 22-22 10.0.0.0/8".to_owned()), "{approve_first}");
        assert_eq!((run.state(&first), run.state(&last)), (State::RevertFailed, State::Approved), "{approve_first}");
        let fate = run.stored(&first).change.opening.rules()[0].fate.clone();
        assert!(matches!(&fate, Fate::Approved { on, .. } if *on == last), "{fate:?}");
        let card = run.cards_of(&first).pop().expect("a card");
        assert!(card.text.contains("STILL OPEN. It was approved on another card by carol."), "{}", card.text);
        assert!(!card.blocks.iter().any(|block| block.to_string().contains("\"retry\"")), "an approval stays");
        run.sweep().await;
        assert!(run.outside.made("firewall", "revoke").is_empty(), "EC2 was not asked");
    }
}

#[tokio::test(start_paused = true)]
async fn an_approve_is_refused_while_the_same_rule_is_being_removed_on_another_card() {
    let (run, group, [first, last]) = asked_twice().await;
    run.world().faults.set("firewall", "revoke", Fault::Throttle, Some(1));
    run.deny(&first).await;
    assert!(matches!(run.state(&first), State::Reverting { lease: None }), "{:?}", run.state(&first));
    let After::Tell(whisper) = run.click(CAROL, "approve", &last).await else { panic!("it was approved") };
    assert!(whisper.text.contains("denied the same rule on another card"), "{}", whisper.text);
    assert_eq!(run.state(&last), State::Pending);
    run.wait(TimeDelta::minutes(1)).await;
    run.sweep().await;
    assert_eq!(run.state(&first), State::Reverted);
    assert!(!run.ingress(&group).contains(&"tcp 22-22 10.0.0.0/8".to_owned()));
    run.tick().await;
    assert_eq!(run.state(&last), State::Withdrawn, "there is nothing left to approve");
}

#[tokio::test(start_paused = true)]
async fn a_deny_of_a_later_change_goes_although_the_rule_had_been_approved() {
    let (run, group, [first, last]) = asked_twice().await;
    run.click(CAROL, "approve", &first).await;
    run.deny(&last).await;
    assert_eq!(run.state(&last), State::Reverted);
    assert!(!run.ingress(&group).contains(&"tcp 22-22 10.0.0.0/8".to_owned()));
}

/// A rule that its modification left out is asked about apart when a late record shows that it widened: the modification
/// and the part of it.
async fn asked_apart() -> (Run, RequestId, RequestId) {
    let run = Run::new();
    let group = run.group("web");
    run.open(&group, ssh("10.0.0.0/8"));
    run.open(&group, ssh("172.16.0.0/12"));
    run.tick().await;
    run.wait(TimeDelta::minutes(1)).await;
    let before: Vec<String> = run
        .rules(&group)
        .iter()
        .filter(|rule| rule.key.from_port == 22)
        .map(|rule| rule.key.source.to_string())
        .collect();
    // The first rule is narrowed, which is read late; then both are changed by one call: the first back to what it was, the
    // second to something wider.
    let narrowed = if before[0] == "10.0.0.0/8" { "10.1.0.0/16" } else { "172.16.0.0/16" };
    let narrowing = run.change_sources(&group, &[narrowed]);
    run.source.delay_one(narrowing.as_str(), TimeDelta::minutes(15));
    run.wait(TimeDelta::minutes(1)).await;
    let both = run.change_sources(&group, &[&before[0], "0.0.0.0/0"]);
    run.tick().await;
    assert_eq!(
        run.stored(&both).change.opening.rules().len(),
        1,
        "the other one is as wide as it was, as far as is known"
    );
    run.wait(TimeDelta::minutes(16)).await;
    run.tick().await;
    let left_out = run.stored(&both).change.opening.left_out()[0].id.clone();
    let apart = both.part(&left_out);
    assert_eq!(run.headline(&apart), "Approval needed");
    (run, both, apart)
}

#[tokio::test(start_paused = true)]
async fn a_part_that_is_denied_goes_and_the_rest_of_its_call_still_awaits_a_decision() {
    let (run, both, apart) = asked_apart().await;
    run.deny(&apart).await;
    assert_eq!((run.state(&apart), run.state(&both)), (State::Reverted, State::Pending));
}

#[tokio::test(start_paused = true)]
async fn an_approve_of_the_rest_of_a_call_does_not_keep_a_part_of_it_that_is_denied() {
    let (run, both, apart) = asked_apart().await;
    run.click(CAROL, "approve", &both).await;
    run.deny(&apart).await;
    assert_eq!((run.state(&apart), run.state(&both)), (State::Reverted, State::Approved));
}

/// Whoever opened the group restates the rule that is asked about, in one call with a harmless widening of another.
#[tokio::test(start_paused = true)]
async fn an_approve_keeps_no_rule_that_its_card_left_out() {
    let run = Run::new();
    let group = run.group("web");
    run.open(&group, ssh("10.0.0.0/24"));
    let world = run.open(&group, ssh("0.0.0.0/0"));
    run.tick().await;
    run.wait(TimeDelta::minutes(1)).await;
    let sources: Vec<String> = run
        .rules(&group)
        .iter()
        .filter(|rule| rule.key.from_port == 22)
        .map(|rule| rule.key.source.to_string().replace("10.0.0.0/24", "10.0.0.0/16"))
        .collect();
    let both = run.change_sources(&group, &sources.iter().map(String::as_str).collect::<Vec<_>>());
    run.tick().await;
    let asked = run.stored(&both);
    assert_eq!((asked.change.opening.rules().len(), asked.change.opening.left_out().len()), (1, 1));
    run.click(CAROL, "approve", &both).await;
    run.deny(&world).await;
    assert_eq!(run.state(&world), State::Reverted);
    assert!(run.ingress(&group).contains(&"tcp 22-22 10.0.0.0/16".to_owned()), "what was approved stays");
}
