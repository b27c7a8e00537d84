//! Describing, posting and updating: what is noted, and what is due then.

use super::*;
use crate::domain::{change::ModifiedRule, ids::RuleId};

fn posting() -> Request {
    then(&request(), Event::ClaimPost(lease("p", later(60))))
}

fn not_posted(holder: &str, maybe_posted: bool) -> Event {
    Event::NotPosted { holder: holder.to_owned(), not_before: later(30), maybe_posted, error: "ratelimited".to_owned() }
}

fn updated(shows: u32, over: u32) -> Event {
    Event::Updated { holder: String::new(), shows, over, card: None, lost: Vec::new(), reply_used: false }
}

fn not_updated(shows: u32, lost: Vec<CardRef>) -> Event {
    Event::NotUpdated {
        holder: String::new(),
        lands_until: None,
        shows,
        not_before: later(30),
        maybe_posted: false,
        lost,
        error: "ratelimited".to_owned(),
    }
}

fn effects(request: &Request, event: Event) -> Vec<Effect> {
    step(request, event, now(), "n").expect("a transition").effects
}

fn unresolved() -> Request {
    request_of(Opening::Unresolved(Lookup::Modified { rules: Vec::new() }))
}

#[test]
fn what_was_described_is_asked_about_once() {
    for (count, listed) in [(2, true), (20, true), (21, false)] {
        let opening = Opening::Modified { rules: rules(count), left_out: Vec::new() };
        let described = then(&unresolved(), Event::Resolved(opening.clone()));
        assert_eq!((&described.change.opening, described.listed), (&opening, listed), "{count} rules");
        assert_eq!(described.work(now()), Some(Work::Post));
        assert_eq!(
            step(&described, Event::Resolved(opening), now(), "n"),
            Err(Refusal::NothingToDo("NeedsPost")),
            "it is described"
        );
    }
}

#[test]
fn what_a_modification_leaves_out_is_kept_with_what_it_asks_about() {
    let left_out =
        vec![ModifiedRule { id: RuleId::parse("sgr-0abc").expect("a rule id"), to: None, description_only: true }];
    let opening = Opening::Modified { rules: rules(1), left_out: left_out.clone() };
    let described = then(&unresolved(), Event::Resolved(opening));
    assert_eq!(described.change.opening.left_out(), left_out);
    assert!(request().change.opening.left_out().is_empty(), "an authorize asks about all of it");

    let (this, other) = (RuleId::parse("sgr-0abc").expect("a rule id"), RuleId::parse("sgr-0def").expect("a rule id"));
    let unreadable = Opening::Unreadable { why: "It was cut off.".to_owned() };
    let gap = Opening::Gap { from: now(), until: now() };
    let authorized = request().change.opening;
    let openings = [
        (described.change.opening, [true, false]),
        (unreadable, [true, true]),
        (gap, [false, false]),
        (authorized, [false, false]),
        (unresolved().change.opening, [false, false]),
    ];
    for (opening, leaves_out) in openings {
        assert_eq!([&this, &other].map(|rule| opening.leaves_out(rule)), leaves_out, "{opening:?}");
    }
}

#[test]
fn what_is_reopened_is_listed_if_its_card_can_hold_it() {
    let ignored = then(&unresolved(), Event::Dismissed { reason: Ignored::Narrowing, rules: Vec::new() });
    for (count, listed) in [(20, true), (21, false)] {
        let opening = Opening::Modified { rules: rules(count), left_out: Vec::new() };
        let reopened = then(&ignored, Event::Reopened(opening));
        assert_eq!((reopened.state, reopened.listed), (State::NeedsPost, listed), "{count} rules");
    }
}

#[test]
fn an_opening_that_is_known_is_not_dismissed_and_a_dismissed_one_not_again() {
    let ignored = then(&unresolved(), Event::Dismissed { reason: Ignored::Narrowing, rules: Vec::new() });
    for (known, name) in [(request(), "NeedsPost"), (pending(), "Pending"), (ignored, "Ignored")] {
        let dismissed = step(&known, Event::Dismissed { reason: Ignored::Egress, rules: Vec::new() }, now(), "n");
        assert_eq!(dismissed, Err(Refusal::NothingToDo(name)));
    }
}

/// It would stay ignored, without the rules that it is judged again by.
#[test]
fn what_was_ignored_is_reopened_and_not_described_once_more() {
    let ignored = then(&unresolved(), Event::Dismissed { reason: Ignored::Narrowing, rules: Vec::new() });
    let opening = Opening::Modified { rules: rules(1), left_out: Vec::new() };
    assert_eq!(step(&ignored, Event::Resolved(opening), now(), "n"), Err(Refusal::NothingToDo("Ignored")));
}

