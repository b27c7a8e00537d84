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
    /// The run of the smallest seed that broke a promise, the one that was looked for.
    pub broken: Option<Outcome>,
}

/// Runs `count` seeds from `first` on, or as many as fit into the time, `least` at least; ends with the first that breaks a
/// promise.
#[must_use]
pub fn run_many(first: u64, count: u64, limit: Duration, least: u64) -> Many {
    let over = |played: u64, took: Duration| took >= limit && played >= least;
    search(first, count, None, &over, &Outcome::breaks_a_promise)
}

/// Runs seeds from `first` on, with a mutation of the protocol; ends with the first that breaks what it is there for.
#[must_use]
pub fn run_mutated(first: u64, count: u64, mutation: Mutation) -> Many {
    search(first, count, Some(mutation), &|_, _| false, &|outcome| outcome.shows(mutation))
}

fn search(
    first: u64,
    count: u64,
    mutation: Option<Mutation>,
    over: &(dyn Fn(u64, Duration) -> bool + Sync),
    is_wanted: &(dyn Fn(&Outcome) -> bool + Sync),
) -> Many {
    let begun = Instant::now();
    let (next, stop) = (AtomicU64::new(first), AtomicBool::new(false));
    let together = Mutex::new((Stats::default(), None::<Outcome>));
    let work = || {
        while !stop.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= first.saturating_add(count) || over(seed - first, begun.elapsed()) {
                return;
            }
            let outcome = run(seed, mutation, false);
            let mut together = together.lock().unwrap_or_else(PoisonError::into_inner);
            together.0.add(&outcome.stats);
            if is_wanted(&outcome) {
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

/// Does each of the jobs, in order, on as many threads as there are cores; whether all went well.
pub fn on_all_cores<T: Copy + Send + Sync>(jobs: &[T], work: impl Fn(T) -> bool + Sync) -> bool {
    let (left, well) = (Mutex::new(jobs.iter().copied()), Mutex::new(true));
    let next = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(job) = next() {
                    let done = work(job);
                    *well.lock().unwrap_or_else(PoisonError::into_inner) &= done;
                }
            });
        }
    });
    well.into_inner().unwrap_or_else(PoisonError::into_inner)
}
