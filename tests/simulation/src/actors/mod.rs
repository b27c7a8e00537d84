//! Who does something in a run: the schedules, people at their buttons, at their security groups, and at the channel.

mod clicking;
mod opening;
mod schedules;
mod tidying;

use std::sync::Arc;

use crate::sim::Sim;

/// All of them begin.
pub(crate) fn start(sim: &Arc<Sim>) {
    schedules::start(sim);
    clicking::start(sim);
    opening::start(sim);
    tidying::start(sim);
}
