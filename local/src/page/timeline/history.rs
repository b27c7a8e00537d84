//! The item's history, in sentences.

use chrono::{DateTime, Utc};
use shared::domain::request::Request;

use super::{Moment, Step, Where};
use crate::world::slack::Slack;

pub(super) fn moments(slack: &Slack, request: &Request) -> Vec<Moment> {
    request.history.iter().map(|entry| moment(slack, entry.at, &entry.what)).collect()
}

/// An entry that is not known here is told in its own words.
pub(super) fn moment(slack: &Slack, at: DateTime<Utc>, what: &str) -> Moment {
    plain(at, what)
        .or_else(|| outcome(at, what))
        .or_else(|| by_somebody(slack, at, what))
        .or_else(|| with_detail(at, what))
        .or_else(|| rules(at, what))
        .unwrap_or_else(|| Moment::new(at, Step::Outcome, Where::Table, what))
}

fn plain(at: DateTime<Utc>, what: &str) -> Option<Moment> {
    let (step, place, title) = match what {
        "stored" => (Step::Stored, Where::Table, "The poller stored the request."),
        "described" => (Step::Stored, Where::Poller, "The poller asked EC2 what the change did, and took that over."),
        "reopened" => (
            Step::Stored,
            Where::Poller,
            "It is asked about after all: the value that it was judged by does not stand.",
        ),
        "posted" => (Step::PostStored, Where::Table, "Stored: the card is posted."),
        "the card is to be shown anew" => (
            Step::Answered,
            Where::Table,
            "Nothing was decided: the card said that Portcullis only watches, and is shown anew.",
        ),
        "withdrawn" => (Step::Outcome, Where::Table, "Every rule was removed by hand: nothing is left to decide."),
        "asking EC2 to revoke" => (Step::Asked, Where::Table, "Stored: EC2 is about to be asked to revoke."),
        _ => return None,
    };
    Some(Moment::new(at, step, place, title))
}

fn outcome(at: DateTime<Utc>, state: &str) -> Option<Moment> {
    let title = match state {
        "Reverted" => "Taken back: the rules were seen to be gone.",
        "AlreadyGone" => "Nothing to take back: the rules were gone already.",
        "ChangedByHand" => "Left alone: the rules are something else now.",
        "PartlyReverted" => "Some rules are gone, others could not be removed.",
        "RevertFailed" => "Not taken back: the rules are still open. Somebody has to click Retry.",
        _ => return None,
    };
    Some(Moment::new(at, Step::Outcome, Where::Table, title))
}

fn by_somebody(slack: &Slack, at: DateTime<Utc>, what: &str) -> Option<Moment> {
    let decided = |prefix: &str| what.strip_prefix(prefix).map(|rest| rest.split_once(": ").unwrap_or((rest, "")));
    let name = |id: &str| super::slack::name(slack, id);
    let (title, reason) = if let Some((by, reason)) = decided("Approve by ") {
        (format!("The decision is stored: {} approved it.", name(by)), reason)
    } else if let Some((by, reason)) = decided("Deny by ") {
        (format!("The decision is stored: {} denied it.", name(by)), reason)
    } else {
        (format!("Stored: {} asked for another try.", name(what.strip_prefix("retry asked by ")?)), "")
    };
    Some(Moment::new(at, Step::Decided, Where::Table, title).with(reason))
}

fn with_detail(at: DateTime<Utc>, what: &str) -> Option<Moment> {
    let known: [(&str, Step, Where, &str); 7] = [
        ("posted as ", Step::PostStored, Where::Table, "Stored: where the card is."),
        ("not posted: ", Step::PostStored, Where::Poller, "The card could not be posted; it is tried again later."),
        ("card not updated: ", Step::Updated, Where::Poller, "The card could not be updated; it is tried again later."),
        ("ignored: ", Step::Stored, Where::Poller, "It opens nothing, so nobody is asked."),
        (
            "described, and ignored: ",
            Step::Stored,
            Where::Poller,
            "EC2 shows that it opens nothing, so nobody is asked.",
        ),
        ("EC2 took the revoke ", Step::Taken, Where::Table, "Stored: EC2 took the revoke. That proves nothing yet."),
        ("revert postponed: ", Step::Outcome, Where::Table, "The rules could not be removed; it is tried again later."),
    ];
    known.into_iter().find_map(|(prefix, step, place, title)| {
        what.strip_prefix(prefix).map(|detail| Moment::new(at, step, place, title).with(detail))
    })
}

fn rules(at: DateTime<Utc>, what: &str) -> Option<Moment> {
    let (count, rest) = what.split_once(" rules ")?;
    let count = match count.parse::<usize>().ok()? {
        1 => "1 rule".to_owned(),
        count => format!("{count} rules"),
    };
    let (step, title) = match (rest, rest.strip_prefix("removed by hand by ")) {
        (_, Some(by)) => (Step::Stored, format!("{by} removed {count} by hand.")),
        ("were not there any more", None) => (Step::Taken, format!("EC2 said of {count}: not there any more.")),
        ("were refused by EC2", None) => (Step::Taken, format!("EC2 refused to remove {count}.")),
        ("stay: they were approved on another card", None) => {
            (Step::Asked, format!("Stored: {count} to be left alone, approved on another card."))
        }
        (_, None) => return None,
    };
    Some(Moment::new(at, step, Where::Table, title))
}
