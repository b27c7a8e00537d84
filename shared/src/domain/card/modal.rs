//! The modal that asks for the reason of a Deny.

use serde_json::{Value, json};

use super::{View, blocks, pending::Asked, text};
use crate::domain::{
    change::{OpenedRule, Opening},
    reason::Reason,
    request::{CardRef, Request, SHOWN_RULES},
};

/// A modal as `views.open` takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Modal {
    /// The view.
    pub view: Value,
}

/// `callback_id` of the modal, and `action_id` of the button that asks for it.
pub const DENY_REASON: &str = "deny_reason";

/// `block_id` of the input: errors are shown there.
pub const REASON_BLOCK: &str = "reason";

/// `action_id` of the input.
pub const REASON_INPUT: &str = "text";

/// The modal for a Deny of this request from this card. It names what a Deny would remove at present.
#[must_use]
pub fn ask_reason(request: &Request, view: &View, card: Option<&CardRef>) -> Modal {
    let opening = &request.change.opening;
    let asked = Asked::of(opening.rules());
    let removes = match opening {
        Opening::Modified { .. } => Deny::RemovesWholeRules,
        Opening::Authorized { .. } | Opening::Unresolved(_) | Opening::Unreadable { .. } | Opening::Gap { .. } => {
            Deny::Removes
        }
    };
    let deny = if view.watch_only { Deny::Recorded } else { removes };
    let origin = json!({
        "requestid": request.change.id,
        "channel": card.map(|card| &card.channel),
        "ts": card.map(|card| &card.ts),
    });
    Modal {
        view: json!({
            "type": "modal",
            "callback_id": DENY_REASON,
            "private_metadata": origin.to_string(),
            "title": blocks::plain_text("Deny"),
            "submit": blocks::plain_text(deny.label(asked.standing.len())),
            "close": blocks::plain_text("Cancel"),
            "blocks": [
                {
                    "type": "section",
                    "block_id": "what",
                    "text": blocks::mrkdwn(&what(request, &asked, deny)),
                },
                {
                    "type": "input",
                    "block_id": REASON_BLOCK,
                    "label": blocks::plain_text("Reason"),
                    "element": {
                        "type": "plain_text_input",
                        "action_id": REASON_INPUT,
                        "multiline": true,
                        "min_length": Reason::LEAST,
                        "max_length": Reason::MOST,
                    },
                },
            ],
        }),
    }
}

/// What a Deny does at present.
#[derive(Clone, Copy)]
enum Deny {
    Removes,
    RemovesWholeRules,
    /// Portcullis only watches.
    Recorded,
}

impl Deny {
    fn label(self, rules: usize) -> &'static str {
        match self {
            Self::Removes => "Deny and revert",
            Self::RemovesWholeRules => text::plural(rules, "Remove the rule", "Remove the rules"),
            Self::Recorded => "Deny",
        }
    }

    fn fate(self, rules: usize) -> &'static str {
        match self {
            Self::Removes => "will be removed.",
            Self::RemovesWholeRules => text::plural(
                rules,
                "will be removed, *whole*. The access that it gave before this change goes too.",
                "will be removed, *whole*. The access that they gave before this change goes too.",
            ),
            Self::Recorded => text::plural(
                rules,
                "is denied. Portcullis only watches at present: as long as that is so, nothing is removed.",
                "are denied. Portcullis only watches at present: as long as that is so, nothing is removed.",
            ),
        }
    }
}

/// The rules that stand, the whole internet first, and what becomes of them. Nothing in it was chosen by others: rules and
/// groups were parsed.
fn what(request: &Request, asked: &Asked, deny: Deny) -> String {
    let group = match &request.change.place.group {
        Some(group) => format!("`{group}`"),
        None => "a security group".to_owned(),
    };
    let fate = deny.fate(asked.standing.len());
    let shown = |opened: &&OpenedRule| format!("{} from `{}`", opened.rule.traffic, opened.rule.source);
    match asked.standing.as_slice() {
        [one] => format!("*{}* on {group} {fate}", shown(one)),
        several => {
            let each = several.iter().map(|opened| format!("• {}", shown(opened))).collect();
            let list = text::first(SHOWN_RULES, each, "\n", "more, none wider");
            format!("*{}* on {group} {fate}\n{list}", text::rules(several.len()))
        }
    }
}
