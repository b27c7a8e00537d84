//! The words for what a record does not tell: whole sentences, for the card.

use std::cmp::Reverse;

use crate::domain::{change::Place, exposure, rule::IngressRule, thousands::grouped};

/// How many rules a sentence lists before it counts the rest.
const LISTED: usize = 10;
/// How many characters of foreign text a sentence quotes.
const QUOTED: usize = 160;

/// ` (149,893 bytes)`: a size, set off from what it follows.
pub(super) fn bytes(size: u64) -> String {
    format!(" ({} bytes)", grouped(size))
}

/// Foreign text as code, cut to a length that fits a sentence: a card shows it as what it is, and makes no words of ours, no
/// emphasis and no link of it.
pub(super) fn excerpt(text: &str) -> String {
    let excerpt: String = text.chars().take(QUOTED).collect();
    let cut = if excerpt.len() < text.len() { "…" } else { "" };
    format!("`{}{cut}`", excerpt.replace('`', "'"))
}

/// What the record does not say about the place, if nothing can be done without it.
pub(super) fn unknown_place(place: &Place) -> Option<String> {
    let missing = match (&place.group, &place.account, &place.region) {
        (Some(_), Some(_), Some(_)) => return None,
        (None, _, _) => match &place.group_name {
            Some(name) => {
                return Some(format!(
                    "CloudTrail's record names the security group only by its name ({}); its id is nowhere in it.",
                    excerpt(name)
                ));
            }
            None => "which security group this is about",
        },
        (Some(_), None, _) => "which account the security group is in",
        (Some(_), Some(_), None) => "which region the security group is in",
    };
    Some(format!("CloudTrail's record does not say {missing}."))
}

/// Adds to a sentence what is known in spite of it, widest first: what is not listed is no wider than what is.
pub(super) fn with_known<'a>(why: &str, rules: impl Iterator<Item = &'a IngressRule>) -> String {
    let mut rules: Vec<_> = rules.collect();
    if rules.is_empty() {
        return why.to_owned();
    }
    rules.sort_by_key(|rule| Reverse(exposure::width(rule)));
    let listed: Vec<_> = rules.iter().take(LISTED).map(ToString::to_string).collect();
    let rest = match rules.len().saturating_sub(LISTED) {
        0 => String::new(),
        rest => format!(" and {rest} more, none wider"),
    };
    format!("{why} This much is known to be opened: {}{rest}.", listed.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rule::{RuleText, SourceText};

    fn rule(source: SourceText) -> IngressRule {
        let text = RuleText { ip_protocol: "tcp".to_owned(), from_port: Some(22), to_port: Some(22), source };
        IngressRule::parse(&text).expect("a rule")
    }

    #[test]
    fn what_is_counted_only_is_no_wider_than_what_is_listed() {
        let host = |last: u8| rule(SourceText::CidrIpv4(format!("10.0.0.{last}/32")));
        let mut rules: Vec<IngressRule> = (1..=10).map(host).collect();
        rules.push(rule(SourceText::CidrIpv6("2001:db8::/32".to_owned())));
        rules.push(rule(SourceText::PrefixListId("pl-0123".to_owned())));
        rules.push(rule(SourceText::CidrIpv4("0.0.0.0/0".to_owned())));
        let told = with_known("Cut off.", rules.iter());
        let known = told.strip_prefix("Cut off. This much is known to be opened: ").expect("what is known");
        assert!(
            known.starts_with("tcp 22 from 0.0.0.0/0, tcp 22 from pl-0123, tcp 22 from 2001:db8::/32, "),
            "{known}"
        );
        assert!(known.ends_with(" and 3 more, none wider."), "{known}");
    }
}
