//! The same data gives the same message as the examples that fix the layout (`shared/tests/messages`).

use serde_json::{Value, json};

use super::fixture::*;
use crate::domain::{
    card::{Message, ask_reason, render},
    change::{Fate, OpenedRule, Opening},
    ids::ChannelId,
    reason::Reason,
    request::{CardRef, Request, State, Verdict},
};

fn whole(message: Message) -> Value {
    json!({ "text": message.text, "blocks": message.blocks, "unfurl_links": false, "unfurl_media": false })
}

fn agree(request: &Request, example: &str) {
    let example: Value = serde_json::from_str(example).expect("JSON");
    let pretty = |value: &Value| serde_json::to_string_pretty(value).expect("JSON");
    let (ours, theirs) = (whole(render(request, &view())), example);
    // As values, so that the order of keys does not matter; as text only for a readable difference.
    assert!(ours == theirs, "ours:\n{}\nexample:\n{}", pretty(&ours), pretty(&theirs));
}

macro_rules! example {
    ($name:literal) => {
        include_str!(concat!("../../../../tests/messages/", $name, ".json"))
    };
}

#[test]
fn one_rule_for_a_partner_awaits_a_decision() {
    agree(&authorized(vec![https()]), example!("pending"));
}

#[test]
fn three_rules_one_of_them_for_the_world() {
    agree(&authorized(three()), example!("pending_world"));
}

#[test]
fn a_rule_was_changed_to_let_in_the_world() {
    let rules = vec![opened(rule("tcp", 22, 22, "0.0.0.0/0"), "sgr-0abc", "")];
    agree(&request(Opening::Modified { rules, left_out: Vec::new() }), example!("pending_modified"));
}

#[test]
fn cloudtrail_left_out_what_was_opened() {
    let why = "CloudTrail left the request out of its record (149,893 bytes), and the group could not be read either.";
    agree(&request(Opening::Unreadable { why: why.to_owned() }), example!("unreadable"));
}

#[test]
fn bob_approved_it() {
    agree(&decided(authorized(vec![https()]), Verdict::Approve, State::Approved, 2), example!("approved"));
}

#[test]
fn bob_denied_it_with_a_reason() {
    let mut denied = decided(authorized(vec![https()]), Verdict::Deny, State::Denied, 2);
    if let Some(decision) = &mut denied.decision {
        decision.reason = Some(Reason::parse("not in change window").expect("a reason"));
    }
    agree(&denied, example!("denied_reverting"));
    denied.state = State::Reverting { lease: Some(lease()) };
    agree(&denied, example!("denied_reverting"));
}

#[test]
fn the_modal_asks_why_bob_denies_one_rule() {
    let card =
        CardRef { channel: ChannelId::parse("C0123456789").expect("a channel"), ts: "1795190001.000100".to_owned() };
    let mut ours = ask_reason(&authorized(vec![https()]), &view(), Some(&card)).view;
    let mut theirs: Value = serde_json::from_str(example!("modal_deny_reason")).expect("JSON");
    // A JSON text in JSON: its spaces do not matter.
    for modal in [&mut ours, &mut theirs] {
        let metadata = modal["private_metadata"].as_str().map(serde_json::from_str::<Value>);
        modal["private_metadata"] = metadata.expect("a text").expect("JSON");
    }
    assert_eq!(ours, theirs);
}

#[test]
fn it_was_removed_and_seen_to_be_absent() {
    let mut reverted = ended(vec![https()], vec![Fate::Removed], State::Reverted);
    reverted.verified_after_ms = Some(2_100);
    agree(&reverted, example!("reverted"));
}

#[test]
fn one_of_three_rules_could_not_be_removed() {
    let fates = vec![Fate::Removed, Fate::Removed, failed("UnauthorizedOperation")];
    agree(&ended(three(), fates, State::PartlyReverted), example!("partly_reverted"));
}

#[test]
fn the_role_could_not_be_assumed() {
    let mut request = ended(vec![https()], vec![failed("AccessDenied")], State::RevertFailed);
    request.failure = Some(role_refused());
    agree(&request, example!("revert_failed"));
}

#[test]
fn it_was_gone_before_the_revert() {
    agree(&ended(vec![https()], vec![Fate::NotThere], State::AlreadyGone), example!("already_gone"));
}

#[test]
fn its_id_stands_for_another_rule_now() {
    let now = rule("tcp", 443, 443, "10.1.0.0/16");
    agree(&ended(vec![https()], vec![Fate::Changed { now }], State::ChangedByHand), example!("changed_by_hand"));
}

#[test]
fn portcullis_only_watches() {
    agree(&decided(authorized(vec![https()]), Verdict::Deny, State::Observed, 2), example!("observed"));
}

#[test]
fn alice_took_it_back_herself() {
    let mut request = authorized(vec![OpenedRule { fate: by_alice(), ..https() }]);
    request.state = State::Withdrawn;
    request.version = 2;
    agree(&request, example!("withdrawn"));
}
