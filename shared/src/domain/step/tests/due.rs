//! What is due in which state, and under which group a revoke by hand finds a request.

use super::*;
use crate::domain::ids::{AccountId, Region, SecurityGroupId};

#[test]
fn nothing_is_due_for_what_was_ignored_and_what_was_withdrawn_is_shown() {
    let ignored = Request::ignored(request().change, Ignored::Narrowing, now(), "n".to_owned());
    assert!(ignored.rendered_version < ignored.version, "it has no card");
    assert_eq!((ignored.due_at(), ignored.work(later(9_999))), (None, None));
    let withdrawn = then(&pending(), by_hand(vec![0, 1]));
    assert_eq!((&withdrawn.state, withdrawn.work(now())), (&State::Withdrawn, Some(Work::Update)));
    let shown = Event::Updated {
        holder: String::new(),
        shows: withdrawn.version,
        over: withdrawn.rendered_version,
        card: None,
        lost: Vec::new(),
        reply_used: false,
    };
    assert_eq!(then(&withdrawn, shown).due_at(), None);
}

#[test]
fn a_revert_is_due_when_its_lease_ends_or_its_back_off() {
    let reverting = reverting();
    assert_eq!(reverting.due_for(Work::Revert), Some(later(60)));
    assert_eq!(reverting.due_for(Work::Post), None);
    let other = Event::ClaimRevert(lease("s", later(120)));
    assert_eq!(step(&reverting, other.clone(), later(59), "n"), Err(Refusal::Leased));
    assert!(step(&reverting, other, later(60), "n").is_ok());
}

#[test]
fn a_new_state_leaves_whoever_made_it_5_seconds_to_show_it() {
    let retried = then(&ended(vec![failed(), failed()]), Event::RetryAsked { by: "U0BOB0000".to_owned(), reply: None });
    for shown_later in [
        then(&pending(), decision(Verdict::Approve)),
        then(&pending(), decision(Verdict::Deny)),
        ended(vec![Fate::Removed, Fate::Removed]),
        retried,
    ] {
        assert_eq!(shown_later.due_for(Work::Update), Some(later(5)), "{}", shown_later.state.name());
    }
}

#[test]
fn a_revoke_by_hand_finds_an_opening_as_long_as_a_decision_may_come() {
    let placed = |opening| {
        let mut request = request_of(opening);
        request.change.place = Place {
            account: AccountId::parse("111122223333").ok(),
            region: Region::parse("eu-west-1").ok(),
            group: SecurityGroupId::parse("sg-0123456789abcdef0").ok(),
            group_name: None,
        };
        request
    };
    let open = placed(Opening::Authorized { rules: rules(2) });
    let found_under = |request: &Request| request.open_group().map(|group| group.to_string());
    assert_eq!(found_under(&open).as_deref(), Some("111122223333/eu-west-1/sg-0123456789abcdef0"));
    assert_eq!(found_under(&then(&open, decision(Verdict::Approve))), None);
    let withdrawn = Request { state: State::Withdrawn, ..open };
    assert_eq!(found_under(&withdrawn), None);
    assert_eq!(found_under(&placed(Opening::Gap { from: now(), until: later(60) })), None, "no group was revoked in");
}

#[test]
fn a_response_url_is_in_no_debug_text() {
    let reply = ReplyUrl { url: "https://hooks.slack.test/secret".to_owned(), until: now(), uses_left: 5 };
    let text = format!("{reply:?}");
    assert!(text.contains("uses_left: 5") && !text.contains("secret"), "{text}");
}

#[test]
fn a_deny_of_the_same_rule_on_another_card_is_told_only_where_a_decision_may_come() {
    let contested = || Event::Contested { by: RequestId::parse("another-request").expect("an id") };
    for open in [request(), pending()] {
        let told = then(&open, contested());
        assert_eq!((&told.state, told.version), (&open.state, open.version));
        assert!(told.history.last().is_some_and(|entry| entry.what.contains("denied as another-request")));
    }
    for over in [then(&pending(), decision(Verdict::Approve)), reverting(), ended(vec![failed(), failed()])] {
        assert_eq!(step(&over, contested(), now(), "n"), Err(Refusal::NothingToDo(over.state.name())));
    }
}
