//! Random runs: `SEEDS` of them (20,000, or a minute of them, and 300 at least) from `FIRST` on (1; `FIRST=any` draws it), or
//! the one that `SEED` names.

use std::{env, process::ExitCode, time::Duration};

use simulation::{
    many::run_many,
    plan::Plan,
    settings::number,
    shrink::{Shrunk, shrink},
    sim::run,
};

/// Seeds that are played however slow the machine is.
const LEAST: u64 = 300;

fn main() -> ExitCode {
    play().unwrap_or_else(|wrong| {
        println!("{wrong}");
        ExitCode::FAILURE
    })
}

fn play() -> Result<ExitCode, String> {
    if let Some(seed) = number("SEED")? {
        return Ok(one(seed, None));
    }
    let (count, limit) = match number("SEEDS")? {
        Some(count) => (count, Duration::MAX),
        None => (20_000, Duration::from_secs(number("SECONDS")?.unwrap_or(60))),
    };
    let first = first()?;
    for seed in [3, 14, 15, 92, 65] {
        if run(seed, None, false).hash != run(seed, None, false).hash {
            return Err(format!("seed {seed} is not the same twice"));
        }
    }
    println!("seeds from {first} on");
    let many = run_many(first, count, limit, LEAST);
    let rate = many.stats.seeds as f64 / many.took.as_secs_f64();
    println!("{}\n{rate:.0} runs a second, {:.1} s", many.stats, many.took.as_secs_f64());
    let Some(broken) = many.broken else { return Ok(ExitCode::SUCCESS) };
    // It failed, whatever comes of it when it is played again.
    println!("seed {} broke a promise: {}", broken.seed, broken.violation.unwrap_or_default());
    let _again = one(broken.seed, Some(broken.hash));
    Ok(ExitCode::FAILURE)
}

/// The first seed.
fn first() -> Result<u64, String> {
    if env::var("FIRST").is_ok_and(|first| first == "any") {
        return Ok(fastrand::u64(..1 << 40));
    }
    Ok(number("FIRST")?.unwrap_or(1))
}

/// One seed, twice: both have to be the same, and what came of it `before`. What happened is told if something is wrong, or if `STORY` is set.
fn one(seed: u64, before: Option<u64>) -> ExitCode {
    let (told, again) = (run(seed, None, true), run(seed, None, false));
    if told.hash != again.hash {
        println!("seed {seed} is not the same twice");
        return ExitCode::FAILURE;
    }
    if before.is_some_and(|hash| hash != told.hash) {
        println!("seed {seed} is not what it was before");
    }
    if env::var_os("STORY").is_some() {
        println!("{}", told.story.join("\n"));
    }
    println!("{}", told.stats);
    match told.violation {
        None => ExitCode::SUCCESS,
        Some(promise) => {
            println!("seed {seed} breaks a promise: {promise}");
            tell_the_smallest(seed);
            println!("again: SEED={seed} cargo test -p simulation --test seeds");
            ExitCode::FAILURE
        }
    }
}

/// The smallest run that was found to break the same promise.
fn tell_the_smallest(seed: u64) {
    let Some(Shrunk { plan, outcome, plays }) = shrink(Plan::of(seed), None) else { return };
    let lines = outcome.story.len();
    println!("{}\nthe smallest of {plays} plays that breaks it, in {lines} lines: {plan:?}", outcome.story.join("\n"));
}
