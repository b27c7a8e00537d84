//! How a revert may end badly, and what the card says of it.

use super::{checker::check_of, fixture::*};
use crate::domain::{
    card::{View, render},
    change::{Fate, OpenedRule},
    ids::{RequestId, SlackUserId},
    request::{Failure, Request, State},
};

fn approved_by(id: &str, name: &str) -> Fate {
    Fate::Approved {
        on: RequestId::parse("another-request").expect("a request id"),
        by: SlackUserId::parse(id).expect("a user"),
        by_name: name.to_owned(),
        at: opened_at(),
    }
}

/// `text` of its card.
fn text(request: &Request, view: &View) -> String {
    let message = render(request, view);
    check_of(request, &message);
    message.text
}

/// The section of that part, or nothing.
fn part(request: &Request, part: &str) -> String {
    let message = render(request, &view());
    check_of(request, &message);
    let is_part = |id: &str| id.ends_with(&format!(".{part}"));
    let block = message.blocks.iter().find(|block| block["block_id"].as_str().is_some_and(is_part));
    block.and_then(|block| block["text"]["text"].as_str()).unwrap_or_default().to_owned()
}

fn has_retry(request: &Request) -> bool {
    render(request, &view()).blocks.iter().any(|block| block.to_string().contains("\"retry\""))
}

#[test]
fn a_rule_that_was_approved_on_another_card_stays_and_both_are_named() {
    let fates = vec![Fate::Removed, Fate::Removed, approved_by("U000CAROL", "carol")];
    let request = ended(three(), fates, State::PartlyReverted);
    assert_eq!(
        text(&request, &view()),
        "Partly reverted: 2 of 3 rules removed from sg-0123456789abcdef0. STILL OPEN: tcp 22 from 0.0.0.0/0. It was \
         approved on another card by carol."
    );
    assert_eq!(
        part(&request, "open"),
        ":warning: *Still open:* tcp 22 from `0.0.0.0/0`. Approved on another card: the same rule, by <@U000CAROL> \
         (`another-request`). What was approved is not revoked; remove it in the console if it must go."
    );
    assert!(!has_retry(&request), "another try would not help");
}

#[test]
fn where_one_person_approved_several_rules_she_is_named_once() {
    let carol = || approved_by("U000CAROL", "carol");
    let request = ended(three(), vec![carol(), carol(), failed("UnauthorizedOperation")], State::RevertFailed);
    assert_eq!(
        text(&request, &view()),
        "Revert failed: the rules on sg-0123456789abcdef0 are STILL OPEN. Rules were approved on another card by carol."
    );
    assert_eq!(
        part(&request, "why"),
        "EC2 said `UnauthorizedOperation`. Approved on another card: the same rules, by <@U000CAROL> \
         (`another-request`). What was approved is not revoked; remove it in the console if it must go."
    );
    assert!(has_retry(&request), "the third may still be removed");
}

#[test]
fn a_failed_revert_says_how_much_is_still_open() {
    let open = |rules: Vec<OpenedRule>, fates| text(&ended(rules, fates, State::RevertFailed), &view());
    let x = || failed("UnauthorizedOperation");
    for (said, expected) in [
        (open(vec![https()], vec![x()]), "the rule on sg-0123456789abcdef0 is STILL OPEN."),
        (open(three(), vec![x(), x(), x()]), "the rules on sg-0123456789abcdef0 are STILL OPEN."),
        (open(three(), vec![x(), x(), Fate::NotThere]), "2 of 3 rules on sg-0123456789abcdef0 are STILL OPEN."),
        (
            open(three(), vec![x(), Fate::NotThere, Fate::NotThere]),
            "1 of 3 rules on sg-0123456789abcdef0 is STILL OPEN.",
        ),
    ] {
        assert_eq!(said, format!("Revert failed: {expected}"));
    }
}

#[test]
fn the_role_is_named_only_where_aws_refused_to_let_it_be_assumed() {
    let assuming = "when assuming `role/security/spoke-001` in `111122223333`";
    let revoking = "when revoking rules of `sg-0123456789abcdef0`";
    let unnamed = View { spoke_role: String::new(), ..view() };
    for (view, code, doing, expected) in [
        (view(), "AccessDenied", assuming, "AWS refused the role spoke-001 in 111122223333."),
        (view(), "AccessDeniedException", assuming, "AWS refused the role spoke-001 in 111122223333."),
        (
            view(),
            "RegionDisabledException",
            assuming,
            "AWS said RegionDisabledException when assuming role/security/spoke-001 in 111122223333.",
        ),
        (view(), "AccessDenied", revoking, "AWS said AccessDenied when revoking rules of sg-0123456789abcdef0."),
        (view(), "InternalError", revoking, "AWS said InternalError when revoking rules of sg-0123456789abcdef0."),
        (
            unnamed,
            "AccessDenied",
            assuming,
            "AWS said AccessDenied when assuming role/security/spoke-001 in 111122223333.",
        ),
    ] {
        let mut request = ended(vec![https()], vec![failed(code)], State::RevertFailed);
        let hint = "does the role exist there?".to_owned();
        request.failure = Some(Failure { code: code.to_owned(), doing: doing.to_owned(), hint });
        assert_eq!(
            text(&request, &view),
            format!("Revert failed: the rule on sg-0123456789abcdef0 is STILL OPEN. {expected}")
        );
    }
}
