//! A click on a card, as verified and understood.

use super::{
    ids::{AppId, RequestId, SlackUserId, TeamId},
    request::{CardRef, ReplyUrl},
};

/// Which button.
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
    /// Its `response_url`, with the 5 uses and 30 minutes that Slack gives it.
    pub reply: Option<ReplyUrl>,
}
