//! From CloudTrail's record to the card: whatever somebody wrote into a call's fields, each of its cards is within Slack's
//! limits, calls nobody, links nowhere and has no block of theirs.

use chrono::TimeDelta;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    checker::{check_bare, check_modal, check_of},
    fixture::*,
    hostile::{PIECES, hostile},
};
use crate::domain::{
    card::{View, ask_reason, full_list, render},
    change::{Change, Fate, Ignored, OpenedRule, Opening, Reading},
    ids::{AccountId, RequestId, SlackUserId},
    reason::Reason,
    record::{self, tests::RECORDS},
    request::{Request, State, Verdict},
};

/// Every state that a request can be in.
fn states() -> [State; 14] {
    [
        State::NeedsPost,
        State::Posting { lease: lease() },
        State::Pending,
        State::Approved,
        State::Denied,
        State::Reverting { lease: None },
        State::Reverted,
        State::AlreadyGone,
        State::ChangedByHand,
        State::PartlyReverted,
        State::RevertFailed,
        State::Observed,
        State::Withdrawn,
        State::Ignored { reason: Ignored::Narrowing },
    ]
}

/// What became of the rules, in turn; whoever did it has this name.
fn with_fates(rules: &[OpenedRule], name: &str) -> Vec<OpenedRule> {
    let of = |(at, opened): (usize, &OpenedRule)| {
        let fate = match at % 6 {
            0 => Fate::RemovedByHand { by: name.to_owned(), at: opened_at() },
            1 => Fate::Approved {
                on: RequestId::parse("another-request").expect("a request id"),
                by: SlackUserId::parse("U0CAROL0001").expect("a user id"),
                by_name: name.to_owned(),
                at: opened_at(),
            },
            2 => Fate::Failed { why: "UnauthorizedOperation".to_owned() },
            3 => Fate::Changed { now: opened.rule.clone() },
            4 => Fate::Removed,
            _ => Fate::NotThere,
        };
        OpenedRule { fate, ..opened.clone() }
    };
    rules.iter().enumerate().map(of).collect()
}

/// The openings that a record's opening may become: as it was read, modified from something, each with and without fates.
fn openings(opening: &Opening, name: &str) -> Vec<Opening> {
    let rules = opening.rules();
    if rules.is_empty() {
        return vec![opening.clone()];
    }
    let earlier = |opened: &OpenedRule| OpenedRule { earlier: Some(opened.rule.clone()), ..opened.clone() };
    let modified: Vec<OpenedRule> = rules.iter().map(earlier).collect();
    vec![
        opening.clone(),
        Opening::Authorized { rules: with_fates(rules, name) },
        Opening::Modified { rules: with_fates(&modified, name), left_out: Vec::new() },
        Opening::Modified { rules: modified, left_out: Vec::new() },
    ]
}

/// Checks all cards of a change in these states. The name is that of the account, of who decides and of who closed it by
/// hand; it is also the reason of a Deny.
fn check_cards(change: &Change, name: &str, states: &[State]) {
    let account = change.place.account.clone().or_else(|| AccountId::parse("111122223333").ok()).expect("an account");
    let named = View { account_names: [(account, name.to_owned())].into(), ..view() };
    let views = [named.clone(), View { webhook: true, watch_only: true, requester_may_approve: true, ..named }];
    let reason: String = name.chars().take(Reason::MOST).collect();
    for opening in openings(&change.opening, name) {
        let mut open = Request::new(Change { opening, ..change.clone() }, opened_at(), "nonce".to_owned());
        for state in states {
            let settled = !matches!(state, State::NeedsPost | State::Posting { .. } | State::Pending);
            let mut request = open.clone();
            request.state = state.clone();
            if settled {
                request = decided(request, Verdict::Deny, state.clone(), 3);
                let decision = request.decision.as_mut().expect("a decision");
                decision.by_name = name.to_owned();
                decision.reason = Reason::parse(&reason).ok();
            }
            for view in &views {
                let messages = [render(&request, view)].into_iter().chain(full_list(&request, view));
                for message in messages {
                    check_of(&request, &message);
                    check_bare(&message);
                }
            }
        }
        open.state = State::Pending;
        check_modal(&ask_reason(&open, &views[0], None).view);
    }
}

/// The opening, or the closing as what it makes of a card: an opening that its actor removed by hand.
fn check_record(record: &str, name: &str, states: &[State]) -> bool {
    match record::read(record, opened_at() + TimeDelta::hours(1)) {
        Reading::Change(change) => check_cards(&change, name, states),
        Reading::Revocation(revocation) => {
            let by = revocation.actor.name();
            let removed = |rule| OpenedRule { fate: Fate::RemovedByHand { by: by.clone(), at: revocation.at }, ..rule };
            let opened = authorized(three().into_iter().map(removed).collect());
            check_cards(&opened.change, &by, states);
        }
        Reading::Ignored(_) => return false,
    }
    true
}

