//! Every kind of event, state, fate and opening, with the payloads that lead to different ends.
//!
//! The lists are checked against matches without a catch-all: a variant that is new compiles only once it has its name
//! here, and a name without an example fails.

use std::collections::BTreeSet;

use super::*;
use crate::domain::{change::ModifiedRule, ids::RuleId};

/// The names of an enum's variants, twice from one list: a match without a catch-all, and all of them.
macro_rules! kinds {
    ($of:ident, $all:ident, $kind:ident: $($variant:ident)*) => {
        pub(super) const $all: &[&str] = &[$(stringify!($variant)),*];

        pub(super) fn $of(value: &$kind) -> &'static str {
            match value {
                $($kind::$variant { .. } => stringify!($variant),)*
            }
        }
    };
}

kinds!(event_kind, EVENTS, Event:
    Resolved Dismissed Reopened ClaimPost Posted NotPosted Decided RetryAsked RemovedByHand Contested ClaimRevert
    RevokeAttempted RevokeAnswered RevokeMissed ShownAnew RevokeRefused RevertEnded RevertPostponed Listed UpdateBegun
    Updated NotUpdated);
kinds!(state_kind, STATES, State:
    NeedsPost Posting Pending Approved Denied Reverting Reverted AlreadyGone ChangedByHand PartlyReverted RevertFailed
    Observed Withdrawn Ignored);
kinds!(fate_kind, FATES, Fate: Standing RemovedByHand Removed NotThere Changed Approved Failed);
kinds!(opening_kind, OPENINGS, Opening: Authorized Modified Unresolved Unreadable Gap);
kinds!(verdict_kind, VERDICTS, Verdict: Approve Deny);

/// Whether every kind has an example.
fn assert_all(all: &[&str], found: impl Iterator<Item = &'static str>) {
    let (all, found): (BTreeSet<&str>, BTreeSet<&str>) = (all.iter().copied().collect(), found.collect());
    assert_eq!(found, all);
}

#[test]
fn every_kind_has_an_example() {
    let (states, events) = (every_state(), every_event());
    assert_all(STATES, states.iter().map(|request| state_kind(&request.state)));
    assert_all(EVENTS, events.iter().map(event_kind));
    assert_all(FATES, every_fate().iter().map(fate_kind));
    assert_all(OPENINGS, every_opening().iter().map(opening_kind));
    assert_all(OPENINGS, states.iter().map(|request| opening_kind(&request.change.opening)));
    let verdicts = events.iter().filter_map(|event| match event {
        Event::Decided { decision, .. } => Some(verdict_kind(&decision.verdict)),
        Event::Resolved(_)
        | Event::Dismissed { .. }
        | Event::Reopened(_)
        | Event::ClaimPost(_)
        | Event::Posted { .. }
        | Event::NotPosted { .. }
        | Event::RetryAsked { .. }
        | Event::RemovedByHand { .. }
        | Event::Contested { .. }
        | Event::ClaimRevert(_)
        | Event::RevokeAttempted { .. }
        | Event::RevokeAnswered { .. }
        | Event::RevokeMissed { .. }
        | Event::ShownAnew { .. }
        | Event::RevokeRefused { .. }
        | Event::RevertEnded { .. }
        | Event::RevertPostponed { .. }
        | Event::Listed { .. }
        | Event::UpdateBegun(_)
        | Event::Updated { .. }
        | Event::NotUpdated { .. } => None,
    });
    assert_all(VERDICTS, verdicts);
    for request in &states {
        assert_eq!(request.state.name(), state_kind(&request.state), "as the table spells it");
    }
}

pub(super) fn every_fate() -> Vec<Fate> {
    let approved = Fate::Approved {
        on: RequestId::parse("another-request").expect("an id"),
        by: SlackUserId::parse("U0CAROL00").expect("a user"),
        by_name: "carol".to_owned(),
        at: now(),
    };
    vec![
        Fate::Standing,
        Fate::RemovedByHand { by: "alice".to_owned(), at: now() },
        Fate::Removed,
        Fate::NotThere,
        Fate::Changed { now: rules(3)[2].rule.clone() },
        approved,
        failed(),
    ]
}

/// Every fate of one rule beside every fate of the other.
fn every_two_fates() -> Vec<Vec<Fate>> {
    let both = |first: Fate| every_fate().into_iter().map(move |second| vec![first.clone(), second]);
    every_fate().into_iter().flat_map(both).collect()
}

