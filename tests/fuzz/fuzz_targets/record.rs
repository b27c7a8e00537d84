//! CloudTrail records: any text becomes a change, a revocation or a reason; every change becomes cards that Slack takes and
//! that call nobody but who decided and link nowhere, in every delivery, and survives the table.
#![no_main]

use chrono::{DateTime, Utc};
use fuzz::blocks::check_message;
use fuzz::mrkdwn::{Token, mentions_and_links};
use libfuzzer_sys::fuzz_target;
use shared::domain::{
    card::{Message, View, full_list, render},
    change::Reading,
    ids::SlackUserId,
    plan::Plan,
    reason::Reason,
    record,
    request::{Decision, Request, Requester, State, Verdict},
};

/// Who decides where somebody did.
const DECIDER: &str = "U0000000B0B";

fn check(request: &Request, message: &Message) {
    let wrong = check_message(&message.blocks);
    assert!(wrong.is_empty(), "{wrong:?}: {message:?}");
    assert!(!message.text.contains(['<', '>']), "text may notify somebody: {}", message.text);
    let owner = format!("{}.{}.", request.change.id, request.version);
    for block in &message.blocks {
        assert!(block["block_id"].as_str().is_some_and(|id| id.starts_with(&owner)), "no block of ours: {block}");
    }
    for token in mentions_and_links(&message.blocks) {
        match token {
            Token::Date { link: None, .. } => {}
            Token::User(id) if request.decision.is_some() && id == DECIDER => {}
            Token::User(_)
            | Token::Date { link: Some(_), .. }
            | Token::Broadcast(_)
            | Token::UserGroup(_)
            | Token::Channel(_)
            | Token::Link { .. }
            | Token::Unknown(_) => panic!("others chose this: {token:?} in {message:?}"),
        }
    }
}

/// The request, and the same approved, denied and failed by somebody whose name is the record's text.
fn in_states(request: &Request, text: &str, now: DateTime<Utc>) -> Vec<Request> {
    let decided = |(verdict, state)| Request {
        decision: Some(Decision {
            verdict,
            by: SlackUserId::parse(DECIDER).unwrap(),
            by_name: text.to_owned(),
            at: now,
            reason: Reason::parse(&text.chars().take(Reason::MOST).collect::<String>()).ok(),
            requester: Requester::NotIdentified,
        }),
        state,
        version: 3,
        ..request.clone()
    };
    let ends = [
        (Verdict::Approve, State::Approved),
        (Verdict::Deny, State::Reverting { lease: None }),
        (Verdict::Deny, State::Reverted),
        (Verdict::Deny, State::RevertFailed),
    ];
    [request.clone()].into_iter().chain(ends.into_iter().map(decided)).collect()
}

fuzz_target!(|data: &[u8]| {
    let now: DateTime<Utc> = DateTime::from_timestamp(1_795_190_000, 0).unwrap();
    let text = String::from_utf8_lossy(data);
    let Reading::Change(change) = record::read(&text, now) else { return };
    let request = Request::new(change, now, "nonce".to_owned());
    let all = in_states(&request, &text, now);
    for (webhook, watch_only) in [(false, false), (true, false), (false, true)] {
        let view = View { webhook, watch_only, ..View::default() };
        for request in &all {
            check(request, &render(request, &view));
            full_list(request, &view).iter().for_each(|page| check(request, page));
        }
    }
    let plan = Plan::make(request.change.opening.rules(), &[]);
    assert!(plan.is_empty(), "nothing is there, so nothing is revoked");
    let stored = serde_json::to_string(&request).unwrap();
    assert_eq!(serde_json::from_str::<Request>(&stored).unwrap(), request);
});
