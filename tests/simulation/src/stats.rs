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
    /// Rules that were denied on one card and approved on another.
    pub conflicts: u64,
    /// Cards that show an old state in the end, because whoever wrote it last was killed before that was stored.
    pub in_doubt: u64,
    /// Modifications of several rules whose card leaves out one that a late record showed to be a widening.
    pub left_out: u64,
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
        self.left_out += other.left_out;
        self.in_doubt += other.in_doubt;
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
            in_doubt,
            left_out,
            ends,
        } = self;
        writeln!(f, "{seeds} seeds, {calls} calls of ports, {steps} steps, {crashes} crashes, {faults} faults")?;
        writeln!(
            f,
            "{openings} openings and modifications, {clicks} clicks, {decisions} decisions, {removed} rules taken back \
             ({races} of them in the race that EC2 leaves open, {conflicts} approved on another card)"
        )?;
        writeln!(f, "{in_doubt} cards show an old state: whoever wrote it last was killed before that was stored")?;
        writeln!(f, "{left_out} modifications of several rules leave out one that widened, as a late record showed")?;
        let ends: Vec<String> = ends.iter().map(|(state, count)| format!("{state} {count}")).collect();
        write!(f, "in the end: {}", ends.join(", "))
    }
}
