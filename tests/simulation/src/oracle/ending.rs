//! Liveness: what must have come about once the faults have stopped and time went on.

use chrono::{DateTime, TimeDelta, Utc};
use local::system::config::Delivery;
use serde_json::Value;
use shared::domain::{
    card::{self, View},
    request::Request,
};

use super::{
    Oracle, Seen, as_shown, asked_by, gaps, in_a_gap,
    messages::{Shown, beginning, headlines},
    moment::reverts_in_the_end,
    rule_ids, state,
};

impl Oracle {
    /// Holds the end against what was promised. `views` are what cards are made with; `restless` what still goes on.
    pub fn judge_end(&self, views: [&View; 2], restless: Option<String>, now: DateTime<Utc>) {
        let mut broken: Vec<String> =
            restless.into_iter().map(|restless| format!("it comes to rest: {restless}")).collect();
        {
            let mut seen = self.seen();
            let ends: Vec<String> = seen.items.values().map(|item| state(&item.value).to_owned()).collect();
            for state in ends {
                *seen.stats.ends.entry(state).or_default() += 1;
            }
            broken.extend(self.what_is_lost(&mut seen));
            broken.extend(Self::what_has_no_card(&seen));
            let gaps = gaps(&seen).len();
            broken.extend((gaps > 1).then(|| format!("one outage is one gap: {gaps} were announced")));
            broken.extend(self.what_is_unfinished(&seen));
            broken.extend(self.what_is_not_shown(&seen, views));
            broken.extend(self.what_still_asks(&seen, now));
            broken.extend(self.what_escaped(&seen));
        }
        for broken in broken {
            self.violated(now, broken);
        }
    }

    /// Every record is a card or has a reason.
    fn what_is_lost(&self, seen: &mut Seen) -> Vec<String> {
        let mut broken = Vec::new();
        // What a modification is judged by may not have been read.
        let all_was_read = gaps(seen).is_empty();
        for (id, opened) in &seen.ledger.opened {
            let Some(item) = seen.items.get(id) else {
                if in_a_gap(seen, opened.at) {
                    seen.stats.in_gaps += 1;
                    continue;
                }
                let lets_in = opened.rules.iter().any(|left| !left.key.egress);
                if lets_in {
                    broken.push(format!("no change is lost: {id} of {} is not in the table", opened.at));
                }
                continue;
            };
            let ignored = state(&item.value) == "Ignored";
            let wider = opened.rules.iter().find(|left| !left.key.egress && left.is_wider());
            match wider {
                Some(wider) if ignored && all_was_read => {
                    let (rule, now) = (&wider.rule, as_shown(&wider.key));
                    let before = wider.before.as_ref().map(as_shown);
                    broken.push(format!(
                        "no change is lost: {id} made {rule} {now}, which was {before:?}, and was ignored"
                    ));
                }
                Some(_) | None => {}
            }
            let mut ids = rule_ids(&item.value);
            // Where it is Unreadable, a person has to look at all of it, also where a part of it is asked about since.
            let in_words = ids.is_empty() && !ignored;
            ids.extend(
                opened.rules.iter().filter(|left| asked_by(seen, id, &left.rule) != *id).map(|left| left.rule.clone()),
            );
            // Of a rule that is gone when its record is read nothing may be known; the others are shown all the same.
            let hidden = opened.rules.iter().find(|left| {
                left.is_wider() && !ids.contains(&left.rule) && !seen.ledger.gone.contains_key(&left.rule)
            });
            if let Some(hidden) = hidden.filter(|_| !ids.is_empty() && !in_words && all_was_read) {
                broken.push(format!("a card shows all that was opened: {id} leaves out {}", hidden.rule));
            }
        }
        broken
    }

    /// Every request has a card: a change, a part of one that is asked about apart, a gap.
    fn what_has_no_card(seen: &Seen) -> Vec<String> {
        let asks = seen.items.iter().filter(|(_, item)| state(&item.value) != "Ignored");
        let is_card_of = |id: &String, message: &Shown| message.request == *id && !message.is_reply();
        let without = asks.filter(|(id, _)| !seen.messages.values().any(|message| is_card_of(id, message)));
        without.map(|(id, _)| format!("a card at least once: {id} has none")).collect()
    }

