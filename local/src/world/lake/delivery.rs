//! From the trail into the Lake.

use std::sync::PoisonError;

use crate::world::World;

impl World {
    /// Hands the Lake what CloudTrail has recorded since the last time, each record late by the Lake's delivery delay.
    /// The wire does so before each call, so nothing has to run beside it.
    pub fn deliver_to_lake(&self) {
        let mut lake = self.lake.lock().unwrap_or_else(PoisonError::into_inner);
        let trail = self.trail.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = lake.taken;
        for entry in trail.entries().iter().skip(taken) {
            lake.record(entry.record.clone(), entry.at);
        }
        lake.taken = trail.entries().len();
    }
}
