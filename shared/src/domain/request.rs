//! A change that was announced, or is about to be: what is stored of it, and what is still to be done.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{
    change::{Change, Fate, Ignored, Opening},
    ids::{ChannelId, SlackUserId},
    reason::Reason,
};

pub use super::state::{Lease, Phase, State};

/// Version of the stored layout.
pub const SCHEMA: u32 = 1;

/// How many rules a card shows; the full list of more goes into its thread.
pub const SHOWN_RULES: usize = 20;

/// How many entries a history keeps: the first half and the last half of them.
const HISTORY_CAP: usize = 60;

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The opening stands.
    Approve,
    /// The opening is taken back.
    Deny,
}

/// Who opened it, as far as Slack knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Requester {
    /// This person.
    Known(SlackUserId),
    /// No such person in Slack; the card says so.
    NotIdentified,
    /// Nobody asked: it did not matter to the decision.
    NotAsked,
}

/// A decision: who, when, why. It never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// What.
    pub verdict: Verdict,
    /// Who.
    pub by: SlackUserId,
    /// Their name in Slack at that time, for `text`.
    pub by_name: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Why, where a reason was given.
    pub reason: Option<Reason>,
    /// Who had opened it.
    pub requester: Requester,
}

/// A message in Slack that shows the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardRef {
    /// The channel.
    pub channel: ChannelId,
    /// The message's `ts`.
    pub ts: String,
}

/// A click's `response_url`: a secret that lets its holder update the card for a while.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyUrl {
    /// The URL.
    pub url: String,
    /// 30 minutes after the click.
    pub until: DateTime<Utc>,
    /// Slack allows 5.
    pub uses_left: u8,
}

impl std::fmt::Debug for ReplyUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReplyUrl")
            .field("until", &self.until)
            .field("uses_left", &self.uses_left)
            .finish_non_exhaustive()
    }
}

/// How often something was tried, and when it may be tried again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tries {
    /// Failed tries so far.
    pub failed: u32,
    /// Not before this.
    pub not_before: DateTime<Utc>,
    /// Why the last one failed: error code and what it was about.
    pub error: Option<String>,
}

impl Tries {
    fn from(at: DateTime<Utc>) -> Self {
        Self { failed: 0, not_before: at, error: None }
    }

    pub(super) fn again(&mut self, not_before: DateTime<Utc>, error: String) {
        self.failed = self.failed.saturating_add(1);
        self.not_before = not_before;
        self.error = Some(error);
    }

    pub(super) fn reset(&mut self, now: DateTime<Utc>) {
        *self = Self::from(now);
    }
}

/// Why a revert ended badly, for the card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// AWS's error code.
    pub code: String,
    /// What was refused: a sentence part such as "when assuming `role/security/spoke-001` in `111122223333`".
    pub doing: String,
    /// What to look at next: a question or an instruction.
    pub hint: String,
}

/// What happened, in order; only appended to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// When.
    pub at: DateTime<Utc>,
    /// What: an event's name and what is worth knowing of it.
    pub what: String,
}

/// A change and all that became of it: one item of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// What happened in AWS.
    pub change: Change,
    /// Where it stands.
    pub state: State,
    /// Counts every commit: the guard of the next one.
    pub revision: u64,
    /// The nonce of the last commit: tells whether the winner was us.
    pub nonce: String,
    /// Counts what a card shows: 1 for the first card.
    pub version: u32,
    /// What the cards show; 0 for nothing yet.
    pub rendered_version: u32,
    /// Its messages: one, or more after posts whose answer was lost.
    pub cards: Vec<CardRef>,
    /// The newest click's `response_url`, in webhook mode.
    pub reply: Option<ReplyUrl>,
    /// The decision, once there is one.
    pub decision: Option<Decision>,
    /// When it was stored.
    pub stored_at: DateTime<Utc>,
    /// Whether all its rules were shown: on the card, or in its thread where there are too many.
    pub listed: bool,
    /// How many messages of the full list are in the thread.
    #[serde(default)]
    pub listed_messages: usize,
    /// Updates of its cards that were sent and may still land: once they can't any more, the cards are shown anew.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub updating: Vec<Lease>,
    /// Posting and updating.
    pub card_tries: Tries,
    /// Whether a post may be in the channel without us knowing: look it up before posting again.
    pub maybe_posted: bool,
    /// Where that is so: no such post is older than this. `None`: it may be as old as the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maybe_posted_from: Option<DateTime<Utc>>,
    /// Reverting.
    pub revert_tries: Tries,
    /// When EC2 was first asked to remove a rule of it.
    pub revoke_attempted_at: Option<DateTime<Utc>>,
    /// The ids of our own revoke calls.
    pub revoke_request_ids: Vec<String>,
    /// How long after the revoke the rules were seen to be absent, in milliseconds.
    pub verified_after_ms: Option<u64>,
    /// Why the revert ended badly.
    pub failure: Option<Failure>,
    /// What happened.
    pub history: Vec<HistoryEntry>,
}

/// What is due for a request, most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Work {
    /// A decision asked for a revert.
    Revert,
    /// The card lags behind its state.
    Update,
    /// There is no card yet.
    Post,
}

