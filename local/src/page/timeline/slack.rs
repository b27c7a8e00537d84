//! The card in Slack, and what people did with it.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use shared::domain::request::Request;

use super::{Moment, Step, Where};
use crate::{
    page::state::lock,
    system::{
        System,
        journal::{Deed, Interacted},
        seed,
    },
    world::slack::{Message, Slack},
};

/// A whisper that comes later than this after an interaction has another cause.
const WHISPERED_WITHIN: TimeDelta = TimeDelta::seconds(5);

pub(super) fn moments(system: &System, request: &Request) -> Vec<Moment> {
    let interactions = system.journal.interactions();
    let slack = lock(&system.world.slack);
    let cards: Vec<&Message> =
        slack.messages(seed::CHANNEL).into_iter().filter(|message| shows(message, request)).collect();
    let mut moments: Vec<Moment> = cards.iter().flat_map(|card| card_moments(&slack, card)).collect();
    let of_card = |ts: &str| cards.iter().any(|card| card.ts.to_string() == ts);
    for (at, interacted) in interactions.iter().enumerate() {
        let about_it = match &interacted.deed {
            Deed::Clicked { ts, .. } => of_card(ts),
            Deed::Submitted { private_metadata } => about(private_metadata, request),
        };
        if about_it {
            let later = interactions.iter().skip(at + 1);
            let next = later.filter(|other| other.user == interacted.user).map(|other| other.delivery.at).next();
            moments.extend(interaction(&slack, interacted, next));
        }
    }
    moments
}

fn shows(message: &Message, request: &Request) -> bool {
    let marked = message
        .metadata
        .as_ref()
        .is_some_and(|metadata| metadata["event_payload"]["requestid"] == request.change.id.as_str());
    marked || request.cards.iter().any(|card| card.ts == message.ts.to_string())
}

fn about(private_metadata: &str, request: &Request) -> bool {
    let read: Option<Value> = serde_json::from_str(private_metadata).ok();
    read.is_some_and(|read| read["requestid"] == request.change.id.as_str())
}

fn card_moments(slack: &Slack, card: &Message) -> Vec<Moment> {
    let version = |(index, version): (usize, &crate::world::slack::Version)| {
        let (step, title) = match index {
            0 => (Step::Posted, "The card is in the channel."),
            _ => (Step::Updated, "The card was updated."),
        };
        Moment::new(version.at, step, Where::Slack, title).with(&version.text)
    };
    let mut moments: Vec<Moment> = card.versions.iter().enumerate().map(version).collect();
    let replies = slack.thread(seed::CHANNEL, &card.ts.to_string());
    if let Some(last) = replies.last().and_then(|reply| reply.versions.first()) {
        let title = match replies.len() {
            1 => "The full list is in the card's thread.".to_owned(),
            count => format!("The full list is in the card's thread, in {count} messages."),
        };
        moments.push(Moment::new(last.at, Step::Updated, Where::Slack, title));
    }
    moments
}

fn interaction(slack: &Slack, interacted: &Interacted, next: Option<DateTime<Utc>>) -> Vec<Moment> {
    let Interacted { user, deed, delivery } = interacted;
    let who = name(slack, user);
    let title = match deed {
        Deed::Clicked { action, .. } => format!("{who} clicked {}.", button(action)),
        Deed::Submitted { .. } => format!("{who} submitted a reason."),
    };
    let took = delivery.took.as_millis();
    let answer = format!("The responder answered with HTTP {} after {took} ms.", delivery.status);
    let mut moments = vec![Moment::new(delivery.at, Step::Clicked, Where::Person, title).with(answer)];
    let answered = delivery.at + TimeDelta::from_std(delivery.took).unwrap_or_default();
    if delivery.killed {
        let title = "The responder was killed right after its answer, before it did anything else.";
        moments.push(Moment::new(answered, Step::Answered, Where::Aws, title));
    }
    let until = next.unwrap_or(DateTime::<Utc>::MAX_UTC).min(answered + WHISPERED_WITHIN);
    let whispers = slack.whispers(user).into_iter().filter(|whisper| whisper.channel == seed::CHANNEL);
    moments.extend(whispers.filter_map(|whisper| {
        let at = whisper.ts.at();
        let title = format!("Only {who} was told a word about it.");
        (delivery.at <= at && at < until)
            .then(|| Moment::new(at, Step::Answered, Where::Slack, title).with(&whisper.text))
    }));
    moments
}

fn button(action: &str) -> &str {
    match action {
        "approve" => "Approve",
        "deny" => "Deny",
        "deny_reason" => "Deny with reason…",
        "retry" => "Retry",
        other => other,
    }
}

/// The handle of a user, or the id where there is none.
pub(super) fn name(slack: &Slack, id: &str) -> String {
    slack.users().find(|user| user.id == id).map_or_else(|| id.to_owned(), |user| user.name.clone())
}
