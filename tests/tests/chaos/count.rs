//! What is told of a run.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
};

use local::{system::Clicked, world::faults::Hit};

/// What was counted while it ran.
#[derive(Debug, Default)]
pub(crate) struct Count {
    invocations: AtomicUsize,
    failed: AtomicUsize,
    kills: AtomicUsize,
    kills_at_work: AtomicUsize,
    nights: AtomicUsize,
    clicks: AtomicUsize,
    click_errors: AtomicUsize,
}

impl Count {
    pub(crate) fn invoked(&self, succeeded: bool) {
        self.invocations.fetch_add(1, Ordering::Relaxed);
        self.failed.fetch_add(usize::from(!succeeded), Ordering::Relaxed);
    }

    pub(crate) fn killed(&self, at_work: bool) {
        self.kills.fetch_add(1, Ordering::Relaxed);
        self.kills_at_work.fetch_add(usize::from(at_work), Ordering::Relaxed);
    }

    pub(crate) fn night(&self) {
        self.nights.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn answered(&self, clicked: &Clicked) {
        self.clicks.fetch_add(1, Ordering::Relaxed);
        self.click_errors.fetch_add(usize::from(!clicked.accepted()), Ordering::Relaxed);
    }

    pub(crate) fn unanswered(&self) {
        self.clicks.fetch_add(1, Ordering::Relaxed);
        self.click_errors.fetch_add(1, Ordering::Relaxed);
    }

    /// How many functions were killed at work.
    pub(crate) fn kills_at_work(&self) -> usize {
        self.kills_at_work.load(Ordering::Relaxed)
    }

    /// In words.
    pub(crate) fn told(&self) -> String {
        let [invocations, failed, kills, at_work, nights, clicks, errors] = [
            &self.invocations,
            &self.failed,
            &self.kills,
            &self.kills_at_work,
            &self.nights,
            &self.clicks,
            &self.click_errors,
        ]
        .map(|count| count.load(Ordering::Relaxed));
        format!(
            "  kills: {kills}, {at_work} of them at work; {nights} times the leases ran out\n  \
             ticks and pushes: {invocations}, {failed} failed; clicks: {clicks}, {errors} of them showed an error"
        )
    }
}

/// Faults by kind, and by service.
pub(crate) fn faults(hits: &BTreeMap<Hit, u32>) -> String {
    let by = |key: fn(&Hit) -> &str| {
        let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
        for (hit, count) in hits {
            *counts.entry(key(hit)).or_default() += count;
        }
        counts.iter().map(|(key, count)| format!("{key} {count}")).collect::<Vec<_>>().join(", ")
    };
    let all: u32 = hits.values().sum();
    format!("  faults: {all} ({}; {})", by(|hit| hit.fault), by(|hit| &hit.service))
}
