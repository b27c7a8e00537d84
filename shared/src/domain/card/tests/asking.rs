//! What a card that asks counts, and what it says of earlier values.

use super::{checker::check_of, fixture::*};
use crate::domain::{
    card::{Message, render},
    change::{OpenedRule, Opening},
    request::Request,
    rule::IngressRule,
};

fn card(request: &Request) -> Message {
    let message = render(request, &view());
    check_of(request, &message);
    message
}

/// What a card of these rules, changed from these values, says of the earlier ones: in `text`, and above the rules.
fn earlier(values: &[Option<IngressRule>]) -> (String, String) {
    let rules = three().into_iter().zip(values).map(|(rule, earlier)| OpenedRule { earlier: earlier.clone(), ..rule });
    let Message { text, blocks } = card(&request(Opening::Modified { rules: rules.collect(), left_out: Vec::new() }));
    let in_text = text.split_once("; ").map(|_| text.rsplit("; ").next().unwrap_or_default().to_owned());
    let risk = blocks[1]["text"]["text"].as_str().unwrap_or_default();
    let risk = risk.trim_start_matches(":warning: ").split(" Deny removes").next().unwrap_or_default();
    (in_text.unwrap_or_default(), risk.to_owned())
}

#[test]
fn a_card_says_which_earlier_values_are_known() {
    let known = || Some(rule("tcp", 443, 443, "203.0.113.0/28"));
    for (values, in_text, above) in [
        (vec![None], "its earlier value is not known.", "The earlier value is not known."),
        (vec![known()], "it was tcp 443 from 203.0.113.0/28.", "Before, it was tcp 443 from `203.0.113.0/28`."),
        (vec![None, None], "their earlier values are not known.", "The earlier values are not known."),
        (vec![known(), known()], "the card says what they were before.", "What they were before is in the list."),
        (
            vec![known(), known(), None],
            "not all of their earlier values are known.",
            "The earlier value of 1 rule is not known.",
        ),
        (
            vec![None, known(), None],
            "not all of their earlier values are known.",
            "The earlier values of 2 rules are not known.",
        ),
    ] {
        assert_eq!(earlier(&values), (in_text.to_owned(), above.to_owned()), "{values:?}");
    }
}

#[test]
fn what_is_left_for_the_whole_internet_after_one_rule_was_removed_is_still_open() {
    let mut rules = three();
    rules[1].fate = by_alice();
    let text = card(&authorized(rules)).text;
    assert!(
        text.starts_with(
            "Approval needed: SSH opened to the whole internet. 2 of 3 rules still open on sg-0123456789abcdef0 (web-alb) \
             in prod-payments, eu-west-1, opened by alice@example.com: "
        ),
        "{text}"
    );
    assert!(text.ends_with(" 1 rule was removed by hand."), "{text}");
}

#[test]
fn a_single_rule_that_is_left_is_told_without_its_addresses() {
    let rules = vec![https(), OpenedRule { fate: by_alice(), ..three().remove(0) }];
    let text = card(&authorized(rules)).text;
    assert!(text.contains(": tcp 443 from 203.0.113.0/24. 1 rule was removed by hand."), "{text}");
}
