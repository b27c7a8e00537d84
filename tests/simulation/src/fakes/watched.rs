//! A Portcullis under the oracle's eyes: what a script does is held against every promise, step by step and in the end.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use local::{
    system::{config::ConfigFile, seed::Opener},
    world::ec2::{Operation, Outcome, Rule},
};
use shared::domain::{card::View, change::GroupKey};

use super::{
    MemoryStore,
    outside::{PortCall, Witness, lock},
    run::configuration,
};
use crate::{
    alarms,
    oracle::{Called, Eyes, Oracle},
    plan::Plan,
    story::Story,
};

/// The oracle, and its eyes on whoever is at work.
pub(super) struct Watched {
    oracle: Arc<Oracle>,
    story: Arc<Story>,
    eyes: Mutex<Arc<Eyes>>,
    file: Mutex<ConfigFile>,
}

/// A call that somebody made.
pub(super) struct Made<'a> {
    pub(super) id: &'a str,
    pub(super) by: Opener,
    pub(super) at: DateTime<Utc>,
    pub(super) readable_at: DateTime<Utc>,
    pub(super) before: &'a [Rule],
    pub(super) after: &'a [Rule],
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

    pub(super) fn called(&self, group: &GroupKey, made: &Made<'_>, operation: &Operation, outcome: &Outcome) {
        let Made { id, by, at, readable_at, before, after } = *made;
        let called = Called { id, group: group.to_string(), by, at, readable_at, cut: false, before, after };
        self.oracle.called(&called, operation, outcome);
    }

    pub(super) fn delayed(&self, id: &str, readable_at: DateTime<Utc>) {
        self.oracle.delayed(id, readable_at);
    }

    pub(super) fn clicked(&self, user: &str, button: &'static str, id: &str) {
        self.oracle.clicked(user, button, id);
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
