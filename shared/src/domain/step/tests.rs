//! The stories of one request; and in `table` every state against every event.

mod cards;
mod due;
mod every;
mod reverts;
mod table;

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::*;
use crate::domain::{
    change::{Actor, Change, Fate, Ignored, Lookup, OpenedRule, Opening, Origin, Place},
    ids::{ChannelId, RequestId, SlackUserId},
    request::{CardRef, Decision, Failure, Lease, Phase, ReplyUrl, Requester, Verdict, Work},
    rule::{IngressRule, RuleText, SourceText},
};

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_190_000, 0).expect("a time")
}

fn later(seconds: i64) -> DateTime<Utc> {
    now() + TimeDelta::seconds(seconds)
}

fn rules(count: u16) -> Vec<OpenedRule> {
    let rule = |port: u16| {
        let text = RuleText {
            ip_protocol: "tcp".to_owned(),
            from_port: Some(port.into()),
            to_port: Some(port.into()),
            source: SourceText::CidrIpv4("203.0.113.0/24".to_owned()),
        };
        OpenedRule::new(IngressRule::parse(&text).expect("a rule"), None, None)
    };
    (1..=count).map(rule).collect()
}

fn request_of(opening: Opening) -> Request {
    let change = Change {
        id: RequestId::parse("59dbff89-35bd-4eac-99ed-be587EXAMPLE").expect("an id"),
        place: Place::default(),
        at: now(),
        actor: Actor::Root { account: None },
        origin: Origin::default(),
        opening,
    };
    Request::new(change, now(), "first".to_owned())
}

fn request() -> Request {
    request_of(Opening::Authorized { rules: rules(2) })
}

fn lease(holder: &str, until: DateTime<Utc>) -> Lease {
    Lease { holder: holder.to_owned(), until }
}

fn card(ts: &str) -> CardRef {
    CardRef { channel: ChannelId::parse("C0123456789").expect("a channel"), ts: ts.to_owned() }
}

fn decision(verdict: Verdict) -> Event {
    let decision = Decision {
        verdict,
        by: SlackUserId::parse("U0BOB0000").expect("a user"),
        by_name: "bob".to_owned(),
        at: now(),
        reason: None,
        requester: Requester::NotAsked,
    };
    Event::Decided { decision, watch_only: false, card: Some(card("1.1")), reply: None }
}

fn then(request: &Request, event: Event) -> Request {
    let name = format!("{event:?}");
    step(request, event, now(), "n").unwrap_or_else(|refusal| panic!("{name}: {refusal}")).next
}

fn pending() -> Request {
    let posting = then(&request(), Event::ClaimPost(lease("p", later(60))));
    then(&posting, Event::Posted { card: Some(card("1.1")), shows: 1 })
}

fn reverting() -> Request {
    then(&then(&pending(), decision(Verdict::Deny)), Event::ClaimRevert(lease("r", later(60))))
}

fn ended(fates: Vec<Fate>) -> Request {
    let failure = Some(Failure { code: "X".to_owned(), doing: String::new(), hint: String::new() });
    then(&reverting(), Event::RevertEnded { holder: "r".to_owned(), fates, verified_after_ms: None, failure })
}

fn failed() -> Fate {
    Fate::Failed { why: "UnauthorizedOperation".to_owned() }
}

fn by_hand(rules: Vec<usize>) -> Event {
    Event::RemovedByHand { rules, by: "alice".to_owned(), at: now() }
}

#[test]
fn an_opening_is_posted_denied_and_taken_back() {
    let request = request();
    assert_eq!(request.work(now()), Some(crate::domain::request::Work::Post));
    let pending = pending();
    assert_eq!((pending.due_at(), pending.rendered_version), (None, 1));
    let denied = then(&pending, decision(Verdict::Deny));
    assert_eq!(denied.work(now()), Some(crate::domain::request::Work::Revert));
    let reverted = ended(vec![Fate::Removed, Fate::Removed]);
    assert_eq!(reverted.state, State::Reverted);
    let shown = then(
        &reverted,
        Event::Updated {
            holder: String::new(),
            shows: reverted.version,
            over: reverted.rendered_version,
            card: None,
            lost: Vec::new(),
            reply_used: false,
        },
    );
    assert_eq!(shown.due_at(), None);
}

