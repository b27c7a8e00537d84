//! The oracle can fail: each mutation of the protocol is caught, and how many seeds that takes is printed.
//! `MUTATION` names one, and its story is told.

use std::{env, process::ExitCode, time::Duration};

use simulation::{crossing::every_crossing, many::run_many, mutation::Mutation, sim::run};

/// Seeds that a mutation may take.
const SEEDS: u64 = 2_000;

fn main() -> ExitCode {
    let only = env::var("MUTATION").ok();
    let chosen =
        Mutation::ALL.into_iter().filter(|mutation| only.as_ref().is_none_or(|name| *name == format!("{mutation:?}")));
    let mut missed = 0;
    for mutation in chosen {
        // What these guard is a moment that random runs seldom meet: every crossing of the two is played.
        if matches!(mutation, Mutation::NoLookAtReverts | Mutation::NoTouch) {
            let crossed = every_crossing(Some(mutation));
            missed += u32::from(crossed.broken == 0);
            println!("{:<24} caught by {} of {} crossings", format!("{mutation:?}"), crossed.broken, crossed.played);
            continue;
        }
        let many = run_many(1, SEEDS, Duration::from_secs(600), Some(mutation));
        let name = format!("{mutation:?}");
        match many.broken {
            Some(broken) => {
                let promise = broken.violation.unwrap_or_default();
                println!("{name:<24} caught by seed {:>4}: {promise}", broken.seed);
                if only.is_some() {
                    println!("{}", run(broken.seed, Some(mutation), true).story.join("\n"));
                }
            }
            None => {
                missed += 1;
                println!("{name:<24} NOT CAUGHT by {} seeds", many.stats.seeds);
            }
        }
    }
    println!("{missed} of {} mutations were not caught", Mutation::ALL.len());
    if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
