//! How much was tried.

use std::{collections::BTreeMap, fmt};

/// Counts of one run, or of many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Runs.
    pub seeds: u64,
    /// Calls of ports.
    pub calls: u64,
    /// Steps that were stored.
    pub steps: u64,
    /// Invocations that were killed.
    pub crashes: u64,
    /// Calls that were made to fail, or to be slow.
    pub faults: u64,
    /// Calls to EC2 that opened or modified something.
    pub openings: u64,
    /// Clicks that reached the responder.
    pub clicks: u64,
    /// Decisions that were stored.
    pub decisions: u64,
    /// Rules that a revert removed.
    pub removed: u64,
    /// Of those, twins that came after the last describe: the race that EC2 leaves open.
    pub races: u64,
    /// Rules that a Deny left alone because they were approved on another card.
    pub conflicts: u64,
    /// Approves that were refused because a Deny on another card was removing the rule.
    pub too_late: u64,
    /// Reverts that ended badly, each with an alarm.
    pub alarms: u64,
    /// Openings that nobody read, within a gap that was announced.
    pub in_gaps: u64,
    /// Rules that were approved by a record without ids, changed since, and taken for a denied one without an id.
    pub nameless: u64,
    /// Rules that the card of their modification leaves out, and that a request of their own asks about.
    pub parts: u64,
    /// How requests stood in the end.
    pub ends: BTreeMap<String, u64>,
}

impl Stats {
    /// Adds another run's counts.
    pub fn add(&mut self, other: &Self) {
        self.seeds += other.seeds;
        self.calls += other.calls;
        self.steps += other.steps;
        self.crashes += other.crashes;
        self.faults += other.faults;
        self.openings += other.openings;
        self.clicks += other.clicks;
        self.decisions += other.decisions;
        self.removed += other.removed;
        self.races += other.races;
        self.parts += other.parts;
        self.nameless += other.nameless;
        self.too_late += other.too_late;
        self.alarms += other.alarms;
        self.in_gaps += other.in_gaps;
        self.conflicts += other.conflicts;
        for (state, count) in &other.ends {
            *self.ends.entry(state.clone()).or_default() += count;
        }
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            seeds,
            calls,
            steps,
            crashes,
            faults,
            openings,
            clicks,
            decisions,
            removed,
            races,
            conflicts,
            alarms,
            in_gaps,
            too_late,
            parts,
            nameless,
            ends,
        } = self;
        writeln!(f, "{seeds} seeds, {calls} calls of ports, {steps} steps, {crashes} crashes, {faults} faults")?;
        writeln!(
            f,
            "{openings} openings and modifications, {clicks} clicks, {decisions} decisions, {removed} rules taken back \
             ({races} of them in the race that EC2 leaves open)"
        )?;
        writeln!(f, "{alarms} alarms of reverts that failed, {in_gaps} openings in gaps that were announced")?;
        writeln!(
            f,
            "{conflicts} denied rules stay because they were approved on another card, {too_late} Approves came when a Deny was \
             removing the rule, {parts} rules of a modification are asked about apart, \
             {nameless} approved rules without an id were taken for a denied one"
        )?;
        let ends: Vec<String> = ends.iter().map(|(state, count)| format!("{state} {count}")).collect();
        write!(f, "in the end: {}", ends.join(", "))
    }
}
