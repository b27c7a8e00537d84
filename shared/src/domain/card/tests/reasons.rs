//! The reason of a Deny: how it is asked for, and where it is shown.

use insta::assert_snapshot;

use super::{
    checker::{check_modal, check_of},
    fixture::*,
};
use crate::domain::{
    card::{View, ask_reason, is_watching, render},
    change::{Fate, OpenedRule, Opening},
    reason::Reason,
    request::{Request, State, Verdict},
};

/// What the modal says, and its button.
fn modal(request: &Request, view: &View) -> String {
    let modal = ask_reason(request, view, None).view;
    check_modal(&modal);
    let text = |pointer: &str| modal.pointer(pointer).and_then(|text| text.as_str()).expect(pointer).to_owned();
    format!("{}\n[{}]", text("/blocks/0/text/text"), text("/submit/text"))
}

fn watching() -> View {
    View { watch_only: true, ..view() }
}

#[test]
fn a_click_tells_by_its_block_whether_its_card_said_that_portcullis_only_watches() {
    for (view, watching) in [(watching(), true), (view(), false)] {
        let card = render(&authorized(three()), &view);
        let buttons = card.blocks.iter().find(|block| block["type"] == "actions").expect("buttons");
        assert_eq!(is_watching(buttons["block_id"].as_str().expect("an id")), watching);
    }
    assert!(!is_watching("watching"), "an id of ours has a request and a version before it");
}

#[test]
fn the_modal_lists_what_a_deny_removes_worst_first() {
    assert_snapshot!(modal(&authorized(three()), &view()), @"
    *3 rules* on `sg-0123456789abcdef0` will be removed.
    • tcp 22 from `0.0.0.0/0`
    • tcp 443 from `203.0.113.0/24`
    • udp 500-4500 from `sg-0feedface`
    [Deny and revert]
    ");
}

#[test]
fn what_somebody_removed_by_hand_is_not_listed() {
    let mut rules = three();
    rules[2].fate = by_alice();
    assert_snapshot!(modal(&authorized(rules), &view()), @"
    *2 rules* on `sg-0123456789abcdef0` will be removed.
    • tcp 443 from `203.0.113.0/24`
    • udp 500-4500 from `sg-0feedface`
    [Deny and revert]
    ");
}

#[test]
fn a_modification_is_removed_whole() {
    let one = vec![opened(rule("tcp", 22, 22, "0.0.0.0/0"), "sgr-0abc", "")];
    assert_snapshot!(modal(&request(Opening::Modified { rules: one, left_out: Vec::new() }), &view()), @"
    *tcp 22 from `0.0.0.0/0`* on `sg-0123456789abcdef0` will be removed, *whole*. The access that it gave before this change goes too.
    [Remove the rule]
    ");
    assert_snapshot!(modal(&request(Opening::Modified { rules: three(), left_out: Vec::new() }), &view()), @"
    *3 rules* on `sg-0123456789abcdef0` will be removed, *whole*. The access that they gave before this change goes too.
    • tcp 22 from `0.0.0.0/0`
    • tcp 443 from `203.0.113.0/24`
    • udp 500-4500 from `sg-0feedface`
    [Remove the rules]
    ");
}

#[test]
fn while_portcullis_only_watches_the_modal_says_that_nothing_is_removed() {
    assert_snapshot!(modal(&authorized(vec![https()]), &watching()), @"
    *tcp 443 from `203.0.113.0/24`* on `sg-0123456789abcdef0` is denied. Portcullis only watches at present: as long as that is so, nothing is removed.
    [Deny]
    ");
    assert_snapshot!(modal(&request(Opening::Modified { rules: three(), left_out: Vec::new() }), &watching()), @"
    *3 rules* on `sg-0123456789abcdef0` are denied. Portcullis only watches at present: as long as that is so, nothing is removed.
    • tcp 22 from `0.0.0.0/0`
    • tcp 443 from `203.0.113.0/24`
    • udp 500-4500 from `sg-0feedface`
    [Deny]
    ");
}

#[test]
fn of_five_hundred_rules_the_widest_twenty_are_listed() {
    let rules =
        (0..500).map(|port| opened(rule("tcp", port, port, "2001:db8:1111:2222:3333:4444:5555:6666/128"), "", ""));
    let said = modal(&authorized(rules.collect()), &view());
    assert!(said.starts_with("*500 rules* on `sg-0123456789abcdef0` will be removed.\n• tcp 0 from"), "{said}");
    assert!(said.ends_with("\nand 480 more, none wider\n[Deny and revert]"), "{said}");
}

/// Bob's Deny of one rule, in every state that it may come to.
fn outcomes(reason: &str) -> Vec<Request> {
    let ended = |fate: Fate, state: State| ended(vec![https()], vec![fate], state);
    let two = vec![https(), opened(rule("tcp", 22, 22, "10.0.0.0/8"), "", "")];
    let mut partly = ended(Fate::Removed, State::PartlyReverted);
    partly.change.opening = Opening::Authorized {
        rules: two
            .into_iter()
            .zip([Fate::Removed, failed("X")])
            .map(|(rule, fate)| OpenedRule { fate, ..rule })
            .collect(),
    };
    let mut all = vec![
        decided(authorized(vec![https()]), Verdict::Deny, State::Denied, 2),
        decided(authorized(vec![https()]), Verdict::Deny, State::Reverting { lease: None }, 2),
        ended(Fate::Removed, State::Reverted),
        ended(Fate::NotThere, State::AlreadyGone),
        ended(Fate::Changed { now: rule("tcp", 443, 443, "10.1.0.0/16") }, State::ChangedByHand),
        partly,
        ended(failed("AccessDenied"), State::RevertFailed),
        decided(authorized(vec![https()]), Verdict::Deny, State::Observed, 2),
    ];
    for request in &mut all {
        request.decision.as_mut().expect("a decision").reason = Some(Reason::parse(reason).expect("a reason"));
    }
    all
}

#[test]
fn every_card_of_a_denied_opening_tells_the_reason() {
    for request in outcomes("not in change window") {
        let message = render(&request, &view());
        check_of(&request, &message);
        let blocks = serde_json::to_string(&message.blocks).expect("JSON");
        assert!(blocks.contains("<@U0000000B0B>"), "{:?}: {blocks}", request.state);
        assert_eq!(blocks.matches("Reason: `not in change window`").count(), 1, "{:?}: {blocks}", request.state);
        assert!(message.text.ends_with(" Reason: \"not in change window\""), "{:?}: {}", request.state, message.text);
    }
}

#[test]
fn a_reason_calls_nobody_and_ends_no_code() {
    for request in outcomes("<!channel> *x* ` ``` </script> & \"quoted\"") {
        let message = render(&request, &view());
        check_of(&request, &message);
        let blocks = serde_json::to_string(&message.blocks).expect("JSON");
        let shown = "Reason: `&lt;!channel&gt; *x* ' ''' &lt;/script&gt; &amp; \\\"quoted\\\"`";
        assert!(blocks.contains(shown), "{:?}: {blocks}", request.state);
        assert!(message.text.contains("&lt;!channel&gt;"), "{}", message.text);
    }
}

#[test]
fn five_hundred_characters_are_shown_whole_even_where_each_is_escaped() {
    for request in outcomes(&"&".repeat(500)) {
        let message = render(&request, &view());
        check_of(&request, &message);
        let blocks = serde_json::to_string(&message.blocks).expect("JSON");
        assert!(blocks.contains(&format!("`{}`", "&amp;".repeat(500))), "{:?}", request.state);
    }
}
