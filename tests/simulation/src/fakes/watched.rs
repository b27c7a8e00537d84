//! A Portcullis under the oracle's eyes: what a script does is held against every promise, step by step and in the end.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use local::system::config::ConfigFile;
use shared::domain::card::View;

use super::{
    MemoryStore,
    outside::{PortCall, Witness, lock},
    run::configuration,
};
use crate::{
    alarms,
    oracle::{Eyes, Oracle},
    plan::Plan,
    story::Story,
};

/// The oracle, and its eyes on whoever is at work.
pub(super) struct Watched {
    pub(super) oracle: Arc<Oracle>,
    story: Arc<Story>,
    eyes: Mutex<Arc<Eyes>>,
    file: Mutex<ConfigFile>,
}

impl Watched {
    pub(super) fn new(table: &MemoryStore, world: &Arc<local::world::World>, file: &ConfigFile) -> Self {
        alarms::listen();
        let story = Arc::new(Story::new(true));
        let plan = Plan::quiet(file.delivery);
        let oracle = Arc::new(Oracle::new(plan, Arc::clone(world), table.clone(), Arc::clone(&story)));
        let eyes = Mutex::new(Arc::new(Eyes::new(Arc::clone(&oracle), "portcullis", file.revert)));
        Self { oracle, story, eyes, file: Mutex::new(file.clone()) }
    }

    /// Another invocation begins: it knows nothing of what the one before it saw.
    pub(super) fn next_invocation(&self) {
        let reverts = lock(&self.file).revert;
        *lock(&self.eyes) = Arc::new(Eyes::new(Arc::clone(&self.oracle), "portcullis", reverts));
    }

    pub(super) fn deploy(&self, file: &ConfigFile) {
        *lock(&self.file) = file.clone();
        self.next_invocation();
    }

    /// The first promise that was broken, with the story; in the end, also what should have come about.
    pub(super) fn broken(&self, now: DateTime<Utc>) -> Option<String> {
        self.oracle.judge_end(self.views().each_ref(), None, now);
        self.oracle.violation().map(|promise| format!("{promise}\n{}", self.story.lines().join("\n")))
    }

    /// What cards are made with, and were before a switch was turned.
    fn views(&self) -> [View; 2] {
        let file = lock(&self.file).clone();
        [true, false].map(|revert| configuration(&ConfigFile { revert, ..file.clone() }).view())
    }
}

impl Witness for Watched {
    fn before(&self, call: &PortCall, now: DateTime<Utc>) {
        let eyes = Arc::clone(&lock(&self.eyes));
        eyes.before(call, now);
    }

    fn after(&self, call: &PortCall, now: DateTime<Utc>) {
        let eyes = Arc::clone(&lock(&self.eyes));
        eyes.after(call, now);
    }
}
