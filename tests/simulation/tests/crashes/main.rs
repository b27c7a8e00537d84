//! A crash at every await: each script's function is killed before and after each of its calls of a port, and then, for
//! pairs, the one that recovers it too. Then the schedules go on, and the end is what it is without a crash.
//!
//! Between two calls nothing is seen outside, so a kill before a call leaves what a kill after the one before it leaves:
//! pairs are of kills after a call. `PAIRS=some` tries some hundred of them for each script.

#![allow(clippy::expect_used, reason = "a test ends where its story breaks")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a script says only what is different in it")]

use std::{env, process::ExitCode, sync::Mutex, time::Instant};

mod script;

use simulation::{fakes::Moment, many::on_all_cores};

use self::script::{Script, Staged};

/// Pairs that a script tries about, where not all are.
const PAIRS: u32 = 150;

/// Plays a script with kills; returns whether it came to the last of them.
async fn play(script: Script, kills: &[(u32, Moment)]) -> bool {
    let staged = Staged::new(script).await;
    let mut killed = true;
    for (number, kill) in kills.iter().enumerate() {
        killed = staged.kill(number, *kill).await;
    }
    staged.ends_well(&format!("{script:?} killed at {kills:?}")).await;
    killed
}

/// All single crashes of a script, and pairs of them. Returns how many of each were tried.
fn every_crash(script: Script, all: bool) -> (usize, usize) {
    let alone = |kills: &[(u32, Moment)]| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.expect("a runtime").block_on(play(script, kills))
    };
    let mut singles = 0;
    let mut calls = 0;
    for moment in [Moment::Before, Moment::After] {
        calls = (1..).take_while(|nth| alone(&[(*nth, moment)])).count();
        singles += calls;
    }
    let calls = u32::try_from(calls).expect("a number of calls");
    let seconds =
        |first| (1_u32..).take_while(move |second| alone(&[(first, Moment::After), (*second, Moment::After)]));
    if all {
        return (singles, (1..=calls).map(|first| seconds(first).count()).sum());
    }
    // Some second crashes for each first one: others each time.
    let step = (calls * 30 / PAIRS).max(1);
    let mut pairs = 0;
    for first in 1..=calls {
        let mut second = 1 + first % step;
        while alone(&[(first, Moment::After), (second, Moment::After)]) {
            pairs += 1;
            second += step;
        }
    }
    (singles, pairs)
}

fn main() -> ExitCode {
    let all = match env::var("PAIRS").as_deref() {
        Err(_) | Ok("all") => true,
        Ok("some") => false,
        Ok(other) => {
            println!("PAIRS={other} is neither `all` nor `some`");
            return ExitCode::FAILURE;
        }
    };
    let begun = Instant::now();
    let counts = Mutex::new((0, 0));
    let ended = on_all_cores(&Script::ALL, |script| {
        let (singles, pairs) = every_crash(script, all);
        println!("{:<28} {singles:>4} single crashes, {pairs:>5} pairs", format!("{script:?}"));
        let mut counts = counts.lock().expect("the counts");
        (counts.0, counts.1) = (counts.0 + singles, counts.1 + pairs);
        true
    });
    let (singles, pairs) = *counts.lock().expect("the counts");
    println!("{singles} single crashes and {pairs} pairs in {:.1} s", begun.elapsed().as_secs_f64());
    if ended { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
