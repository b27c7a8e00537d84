//! What a person is told whose click or submission changes nothing: as a whisper in mrkdwn, or as plain text in the modal.

use crate::domain::{
    authority::NotAllowed,
    click::{Button, Click},
    one_line::one_line,
    request::{Decision, Request, State, Verdict},
    step::Refusal,
};

/// The longest text in a modal, in characters: Slack shows it in red below the input.
const IN_MODAL: usize = 150;

/// The longest name in a modal's text.
const NAME: usize = 40;

/// Why nothing was stored.
pub(super) enum Refused {
    /// They may not.
    NotAllowed(NotAllowed),
    /// There is no such request (any more).
    Unknown,
    /// A Retry while Portcullis only watches.
    OnlyWatches,
    /// A Deny of a card that said that it removes nothing, and Portcullis reverts by now.
    WatchedBefore,
    /// An Approve of a rule that is being removed: this request asks about the same one, and was denied.
    BeingRemoved(Box<Request>),
    /// It can't happen to the request as it stands.
    Step {
        /// Why.
        refusal: Refusal,
        /// As it stands.
        request: Box<Request>,
    },
}

impl From<NotAllowed> for Refused {
    fn from(why: NotAllowed) -> Self {
        Self::NotAllowed(why)
    }
}

impl Refused {
    /// For whoever clicked.
    pub(super) fn whisper(&self, click: &Click) -> String {
        match self {
            Self::Step { refusal: Refusal::AlreadyDecided, request } => already_decided(request, click),
            Self::BeingRemoved(denied) => being_removed(denied, click),
            Self::NotAllowed(_) | Self::Unknown | Self::OnlyWatches | Self::WatchedBefore | Self::Step { .. } => {
                self.words(click)
            }
        }
    }

    /// For whoever submitted the modal, which shows no mentions and no formatting.
    pub(super) fn in_modal(&self, click: &Click) -> String {
        let text = match self {
            Self::Step { refusal: Refusal::AlreadyDecided, request } => already_decided_plain(request, click),
            Self::NotAllowed(_)
            | Self::Unknown
            | Self::OnlyWatches
            | Self::WatchedBefore
            | Self::BeingRemoved(_)
            | Self::Step { .. } => self.words(click),
        };
        text.chars().take(IN_MODAL).collect()
    }

    fn words(&self, click: &Click) -> String {
        match self {
            Self::NotAllowed(why) => why.to_string(),
            Self::Unknown => "This request is not known any more. Nothing was changed.".to_owned(),
            Self::OnlyWatches => {
                "Portcullis only watches now (`[mode] revert = false`). Nothing was changed.".to_owned()
            }
            Self::WatchedBefore => {
                "This card said that Portcullis only watches. By now a Deny removes the rules. Nothing was \
                                    changed; the card is shown anew within a minute, then click again."
                    .to_owned()
            }
            Self::BeingRemoved(_) => BEING_REMOVED.to_owned(),
            Self::Step { refusal, request } => explain(refusal, request, click),
        }
    }
}

const BEING_REMOVED: &str = "The same rule was denied on another card and is being removed. Nothing was changed. \
                             Should it still be there in a while, click again.";

fn being_removed(denied: &Request, click: &Click) -> String {
    let Some(decision) = &denied.decision else { return BEING_REMOVED.to_owned() };
    let who = if decision.by == click.user { "You".to_owned() } else { format!("<@{}>", decision.by) };
    format!(
        "{who} denied the same rule on another card (`{}`), and it is being removed. Nothing was changed. Should it still \
         be there in a while, click again.",
        denied.change.id
    )
}

fn explain(refusal: &Refusal, request: &Request, click: &Click) -> String {
    match refusal {
        Refusal::Over(_) if request.state == State::Withdrawn || request.all_removed_by_hand() => {
            "Too late: somebody removed this opening before anybody decided. Nothing was changed.".to_owned()
        }
        Refusal::Over(_) => "There is nothing to decide here. Nothing was changed.".to_owned(),
        Refusal::NothingToDecide => {
            "What was opened is not known, so nothing can be decided from here. Look at the group in the console."
                .to_owned()
        }
        Refusal::NotListed => {
            "The full list of rules is still on its way into the thread. Read it there, then deny. Nothing was changed."
                .to_owned()
        }
        Refusal::AlreadyDecided => "This was decided before. Nothing was changed.".to_owned(),
        Refusal::Leased | Refusal::ClaimLost | Refusal::NothingToDo(_) | Refusal::Mismatch { .. } => match click.button
        {
            Button::Retry => {
                format!("Nothing to retry: this is {} by now. Nothing was changed.", in_words(&request.state))
            }
            Button::Approve | Button::Deny => "Nothing was changed.".to_owned(),
        },
    }
}

fn already_decided(request: &Request, click: &Click) -> String {
    let Some(decision) = &request.decision else { return explain(&Refusal::AlreadyDecided, request, click) };
    let who = if decision.by == click.user { "You".to_owned() } else { format!("<@{}>", decision.by) };
    let when = decision.at;
    format!(
        "{who} {} this already, <!date^{}^{{date_short_pretty}} {{time}}|{} UTC>; it is {} now. Your click changed nothing.",
        done(decision),
        when.timestamp(),
        when.format("%Y-%m-%d %H:%M"),
        in_words(&request.state)
    )
}

fn already_decided_plain(request: &Request, click: &Click) -> String {
    let Some(decision) = &request.decision else { return explain(&Refusal::AlreadyDecided, request, click) };
    let name = one_line(&decision.by_name, NAME, |_| 1);
    let who = match decision.by == click.user {
        true => "You".to_owned(),
        false if name.is_empty() => "Somebody".to_owned(),
        false => name.chars().take(NAME).collect(),
    };
    let when = decision.at.format("%Y-%m-%d %H:%M");
    format!(
        "{who} {} this already, {when} UTC; it is {} now. Nothing was changed.",
        done(decision),
        in_words(&request.state)
    )
}

fn done(decision: &Decision) -> &'static str {
    match decision.verdict {
        Verdict::Approve => "approved",
        Verdict::Deny => "denied",
    }
}

fn in_words(state: &State) -> &'static str {
    match state {
        State::NeedsPost | State::Posting { .. } | State::Pending => "awaiting a decision",
        State::Approved => "approved",
        State::Denied | State::Reverting { .. } => "being reverted",
        State::Reverted => "reverted",
        State::AlreadyGone => "already gone",
        State::ChangedByHand => "changed by hand",
        State::PartlyReverted => "partly reverted",
        State::RevertFailed => "not reverted: the revert failed",
        State::Observed => "observed: denied, not reverted",
        State::Withdrawn => "withdrawn",
        State::Ignored { .. } => "ignored",
    }
}
