//! What people see in the channel.

use std::{collections::BTreeSet, sync::PoisonError};

use chrono::{DateTime, Utc};
use local::{
    system::{config::Delivery, seed::CHANNEL},
    world::slack::Message,
};

use serde_json::Value;

use super::{Oracle, Seen, rule_ids, whole};

/// A message as it was seen last.
pub(super) struct Shown {
    /// The request that it shows.
    pub(super) request: String,
    pub(super) text: String,
    pub(super) blocks: Vec<Value>,
    /// Somebody deleted it by hand.
    pub(super) is_deleted: bool,
    in_thread: bool,
}

impl Shown {
    pub(super) fn is_reply(&self) -> bool {
        self.in_thread
    }
}

/// What the first words of a card claim.
enum Claim {
    Asks,
    Decided { is_deny: bool, rules_are_gone: bool },
    Gone,
}

fn claim(text: &str) -> Option<Claim> {
    let denied = |rules_are_gone| Claim::Decided { is_deny: true, rules_are_gone };
    let claims = [
        ("Approval needed", Claim::Asks),
        ("Unreadable", Claim::Asks),
        ("Approved", Claim::Decided { is_deny: false, rules_are_gone: false }),
        ("Denied: reverting", denied(false)),
        ("Reverted", denied(true)),
        ("Partly reverted", denied(false)),
        ("Revert failed", denied(false)),
        ("Already gone", denied(true)),
        ("Changed by hand", denied(false)),
        ("Observed", denied(false)),
        ("Withdrawn", Claim::Gone),
    ];
    claims.into_iter().find(|(words, _)| text.starts_with(words)).map(|(_, claim)| claim)
}

impl Oracle {
    /// After a call to Slack: whatever is new there is held against what is so.
    pub(super) fn look_at_the_channel(&self, now: DateTime<Utc>) {
        for (message, in_thread) in self.news() {
            let Some(request) = request_of(&message) else { continue };
            let ts = message.ts.to_string();
            self.story.note(now, "channel", format_args!("{ts} {request}: {}", beginning(&message.text)));
            let mut seen = self.seen();
            let is_new = !seen.messages.contains_key(&ts);
            seen.shown.entry(request.clone()).or_default().extend(rules_shown(&message));
            let shown = Shown {
                request: request.clone(),
                text: message.text.clone(),
                blocks: message.blocks.clone(),
                is_deleted: false,
                in_thread,
            };
            seen.messages.insert(ts, shown);
            let cards = seen
                .messages
                .values()
                .filter(|one| one.request == request && !one.in_thread && !one.is_deleted)
                .count();
            let most = self.most_cards(&seen, &request);
            drop(seen);
            if in_thread {
                continue;
            }
            if is_new && cards > most {
                self.violated(now, format!("no more cards than lost posts explain: {request} has {cards}, not {most}"));
            }
            if let Some(broken) = self.judge_card(&request, &message.text) {
                self.violated(now, broken);
            }
        }
    }

    /// A post that was lost can be looked up by a bot. By webhook it can't, and what a card can't be changed into is a new
    /// one: one for each version, and one for each post that nobody could store.
    fn most_cards(&self, seen: &Seen, request: &str) -> usize {
        match self.plan.delivery {
            Delivery::Bot => 1,
            Delivery::Webhook => {
                let version = seen.items.get(request).and_then(|item| item.value["version"].as_u64()).unwrap_or(1);
                let unrecorded = seen.unrecorded.get(request).copied().unwrap_or_default();
                // The one that has just come is not stored either.
                usize::try_from(version).unwrap_or_default() + unrecorded.saturating_sub(1)
            }
        }
    }

    fn judge_card(&self, request: &str, text: &str) -> Option<String> {
        let says = beginning(text);
        let Some(claim) = claim(text) else { return Some(format!("no card begins so: {says}")) };
        let seen = self.seen();
        let item = seen.items.get(request);
        let verdict = item.map_or("", |item| item.value["decision"]["verdict"].as_str().unwrap_or_default());
        let (is_so, gone) = match claim {
            Claim::Asks => (true, false),
            Claim::Decided { is_deny, rules_are_gone } => {
                (verdict == if is_deny { "deny" } else { "approve" }, rules_are_gone)
            }
            // A Deny may be stored while the post is on its way: what it says of the rules is so, and it is updated.
            Claim::Gone => (verdict != "approve", true),
        };
        if !is_so {
            return Some(format!("a card says what is stored: {request} says {says:?}, its decision is {verdict:?}"));
        }
        let ids = item.filter(|_| gone).map(|item| rule_ids(&item.value)).unwrap_or_default();
        let group = seen.ledger.opened.get(whole(request)).map(|opened| opened.group.clone())?;
        drop(seen);
        let there = self.rules_of(&group);
        let standing = ids.into_iter().find(|rule| there.contains_key(rule))?;
        Some(format!("a card says what is so: {request} says {says:?}, and {standing} is there"))
    }

    /// The messages that are new or changed.
    fn news(&self) -> Vec<(Message, bool)> {
        let slack = self.world.slack.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = self.seen();
        let is_new = |message: &&Message| {
            seen.messages
                .get(&message.ts.to_string())
                .is_none_or(|shown| shown.text != message.text || shown.blocks != message.blocks)
        };
        let mut news = Vec::new();
        for card in slack.messages(CHANNEL) {
            let thread = slack.thread(CHANNEL, &card.ts.to_string());
            news.extend(thread.into_iter().filter(is_new).map(|message| (message.clone(), true)));
            if is_new(&card) {
                news.push((card.clone(), false));
            }
        }
        news
    }
}

/// The request that a message shows: `block_id`s begin with its id, and metadata names it.
fn request_of(message: &Message) -> Option<String> {
    let by_block = message.blocks.iter().find_map(|block| block["block_id"].as_str()?.split('.').next());
    let metadata = message.metadata.as_ref();
    let by_metadata = metadata.and_then(|metadata| metadata["event_payload"]["requestid"].as_str());
    by_metadata.or(by_block).map(str::to_owned)
}

/// The rules in a message's text blocks, as `tcp 22 10.0.0.0/8`: a line is a sign, protocol, ports, source, and more.
fn rules_shown(message: &Message) -> BTreeSet<String> {
    let texts = message.blocks.iter().filter_map(|block| block["text"]["text"].as_str());
    let lines = texts.flat_map(str::lines).map(|line| line.trim_start_matches('`').trim_end_matches('`'));
    let rule = |line: &str| {
        let mut words = line.split_whitespace();
        let sign = words.next()?;
        let rule = [words.next()?, words.next()?, words.next()?].join(" ");
        ["!", "+"].contains(&sign).then_some(rule)
    };
    lines.filter_map(rule).collect()
}

pub(super) fn beginning(text: &str) -> String {
    text.chars().take(90).collect()
}

/// What the card of a state begins with.
pub(super) fn headlines(state: &str) -> &'static [&'static str] {
    match state {
        "Pending" => &["Approval needed", "Unreadable"],
        "Approved" => &["Approved"],
        "Denied" | "Reverting" => &["Denied: reverting"],
        "Reverted" => &["Reverted"],
        "AlreadyGone" => &["Already gone"],
        "ChangedByHand" => &["Changed by hand"],
        "PartlyReverted" => &["Partly reverted"],
        "RevertFailed" => &["Revert failed"],
        "Observed" => &["Observed"],
        "Withdrawn" => &["Withdrawn"],
        _ => &[],
    }
}
