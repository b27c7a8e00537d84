//! The oracle can fail: each mutation of the protocol breaks a promise that its safeguard is there for, in a run that breaks
//! none without it. How many seeds that takes is printed. `MUTATION` names one, and its story is told.

use std::{cell::LazyCell, env, process::ExitCode};

use simulation::{
    crossing::{Crossed, every_crossing},
    many::{Many, run_mutated},
    mutation::Mutation,
    sim::run,
};

/// Seeds that a mutation may take.
const SEEDS: u64 = 2_000;

fn main() -> ExitCode {
    let only = env::var("MUTATION").ok();
    let is_chosen =
        |mutation: &Mutation| only.as_ref().is_none_or(|name| name.eq_ignore_ascii_case(&format!("{mutation:?}")));
    let chosen: Vec<Mutation> = Mutation::ALL.into_iter().filter(is_chosen).collect();
    if chosen.is_empty() {
        println!("no mutation has that name; there are {:?}", Mutation::ALL);
        return ExitCode::FAILURE;
    }
    // Without a mutation, of those that crossings show: played once, and only if it is asked for.
    let usual = LazyCell::new(|| every_crossing(None));
    let missed = chosen.iter().filter(|mutation| !is_caught(**mutation, &usual, only.is_some())).count();
    println!("{missed} of {} mutations were not caught", chosen.len());
    if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn is_caught(mutation: Mutation, usual: &LazyCell<Crossed, impl FnOnce() -> Crossed>, tell: bool) -> bool {
    let name = format!("{mutation:?}");
    // What these guard is a moment that random runs seldom meet: every crossing of the two is played.
    if matches!(mutation, Mutation::NoLookAtReverts | Mutation::NoTouch) {
        let crossed = every_crossing(Some(mutation));
        println!("{name:<24} caught by {} of {} crossings", crossed.broken, crossed.played);
        return crossed.broken > 0 && usual.broken == 0;
    }
    let Many { broken, stats, .. } = run_mutated(1, SEEDS, mutation);
    let Some(broken) = broken else {
        println!("{name:<24} NOT CAUGHT by {} seeds: none of {:?}", stats.seeds, mutation.breaks());
        return false;
    };
    println!("{name:<24} caught by seed {:>4}: {}", broken.seed, broken.violation.unwrap_or_default());
    if tell {
        println!("{}", run(broken.seed, Some(mutation), true).story.join("\n"));
    }
    let without = run(broken.seed, None, false).violation;
    if let Some(promise) = &without {
        println!("{name:<24} is not what broke it: seed {} breaks a promise without it: {promise}", broken.seed);
    }
    without.is_none()
}
