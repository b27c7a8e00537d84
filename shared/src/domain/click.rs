//! What people do in Slack, as verified and understood: a click on a card, a modal that was submitted.

use std::fmt;

use super::{
    ids::{AppId, RequestId, SlackUserId, TeamId},
    reason::{InvalidReason, Reason},
    request::{CardRef, ReplyUrl},
};

/// Which of the buttons that act at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Button {
    /// `approve`
    Approve,
    /// `deny`
    Deny,
    /// `retry`
    Retry,
}

/// Somebody clicked a button of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Click {
    /// Which.
    pub button: Button,
    /// The button's `value`.
    pub request: RequestId,
    /// Who.
    pub user: SlackUserId,
    /// Their name, to show.
    pub user_name: String,
    /// The workspace; for an organization-wide install the organization (`E...`).
    pub team: Option<TeamId>,
    /// The app whose button it is.
    pub app: Option<AppId>,
    /// The message that was clicked.
    pub card: Option<CardRef>,
    /// Whether that message said that Portcullis only watches, and that a Deny removes nothing.
    pub watch_only: bool,
    /// Its `response_url`, with the 5 uses and 30 minutes that Slack gives it.
    pub reply: Option<ReplyUrl>,
}

/// A click's `trigger_id`: within 3 s of the click Slack opens one modal in exchange for it. It is in no log line.
#[derive(Clone, PartialEq, Eq)]
pub struct TriggerId(String);

impl TriggerId {
    /// Any text: its form is Slack's own affair. `None` where it is empty.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    /// The text, to be sent to Slack and nowhere else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TriggerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TriggerId(..)")
    }
}

/// Somebody clicked "Deny with reason…": the modal is to be opened, and nothing is decided yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReasonAsked {
    /// The Deny that they are about to make.
    pub deny: Click,
    /// What the modal is opened with.
    pub trigger: TriggerId,
}

/// Somebody submitted the modal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// The Deny. A submission brings no `response_url`; the card is the one that the modal was opened from.
    pub deny: Click,
    /// What they wrote.
    pub reason: Result<Reason, InvalidReason>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trigger_is_any_text_and_is_shown_to_nobody() {
        assert_eq!(TriggerId::parse(""), None);
        let trigger = TriggerId::parse("13345224609.738474920.8088").expect("a trigger");
        assert_eq!(trigger.expose(), "13345224609.738474920.8088");
        assert_eq!(format!("{trigger:?}"), "TriggerId(..)");
    }
}
