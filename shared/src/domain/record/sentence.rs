//! The words for what a record does not tell: whole sentences, for the card.

use crate::domain::{
    change::Place,
    rule::{IngressRule, Source},
};

/// How many rules a sentence lists before it counts the rest.
const LISTED: usize = 10;
/// How many characters of foreign text a sentence quotes.
const QUOTED: usize = 160;

/// ` (149,893 bytes)`: a size, set off from what it follows.
pub(super) fn bytes(size: u64) -> String {
    let digits = size.to_string();
    let mut grouped = String::with_capacity(digits.len() * 2);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!(" ({grouped} bytes)")
}

/// Foreign text, cut to a length that fits a sentence.
pub(super) fn excerpt(text: &str) -> String {
    let mut excerpt: String = text.chars().take(QUOTED).collect();
    if excerpt.len() < text.len() {
        excerpt.push('…');
    }
    excerpt
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

/// Adds to a sentence what is known in spite of it, widest first.
pub(super) fn with_known<'a>(why: &str, rules: impl Iterator<Item = &'a IngressRule>) -> String {
    let mut rules: Vec<_> = rules.collect();
    if rules.is_empty() {
        return why.to_owned();
    }
    rules.sort_by_key(|rule| breadth(&rule.source));
    let listed: Vec<_> = rules.iter().take(LISTED).map(ToString::to_string).collect();
    let rest = match rules.len().saturating_sub(LISTED) {
        0 => String::new(),
        rest => format!(" and {rest} more"),
    };
    format!("{why} This much is known to be opened: {}{rest}.", listed.join(", "))
}

fn breadth(source: &Source) -> u8 {
    match source {
        Source::Ipv4(net) => net.prefix_len(),
        Source::Ipv6(net) => net.prefix_len(),
        Source::PrefixList(_) | Source::Group(_) => u8::MAX,
    }
}