/// The pointers of all texts in a record.
fn texts(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::String(_) => found.push(at.to_owned()),
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(index, value)| texts(value, &format!("{at}/{index}"), found));
        }
        Value::Object(fields) => fields.iter().for_each(|(key, value)| {
            texts(value, &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), found);
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn texts_of(record: &Value) -> Vec<String> {
    let mut found = Vec::new();
    texts(record, "", &mut found);
    found
}

/// One of the texts, if there is any.
fn text_at(record: &Value, spot: Spot) -> Option<String> {
    let mut places = texts_of(record);
    (!places.is_empty()).then(|| places.swap_remove(spot.index(places.len())))
}

/// How hostile text gets into a field: instead of what is there, or after it, as a session's name in an ARN.
fn write(record: &mut Value, at: &str, text: &str, after: bool) {
    let Some(field) = record.pointer_mut(at) else { return };
    let before = field.as_str().filter(|_| after).unwrap_or_default();
    *field = json!(format!("{before}{text}"));
}

#[test]
fn no_field_of_any_record_becomes_more_than_text_on_a_card() {
    let all = PIECES.concat();
    let (mut checked, mut fields) = (0, 0);
    for (name, text) in RECORDS {
        let whole: Value = serde_json::from_str(text).expect(name);
        for at in texts_of(&whole) {
            fields += 1;
            for after in [false, true] {
                let mut record = whole.clone();
                write(&mut record, &at, &all, after);
                checked += usize::from(check_record(&record.to_string(), "bob", &[State::Pending, State::Withdrawn]));
            }
        }
    }
    assert!(fields > 300 && checked > fields, "{fields} fields, {checked} records with a card");
}

#[test]
fn no_piece_in_all_fields_at_once_becomes_more_than_text() {
    let names = [
        "description",
        "groupName",
        "userAgent",
        "sourceIPAddress",
        "userName",
        "arn",
        "type",
        "principalId",
        "invokedBy",
    ];
    for (_, text) in RECORDS {
        for piece in PIECES {
            let mut record: Value = serde_json::from_str(text).expect("JSON");
            for at in texts_of(&record) {
                let field = at.rsplit('/').next().unwrap_or_default();
                if names.contains(&field) {
                    write(&mut record, &at, piece, true);
                }
            }
            check_record(&record.to_string(), piece, &states());
        }
    }
}

/// What a record may hold instead of what it should.
fn odd() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        hostile().prop_map(Value::from),
        prop::collection::vec(hostile(), 0..3).prop_map(Value::from),
        (hostile(), hostile()).prop_map(|(key, value)| json!({ key: value })),
        hostile().prop_map(|text| json!({ "items": [{ "description": text, "groupName": text, "cidrIp": text }] })),
    ]
}

/// A place in a record, by the share of it that lies before.
type Spot = prop::sample::Index;

#[derive(Clone, Debug)]
struct Spoiled {
    which: usize,
    call: Option<&'static str>,
    written: Vec<(Spot, String, bool)>,
    replaced: Vec<(Spot, Value)>,
    cut: Option<Spot>,
}

fn spoiled() -> impl Strategy<Value = Spoiled> {
    let call = prop::option::of(prop::sample::select(record::CALLS.as_slice()));
    let written = prop::collection::vec((any::<Spot>(), hostile(), any::<bool>()), 0..12);
    let replaced = prop::collection::vec((any::<Spot>(), odd()), 0..3);
    let cut = prop::option::weighted(0.1, any::<Spot>());
    (0..RECORDS.len(), call, written, replaced, cut).prop_map(|(which, call, written, replaced, cut)| Spoiled {
        which,
        call,
        written,
        replaced,
        cut,
    })
}

impl Spoiled {
    fn record(&self) -> String {
        let mut record: Value = serde_json::from_str(RECORDS[self.which].1).expect("JSON");
        for (spot, text, after) in &self.written {
            if let Some(at) = text_at(&record, *spot) {
                write(&mut record, &at, text, *after);
            }
        }
        for (spot, value) in &self.replaced {
            // A place of any depth: a text's own, or one of those that hold it.
            if let Some(at) = text_at(&record, *spot) {
                let depth = 1 + spot.index(at.matches('/').count().max(1));
                let end = at.match_indices('/').nth(depth).map_or(at.len(), |(end, _)| end);
                *record.pointer_mut(&at[..end]).expect("a place") = value.clone();
            }
        }
        if let Some(call) = self.call {
            record["eventName"] = json!(call);
            record["eventSource"] = json!("ec2.amazonaws.com");
            record["errorCode"] = Value::Null;
        }
        let text = record.to_string();
        let end = self.cut.map_or(text.len(), |cut| cut.index(text.len()));
        String::from_utf8_lossy(&text.as_bytes()[..end]).into_owned()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_card_of_any_record_is_within_the_limits_and_calls_nobody(spoiled in spoiled(), name in hostile()) {
        check_record(&spoiled.record(), &name, &states());
    }

    #[test]
    fn a_text_that_is_no_record_is_no_more_than_text_either(text in hostile(), name in hostile()) {
        check_record(&text, &name, &[State::Pending, State::Approved]);
    }
}