impl Request {
    /// A change that was just read, not stored yet.
    #[must_use]
    pub fn new(change: Change, now: DateTime<Utc>, nonce: String) -> Self {
        Self {
            listed: change.opening.rules().len() <= SHOWN_RULES,
            listed_messages: 0,
            updating: Vec::new(),
            change,
            state: State::NeedsPost,
            revision: 1,
            nonce,
            version: 1,
            rendered_version: 0,
            cards: Vec::new(),
            reply: None,
            decision: None,
            stored_at: now,
            card_tries: Tries::from(now),
            maybe_posted: false,
            maybe_posted_from: None,
            revert_tries: Tries::from(now),
            revoke_attempted_at: None,
            revoke_request_ids: Vec::new(),
            verified_after_ms: None,
            failure: None,
            history: vec![HistoryEntry { at: now, what: "stored".to_owned() }],
        }
    }

    /// A change that opens nothing: stored so that reading it again does not judge it anew.
    #[must_use]
    pub fn ignored(change: Change, reason: Ignored, now: DateTime<Utc>, nonce: String) -> Self {
        let mut request = Self::new(change, now, nonce);
        request.state = State::Ignored { reason };
        request.note(now, format!("ignored: {reason}"));
        request
    }

    /// The group that a revoke by hand must find this under: only while a decision may come and rules are known.
    #[must_use]
    pub fn open_group(&self) -> Option<super::change::GroupKey> {
        if self.state.awaits_decision() && !matches!(self.change.opening, Opening::Gap { .. }) {
            self.change.place.group_key()
        } else {
            None
        }
    }

    /// When the next work on it is due; `None` if none is left.
    #[must_use]
    pub fn due_at(&self) -> Option<DateTime<Utc>> {
        [Work::Revert, Work::Update, Work::Post].into_iter().filter_map(|work| self.due_for(work)).min()
    }

    /// The most urgent work that is due now.
    #[must_use]
    pub fn work(&self, now: DateTime<Utc>) -> Option<Work> {
        [Work::Revert, Work::Update, Work::Post]
            .into_iter()
            .find(|work| self.due_for(*work).is_some_and(|due| due <= now))
    }

    /// When this kind of work is due. What is leased is due when the lease has run out.
    #[must_use]
    pub fn due_for(&self, work: Work) -> Option<DateTime<Utc>> {
        let free_from = |tries: &Tries| self.state.lease().map_or(tries.not_before, |lease| lease.until);
        match (work, self.state.phase()) {
            (Work::Post, Phase::Unposted) => Some(free_from(&self.card_tries)),
            (Work::Revert, Phase::Reverting) => Some(free_from(&self.revert_tries)),
            (Work::Update, Phase::Pending | Phase::Reverting | Phase::Failed | Phase::Settled) => self.update_due(),
            // A withdrawn opening is shown as such; an ignored change never was an opening.
            (Work::Update, Phase::Undecided) if self.state == State::Withdrawn => self.update_due(),
            (Work::Update, Phase::Undecided) => None,
            (Work::Update, Phase::Unposted)
            | (Work::Post, Phase::Pending | Phase::Reverting | Phase::Failed | Phase::Settled | Phase::Undecided)
            | (Work::Revert, Phase::Unposted | Phase::Pending | Phase::Failed | Phase::Settled | Phase::Undecided) => {
                None
            }
        }
    }

    /// An update that was sent and not recorded may land late, over a newer one: then the cards are shown anew.
    fn update_due(&self) -> Option<DateTime<Utc>> {
        if self.card_lags() {
            return Some(self.card_tries.not_before);
        }
        let landed = self.updating.iter().map(|lease| lease.until).max()?;
        Some(landed.max(self.card_tries.not_before))
    }

    /// Whether Slack shows less than is known. An opening that was withdrawn before it had a card gets one too: it was open.
    fn card_lags(&self) -> bool {
        self.rendered_version < self.version || !self.listed
    }

    /// Whether every rule of it was removed by hand.
    #[must_use]
    pub fn all_removed_by_hand(&self) -> bool {
        let rules = self.change.opening.rules();
        !rules.is_empty() && rules.iter().all(|rule| matches!(rule.fate, Fate::RemovedByHand { .. }))
    }

    /// When the item may be forgotten.
    #[must_use]
    pub fn expires_at(&self, retention: TimeDelta) -> DateTime<Utc> {
        self.stored_at.checked_add_signed(retention).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    pub(super) fn note(&mut self, at: DateTime<Utc>, what: impl Into<String>) {
        if self.history.len() >= HISTORY_CAP {
            self.history.remove(HISTORY_CAP / 2);
        }
        self.history.push(HistoryEntry { at, what: what.into() });
    }

    /// From when on posts that we don't know of may be in the channel.
    #[must_use]
    pub fn unknown_posts_from(&self) -> DateTime<Utc> {
        self.maybe_posted_from.map_or(self.stored_at, |from| from.max(self.stored_at))
    }

    /// A post may be in the channel that we don't know of, made at `from` or later; `None`: whenever.
    pub(super) fn may_be_posted(&mut self, from: Option<DateTime<Utc>>) {
        let earlier =
            if self.maybe_posted { self.maybe_posted_from.zip(from).map(|(one, other)| one.min(other)) } else { from };
        self.maybe_posted_from = earlier;
        self.maybe_posted = true;
    }

    /// Every post is known.
    pub(super) fn all_posts_known(&mut self) {
        self.maybe_posted = false;
        self.maybe_posted_from = None;
    }

    pub(super) fn adopt(&mut self, card: CardRef) {
        if !self.cards.contains(&card) {
            self.cards.push(card);
        }
    }
}