#[test]
fn a_post_that_failed_is_tried_again_when_its_back_off_ends() {
    let failed = then(&posting(), not_posted("p", true));
    assert_eq!((&failed.state, failed.due_for(Work::Post)), (&State::NeedsPost, Some(later(30))));
    assert_eq!((failed.card_tries.failed, failed.card_tries.error.as_deref()), (1, Some("ratelimited")));
    assert!(failed.maybe_posted);
    let early = Event::ClaimPost(lease("q", later(90)));
    assert_eq!(step(&failed, early.clone(), later(29), "n"), Err(Refusal::Leased));
    let again = step(&failed, early, later(30), "n").expect("the back-off ended").next;
    let failed = then(&again, not_posted("q", false));
    assert_eq!(failed.card_tries.failed, 2);
    assert!(failed.maybe_posted, "the first message may be there all the same");
    let posted = then(&failed, Event::Posted { card: Some(card("1.1")), shows: 1 });
    assert_eq!((posted.card_tries.failed, posted.card_tries.error, posted.maybe_posted), (0, None, false));
}

#[test]
fn only_whoever_claimed_the_post_may_say_that_it_failed() {
    for (request, holder) in [(posting(), "q"), (request(), "p"), (pending(), "p"), (reverting(), "r")] {
        let name = request.state.name();
        assert_eq!(step(&request, not_posted(holder, false), now(), "n"), Err(Refusal::ClaimLost), "{name}");
    }
}

#[test]
fn an_update_asks_for_another_as_long_as_the_cards_show_less_than_is_known() {
    let denied = then(&pending(), decision(Verdict::Deny));
    assert_eq!((denied.version, denied.rendered_version), (2, 1));
    assert_eq!(effects(&denied, updated(1, 1)), [Effect::Update]);
    assert_eq!(effects(&denied, updated(2, 1)), []);
}

#[test]
fn a_response_url_is_used_up_by_the_updates_that_used_it() {
    let reply = ReplyUrl { url: "https://hooks.slack.test/x".to_owned(), until: later(1_800), uses_left: 5 };
    let Event::Decided { decision, card, .. } = decision(Verdict::Deny) else { panic!("a decision") };
    let denied = then(&pending(), Event::Decided { decision, watch_only: false, card, reply: Some(reply.clone()) });
    assert_eq!(denied.reply, Some(reply));
    let update = |reply_used| {
        let event =
            Event::Updated { holder: String::new(), shows: 2, over: 1, card: None, lost: Vec::new(), reply_used };
        then(&denied, event).reply.map(|reply| reply.uses_left)
    };
    assert_eq!((update(false), update(true)), (Some(5), Some(4)));
}

#[test]
fn a_card_that_is_left_goes_on_showing_what_it_shows() {
    let two = then(&pending(), Event::Posted { card: Some(card("1.2")), shows: 1 });
    let one = then(&two, not_updated(9, vec![card("1.1")]));
    assert_eq!((one.cards.as_slice(), one.rendered_version), ([card("1.2")].as_slice(), 1));
    let long = request_of(Opening::Authorized { rules: rules(21) });
    let posting = then(&long, Event::ClaimPost(lease("p", later(60))));
    let by_webhook = then(&posting, Event::Posted { card: None, shows: 1 });
    let listed = then(&by_webhook, Event::Listed { thread: None, messages: 2, all: true });
    let still = then(&listed, not_updated(9, Vec::new()));
    assert_eq!(
        (still.rendered_version, still.listed, still.listed_messages),
        (1, true, 2),
        "a webhook tells no address, so none is lost"
    );
}

#[test]
fn the_full_list_is_posted_once() {
    let listed = then(&pending(), updated(1, 1));
    assert!(listed.listed, "two rules are on the card itself");
    let again = step(&listed, Event::Listed { thread: None, messages: 1, all: true }, now(), "n");
    assert_eq!(again, Err(Refusal::NothingToDo("Pending")));
}

