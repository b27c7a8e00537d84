//! What runs by itself: the schedules, and EventBridge's pushes.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use chrono::Utc;
use serde_json::json;
use tokio::{task::JoinHandle, time::MissedTickBehavior};

use super::{Options, System, lock};

/// How often the trail is looked at for records to push: EventBridge takes seconds, a person at the page should not wait.
const PUSH_EVERY: Duration = Duration::from_millis(250);
/// How often the pipelines look at their rules.
const RUN_EVERY: Duration = Duration::from_millis(250);

/// Starts what the options ask for. The tasks hold the system weakly, so that dropping it ends them.
pub(super) fn spawn(system: &Arc<System>, options: &Options) {
    let mut tasks = lock(&system.tasks);
    if options.scheduled {
        tasks.push(schedule(system, "poll", system.timing.poll_every));
        tasks.push(schedule(system, "sweep", system.timing.sweep_every));
        tasks.push(repeat(system, RUN_EVERY, |system| async move {
            system.pipelines.run(&system.world, Utc::now());
        }));
    }
    if options.push {
        tasks.push(repeat(system, PUSH_EVERY, |system| async move {
            if let Err(error) = system.push().await {
                tracing::warn!(%error, "a pushed event failed");
            }
        }));
    }
}

fn schedule(system: &Arc<System>, tick: &'static str, every: Duration) -> JoinHandle<()> {
    repeat(system, every, move |system| async move {
        if let Err(error) = system.poller.invoke(json!({ "tick": tick })).await {
            tracing::warn!(%error, tick, "a scheduled invocation failed");
        }
    })
}

fn repeat<F>(system: &Arc<System>, every: Duration, work: impl Fn(Arc<System>) -> F + Send + 'static) -> JoinHandle<()>
where
    F: Future<Output = ()> + Send,
{
    let system: Weak<System> = Arc::downgrade(system);
    tokio::spawn(async move {
        let mut interval = tokio::time::interval(every);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            interval.tick().await;
            let Some(system) = system.upgrade() else { return };
            work(system).await;
        }
    })
}
