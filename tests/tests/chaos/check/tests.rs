//! That the check can fail: a world in which all is well, and everything that may be wrong with it, one at a time.

use chrono::{DateTime, TimeDelta, Utc};

use super::*;

fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_190_400, 0).expect("a time")
}

fn item(state: &str, decision: Option<(bool, &str)>) -> Item {
    Item {
        state: state.to_owned(),
        state_within: state.to_owned(),
        revision: 7,
        revision_within: 7,
        version: 2,
        rendered_version: 2,
        due: false,
        open: state == "Pending",
        decisions_told: usize::from(decision.is_some()),
        decision: decision.map(|(deny, by)| Decided { deny, by: by.to_owned(), at: noon() }),
        text: format!("{state}: so it is"),
    }
}

/// One opening of each wish, and all that came of it.
fn all_is_well() -> Snapshot {
    let ends = [
        ("denied", Wish::Deny, item("Reverted", Some((true, "U0BOB")))),
        ("approved", Wish::Approve, item("Approved", Some((false, "U0CAROL")))),
        ("contested", Wish::Contest, item("Reverted", Some((true, "U0BOB")))),
        ("left", Wish::Leave, item("Pending", None)),
        ("taken-back", Wish::TakeBack, item("Withdrawn", None)),
    ];
    let mut world = Snapshot { before: ["sgr-office".to_owned()].into(), ..Snapshot::default() };
    world.standing.insert("sgr-office".to_owned());
    for (port, (id, wish, item)) in (2_000..).zip(ends) {
        let rules = vec![format!("sgr-{id}-1"), format!("sgr-{id}-2")];
        if matches!(id, "approved" | "left") {
            world.standing.extend(rules.iter().cloned());
        }
        if let Some(decided) = &item.decision {
            world.clicks.insert((decided.by.clone(), decided.deny, id.to_owned()));
        }
        if item.state == "Reverted" {
            world.revokes.push(Revoke { at: noon() + TimeDelta::seconds(1), ports: vec![port] });
        }
        let text = item.text.clone();
        world.channel.push(Shown { request: Some(id.to_owned()), ts: format!("{port}.000100"), text });
        world.openings.push(Opening { id: id.to_owned(), rules, port, wish });
        world.items.insert(id.to_owned(), item);
    }
    // The other one's click on what was fought over.
    world.clicks.insert(("U0CAROL".to_owned(), false, "contested".to_owned()));
    world
}

fn of<'a>(world: &'a mut Snapshot, id: &str) -> &'a mut Item {
    world.items.get_mut(id).expect("an item")
}

fn assert_caught(what: &str, promise: &str, wrong: impl FnOnce(&mut Snapshot)) {
    let mut world = all_is_well();
    wrong(&mut world);
    let broken = broken(&world);
    assert!(broken.iter().any(|sentence| sentence.starts_with(promise)), "{what} is not caught: {broken:#?}");
}

#[test]
fn where_all_is_well_nothing_is_broken() {
    assert_eq!(broken(&all_is_well()), Vec::<String>::new());
    let mut approved = all_is_well();
    *of(&mut approved, "contested") = item("Approved", Some((false, "U0CAROL")));
    approved.standing.extend(["sgr-contested-1".to_owned(), "sgr-contested-2".to_owned()]);
    approved.revokes.pop();
    approved.channel[2].text = "Approved: so it is".to_owned();
    assert_eq!(broken(&approved), Vec::<String>::new(), "whoever comes first decides");
}

#[test]
fn a_rule_that_is_wrong_is_caught() {
    assert_caught("one rule of a denied opening", "what was denied is gone", |world| {
        world.standing.insert("sgr-denied-2".to_owned());
    });
    assert_caught("an approved rule", "what nobody denied stands", |world| {
        world.standing.remove("sgr-approved-1");
    });
    assert_caught("a rule that nobody decided on", "what nobody denied stands", |world| {
        world.standing.remove("sgr-left-1");
    });
    assert_caught("a rule of before", "what was there before stands", |world| {
        world.standing.remove("sgr-office");
    });
    assert_caught("a rule of nobody", "Portcullis opens nothing", |world| {
        world.standing.insert("sgr-new".to_owned());
    });
}

