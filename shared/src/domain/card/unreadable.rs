//! Cards about what could not be read. Nothing can be decided on them; they ask a person to look.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};

use super::{Message, View, blocks, blocks::Blocks, facts, limits, text};
use crate::domain::{
    change::{Lookup, ModifiedRule},
    exposure,
    request::Request,
    rule::IngressRule,
};

/// Something was opened, and nothing tells what.
pub(super) fn unreadable(request: &Request, view: &View, why: &str) -> Message {
    card(request, view, &text::sentence(why, limits::SENTENCE), &text::plain_sentence(why, limits::SENTENCE))
}

/// It has to be described first, and that did not work so far.
pub(super) fn unresolved(request: &Request, view: &View, lookup: &Lookup) -> Message {
    let why = match lookup {
        Lookup::Authorized { why, .. } => format!("{why} The group could not be read so far either."),
        Lookup::Modified { rules } => modification(rules),
    };
    unreadable(request, view, &why)
}

/// What a modification's record tells by itself: neither the direction nor the earlier values. The widest rules come
/// first, so that what is not listed is no wider than what is.
fn modification(rules: &[ModifiedRule]) -> String {
    let mut to: Vec<&IngressRule> = rules.iter().filter_map(|rule| rule.to.as_ref()).collect();
    to.sort_by_key(|rule| Reverse(exposure::width(rule)));
    let to: Vec<String> = to.into_iter().map(|rule| format!("`{rule}`")).collect();
    let what =
        if to.is_empty() { String::new() } else { format!(" to {}", text::first_of(to, "; ", "more, none wider")) };
    format!(
        "{} changed{what}, and the group could not be read so far: whether this lets anybody in, and what it was before, is not \
         known.",
        match rules.len() {
            0 => "Rules were".to_owned(),
            1 => "1 rule was".to_owned(),
            count => format!("{count} rules were"),
        }
    )
}

fn card(request: &Request, view: &View, why: &str, plain_why: &str) -> Message {
    let change = &request.change;
    Message {
        text: text::cut_escaped(
            &format!(
                "Unreadable: something was opened on {} {}, by {}. {plain_why} Look at the group.",
                facts::named_group(&change.place),
                facts::whereabouts(&change.place, view),
                facts::actor(&change.actor),
            ),
            limits::TEXT,
        ),
        blocks: Blocks::of(request)
            .header("🟠 Unreadable: something was opened")
            .section("why", &format!("{why} Nothing can be denied from here: look at it in the console."))
            .fields("facts", &facts::fields(change, view))
            .actions(blocks::console(&change.id, &change.place).into_iter().collect())
            .context(&format!("`{}`", change.id))
            .done(),
    }
}

/// An interval of CloudTrail that nobody read.
pub(super) fn gap(request: &Request, from: DateTime<Utc>, until: DateTime<Utc>) -> Message {
    let interval = format!("nobody read CloudTrail from {} to {} UTC", text::utc(from), text::utc(until));
    Message {
        text: format!(
            "Unreadable: {interval}. What was opened in that time has no card. Look for AuthorizeSecurityGroupIngress and \
             ModifySecurityGroupRules in CloudTrail."
        ),
        blocks: Blocks::of(request)
            .header(&format!("🟠 Unreadable: {interval}"))
            .section(
                "why",
                &format!(
                    "Nobody read CloudTrail from {} to {} UTC ({} to {} in your time): that is further back than Portcullis may catch up. What was opened \
                     in that time has no card and awaits no decision. Look for `AuthorizeSecurityGroupIngress` and \
                     `ModifySecurityGroupRules` of that time in CloudTrail, in every account and region, and take back by \
                     hand what should not stand.",
                    text::utc(from),
                    text::utc(until),
                    text::when_exactly(from),
                    text::when_exactly(until),
                ),
            )
            .context(&format!("`{}`", request.change.id))
            .done(),
    }
}
