//! Two schedules that fire too often, too late or twice; invocations overlap.

use std::sync::Arc;

use chrono::TimeDelta;

use crate::sim::Sim;

pub(super) fn start(sim: &Arc<Sim>) {
    tokio::spawn(fire(Arc::clone(sim), true, sim.plan.poll_every));
    tokio::spawn(fire(Arc::clone(sim), false, TimeDelta::minutes(1)));
}

async fn fire(sim: Arc<Sim>, reads: bool, every: TimeDelta) {
    let mut rng = sim.fork();
    while !sim.is_calm() {
        sim.sleep(TimeDelta::milliseconds(rng.i64(every.num_milliseconds() / 2..every.num_milliseconds() * 3 / 2)))
            .await;
        for _ in 0..=u8::from(rng.u8(..) < 40) {
            let sim = Arc::clone(&sim);
            tokio::spawn(async move { sim.tick(reads).await });
        }
    }
}
