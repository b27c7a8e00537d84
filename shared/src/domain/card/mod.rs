//! Request -> Slack message: pure, escaped, within Slack's limits.
//!
//! One function a card, chosen by state and opening. Whatever others chose (descriptions, names, errors) passes through
//! `text`; everything else in a message is ours or was parsed.

mod blocks;
mod facts;
mod internet;
mod limits;
mod lines;
mod modal;
mod outcome;
mod pending;
mod tally;
mod text;
mod unreadable;

use std::collections::BTreeMap;

use serde_json::Value;

pub use self::blocks::is_watching;
pub use self::modal::{DENY_REASON, Modal, REASON_BLOCK, REASON_INPUT, ask_reason};
use self::{blocks::Blocks, lines::Telling};
use super::{
    change::Opening,
    ids::AccountId,
    request::{Request, SHOWN_RULES, State},
};

/// A message as `chat.postMessage`, `chat.update`, a webhook and a `response_url` take it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What notifications and screen readers get: the whole decision.
    pub text: String,
    /// Block Kit blocks, at most 50.
    pub blocks: Vec<Value>,
}

/// What a card needs to know besides the request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// Names of accounts, where they are known.
    pub account_names: BTreeMap<AccountId, String>,
    /// The name of the role that reverts assume, without its path.
    pub spoke_role: String,
    /// Whether messages go through an incoming webhook: they have no thread then.
    pub webhook: bool,
    /// Whether whoever made an opening may approve it.
    pub requester_may_approve: bool,
    /// Whether a Deny only is recorded (`[mode] revert = false`).
    pub watch_only: bool,
}

/// The card of a request as it stands.
#[must_use]
pub fn render(request: &Request, view: &View) -> Message {
    match &request.state {
        State::NeedsPost | State::Posting { .. } | State::Pending => awaiting(request, view),
        State::Approved => outcome::approved(request, view),
        State::Denied | State::Reverting { .. } => outcome::reverting(request, view),
        State::Reverted => outcome::reverted(request, view),
        State::AlreadyGone => outcome::already_gone(request, view),
        State::ChangedByHand => outcome::changed_by_hand(request, view),
        State::PartlyReverted => outcome::partly_reverted(request, view),
        State::RevertFailed => outcome::revert_failed(request, view),
        State::Observed => outcome::observed(request, view),
        State::Withdrawn => outcome::withdrawn(request, view),
        State::Ignored { reason } => outcome::ignored(request, *reason),
    }
}

fn awaiting(request: &Request, view: &View) -> Message {
    match &request.change.opening {
        // All of it may be gone while the post is under way: a card that asks would ask about nothing.
        Opening::Authorized { .. } | Opening::Modified { .. } if request.all_removed_by_hand() => {
            outcome::withdrawn(request, view)
        }
        Opening::Authorized { rules } => pending::authorized(request, view, rules),
        Opening::Modified { rules, .. } => pending::modified(request, view, rules),
        Opening::Unresolved(lookup) => unreadable::unresolved(request, view, lookup),
        Opening::Unreadable { why } => unreadable::unreadable(request, view, why),
        Opening::Gap { from, until } => unreadable::gap(request, *from, *until),
    }
}

/// The messages for the thread of a card that asks: they list every rule as it was opened. Empty where the card shows them all, and for a
/// webhook, which has no threads.
#[must_use]
pub fn full_list(request: &Request, view: &View) -> Vec<Message> {
    let total = request.change.opening.rules().len();
    if view.webhook || total <= SHOWN_RULES {
        return Vec::new();
    }
    let list = |(at, page): (usize, lines::Page)| {
        let lines::Page { first, last, sections } = page;
        let group = facts::group(&request.change.place);
        Message {
            text: format!("Rules {first} to {last} of {total} on {group}, as opened, widest first."),
            blocks: Blocks::of(request)
                .section(
                    &format!("list.{}", at + 1),
                    &format!("*Rules {first} to {last} of {total}, as opened, widest first*"),
                )
                .sections(&format!("list.{}.rules", at + 1), &sections)
                .done(),
        }
    };
    lines::pages(request).into_iter().enumerate().map(list).collect()
}

#[cfg(test)]
mod tests;
