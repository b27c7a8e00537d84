//! What an invocation did, in numbers: its log line and its metrics.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::change::Ignored;

/// Counts of one invocation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Records read.
    pub records: u64,
    /// Requests that were not known before.
    pub new: u64,
    /// Records that make no card, by reason.
    pub ignored: BTreeMap<&'static str, u64>,
    /// Openings that were withdrawn.
    pub withdrawn: u64,
    /// Cards posted.
    pub cards_posted: u64,
    /// Cards updated.
    pub cards_updated: u64,
    /// Items that were due.
    pub due: u64,
    /// Openings taken back.
    pub reverted: u64,
    /// Reverts that ended with a rule still open.
    pub reverts_failed: u64,
    /// What went wrong: records, items and calls.
    pub failed: u64,
    /// Bytes that the queries scanned.
    pub bytes_scanned: u64,
    /// Intervals that nobody read.
    pub gaps: u64,
    /// How long the oldest opening without a card has been waiting, in seconds; 0 if there is none.
    pub oldest_without_card_seconds: u64,
}

impl Report {
    /// Counts a record that makes no card.
    pub fn ignore(&mut self, reason: Ignored) {
        *self.ignored.entry(reason.as_str()).or_default() += 1;
    }

    /// Adds another report's counts.
    pub fn add(&mut self, other: &Self) {
        self.records += other.records;
        self.new += other.new;
        for (reason, count) in &other.ignored {
            *self.ignored.entry(reason).or_default() += count;
        }
        self.withdrawn += other.withdrawn;
        self.cards_posted += other.cards_posted;
        self.cards_updated += other.cards_updated;
        self.due += other.due;
        self.reverted += other.reverted;
        self.reverts_failed += other.reverts_failed;
        self.failed += other.failed;
        self.bytes_scanned += other.bytes_scanned;
        self.gaps += other.gaps;
        self.oldest_without_card_seconds = self.oldest_without_card_seconds.max(other.oldest_without_card_seconds);
    }
}