#[test]
fn a_card_that_is_wrong_is_caught() {
    assert_caught("a card without its update", "every card shows the last state", |world| {
        world.channel[0].text = "Denied: reverting".to_owned();
    });
    assert_caught("no card", "a card at least once", |world| {
        world.channel.remove(3);
    });
    let again = |world: &mut Snapshot, times: usize| {
        for at in 0..times {
            world.channel.push(Shown { ts: format!("2009.00010{at}"), ..world.channel[1].clone() });
        }
    };
    assert_caught("a second card", "a card once but for posts that were lost", |world| again(world, 1));
    assert_caught("a second card, of a post that another request lost", "a card once but for posts", |world| {
        world.lost_posts.insert("denied".to_owned(), 1);
        again(world, 1);
    });
    assert_caught("one card more than were lost", "a card once but for posts", |world| {
        world.lost_posts.insert("approved".to_owned(), 2);
        again(world, 3);
    });
    assert_caught("two cards more than functions were killed", "a card once but for posts", |world| {
        world.kills = 1;
        again(world, 2);
    });
    assert_caught("a second card that was left behind", "every card shows the last state", |world| {
        world.lost_posts.insert("approved".to_owned(), 1);
        world.channel.push(Shown { text: "Approval needed".to_owned(), ..world.channel[1].clone() });
    });
    assert_caught("a card of nothing", "nothing is made up", |world| world.channel[0].request = None);
}

#[test]
fn a_card_whose_post_was_lost_may_be_there_twice() {
    let mut world = all_is_well();
    world.lost_posts.insert("approved".to_owned(), 1);
    world.kills = 1;
    for (at, of) in [1, 0].into_iter().enumerate() {
        world.channel.push(Shown { ts: format!("2009.00010{at}"), ..world.channel[of].clone() });
    }
    assert_eq!(broken(&world), Vec::<String>::new(), "one by the lost post, one by the kill");
}

#[test]
fn an_item_that_is_wrong_is_caught() {
    assert_caught("a lost change", "no change is lost", |world| {
        world.items.remove("left");
    });
    assert_caught("a change of nobody", "nothing is made up", |world| {
        world.items.insert("other".to_owned(), item("Pending", None));
    });
    assert_caught("work that is left", "nothing is due", |world| of(world, "denied").due = true);
    assert_caught("a version that nobody shows", "a card was brought up to date", |world| {
        of(world, "left").version = 3;
    });
    assert_caught("another state", "an item agrees with its request", |world| {
        of(world, "left").state_within = "Approved".to_owned();
    });
    assert_caught("another revision", "an item agrees with its request", |world| {
        of(world, "left").revision_within = 6;
    });
    assert_caught("what is decided and still open", "what awaits a decision", |world| {
        of(world, "approved").open = true;
    });
}

#[test]
fn a_decision_that_is_wrong_is_caught() {
    assert_caught("a Deny without an end", "it ends as it was decided", |world| {
        of(world, "denied").state = "Reverting".to_owned();
    });
    assert_caught("an Approve of what was denied", "it ends as it was decided", |world| {
        *of(world, "denied") = item("Approved", Some((false, "U0BOB")));
    });
    assert_caught("no decision", "it ends as it was decided", |world| *of(world, "denied") = item("Pending", None));
    assert_caught("two decisions", "a decision exactly once", |world| of(world, "contested").decisions_told = 2);
    assert_caught("a decision that nobody made", "a decision is somebody's click", |world| {
        world.clicks.retain(|(_, _, id)| id != "approved");
    });
}

#[test]
fn a_revoke_that_is_wrong_is_caught() {
    let promise = "no revoke without a stored Deny";
    assert_caught("before the Deny", promise, |world| world.revokes[0].at = noon() - TimeDelta::seconds(1));
    assert_caught("of what was approved", promise, |world| world.revokes[0].ports.push(2_001));
    assert_caught("of what nobody opened", promise, |world| world.revokes[0].ports = vec![22]);
    assert_caught("of nothing", "a revoke names rules", |world| world.revokes[0].ports.clear());
}

#[test]
fn an_alarm_has_its_reason_in_the_faults() {
    let promise = "no alarm that faults do not account for";
    let alarm = |name: &str, in_the_calm| Alarm { name: name.to_owned(), in_the_calm };
    let mut troubled = all_is_well();
    troubled.troubled = ["lake".to_owned(), "sts".to_owned()].into();
    troubled.alarms = vec![alarm("not_read", false), alarm("revert_failed", false)];
    assert_eq!(broken(&troubled), Vec::<String>::new());
    for (name, in_the_calm) in [("not_read", true), ("damaged_item", false), ("gap", false), ("slack_refused", false)] {
        assert_caught(name, promise, |world| {
            world.troubled = troubled.troubled.clone();
            world.alarms.push(alarm(name, in_the_calm));
        });
    }
    assert_caught("without trouble", promise, |world| world.alarms.push(alarm("not_read", false)));
}