fn modified_rules() -> Vec<ModifiedRule> {
    let id = RuleId::parse("sgr-0abc").expect("a rule id");
    vec![ModifiedRule { id, to: Some(rules(1)[0].rule.clone()), description_only: false }]
}

fn every_opening() -> Vec<Opening> {
    vec![
        Opening::Authorized { rules: rules(2) },
        Opening::Authorized { rules: rules(21) },
        Opening::Modified { rules: rules(1), left_out: modified_rules() },
        Opening::Unresolved(Lookup::Modified { rules: modified_rules() }),
        Opening::Unresolved(Lookup::Authorized { ids: Vec::new(), why: "It was cut off.".to_owned() }),
        Opening::Unreadable { why: "It was cut off.".to_owned() },
        Opening::Gap { from: now(), until: later(60) },
    ]
}

fn watched(verdict: Verdict) -> Event {
    let Event::Decided { decision, card, reply, .. } = decision(verdict) else { panic!("a decision") };
    Event::Decided { decision, watch_only: true, card, reply }
}

fn not_updated(holder: &str, lands_until: Option<DateTime<Utc>>, maybe_posted: bool, lost: Vec<CardRef>) -> Event {
    Event::NotUpdated {
        holder: holder.to_owned(),
        lands_until,
        shows: 1,
        not_before: later(5),
        maybe_posted,
        lost,
        error: String::new(),
    }
}

fn updated(shows: u32, over: u32, new: Option<CardRef>, lost: Vec<CardRef>, reply_used: bool) -> Event {
    Event::Updated { holder: "u".to_owned(), shows, over, card: new, lost, reply_used }
}

/// Requests in every state that there is, and in the ways to be in it that differ.
pub(super) fn every_state() -> Vec<Request> {
    let posting = |request: &Request| then(request, Event::ClaimPost(lease("p", later(200))));
    let posted = |request: &Request, card| then(&posting(request), Event::Posted { card, shows: 1 });
    let postponed = |fates| Event::RevertPostponed {
        holder: "r".to_owned(),
        fates,
        not_before: later(10),
        error: "RequestLimitExceeded".to_owned(),
    };
    let claimed = || Event::ClaimRevert(lease("r", later(200)));
    let held = || then(&then(&pending(), decision(Verdict::Deny)), claimed());
    let stay = BTreeMap::from([(1, every_fate()[5].clone())]);
    let asked = |stay| {
        let attempt = Event::RevokeAttempted { holder: "r".to_owned(), rules: vec![0], stay };
        then(&held(), attempt)
    };
    let ignored = |request: &Request, reason| then(request, Event::Dismissed { reason, rules: modified_rules() });
    let unclear =
        Event::NotPosted { holder: "p".to_owned(), not_before: later(5), maybe_posted: true, error: String::new() };
    let long = request_of(Opening::Authorized { rules: rules(21) });
    let unresolved = request_of(Opening::Unresolved(Lookup::Modified { rules: modified_rules() }));
    let reply = ReplyUrl { url: "https://hooks.slack.test/x".to_owned(), until: later(1_800), uses_left: 1 };
    let by_webhook = Event::ShownAnew { reply: Some(reply) };
    let mut states = vec![
        request(),
        then(&request(), by_hand(vec![0])),
        then(&request(), by_hand(vec![0, 1])),
        then(&posting(&request()), unclear),
        posting(&request()),
        then(&posting(&request()), by_hand(vec![0, 1])),
        then(&request(), Event::ClaimPost(lease("p", later(60)))),
        posting(&unresolved),
        pending(),
        then(&pending(), by_hand(vec![0])),
        then(&pending(), Event::Posted { card: Some(card("1.2")), shows: 1 }),
        then(&pending(), Event::UpdateBegun(lease("u", later(60)))),
        posted(&request(), None),
        then(&posted(&request(), None), by_webhook),
        posted(&long, Some(card("1.1"))),
        then(&posted(&long, Some(card("1.1"))), Event::Listed { thread: None, messages: 2, all: true }),
        then(&posted(&long, Some(card("1.1"))), decision(Verdict::Approve)),
        then(&pending(), decision(Verdict::Approve)),
        then(&posting(&request()), decision(Verdict::Deny)),
        then(&pending(), decision(Verdict::Deny)),
        reverting(),
        held(),
        asked(BTreeMap::new()),
        asked(stay),
        then(&held(), postponed(vec![Fate::Standing, Fate::Standing])),
        then(&held(), postponed(vec![Fate::Removed, Fate::Standing])),
        then(&pending(), watched(Verdict::Deny)),
        then(&pending(), by_hand(vec![0, 1])),
        ignored(&unresolved, Ignored::Narrowing),
        ignored(&posting(&unresolved), Ignored::Egress),
        Request::ignored(request().change, Ignored::Egress, now(), "n".to_owned()),
    ];
    states.extend(every_two_fates().into_iter().map(ended));
    states.extend(every_opening().into_iter().map(request_of));
    states.push(posted(&request_of(Opening::Unreadable { why: "It was cut off.".to_owned() }), Some(card("1.1"))));
    states
}

