//! A revert under its claim: what it asks EC2, what it is told, and how it is put off.

use super::*;

fn fates(request: &Request) -> Vec<Fate> {
    request.change.opening.rules().iter().map(|rule| rule.fate.clone()).collect()
}

fn asked(request: &Request) -> Vec<bool> {
    request.change.opening.rules().iter().map(|rule| rule.asked).collect()
}

fn postponed(fates: Vec<Fate>) -> Event {
    Event::RevertPostponed {
        holder: "r".to_owned(),
        fates,
        not_before: later(10),
        error: "RequestLimitExceeded".to_owned(),
    }
}

#[test]
fn a_claimed_revert_knows_what_was_denied_and_by_whom_it_is_held() {
    let denied = then(&pending(), decision(Verdict::Deny));
    let claimed = step(&denied, Event::ClaimRevert(lease("r", later(60))), now(), "n").expect("a claim");
    let [Effect::RevertNow(revert)] = claimed.effects.as_slice() else { panic!("{:?}", claimed.effects) };
    assert_eq!(revert.holder(), "r");
    assert_eq!(revert.request().state, State::Reverting { lease: Some(lease("r", later(60))) });
    assert_eq!(revert.request().decision, denied.decision);
    // An older revision would lose its next commit to its own claim.
    assert_eq!(*revert.request(), claimed.next);
}

#[test]
fn what_ec2_is_asked_to_remove_is_noted_before_and_what_it_missed_after() {
    let attempt =
        Event::RevokeAttempted { holder: "r".to_owned(), rules: vec![0], stay: BTreeMap::from([(1, failed())]) };
    let attempted = step(&reverting(), attempt, later(1), "n").expect("an attempt").next;
    assert_eq!((asked(&attempted), fates(&attempted)), (vec![true, false], vec![Fate::Standing, failed()]));
    assert_eq!(attempted.revoke_attempted_at, Some(later(1)));
    let missed = then(&attempted, Event::RevokeMissed { holder: "r".to_owned(), rules: vec![0] });
    assert_eq!(asked(&missed), [false, false], "it was not us");
    let refused = then(&attempted, Event::RevokeRefused { holder: "r".to_owned(), rules: vec![0] });
    assert_eq!(asked(&refused), [false, false], "should it go, it was not us");
    let again = Event::RevokeAttempted { holder: "r".to_owned(), rules: vec![1], stay: BTreeMap::new() };
    let again = step(&missed, again, later(2), "n").expect("an attempt").next;
    assert_eq!(asked(&again), [false, true]);
    assert_eq!(again.revoke_attempted_at, Some(later(1)), "when EC2 was first asked");
}

/// Otherwise a revert that is put off again and again would go on naming them on its card.
#[test]
fn rules_that_stay_are_a_new_version_of_the_card() {
    let stay = BTreeMap::from([(1, failed())]);
    let attempt = Event::RevokeAttempted { holder: "r".to_owned(), rules: vec![0], stay };
    let attempted = step(&reverting(), attempt.clone(), now(), "n").expect("an attempt");
    assert_eq!((attempted.next.version, attempted.effects), (reverting().version + 1, vec![Effect::Update]));
    let again = step(&attempted.next, attempt, now(), "n").expect("an attempt");
    assert_eq!((again.next.version, again.effects), (attempted.next.version, Vec::new()), "it was said before");
}

#[test]
fn where_every_rule_stays_ec2_was_not_asked() {
    let stay = BTreeMap::from([(0, failed()), (1, failed())]);
    let nothing = then(&reverting(), Event::RevokeAttempted { holder: "r".to_owned(), rules: Vec::new(), stay });
    assert_eq!((asked(&nothing), nothing.revoke_attempted_at), (vec![false, false], None));
}