#[test]
fn the_outcomes_of_the_rules_fold_into_one() {
    let changed = || Fate::Changed { now: rules(3)[2].rule.clone() };
    for (fates, state) in [
        (vec![Fate::Removed, failed()], State::PartlyReverted),
        (vec![Fate::NotThere, failed()], State::RevertFailed),
        (vec![changed(), failed()], State::RevertFailed),
        (vec![changed(), Fate::Removed], State::ChangedByHand),
        (vec![Fate::NotThere, Fate::Removed], State::Reverted),
        (vec![Fate::NotThere, Fate::NotThere], State::AlreadyGone),
        (vec![Fate::Standing, Fate::Removed], State::PartlyReverted),
    ] {
        assert_eq!(ended(fates.clone()).state, state, "{fates:?}");
    }
}

#[test]
fn a_revert_that_failed_raises_an_alarm_and_can_be_retried() {
    let fates = vec![Fate::Removed, failed()];
    let event = Event::RevertEnded { holder: "r".to_owned(), fates, verified_after_ms: None, failure: None };
    let transition = step(&reverting(), event, now(), "n").expect("an end");
    assert!(transition.effects.contains(&Effect::Alarm));
    let again = then(&transition.next, Event::RetryAsked { by: "U0BOB0000".to_owned(), reply: None });
    assert_eq!(again.state, State::Denied);
    let fates: Vec<_> = again.change.opening.rules().iter().map(|rule| rule.fate.clone()).collect();
    assert_eq!(fates, [Fate::Removed, Fate::Standing], "what is removed stays removed");
}

#[test]
fn one_decision_wins_and_never_changes() {
    let approved = then(&pending(), decision(Verdict::Approve));
    assert_eq!(step(&approved, decision(Verdict::Deny), now(), "n"), Err(Refusal::AlreadyDecided));
    let denied = then(&pending(), decision(Verdict::Deny));
    assert_eq!(step(&denied, decision(Verdict::Approve), now(), "n"), Err(Refusal::AlreadyDecided));
}

#[test]
fn the_first_click_brings_the_card_along() {
    let posting = then(&request(), Event::ClaimPost(lease("p", later(60))));
    let denied = then(&posting, decision(Verdict::Deny));
    assert_eq!((denied.cards.as_slice(), denied.rendered_version), ([card("1.1")].as_slice(), 1));
    // The poster records the same message a little later, and another that it had posted before.
    let both = then(&denied, Event::Posted { card: Some(card("1.2")), shows: 1 });
    assert_eq!((both.state.name(), both.cards.len()), ("Denied", 2));
    assert!(both.rendered_version < both.version, "both have to be updated");
}

#[test]
fn a_deny_while_only_watching_is_final() {
    let Event::Decided { decision, card, reply, .. } = decision(Verdict::Deny) else { panic!("a decision") };
    let observed = then(&pending(), Event::Decided { decision, watch_only: true, card, reply });
    assert_eq!(observed.state, State::Observed);
    assert_eq!(observed.due_for(crate::domain::request::Work::Revert), None);
    assert!(step(&observed, Event::ClaimRevert(lease("r", later(60))), later(9_999), "n").is_err());
}

#[test]
fn a_removal_by_hand_withdraws_once_all_rules_are_gone() {
    let one = then(&pending(), by_hand(vec![0]));
    assert_eq!(one.state, State::Pending);
    assert!(one.rendered_version < one.version, "the card shows what is left");
    assert_eq!(then(&one, by_hand(vec![1])).state, State::Withdrawn);
}

#[test]
fn before_the_post_a_withdrawal_waits_for_it() {
    let gone = then(&request(), by_hand(vec![0, 1]));
    assert_eq!((&gone.state, gone.work(now())), (&State::NeedsPost, Some(Work::Post)));
    let posting = then(&gone, Event::ClaimPost(lease("p", later(60))));
    let posted = then(&posting, Event::Posted { card: Some(card("1.1")), shows: posting.version });
    assert_eq!(posted.state, State::Withdrawn);
}

#[test]
fn while_posting_a_withdrawal_waits_for_the_post() {
    let posting = then(&request(), Event::ClaimPost(lease("p", later(60))));
    let gone = then(&posting, by_hand(vec![0, 1]));
    assert_eq!(gone.state.name(), "Posting");
    let posted = then(&gone, Event::Posted { card: Some(card("1.1")), shows: 1 });
    assert_eq!(posted.state, State::Withdrawn);
    assert!(posted.rendered_version < posted.version);
}