/// Every event, with the payloads that lead to different ends. `p` and `r` hold the claims of [`every_state`], `x` none.
pub(super) fn every_event() -> Vec<Event> {
    let mut events: Vec<Event> = every_opening()
        .into_iter()
        .flat_map(|opening| [Event::Resolved(opening.clone()), Event::Reopened(opening)])
        .collect();
    events.extend([
        Event::Dismissed { reason: Ignored::Egress, rules: Vec::new() },
        Event::Dismissed { reason: Ignored::Narrowing, rules: modified_rules() },
        Event::ClaimPost(lease("x", later(500))),
        Event::ClaimRevert(lease("x", later(500))),
        Event::Posted { card: Some(card("1.1")), shows: 1 },
        Event::Posted { card: Some(card("2.2")), shows: 1 },
        Event::Posted { card: None, shows: 1 },
        decision(Verdict::Approve),
        decision(Verdict::Deny),
        watched(Verdict::Approve),
        watched(Verdict::Deny),
        Event::RetryAsked { by: String::new(), reply: None },
        by_hand(vec![0]),
        by_hand(vec![0, 1]),
        by_hand(vec![9]),
        Event::Contested { by: RequestId::parse("another-request").expect("an id") },
        Event::ShownAnew { reply: None },
        Event::Listed { thread: None, messages: 1, all: false },
        Event::Listed { thread: None, messages: 2, all: true },
        Event::Listed { thread: Some(card("9.9")), messages: 2, all: true },
        Event::UpdateBegun(lease("u", later(160))),
        updated(1, 1, None, Vec::new(), false),
        updated(2, 1, None, Vec::new(), true),
        updated(1, 0, Some(card("2.2")), vec![card("1.1")], false),
        updated(1, 1, None, vec![card("1.1")], false),
        not_updated("u", None, false, Vec::new()),
        not_updated("", None, false, vec![card("1.1")]),
        not_updated("u", Some(later(160)), true, vec![card("1.1")]),
    ]);
    for holder in ["p", "r", "x"] {
        let holder = || holder.to_owned();
        let not_posted = |maybe_posted| Event::NotPosted {
            holder: holder(),
            not_before: later(5),
            maybe_posted,
            error: String::new(),
        };
        let attempted = |rules: Vec<usize>, stay| Event::RevokeAttempted { holder: holder(), rules, stay };
        let all_stay = (0..2).map(|place| (place, every_fate()[5].clone())).collect();
        events.extend([
            not_posted(true),
            not_posted(false),
            attempted(vec![0, 9], BTreeMap::from([(1, failed())])),
            attempted(vec![0, 1], BTreeMap::new()),
            attempted(Vec::new(), all_stay),
            Event::RevokeAnswered { holder: holder(), request_id: "e".to_owned() },
            Event::RevokeMissed { holder: holder(), rules: vec![0] },
            Event::RevokeRefused { holder: holder(), rules: vec![0, 1] },
        ]);
        for fates in every_two_fates().into_iter().chain([vec![Fate::Removed]]) {
            let failure = Some(Failure { code: "X".to_owned(), doing: String::new(), hint: String::new() });
            events.push(Event::RevertPostponed {
                holder: holder(),
                fates: fates.clone(),
                not_before: later(5),
                error: String::new(),
            });
            events.push(Event::RevertEnded { holder: holder(), fates, verified_after_ms: Some(1), failure });
        }
    }
    events
}