    /// Every Deny has an end, and nothing is due.
    fn what_is_unfinished(&self, seen: &Seen) -> Vec<String> {
        let reverts = reverts_in_the_end(self.plan.mode);
        let waits = |value: &Value| match state(value) {
            "Denied" | "Reverting" => reverts,
            "NeedsPost" | "Posting" => true,
            _ => false,
        };
        let unfinished = seen.items.iter().filter(|(_, item)| waits(&item.value));
        let mut broken: Vec<String> =
            unfinished.map(|(id, item)| format!("it ends: {id} is still {}", state(&item.value))).collect();
        let failed = seen.items.iter().filter(|(_, item)| {
            let bad = matches!(state(&item.value), "PartlyReverted" | "RevertFailed");
            bad && item.value["failure"].is_null() && !item.raw.contains("\"fate\":{\"approved\"")
        });
        broken.extend(failed.map(|(id, _)| format!("a revert that failed says why: {id} does not")));
        // What began before may end after.
        let calm = seen.calm_since.map(|since| since + TimeDelta::minutes(6));
        let in_the_calm = seen.failed_at.iter().filter(|(id, at)| {
            let kept = seen.items.get(*id).is_some_and(|item| item.raw.contains("\"fate\":{\"approved\""));
            !kept && calm.is_some_and(|calm| calm < **at)
        });
        broken.extend(
            in_the_calm.map(|(id, at)| format!("a Deny ends well where nothing goes wrong: {id} failed at {at}")),
        );
        broken
    }

    /// Every card shows its request's last state; by webhook, one of them does.
    fn what_is_not_shown(&self, seen: &Seen, views: [&View; 2]) -> Vec<String> {
        let mut broken = Vec::new();
        for (id, item) in &seen.items {
            let cards = seen.messages.iter();
            let cards = cards.filter(|(_, one)| one.request == *id && !one.is_reply() && !one.is_deleted);
            let Ok(request) = serde_json::from_str::<Request>(&item.raw) else {
                broken.push(format!("an item can be read: {id} can't"));
                continue;
            };
            // Switched on or off, what waits for a click keeps its words until somebody clicks.
            let expected = views.map(|view| card::render(&request, view));
            let is = state(&item.value);
            let shows = |message: &Shown| {
                headlines(is).iter().any(|words| message.text.starts_with(words))
                    && expected.iter().any(|card| card.text == message.text && card.blocks == message.blocks)
            };
            let (new, old): (Vec<_>, Vec<_>) = cards.partition(|(_, message)| shows(message));
            // A webhook tells no address: only the clicked message is reached, or a new one stands for it.
            let was_deleted = seen.messages.values().any(|one| one.request == *id && one.is_deleted);
            if self.plan.delivery == Delivery::Webhook && (!new.is_empty() || was_deleted) {
                continue;
            }
            for (ts, message) in old {
                let says = beginning(&message.text);
                let differs = differs(message, &expected[0].blocks);
                broken.push(format!(
                    "every card shows the last state: {ts} of {id} says {says:?}, it is {is}: {differs}"
                ));
            }
        }
        broken
    }

    /// What was removed by hand is not asked about any more.
    fn what_still_asks(&self, seen: &Seen, now: DateTime<Utc>) -> Vec<String> {
        let mut broken = Vec::new();
        for (id, item) in &seen.items {
            let ids = rule_ids(&item.value);
            let gone = |rule: &String| {
                let gone = seen.ledger.gone.get(rule);
                gone.is_some_and(|gone| gone.by_hand && gone.readable_at <= now && !in_a_gap(seen, gone.at))
            };
            if state(&item.value) == "Pending" && !ids.is_empty() && ids.iter().all(gone) {
                broken.push(format!("what was removed by hand is withdrawn: {id} still asks"));
            }
        }
        broken
    }

    /// A rule that stands and was ignored as less than before was less than something that may stand.
    fn what_escaped(&self, seen: &Seen) -> Vec<String> {
        let mut broken = Vec::new();
        let all_was_read = gaps(seen).is_empty();
        for rule in seen.ledger.makers.keys().filter(|_| all_was_read) {
            let makers = seen.ledger.past.get(rule).into_iter().flatten().rev();
            let asking = |id: &String| {
                let id = asked_by(seen, id, rule);
                let value = &seen.items.get(&id)?.value;
                Some((id, value))
            };
            let mut values = makers.filter_map(asking);
            let Some((last, value)) = values.next() else { continue };
            // A call may change several rules, and ask about some of them only.
            let asks = |value: &Value| state(value) != "Ignored" && rule_ids(value).contains(rule);
            // Where it is Unreadable, a person has to look at all of it.
            if asks(value) || state(value) != "Ignored" && rule_ids(value).is_empty() {
                continue;
            }
            let judged = values.find(|(_, value)| asks(value));
            if let Some((id, value)) = &judged
                && matches!(state(value), "Reverted" | "AlreadyGone" | "ChangedByHand" | "Withdrawn")
            {
                let is = state(value);
                broken.push(format!(
                    "a change of a denied rule is asked about: {rule} stands as {last} left it, which was ignored, and {id} is {is}"
                ));
            }
        }
        broken
    }
}

/// The first block of a message that is not as it should be.
fn differs(message: &Shown, expected: &[Value]) -> String {
    let (blocks, more) = (message.blocks.iter(), std::iter::repeat(&Value::Null));
    let mut pairs =
        blocks.chain(more.clone()).zip(expected.iter().chain(more)).take(message.blocks.len().max(expected.len()));
    let other = pairs.find(|(is, should)| is != should);
    other.map_or_else(|| "the text".to_owned(), |(is, should)| format!("{is} instead of {should}"))
}
