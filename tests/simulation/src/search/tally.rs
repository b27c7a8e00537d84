//! How often each kind of event was taken, and how often refused.

use std::{collections::BTreeMap, fmt};

use shared::domain::step::Event;

/// The names of an enum's variants, twice from one list: a match without a catch-all, and all of them.
macro_rules! kinds {
    ($($variant:ident)*) => {
        const KINDS: &[&str] = &[$(stringify!($variant)),*];

        /// The name of an event.
        pub(super) fn kind(event: &Event) -> &'static str {
            match event {
                $(Event::$variant { .. } => stringify!($variant),)*
            }
        }
    };
}

kinds!(Resolved Dismissed Reopened ClaimPost Posted NotPosted Decided RetryAsked RemovedByHand Contested ClaimRevert
    RevokeAttempted RevokeAnswered RevokeMissed ShownAnew RevokeRefused RevertEnded RevertPostponed Listed UpdateBegun
    Updated NotUpdated);

/// How often `step` took each kind of event, and how often it refused it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally(BTreeMap<&'static str, (usize, usize)>);

impl Tally {
    pub(super) fn taken(&mut self, event: &Event) {
        self.0.entry(kind(event)).or_default().0 += 1;
    }

    pub(super) fn refused(&mut self, event: &Event) {
        self.0.entry(kind(event)).or_default().1 += 1;
    }

    /// Adds what another search counted.
    pub fn add(&mut self, other: &Self) {
        for (kind, (taken, refused)) in &other.0 {
            let sum = self.0.entry(kind).or_default();
            *sum = (sum.0 + taken, sum.1 + refused);
        }
    }

    /// The kinds of events that were never taken.
    #[must_use]
    pub fn never_taken(&self) -> Vec<&'static str> {
        KINDS.iter().copied().filter(|kind| self.0.get(kind).is_none_or(|(taken, _)| *taken == 0)).collect()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for kind in KINDS {
            let (taken, refused) = self.0.get(kind).copied().unwrap_or_default();
            writeln!(f, "  {kind:<16} taken {taken:>8}, refused {refused:>8}")?;
        }
        Ok(())
    }
}