#[test]
fn what_is_removed_while_posting_is_shown_once_the_post_is_recorded() {
    let posting = then(&request(), Event::ClaimPost(lease("p", later(60))));
    let without_one = then(&posting, by_hand(vec![0]));
    let posted = then(&without_one, Event::Posted { card: Some(card("1.1")), shows: posting.version });
    assert_eq!(posted.state, State::Pending);
    assert!(posted.due_for(Work::Update).is_some(), "the card shows a rule that is gone");
}

#[test]
fn a_lease_is_honoured_until_it_runs_out() {
    let posting = then(&request(), Event::ClaimPost(lease("p", later(60))));
    let other = || Event::ClaimPost(lease("q", later(120)));
    assert_eq!(step(&posting, other(), later(59), "n"), Err(Refusal::Leased));
    let taken = step(&posting, other(), later(60), "n").expect("the lease ran out").next;
    assert!(taken.maybe_posted, "whoever was killed may have posted");
    let stale =
        Event::NotPosted { holder: "p".to_owned(), not_before: now(), maybe_posted: false, error: String::new() };
    assert_eq!(step(&taken, stale, now(), "n"), Err(Refusal::ClaimLost));
}

#[test]
fn whoever_lost_the_claim_cannot_end_the_revert() {
    let taken = step(&reverting(), Event::ClaimRevert(lease("s", later(200))), later(61), "n").expect("ran out").next;
    for event in [
        Event::RevokeAttempted { holder: "r".to_owned(), rules: vec![0], stay: BTreeMap::new() },
        Event::RevertEnded {
            holder: "r".to_owned(),
            fates: rules(2).into_iter().map(|_| Fate::Removed).collect(),
            verified_after_ms: None,
            failure: None,
        },
        Event::RevertPostponed { holder: "r".to_owned(), fates: Vec::new(), not_before: now(), error: String::new() },
    ] {
        assert_eq!(step(&taken, event, now(), "n"), Err(Refusal::ClaimLost));
    }
}

#[test]
fn a_slow_update_that_overwrote_a_newer_one_is_done_again() {
    let reverted = ended(vec![Fate::Removed, Fate::Removed]);
    let shown = |request: &Request, shows| {
        then(
            request,
            Event::Updated {
                holder: String::new(),
                shows,
                over: request.rendered_version,
                card: None,
                lost: Vec::new(),
                reply_used: false,
            },
        )
    };
    let newest = shown(&reverted, reverted.version);
    let overwritten = shown(&newest, reverted.version - 1);
    assert!(overwritten.due_for(crate::domain::request::Work::Update).is_some());
}

#[test]
fn nothing_is_denied_that_was_not_shown_in_full() {
    let request = request_of(Opening::Authorized { rules: rules(21) });
    let posting = then(&request, Event::ClaimPost(lease("p", later(60))));
    let posted = then(&posting, Event::Posted { card: Some(card("1.1")), shows: 1 });
    assert_eq!(step(&posted, decision(Verdict::Deny), now(), "n"), Err(Refusal::NotListed));
    assert!(step(&posted, decision(Verdict::Approve), now(), "n").is_ok());
    let some = then(&posted, Event::Listed { thread: None, messages: 1, all: false });
    assert_eq!(step(&some, decision(Verdict::Deny), now(), "n"), Err(Refusal::NotListed));
    let listed = then(&some, Event::Listed { thread: None, messages: 2, all: true });
    assert_eq!(then(&listed, decision(Verdict::Deny)).state, State::Denied);
}

#[test]
fn a_removal_while_posting_is_shown_once_the_post_is_recorded() {
    let posting = then(&request(), Event::ClaimPost(lease("p", later(60))));
    let posted = then(&then(&posting, by_hand(vec![0])), Event::Posted { card: Some(card("1.1")), shows: 1 });
    assert_eq!(posted.state, State::Pending);
    assert!(posted.rendered_version < posted.version);
}

#[test]
fn a_new_card_in_the_place_of_a_lost_one_gets_its_own_list() {
    let long = request_of(Opening::Authorized { rules: rules(21) });
    let posting = then(&long, Event::ClaimPost(lease("p", later(60))));
    let posted = then(&posting, Event::Posted { card: Some(card("1.1")), shows: 1 });
    let listed = then(&posted, Event::Listed { thread: None, messages: 2, all: true });
    let lost = Event::Updated {
        holder: String::new(),
        shows: 1,
        over: 1,
        card: Some(card("2.2")),
        lost: vec![card("1.1")],
        reply_used: false,
    };
    let again = then(&listed, lost);
    assert_eq!((again.listed, again.listed_messages), (false, 0));
}

