//! What the flows need of the world: four traits, no more.
//!
//! No wire struct and no SDK type passes through here. Every error says whether trying again makes sense, because that is
//! what a flow decides by.

use std::{future::Future, time::Duration};

use chrono::{DateTime, Utc};

use crate::domain::{
    card::{Message, Modal},
    change::{GroupKey, Revocation, RuleName},
    click::TriggerId,
    ids::{ChannelId, RequestId, RuleId, SlackUserId, UserGroupId},
    request::{CardRef, ReplyUrl, Request},
    rule::{DescribedRule, IngressRule},
    step::{Effect, Transition},
};

/// An interval of event time: from and until, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first moment.
    pub from: DateTime<Utc>,
    /// The last moment.
    pub until: DateTime<Utc>,
}

/// What a source holds of a window.
#[derive(Clone, Debug, Default)]
pub struct Records {
    /// CloudTrail records as JSON text, in no order, perhaps repeated. A text need not be JSON at all.
    pub records: Vec<String>,
    /// What the query is billed by.
    pub bytes_scanned: u64,
}

/// Why a source gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// The role, the store or the statement was refused. Trying again will not help.
    #[error("CloudTrail Lake refused to {doing}: {code}: {message}. {hint}")]
    Refused {
        /// What was asked.
        doing: &'static str,
        /// AWS's error code.
        code: String,
        /// AWS's words.
        message: String,
        /// What to look at.
        hint: &'static str,
    },
    /// The query ended without a result: FAILED, CANCELLED or TIMED_OUT.
    #[error("the query {id} ended as {status}: {message}. The window is read again at the next tick")]
    QueryEnded {
        /// The query.
        id: String,
        /// Its status.
        status: String,
        /// AWS's words, if any.
        message: String,
    },
    /// Throttled, too many queries at once, a server's fault, or no answer in time.
    #[error("CloudTrail Lake did not {doing}: {why}. The window is read again at the next tick")]
    Unavailable {
        /// What was asked.
        doing: &'static str,
        /// What came instead.
        why: String,
    },
}

/// Records of a window.
pub trait EventSource {
    /// Reads the whole window, every page, or fails.
    fn read(&self, window: Window, limit: Duration) -> impl Future<Output = Result<Records, SourceError>> + Send;
}

/// Why the store did not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The table did not answer, or not in time: nothing is known of a write. It is safe to repeat.
    #[error("the table did not {doing} {what}: {why}. It is tried again")]
    Unavailable {
        /// What was asked.
        doing: &'static str,
        /// Which item.
        what: String,
        /// What came instead.
        why: String,
    },
    /// The table refused: a missing table, index or permission.
    #[error("the table refused to {doing} {what}: {why}. Check the table's name and the function's role")]
    Refused {
        /// What was asked.
        doing: &'static str,
        /// Which item.
        what: String,
        /// AWS's words.
        why: String,
    },
    /// The item is there and is not one of ours, or of a newer schema.
    #[error("the item {what} can't be read: {why}. It was left as it is")]
    Corrupt {
        /// Which item.
        what: String,
        /// What is wrong with it.
        why: String,
    },
}

/// Whether an insert was the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It was not there before.
    New,
    /// It was there: nothing was written.
    Known,
}

/// What a commit came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Commit {
    /// It is stored; the effects may be carried out.
    Won {
        /// As stored.
        request: Box<Request>,
        /// What is to be done.
        effects: Vec<Effect>,
    },
    /// Another commit came first.
    Lost {
        /// What is stored now; `None` if the item is gone.
        current: Option<Box<Request>>,
    },
}

/// How far a source was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watermark {
    /// Everything delivered before was read up to here.
    pub until: DateTime<Utc>,
    /// The begin of the very first window: nothing older is announced.
    pub first_from: DateTime<Utc>,
    /// When the last re-scan was done; at first the first tick.
    pub reconciled_at: DateTime<Utc>,
}

/// What is known of a group besides its requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupNotes {
    /// Revokes by others, so that one that is read before its authorize still withdraws it.
    pub revocations: Vec<Revocation>,
    /// When we last asked EC2 to revoke something there.
    pub attempted_at: Option<DateTime<Utc>>,
    /// The request ids of our own revokes there.
    pub own_revokes: Vec<String>,
    /// The requests that are being reverted there: nobody approves one of their rules on another card meanwhile.
    pub reverting: Vec<RequestId>,
}

