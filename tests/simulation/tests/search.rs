//! Every path up to a depth, from every world: two pollers, two clickers, three faults. `DEPTH` and `STATES` go further.

use std::{
    env,
    process::ExitCode,
    sync::{Mutex, PoisonError},
    thread,
    time::Instant,
};

use simulation::search::{Flaw, Tally, World, search};

/// No search sees more states, unless `STATES` says so: reaching it fails, or a search that grew would be cut unnoticed.
const STATES: usize = 150_000;

/// What a flaw breaks is found within this depth.
const FLAWS_DEPTH: usize = 10;

fn number(name: &str) -> Option<usize> {
    env::var(name).ok().and_then(|text| text.parse().ok())
}

/// Every one of them on as many threads as there are cores, in order.
fn on_all_cores<T: Copy + Send + Sync>(jobs: &[T], work: impl Fn(T) -> bool + Sync) -> bool {
    let (left, well) = (Mutex::new(jobs.iter().copied()), Mutex::new(true));
    let next = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
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

fn main() -> ExitCode {
    let begun = Instant::now();
    let sum = Mutex::new((0, 0, Tally::default()));
    let most = number("STATES");
    let whole = on_all_cores(&World::ALL, |world| {
        let (depth, begun) = (number("DEPTH").unwrap_or(world.depth()), Instant::now());
        let found = search(world, Flaw::None, depth, 3, most.unwrap_or(STATES));
        let seconds = begun.elapsed().as_secs_f64();
        println!("{world:?} to depth {depth}: {} states, {} moves, {seconds:.1} s", found.states, found.moves);
        if found.cut_short {
            println!("{world:?} was cut short at {} states", found.states);
        }
        if let Some((promise, story)) = &found.broken {
            println!("{world:?}: a promise is broken: {promise}\n  {}", story.join("\n  "));
        }
        let mut sum = sum.lock().unwrap_or_else(PoisonError::into_inner);
        sum.0 += found.states;
        sum.1 += found.moves;
        sum.2.add(&found.tally);
        found.broken.is_none() && (!found.cut_short || most.is_some())
    });
    let (states, moves, tally) = sum.into_inner().unwrap_or_else(PoisonError::into_inner);
    println!("{states} states, {moves} moves, every state left alone until it came to rest\n{tally}");
    let never = tally.never_taken();
    if !never.is_empty() {
        println!("never taken: {never:?}");
    }
    let caught = on_all_cores(&Flaw::ALL, |flaw| {
        let world = flaw.missed_in();
        let found = search(world, flaw, FLAWS_DEPTH, 3, STATES);
        if let Some((promise, story)) = found.broken {
            println!("{flaw:?}: caught in {world:?} by {} moves: {promise}", story.len());
            return true;
        }
        println!("{flaw:?}: NOT caught");
        false
    });
    println!("{:.1} s", begun.elapsed().as_secs_f64());
    if whole && caught && never.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
