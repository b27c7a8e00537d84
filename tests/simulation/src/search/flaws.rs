//! The model with one safeguard less: the search has to find what that breaks.

use super::worlds::World;

/// What is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flaw {
    /// Nothing: the model is whole.
    None,
    /// Whoever is refused a claim posts all the same.
    ClaimIgnored,
    /// After an unclear post nobody notes that the message may be there.
    DoubtForgotten,
    /// An update is sent without being marked before.
    UpdateUnmarked,
    /// What was computed from an old revision is stored.
    NoGuard,
    /// EC2 is asked before that is recorded.
    RevokeUnrecorded,
    /// That EC2 refused a revoke is not recorded.
    RefusalForgotten,
    /// Who revokes a rule does not touch the other card that asks about it.
    Untouched,
    /// A list counts as whole after its first message.
    ListCutShort,
    /// Whoever lists the rules does not say in which thread.
    ThreadUnnamed,
    /// A Deny on a card that only watched counts as one that reverts.
    OldCardDecides,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::ClaimIgnored,
        Self::DoubtForgotten,
        Self::UpdateUnmarked,
        Self::NoGuard,
        Self::RevokeUnrecorded,
        Self::RefusalForgotten,
        Self::Untouched,
        Self::ListCutShort,
        Self::ThreadUnnamed,
        Self::OldCardDecides,
    ];

    /// The world where it is missed.
    #[must_use]
    pub fn missed_in(self) -> World {
        match self {
            Self::None | Self::ClaimIgnored | Self::DoubtForgotten | Self::NoGuard => World::Plain,
            Self::UpdateUnmarked => World::Pending,
            Self::RevokeUnrecorded => World::Denied,
            Self::RefusalForgotten => World::Failed,
            Self::Untouched => World::DeniedElsewhere,
            Self::ListCutShort => World::Long,
            Self::ThreadUnnamed => World::LongHalf,
            Self::OldCardDecides => World::Watching,
        }
    }
}