#[test]
fn the_list_is_where_the_first_card_is() {
    let long = request_of(Opening::Authorized { rules: rules(21) });
    let posting = then(&long, Event::ClaimPost(lease("p", later(60))));
    let one = then(&posting, Event::Posted { card: Some(card("1.1")), shows: 1 });
    let both = then(&one, Event::Posted { card: Some(card("1.2")), shows: 1 });
    let in_thread = |ts: &str, all| Event::Listed { thread: Some(card(ts)), messages: 2, all };
    let listed = then(&both, in_thread("1.1", true));
    let lose = |request: &Request, ts: &str| {
        let lost = vec![card(ts)];
        let (holder, reply_used) = (String::new(), false);
        then(request, Event::Updated { holder, shows: 1, over: 1, card: None, lost, reply_used })
    };
    let second_lost = lose(&listed, "1.2");
    assert_eq!((second_lost.listed, second_lost.listed_messages), (true, 2));
    let first_lost = lose(&listed, "1.1");
    assert_eq!((first_lost.listed, first_lost.listed_messages, first_lost.rendered_version), (false, 0, 1));
    assert_eq!(step(&first_lost, decision(Verdict::Deny), now(), "n"), Err(Refusal::NotListed));
    // Whoever was still listing under the lost card comes too late.
    assert_eq!(step(&first_lost, in_thread("1.1", true), now(), "n"), Err(Refusal::NothingToDo("Pending")));
    assert!(then(&first_lost, in_thread("1.2", true)).listed);
}

#[test]
fn a_card_that_is_lost_while_nothing_takes_its_place_is_due() {
    let event = Event::NotUpdated {
        holder: String::new(),
        lands_until: None,
        shows: 9,
        not_before: now(),
        maybe_posted: false,
        lost: vec![card("1.1")],
        error: String::new(),
    };
    let lost = then(&pending(), event);
    assert_eq!(lost.work(now()), Some(crate::domain::request::Work::Update));
    let found = Event::Updated {
        holder: String::new(),
        shows: 1,
        over: 0,
        card: Some(card("2.2")),
        lost: Vec::new(),
        reply_used: false,
    };
    assert_eq!(then(&lost, found).due_at(), None);
}

#[test]
fn what_was_ignored_can_be_reopened_and_nothing_else() {
    let unresolved = request_of(Opening::Unresolved(Lookup::Modified { rules: Vec::new() }));
    let ignored = then(&unresolved, Event::Dismissed { reason: Ignored::Narrowing, rules: Vec::new() });
    let reopened = then(&ignored, Event::Reopened(Opening::Modified { rules: rules(1), left_out: Vec::new() }));
    assert_eq!(reopened.work(now()), Some(crate::domain::request::Work::Post));
    assert!(
        step(&pending(), Event::Reopened(Opening::Modified { rules: rules(1), left_out: Vec::new() }), now(), "n")
            .is_err()
    );
}

#[test]
fn what_is_gone_before_its_post_is_recorded_cannot_be_decided() {
    let posting = then(&request(), Event::ClaimPost(lease("p", later(60))));
    for (removed, is_gone) in [(vec![0], false), (vec![0, 1], true)] {
        let removed = then(&posting, by_hand(removed));
        for verdict in [Verdict::Approve, Verdict::Deny] {
            let decided = step(&removed, decision(verdict), now(), "n");
            assert_eq!(decided.err(), is_gone.then_some(Refusal::Over("Posting")), "{verdict:?}");
        }
    }
}

#[test]
fn what_is_not_known_cannot_be_decided() {
    let unreadable = request_of(Opening::Unreadable { why: "It was cut off.".to_owned() });
    assert_eq!(step(&unreadable, decision(Verdict::Deny), now(), "n"), Err(Refusal::NothingToDecide));
}

#[test]
fn the_history_is_capped_and_keeps_its_beginning() {
    let mut request = pending();
    for _ in 0..200 {
        let event = Event::NotUpdated {
            holder: String::new(),
            lands_until: None,
            shows: 9,
            not_before: now(),
            maybe_posted: false,
            lost: Vec::new(),
            error: "x".to_owned(),
        };
        request = then(&request, event);
    }
    assert_eq!(request.history.len(), 60);
    assert_eq!(request.history[0].what, "stored");
}
