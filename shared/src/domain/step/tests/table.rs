//! Every state against every event, and what the design promises of each.

use std::collections::BTreeSet;

use super::{
    every::{EVENTS, STATES, event_kind, every_event, every_fate, every_state, fate_kind, state_kind},
    *,
};
use crate::domain::card::{View, render};

/// Every step that is taken: by which event, from which state to which. A state alone stays what it is, `*` are all of
/// them. What is not here is refused, whatever the event says.
const TAKEN: &[(&str, &str)] = &[
    ("Resolved", "NeedsPost Posting"),
    ("Dismissed", "NeedsPost>Ignored Posting>Ignored"),
    ("Reopened", "Ignored>NeedsPost"),
    ("ClaimPost", "NeedsPost>Posting Posting"),
    (
        "Posted",
        "NeedsPost>Pending NeedsPost>Withdrawn Posting>Pending Posting>Withdrawn Pending Approved Denied \
         Reverting Reverted AlreadyGone ChangedByHand PartlyReverted RevertFailed Observed Withdrawn \
         Ignored",
    ),
    ("NotPosted", "Posting>NeedsPost"),
    (
        "Decided",
        "NeedsPost>Approved NeedsPost>Denied NeedsPost>Observed Posting>Approved Posting>Denied \
         Posting>Observed Pending>Approved Pending>Denied Pending>Observed",
    ),
    ("RetryAsked", "PartlyReverted>Denied RevertFailed>Denied"),
    ("RemovedByHand", "Pending>Withdrawn NeedsPost Posting Pending"),
    ("Contested", "NeedsPost Posting Pending"),
    ("ClaimRevert", "Denied>Reverting Reverting"),
    ("RevokeAttempted", "Reverting"),
    ("RevokeAnswered", "Reverting"),
    ("RevokeMissed", "Reverting"),
    ("ShownAnew", "Pending"),
    ("RevokeRefused", "Reverting"),
    (
        "RevertEnded",
        "Reverting>Reverted Reverting>AlreadyGone Reverting>ChangedByHand Reverting>PartlyReverted \
         Reverting>RevertFailed",
    ),
    ("RevertPostponed", "Reverting"),
    ("Listed", "NeedsPost Pending Approved"),
    ("UpdateBegun", "*"),
    ("Updated", "*"),
    ("NotUpdated", "*"),
];

/// An event that was taken.
struct Taken<'a> {
    before: &'a Request,
    event: &'a Event,
    after: &'a Transition,
    story: String,
}

