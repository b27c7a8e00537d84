//! Mutations of the protocol: each takes one safeguard away, so that the oracle can show that it would be missed.
//!
//! They sit around the ports. The flows and the domain are the ones that ship.

mod ports;

pub use self::ports::{Harness, Mutant};

/// One safeguard less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// A claim excludes nobody: its lease has run out when it is taken.
    NoLease,
    /// After an unclear post nothing is found in the channel.
    NoHistory,
    /// What may be in the channel is forgotten.
    NoDoubt,
    /// A decision is stored whatever was stored before.
    UnconditionalDecision,
    /// Every step is stored whatever was stored before.
    NoGuard,
    /// The watermark is moved before the window is read.
    WatermarkFirst,
    /// EC2 is asked to remove rules by their ids, whatever they stand for by now.
    RevokeByIdAlone,
    /// A rule is taken for the denied one by its properties alone.
    MatchByPropertiesAlone,
    /// The table never says that anything is due.
    NothingDue,
    /// A card is posted before its request is stored.
    PostBeforeInsert,
    /// Every commit carries the same nonce.
    NoNonce,
    /// Revokes by hand leave no note.
    NoTombstones,
    /// A Deny does not wait for the full list of rules.
    NoFullList,
    /// EC2's success is believed.
    NoVerify,
    /// A Deny while Portcullis only watches is stored as one that reverts.
    ObservedReverts,
    /// Whoever updates a card counts as the last who did.
    NoRenderedVersion,
    /// Windows are never read anew.
    NoReconcile,
    /// What was ignored stays ignored.
    NoReopening,
    /// Whoever clicks may decide.
    AnyoneDecides,
    /// Whoever opened it may approve it.
    OpenersApprove,
    /// A revert does not look whether the rule was approved on another card.
    NoLookAtApprovals,
    /// An Approve does not look whether the rule is being removed.
    NoLookAtReverts,
    /// A revert does not touch what is about to be approved.
    NoTouch,
    /// A revert takes for granted that what was denied is there.
    NoLookBeforeRevoke,
    /// Nothing says that an update is on its way.
    NoUpdatingMark,
}

impl Mutation {
    /// All of them.
    pub const ALL: [Self; 25] = [
        Self::NoLease,
        Self::NoHistory,
        Self::NoDoubt,
        Self::UnconditionalDecision,
        Self::NoGuard,
        Self::WatermarkFirst,
        Self::RevokeByIdAlone,
        Self::MatchByPropertiesAlone,
        Self::NothingDue,
        Self::PostBeforeInsert,
        Self::NoNonce,
        Self::NoTombstones,
        Self::NoFullList,
        Self::NoVerify,
        Self::ObservedReverts,
        Self::NoRenderedVersion,
        Self::NoReconcile,
        Self::NoReopening,
        Self::AnyoneDecides,
        Self::OpenersApprove,
        Self::NoLookAtApprovals,
        Self::NoLookAtReverts,
        Self::NoTouch,
        Self::NoLookBeforeRevoke,
        Self::NoUpdatingMark,
    ];

    /// The promises that this safeguard is there for, as the oracle words them: one of them must be what breaks.
    #[must_use]
    pub fn breaks(self) -> &'static [&'static str] {
        match self {
            Self::NoLease | Self::NoHistory | Self::NoDoubt | Self::PostBeforeInsert => {
                &["no more cards than lost posts explain"]
            }
            Self::UnconditionalDecision => &["a decision never changes"],
            Self::NoGuard => &["every step is computed from the one before", "a decision never changes", "is final"],
            Self::WatermarkFirst => &["the watermark passed"],
            Self::RevokeByIdAlone | Self::MatchByPropertiesAlone | Self::NoLookBeforeRevoke => {
                &["no revoke without a stored Deny, and only of what a card showed"]
            }
            Self::NothingDue => &["it comes to rest"],
            Self::NoNonce => &["a decision exactly once", "it comes to rest"],
            Self::NoTombstones => &["what was removed by hand is withdrawn"],
            Self::NoFullList => &["only of what a card showed"],
            Self::NoVerify => &["only if seen absent"],
            Self::ObservedReverts => &["was stored as Denied"],
            Self::NoRenderedVersion | Self::NoUpdatingMark => &["every card shows the last state"],
            Self::NoReconcile => &["no change is lost"],
            Self::NoReopening => &["a change of a denied rule is asked about", "no change is lost"],
            Self::AnyoneDecides => &["only those who may decide do"],
            Self::OpenersApprove => &["nobody approves what they opened"],
            Self::NoLookAtApprovals | Self::NoLookAtReverts | Self::NoTouch => {
                &["an approved opening is never revoked"]
            }
        }
    }
}