/// What a revert leaves in the notes of its group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RevertNote {
    /// This request is being reverted: EC2 may be asked from now on.
    Begun(RequestId),
    /// EC2 took a revoke, and called it so.
    Answered(String),
    /// The outcome of this request is stored.
    Ended(RequestId),
}

impl GroupNotes {
    /// Notes a step of a revert, at this time. Noting it twice is noting it once; the oldest of more than `most` go.
    pub fn note_revert(&mut self, at: DateTime<Utc>, note: &RevertNote, most: usize) {
        match note {
            RevertNote::Begun(id) => {
                self.attempted_at = self.attempted_at.max(Some(at));
                self.reverting.retain(|known| known != id);
                self.reverting.push(id.clone());
                keep_last(&mut self.reverting, most);
            }
            RevertNote::Answered(id) => {
                self.attempted_at = self.attempted_at.max(Some(at));
                if !self.own_revokes.contains(id) {
                    self.own_revokes.push(id.clone());
                }
                keep_last(&mut self.own_revokes, most);
            }
            RevertNote::Ended(id) => self.reverting.retain(|known| known != id),
        }
    }
}

/// Keeps the last `most` of a list: notes grow with every event, and the oldest tell the least.
pub fn keep_last<T>(list: &mut Vec<T>, most: usize) {
    list.drain(..list.len().saturating_sub(most));
}

/// The value that a rule had since an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownValue {
    /// The event's time.
    pub at: DateTime<Utc>,
    /// The event.
    pub by: RequestId,
    /// The value.
    pub rule: IngressRule,
}

/// The table `secgrouprequests`.
pub trait RequestStore {
    /// Stores a new request with the record that it came from, unless its id is there already.
    fn insert(&self, request: &Request, record: &str) -> impl Future<Output = Result<Inserted, StoreError>> + Send;

    /// Loads a request, consistently.
    fn load(&self, id: &RequestId) -> impl Future<Output = Result<Option<Request>, StoreError>> + Send;

    /// Stores a transition if its guard holds. An answer that was lost is found out by the nonce.
    fn commit(&self, transition: Transition) -> impl Future<Output = Result<Commit, StoreError>> + Send;

    /// The ids of all items that are due at `now`, the longest due first. A key that is no request id is left out and
    /// logged.
    fn due(&self, now: DateTime<Utc>) -> impl Future<Output = Result<Vec<RequestId>, StoreError>> + Send;

    /// The ids of the openings of a group that await a decision.
    fn open_in(&self, group: &GroupKey) -> impl Future<Output = Result<Vec<RequestId>, StoreError>> + Send;

    /// How far a source was read; `None` before the first tick.
    fn watermark(&self, source: &str) -> impl Future<Output = Result<Option<Watermark>, StoreError>> + Send;

    /// Moves a watermark. It never moves back: the later `until` and `reconciled_at` win, the earlier `first_from` stays.
    fn set_watermark(&self, source: &str, to: Watermark) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Takes the next free moment for a new message in the channel: at `now` at the earliest, and `pace` after the one that
    /// was given out before, to whomever.
    fn next_post_slot(
        &self,
        now: DateTime<Utc>,
        pace: Duration,
    ) -> impl Future<Output = Result<DateTime<Utc>, StoreError>> + Send;

    /// What is noted of a group.
    fn group_notes(&self, group: &GroupKey) -> impl Future<Output = Result<GroupNotes, StoreError>> + Send;