#[test]
fn the_history_tells_of_rules_that_stay_only_where_some_do() {
    let attempt = |stay| Event::RevokeAttempted { holder: "r".to_owned(), rules: vec![0], stay };
    let stays = |request: &Request| request.history.iter().any(|entry| entry.what.contains("1 rules stay"));
    let one = then(&reverting(), attempt(BTreeMap::from([(1, failed())])));
    assert!(stays(&one));
    assert_eq!(one.due_for(Work::Update), Some(later(5)), "whoever reverts shows it too, in a moment");
    let all = then(&reverting(), attempt(BTreeMap::new()));
    assert!(!all.history.iter().any(|entry| entry.what.contains("stay")));
}

#[test]
fn the_card_says_once_that_a_revert_takes_longer_and_then_only_what_is_left() {
    let standing = || vec![Fate::Standing, Fate::Standing];
    let mut request = reverting();
    let tries = [(standing(), true), (standing(), false), (standing(), false)];
    let progress = [(vec![Fate::Removed, Fate::Standing], true), (vec![Fate::Removed, Fate::Standing], false)];
    for (number, (fates, shown)) in tries.into_iter().chain(progress).enumerate() {
        let story = format!("try {number}: {fates:?}");
        let after = step(&request, postponed(fates), now(), "n").expect("a postponement");
        assert_eq!(after.effects, if shown { vec![Effect::Update] } else { Vec::new() }, "{story}");
        assert_eq!(after.next.version, request.version + u32::from(shown), "{story}");
        assert_eq!(after.next.due_for(Work::Revert), Some(later(10)), "{story}");
        request = step(&after.next, Event::ClaimRevert(lease("r", later(60))), later(10), "n").expect("a claim").next;
    }
    assert_eq!(request.revert_tries.failed, 5);
}

#[test]
fn the_card_says_the_last_reason_why_a_revert_takes_longer() {
    let mut request = reverting();
    for (why, shown) in [("throttled", true), ("throttled", false), ("InternalError", true), ("InternalError", false)] {
        let Event::RevertPostponed { holder, fates, not_before, .. } = postponed(vec![Fate::Standing; 2]) else {
            panic!("a postponement")
        };
        let event = Event::RevertPostponed { holder, fates, not_before, error: why.to_owned() };
        let after = step(&request, event, now(), "n").expect("a postponement");
        assert_eq!(after.next.version, request.version + u32::from(shown), "{why}");
        assert_eq!(after.next.revert_tries.error.as_deref(), Some(why));
        request = step(&after.next, Event::ClaimRevert(lease("r", later(60))), later(10), "n").expect("a claim").next;
    }
}

#[test]
fn every_end_and_every_retry_is_a_new_version_of_the_card() {
    let before = reverting();
    let failed = ended(vec![failed(), failed()]);
    assert_eq!(failed.version, before.version + 1);
    let retried = then(&failed, Event::RetryAsked { by: "U0BOB0000".to_owned(), reply: None });
    assert_eq!((retried.version, &retried.failure), (failed.version + 1, &None));
    assert_eq!(retried.work(now()), Some(Work::Revert));
}

#[test]
fn a_claim_of_a_post_is_none_of_a_revert() {
    let posting = then(&request(), Event::ClaimPost(lease("p", later(60))));
    let rules = || vec![Fate::Removed, Fate::Removed];
    for (request, holder) in [(posting, "p"), (then(&pending(), decision(Verdict::Deny)), "r")] {
        let event =
            Event::RevertEnded { holder: holder.to_owned(), fates: rules(), verified_after_ms: None, failure: None };
        assert_eq!(step(&request, event, now(), "n"), Err(Refusal::ClaimLost), "{}", request.state.name());
    }
    let short = Event::RevertEnded {
        holder: "r".to_owned(),
        fates: vec![Fate::Removed],
        verified_after_ms: None,
        failure: None,
    };
    assert_eq!(step(&reverting(), short, now(), "n"), Err(Refusal::Mismatch { got: 1, rules: 2 }));
}