#[test]
fn an_update_that_was_not_recorded_is_shown_anew_once_it_can_not_land_any_more() {
    let begun = then(&pending(), Event::UpdateBegun(lease("u", later(60))));
    assert!(!begun.maybe_posted, "the first one");
    assert_eq!(begun.due_for(Work::Update), Some(later(60)));
    let second = step(&begun, Event::UpdateBegun(lease("v", later(90))), later(59), "n").expect("a second one").next;
    assert!(second.maybe_posted, "whoever was killed may have posted a new message");
    assert_eq!(second.unknown_posts_from(), second.stored_at, "nothing is older than the request");
    assert_eq!((second.updating.len(), second.due_for(Work::Update)), (2, Some(later(90))));
    let third = step(&second, Event::UpdateBegun(lease("w", later(150))), later(60), "n").expect("a third one").next;
    let holders: Vec<_> = third.updating.iter().map(|sent| sent.holder.as_str()).collect();
    assert_eq!(holders, ["v", "w"], "the first one has landed, or never will");
    assert!(third.maybe_posted);
}

/// The history of the channel since the request was stored may be too long to be read, weeks later.
#[test]
fn a_message_that_an_update_may_have_left_is_looked_for_since_that_update() {
    let weeks = 60 * 60 * 24 * 30;
    let begun = then(&pending(), Event::UpdateBegun(lease("u", later(weeks))));
    let second = then(&begun, Event::UpdateBegun(lease("v", later(weeks + 60))));
    assert_eq!(second.unknown_posts_from(), later(weeks - 15 * 60));
    let third = then(&second, Event::UpdateBegun(lease("w", later(weeks + 90))));
    assert_eq!(third.unknown_posts_from(), later(weeks - 15 * 60), "the first of them counts");
    let failed = Event::NotUpdated {
        holder: "w".to_owned(),
        lands_until: None,
        shows: 1,
        not_before: later(weeks),
        maybe_posted: true,
        lost: Vec::new(),
        error: "HTTP 500".to_owned(),
    };
    let failed = step(&pending(), failed, later(weeks), "n").expect("a failure").next;
    assert_eq!(failed.unknown_posts_from(), later(weeks - 15 * 60));
    let claimed = step(&request(), Event::ClaimPost(lease("p", later(60))), later(0), "n").expect("a claim").next;
    let again = step(&claimed, Event::ClaimPost(lease("q", later(200))), later(90), "n").expect("another").next;
    assert!(again.maybe_posted);
    assert_eq!(again.unknown_posts_from(), again.stored_at, "its first post may be as old as it is");
    assert_eq!(again.maybe_posted_from, None);
    let recorded =
        step(&second, Event::Posted { card: Some(card("9.9")), shows: 1 }, later(weeks), "n").expect("seen").next;
    assert_eq!((recorded.maybe_posted, recorded.maybe_posted_from), (false, None));
}

#[test]
fn a_recorded_update_takes_back_its_own_mark_alone() {
    let begun = then(&pending(), Event::UpdateBegun(lease("u", later(60))));
    let both = then(&begun, Event::UpdateBegun(lease("v", later(90))));
    let recorded =
        Event::Updated { holder: "u".to_owned(), shows: 1, over: 1, card: None, lost: Vec::new(), reply_used: false };
    assert_eq!(then(&both, recorded).updating, [lease("v", later(90))]);
}

#[test]
fn a_sent_update_that_failed_may_land_until_it_says() {
    let begun = then(&pending(), Event::UpdateBegun(lease("u", later(60))));
    let Event::NotUpdated { shows, not_before, lost, error, .. } = not_updated(1, Vec::new()) else {
        panic!("a failed update")
    };
    let timed_out = Event::NotUpdated {
        holder: "u".to_owned(),
        lands_until: Some(later(45)),
        shows,
        not_before,
        maybe_posted: true,
        lost,
        error,
    };
    let failed = then(&begun, timed_out);
    assert!(failed.maybe_posted, "the new message that it wanted to post may be there");
    assert_eq!(failed.updating, [lease("u", later(45))]);
    assert_eq!(failed.due_for(Work::Update), Some(later(45)), "not before its back-off, and not before it landed");
}

#[test]
fn a_card_is_shown_anew_once_though_several_click_on_the_old_one() {
    let before = Request { version: 4, rendered_version: 4, ..pending() };
    let first = step(&before, Event::ShownAnew { reply: None }, now(), "n").expect("the first click");
    assert_eq!((first.next.version, first.effects), (5, vec![Effect::Update]));
    assert_eq!(first.next.work(now()), Some(Work::Update));
    let second = step(&first.next, Event::ShownAnew { reply: None }, now(), "n");
    assert_eq!(second, Err(Refusal::NothingToDo("Pending")));
}
