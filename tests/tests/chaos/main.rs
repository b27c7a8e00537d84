//! The two binaries as they ship, in a world where everything fails at random and they are killed at random; and many people
//! at once.
//!
//! `OPENINGS` and `SEED` make another run of it: `make chaos`.

#![allow(clippy::expect_used, clippy::panic, reason = "a test ends where its story breaks")]

mod check;
mod count;
mod load;
mod openings;
mod people;
mod run;
mod snapshot;

use std::{env, str::FromStr};

use tokio::sync::Mutex;

/// Each of these stories measures time, or wants all of the machine: one after another.
static ALONE: Mutex<()> = Mutex::const_new(());

fn number<T: FromStr>(name: &str) -> Option<T> {
    env::var(name).ok()?.parse().ok()
}

/// Past the capture of the test's output: what a run came to is worth seeing also where it is good.
fn tell(text: &str) {
    use std::io::Write;
    // Where nobody listens there is nobody to tell.
    let _ = writeln!(std::io::stdout(), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_card_and_every_rule_is_as_it_must_be() {
    let _alone = ALONE.lock().await;
    let plan = match number("OPENINGS") {
        None => run::Plan::short(number("SEED").unwrap_or(4)),
        Some(openings) => run::Plan::whole(number("SEED").unwrap_or(4), openings),
    };
    let ran = run::run(&plan).await;
    tell(&ran.told);
    assert!(ran.broken.is_empty(), "SEED={}:\n{}\n{}", plan.seed, ran.broken.join("\n"), ran.log);
}
