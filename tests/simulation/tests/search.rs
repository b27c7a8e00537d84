//! Every path up to a depth: two pollers, two clickers, three faults. `DEPTH` and `STATES` go further.

use std::{env, process::ExitCode, time::Instant};

use simulation::search::search;

fn main() -> ExitCode {
    let number = |name: &str, usual: usize| env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual);
    let begun = Instant::now();
    let found = search(number("DEPTH", 10), 3, number("STATES", 10_000_000));
    println!(
        "{} states, {} moves, {} of them left alone until they came to rest, {:.1} s",
        found.states,
        found.moves,
        found.rested,
        begun.elapsed().as_secs_f64()
    );
    let Some((promise, story)) = found.broken else { return ExitCode::SUCCESS };
    println!("a promise is broken: {promise}\n  {}", story.join("\n  "));
    ExitCode::FAILURE
}