/// Looks at every state with every event; says which were taken.
fn every_step(mut look: impl FnMut(&Taken<'_>)) {
    for before in &every_state() {
        for event in &every_event() {
            if let Ok(after) = &step(before, event.clone(), later(100), "nonce") {
                let story = format!("{before:?}\n+ {event:?}");
                look(&Taken { before, event, after, story });
            }
        }
    }
}

fn is_gone(fate: &Fate) -> bool {
    match fate {
        Fate::RemovedByHand { .. } | Fate::Removed | Fate::NotThere => true,
        Fate::Standing | Fate::Changed { .. } | Fate::Approved { .. } | Fate::Failed { .. } => false,
    }
}

/// Whether nothing but what the cards show changes any more, whatever happens. A failed revert waits for a Retry, and what
/// was ignored can be reopened.
fn is_final(state: &State) -> bool {
    match state {
        State::Approved
        | State::Reverted
        | State::AlreadyGone
        | State::ChangedByHand
        | State::Observed
        | State::Withdrawn => true,
        State::NeedsPost
        | State::Posting { .. }
        | State::Pending
        | State::Denied
        | State::Reverting { .. }
        | State::PartlyReverted
        | State::RevertFailed
        | State::Ignored { .. } => false,
    }
}

/// Whose claim an event needs.
fn claim_of(event: &Event) -> Option<&str> {
    match event {
        Event::NotPosted { holder, .. }
        | Event::RevokeAttempted { holder, .. }
        | Event::RevokeAnswered { holder, .. }
        | Event::RevokeMissed { holder, .. }
        | Event::RevokeRefused { holder, .. }
        | Event::RevertEnded { holder, .. }
        | Event::RevertPostponed { holder, .. } => Some(holder),
        // Whoever sent an update marks it, and claims nothing.
        Event::Updated { .. } | Event::NotUpdated { .. } | Event::UpdateBegun(_) => None,
        Event::Resolved(_)
        | Event::Dismissed { .. }
        | Event::Reopened(_)
        | Event::ClaimPost(_)
        | Event::Posted { .. }
        | Event::Decided { .. }
        | Event::RetryAsked { .. }
        | Event::RemovedByHand { .. }
        | Event::Contested { .. }
        | Event::ClaimRevert(_)
        | Event::ShownAnew { .. }
        | Event::Listed { .. } => None,
    }
}

/// Whether an event tells what was opened: before that there is no card, and nothing to show anew.
fn describes(event: &Event) -> bool {
    ["Resolved", "Dismissed", "Reopened"].contains(&event_kind(event))
}

#[test]
fn every_state_takes_the_events_that_the_design_names_and_no_others() {
    let mut taken: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    every_step(|Taken { before, event, after, .. }| {
        let (from, to) = (state_kind(&before.state), state_kind(&after.next.state));
        taken.entry(event_kind(event)).or_default().insert(format!("{from}>{to}"));
    });
    for (event, steps) in TAKEN {
        let stays = |name: &str| format!("{name}>{name}");
        let named = steps.split_whitespace().flat_map(|step| match step {
            "*" => STATES.iter().copied().map(stays).collect(),
            step if step.contains('>') => vec![step.to_owned()],
            step => vec![stays(step)],
        });
        assert_eq!(taken.remove(event).unwrap_or_default(), named.collect::<BTreeSet<_>>(), "{event}");
    }
    assert_eq!(TAKEN.len(), EVENTS.len(), "one line an event");
}

#[test]
fn every_step_names_what_it_was_computed_from_and_is_one_revision() {
    every_step(|Taken { before, after: Transition { guard, next, .. }, story, .. }| {
        assert_eq!(*guard, Guard { state: state_kind(&before.state), revision: before.revision }, "{story}");
        assert_eq!((next.revision, next.nonce.as_str()), (before.revision + 1, "nonce"), "{story}");
        assert!(next.history.starts_with(&before.history), "only appended to: {story}");
        assert_eq!(next.stored_at, before.stored_at, "{story}");
        assert_eq!(next.due_at().is_none(), next.work(DateTime::<Utc>::MAX_UTC).is_none(), "{story}");
    });
}

#[test]
fn a_decision_comes_from_a_click_and_never_changes() {
    every_step(|Taken { before, event, after, story }| {
        let next = &after.next;
        if before.decision.is_some() {
            assert_eq!(next.decision, before.decision, "{story}");
        } else if let Some(stored) = &next.decision {
            let Event::Decided { decision, watch_only, .. } = event else { panic!("{story}") };
            assert_eq!(stored, decision, "{story}");
            let state = match (decision.verdict, watch_only) {
                (Verdict::Approve, _) => State::Approved,
                (Verdict::Deny, true) => State::Observed,
                (Verdict::Deny, false) => State::Denied,
            };
            assert_eq!(next.state, state, "{story}");
            assert!(!before.change.opening.rules().is_empty(), "nothing to decide: {story}");
            assert!(decision.verdict == Verdict::Approve || before.listed, "not all of it was shown: {story}");
        }
        let undecided = next.state.awaits_decision() || next.state.phase() == Phase::Undecided;
        assert_eq!(next.decision.is_none(), undecided, "{story}");
    });
}

#[test]
fn what_is_final_stays() {
    every_step(|Taken { before, after, story, .. }| {
        if is_final(&before.state) {
            assert_eq!(after.next.state, before.state, "{story}");
            assert_eq!(after.next.change, before.change, "{story}");
            assert_eq!(after.next.version, before.version, "{story}");
        }
    });
}

#[test]
fn nothing_is_taken_back_without_a_stored_deny_or_after_a_watched_one() {
    every_step(|Taken { before, event, after: Transition { next, effects, .. }, story, .. }| {
        if next.state.phase() == Phase::Reverting {
            let denied = next.decision.as_ref().is_some_and(|decision| decision.verdict == Verdict::Deny);
            assert!(denied && before.state != State::Observed, "{story}");
        }
        for effect in effects {
            match effect {
                Effect::RevertNow(denied) => {
                    let Event::ClaimRevert(lease) = event else { panic!("{story}") };
                    assert_eq!((denied.request(), denied.holder()), (next, lease.holder.as_str()), "{story}");
                    assert_eq!(next.state.lease(), Some(lease), "{story}");
                }
                Effect::Revert => assert_eq!(next.state, State::Denied, "{story}"),
                Effect::Alarm => assert_eq!(next.state.phase(), Phase::Failed, "{story}"),
                Effect::Update => {}
            }
        }
        let fails = next.state.phase() == Phase::Failed && before.state.phase() != Phase::Failed;
        assert_eq!(effects.contains(&Effect::Alarm), fails, "a person has to look, once: {story}");
    });
}

#[test]
fn nothing_looks_better_than_it_is() {
    every_step(|Taken { before, after, story, .. }| {
        let (next, rules) = (&after.next, after.next.change.opening.rules());
        if next.state == before.state {
            return;
        }
        let all_gone = rules.iter().all(|rule| is_gone(&rule.fate));
        let removed = rules.iter().any(|rule| rule.fate == Fate::Removed);
        match next.state {
            State::Reverted => assert!(all_gone && removed, "{story}"),
            State::AlreadyGone => assert!(all_gone && !removed, "{story}"),
            State::Withdrawn => assert!(next.all_removed_by_hand(), "{story}"),
            State::ChangedByHand => {
                let over = |fate: &Fate| is_gone(fate) || fate_kind(fate) == "Changed";
                assert!(rules.iter().all(|rule| over(&rule.fate)) && !all_gone, "{story}");
            }
            State::PartlyReverted => assert!(!all_gone && removed, "{story}"),
            State::RevertFailed => assert!(!all_gone && !removed, "{story}"),
            State::NeedsPost
            | State::Posting { .. }
            | State::Pending
            | State::Approved
            | State::Denied
            | State::Reverting { .. }
            | State::Observed
            | State::Ignored { .. } => {}
        }
        let ends = next.state.phase() == Phase::Settled && before.state.phase() == Phase::Reverting;
        assert!(!ends || matches!(before.state, State::Reverting { lease: Some(_) }), "{story}");
    });
    let settled: Vec<_> = every_fate().iter().filter(|fate| fate.is_settled()).map(fate_kind).collect();
    assert_eq!(settled, ["RemovedByHand", "Removed", "NotThere", "Changed", "Approved"]);
}

#[test]
fn what_needs_a_claim_is_done_by_its_holder_alone() {
    for before in &every_state() {
        for event in &every_event() {
            let Some(holder) = claim_of(event) else { continue };
            let held = before.state.lease().is_some_and(|lease| lease.holder == holder);
            let posts = event_kind(event) == "NotPosted";
            let phase = if posts { Phase::Unposted } else { Phase::Reverting };
            let result = step(before, event.clone(), later(100), "n");
            let lost = result == Err(Refusal::ClaimLost);
            assert_eq!(lost, !held || before.state.phase() != phase, "{before:?}\n+ {event:?}");
        }
    }
}

#[test]
fn the_version_grows_by_one_exactly_where_the_card_says_something_else() {
    let shown = |request: &Request| render(&Request { version: 1, ..request.clone() }, &View::default());
    every_step(|Taken { before, event, after: Transition { next, effects, .. }, story, .. }| {
        assert!((before.version..=before.version + 1).contains(&next.version), "{story}");
        let grew = next.version > before.version;
        if !describes(event) {
            // A card that asks about nothing any more says so while it is posted; ShownAnew shows what did not change.
            let again =
                next.state == State::Withdrawn && event_kind(event) == "Posted" || event_kind(event) == "ShownAnew";
            assert_eq!(grew, shown(before) != shown(next) || again && grew, "{story}");
        }
        if grew {
            assert!(effects.contains(&Effect::Update), "{story}");
        }
    });
}

/// What was opened is never touched but by a describe: events say only what became of it.
#[test]
fn what_was_opened_stays_what_it_was() {
    every_step(|Taken { before, event, after, story }| {
        let (was, is) = (&before.change, &after.next.change);
        assert_eq!(
            (&is.id, &is.place, is.at, &is.actor, &is.origin),
            (&was.id, &was.place, was.at, &was.actor, &was.origin),
            "{story}"
        );
        let rules = |request: &Request| {
            let rules = request.change.opening.rules().iter();
            rules.map(|rule| (rule.rule.clone(), rule.id.clone())).collect::<Vec<_>>()
        };
        if !describes(event) {
            assert_eq!(rules(before), rules(&after.next), "{story}");
        }
    });
}
