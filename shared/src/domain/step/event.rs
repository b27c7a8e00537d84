//! What may happen to a request.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::domain::{
    change::{Fate, Ignored, ModifiedRule, Opening},
    ids::RequestId,
    request::{CardRef, Decision, Failure, Lease, ReplyUrl},
};

/// Something that happened to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A describe told what the change opened.
    Resolved(Opening),
    /// A describe told that the change opened nothing.
    Dismissed {
        /// Why.
        reason: Ignored,
        /// The rules that may be asked about after all, or all where none may.
        rules: Vec<ModifiedRule>,
    },
    /// It was ignored because of what its rules were before, and that does not hold any more: it gets a card after all.
    Reopened(Opening),
    /// Somebody wants to post it.
    ClaimPost(Lease),
    /// It was posted, or found in the channel. A webhook tells no address.
    Posted {
        /// Where.
        card: Option<CardRef>,
        /// The version that the message shows.
        shows: u32,
    },
    /// The post failed.
    NotPosted {
        /// Whose claim it was.
        holder: String,
        /// Not again before this.
        not_before: DateTime<Utc>,
        /// Whether it may be in the channel all the same.
        maybe_posted: bool,
        /// Slack's error.
        error: String,
    },
    /// Somebody entitled decided.
    Decided {
        /// What, who, when.
        decision: Decision,
        /// Whether Portcullis only watches (`[mode] revert = false`).
        watch_only: bool,
        /// The message that was clicked.
        card: Option<CardRef>,
        /// Its `response_url`.
        reply: Option<ReplyUrl>,
    },
    /// Somebody entitled asked for another attempt at a revert that failed.
    RetryAsked {
        /// Who, for the history.
        by: String,
        /// The click's `response_url`.
        reply: Option<ReplyUrl>,
    },
    /// Rules of it were removed by hand.
    RemovedByHand {
        /// Their places in the list of rules.
        rules: Vec<usize>,
        /// Who.
        by: String,
        /// When.
        at: DateTime<Utc>,
    },
    /// The same rule was denied on another card, and is about to be removed.
    Contested {
        /// The request of that card.
        by: RequestId,
    },
    /// Somebody wants to revert it.
    ClaimRevert(Lease),
    /// EC2 is about to be asked to remove rules.
    RevokeAttempted {
        /// Whose claim it is.
        holder: String,
        /// The places of these rules in the list.
        rules: Vec<usize>,
        /// The places of the rules that stay, and why.
        stay: BTreeMap<usize, Fate>,
    },
    /// EC2 answered a revoke.
    RevokeAnswered {
        /// Whose claim it is.
        holder: String,
        /// EC2's request id.
        request_id: String,
    },
    /// EC2 said of these rules that they were not there, while it removed others: it was not us.
    RevokeMissed {
        /// Whose claim it is.
        holder: String,
        /// The places of these rules in the list.
        rules: Vec<usize>,
    },
    /// The card says what does not hold any more, and somebody clicked on it: it has to be shown anew first.
    ShownAnew {
        /// The click's `response_url`, in webhook mode.
        reply: Option<ReplyUrl>,
    },
    /// EC2 refused to remove these rules when it was asked for the first time: should they go, it was not us.
    RevokeRefused {
        /// Whose claim it is.
        holder: String,
        /// The places of these rules in the list.
        rules: Vec<usize>,
    },
    /// The revert is over: every rule has its fate.
    RevertEnded {
        /// Whose claim it was.
        holder: String,
        /// One for each rule, in order.
        fates: Vec<Fate>,
        /// How long after the revoke the absence was seen, in milliseconds.
        verified_after_ms: Option<u64>,
        /// What to tell a person, if it ended badly.
        failure: Option<Failure>,
    },
    /// The revert may still succeed, later.
    RevertPostponed {
        /// Whose claim it was.
        holder: String,
        /// One for each rule, in order; those that may still be removed are standing.
        fates: Vec<Fate>,
        /// Not again before this.
        not_before: DateTime<Utc>,
        /// Why.
        error: String,
    },
    /// So many messages of the full list of its rules are in the thread.
    Listed {
        /// The card whose thread they are in; `None` where there is none.
        thread: Option<CardRef>,
        /// How many.
        messages: usize,
        /// Whether that is all of them, or they can't be anywhere.
        all: bool,
    },
    /// An update of the cards is about to be sent. It may land until the lease ends, also if whoever sent it is killed.
    UpdateBegun(Lease),
    /// The cards show this version now.
    Updated {
        /// Whose update it was, as it was begun.
        holder: String,
        /// The version.
        shows: u32,
        /// What they showed as far as was known when the update began: if that is not so any more, somebody else updated
        /// them meanwhile.
        over: u32,
        /// The message that stands for it now, if a new one had to be posted.
        card: Option<CardRef>,
        /// Messages that are no more.
        lost: Vec<CardRef>,
        /// Whether the `response_url` was used.
        reply_used: bool,
    },
    /// The cards could not be updated.
    NotUpdated {
        /// Whose update it was, as it was begun.
        holder: String,
        /// Until when it may land all the same; `None` where it certainly was not done.
        lands_until: Option<DateTime<Utc>>,
        /// The version that was sent: where it is not the newest any more, it may have landed last all the same.
        shows: u32,
        /// Not again before this.
        not_before: DateTime<Utc>,
        /// Whether a new message may be in the channel all the same.
        maybe_posted: bool,
        /// Messages that are no more.
        lost: Vec<CardRef>,
        /// Slack's error.
        error: String,
    },
}
