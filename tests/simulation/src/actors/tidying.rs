//! Somebody deletes cards by hand.

use std::sync::{Arc, PoisonError};

use chrono::TimeDelta;
use local::system::seed::CHANNEL;

use crate::sim::Sim;

pub(super) fn start(sim: &Arc<Sim>) {
    if let Some(every) = sim.plan.deletes_every {
        tokio::spawn(delete(Arc::clone(sim), every));
    }
}

async fn delete(sim: Arc<Sim>, every: TimeDelta) {
    let mut rng = sim.fork();
    loop {
        sim.sleep(TimeDelta::milliseconds(rng.i64(0..every.num_milliseconds() * 2))).await;
        if sim.is_calm() {
            return;
        }
        let mut slack = sim.world.slack.lock().unwrap_or_else(PoisonError::into_inner);
        let cards: Vec<String> = slack.messages(CHANNEL).into_iter().map(|card| card.ts.to_string()).collect();
        let Some(ts) = rng.choice(&cards) else { continue };
        slack.delete(CHANNEL, ts);
        drop(slack);
        sim.story.note(sim.now(), "U0ALICE0001", format_args!("deletes the message {ts}"));
        sim.oracle.deleted(ts);
    }
}