    /// Notes a revoke by somebody else. Noting it twice is noting it once; the oldest go when there are too many.
    fn note_revocation(
        &self,
        group: &GroupKey,
        revocation: &Revocation,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Notes a step of a revert in the group ([`GroupNotes::note_revert`]).
    fn note_revert(
        &self,
        group: &GroupKey,
        at: DateTime<Utc>,
        note: &RevertNote,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The values that a rule is known to have had, in the order of their events.
    fn known_values(
        &self,
        group: &GroupKey,
        rule: &RuleName,
    ) -> impl Future<Output = Result<Vec<KnownValue>, StoreError>> + Send;

    /// Notes the value that a rule has since an event. Noting it twice is noting it once.
    fn note_value(
        &self,
        group: &GroupKey,
        rule: &RuleName,
        value: &KnownValue,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Why Slack did not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChatError {
    /// Too fast.
    #[error("Slack asks to wait {0:?}")]
    RateLimited(Duration),
    /// It was certainly not done; it may be, later.
    #[error("Slack is not available: {0}")]
    Transient(String),
    /// It may have been done: no answer came, or a server's fault.
    #[error("Slack gave no clear answer: {0}")]
    Ambiguous(String),
    /// It was refused, and will be again until somebody mends the configuration.
    #[error("Slack refused: {code}. {hint}")]
    Refused {
        /// Slack's error code.
        code: String,
        /// What to do.
        hint: &'static str,
    },
    /// The message to update is not there any more, or can't be reached any more.
    #[error("the message is gone: {0}")]
    MessageGone(String),
}

/// Where a post went. A webhook tells no address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Posted {
    /// To this message.
    At(CardRef),
    /// To the channel; that is all that is known.
    Somewhere,
}

/// Whom to tell something that nobody else sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whisper {
    /// Who.
    pub user: SlackUserId,
    /// Where.
    pub channel: Option<ChannelId>,
    /// The click's `response_url`, in webhook mode.
    pub reply: Option<ReplyUrl>,
    /// What: mrkdwn, escaped.
    pub text: String,
}

/// Slack.
pub trait Chat {
    /// Whether messages can be looked up, updated by address and threaded: true for a bot token, false for a webhook.
    fn has_addresses(&self) -> bool;

    /// Posts a card to the configured channel, marked with the request's id so that [`Chat::find`] can find it.
    fn post(&self, id: &RequestId, message: &Message) -> impl Future<Output = Result<Posted, ChatError>> + Send;

    /// Posts into a card's thread.
    fn post_in_thread(&self, card: &CardRef, message: &Message) -> impl Future<Output = Result<(), ChatError>> + Send;

    /// Looks for messages of a request in the channel, not older than `since`.
    fn find(
        &self,
        id: &RequestId,
        since: DateTime<Utc>,
    ) -> impl Future<Output = Result<Vec<CardRef>, ChatError>> + Send;

    /// Replaces a message.
    fn update(&self, card: &CardRef, message: &Message) -> impl Future<Output = Result<(), ChatError>> + Send;

    /// Replaces the message that was clicked, by the click's `response_url`.
    fn update_clicked(&self, reply: &ReplyUrl, message: &Message)
    -> impl Future<Output = Result<(), ChatError>> + Send;

    /// Tells one person something.
    fn whisper(&self, whisper: &Whisper) -> impl Future<Output = Result<(), ChatError>> + Send;

    /// Opens a modal in exchange for a click's trigger: the first call after the click, within 3 s of it. A webhook can't.
    fn ask_reason(&self, trigger: &TriggerId, modal: &Modal) -> impl Future<Output = Result<(), ChatError>> + Send;

    /// The person with this e-mail address; `None` if there is none.
    fn person(&self, email: &str) -> impl Future<Output = Result<Option<SlackUserId>, ChatError>> + Send;

    /// The members of a user group.
    fn members(&self, group: &UserGroupId) -> impl Future<Output = Result<Vec<SlackUserId>, ChatError>> + Send;
}

/// Which rules to describe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// All of the group.
    All,
    /// These; one that is not there is left out of the answer.
    Ids(Vec<RuleId>),
}

/// Why EC2 did not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FirewallError {
    /// The group is gone, and every rule of it with it.
    #[error("the group is gone")]
    GroupGone,
    /// One of the rules is not there; nothing was revoked (non-default VPC).
    #[error("a rule is not there; nothing was revoked")]
    RuleNotThere,
    /// The role can't be assumed, or may not do it. Trying again will not help.
    #[error("AWS said {code} {doing}: {message}")]
    Refused {
        /// AWS's error code.
        code: String,
        /// AWS's words.
        message: String,
        /// "when assuming `role/...` in `account`", "when calling RevokeSecurityGroupIngress".
        doing: String,
        /// What to look at: a question or an instruction.
        hint: String,
    },
    /// Throttled, a server's fault, or no answer in time: a revoke may have been done.
    #[error("AWS did not answer {doing}: {why}")]
    Unavailable {
        /// "when assuming ...", "when calling ...".
        doing: String,
        /// AWS's code, or what came instead.
        why: String,
    },
}

/// EC2's security groups, through the spoke role of the account that owns the group.
pub trait Firewall {
    /// The rules of a group, ingress and egress, every page.
    fn describe(
        &self,
        group: &GroupKey,
        which: &Which,
    ) -> impl Future<Output = Result<Vec<DescribedRule>, FirewallError>> + Send;

    /// Asks EC2 to remove ingress rules by their properties, exactly as describe gave them. Success proves nothing:
    /// describe afterwards. Returns EC2's request id, where it gave one.
    fn revoke(
        &self,
        group: &GroupKey,
        rules: &[DescribedRule],
    ) -> impl Future<Output = Result<Option<String>, FirewallError>> + Send;
}
