//! Many seeds, side by side, each on a thread of its own from begin to end.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crate::{
    mutation::Mutation,
    sim::{Outcome, run},
    stats::Stats,
};

/// What came of many runs.
pub struct Many {
    /// What was tried.
    pub stats: Stats,
    /// How long it took.
    pub took: Duration,
    /// The run of the smallest seed that broke a promise.
    pub broken: Option<Outcome>,
}

/// Runs `count` seeds from `first` on, or as many as fit into the time; ends with the first that breaks a promise.
#[must_use]
pub fn run_many(first: u64, count: u64, limit: Duration, mutation: Option<Mutation>) -> Many {
    let begun = Instant::now();
    let (next, stop) = (AtomicU64::new(first), AtomicBool::new(false));
    let together = Mutex::new((Stats::default(), None::<Outcome>));
    let work = || {
        while !stop.load(Ordering::Relaxed) && begun.elapsed() < limit {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= first + count {
                return;
            }
            let outcome = run(seed, mutation, false);
            let mut together = together.lock().unwrap_or_else(PoisonError::into_inner);
            together.0.add(&outcome.stats);
            if outcome.violation.is_some() {
                stop.store(true, Ordering::Relaxed);
                if together.1.as_ref().is_none_or(|broken| outcome.seed < broken.seed) {
                    together.1 = Some(outcome);
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let (stats, broken) = together.into_inner().unwrap_or_else(PoisonError::into_inner);
    Many { stats, took: begun.elapsed(), broken }
}
