//! Every path up to a depth, from every world: two pollers, two clickers, three faults. `DEPTH` and `STATES` go further.

use std::{
    process::ExitCode,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use simulation::{
    many::on_all_cores,
    search::{Flaw, Tally, World, search},
    settings::number,
};

/// No search sees more states, unless `STATES` says so: reaching it fails, or a search that grew would be cut unnoticed.
const STATES: usize = 150_000;

/// What a flaw breaks is found within this depth.
const FLAWS_DEPTH: usize = 10;

fn usize_of(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn main() -> ExitCode {
    let numbers = [number("DEPTH"), number("STATES")].map(|number| number.map(|number| number.map(usize_of)));
    let [Ok(deepest), Ok(most)] = numbers else {
        println!("DEPTH and STATES are numbers");
        return ExitCode::FAILURE;
    };
    let begun = Instant::now();
    let sum = Mutex::new((0, 0, Tally::default()));
    let whole = on_all_cores(&World::ALL, |world| {
        let (depth, begun) = (deepest.unwrap_or(world.depth()), Instant::now());
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
