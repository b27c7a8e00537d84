//! EC2 is eventually consistent: a describe right after a change may show the state before it.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::rule::Rule;

/// How long a describe goes on to show what was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Staleness {
    /// Every describe shows the present.
    #[default]
    Fresh,
    /// Each change stays hidden from this many describes of the group.
    Reads(u32),
    /// Each change stays hidden for this long.
    For(TimeDelta),
}

/// The rules of a group before one change.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    before: BTreeMap<String, Rule>,
    hidden: Hidden,
}

#[derive(Clone, Copy, Debug)]
enum Hidden {
    Reads(u32),
    Until(DateTime<Utc>),
}

impl super::SecurityGroup {
    /// Keeps the rules as they are for the describes that may not see the next change yet.
    pub(super) fn remember(&mut self, staleness: Staleness, now: DateTime<Utc>) {
        let hidden = match staleness {
            Staleness::Fresh | Staleness::Reads(0) => return,
            Staleness::Reads(reads) => Hidden::Reads(reads),
            Staleness::For(time) => Hidden::Until(now + time),
        };
        self.past.push(Snapshot { before: self.rules.clone(), hidden });
    }

    /// The rules that a describe at this moment shows.
    pub(super) fn seen(&mut self, now: DateTime<Utc>) -> BTreeMap<String, Rule> {
        self.past.retain(|snapshot| match snapshot.hidden {
            Hidden::Reads(left) => left > 0,
            Hidden::Until(end) => now < end,
        });
        let seen = self.past.first().map_or(&self.rules, |oldest| &oldest.before).clone();
        for snapshot in &mut self.past {
            if let Hidden::Reads(left) = &mut snapshot.hidden {
                *left = left.saturating_sub(1);
            }
        }
        seen
    }

    /// The rules that are really there.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.values()
    }
}
