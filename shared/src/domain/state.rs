//! Where a request stands.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::change::Ignored;

/// Where a request stands. See `docs/design.md` for the picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "PascalCase")]
pub enum State {
    /// Stored, and not in Slack yet.
    NeedsPost,
    /// Somebody is posting it.
    Posting {
        /// Who, and until when.
        lease: Lease,
    },
    /// In Slack, awaiting a decision. An Unreadable card and a gap stay here.
    Pending,
    /// It stands.
    Approved,
    /// To be taken back; nobody has begun.
    Denied,
    /// Being taken back. Without a lease: waiting for the next attempt.
    Reverting {
        /// Who, and until when.
        lease: Option<Lease>,
    },
    /// Taken back, and seen to be gone.
    Reverted,
    /// It was gone before we came.
    AlreadyGone,
    /// It is something else now, and was left alone.
    ChangedByHand,
    /// Some rules are gone, some could not be removed.
    PartlyReverted,
    /// Nothing could be removed.
    RevertFailed,
    /// Denied while Portcullis only watches: final.
    Observed,
    /// Removed by hand before a decision.
    Withdrawn,
    /// Described after it was stored, and found to open nothing.
    Ignored {
        /// Why.
        reason: Ignored,
    },
}

impl State {
    /// The state's name as the table spells it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::NeedsPost => "NeedsPost",
            Self::Posting { .. } => "Posting",
            Self::Pending => "Pending",
            Self::Approved => "Approved",
            Self::Denied => "Denied",
            Self::Reverting { .. } => "Reverting",
            Self::Reverted => "Reverted",
            Self::AlreadyGone => "AlreadyGone",
            Self::ChangedByHand => "ChangedByHand",
            Self::PartlyReverted => "PartlyReverted",
            Self::RevertFailed => "RevertFailed",
            Self::Observed => "Observed",
            Self::Withdrawn => "Withdrawn",
            Self::Ignored { .. } => "Ignored",
        }
    }

    /// What the state has in common with others.
    #[must_use]
    pub fn phase(&self) -> Phase {
        match self {
            Self::NeedsPost | Self::Posting { .. } => Phase::Unposted,
            Self::Pending => Phase::Pending,
            Self::Denied | Self::Reverting { .. } => Phase::Reverting,
            Self::PartlyReverted | Self::RevertFailed => Phase::Failed,
            Self::Approved | Self::Reverted | Self::AlreadyGone | Self::ChangedByHand | Self::Observed => {
                Phase::Settled
            }
            Self::Withdrawn | Self::Ignored { .. } => Phase::Undecided,
        }
    }

    /// Whose work it is now, if somebody's.
    #[must_use]
    pub fn lease(&self) -> Option<&Lease> {
        match self {
            Self::Posting { lease } => Some(lease),
            Self::Reverting { lease } => lease.as_ref(),
            Self::NeedsPost
            | Self::Pending
            | Self::Approved
            | Self::Denied
            | Self::Reverted
            | Self::AlreadyGone
            | Self::ChangedByHand
            | Self::PartlyReverted
            | Self::RevertFailed
            | Self::Observed
            | Self::Withdrawn
            | Self::Ignored { .. } => None,
        }
    }

    /// Whether a decision may still come.
    #[must_use]
    pub fn awaits_decision(&self) -> bool {
        match self.phase() {
            Phase::Unposted | Phase::Pending => true,
            Phase::Reverting | Phase::Failed | Phase::Settled | Phase::Undecided => false,
        }
    }
}

/// What states have in common, for whoever need not know more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Not known to be in Slack: NeedsPost, Posting.
    Unposted,
    /// Awaits a decision in Slack.
    Pending,
    /// Denied, and being taken back: Denied, Reverting.
    Reverting,
    /// Denied, and still open; a person may ask for another try: PartlyReverted, RevertFailed.
    Failed,
    /// Decided, and over: Approved, Reverted, AlreadyGone, ChangedByHand, Observed.
    Settled,
    /// Over without a decision: Withdrawn, Ignored.
    Undecided,
}

/// The right to work on one item for a while. It outlives the invocation that took it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// A nonce: who holds it.
    pub holder: String,
    /// When it runs out.
    pub until: DateTime<Utc>,
}
