//! Who does something in a run: the schedules, people at their buttons, people at their security groups.

mod clicking;
mod opening;
mod schedules;

use std::sync::Arc;

use crate::sim::Sim;

/// All of them begin.
pub(crate) fn start(sim: &Arc<Sim>) {
    schedules::start(sim);
    clicking::start(sim);
    opening::start(sim);
}
